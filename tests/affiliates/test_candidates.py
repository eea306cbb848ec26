"""Candidates as they really come about: codes redeemed at the till, codes named in events."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from affiliates.models import Attribution, Commission
from marketplace import clock
from promocodes.models import Promotion, Redemption
from tests.factories.affiliates import (
    Shop,
    derive,
    line,
    make_affiliate,
    make_agreement,
    make_code,
)
from tests.factories.marketplace import make_line, make_order_event, make_store
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def store():
    """A seller."""
    return make_store(ref="mugs")


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate(name="Anna")


def redeem(api, order_ref, lines, codes, **members):
    """Use codes at the till, as the shop does; the answer."""
    body = {"order_ref": order_ref, "currency": "RUB", "shopper": {"ref": "buyer"}, "lines": lines}
    answer = api.post("/redemptions", body | {"codes": codes} | members)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def pay(api, order_ref, lines, **members):
    """Report the order as paid, with the discounts that were given, and derive."""
    event = make_order_event(
        order_ref=order_ref,
        lines=lines,
        occurred_at=clock.now().isoformat(),
        shopper={"ref": "buyer"},
        **members,
    )
    assert api.post("/orders/events", event).status_code == 202
    derive(order_ref)


def test_a_code_redeemed_at_the_till_earns_on_the_discounted_price(api, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))  # 10 % off, 8 % to her
    lines = [make_line(store=store, unit_price=10_000, quantity=2)]
    quote = redeem(api, "o1", lines, [code.lower()])["quote"]
    assert quote["lines"][0]["discount"] == 2_000
    lines[0]["discount"] = 2_000
    pay(api, "o1", lines)  # the event names no code: the redemption is enough
    commission = Commission.objects.get()
    assert (commission.base_minor, commission.amount_minor) == (18_000, 1_440)
    assert commission.use_ref == str(Redemption.objects.get().pk)
    trace = Attribution.objects.get().trace
    assert [(step["code"], step["discount_minor"], step["outcome"]) for step in trace] == [
        (code, 2_000, "won")
    ]


def test_the_code_that_gave_more_on_the_line_wins(api, store, anna):
    boris = make_affiliate(name="Boris")
    small = make_code(affiliate=anna, promotion=make_promotion(store=store))
    platform = make_promotion(
        kind="platform", terms=make_terms(percent_bp=3000, stacking="stackable")
    )
    large = make_code(affiliate=boris, promotion=platform)
    lines = [make_line(store=store, unit_price=10_000)]
    redeem(api, "o1", lines, [small, large])
    pay(api, "o1", lines)
    commission = Commission.objects.get()
    assert commission.beneficiary == boris
    outcomes = [step["outcome"] for step in Attribution.objects.get().trace]
    assert outcomes == ["won", "smaller_discount"]


def test_the_platform_pays_for_its_own_promotions(api, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(kind="platform"))
    lines = [make_line(store=store, unit_price=10_000)]
    redeem(api, "o1", lines, [code])
    pay(api, "o1", lines)
    from affiliates.models import Transfer  # noqa: PLC0415

    accrued = Transfer.objects.select_related("debit_account").get()
    assert accrued.debit_account.code == "promo_expense:RUB"


def test_the_time_of_a_redeemed_code_is_when_we_redeemed_it(api, store, anna):
    """The shop's clock may be wrong by years: the agreement is read at our own time."""
    code = make_code(
        affiliate=anna,
        promotion=make_promotion(store=store),
        valid_from=clock.now() - timedelta(minutes=1),
    )
    lines = [make_line(store=store)]
    redeem(api, "o1", lines, [code])
    event = make_order_event(
        order_ref="o1", lines=lines, occurred_at="1997-01-01T00:00:00Z", shopper={"ref": "buyer"}
    )
    api.post("/orders/events", event)
    derive("o1")
    assert Commission.objects.get().state == "pending"


def test_a_use_that_was_given_back_was_still_a_use(api, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    lines = [make_line(store=store, unit_price=10_000)]
    redemption = redeem(api, "o1", lines, [code])["id"]
    answer = api.post(
        f"/redemptions/{redemption}/reversals", {"reversal_ref": "r1", "cause": "refunded"}
    )
    assert answer.status_code == 201
    pay(api, "o1", lines)
    assert Commission.objects.get().state == "pending", "what came back is the order's to tell"


def test_free_shipping_brings_the_whole_store(api, store, anna):
    terms = make_terms(discount_type="free_shipping", percent_bp=None)
    code = make_code(affiliate=anna, promotion=make_promotion(store=store, terms=terms))
    lines = [make_line(store=store, ref="1"), make_line(store=make_store(), ref="2")]
    redeem(api, "o1", lines, [code], shipping=30_000)
    pay(api, "o1", lines)
    assert list(Commission.objects.values_list("line_ref", flat=True)) == ["1"]


@pytest.mark.parametrize(
    ("status", "window", "counts"),
    [
        ("approved", (None, None), True),
        ("approved", (None, 0), False),
        ("approved", (1, None), False),
        ("cancelled", (None, None), False),
    ],
)
def test_a_named_code_counts_if_it_was_valid_at_the_orders_time(
    store, anna, status, window, counts
):
    now = clock.now()
    days = [None if each is None else now + timedelta(days=each) for each in window]
    terms = make_terms(starts_at=days[0] or now - timedelta(days=9), ends_at=days[1])
    promotion = make_promotion(store=store, terms=make_terms())
    code = make_code(affiliate=anna, promotion=promotion)
    from promocodes.models import PromotionTerms  # noqa: PLC0415

    shown = PromotionTerms.objects.get(promotion=promotion)
    shown.pk, shown.version = None, 2
    shown.starts_at, shown.ends_at = terms.starts_at, terms.ends_at
    shown.save(force_insert=True)
    cancelled = now if status == "cancelled" else None
    Promotion.objects.filter(pk=promotion.pk).update(
        status=status, cancelled_at=cancelled, terms=shown
    )
    Shop().sell("o1", line(store), at=now, codes=[code])
    derive("o1")
    assert Commission.objects.exists() is counts


def test_a_named_code_in_another_currency_brings_nobody(anna):
    dollars = make_store(currency="USD")
    code = make_code(affiliate=anna, promotion=make_promotion(store=dollars))
    Shop().sell("o1", line(dollars), at=clock.now(), currency="RUB", codes=[code])
    derive("o1")
    assert not Attribution.objects.exists()


def test_what_another_order_names_changes_nothing_on_this_one(api, store, anna):
    """Its code was redeemed on a line that the order doesn't have, with or without company."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    for ref in ("alone", "beside"):
        redeem(api, ref, [make_line(store=store, ref="1")], [code])
        Shop().sell(ref, line(store, ref="2"), at=clock.now(), codes=[code])
    derive("alone")
    Shop().sell("naming", line(store), at=clock.now(), codes=[code])
    derive("beside", "naming")
    assert list(Commission.objects.values_list("order_ref", flat=True)) == ["naming"]


def test_a_code_that_nobody_holds_brings_nobody(api, store):
    promotion = make_promotion(store=store, code="SUMMER10")
    lines = [make_line(store=store)]
    redeem(api, "o1", lines, ["SUMMER10"])
    pay(api, "o1", lines, codes=["SUMMER10"])
    assert not Attribution.objects.exists()
    assert promotion.codes.get().holder is None


def test_a_fee_is_paid_once_for_a_use_of_many_lines(api, store, anna):
    promotion = make_promotion(store=store)
    code = make_code(affiliate=anna, promotion=promotion, fee_minor=5_000)
    lines = [make_line(store=store, ref=str(number)) for number in range(3)]
    redeem(api, "o1", lines, [code])
    pay(api, "o1", lines)
    fee = Commission.objects.get()
    assert (fee.kind, fee.amount_minor, fee.base_minor, fee.accrued_at) == (
        "fee",
        5_000,
        30_000,
        None,
    )


def test_a_fee_needs_a_real_use(store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store), fee_minor=5_000)
    Shop().sell("o1", line(store), at=clock.now(), codes=[code])
    derive("o1")
    assert Commission.objects.get().reason == "no_use"


def test_an_agreement_of_another_promotion_does_not_count(api, store, anna):
    promotion = make_promotion(store=store)
    code = make_code(affiliate=make_affiliate(), promotion=promotion)
    promotion.codes.filter(code=code).update(holder=anna.user)
    make_agreement(affiliate=anna, promotion=make_promotion(store=store))
    lines = [make_line(store=store)]
    redeem(api, "o1", lines, [code])
    pay(api, "o1", lines)
    assert Commission.objects.get().reason == "no_agreement"
