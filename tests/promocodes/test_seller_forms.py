"""promocodes/forms: what is typed becomes exact amounts and instants, or a clear refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import MAX_MINOR, exponent
from promocodes import zones
from promocodes.forms.fields import (
    LocalMomentField,
    MoneyField,
    PercentField,
    example,
    instant,
    typed_amount,
    typed_percent,
)
from promocodes.forms.promotion import PromotionForm
from tests.factories.marketplace import make_category, make_product, make_store

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def money(text, currency="RUB"):
    field = MoneyField(required=False)
    field.currency = currency
    return field.clean(text)


def refusal(call, *args):
    with pytest.raises(ValidationError) as refused:
        call(*args)
    return refused.value.messages[0]


# --- money ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1500", "RUB", 150_000),
        ("1 500,5", "RUB", 150_050),
        ("1\u00a0500.50", "RUB", 150_050),
        ("1\u202f500", "RUB", 150_000),
        ("0,01", "RUB", 1),
        ("5.", "RUB", 500),
        ("500", "JPY", 500),
        ("1.5", "KWD", 1_500),
        ("0.001", "KWD", 1),
        ("", "RUB", None),
        ("   ", "RUB", None),
        (None, "RUB", None),
    ],
)
def test_amounts_are_exact(text, currency, minor):
    assert money(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("1,500", "RUB", "RUB has 2 decimals: write it like 1500.50."),
        ("1.500", "RUB", "RUB has 2 decimals: write it like 1500.50."),
        ("1.005", "RUB", "RUB has 2 decimals: write it like 1500.50."),
        ("10.5", "JPY", "JPY has no decimals: write a whole number without dots or commas."),
        ("1.0005", "KWD", "KWD has 3 decimals: write it like 1500.500."),
        ("1.500,50", "RUB", "Write only digits, like 1500.50."),
        ("ten", "RUB", "Write only digits, like 1500.50."),
        ("-5", "RUB", "Write only digits, like 1500.50."),
        ("1e3", "RUB", "Write only digits, like 1500.50."),
        ("NaN", "RUB", "Write only digits, like 1500.50."),
        ("٥", "JPY", "Write only digits, like 1500."),
        ("0", "RUB", "At least ₽0.01."),
        ("99999999999999", "RUB", "At most ₽9,999,999,999.99."),
    ],
)
def test_what_is_no_amount_says_how_to_write_one(text, currency, words):
    assert refusal(money, text, currency) == words


@given(st.integers(1, MAX_MINOR), st.sampled_from(["RUB", "JPY", "KWD"]))
def test_stored_amount_shown_and_sent_again_is_the_same(minor, currency):
    assert money(typed_amount(minor, currency), currency) == minor


def test_example_is_an_amount_of_the_currency():
    for currency in ("RUB", "JPY", "KWD"):
        assert money(example(currency), currency) % 10 ** exponent(currency) in {
            0,
            5 * 10 ** (exponent(currency) - 1) if exponent(currency) else 0,
        }


# --- percent -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "bp"),
    [("10", 1000), ("12,5", 1250), ("0.01", 1), ("100", 10_000), ("15%", 1500), ("", None)],
)
def test_percents_are_basis_points(text, bp):
    assert PercentField(required=False).clean(text) == bp
    if bp is not None:
        assert PercentField().clean(typed_percent(bp)) == bp


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "Between 0.01 and 100."),
        ("100.01", "Between 0.01 and 100."),
        ("1.005", "At most two decimals, like 12.25."),
        ("a lot", "Write a number, like 10 or 12.5."),
    ],
)
def test_what_is_no_percent_says_so(text, words):
    assert refusal(PercentField().clean, text) == words


# --- moments -------------------------------------------------------------------------------------
def test_local_moment_becomes_an_instant_of_its_zone():
    local = LocalMomentField(required=False).clean("2026-07-01T10:30")
    assert instant(local, "Europe/Moscow") == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert instant(local, "Asia/Shanghai") == datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
    assert LocalMomentField(required=False).clean("") is None
    assert refusal(LocalMomentField().clean, "tomorrow") == "Choose a day and a time."


def test_time_that_the_clocks_skip_is_refused_and_a_doubled_one_is_the_first():
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - local
    assert "skip this time" in refusal(instant, skipped, "Europe/Berlin")
    doubled = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - local
    assert instant(doubled, "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_zones_are_those_of_the_market_by_city():
    offered = dict(zones.choices("RU", at=NOW))
    assert offered["Europe/Moscow"] == "Moscow (UTC+3)"
    assert offered["Asia/Vladivostok"] == "Vladivostok (UTC+10)"
    assert "Europe/Berlin" not in offered
    assert "America/New_York" in dict(zones.choices("RU", at=NOW, chosen="America/New_York"))
    assert "Nowhere/City" not in dict(zones.choices("RU", at=NOW, chosen="Nowhere/City"))
    assert zones.choices("IN", at=NOW)[-1][1].endswith("(UTC+5:30)")
    assert zones.first("RU") == "Europe/Moscow"
    assert zones.first("KW") == "Asia/Kuwait"
    assert zones.first("XX") == "UTC"


def test_zones_speak_the_reader_s_language():
    with translation.override("ru"):
        assert dict(zones.choices("RU", at=NOW))["Europe/Moscow"].startswith("Москва")


# --- the whole form ------------------------------------------------------------------------------
LEAST = {"kind": "social", "discount_type": "percent", "percent": "10", "scope": "storewide"}


@pytest.fixture
def store(db: None):
    return make_store(is_verified=True)


def form_of(store, **fields):
    form = PromotionForm(LEAST | {"timezone": "Europe/Moscow"} | fields, store=store, at=NOW)
    form.is_valid()
    return form


def test_only_the_discount_must_be_said(store):
    form = form_of(store)
    assert form.errors == {}
    assert form.terms.percent_bp == 1_000
    assert (form.terms.starts_at, form.terms.ends_at) == (None, None)
    assert form.limits.total is None
    assert "percent" in form_of(store, percent="").errors
    assert "amount" in form_of(store, discount_type="fixed").errors


def test_what_belongs_to_another_choice_is_forgotten(store):
    """A hidden field can't spoil the form: only the chosen discount counts."""
    form = form_of(store, discount_type="fixed", amount="300", percent="999", max_discount="x")
    assert form.errors == {}
    assert (form.terms.amount_minor, form.terms.percent_bp) == (30_000, None)
    assert form.terms.max_discount_minor is None
    shipping = form_of(store, discount_type="free_shipping", percent="", amount="x")
    assert shipping.errors == {}
    assert shipping.terms.discount_type == "free_shipping"


def test_sharing_begins_on_for_social_and_off_for_store_codes(store):
    """AM-03: a default for each kind, each of which may be changed."""
    blank = PromotionForm(store=store, at=NOW)
    assert blank.fields["share_social"].initial is True
    assert blank.fields["share_store"].initial is False
    assert form_of(store, kind="social", share_social="on").share
    assert not form_of(store, kind="social").share
    assert form_of(store, kind="store", share_store="on").share
    assert not form_of(store, kind="store", share_social="on").share


def test_store_that_is_not_offered_to_share_never_shares(db):
    """AM-15: neither by the page nor by a forged field."""
    form = form_of(make_store(is_verified=False), share_social="on", share_store="on")
    assert "share_social" not in form.fields
    assert form.errors == {}
    assert not form.share


def test_own_products_and_categories_only(store):
    mug = make_product(store=store, ref="mug", category=make_category(ref="mugs"))
    theirs = make_product(store=make_store(), ref="theirs", category=make_category(ref="hats"))
    form = form_of(store, scope="products", products=["mug"])
    assert form.errors == {}
    assert form.terms.products == (mug.ref,)
    for refs in ([theirs.ref], ["mug", theirs.ref], ["nothing"]):
        assert "products" in form_of(store, scope="products", products=refs).errors
    assert form_of(store, scope="categories", categories=["mugs"]).terms.categories == ("mugs",)
    assert "categories" in form_of(store, scope="categories", categories=["hats"]).errors
    assert "products" in form_of(store, scope="products").errors
    assert "categories" in form_of(store, scope="categories").errors
    # Chosen before, then another type: they are forgotten.
    assert form_of(store, scope="storewide", products=[theirs.ref]).terms.products == ()


def test_window_is_read_in_the_chosen_zone(store):
    form = form_of(
        store,
        starts_at="2026-07-01T00:00",
        ends_at="2026-08-01T00:00",
        timezone="Asia/Vladivostok",
    )
    assert form.terms.starts_at == datetime(2026, 6, 30, 14, tzinfo=UTC)
    assert form.terms.ends_at == datetime(2026, 7, 31, 14, tzinfo=UTC)
    assert form.terms.timezone == "Asia/Vladivostok"
    assert form.lasts == timedelta(days=31)


def test_window_must_lie_ahead_and_be_one(store):
    before = form_of(store, starts_at="2026-07-02T00:00", ends_at="2026-07-01T00:00")
    assert before.errors["ends_at"] == ["The end must come after the start."]
    over = form_of(store, ends_at="2026-05-01T00:00")
    assert over.errors["ends_at"] == ["This moment is over already."]
    assert "timezone" in form_of(store, timezone="Mars/Base").errors


def test_code_is_kept_normalised(store):
    assert form_of(store, code=" summer‐10 ").cleaned_data["code"] == "SUMMER-10"
    assert form_of(store, code="").cleaned_data["code"] == ""
    assert form_of(store, code="10 % off!").errors["code"] == [
        "Use letters and digits; - _ . may stand between them."
    ]


def test_limits_are_numbers_from_one(store):
    form = form_of(store, total="100", per_person="1", budget="5000", budget_edge="partial")
    assert form.errors == {}
    assert form.limits.total == 100
    assert form.limits.per_person == 1
    assert form.limits.budget_minor == 500_000
    assert form.limits.budget_edge == "partial"
    for name, value in (
        ("total", "0"),
        ("per_person", "-1"),
        ("per_person", "1001"),
        ("total", "x"),
    ):
        assert name in form_of(store, **{name: value}).errors


def test_half_filled_form_has_no_terms_yet(store):
    assert form_of(store, percent="").terms is None
    assert form_of(store, scope="products").terms is None
    assert form_of(store, percent="", total="5").limits.total == 5


def test_preview_is_silent_about_what_is_empty(store):
    assert form_of(store, percent="").asks_wrongly() == {}
    assert set(form_of(store, percent="999").asks_wrongly()) == {"percent"}
