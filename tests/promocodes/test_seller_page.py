"""The page of one promotion at /seller/, and what may be changed from it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from marketplace.models import AuditEntry
from promocodes import issuing, promotions
from promocodes.desk import chart
from promocodes.models import Promotion, PromotionTerms
from promocodes.terms import Limits
from tests.factories.marketplace import make_product, make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db
LIST = "/seller/promocodes/promotion/"


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


def at(promotion, page="change/"):
    return f"{LIST}{promotion.pk}/{page}"


def words(response):
    return unescape(response.content.decode())


# --- the page ------------------------------------------------------------------------------------


def test_page_tells_the_terms_in_words(seller, store):
    make_product(store=store, ref="cup", name="Blue cup")
    promotion = make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(
            max_discount_minor=50_000,
            min_spend_minor=100_000,
            scope="products",
            products=("cup",),
            stacking="exclusive",
            first_order_only=True,
            starts_at=datetime(2026, 1, 1, tzinfo=UTC),
            ends_at=datetime(2099, 1, 1, tzinfo=UTC),
            timezone="Europe/Moscow",
        ),
        limits=Limits(total=100, per_person=1, budget_minor=5_000_000, budget_edge="partial"),
    )
    page = words(seller.get(at(promotion)))
    for text in (
        "10% off, at most ₽500",
        "Orders from ₽1,000",
        "Set Products: Blue cup",
        "Jan. 1, 2026, 03:00 — Jan. 1, 2099, 03:00 (Moscow)",
        "100 uses in all, 1 per person, budget ₽50,000, the last order gets what is left",
        "Only by itself",
        "Only for a shopper's first order",
        "No. Chosen when it was made, and final",
        str(promotion.pk),
    ):
        assert text in page


def test_page_tells_the_numbers_net_of_returns(seller, store):
    promotion = make_promotion(store=store, code="TEN", share_with_affiliates=True)
    held = issuing.issue(promotion_id=promotion.pk, holder=make_user(), at=clock.now())
    shop = Shop()
    shop.sell(make_cart((100_000, 1), codes=["TEN"], store=store))
    shop.sell(make_cart((300_000, 1), codes=[held.code], store=store))
    back = shop.sell(make_cart((500_000, 1), codes=["TEN"], store=store))
    shop.take_back(back)
    page = words(seller.get(at(promotion)))
    assert "₽3,600" in page  # sales
    assert "₽400" in page  # discount
    assert "75%" in page  # brought by influencers
    assert "and 1 came back whole" in page
    assert "Affiliate Setting" in page
    assert "an influencer's" in page


def test_referred_share_and_affiliate_setting_only_if_shared(seller, store):
    promotion = make_promotion(store=store, code="TEN", share_with_affiliates=False)
    page = words(seller.get(at(promotion)))
    assert "Brought by influencers" not in page
    assert "Affiliate Setting" not in page


def test_refused_one_says_why_and_offers_to_send_again(seller, store):
    promotion = make_promotion(store=store, needs_approval=True)
    promotions.refuse(promotion_id=promotion.pk, actor="ops", reason="Name a real discount")
    page = words(seller.get(at(promotion)))
    assert "Name a real discount" in page
    assert "Change and send again" in page


def test_codes_are_downloaded(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    extra = issuing.issue(promotion_id=promotion.pk, at=clock.now())
    issuing.revoke(code_id=extra.pk, actor="ops")
    response = seller.get(at(promotion, "codes.csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert rows[0] == ["Promo code", "Made", "Revoked"]
    assert [row[0] for row in rows[1:]] == ["TEN", extra.code]
    assert [bool(row[2]) for row in rows[1:]] == [False, True]


def test_page_asks_as_much_with_many_codes_and_uses_as_with_few(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    shop = Shop()

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert seller.get(at(promotion)).status_code == 200
        return len(asked)

    seller.get(at(promotion))
    few = queries()
    for _ in range(5):
        issuing.issue(promotion_id=promotion.pk, at=clock.now())
        shop.sell(make_cart((100, 9), codes=["TEN"], store=store))
    assert queries() == few


# --- cancel --------------------------------------------------------------------------------------


def test_cancel_asks_first_and_then_is_final(seller, store, alice):
    promotion = make_promotion(store=store, code="TEN")
    page = words(seller.get(at(promotion, "cancel/")))
    assert "It can't be undone." in page
    promotion.refresh_from_db()
    assert promotion.status == "approved"
    response = seller.post(at(promotion, "cancel/"), {"reason": "Sold out"})
    assert response["Location"] == at(promotion)
    promotion.refresh_from_db()
    assert promotion.status == "cancelled"
    entry = AuditEntry.objects.get(verb="promotion.cancel")
    assert (entry.reason, entry.target) == ("Sold out", f"promotion:{promotion.pk}")
    again = seller.post(at(promotion, "cancel/"), {"reason": "again"})
    assert again.status_code == 302
    assert AuditEntry.objects.filter(verb="promotion.cancel").count() == 1
    assert "Cancel it" not in words(seller.get(at(promotion)))


# --- change --------------------------------------------------------------------------------------


def widen(seller, promotion, **fields):
    body = {"name": promotion.name, "budget_edge": "refuse"} | fields
    return seller.post(at(promotion, "amend/"), {k: v for k, v in body.items() if v != ""})


def test_live_one_gets_a_later_end_and_wider_limits_as_a_new_version(seller, store):
    ends = datetime(2099, 1, 1, tzinfo=UTC)
    promotion = make_promotion(
        store=store,
        terms=make_terms(ends_at=ends, timezone="Europe/Moscow"),
        limits=Limits(total=10, budget_minor=10_000),
    )
    page = words(seller.get(at(promotion, "amend/")))
    assert 'value="2099-01-01T03:00"' in page
    response = widen(
        seller, promotion, ends_at="2099-02-01T03:00", total="20", budget="200", name="Longer"
    )
    assert response.status_code == 302
    promotion.refresh_from_db()
    assert promotion.name == "Longer"
    assert (promotion.total_limit, promotion.budget_minor) == (20, 20_000)
    assert promotion.terms.version == 2
    assert promotion.terms.ends_at == datetime(2099, 2, 1, tzinfo=UTC)
    assert PromotionTerms.objects.filter(promotion=promotion).count() == 2
    assert "Version 2 of the terms" in words(seller.get(at(promotion)))


@pytest.mark.parametrize(
    "fields",
    [
        {"ends_at": "2098-01-01T00:00", "total": "10"},
        {"ends_at": "2099-01-01T00:00", "total": "9"},
        {"ends_at": "2099-01-01T00:00", "total": "10", "per_person": "1"},
    ],
)
def test_live_one_never_gets_less_generous(seller, store, fields):
    promotion = make_promotion(
        store=store,
        terms=make_terms(ends_at=datetime(2099, 1, 1, tzinfo=UTC)),
        limits=Limits(total=10),
    )
    response = widen(seller, promotion, **fields)
    assert response.status_code == 200
    assert "can only get a later end and wider limits" in words(response)
    promotion.refresh_from_db()
    assert (promotion.total_limit, promotion.terms.version) == (10, 1)


def test_saving_an_untouched_page_changes_no_term(seller, store):
    """The minute shown stands for the very instant stored."""
    ends = clock.now().replace(microsecond=123456, second=7) + timedelta(days=30)
    promotion = make_promotion(store=store, terms=make_terms(ends_at=ends))
    widen(seller, promotion, ends_at=ends.strftime("%Y-%m-%dT%H:%M"))
    promotion.refresh_from_db()
    assert (promotion.terms.version, promotion.terms.ends_at) == (1, ends)


def test_end_in_the_past_is_refused(seller, store):
    promotion = make_promotion(
        store=store, terms=make_terms(ends_at=datetime(2099, 1, 1, tzinfo=UTC))
    )
    assert "This moment is over already." in words(
        widen(seller, promotion, ends_at="2021-01-01T00:00")
    )


EDIT = {
    "act": "create",
    "discount_type": "fixed",
    "amount": "300",
    "scope": "storewide",
    "timezone": "Europe/Moscow",
    "name": "Better",
}


def test_waiting_one_may_be_changed_as_a_whole(seller, store):
    promotion = make_promotion(
        store=store,
        code="TEN",
        needs_approval=True,
        share_with_affiliates=False,
        terms=make_terms(priority=7, gives_back_for=("refunded",)),
    )
    page = words(seller.get(at(promotion, "amend/")))
    assert "Share this promo code with" not in page
    assert 'name="percent" value="10"' in page
    response = seller.post(
        at(promotion, "amend/"), EDIT | {"share_social": "on", "code": "OTHER", "kind": "social"}
    )
    assert response["Location"] == at(promotion)
    promotion.refresh_from_db()
    assert (promotion.name, promotion.status) == ("Better", "pending_approval")
    assert (promotion.terms.amount_minor, promotion.terms.version) == (30_000, 2)
    assert (promotion.terms.priority, promotion.terms.gives_back_for) == (7, ["refunded"])
    assert (promotion.share_with_affiliates, promotion.kind) == (False, "store")
    assert promotion.codes.get().code == "TEN"


def test_refused_one_goes_back_to_approval(seller, store):
    promotion = make_promotion(store=store, needs_approval=True)
    promotions.refuse(promotion_id=promotion.pk, actor="ops", reason="No")
    seller.post(at(promotion, "amend/"), EDIT)
    promotion.refresh_from_db()
    assert (promotion.status, promotion.refused_reason) == ("pending_approval", "")


def test_cancelled_one_leads_back(seller, store):
    promotion = make_promotion(store=store)
    promotions.cancel(promotion_id=promotion.pk, actor="ops")
    response = seller.post(at(promotion, "amend/"), EDIT, follow=True)
    assert "can't be changed" in words(response)
    promotion.refresh_from_db()
    assert promotion.terms.version == 1


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "change/",
        "amend/",
        "cancel/",
        "report/",
        "codes.csv",
        "report.csv",
        "report.xlsx",
        "delete/",
    ],
)
def test_anothers_promotion_is_missing_everywhere(seller, store, page):
    theirs = make_promotion(name="Theirs", code="THEIRS", needs_approval=True)
    before = Promotion.objects.filter(pk=theirs.pk).values().get()
    for send in (seller.get, seller.post):
        response = send(at(theirs, page), EDIT | {"reason": "mine now"}, follow=True)
        assert "Theirs" not in words(response)
        assert "THEIRS" not in words(response)
        assert response.status_code in {403, 404}  # nobody deletes: not even one's own
    assert Promotion.objects.filter(pk=theirs.pk).values().get() == before


def test_an_id_that_is_none_is_missing(seller, store):
    assert seller.get(f"{LIST}nonsense/change/").status_code == 404


# --- the chart -----------------------------------------------------------------------------------


def test_chart_stands_on_its_floor_and_fits_its_frame():
    day = datetime(2026, 6, 1, tzinfo=UTC).date()
    values = [(day + timedelta(days=n), n * 1_000) for n in range(30)]
    drawn = chart.draw(values)
    assert [bar.value for bar in drawn.bars] == [value for _, value in values]
    assert all(bar.y + bar.height == chart.FLOOR for bar in drawn.bars)
    assert all(bar.y >= chart.TOP for bar in drawn.bars)
    assert all(bar.x >= chart.LEFT and bar.x + bar.width <= chart.WIDTH for bar in drawn.bars)
    assert [mark.value for mark in drawn.grid] == [0, 20_000, 40_000]
    assert len(drawn.days) <= chart.LABELS
    assert drawn.bars[0].height == 0
    assert drawn.bars[1].height >= 2


def test_empty_chart_is_drawn_too():
    assert chart.draw([]).bars == ()
    day = datetime(2026, 6, 1, tzinfo=UTC).date()
    assert [bar.height for bar in chart.draw([(day, 0)]).bars] == [0]


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (5, 10), (11, 20), (9_999, 10_000), (10**9, 10**9)],
)
def test_top_of_the_chart_is_a_round_number(most, top):
    assert chart.nice_top(most) == top


def test_versions_of_the_terms_stand_on_the_page(seller, store):
    promotion = make_promotion(store=store, code="TEN", share_with_affiliates=True)
    page = words(seller.get(at(promotion)))
    assert "what was promised before" not in page
    assert "₽0. Influencers choose what they post: nobody is obliged to." in page
    terms = make_terms(percent_bp=2_000, min_spend_minor=50_000)
    promotions.amend(promotion_id=promotion.pk, actor="ops", terms=terms)
    page = words(seller.get(at(promotion)))
    assert "Version 2 of the terms: what was promised before" in page
    for text in ("10% off", "20% off", "No minimum spend", "Orders from ₽500"):
        assert text in page


def test_without_sales_there_is_no_empty_chart(seller, store):
    page = words(seller.get(at(make_promotion(store=store))))
    assert "No sales in these days yet." in page
    assert "<svg viewBox" not in page


def test_the_shared_word_stays_beside_many_unique_ones(seller, store):
    promotion = make_promotion(store=store, code="TEN")
    issuing.order_batch(promotion=promotion, count=5, actor="test")
    issuing.make_due()
    assert '<p class="p-word is-large" id="word">TEN</p>' in words(seller.get(at(promotion)))
    unique = make_promotion(store=store)
    issuing.order_batch(promotion=unique, count=5, actor="test")
    issuing.make_due()
    assert 'id="word"' not in words(seller.get(at(unique)))
