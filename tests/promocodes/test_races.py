"""Many at once on a real PostgreSQL: limits, persons, budgets, holds and orders stay exact."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from marketplace import clock
from promocodes import (
    holds,
    issuing,
    limits,
    promotions,
    quoting,
    redemptions,
    reservations,
    reversals,
    throttling,
)
from promocodes.invariants import INVARIANTS
from promocodes.models import Checkout, PromotionCounter, Redemption, UseSlot
from promocodes.quoting import CodeRefused
from promocodes.recording import Busy, OrderTaken
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 40


@pytest.fixture
def store(transactional_db: None):
    return make_store()


@pytest.fixture
def by(transactional_db: None) -> dict[str, Any]:
    client, _ = make_client()
    return {"source": Source(client_id=client.pk), "client_id": client.pk}


@pytest.fixture(autouse=True)
def _honest(transactional_db: None):
    """Whatever raced, no invariant is broken."""
    yield
    assert {found.name: found.broken() for found in INVARIANTS if found.broken()} == {}


@pytest.fixture(params=[False, True], ids=["one row", "slots"])
def is_hot(request, monkeypatch) -> bool:
    """Whether even a small limit is shared over slots."""
    if request.param:
        monkeypatch.setattr(limits, "USES_PER_SLOT", 1)
        monkeypatch.setattr(limits, "USUAL_DISCOUNT_MINOR", 100)
    return request.param


def taken(promotion) -> tuple[int, int]:
    """Uses and money, by the counters."""
    rows = PromotionCounter.objects.filter(promotion=promotion)
    return (
        sum(rows.values_list("taken", flat=True)),
        sum(rows.values_list("spent_minor", flat=True)),
    )


def at_once(
    act: Callable[[int], Any], *, many: int = MANY, begin: Callable[[], Any] | None = None
) -> Counter[str]:
    """Run `act(0..many-1)` in as many threads that start together; outcomes by name.

    `begin` is run once, when all are there with their connections open.
    """
    gate = threading.Barrier(many, action=begin, timeout=60)

    def run(number: int) -> str:
        try:
            connection.ensure_connection()
            gate.wait()
            return str(act(number))
        except CodeRefused as refusal:
            (why,) = {code.refusal.reason for code in refusal.quote.codes if code.refusal}
            return str(why)
        except DatabaseError as error:  # none is expected: say which
            return f"{type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - counted by its name
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        return Counter(pool.map(run, range(many)))


def test_forty_at_once_on_a_limit_of_ten_get_exactly_ten(store, by, is_hot) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=10))
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    outcomes = at_once(lambda n: redemptions.redeem(order_ref=f"o{n}", cart=cart, **by)[0].state)
    assert outcomes == {"redeemed": 10, "total_limit_reached": 30}
    assert Redemption.objects.count() == 10
    assert promotion.counters.count() == (10 if is_hot else 1)
    assert taken(promotion)[0] == 10


ROUNDS, SLOTS, THREADS = 60, 48, 24


@pytest.mark.parametrize(
    ("before", "move", "each"),
    [(0, "SELECT promocodes_take(%s, 1)", 4), (1, "SELECT promocodes_give_back(%s, 1, 1)", 2)],
    ids=["taken", "given back"],
)
def test_nobody_deadlocks_over_the_last_of_many_slots(
    store, monkeypatch, before: int, move: str, each: int
) -> None:
    """A slot that changes just while it is being locked is met in a few rounds of many."""
    monkeypatch.setattr(limits, "USES_PER_SLOT", 1)
    promotion = make_promotion(store=store, code="MANY", limits=Limits(total=SLOTS))
    rows = promotion.counters
    assert rows.count() == SLOTS
    sums, won = [], []

    def turn() -> None:
        sums.append(taken(promotion))
        rows.update(taken=before, spent_minor=before)

    gate = threading.Barrier(THREADS, action=turn, timeout=60)

    def act(_: int) -> str:
        try:
            for _ in range(ROUNDS):
                gate.wait()
                with connection.cursor() as cursor:
                    for _ in range(each):
                        cursor.execute(move, [promotion.pk])
                        won.append(cursor.fetchone()[0])
            gate.wait()
        except DatabaseError:
            gate.abort()  # keeps nobody waiting
            raise
        return "done"

    assert at_once(act, many=THREADS) == {"done": THREADS}
    after = SLOTS if before == 0 else 0
    assert set(sums[1:]) == {(after, after)}
    assert len(won) - won.count(False) == ROUNDS * SLOTS
    rows.update(taken=0, spent_minor=0)  # they were taken for no cart


def test_carts_that_try_again_for_a_budget_deadlock_nobody(store, by, monkeypatch) -> None:
    """A part of the last budget is tried again, by who has taken from other promotions before."""
    monkeypatch.setattr(limits, "USES_PER_SLOT", 1)
    monkeypatch.setattr(limits, "USUAL_DISCOUNT_MINOR", 100)
    words = {
        "AAA": Limits(total=24),
        "BBB": Limits(total=20, budget_minor=1_990),
        "CCC": Limits(budget_minor=1_777, budget_edge="partial"),
    }
    hot = [
        make_promotion(
            store=store,
            code=word,
            terms=make_terms(stacking="stackable", gives_back_for=("cancelled",)),
            limits=each,
        )
        for word, each in words.items()
    ]
    ends_at = time.monotonic() + 4

    def act(number: int) -> str:
        chance = random.Random(number)
        mine = []
        for turn in itertools.count():
            if time.monotonic() > ends_at:
                return "done"
            codes = chance.sample(sorted(words), chance.randint(1, 3))
            cart = make_cart((1_000, 2), codes=codes, store=store)
            with suppress(CodeRefused, Busy):
                mine.append(redemptions.redeem(order_ref=f"{number}-{turn}", cart=cart, **by)[0])
            if mine and chance.random() < 0.5:
                receipt = mine.pop()
                reversals.reverse(
                    checkout_id=receipt.id, reversal_ref="1", cause="cancelled", source=by["source"]
                )
        raise AssertionError

    assert at_once(act, many=24) == {"done": 24}
    for promotion in hot:
        assert taken(promotion) == limits.taken_by_ledger(promotion.pk)


def test_forty_holds_and_uses_at_once_share_the_limit(store, by, is_hot) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=10))
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)

    def act(number: int) -> str:
        if number % 2:
            return reservations.reserve(cart=cart, **by).state
        return redemptions.redeem(order_ref=f"o{number}", cart=cart, **by)[0].state

    outcomes = at_once(act)
    assert outcomes["held"] + outcomes["redeemed"] == 10
    assert outcomes["total_limit_reached"] == 30


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (3, 3)])
def test_one_person_at_once_from_many_devices(store, by, limit: int, expected: int) -> None:
    make_promotion(store=store, code="ME", limits=Limits(per_person=limit))
    outcomes = at_once(
        lambda n: (
            redemptions.redeem(
                order_ref=f"o{n}",
                cart=make_cart(
                    (1_000, 1),
                    codes=["ME"],
                    store=store,
                    shopper={"email": "anna@example.com", "device": f"d{n % 4}", "ref": f"u{n}"},
                ),
                **by,
            )[0].state
        ),
        many=16,
    )
    assert outcomes == {"redeemed": expected, "customer_limit_reached": 16 - expected}
    assert Redemption.objects.count() == expected


def test_many_persons_at_once_on_one_promotion_do_not_wait_in_vain(store, by) -> None:
    make_promotion(store=store, code="ALL", limits=Limits(per_person=1, total=20))
    outcomes = at_once(
        lambda n: (
            redemptions.redeem(
                order_ref=f"o{n}",
                cart=make_cart(
                    (1_000, 1),
                    codes=["ALL"],
                    store=store,
                    shopper={"ref": f"u{n}", "email": f"p{n}@example.com", "phone": f"7900{n:07}"},
                ),
                **by,
            )[0].state
        )
    )
    assert outcomes == {"redeemed": 20, "total_limit_reached": 20}
    assert UseSlot.objects.count() == 60


@pytest.mark.parametrize(
    ("edge", "expected", "given_away"),
    [("refuse", {"redeemed": 9, "budget_exhausted": 31}, 900), ("partial", None, 950)],
)
def test_the_budget_is_hard(
    store, by, is_hot, edge: str, expected: dict | None, given_away: int
) -> None:
    promotion = make_promotion(
        store=store, code="BUD", limits=Limits(budget_minor=950, budget_edge=edge)
    )
    cart = make_cart((1_000, 1), codes=["BUD"], store=store)
    outcomes = at_once(lambda n: redemptions.redeem(order_ref=f"o{n}", cart=cart, **by)[0].state)
    if expected is not None:
        assert outcomes == expected
    assert sum(Redemption.objects.values_list("discount_minor", flat=True)) == given_away
    assert taken(promotion)[1] == given_away


def test_a_code_of_its_own_is_used_once(store, by) -> None:
    promotion = make_promotion(store=store, limits=Limits(per_code=1))
    code = issuing.issue(promotion_id=promotion.pk, at=clock.now()).code
    cart = make_cart((1_000, 1), codes=[code], store=store)
    outcomes = at_once(lambda n: redemptions.redeem(order_ref=f"o{n}", cart=cart, **by)[0].state)
    assert outcomes == {"redeemed": 1, "total_limit_reached": 39}


def test_the_same_order_at_once_is_one_redemption(store, by) -> None:
    make_promotion(store=store, code="ONE", limits=Limits(total=1, per_person=1))
    cart = make_cart((1_000, 1), codes=["ONE"], store=store, shopper={"ref": "u1"})
    ids = at_once(lambda _: redemptions.redeem(order_ref="o1", cart=cart, **by)[0].id)
    assert list(ids.values()) == [MANY]
    assert Redemption.objects.count() == 1


def test_one_order_and_two_carts_at_once(store, by) -> None:
    make_promotion(store=store, code="TEN")
    carts = [make_cart((1_000 + n, 1), codes=["TEN"], store=store) for n in range(2)]
    outcomes = at_once(
        lambda n: redemptions.redeem(order_ref="o1", cart=carts[n % 2], **by)[0].state
    )
    assert outcomes == {"redeemed": 20, OrderTaken.__name__: 20}
    assert Redemption.objects.count() == 1


def test_expiry_against_redemption_one_wins_each(store, by, is_hot) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=20))
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    held = [reservations.reserve(cart=cart, **by).id for _ in range(20)]
    edge = clock.now()

    def begin() -> None:
        nonlocal edge
        edge = clock.now() + timedelta(seconds=2)
        Checkout.objects.update(expires_at=edge)

    def act(number: int) -> str:
        if number % 2:
            time.sleep(max(0, (edge - clock.now()).total_seconds() - 0.05))
            while clock.now() < edge + timedelta(milliseconds=300):
                holds.expire_due()
            return "job"
        for n in range(number // 2, 20, 4):
            try:
                redemptions.redeem_reservation(
                    order_ref=f"o{n}", checkout_id=held[n], source=by["source"]
                )
            except reservations.ReservationOver:
                continue
            time.sleep(max(0, (edge - clock.now()).total_seconds() - 0.003))
        return "buyer"

    assert at_once(act, many=8, begin=begin) == {"job": 4, "buyer": 4}
    holds.expire_due()
    states = Counter(Checkout.objects.values_list("state", flat=True))
    assert states["redeemed"] + states["expired"] == 20
    assert states["redeemed"] > 0
    assert taken(promotion)[0] == states["redeemed"]


def test_release_against_redemption_one_wins_each(store, by, is_hot) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=20))
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)
    held = [reservations.reserve(cart=cart, **by).id for _ in range(20)]

    def act(number: int) -> str:
        checkout_id = held[number // 2]
        if number % 2:
            reservations.release(checkout_id=checkout_id, source=by["source"])
            return "released"
        redemptions.redeem_reservation(
            order_ref=f"o{number}", checkout_id=checkout_id, source=by["source"]
        )
        return "redeemed"

    outcomes = at_once(act)
    assert outcomes["redeemed"] + outcomes["ReservationOver"] == 20
    assert outcomes["released"] + outcomes["AlreadyRedeemed"] == 20
    assert outcomes["redeemed"] == outcomes["AlreadyRedeemed"]
    assert taken(promotion)[0] == outcomes["redeemed"]


def test_two_codes_in_either_order_do_not_deadlock(store, by, is_hot) -> None:
    for word in ("ONE", "TWO"):
        make_promotion(
            store=store,
            code=word,
            terms=make_terms(stacking="stackable"),
            limits=Limits(total=30, per_person=5),
        )
    outcomes = at_once(
        lambda n: (
            redemptions.redeem(
                order_ref=f"o{n}",
                cart=make_cart(
                    (1_000, 1),
                    codes=["ONE", "TWO"] if n % 2 else ["TWO", "ONE"],
                    store=store,
                    shopper={"ref": f"u{n % 5}", "device": f"d{n % 7}", "phone": f"7{n % 3:010}"},
                ),
                **by,
            )[0].state
        )
    )
    assert set(outcomes) <= {"redeemed", "customer_limit_reached"}
    assert outcomes["redeemed"] >= 5


def test_the_same_reversal_at_once_gives_back_once(store, by, is_hot) -> None:
    terms = make_terms(gives_back_for=("refunded",))
    promotion = make_promotion(
        store=store, code="TEN", terms=terms, limits=Limits(total=1, budget_minor=1_000)
    )
    cart = make_cart((1_000, 3), codes=["TEN"], store=store)
    receipt, _ = redemptions.redeem(order_ref="o1", cart=cart, **by)

    def act(number: int) -> str:
        row, _ = reversals.reverse(
            checkout_id=receipt.id,
            reversal_ref=f"r{number % 5}",
            cause="refunded",
            source=by["source"],
            quantities={"1": 1},
        )
        return row.reversal_ref

    outcomes = at_once(act)
    done = [ref for ref in outcomes if ref.startswith("r")]
    assert len(done) == 3
    assert outcomes["TooManyUnits"] == 16
    assert taken(promotion) == (0, 0)


def test_a_limit_that_comes_while_live_loses_no_count(store, by, is_hot) -> None:
    promotion = make_promotion(store=store, code="TEN")
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)

    def act(number: int) -> str:
        if number == MANY // 2:
            promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits(total=100))
            return "limited"
        return redemptions.redeem(order_ref=f"o{number}", cart=cart, **by)[0].state

    assert at_once(act) == {"limited": 1, "redeemed": MANY - 1}
    assert taken(promotion)[0] == MANY - 1


def test_nothing_is_used_after_a_cancellation(store, by) -> None:
    promotion = make_promotion(store=store, code="TEN")
    cart = make_cart((1_000, 1), codes=["TEN"], store=store)

    def act(number: int) -> str:
        if number == MANY // 2:
            return promotions.cancel(promotion_id=promotion.pk, actor="ops").status
        return redemptions.redeem(order_ref=f"o{number}", cart=cart, **by)[0].state

    outcomes = at_once(act)
    assert outcomes["cancelled"] >= 1
    assert outcomes["redeemed"] + outcomes["cancelled"] == MANY
    promotion.refresh_from_db()
    assert not Redemption.objects.filter(decided_at__gte=promotion.cancelled_at).exists()


def test_forty_guesses_at_once_are_counted_as_forty(store, by, monkeypatch) -> None:
    monkeypatch.setattr(throttling, "PER_SHOPPER", 10)
    cart = make_cart((1_000, 1), codes=["NOPE"], store=store, shopper={"ref": "eve"})

    def act(_: int) -> str:
        (code,) = quoting.quote(cart, source=by["source"]).codes
        return str(code.refusal.reason)

    assert at_once(act) == {"code_not_found": 10, "throttled": 30}
