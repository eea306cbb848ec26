"""Reserve, redeem, repeat: what is written, once, and what a refusal leaves unwritten."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from marketplace import clock
from promocodes import holds, issuing, promotions, receipts, redemptions, reservations
from promocodes.models import (
    Checkout,
    Promotion,
    PromotionCounter,
    Redemption,
    RedemptionLine,
    UseSlot,
)
from promocodes.quoting import CodeRefused, quote
from promocodes.receipts import CheckoutUnknown
from promocodes.recording import CartChanged, OrderTaken
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db


class Shop:
    """The marketplace's server: redeems with one client of its own."""

    def __init__(self, **fields) -> None:
        self.client, _ = make_client(**fields)
        store = fields.get("store")
        self.source = Source(client_id=self.client.pk, store_id=store.pk if store else None)
        self.by = {"source": self.source, "client_id": self.client.pk}

    def redeem(self, order_ref: str, cart, **fields):
        return redemptions.redeem(order_ref=order_ref, cart=cart, **self.by, **fields)

    def reserve(self, cart, **fields):
        return reservations.reserve(cart=cart, **self.by, **fields)


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop(name="the shop")


@pytest.fixture
def store(db: None):
    return make_store()


def counter(promotion: Promotion) -> tuple[int, int]:
    found = PromotionCounter.objects.get(promotion=promotion)
    return found.taken, found.spent_minor


def nothing_is_written() -> bool:
    return not (
        Checkout.objects.exists() or Redemption.objects.exists() or UseSlot.objects.exists()
    )


def reasons(refusal: pytest.ExceptionInfo) -> dict[str, str]:
    return {
        code.code: str(code.refusal.reason)
        for code in refusal.value.quote.codes
        if code.refusal is not None
    }


def test_a_redemption_keeps_its_shares_unit_by_unit(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN")
    receipt, is_new = shop.redeem("o1", make_cart((333, 2), (1_000, 1), codes=["TEN"], store=store))
    assert is_new
    assert (receipt.state, receipt.order_ref, receipt.quote.discount_minor) == (
        "redeemed",
        "o1",
        167,
    )
    checkout = Checkout.objects.get()
    assert (checkout.subtotal_minor, checkout.discount_minor, checkout.returned) == (
        1_666,
        167,
        [0, 0],
    )
    redemption = Redemption.objects.of_order("o1").get()
    assert (redemption.promotion, redemption.store, redemption.terms) == (
        promotion,
        store,
        promotion.terms,
    )
    lines = RedemptionLine.objects.order_by("line_ref")
    assert [(line.line_ref, line.units, line.discount_minor, line.store) for line in lines] == [
        ("1", [34, 33], 67, store),
        ("2", [100], 100, store),
    ]


def test_the_same_order_and_cart_again_is_the_same_redemption(shop: Shop, store) -> None:
    limits = Limits(total=1, per_person=1)
    make_promotion(store=store, code="ONCE", limits=limits)
    cart = make_cart((1_000, 1), codes=["ONCE"], store=store, shopper={"ref": "u1"})
    first, is_new = shop.redeem("o1", cart)
    again, is_new_again = shop.redeem("o1", cart)
    assert (is_new, is_new_again) == (True, False)
    assert again == first
    assert Redemption.objects.count() == 1


def test_the_same_order_with_another_cart_is_refused(shop: Shop, store) -> None:
    make_promotion(store=store, code="TEN")
    shop.redeem("o1", make_cart((1_000, 1), codes=["TEN"], store=store))
    with pytest.raises(OrderTaken):
        shop.redeem("o1", make_cart((2_000, 1), codes=["TEN"], store=store))
    assert Redemption.objects.get().discount_minor == 100


def test_all_codes_or_none(shop: Shop, store) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=5, per_person=1))
    cart = make_cart((1_000, 1), codes=["TEN", "NOPE"], store=store, shopper={"ref": "u1"})
    for act in (lambda: shop.redeem("o1", cart), lambda: shop.reserve(cart)):
        with pytest.raises(CodeRefused) as refusal:
            act()
        assert reasons(refusal) == {"NOPE": "code_not_found"}
    assert nothing_is_written()
    assert PromotionCounter.objects.get().taken == 0


def test_the_limit_is_exact(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TWO", limits=Limits(total=2))
    cart = make_cart((1_000, 1), codes=["TWO"], store=store)
    shop.redeem("o1", cart)
    shop.redeem("o2", cart)
    with pytest.raises(CodeRefused) as refusal:
        shop.redeem("o3", cart)
    assert reasons(refusal) == {"TWO": "total_limit_reached"}
    assert counter(promotion) == (2, 200)
    assert Redemption.objects.count() == 2


@pytest.mark.parametrize(
    "second",
    [
        {"ref": "u1"},
        {"ref": "u2", "email": "Anna+sale@Example.com"},
        {"ref": "u3", "phone": "8 (912) 345-67-89"},
        {"email": "other@example.com", "device": "d1"},
        {"payment": "card1"},
    ],
)
def test_a_person_is_known_by_any_identity(shop: Shop, store, second: dict) -> None:
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    anna = {
        "ref": "u1",
        "email": "anna@example.com",
        "phone": "+79123456789",
        "device": "d1",
        "payment": "card1",
    }
    shop.redeem("o1", make_cart((1_000, 1), codes=["ONCE"], store=store, shopper=anna))
    with pytest.raises(CodeRefused) as refusal:
        shop.redeem("o2", make_cart((1_000, 1), codes=["ONCE"], store=store, shopper=second))
    assert reasons(refusal) == {"ONCE": "customer_limit_reached"}
    boris = make_cart((1_000, 1), codes=["ONCE"], store=store, shopper={"ref": "u9"})
    shop.redeem("o3", boris)


def test_the_person_is_counted_over_all_codes_of_the_promotion(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="ONE", limits=Limits(per_person=1))
    issuing.share(promotion=promotion, text="OTHER", at=clock.now())
    shop.redeem("o1", make_cart((100, 1), codes=["ONE"], store=store, shopper={"ref": "u1"}))
    with pytest.raises(CodeRefused) as refusal:
        shop.redeem("o2", make_cart((100, 1), codes=["OTHER"], store=store, shopper={"ref": "u1"}))
    assert reasons(refusal) == {"OTHER": "customer_limit_reached"}


def test_nobody_given_is_never_a_skip(shop: Shop, store) -> None:
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    for shopper in ({}, {"email": "   "}):
        with pytest.raises(CodeRefused) as refusal:
            shop.redeem("o1", make_cart((9, 1), codes=["ONCE"], store=store, shopper=shopper))
        assert reasons(refusal) == {"ONCE": "customer_required"}
    assert nothing_is_written()


def test_three_uses_of_one_person_take_three_slots(shop: Shop, store) -> None:
    make_promotion(store=store, code="THRICE", limits=Limits(per_person=3))
    for number in range(3):
        cart = make_cart((100, 1), codes=["THRICE"], store=store, shopper={"ref": "u1"})
        shop.redeem(f"o{number}", cart)
    assert sorted(UseSlot.objects.values_list("slot", flat=True)) == [1, 2, 3]
    with pytest.raises(CodeRefused):
        shop.redeem("o9", make_cart((1, 1), codes=["THRICE"], store=store, shopper={"ref": "u1"}))


def test_a_code_of_its_own_works_once(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, limits=Limits(per_code=1))
    one, other = (issuing.issue(promotion_id=promotion.pk, at=clock.now()).code for _ in range(2))
    shop.redeem("o1", make_cart((100, 1), codes=[one], store=store))
    with pytest.raises(CodeRefused) as refusal:
        shop.redeem("o2", make_cart((100, 1), codes=[one], store=store))
    assert reasons(refusal) == {one: "total_limit_reached"}
    shop.redeem("o3", make_cart((100, 1), codes=[other], store=store))


@pytest.mark.parametrize(("edge", "expected"), [("refuse", [60]), ("partial", [60, 40])])
def test_the_edge_of_the_budget(shop: Shop, store, edge: str, expected: list[int]) -> None:
    promotion = make_promotion(
        store=store, code="B", limits=Limits(budget_minor=100, budget_edge=edge)
    )
    for number in range(len(expected)):
        shop.redeem(f"o{number}", make_cart((600, 1), codes=["B"], store=store))
    with pytest.raises(CodeRefused) as refusal:
        shop.redeem("o9", make_cart((600, 1), codes=["B"], store=store))
    assert reasons(refusal) == {"B": "budget_exhausted"}
    found = Redemption.objects.order_by("pk").values_list("discount_minor", flat=True)
    assert list(found) == expected
    assert counter(promotion)[1] == sum(expected)


def test_a_hold_takes_and_a_release_gives_back(shop: Shop, store) -> None:
    limits = Limits(total=1, per_person=1, budget_minor=100)
    promotion = make_promotion(store=store, code="ONE", limits=limits)
    cart = make_cart((1_000, 1), codes=["ONE"], store=store, shopper={"ref": "u1"})
    held = shop.reserve(cart)
    assert (held.state, counter(promotion), UseSlot.objects.count()) == ("held", (1, 100), 1)
    with pytest.raises(CodeRefused):
        shop.redeem("o1", cart)
    reservations.release(checkout_id=held.id, source=shop.source)
    reservations.release(checkout_id=held.id, source=shop.source)
    assert (counter(promotion), UseSlot.objects.count()) == ((0, 0), 0)
    assert Redemption.objects.get().state == "released"
    shop.redeem("o1", cart)


def test_a_reservation_is_redeemed_with_the_terms_it_was_judged_by(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=5))
    held = shop.reserve(make_cart((1_000, 1), codes=["TEN"], store=store))
    promotions.amend(promotion_id=promotion.pk, actor="ops", terms=make_terms(percent_bp=5000))
    promotions.cancel(promotion_id=promotion.pk, actor="ops")
    receipt, is_new = redemptions.redeem_reservation(
        order_ref="o1", checkout_id=held.id, source=shop.source, digest=held.quote.digest
    )
    assert (is_new, receipt.id, receipt.quote) == (True, held.id, held.quote)
    redemption = Redemption.objects.of_order("o1").get()
    assert (redemption.discount_minor, redemption.terms.version, redemption.state) == (
        100,
        1,
        "redeemed",
    )
    assert counter(promotion) == (1, 100)
    again, is_new = redemptions.redeem_reservation(
        order_ref="o1", checkout_id=held.id, source=shop.source
    )
    assert (is_new, again) == (False, receipt)
    with pytest.raises(reservations.AlreadyRedeemed):
        redemptions.redeem_reservation(order_ref="o2", checkout_id=held.id, source=shop.source)
    with pytest.raises(reservations.AlreadyRedeemed):
        reservations.release(checkout_id=held.id, source=shop.source)


def test_a_direct_redemption_is_judged_by_the_terms_of_now(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN")
    promotions.amend(promotion_id=promotion.pk, actor="ops", terms=make_terms(percent_bp=5000))
    receipt, _ = shop.redeem("o1", make_cart((1_000, 1), codes=["TEN"], store=store))
    assert receipt.quote.discount_minor == 500
    assert Redemption.objects.get().terms.version == 2


def test_a_reservation_on_an_order_that_is_taken(shop: Shop, store) -> None:
    make_promotion(store=store, code="TEN")
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    shop.redeem("o1", cart)
    held = shop.reserve(cart)
    with pytest.raises(OrderTaken):
        redemptions.redeem_reservation(order_ref="o1", checkout_id=held.id, source=shop.source)
    assert Checkout.objects.get(pk=held.id).state == "held"


def past(held) -> None:
    Checkout.objects.filter(pk=held.id).update(expires_at=clock.now() - timedelta(seconds=1))


def test_a_hold_past_its_time_is_over_even_before_the_job_comes(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="ONE", limits=Limits(total=1))
    held = shop.reserve(make_cart((1_000, 1), codes=["ONE"], store=store))
    past(held)
    with pytest.raises(reservations.ReservationOver):
        redemptions.redeem_reservation(order_ref="o1", checkout_id=held.id, source=shop.source)
    with pytest.raises(reservations.ReservationOver):
        reservations.renew(checkout_id=held.id, source=shop.source)
    assert holds.expire_due() == 1
    assert holds.expire_due() == 0
    assert counter(promotion) == (0, 0)
    assert (Checkout.objects.get().state, Redemption.objects.get().state) == ("expired", "expired")
    with pytest.raises(reservations.ReservationOver):
        redemptions.redeem_reservation(order_ref="o1", checkout_id=held.id, source=shop.source)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "limits", [Limits(total=1), Limits(per_person=1), Limits(per_code=1), Limits(budget_minor=100)]
)
def test_a_hold_past_its_time_is_in_nobodys_way(shop: Shop, store, limits: Limits) -> None:
    """Whether a job comes or not: quoted, held and redeemed as if it had."""
    promotion = make_promotion(store=store, code="ONE", limits=limits)
    cart = make_cart((1_000, 1), codes=["ONE"], store=store, shopper={"ref": "anna"})
    first = shop.reserve(cart)
    for _ in range(2):
        assert not quote(cart).is_whole
        with pytest.raises(CodeRefused):
            shop.reserve(cart)
    past(first)
    assert receipts.load(first.id, source=shop.source).state == "expired"
    assert quote(cart).is_whole
    second = shop.reserve(cart)
    past(second)
    third, _ = shop.redeem("o1", cart)
    states = dict(Checkout.objects.values_list("pk", "state"))
    assert states == {first.id: "expired", second.id: "expired", third.id: "redeemed"}
    assert Redemption.objects.filter(promotion=promotion, is_given_back=False).count() == 1
    with pytest.raises(CodeRefused):
        shop.redeem("o2", cart)


def test_dead_holds_are_let_be_where_something_else_refuses(shop: Shop, store) -> None:
    make_promotion(store=store, code="ONE", limits=Limits(total=1))
    held = shop.reserve(make_cart((1_000, 1), codes=["ONE"], store=store))
    past(held)
    assert not quote(make_cart((1_000, 1), codes=["ONE", "NOSUCH"], store=store)).is_whole
    assert Checkout.objects.get().state == "held"


def test_of_strangers_dead_holds_none_is_in_ones_own_way(shop: Shop, store) -> None:
    make_promotion(store=store, code="TWO", limits=Limits(per_person=1))

    def of(name: str):
        return make_cart((1_000, 1), codes=["TWO"], store=store, shopper={"ref": name})

    past(shop.reserve(of("anna")))
    shop.redeem("o1", of("bob"))
    assert not quote(of("bob")).is_whole
    assert Checkout.objects.filter(state="held").count() == 1
    assert quote(of("anna")).is_whole


def test_a_hold_is_renewed_but_not_for_ever(shop: Shop, store) -> None:
    make_promotion(store=store, code="ONE")
    held = shop.reserve(make_cart((1_000, 1), codes=["ONE"], store=store), seconds=60)
    renewed = reservations.renew(checkout_id=held.id, source=shop.source, seconds=3600)
    assert timedelta(minutes=58) < renewed.expires_at - held.expires_at < timedelta(minutes=60)
    Checkout.objects.filter(pk=held.id).update(expires_at=held.expires_at + timedelta(days=2))
    kept = reservations.renew(checkout_id=held.id, source=shop.source, seconds=60)
    assert kept.expires_at == held.expires_at + timedelta(days=2)
    assert holds.expire_due() == 0


def test_a_digest_guards_the_cart_and_what_was_promised(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN")
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    digest = quote(cart).digest
    changed = make_cart((1_001, 1), codes=["TEN"], store=store)
    with pytest.raises(CartChanged) as refusal:
        shop.redeem("o1", changed, digest=digest)
    assert refusal.value.quote.subtotal_minor == 1_001
    promotions.amend(promotion_id=promotion.pk, actor="ops", terms=make_terms(percent_bp=500))
    with pytest.raises(CartChanged) as refusal:
        shop.redeem("o1", cart, digest=digest)
    assert refusal.value.quote.discount_minor == 50
    assert nothing_is_written()
    receipt, _ = shop.redeem("o1", cart, digest=refusal.value.quote.digest)
    assert receipt.quote.discount_minor == 50


def test_a_stores_own_key_reaches_only_that_store(shop: Shop, store) -> None:
    other = make_store()
    make_promotion(store=store, code="MINE")
    make_promotion(store=other, code="THEIRS")
    bound = Shop(name="one store", store=store)
    with pytest.raises(CodeRefused) as refusal:
        bound.redeem("o1", make_cart((100, 1), codes=["THEIRS"], store=other))
    assert reasons(refusal) == {"THEIRS": "code_not_found"}
    receipt, _ = shop.redeem("o1", make_cart((100, 1), codes=["MINE"], store=store))
    with pytest.raises(CheckoutUnknown):
        reservations.release(checkout_id=receipt.id, source=bound.source)
    own, is_new = bound.redeem("o1", make_cart((100, 1), codes=["MINE"], store=store))
    assert is_new
    assert own.id != receipt.id


def test_an_order_without_codes_is_remembered_too(shop: Shop) -> None:
    receipt, _ = shop.redeem("o1", make_cart((100, 1)))
    assert (receipt.quote.total_minor, receipt.uses) == (100, ())


def test_free_shipping_takes_the_budget_too(shop: Shop, store) -> None:
    promotion = make_promotion(
        store=store,
        code="SHIP",
        terms=make_terms(discount_type="free_shipping"),
        limits=Limits(budget_minor=1_000),
    )
    cart = make_cart((100, 1), codes=["SHIP"], store=store, shipping_minor=300)
    receipt, _ = shop.redeem("o1", cart)
    assert (receipt.quote.shipping_discount_minor, receipt.quote.total_minor) == (300, 100)
    assert counter(promotion) == (1, 300)
    again, _ = shop.redeem("o1", cart)
    assert again == receipt


def test_the_database_keeps_the_ledger_as_it_was_written(shop: Shop, store) -> None:
    make_promotion(store=store, code="TEN")
    other = make_promotion(store=store)
    shop.redeem("o1", make_cart((1_000, 1), codes=["TEN"], store=store))
    attempts = [
        lambda: Redemption.objects.update(discount_minor=1),
        lambda: Redemption.objects.update(promotion=other),
        lambda: RedemptionLine.objects.update(units=[0]),
        lambda: RedemptionLine.objects.update(returned_minor=101),
        lambda: Checkout.objects.update(discount_minor=1),
        lambda: Redemption.objects.all().delete(),
        lambda: Checkout.objects.all()._raw_delete("default"),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
