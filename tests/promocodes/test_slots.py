"""Slots of persons and codes: lowest first, all or none, counted anew when a limit comes."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, transaction

from promocodes import promotions, redemptions, reservations, slots
from promocodes.limits import LimitBelowUse
from promocodes.models import UseSlot
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion

ANNA, BORIS = b"a" * 16, b"b" * 16


@pytest.fixture
def till(db: None):
    """Redeems a cart with these codes on a new order; the uses by code."""
    client, _ = make_client()
    store = make_store()
    number = iter(range(1_000))

    def redeem(*codes: str, **shopper: str) -> dict[str, UUID]:
        cart = make_cart((1_000, 1), codes=codes, store=store, shopper=shopper)
        receipt, _ = redemptions.redeem(
            order_ref=f"o{next(number)}",
            cart=cart,
            source=Source(client_id=client.pk),
            client_id=client.pk,
        )
        return {use.code: use.id for use in receipt.uses}

    redeem.store = store
    redeem.client = client
    return redeem


def claim(*rows: tuple[UUID, bytes, int, UUID]) -> bool:
    names = ("promotion_id", "identity", "slot", "redemption_id")
    told = [
        dict(zip(names, (str(a), identity.hex(), n, str(b)), strict=True))
        for a, identity, n, b in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT promocodes_claim(%s::jsonb)", [json.dumps(told)])
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_whoever_loses_a_slot_holds_no_other(till) -> None:
    one = make_promotion(store=till.store, code="ONE")
    uses = [till("ONE")["ONE"] for _ in range(3)]
    assert claim((one.pk, ANNA, 1, uses[0]))

    def elsewhere() -> bool:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                return claim((one.pk, BORIS, 1, uses[2]))
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        assert not claim((one.pk, ANNA, 1, uses[1]), (one.pk, BORIS, 1, uses[1]))
        assert pool.submit(elsewhere).result(timeout=30)
    assert UseSlot.objects.count() == 2


@pytest.mark.django_db
class TestRecount:
    """A limit that comes while live."""

    def follow(self, promotion, **limits: int | None) -> None:
        promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits(**limits))

    def test_every_identity_of_every_use_that_counts(self, till) -> None:
        promotion = make_promotion(store=till.store, code="ONE")
        till("ONE", ref="anna", email="anna@example.com")
        till("ONE", ref="anna")
        till("ONE")
        self.follow(promotion, per_person=2, per_code=3)
        found = sorted(UseSlot.objects.values_list("slot", flat=True))
        # The ref of Anna has two uses, her e-mail one, the code three.
        assert found == [1, 1, 1, 2, 2, 3]

    def test_what_was_given_back_does_not_count(self, till) -> None:
        promotion = make_promotion(store=till.store, code="ONE")
        source = Source(client_id=till.client.pk)
        cart = make_cart((1_000, 1), codes=["ONE"], store=till.store, shopper={"ref": "anna"})
        held = reservations.reserve(cart=cart, source=source, client_id=till.client.pk)
        reservations.release(checkout_id=held.id, source=source)
        self.follow(promotion, per_person=1, per_code=1)
        assert not UseSlot.objects.exists()

    def test_a_limit_below_use_leaves_all_as_it_was(self, till) -> None:
        promotion = make_promotion(store=till.store, code="ONE", limits=Limits(per_person=3))
        for _ in range(2):
            till("ONE", ref="anna")
        before = list(UseSlot.objects.order_by("pk").values_list())
        for limits in ({"per_person": 1}, {"per_person": 3, "per_code": 1}):
            with pytest.raises(LimitBelowUse):
                self.follow(promotion, **limits)
        assert list(UseSlot.objects.order_by("pk").values_list()) == before

    def test_a_wider_limit_touches_no_slot(self, till) -> None:
        promotion = make_promotion(store=till.store, code="ONE", limits=Limits(per_person=1))
        till("ONE", ref="anna")
        (before,) = UseSlot.objects.values_list("pk", flat=True)
        self.follow(promotion, per_person=2)
        assert list(UseSlot.objects.values_list("pk", flat=True)) == [before]

    def test_a_second_use_takes_a_second_slot(self, till) -> None:
        make_promotion(store=till.store, code="ONE", limits=Limits(per_person=3))
        for _ in range(2):
            till("ONE", ref="anna", phone="+79123456789")
        assert sorted(UseSlot.objects.values_list("slot", flat=True)) == [1, 1, 2, 2]


@pytest.mark.django_db
def test_settle_takes_the_next_free_slot_of_all_identities(till) -> None:
    one = make_promotion(store=till.store, code="ONE")
    uses = [till("ONE")["ONE"] for _ in range(3)]
    assert claim((one.pk, ANNA, 1, uses[0]), (one.pk, BORIS, 2, uses[1]))
    slots.settle(
        [
            slots.Claim(
                promotion_id=one.pk,
                redemption_id=uses[2],
                identities=(ANNA, BORIS),
                slot=1,
                limit=3,
                reason=slots.Reason.CUSTOMER_LIMIT_REACHED,
            )
        ]
    )
    assert set(UseSlot.objects.filter(redemption=uses[2]).values_list("slot", flat=True)) == {3}
