""" "New platform promotion" at /admin/, and its change: all that the REST call takes."""

from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.utils import timezone

from marketplace import clock
from marketplace.models import StoreMember
from promocodes import notices, promotions
from promocodes.forms import platform
from promocodes.models import CodeBatch, Promotion, Redemption
from promocodes.quoting import CodeRefused
from promocodes.terms import Limits
from tests.factories.marketplace import (
    make_category,
    make_product,
    make_staff,
    make_store,
    make_user,
)
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_forecast_page import sold
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db
LIST = "/admin/promocodes/promotion/"
ADD, PREVIEW, FORECAST = f"{LIST}add/", f"{LIST}preview/", f"{LIST}forecast/"
OPTIONS = f"{LIST}options/"
LEAST = {
    "act": "create",
    "currency": "RUB",
    "reach": "all",
    "discount_type": "percent",
    "percent": "10",
    "code_type": "shared",
    "scope": "storewide",
    "timezone": "Europe/Moscow",
    "gives_back_for": ["unpaid", "cancelled"],
}


@pytest.fixture
def stores(db):
    cups, books = make_store(name="Cups", ref="cups"), make_store(name="Books", ref="books")
    make_product(
        store=cups,
        ref="cup",
        name="Blue cup",
        price_minor=100_000,
        category=make_category(ref="mugs", name="Mugs"),
    )
    make_product(store=books, ref="book", name="Tales", price_minor=50_000)
    return cups, books


@pytest.fixture
def boss():
    return make_staff(language="en")


@pytest.fixture
def staff(client, boss, stores):
    client.force_login(boss)
    return client


def allowed(client, *names):
    """Staff with these permissions alone."""
    user = make_user(is_staff=True, language="en")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def send(client, path=ADD, **fields):
    body = {name: value for name, value in (LEAST | fields).items() if value not in ("", None)}
    return client.post(path, body)


def words(response):
    return unescape(response.content.decode())


def everything():
    ends = (timezone.now() + timedelta(days=40)).strftime("%Y-%m-%dT12:00")
    return {
        "name": "Whole marketplace",
        "reach": "named",
        "stores": ["cups", "books"],
        "discount_type": "fixed",
        "amount": "150",
        "percent": "",
        "max_discount": "300",
        "allocation": "each_unit",
        "max_units_per_line": "2",
        "scope": "products",
        "products": ["cup", "book"],
        "exclude_products": ["book"],
        "min_spend": "1 000",
        "min_spend_basis": "after_earlier_codes",
        "first_order_only": "on",
        "total": "500",
        "per_person": "1",
        "budget": "10000",
        "budget_edge": "partial",
        "stacking": "stackable",
        "priority": "250",
        "starts_at": "2020-01-01T00:00",
        "ends_at": ends,
        "timezone": "Asia/Vladivostok",
        "gives_back_for": ["unpaid", "fraud"],
        "share_all": "on",
        "code": "all-in",
    }


# --- who may -------------------------------------------------------------------------------------
def test_a_button_on_the_list_leads_to_the_form(staff):
    page = words(staff.get(LIST))
    assert "New platform promotion" in page
    assert f'href="{ADD}"' in page
    assert "New platform promotion" in words(staff.get(ADD))


def test_without_the_permission_there_is_neither_button_nor_form(client, stores):
    allowed(client, "view_promotion")
    assert "New platform promotion" not in words(client.get(LIST))
    assert client.get(ADD).status_code == 403
    assert send(client).status_code == 403
    for path in (PREVIEW, FORECAST, f"{OPTIONS}stores/"):
        assert client.post(path, LEAST).status_code == 403
    assert not Promotion.objects.exists()


def test_who_may_change_only_does_not_make(client, stores):
    allowed(client, "change_promotion")
    assert client.get(ADD).status_code == 403
    assert send(client).status_code == 403
    assert not Promotion.objects.exists()


def test_sellers_and_guests_stay_outside(client, stores):
    promotion = make_promotion(kind="platform", code="ALL5")
    paths = [ADD, PREVIEW, FORECAST, f"{OPTIONS}stores/", f"{LIST}{promotion.pk}/amend/"]
    owner = make_user(language="en")
    make_store(owner=owner)
    for login in (False, True):
        if login:
            client.force_login(owner)
        for path in paths:
            assert client.get(path).status_code in (302, 403, 404)
            assert send(client, path).status_code in (302, 403, 404)
    assert Promotion.objects.count() == 1
    # Nor does the seller's own site know of it.
    for path in ("change/", "amend/", "cancel/", "codes/", "report/"):
        seller = f"/seller/promocodes/promotion/{promotion.pk}/{path}"
        assert client.get(seller).status_code in (302, 404)
        assert client.post(seller, LEAST).status_code in (302, 403, 404)
    promotion.refresh_from_db()
    assert promotion.status == "approved"
    posted = {"kind": "platform", "stores": ["cups"], "reach": "all"}
    send(client, "/seller/promocodes/promotion/add/", **posted)
    assert not Promotion.objects.filter(kind="platform").exclude(pk=promotion.pk).exists()


# --- making --------------------------------------------------------------------------------------
def test_only_the_discount_must_be_said(staff, boss):
    response = send(staff)
    promotion = Promotion.objects.select_related("terms").get()
    assert response.url == f"{LIST}{promotion.pk}/change/"
    assert (promotion.kind, promotion.store, promotion.currency) == ("platform", None, "RUB")
    assert (promotion.status, promotion.created_by) == ("approved", boss)
    assert not promotion.share_with_affiliates
    terms = promotion.terms
    assert (terms.percent_bp, terms.stores, terms.allocation) == (1_000, [], "across")
    assert (terms.priority, terms.gives_back_for) == (100, ["cancelled", "unpaid"])
    code = promotion.codes.get().code
    assert code.startswith("PROMO10-")
    assert promotion.name == code
    assert f"{code} is made." in words(staff.get(response.url))


def test_everything_that_the_rest_call_takes_is_kept(staff):
    asked = everything()
    assert send(staff, **asked).status_code == 302
    promotion = Promotion.objects.select_related("terms").get()
    terms = promotion.terms
    assert (promotion.name, promotion.codes.get().code) == ("Whole marketplace", "ALL-IN")
    assert promotion.share_with_affiliates
    assert terms.stores == ["books", "cups"]
    assert (terms.discount_type, terms.amount_minor, terms.percent_bp) == ("fixed", 15_000, None)
    assert (terms.max_discount_minor, terms.allocation) == (30_000, "each_unit")
    assert terms.max_units_per_line == 2
    assert (terms.scope, terms.products) == ("products", ["book", "cup"])
    assert terms.exclude_products == ["book"]
    assert (terms.min_spend_minor, terms.min_spend_basis) == (100_000, "after_earlier_codes")
    assert (terms.first_order_only, terms.stacking, terms.priority) == (True, "stackable", 250)
    assert terms.gives_back_for == ["fraud", "unpaid"]
    assert terms.timezone == "Asia/Vladivostok"
    assert (terms.starts_local, terms.ends_local) == (
        "2020-01-01T00:00:00",
        f"{asked['ends_at']}:00",
    )
    assert (promotion.total_limit, promotion.per_person_limit) == (500, 1)
    assert promotion.per_code_limit is None
    assert (promotion.budget_minor, promotion.budget_edge) == (1_000_000, "partial")


def test_it_works_at_the_till_as_it_was_promised(staff, stores):
    send(staff, reach="named", stores=["cups"], code="CUPS5", percent="5")
    shop = Shop()
    sold = shop.sell(make_cart((100_000, 1), codes=["CUPS5"], store=stores[0]))
    assert Redemption.objects.get(checkout=sold).discount_minor == 5_000
    elsewhere = make_cart((100_000, 1), codes=["CUPS5"], store=stores[1])
    with pytest.raises(CodeRefused):
        shop.sell(elsewhere)


def test_free_delivery_may_be_capped_and_knows_no_spread(staff):
    asked = {"percent": "", "allocation": "each_line", "max_units_per_line": "3"}
    send(staff, discount_type="free_shipping", max_discount="500", **asked)
    terms = Promotion.objects.get().terms
    assert (terms.discount_type, terms.max_discount_minor) == ("free_shipping", 50_000)
    assert (terms.allocation, terms.max_units_per_line) == ("across", None)


def test_unique_codes_are_ordered_and_work_once_each(staff):
    asked = {"code_type": "unique", "count": "50", "pattern": "win-######", "per_code": "1"}
    send(staff, name="Lottery", **asked)
    promotion = Promotion.objects.get()
    batch = CodeBatch.objects.get()
    assert (batch.promotion, batch.count, batch.pattern) == (promotion, 50, "WIN-######")
    assert promotion.per_code_limit == 1
    assert not promotion.codes.exists()


def test_codes_may_come_later(staff):
    send(staff, code_type="later", name="By letter", per_code="1", code="IGNORED", count="9")
    promotion = Promotion.objects.get()
    assert (promotion.name, promotion.per_code_limit) == ("By letter", 1)
    assert not promotion.codes.exists()
    assert not CodeBatch.objects.exists()


def test_who_may_not_approve_makes_what_waits(client, stores):
    maker = allowed(client, "add_promotion")
    page = words(client.get(ADD))
    assert "Send for approval" in page
    response = send(client, code="MINE")
    promotion = Promotion.objects.get()
    assert (promotion.status, promotion.created_by) == ("pending_approval", maker)
    assert "MINE waits for approval." in words(client.get(response.url))
    promotions.approve(promotion_id=promotion.pk, actor="boss")


# --- what is wrong -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"percent": ""}, "How much is taken off?"),
        ({"percent": "101"}, "Between 0.01 and 100."),
        ({"discount_type": "fixed", "amount": "1,500"}, "RUB has 2 decimals"),
        ({"reach": "named"}, "Choose at least one."),
        ({"reach": "named", "stores": ["nowhere"]}, "no longer in your catalogue"),
        ({"scope": "products"}, "Choose at least one."),
        ({"scope": "categories", "categories": ["nothing"]}, "no longer in your catalogue"),
        ({"exclude_products": ["nothing"]}, "no longer in your catalogue"),
        ({"code": "10 % off!"}, "Use letters and digits"),
        ({"code": "TAKEN"}, "This code is taken."),
        ({"code_type": "unique", "name": "X"}, "How many?"),
        ({"code_type": "unique", "name": "X", "count": "1000001"}, "less than or equal"),
        (
            {"code_type": "unique", "name": "X", "count": "5000", "pattern": "A#"},
            "enough # for so many codes: try A-####",
        ),
        ({"code_type": "later"}, "Give it a name"),
        ({"timezone": "Mars/Base"}, "Select a valid choice"),
        ({"starts_at": "2030-01-02T00:00", "ends_at": "2030-01-01T00:00"}, "after the start"),
        ({"per_person": "1001"}, "less than or equal to 1000"),
        ({"priority": "1000001"}, "less than or equal to 1000000"),
        ({"gives_back_for": ["whim"]}, "Select a valid choice"),
        ({"currency": "XXX"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(staff, stores, fields, said):
    make_promotion(store=stores[0], code="TAKEN")
    response = send(staff, **fields)
    assert response.status_code == 422
    assert said in words(response)
    assert Promotion.objects.count() == 1
    assert not CodeBatch.objects.exists()


def test_nothing_typed_is_lost_by_a_refusal(staff, stores):
    make_promotion(store=stores[0], code="TAKEN")
    asked = everything() | {"code": "taken", "stores": ["cups"], "exclude_products": ["book"]}
    page = words(send(staff, **asked))
    for name in ("name", "amount", "max_discount", "min_spend", "total", "budget", "priority"):
        assert f'name="{name}" value="{asked[name]}"' in page, name
    assert 'name="code" value="taken"' in page
    for name, value in (("stores", "cups"), ("products", "cup"), ("exclude_products", "book")):
        assert f'name="{name}" value="{value}" checked' in page
    assert f'name="ends_at" value="{asked["ends_at"]}"' in page
    for value in ("each_unit", "after_earlier_codes", "partial", "stackable", "Asia/Vladivostok"):
        assert f'<option value="{value}" selected' in page
    assert 'value="fraud" id="id_gives_back_for_3" checked' in page


def test_a_chosen_id_that_nobody_has_stays_to_be_seen(staff):
    page = words(send(staff, reach="named", stores=["gone"]))
    assert 'name="stores" value="gone" checked' in page
    assert "unknown here" in page


def test_what_belongs_to_another_choice_is_forgotten(staff):
    """A hidden field can't spoil the form, however wrong it is."""
    hidden = {
        "amount": "x",
        "count": "many",
        "pattern": "A#",
        "per_code": "0",
        "stores": ["nowhere"],
        "products": [f"p{number}" for number in range(301)],
        "categories": ["nothing"],
    }
    assert send(staff, **hidden).status_code == 302
    promotion = Promotion.objects.select_related("terms").get()
    terms = promotion.terms
    assert (terms.amount_minor, terms.stores, terms.products, terms.categories) == (
        None,
        [],
        [],
        [],
    )
    assert promotion.per_code_limit is None
    assert not CodeBatch.objects.exists()
    asked = {"discount_type": "free_shipping", "max_units_per_line": "x"}
    assert send(staff, **asked).status_code == 302


# --- preview, forecast, pickers ------------------------------------------------------------------
def test_preview_is_a_cart_across_stores(staff):
    page = words(send(staff, PREVIEW, percent="10"))
    assert "Blue cup" in page
    assert "Tales" in page
    assert "10% of ₽1,500 is ₽150." in page
    assert "Nothing bounds what it may cost you." in page
    assert not Promotion.objects.exists()


def test_preview_knows_the_named_stores_and_what_is_left_out(staff):
    page = words(send(staff, PREVIEW, reach="named", stores=["cups"]))
    assert "10% of ₽1,000 is ₽100." in page
    assert "not from one of the chosen stores" in page
    page = words(send(staff, PREVIEW, exclude_products=["cup"]))
    assert "10% of ₽500 is ₽50." in page
    page = words(send(staff, PREVIEW, reach="named"))
    assert "₽" not in page
    assert "Choose at least one of those it is for" in page
    assert "Say how much is taken off" in words(send(staff, PREVIEW, reach="named", percent=""))


def test_preview_advises_against_stores_of_another_currency(staff):
    make_store(ref="yen", currency="JPY")
    page = words(send(staff, PREVIEW, reach="named", stores=["cups", "yen"]))
    assert "1 of the stores sells in another currency" in page
    assert "in another currency" not in words(send(staff, PREVIEW))


def test_other_currencies_have_other_goods(staff):
    tokyo = make_store(currency="JPY", country="JP", ref="tokyo")
    make_product(store=tokyo, ref="tea", name="Green tea", price_minor=500)
    page = words(send(staff, PREVIEW, currency="JPY"))
    assert "10% of ¥500 is ¥50." in page
    assert "Blue cup" not in page
    send(staff, currency="JPY", min_spend="500")
    promotion = Promotion.objects.get()
    assert (promotion.currency, promotion.terms.min_spend_minor) == ("JPY", 500)


def test_a_marketplace_without_goods_gets_a_sample(client, boss):
    client.force_login(boss)
    assert "Sample product A" in words(send(client, PREVIEW))
    assert client.get(ADD).status_code == 200


def test_forecast_replays_the_orders_of_the_named_stores(staff, stores):
    for store, price in zip(stores, (100_000, 300_000), strict=True):
        sold(store, price)
    page = words(send(staff, FORECAST))
    assert "Replayed on 2 orders" in page
    assert "₽400" in page
    page = words(send(staff, FORECAST, reach="named", stores=["cups"]))
    assert "Replayed on 1 order" in page
    assert "₽100" in page
    assert "Say first how much" in words(send(staff, FORECAST, percent=""))
    assert "Replayed on 2 orders" in words(send(staff, act="forecast"))
    assert not Promotion.objects.exists()


def test_pickers_find_by_name_and_id_beside_what_is_chosen(staff):
    def found(field, **body):
        return words(staff.post(f"{OPTIONS}{field}/", {"currency": "RUB"} | body))

    page = found("stores", stores=["cups"], stores_query="boo")
    assert "1 store chosen" in page
    assert 'value="cups" checked' in page
    assert 'value="books">' in page
    assert "Nothing fits this." in found("stores", stores_query="zzz")
    page = found("products", products_query="blue")
    assert "Blue cup" in page
    assert "Cups · ₽1,000" in page
    assert "Tales" not in page
    assert 'name="exclude_products"' in found("exclude_products", exclude_products_query="books")
    assert "Mugs" in found("categories", categories_query="mugs")
    assert staff.post(f"{OPTIONS}people/", {}).status_code == 404


def test_pickers_show_twenty_and_say_that_there_are_more(staff):
    for number in range(22):
        make_store(name=f"Branch {number:02}")
    page = words(staff.post(f"{OPTIONS}stores/", {"currency": "RUB", "stores_query": "branch"}))
    assert page.count('type="checkbox"') == 20
    assert "There are more." in page


def test_empty_calls_are_answered_calmly(staff):
    promotion = make_promotion(kind="platform", code="ALL")
    for path in (PREVIEW, FORECAST, f"{OPTIONS}stores/", ADD, f"{LIST}{promotion.pk}/amend/"):
        assert staff.get(path).status_code == 200
        assert staff.post(path, {}).status_code == 200


def test_without_javascript_the_page_comes_back_with_the_answer(staff):
    page = words(send(staff, act="preview", percent="10", name="Mine"))
    assert "10% of ₽1,500 is ₽150." in page
    assert 'value="Mine"' in page
    page = words(send(staff, act="find", reach="named", stores_query="boo", stores=["cups"]))
    assert 'name="stores" value="cups" checked' in page
    assert 'name="stores" value="books">' in page
    assert not Promotion.objects.exists()


# --- changing ------------------------------------------------------------------------------------
def change(client, promotion, **fields):
    return send(client, f"{LIST}{promotion.pk}/amend/", **fields)


def test_saving_as_it_stands_makes_no_new_version(staff):
    send(staff, **everything())
    promotion = Promotion.objects.select_related("terms").get()
    page = words(staff.get(f"{LIST}{promotion.pk}/amend/"))
    assert 'name="stores" value="cups" checked' in page
    assert 'name="code"' not in page
    asked = {name: value for name, value in everything().items() if name != "code"}
    assert change(staff, promotion, **asked).status_code == 302
    promotion.refresh_from_db()
    assert promotion.terms.version == 1


def test_the_second_at_which_it_began_stays(staff):
    send(staff, code="NOW", ends_at="")
    promotion = Promotion.objects.select_related("terms").get()
    began = promotion.terms.starts_at
    page = words(staff.get(f"{LIST}{promotion.pk}/amend/"))
    shown = page.split('name="starts_at" value="')[1][:16]
    change(staff, promotion, starts_at=shown, name="Renamed", min_spend="10")
    promotion.refresh_from_db()
    assert promotion.name == "Renamed"
    assert promotion.terms.version == 2
    assert promotion.terms.starts_at == began


def test_a_live_one_changes_by_a_new_version_of_the_terms(staff):
    promotion = make_promotion(kind="platform", code="ALL", terms=make_terms(stores=("cups",)))
    page = words(staff.get(f"{LIST}{promotion.pk}/amend/"))
    assert "becomes version 2 of its terms" in page
    change(staff, promotion, percent="7", reach="all", total="9", starts_at="2020-01-01T03:00")
    promotion.refresh_from_db()
    assert (promotion.terms.version, promotion.terms.percent_bp) == (2, 700)
    assert (promotion.terms.stores, promotion.total_limit) == ([], 9)
    assert promotion.status == "approved"


def test_a_limit_below_what_is_used_is_refused(staff, stores):
    promotion = make_promotion(kind="platform", code="ALL", limits=Limits(total=5))
    shop = Shop()
    for _ in range(2):
        shop.sell(make_cart((100_000, 1), codes=["ALL"], store=stores[0]))
    response = change(staff, promotion, total="1", name="Kept")
    assert response.status_code == 422
    page = words(response)
    assert "A limit can't be lower than what is used already." in page
    assert 'value="Kept"' in page
    promotion.refresh_from_db()
    assert (promotion.total_limit, promotion.terms.version) == (5, 1)


def test_an_extension_without_its_word_is_refused(staff):
    over = make_terms(ends_at=datetime(2021, 1, 1, tzinfo=UTC))
    promotion = make_promotion(kind="platform", code="ALL", terms=over)
    make_promotion(kind="platform", code="ALL")
    response = change(staff, promotion, ends_at="2099-01-01T00:00", starts_at="2020-01-01T03:00")
    assert response.status_code == 422
    assert "Another promotion uses the code ALL by now" in words(response)
    promotion.refresh_from_db()
    assert promotion.terms.version == 1


def test_ids_that_the_catalogue_lost_may_stay_but_not_come(staff):
    terms = make_terms(scope="products", products=("old-thing",))
    promotion = make_promotion(kind="platform", code="OLD", terms=terms)
    kept = {"scope": "products", "products": ["old-thing", "cup"]}
    assert change(staff, promotion, **kept).status_code == 302
    promotion.refresh_from_db()
    assert promotion.terms.products == ["cup", "old-thing"]
    more = kept | {"products": ["old-thing", "other"]}
    assert change(staff, promotion, **more).status_code == 422


def test_a_refused_one_waits_again_once_changed(staff):
    promotion = make_promotion(kind="platform", code="ALL", needs_approval=True)
    promotions.refuse(promotion_id=promotion.pk, actor="boss", reason="Too much")
    assert "Too much" in words(staff.get(f"{LIST}{promotion.pk}/amend/"))
    change(staff, promotion, percent="3")
    promotion.refresh_from_db()
    assert (promotion.status, promotion.terms.percent_bp) == ("pending_approval", 300)


def test_only_the_platform_s_own_and_only_what_stands_is_changed_here(staff, stores, client):
    sellers = make_promotion(store=stores[0], code="CUPS")
    over = make_promotion(kind="platform", code="OVER")
    promotions.cancel(promotion_id=over.pk, actor="boss")
    for promotion in (sellers, over):
        path = f"{LIST}{promotion.pk}/amend/"
        assert staff.get(path).status_code in (302, 403, 404)
        assert change(staff, promotion, percent="99").status_code in (302, 403, 404)
        assert promotion.versions.get().percent_bp == 1_000
        assert path not in words(staff.get(f"{LIST}{promotion.pk}/change/"))
    assert staff.get(f"{LIST}{uuid4()}/amend/").status_code in (302, 403, 404)
    live = make_promotion(kind="platform", code="LIVE")
    assert f"{LIST}{live.pk}/amend/" in words(staff.get(f"{LIST}{live.pk}/change/"))
    allowed(client, "add_promotion")
    assert client.get(f"{LIST}{live.pk}/amend/").status_code in (403, 404)


def test_very_long_lists_are_left_to_the_rest_call(staff):
    refs = tuple(f"p{number}" for number in range(platform.MOST["products"] + 1))
    terms = make_terms(scope="products", products=refs)
    promotion = make_promotion(kind="platform", code="LONG", terms=terms)
    response = staff.get(f"{LIST}{promotion.pk}/amend/")
    assert response.url == f"{LIST}{promotion.pk}/change/"
    assert "more than a form can show" in words(staff.get(response.url))


def test_preview_of_a_change_is_in_its_own_currency(staff):
    tokyo = make_store(currency="JPY", country="JP")
    make_product(store=tokyo, ref="tea", name="Green tea", price_minor=500)
    promotion = make_promotion(kind="platform", code="TEA", currency="JPY")
    body = {name: value for name, value in LEAST.items() if name != "currency"}
    page = words(staff.post(PREVIEW, body | {"promotion": str(promotion.pk)}))
    assert "10% of ¥500 is ¥50." in page
    assert staff.post(PREVIEW, body | {"promotion": "x"}).status_code == 404


def test_its_page_tells_where_it_works_and_the_finer_rules(staff):
    send(staff, **everything())
    page = words(staff.get(f"{LIST}{Promotion.objects.get().pk}/change/"))
    assert "Books, Cups" in page
    for text in ("on each unit", "goes with other codes", "units per line ≤ 2", "priority 250"):
        assert text in page
    for text in ("first order only", "products left out: 1", "never paid, fraud"):
        assert text in page
    plain = make_promotion(kind="platform", code="ALL")
    assert "all stores" in words(staff.get(f"{LIST}{plain.pk}/change/"))


def test_the_currency_is_asked_for_only_where_there_are_several(staff):
    page = words(staff.get(ADD))
    assert 'type="hidden" name="currency" value="RUB"' in page
    make_store(currency="JPY", country="JP")
    page = words(staff.get(ADD))
    assert '<option value="RUB" selected' in page
    page = words(send(staff, act="find", currency="JPY", percent="10", min_spend="500"))
    assert '<option value="JPY" selected' in page
    assert 'name="min_spend" value="500"' in page
    assert 'aria-hidden="true">JPY<' in page


# --- cancelling ----------------------------------------------------------------------------------
def test_a_store_reads_why_its_promotion_was_cancelled(staff, stores, client):
    alice = make_user(language="en", email="alice@example.com")
    StoreMember.objects.create(store=stores[0], user=alice)
    promotion = make_promotion(store=stores[0], code="CUPS")
    silent = make_promotion(store=stores[0], code="CUPS2")
    for each, reason in ((promotion, "The cups were counterfeit."), (silent, "")):
        body = {"reason": reason, "_form_submitted": "True"}
        assert staff.post(f"{LIST}{each.pk}/cancel/", body).status_code == 302
        each.refresh_from_db()
        assert each.status == "cancelled"
    notices.send_due(at=clock.now())
    assert len(mail.outbox) == 2
    assert "Why: The cups were counterfeit." in mail.outbox[0].body
    assert "Why:" not in mail.outbox[1].body
    assert "The cups were counterfeit." in words(staff.get(f"{LIST}{promotion.pk}/change/"))
    client.force_login(alice)
    page = words(client.get(f"/seller/promocodes/promotion/{promotion.pk}/change/"))
    assert "Why it was cancelled:" in page
    assert page.count("The cups were counterfeit.") == 2
    assert "our team" in page
    assert "Why it was cancelled:" not in words(
        client.get(f"/seller/promocodes/promotion/{silent.pk}/change/")
    )
