"""The fold of an order: the same in any order, with any repetition, exact to the minor unit."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.folding import Event, FoldedOrder, Parked, fold
from marketplace.money import MAX_MINOR

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def event(version, kind, *, event_id=None, client_id=1, at=None, **facts) -> Event:
    """An event of order o1, `version` hours after noon unless said otherwise."""
    return Event(
        client_id=client_id,
        order_ref="o1",
        event_id=event_id or f"e{version}-{kind}",
        version=version,
        type=kind,
        occurred_at=at or NOON + timedelta(hours=version),
        facts=facts,
    )


def line(ref="1", unit_price=10_000, quantity=1, discount=0, store="s1", **more):
    """A line of an event."""
    return {
        "ref": ref,
        "store": store,
        "unit_price": unit_price,
        "quantity": quantity,
        "discount": discount,
    } | more


def refund(version, ref, *items, **more) -> Event:
    """A refund of (line, units) pairs; of everything without any."""
    facts = {"ref": ref}
    if items:
        facts["lines"] = [{"ref": line_ref, "quantity": units} for line_ref, units in items]
    return event(version, "refunded", event_id=f"e-{ref}-{version}", refund=facts, **more)


def by_ref(order: FoldedOrder) -> dict:
    return {line.ref: line for line in order.lines}


PLACED = event(1, "placed", currency="RUB", lines=[line(quantity=3, discount=1)], shipping=300)
PAID = event(2, "paid")
DELIVERED = event(3, "delivered")
CANCELLED = event(9, "cancelled")


def test_one_event_is_an_order():
    order = fold([PLACED])
    assert order == FoldedOrder(
        version=1,
        state="placed",
        currency="RUB",
        shopper_ref="",
        identities=(),
        shipping_minor=300,
        codes=(),
        click_ref="",
        placed_at=PLACED.occurred_at,
        paid_at=None,
        delivered_at=None,
        cancelled_at=None,
        lines=order.lines,
        parked=(),
    )
    assert by_ref(order)["1"].total_minor == 29_999
    assert by_ref(order)["1"].refunded_minor == 0


def test_no_event_is_no_order():
    with pytest.raises(ValueError, match="at least one"):
        fold([])


ARRIVALS = list(permutations([PLACED, PAID, DELIVERED, refund(4, "r", ("1", 2))]))


@pytest.mark.parametrize("events", ARRIVALS)
def test_every_order_of_arrival_gives_the_same(events):
    order = fold(events)
    assert order.state == "delivered"
    assert (order.placed_at, order.paid_at, order.delivered_at) == (
        PLACED.occurred_at,
        PAID.occurred_at,
        DELIVERED.occurred_at,
    )
    assert by_ref(order)["1"].refunded_quantity == 2
    assert by_ref(order)["1"].refunded_minor == 19_999  # 29,999 × 2 / 3 = 19,999.33


def test_facts_come_from_the_highest_version_that_carries_them():
    order = fold(
        [
            event(5, "paid", codes=["NEW"]),
            event(1, "placed", currency="RUB", lines=[line()], codes=["OLD"], click_id="c1"),
            event(3, "placed", lines=[line("2", 700)], shipping=10),
            event(4, "placed", shopper={"ref": "u2", "prints": ["email:x"]}),
            event(2, "placed", shopper={"ref": "u1", "prints": []}, shipping=99),
        ]
    )
    assert order.version == 5
    assert order.codes == ("NEW",)
    assert order.click_ref == "c1"
    assert order.shipping_minor == 10
    assert (order.shopper_ref, order.identities) == ("u2", ("email:x",))
    assert [row.ref for row in order.lines] == ["2"]


def test_a_step_keeps_the_time_at_which_it_was_first_taken():
    order = fold([PLACED, PAID, event(6, "paid"), event(7, "placed", lines=[line("2")])])
    assert order.state == "paid"
    assert order.placed_at == PLACED.occurred_at
    assert order.paid_at == PAID.occurred_at


def test_delivered_before_paid_waits_for_the_money():
    order = fold([PLACED, event(2, "delivered")])
    assert (order.state, order.paid_at) == ("delivered", None)


def test_cancelled_after_paid_means_that_everything_came_back():
    for events in permutations([PLACED, PAID, CANCELLED]):
        order = fold(events)
        assert order.state == "cancelled"
        assert order.cancelled_at == CANCELLED.occurred_at
        assert order.paid_at == PAID.occurred_at
        assert by_ref(order)["1"].refunded_quantity == 3
        assert by_ref(order)["1"].refunded_minor == 29_999


def test_cancelled_before_it_was_paid_returns_nothing():
    order = fold([PLACED, CANCELLED])
    assert (order.state, order.paid_at) == ("cancelled", None)
    assert by_ref(order)["1"].refunded_minor == 0


def test_cancelled_and_paid_with_one_version_is_cancelled():
    order = fold([PLACED, event(9, "paid"), CANCELLED])
    assert order.state == "cancelled"


def test_a_later_step_takes_a_cancelled_order_up_again():
    order = fold([PLACED, PAID, CANCELLED, event(10, "placed")])
    assert (order.state, order.cancelled_at) == ("placed", None)
    assert order.paid_at is None
    assert by_ref(order)["1"].refunded_quantity == 0
    order = fold([PLACED, PAID, CANCELLED, event(10, "paid")])
    assert (order.state, order.paid_at) == ("paid", NOON + timedelta(hours=10))


def test_a_refund_after_the_cancellation_changes_nothing():
    order = fold([PLACED, PAID, CANCELLED, refund(10, "r", ("1", 1))])
    assert order.state == "cancelled"
    assert by_ref(order)["1"].refunded_quantity == 3
    assert order.parked == ()


def test_a_refund_that_is_told_twice_counts_once():
    again = refund(5, "r", ("1", 1))
    order = fold([PLACED, PAID, refund(4, "r", ("1", 1)), again])
    assert by_ref(order)["1"].refunded_quantity == 1


def test_the_last_version_of_a_refund_wins():
    order = fold([PLACED, refund(4, "r", ("1", 3)), refund(5, "r", ("1", 1))])
    assert by_ref(order)["1"].refunded_quantity == 1


def test_a_refund_of_an_unknown_line_is_parked_until_the_line_is_known():
    early = refund(4, "r", ("2", 1))
    assert fold([PLACED, early]).parked == (Parked("r", "2", 1, "unknown_line"),)
    order = fold([PLACED, early, event(2, "placed", lines=[line("1"), line("2")])])
    assert order.parked == ()
    assert by_ref(order)["2"].refunded_quantity == 1


def test_more_units_than_were_bought_are_parked():
    order = fold([PLACED, refund(4, "a", ("1", 2)), refund(5, "b", ("1", 2))])
    assert by_ref(order)["1"].refunded_minor == 29_999
    assert order.parked == (Parked("b", "1", 1, "more_than_bought"),)


def test_a_refund_without_lines_is_of_everything():
    order = fold([PLACED, PAID, refund(4, "r")])
    assert order.state == "paid"
    assert by_ref(order)["1"].refunded_minor == 29_999


@pytest.mark.parametrize(
    ("total", "quantity", "parts"),
    [
        (1, 7, [0, 0, 0, 1, 1, 1, 1]),
        (29_999, 3, [10_000, 19_999, 29_999]),
        (0, 4, [0, 0, 0, 0]),
        (5, 2, [3, 5]),
        (MAX_MINOR, 2, [500_000_000_000, MAX_MINOR]),
    ],
)
def test_part_returns_are_half_up_on_the_sum(total, quantity, parts):
    bought = line(unit_price=MAX_MINOR // quantity + 1, quantity=quantity)
    bought["discount"] = bought["unit_price"] * quantity - total
    start = event(1, "placed", lines=[bought])
    refunds = [refund(n + 2, f"r{n}", ("1", 1)) for n in range(quantity)]
    got = [by_ref(fold([start, *refunds[: n + 1]]))["1"].refunded_minor for n in range(quantity)]
    assert got == parts


refs = st.sampled_from(["1", "2", "3"])
amounts = st.integers(0, 10_000)
quantities = st.integers(1, 5)


@st.composite
def histories(draw) -> list[Event]:
    """Any events of one order that the API would let in, ids unique per client."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["placed", "paid", "delivered", "cancelled", "refunded"]))
        facts = {}
        if kind == "refunded":
            items = draw(
                st.lists(st.tuples(refs, quantities), max_size=3, unique_by=lambda i: i[0])
            )
            facts["refund"] = {"ref": draw(st.sampled_from(["ra", "rb", "rc"]))}
            if items:
                facts["refund"]["lines"] = [{"ref": r, "quantity": q} for r, q in items]
        elif draw(st.booleans()):
            facts["lines"] = [
                line(ref, price, quantity, draw(st.integers(0, price * quantity)))
                for ref, price, quantity in draw(
                    st.lists(st.tuples(refs, amounts, quantities), unique_by=lambda i: i[0])
                )
            ]
        if draw(st.booleans()):
            facts["shipping"] = draw(amounts)
        found.append(
            event(
                draw(st.integers(0, 4)),
                kind,
                event_id=f"e{number}",
                client_id=draw(st.integers(1, 2)),
                at=NOON + timedelta(minutes=draw(st.integers(0, 3))),
                **facts,
            )
        )
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(history: list[Event], chance: random.Random):
    shuffled = history + chance.choices(history, k=3)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(history)


@given(histories())
def test_money_stays_within_the_line_and_no_unit_is_lost(history: list[Event]):
    order = fold(history)
    for row in order.lines:
        assert 0 <= row.refunded_quantity <= row.quantity
        assert 0 <= row.refunded_minor <= row.total_minor
        if row.refunded_quantity == row.quantity:
            assert row.refunded_minor == row.total_minor
    if order.state != "cancelled":
        last = {}
        for e in sorted(history, key=lambda e: e.rank):
            if "refund" in e.facts:
                last[e.facts["refund"]["ref"]] = e.facts["refund"]
        if all("lines" in one for one in last.values()):
            asked = sum(item["quantity"] for one in last.values() for item in one["lines"])
            taken = sum(row.refunded_quantity for row in order.lines)
            assert asked == taken + sum(item.quantity for item in order.parked)


@given(histories())
def test_every_event_once_more_with_another_id_changes_no_money(history: list[Event]):
    twin = [replace(e, event_id=f"{e.event_id}-again") for e in history]
    assert fold(history + twin) == fold(history)
