"""The sales report at /seller/: page, CSV, XLSX (AM-12, AM-13)."""

import csv
import io
from html import unescape

import pytest
import tablib
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from promocodes import issuing, redemptions
from promocodes.seller_admin import report
from tests.factories.marketplace import make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db
LIST = "/seller/promocodes/promotion/"
REFERRED = "Referred by Associate/Influencer"


@pytest.fixture
def alice():
    return make_user(language="en")


@pytest.fixture
def store(alice):
    return make_store(owner=alice, is_verified=True)


@pytest.fixture
def seller(client, alice, store):
    client.force_login(alice)
    return client


def sold(store, *, shared):
    """A promotion with an order by its own code and one by an influencer's, partly returned."""
    promotion = make_promotion(store=store, code="OWN", share_with_affiliates=shared)
    held = issuing.issue(promotion_id=promotion.pk, holder=make_user(), at=clock.now())
    shop = Shop()
    shop.sell(make_cart((12_345, 1), codes=["OWN"], store=store))
    back = shop.sell(make_cart((10_000, 3), codes=[held.code], store=store))
    shop.take_back(back, {"1": 1})
    return promotion, held.code


def table_of(seller, promotion):
    response = seller.get(f"{LIST}{promotion.pk}/report.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def words(response):
    return unescape(response.content.decode())


def test_csv_has_a_row_for_each_order_net_of_returns(seller, store):
    promotion, code = sold(store, shared=True)
    first, second = table_of(seller, promotion)
    assert (
        first.items()
        >= {
            "Order": "o1",
            "Promo code": "OWN",
            "State": "redeemed",
            "Units": "1",
            "Sales": "111.10",
            "Discount": "12.35",
            "Currency": "RUB",
            REFERRED: "",
        }.items()
    )
    assert (
        second.items()
        >= {
            "Order": "o2",
            "Promo code": code,
            "State": "partly reversed",
            "Units": "3",
            "Units returned": "1",
            "Sales": "180.00",
            "Discount": "20.00",
            REFERRED: "Y",
        }.items()
    )


def test_referred_column_shows_only_if_the_promotion_is_shared(seller, store):
    """AM-13."""
    promotion, _ = sold(store, shared=False)
    assert all(REFERRED not in row for row in table_of(seller, promotion))
    assert REFERRED not in words(seller.get(f"{LIST}{promotion.pk}/report/"))
    shared = make_promotion(store=store, share_with_affiliates=True)
    assert report.headings(shared)[-1]
    assert len(report.headings(shared)) == len(report.headings(promotion)) + 1


def test_xlsx_says_the_same(seller, store):
    promotion, _ = sold(store, shared=True)
    response = seller.get(f"{LIST}{promotion.pk}/report.xlsx")
    assert response["Content-Type"] == report.XLSX
    [sheet] = tablib.Databook().load(b"".join(response), format="xlsx").sheets()
    assert sheet.headers[-1] == REFERRED
    assert list(sheet["Order"]) == ["o1", "o2"]
    assert list(sheet["Sales"]) == [111.1, 180]
    assert [value or "" for value in sheet[REFERRED]] == ["", "Y"]


@pytest.mark.parametrize(("currency", "sales"), [("JPY", "90"), ("KWD", "0.090")])
def test_amounts_have_the_decimals_of_the_currency(client, currency, sales):
    bob = make_user(language="en")
    store = make_store(owner=bob, currency=currency)
    promotion = make_promotion(store=store, code="TEN")
    Shop().sell(make_cart((100, 1), codes=["TEN"], store=store, currency=currency))
    client.force_login(bob)
    [row] = table_of(client, promotion)
    assert (row["Sales"], row["Currency"]) == (sales, currency)


def test_an_order_number_can_not_start_a_formula(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    shop = Shop()
    redemptions.redeem(
        order_ref="-1.1",
        cart=make_cart((100, 1), codes=["TEN"], store=store),
        source=shop.source,
        client_id=shop.source.client_id,
    )
    [row] = table_of(seller, promotion)
    assert row["Order"] == "'-1.1"


def test_page_shows_sums_codes_and_orders(seller, store):
    promotion, code = sold(store, shared=True)
    response = seller.get(f"{LIST}{promotion.pk}/report/")
    page = words(response)
    assert REFERRED in page
    assert "₽291.10" in page
    assert [found.code for found in response.context["codes"]] == [code, "OWN"]
    assert [use.order_ref for use, _ in response.context["uses"]] == ["o2", "o1"]
    assert response.context["older"] is None


def test_pages_follow_each_other_without_counting(seller, store, monkeypatch):
    monkeypatch.setattr(report, "PAGE", 2)
    promotion = make_promotion(store=store, code="TEN")
    shop = Shop()
    for _ in range(5):
        shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    seen, before = [], None
    while True:
        query = {"before": str(before)} if before else {}
        response = seller.get(f"{LIST}{promotion.pk}/report/", query)
        seen.append([use.order_ref for use, _ in response.context["uses"]])
        before = response.context["older"]
        if before is None:
            break
    assert seen == [["o5", "o4"], ["o3", "o2"], ["o1"]]
    assert seller.get(f"{LIST}{promotion.pk}/report/", {"before": "x"}).status_code == 404


def test_empty_report_says_when_it_will_fill(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    assert "No order has used it yet." in words(seller.get(f"{LIST}{promotion.pk}/report/"))
    assert table_of(seller, promotion) == []


def test_report_asks_as_much_for_many_orders_as_for_one(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    shop = Shop()

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert seller.get(f"{LIST}{promotion.pk}/report/").status_code == 200
        return len(asked)

    shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    seller.get(f"{LIST}{promotion.pk}/report/")
    few = queries()
    for _ in range(4):
        shop.sell(make_cart((10_000, 2), codes=["TEN"], store=store))
    assert queries() == few
