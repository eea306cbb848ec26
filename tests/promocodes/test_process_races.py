"""Many clients at once over HTTP against two server processes: every limit stays exact.

What threads of one process could hide (a lock, a cache, a counter in memory) shows here. Each race
ends with every invariant asked; no call is answered by a fault or by "busy".
"""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from config import processes
from marketplace import clock
from marketplace.models import IdempotencyRecord
from promocodes import holds, promotions
from promocodes.models import Checkout, Promotion, PromotionCounter, Redemption, UseSlot
from promocodes.terms import Limits
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_promotion, make_terms
from tests.programs import granian
from tests.promocodes.test_http_races import MANY, Shop, _honest, cart, told

__all__ = ["_honest"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    """Two processes, eight threads each, for all races of this module."""
    with granian(tmp_path_factory.mktemp("server"), workers=2) as program:
        yield program


@pytest.fixture
def shop(server, transactional_db) -> Shop:
    _, secret = make_client(name="the shop")
    return Shop(server, secret)


@pytest.fixture
def store(transactional_db):
    return make_store(ref="s1")


def orders(count: int = MANY, **fields: Any) -> list[Any]:
    """So many redemptions of the same cart on orders of their own."""
    return [("/redemptions", cart(order_ref=f"o{n}", **fields), None) for n in range(count)]


def reasons(answers: list[Any]) -> Counter[str]:
    """Why codes were refused."""
    return Counter(
        code["reason"]["code"]
        for status, body in answers
        if status == 409
        for code in body["quote"]["codes"]
        if code["reason"]
    )


def taken(promotion: Promotion) -> tuple[int, int]:
    """Uses and money, by the counters."""
    rows = PromotionCounter.objects.filter(promotion=promotion)
    return sum(row.taken for row in rows), sum(row.spent_minor for row in rows)


@pytest.mark.parametrize(("limit", "slots", "clients"), [(1, 1, 40), (10, 1, 40), (100, 2, 120)])
def test_total(shop: Shop, store, limit: int, slots: int, clients: int) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=limit))
    assert promotion.counters.count() == slots
    answers = shop.at_once(orders(clients))
    assert told(answers) == {(201, None): limit, (409, "code_refused"): clients - limit}
    assert reasons(answers) == {"total_limit_reached": clients - limit}
    assert (Redemption.objects.count(), taken(promotion)) == (limit, (limit, limit * 100))


def test_holds_and_orders_share_the_limit(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=10))
    calls = orders(MANY // 2) + [("/reservations", cart(), None)] * (MANY // 2)
    random.Random(1).shuffle(calls)
    answers = shop.at_once(calls)
    assert told(answers) == {(201, None): 10, (409, "code_refused"): 30}
    assert taken(promotion)[0] == 10


@pytest.mark.parametrize("edge", ["refuse", "partial"])
def test_budget(shop: Shop, store, edge: str) -> None:
    limits = Limits(budget_minor=950, budget_edge=edge)
    promotion = make_promotion(store=store, code="TEN", limits=limits)
    answers = shop.at_once(orders())
    paid = Counter(body["quote"]["discount"] for status, body in answers if status == 201)
    assert paid == ({100: 9} if edge == "refuse" else {100: 9, 50: 1})
    assert reasons(answers) == {"budget_exhausted": MANY - sum(paid.values())}
    assert taken(promotion)[1] == (900 if edge == "refuse" else 950)


def test_a_budget_shared_over_slots_is_spent_to_the_last_coin(shop: Shop, store) -> None:
    promotion = make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(amount_minor=7),
        limits=Limits(budget_minor=700, budget_edge="partial"),
    )
    assert promotion.counters.count() == 2
    answers = shop.at_once(orders(120))
    assert sum(body["quote"]["discount"] for status, body in answers if status == 201) == 700
    assert taken(promotion)[1] == 700


@pytest.mark.parametrize("limit", [1, 3])
def test_one_person_by_many_identities(shop: Shop, store, limit: int) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(per_person=limit))
    mails = ["anna.smith@gmail.com", "AnnaSmith+x@googlemail.com", "a.nnasmith@gmail.com"]
    calls = [
        (
            "/redemptions",
            cart(
                order_ref=f"o{n}",
                shopper={"email": mails[n % 3], "ref": f"u{n % 7}", "device": f"d{n}"},
            ),
            None,
        )
        for n in range(MANY)
    ]
    answers = shop.at_once(calls)
    assert told(answers) == {(201, None): limit, (409, "code_refused"): MANY - limit}
    assert reasons(answers) == {"customer_limit_reached": MANY - limit}


def test_persons_who_share_some_identities(shop: Shop, store) -> None:
    """Nobody above the limit by any identity, no deadlock, two promotions in either order."""
    for word in ("ONE", "TWO"):
        make_promotion(
            store=store,
            code=word,
            terms=make_terms(stacking="stackable"),
            limits=Limits(per_person=2, total=30),
        )
    calls = [
        (
            "/redemptions",
            cart(
                order_ref=f"o{n}",
                codes=["ONE", "TWO"] if n % 2 else ["TWO", "ONE"],
                shopper={"ref": f"u{n % 5}", "device": f"d{n % 7}", "phone": f"7900000000{n % 3}"},
            ),
            None,
        )
        for n in range(MANY)
    ]
    answers = shop.at_once(calls)
    assert set(told(answers)) <= {(201, None), (409, "code_refused")}
    uses = Counter((bytes(slot.identity), slot.promotion_id) for slot in UseSlot.objects.all())
    assert max(uses.values()) == 2
    assert told(answers)[201, None] >= 2


def test_one_key_many_times(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=100))
    call = ("/redemptions", cart(order_ref="o1"), "one-key")
    answers = shop.at_once([call] * MANY)
    assert set(told(answers)) <= {(201, None), (409, "in_progress")}
    assert len({body["id"] for status, body in answers if status == 201}) == 1
    assert shop.post(*call[:2], key="one-key")[0] == 201
    assert (taken(promotion)[0], IdempotencyRecord.objects.count()) == (1, 1)


def test_one_key_with_two_bodies(shop: Shop, store) -> None:
    make_promotion(store=store, code="TEN")
    calls = [("/redemptions", cart(order_ref=f"o{n % 2}"), "one-key") for n in range(MANY)]
    answers = shop.at_once(calls)
    assert set(told(answers)) <= {
        (201, None),
        (409, "in_progress"),
        (422, "idempotency_mismatch"),
    }
    assert Redemption.objects.count() == 1


def test_one_order_with_two_carts(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=1, per_person=1))
    calls = [
        ("/redemptions", cart(order_ref="o1", shipping=n % 2, shopper={"ref": "anna"}), None)
        for n in range(MANY)
    ]
    answers = shop.at_once(calls)
    assert told(answers) == {
        (201, None): 1,
        (200, None): MANY // 2 - 1,
        (422, "order_ref_used"): MANY // 2,
    }
    assert taken(promotion)[0] == 1


def test_a_hold_redeemed_by_many_orders(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=5))
    _, held = shop.post("/reservations", cart())
    calls = [
        ("/redemptions", {"order_ref": f"o{n % 8}", "reservation": held["id"]}, None)
        for n in range(MANY)
    ]
    answers = told(shop.at_once(calls))
    assert answers == {
        (201, None): 1,
        (200, None): MANY // 8 - 1,
        (409, "already_redeemed"): MANY - MANY // 8,
    }
    assert taken(promotion)[0] == 1


def test_expiry_against_redemption(shop: Shop, store) -> None:
    """Each hold is used or ends, never both, and its use is counted so."""
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=MANY))
    held = [shop.post("/reservations", cart())[1]["id"] for _ in range(MANY)]
    rows = [Checkout(pk=checkout_id) for checkout_id in held]
    edge = clock.now() + timedelta(milliseconds=400)
    for n, row in enumerate(rows):  # their time runs out one after another
        row.expires_at = edge + timedelta(milliseconds=5 * n)
    Checkout.objects.bulk_update(rows, ["expires_at"])
    calls = [
        ("/redemptions", {"order_ref": f"o{n}", "reservation": checkout_id}, None)
        for n, checkout_id in enumerate(held)
    ]
    time.sleep(max(0, (edge - clock.now()).total_seconds() - 0.05))
    answers = told(shop.at_once(calls[::2] + calls[1::2]))
    still_held = Checkout.objects.filter(state="held")
    assert processes.wait_until(lambda: not (holds.expire_due() or still_held.exists()), seconds=30)
    states = Counter(Checkout.objects.values_list("state", flat=True))
    used = answers[201, None]
    assert states == Counter(redeemed=used, expired=answers[409, "reservation_over"])
    assert states.total() == MANY
    assert taken(promotion)[0] == used


@pytest.mark.parametrize("with_the_job", [False, True])
def test_dead_holds_are_in_nobodys_way(shop: Shop, store, with_the_job: bool) -> None:
    """Job or no job, every new order gets what they held, none more."""
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=MANY))
    for _ in range(MANY):
        assert shop.post("/reservations", cart())[0] == 201
    Checkout.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    calls = [(path, body, f"k{n}") for n, (path, body, _) in enumerate(orders(MANY + 10))]
    with ThreadPoolExecutor(1) as pool:
        bought = pool.submit(shop.at_once, calls)
        while with_the_job and not bought.done():
            holds.expire_due(most=3)
        answers = bought.result()
    assert told(answers) == {(201, None): MANY, (409, "code_refused"): 10}
    assert Counter(Checkout.objects.values_list("state", flat=True)) == {
        "expired": MANY,
        "redeemed": MANY,
    }
    assert taken(promotion)[0] == MANY


def test_cancellation_against_redemption(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=100))
    calls = orders()
    calls.insert(MANY // 2, (f"/promotions/{promotion.pk}/cancel", {}, None))
    answers = shop.at_once(calls)
    cancelled = Promotion.objects.get(pk=promotion.pk).cancelled_at
    counts = told(answers)
    assert set(counts) <= {(201, None), (200, "TEN"), (409, "code_refused")}
    assert set(reasons(answers)) <= {"cancelled"}
    assert not Redemption.objects.filter(decided_at__gte=cancelled).exists()
    assert taken(promotion)[0] == counts[201, None]
    status, body = shop.post("/redemptions", cart(order_ref="late"))
    assert (status, reasons([(status, body)])) == (409, {"cancelled": 1})


def test_a_limit_that_comes_while_all_are_buying(shop: Shop, store) -> None:
    """It counts every use, those before it and those after."""
    promotion = make_promotion(store=store, code="TEN")
    calls = [
        ("/redemptions", cart(order_ref=f"o{n}", shopper={"ref": f"u{n % 4}"}), None)
        for n in range(MANY)
    ]
    with ThreadPoolExecutor(1) as pool:
        bought = pool.submit(shop.at_once, calls)
        while not (bought.done() or Redemption.objects.exists()):
            time.sleep(0.005)
        limits = Limits(total=1_000, per_person=10, per_code=900)
        promotions.amend(promotion_id=promotion.pk, actor="ops", limits=limits)
        before = Redemption.objects.count()
        answers = bought.result()
    assert told(answers) == {(201, None): MANY}
    assert 0 < before <= MANY
    assert taken(promotion)[0] == MANY
    assert UseSlot.objects.count() == 2 * MANY
    refused = shop.post("/redemptions", cart(order_ref="late", shopper={"ref": "u1"}))
    assert reasons([refused]) == {"customer_limit_reached": 1}


def test_two_reversals_of_one_order_at_once(shop: Shop, store) -> None:
    terms = make_terms(gives_back_for=("refunded",))
    promotion = make_promotion(
        store=store, code="TEN", terms=terms, limits=Limits(total=1, budget_minor=5_000)
    )
    line = {"ref": "1", "store": "s1", "unit_price": 999, "quantity": 7}
    _, order = shop.post("/redemptions", cart(order_ref="o1", lines=[line]))
    path = f"/redemptions/{order['id']}/reversals"
    calls = [
        (
            path,
            {
                "reversal_ref": f"r{n % 20}",
                "cause": "refunded",
                "lines": [{"ref": "1", "quantity": 1}],
            },
            None,
        )
        for n in range(MANY)
    ]
    answers = shop.at_once(calls)
    counts = told(answers)
    assert counts == {(201, None): 7, (200, None): 7, (422, "too_many_units"): 26}
    back = {body["reversal_ref"]: body for status, body in answers if status in (200, 201)}
    assert sum(body["discount_returned"] for body in back.values()) == 699
    assert sum(body["amount_returned"] for body in back.values()) == 6_993 - 699
    assert sum(body["uses_returned"] for body in back.values()) == 1
    assert taken(promotion) == (0, 0)


def test_all_that_is_left_asked_for_twice_at_once(shop: Shop, store) -> None:
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=1, budget_minor=500))
    _, order = shop.post("/redemptions", cart(order_ref="o1"))
    path = f"/redemptions/{order['id']}/reversals"
    calls = [(path, {"reversal_ref": f"r{n}", "cause": "cancelled"}, None) for n in range(MANY)]
    answers = shop.at_once(calls)
    assert told(answers) == {(201, None): MANY}
    assert sum(body["discount_returned"] for _, body in answers) == 100
    assert sum(body["uses_returned"] for _, body in answers) == 1
    assert taken(promotion) == (0, 0)


def test_reversals_and_new_orders_at_once(shop: Shop, store) -> None:
    """What comes back may be taken at once by another, and never twice."""
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=10, budget_minor=1_000))
    ids = [shop.post("/redemptions", cart(order_ref=f"a{n}"))[1]["id"] for n in range(10)]
    calls = orders(20) + [
        (f"/redemptions/{one}/reversals", {"reversal_ref": "r", "cause": "cancelled"}, None)
        for one in ids * 2
    ]
    random.Random(2).shuffle(calls)
    counts = told(shop.at_once(calls))
    assert set(counts) <= {(201, None), (200, None), (409, "code_refused")}
    assert counts[200, None] == 10
    new = counts[201, None] - 10
    assert 0 <= new <= 10
    assert taken(promotion) == (new, new * 100)


def test_one_word_for_two_promotions_at_once(shop: Shop, store) -> None:
    body = {
        "name": "Deal",
        "store": "s1",
        "currency": "RUB",
        "discount": {"type": "percent", "percent": "10"},
        "code": "WORD",
    }
    answers = told(shop.at_once([("/promotions", body, None)] * 16))
    assert answers == {(201, "WORD"): 1, (409, "code_taken"): 15}
    assert Promotion.objects.count() == 1
