"""What comes back, for which cause: the use, the person's slot, the budget, the exact shares."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace import clock
from promocodes import promotions, redemptions, reversals
from promocodes.models import (
    Promotion,
    PromotionCounter,
    Redemption,
    RedemptionLine,
    Reversal,
    ReversalLine,
    UseSlot,
)
from promocodes.receipts import CheckoutUnknown
from promocodes.returns import TooManyUnits
from promocodes.reversals import ReversalTaken
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db
EVERY_CAUSE = ("unpaid", "cancelled", "refunded", "fraud")


@pytest.fixture
def by(db: None) -> dict:
    client, _ = make_client()
    return {"source": Source(client_id=client.pk), "client_id": client.pk}


@pytest.fixture
def store(db: None):
    return make_store()


def limited(store, **terms) -> Promotion:
    return make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(**terms),
        limits=Limits(total=5, per_person=5, budget_minor=10_000),
    )


def redeem(by: dict, cart) -> object:
    return redemptions.redeem(order_ref="o1", cart=cart, **by)[0].id


def reverse(checkout_id, by: dict, ref: str = "r1", cause: str = "refunded", **lines: int):
    return reversals.reverse(
        checkout_id=checkout_id,
        reversal_ref=ref,
        cause=cause,
        source=by["source"],
        quantities={name.removeprefix("line"): count for name, count in lines.items()} or None,
    )[0]


def counter() -> tuple[int, int]:
    found = PromotionCounter.objects.get()
    return found.taken, found.spent_minor


@pytest.mark.parametrize("cause", EVERY_CAUSE)
@pytest.mark.parametrize("gives_back", [True, False])
def test_the_use_comes_back_by_cause_and_the_money_always(
    store, by, cause: str, gives_back: bool
) -> None:
    causes = {cause} if gives_back else set(EVERY_CAUSE) - {cause}
    limited(store, gives_back_for=tuple(causes))
    cart = make_cart((1_000, 2), codes=["TEN"], store=store, shopper={"ref": "u1"})
    checkout_id = redeem(by, cart)
    assert counter() == (1, 200)
    row = reverse(checkout_id, by, cause=cause)
    assert (row.uses_returned, row.discount_minor, row.amount_minor) == (
        int(gives_back),
        200,
        1_800,
    )
    assert counter() == (0 if gives_back else 1, 0)
    assert UseSlot.objects.exists() != gives_back
    redemption = Redemption.objects.get()
    assert (redemption.state, redemption.is_given_back, redemption.returned_minor) == (
        "reversed",
        gives_back,
        200,
    )


def test_a_part_gives_back_its_share_and_not_the_use(store, by) -> None:
    limited(store, gives_back_for=EVERY_CAUSE)
    cart = make_cart((333, 3), (1_000, 1), codes=["TEN"], store=store, shopper={"ref": "u1"})
    checkout_id = redeem(by, cart)
    units = RedemptionLine.objects.get(line_ref="1").units
    row = reverse(checkout_id, by, line1=2)
    assert (row.discount_minor, row.uses_returned, row.state_after) == (
        sum(units[:2]),
        0,
        "part_reversed",
    )
    assert counter() == (1, 200 - sum(units[:2]))
    line = RedemptionLine.objects.get(line_ref="1")
    assert (line.returned_quantity, line.returned_minor) == (2, sum(units[:2]))
    assert Redemption.objects.get().state == "part_reversed"
    last = reverse(checkout_id, by, ref="r2")
    assert (last.uses_returned, last.state_after) == (1, "reversed")
    assert counter() == (0, 0)
    assert ReversalLine.objects.count() == 3


def test_a_code_whose_own_lines_all_came_back_is_over_though_the_order_is_not(store, by) -> None:
    other = make_store()
    limited(store, gives_back_for=EVERY_CAUSE)
    make_promotion(store=other, code="OTHER")
    cart = make_cart((1_000, 1), codes=["TEN", "OTHER"], store=store, shopper={"ref": "u1"})
    theirs = make_cart((500, 1), store=other).lines[0]
    cart = replace(cart, lines=(*cart.lines, replace(theirs, ref="2")))
    checkout_id = redeem(by, cart)
    row = reverse(checkout_id, by, line1=1)
    assert (row.uses_returned, row.state_after) == (1, "part_reversed")
    states = dict(Redemption.objects.values_list("code__code", "state"))
    assert states == {"TEN": "reversed", "OTHER": "redeemed"}
    rest = reverse(checkout_id, by, ref="r2", cause="cancelled")
    assert (rest.discount_minor, rest.uses_returned, rest.state_after) == (50, 1, "reversed")


@pytest.mark.parametrize("over", ["expired", "cancelled", "amended"])
def test_it_works_when_the_promotion_is_over(store, by, over: str) -> None:
    promotion = limited(store)
    checkout_id = redeem(
        by, make_cart((1_000, 2), codes=["TEN"], store=store, shopper={"ref": "u"})
    )
    if over == "cancelled":
        promotions.cancel(promotion_id=promotion.pk, actor="ops")
    elif over == "expired":
        promotions.amend(
            promotion_id=promotion.pk,
            actor="ops",
            terms=make_terms(ends_at=clock.now() - timedelta(days=1)),
        )
    else:
        terms = make_terms(percent_bp=9000, gives_back_for=())
        promotions.amend(promotion_id=promotion.pk, actor="ops", terms=terms)
    row = reverse(checkout_id, by, cause="cancelled")
    assert (row.discount_minor, row.uses_returned) == (200, 1)
    assert counter() == (0, 0)


def test_repeated_by_its_ref_it_changes_nothing(store, by) -> None:
    limited(store)
    checkout_id = redeem(
        by, make_cart((1_000, 2), codes=["TEN"], store=store, shopper={"ref": "u"})
    )
    first = reverse(checkout_id, by, line1=1)
    again = reverse(checkout_id, by, line1=1)
    assert first == again
    assert counter() == (1, 100)
    with pytest.raises(ReversalTaken):
        reverse(checkout_id, by, line1=2)
    with pytest.raises(ReversalTaken):
        reverse(checkout_id, by, cause="fraud", line1=1)


def test_too_many_units_change_nothing(store, by) -> None:
    limited(store)
    checkout_id = redeem(
        by, make_cart((1_000, 2), codes=["TEN"], store=store, shopper={"ref": "u"})
    )
    with pytest.raises(TooManyUnits):
        reverse(checkout_id, by, line1=3)
    assert counter() == (1, 200)
    assert not Reversal.objects.exists()
    assert Redemption.objects.get().state == "redeemed"


@pytest.mark.parametrize(("cause", "shipping"), [("cancelled", 300), ("refunded", 0)])
def test_the_shipping_discount_comes_back_unless_the_goods_were_shipped(
    store, by, cause: str, shipping: int
) -> None:
    limited(store, discount_type="free_shipping", gives_back_for=EVERY_CAUSE)
    cart = make_cart((100, 1), codes=["TEN"], store=store, shipping_minor=300, shopper={"ref": "u"})
    row = reverse(redeem(by, cart), by, cause=cause)
    assert (row.shipping_discount_minor, row.discount_minor, row.uses_returned) == (shipping, 0, 1)
    assert counter() == (0, 300 - shipping)


def test_after_a_give_back_the_person_may_use_it_again(store, by) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=1, per_person=1))
    cart = make_cart((1_000, 1), codes=["TEN"], store=store, shopper={"ref": "u1"})
    reverse(redeem(by, cart), by, cause="unpaid")
    receipt, is_new = redemptions.redeem(order_ref="o2", cart=cart, **by)
    assert is_new
    assert receipt.quote.discount_minor == 100


def test_the_reversed_order_sent_again_is_the_reversed_redemption(store, by) -> None:
    make_promotion(store=store, code="TEN")
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    checkout_id = redeem(by, cart)
    reverse(checkout_id, by, cause="unpaid")
    receipt, is_new = redemptions.redeem(order_ref="o1", cart=cart, **by)
    assert (receipt.id, receipt.state, is_new) == (checkout_id, "reversed", False)


def test_a_foreign_key_finds_nothing(store, by) -> None:
    make_promotion(store=store, code="TEN")
    checkout_id = redeem(by, make_cart((1_000, 1), codes=["TEN"], store=store))
    mallory = {"source": Source(client_id=1, store_id=make_store().pk)}
    with pytest.raises(CheckoutUnknown):
        reverse(checkout_id, mallory)
