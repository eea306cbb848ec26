"""Order intake over HTTP: stored once, folded at once, refused whole."""

import json
import random
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from marketplace import orders
from marketplace.models import Order, OrderEvent, OrderLine
from marketplace.money import MAX_MINOR
from tests.api import Api
from tests.factories.marketplace import (
    make_category,
    make_client,
    make_line,
    make_order_event,
    make_product,
    make_store,
    make_user,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return make_store(ref="s1")


def report(api, **members):
    return api.post("/orders/events", make_order_event(**members))


def nothing_recorded() -> bool:
    return not OrderEvent.objects.exists() and not Order.objects.exists()


def placed(store, order_ref="o1", **members):
    defaults = {
        "type": "placed",
        "lines": [
            make_line(store=store, ref="1", unit_price=120_000, quantity=2, discount=24_000),
            make_line(store=store, ref="2", unit_price=1, quantity=7),
        ],
        "shipping": 30_000,
        "codes": [" SUMMER10 "],
        "click_id": "c1",
        "shopper": {"ref": "u1", "email": "Anna@Example.com", "phone": "+7 900 000-00-00"},
    }
    return make_order_event(order_ref=order_ref, **defaults | members)


def test_a_reported_order_reads_back(api, store):
    answer = api.post("/orders/events", placed(store, event_id="e1"))
    assert (answer.status_code, answer.json()) == (202, {"event_id": "e1", "stored": True})
    answer = api.get("/orders/o1")
    assert answer.status_code == 200
    assert answer.json() == {
        "order_ref": "o1",
        "reported_by": None,
        "state": "placed",
        "version": 1,
        "currency": "RUB",
        "shopper": "u1",
        "placed_at": "2026-06-01T12:00:00Z",
        "paid_at": None,
        "delivered_at": None,
        "cancelled_at": None,
        "subtotal": 240_007,
        "discount": 24_000,
        "shipping": 30_000,
        "total": 246_007,
        "refunded": 0,
        "codes": ["SUMMER10"],
        "click_id": "c1",
        "lines": [
            {
                "ref": "1",
                "product": "p-1",
                "store": "s1",
                "category": None,
                "unit_price": 120_000,
                "quantity": 2,
                "discount": 24_000,
                "total": 216_000,
                "refunded_quantity": 0,
                "refunded": 0,
                "attribution": None,
                "commissions": [],
            },
            {
                "ref": "2",
                "product": "p-2",
                "store": "s1",
                "category": None,
                "unit_price": 1,
                "quantity": 7,
                "discount": 0,
                "total": 7,
                "refunded_quantity": 0,
                "refunded": 0,
                "attribution": None,
                "commissions": [],
            },
        ],
        "parked": [],
    }


def test_the_same_event_again_is_not_stored_again(api, store):
    event = placed(store)
    assert api.post("/orders/events", event).json()["stored"] is True
    before = Order.objects.values().get()
    # The same instant in another zone, null for absent: still the same event.
    event["occurred_at"] = "2026-06-01T15:00:00+03:00"
    event["refund"] = None
    assert api.post("/orders/events", event).json()["stored"] is False
    assert OrderEvent.objects.count() == 1
    assert Order.objects.values().get() == before


def test_an_event_id_of_another_client_is_another_event(api, store):
    _, secret = make_client()
    assert api.post("/orders/events", placed(store, event_id="e1")).json()["stored"] is True
    assert Api(secret).post("/orders/events", placed(store, event_id="e1")).json()["stored"] is True
    assert OrderEvent.objects.count() == 2


@pytest.mark.parametrize(
    "other", [{"version": 2}, {"shipping": 30_001}, {"order_ref": "o2"}, {"shopper": {"ref": "u2"}}]
)
def test_an_event_id_with_another_body_is_refused(api, store, other):
    api.post("/orders/events", placed(store, event_id="e1"))
    answer = api.post("/orders/events", placed(store, event_id="e1") | other)
    assert (answer.status_code, answer.json()["code"]) == (422, "event_mismatch")
    assert OrderEvent.objects.count() == Order.objects.count() == 1


def story(store):
    bought = [make_line(store=store, unit_price=100, quantity=3, discount=1)]
    return [
        make_order_event(order_ref="o1", event_id="a", type="placed", lines=bought),
        make_order_event(order_ref="o1", event_id="b", type="paid", version=2),
        make_order_event(
            order_ref="o1",
            event_id="c",
            type="refunded",
            version=3,
            refund={"ref": "r1", "lines": [{"ref": "1", "quantity": 2}]},
        ),
        make_order_event(order_ref="o1", event_id="d", type="delivered", version=4),
    ]


def test_events_in_any_order_make_the_same_order(api, store):
    seen = []
    for arrival in permutations(story(store)):
        renamed = json.loads(json.dumps(arrival).replace('"o1"', f'"o-{len(seen)}"'))
        for event in [*renamed, renamed[0]]:
            event["event_id"] += f"-{len(seen)}"
            if len(event["event_id"]) > 12:  # the repeated one has its id already
                continue
            assert api.post("/orders/events", event).status_code == 202
        order = api.get(f"/orders/o-{len(seen)}").json()
        seen.append({**order, "order_ref": ""})
    assert all(order == seen[0] for order in seen)
    assert seen[0]["state"] == "delivered"
    assert seen[0]["lines"][0]["refunded"] == 199  # 299 × 2 / 3 = 199.33
    call_command("verify_invariants", verbosity=0)


def test_part_refunds_end_at_the_whole(api, store):
    bought = [make_line(store=store, unit_price=3_411, quantity=3, discount=2_999)]
    report(api, order_ref="o1", lines=bought)
    returned = []
    for n in range(3):
        report(
            api,
            order_ref="o1",
            type="refunded",
            version=n + 2,
            refund={"ref": f"r{n}", "lines": [{"ref": "1", "quantity": 1}]},
        )
        returned.append(OrderLine.objects.get().refunded_minor)
    assert returned == [2_411, 4_823, 7_234]  # of 7,234
    assert OrderLine.objects.get().total_minor == 7_234


def test_a_refund_that_can_not_be_is_parked_and_said(api, store):
    report(
        api,
        order_ref="o1",
        type="refunded",
        currency=None,
        refund={"ref": "r", "lines": [{"ref": "9", "quantity": 1}, {"ref": "1", "quantity": 2}]},
    )
    assert api.get("/orders/o1").json()["parked"] == [
        {"refund": "r", "line": "9", "quantity": 1, "reason": "unknown_line"},
        {"refund": "r", "line": "1", "quantity": 2, "reason": "unknown_line"},
    ]
    report(api, order_ref="o1", lines=[make_line(store=store)])
    order = api.get("/orders/o1").json()
    assert order["parked"] == [
        {"refund": "r", "line": "9", "quantity": 1, "reason": "unknown_line"},
        {"refund": "r", "line": "1", "quantity": 1, "reason": "more_than_bought"},
    ]
    assert order["refunded"] == 10_000


def test_no_address_or_phone_gets_into_the_journal(api, store):
    secret = {
        "ref": "u1",
        "email": "anna@example.com",
        "phone": "+79001112233",
        "device": "d-secret",
        "payment": "4276-secret",
    }
    report(api, order_ref="o1", lines=[make_line(store=store)], shopper=secret)
    kept = json.dumps(OrderEvent.objects.get().payload)
    assert not any(text in kept for text in ("anna", "79001112233", "d-secret", "4276"))
    order = Order.objects.get()
    assert (order.shopper_ref, len(order.identities)) == ("u1", 4)
    # The same person by another spelling of the address, without the shop's id.
    report(
        api,
        order_ref="o2",
        lines=[make_line(store=store)],
        shopper={"email": "ANNA+shop@example.com"},
    )
    other = Order.objects.get(ref="o2")
    found = Order.objects.of_person(shopper_ref="", identities=other.identities)
    assert set(found) == {order, other}


def test_the_shopper_is_linked_when_we_know_them(api, store):
    anna = make_user(ref="u1")
    report(api, order_ref="o1", lines=[make_line(store=store)], shopper={"ref": "u1"})
    report(api, order_ref="o2", lines=[make_line(store=store)], shopper={"ref": "stranger"})
    assert Order.objects.get(ref="o1").shopper == anna
    assert Order.objects.get(ref="o2").shopper is None


def test_the_catalogue_fills_what_the_line_leaves_out(api, store):

    make_product(store=store, ref="mug", category=make_category(ref="mugs"))
    line = {"ref": "1", "product": "mug", "unit_price": 5, "quantity": 1}
    report(api, order_ref="o1", lines=[line])
    report(api, order_ref="o2", lines=[line | {"category": "gifts"}])
    assert OrderLine.objects.get(order__ref="o1").store == store
    assert OrderLine.objects.get(order__ref="o1").category_ref == "mugs"
    assert OrderLine.objects.get(order__ref="o2").category_ref == "gifts"


def test_lines_that_are_gone_from_the_last_version_are_gone(api, store):
    report(api, order_ref="o1", lines=[make_line(store=store, ref=r) for r in ("1", "2")])
    report(api, order_ref="o1", version=2, lines=[make_line(store=store, ref="2", unit_price=7)])
    assert [(row.ref, row.unit_price_minor) for row in OrderLine.objects.all()] == [("2", 7)]


REFUSED = {
    "unknown store": ({"lines": [{"store": "nowhere"}]}, 422, "unknown_store"),
    "unknown product alone": ({"lines": [{"store": None}]}, 422, "unknown_product"),
    "product of another store": ({"lines": [{"product": "foreign"}]}, 422, None),
    "discount above the price": ({"lines": [{"discount": 10_001}]}, 400, "lines.0.discount"),
    "float price": ({"lines": [{"unit_price": 1.0}]}, 400, "lines.0.unit_price"),
    "price as text": ({"lines": [{"unit_price": "100"}]}, 400, "lines.0.unit_price"),
    "price as bool": ({"lines": [{"unit_price": True}]}, 400, "lines.0.unit_price"),
    "negative price": ({"lines": [{"unit_price": -1}]}, 400, "lines.0.unit_price"),
    "huge price": ({"lines": [{"unit_price": 10**30}]}, 400, "lines.0.unit_price"),
    "huge line": ({"lines": [{"unit_price": MAX_MINOR, "quantity": 2}]}, 400, "lines.0.unit_price"),
    "huge order": (
        {"lines": [{"unit_price": MAX_MINOR}, {"ref": "2", "unit_price": 1}]},
        400,
        "lines",
    ),
    "no units": ({"lines": [{"quantity": 0}]}, 400, "lines.0.quantity"),
    "same line twice": ({"lines": [{}, {}]}, 400, "lines.1.ref"),
    "no lines at all": ({"lines": []}, 400, "lines"),
    "unknown field": ({"colour": "red"}, 400, "colour"),
    "unknown field of a line": ({"lines": [{"tax": 1}]}, 400, "lines.0.tax"),
    "unknown field of the shopper": ({"shopper": {"name": "Anna"}}, 400, "shopper.name"),
    "unknown currency": ({"currency": "ABC"}, 400, "currency"),
    "currency in small letters": ({"currency": "rub"}, 400, "currency"),
    "amounts without currency": ({"currency": None}, 400, "currency"),
    "unknown type": ({"type": "lost"}, 400, "type"),
    "type as a list": ({"type": ["paid"]}, 400, "type"),
    "time without offset": ({"occurred_at": "2026-06-01T12:00:00"}, 400, "occurred_at"),
    "time that is none": ({"occurred_at": "2026-02-30T12:00:00Z"}, 400, "occurred_at"),
    "date only": ({"occurred_at": "2026-06-01"}, 400, "occurred_at"),
    "time at the end of time": ({"occurred_at": "9999-12-31T23:59:59-23:59"}, 400, "occurred_at"),
    "time as a number": ({"occurred_at": 1780000000}, 400, "occurred_at"),
    "negative version": ({"version": -1}, 400, "version"),
    "version beyond a bigint": ({"version": 2**63}, 400, "version"),
    "no version": ({"version": None}, 400, "version"),
    "empty ref": ({"order_ref": ""}, 400, "order_ref"),
    "long ref": ({"order_ref": "x" * 65}, 400, "order_ref"),
    "ref with a newline": ({"order_ref": "o1\n"}, 400, "order_ref"),
    "ref in Cyrillic": ({"event_id": "е1"}, 400, "event_id"),
    "ref as a number": ({"event_id": 1}, 400, "event_id"),
    "shopper as a list": ({"shopper": []}, 400, "shopper"),
    "wrong e-mail": ({"shopper": {"email": "anna"}}, 400, "shopper.email"),
    "codes as text": ({"codes": "A"}, 400, "codes"),
    "an empty code": ({"codes": ["A", " "]}, 400, "codes.1"),
    "refund of a paid event": ({"refund": {"ref": "r"}}, 400, "refund"),
    "refunded without refund": ({"type": "refunded"}, 400, "refund"),
    "refund of no units": (
        {"type": "refunded", "refund": {"ref": "r", "lines": [{"ref": "1", "quantity": 0}]}},
        400,
        "refund.lines.0.quantity",
    ),
    "refund of one line twice": (
        {"type": "refunded", "refund": {"ref": "r", "lines": [{"ref": "1", "quantity": 1}] * 2}},
        400,
        "refund.lines.1.ref",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_event_is_refused_and_changes_nothing(api, store, name):
    members, status, said = REFUSED[name]
    make_product(store=make_store(ref="other"), ref="foreign")
    members = {"lines": [{}]} | members
    members["lines"] = [
        make_line(store=store, **line) if "store" not in line else make_line(store=store) | line
        for line in members["lines"]
    ]
    answer = (
        report(api, order_ref="o1", **{k: v for k, v in members.items() if k != "order_ref"})
        if "order_ref" not in members
        else report(api, **members)
    )
    problem = answer.json()
    assert answer.status_code == status, problem
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    if status == 400:
        assert problem["code"] == "invalid"
        assert list(problem["errors"]) == [said]
    else:
        assert problem["code"] == (said or "product_of_another_store")
    assert nothing_recorded()


def test_a_placed_event_needs_its_lines(api, store):
    answer = report(api, order_ref="o1", type="placed")
    assert list(answer.json()["errors"]) == ["lines"]
    assert nothing_recorded()


def test_an_order_keeps_its_currency(api, store):
    report(api, order_ref="o1", lines=[make_line(store=store)])
    answer = report(api, order_ref="o1", version=2, currency="USD", shipping=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "currency_conflict")
    assert OrderEvent.objects.count() == 1
    assert Order.objects.get().currency == "RUB"


def test_an_order_has_a_bounded_history(api, store, monkeypatch):
    monkeypatch.setattr(orders, "MOST_EVENTS", 2)
    for version in (1, 2):
        assert report(api, order_ref="o1", version=version).status_code == 202
    answer = report(api, order_ref="o1", version=3)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_events")
    assert OrderEvent.objects.count() == 2


def test_a_batch_is_recorded_whole(api, store):
    events = [placed(store, order_ref=f"o{n % 40}", event_id=f"e{n}") for n in range(500)]
    answer = api.post("/orders/events/batch", {"events": [*events[:-1], events[0]]})
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [item["event_id"] for item in results] == [f"e{n}" for n in range(499)] + ["e0"]
    assert [item["stored"] for item in results] == [True] * 499 + [False]
    assert Order.objects.count() == 40
    again = api.post("/orders/events/batch", {"events": events})
    assert sum(item["stored"] for item in again.json()["results"]) == 1
    call_command("verify_invariants", verbosity=0)


def test_a_batch_costs_the_same_statements_as_one_event(api, store, django_assert_num_queries):
    api.get("/orders/none")
    with django_assert_num_queries(9):
        api.post("/orders/events", placed(store, order_ref="a"))
    with django_assert_num_queries(9):
        events = [placed(store, order_ref=f"b{n}") for n in range(50)]
        api.post("/orders/events/batch", {"events": events})


def test_one_wrong_event_refuses_the_batch(api, store):
    events = [placed(store, order_ref=f"o{n}") for n in range(3)]
    events[1]["lines"][0]["quantity"] = 1.5
    answer = api.post("/orders/events/batch", {"events": events})
    assert list(answer.json()["errors"]) == ["events.1.lines.0.quantity"]
    events[1] = placed(make_store(ref="gone"), order_ref="o1", event_id="bad")
    events[1]["lines"][1]["store"] = "nowhere"
    answer = api.post("/orders/events/batch", {"events": events})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["event_id"], problem["store"]) == (
        "unknown_store",
        "bad",
        "nowhere",
    )
    assert nothing_recorded()


@pytest.mark.parametrize("count", [0, 501])
def test_a_batch_has_one_to_500_events(api, store, count):
    answer = api.post("/orders/events/batch", {"events": [placed(store)] * count})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["events"])
    assert nothing_recorded()


def test_two_events_with_one_id_in_a_batch_are_refused(api, store):
    events = [placed(store, event_id="e", version=version) for version in (1, 2)]
    answer = api.post("/orders/events/batch", {"events": events})
    assert (answer.status_code, answer.json()["code"]) == (422, "event_mismatch")
    assert nothing_recorded()


class TestAStoresOwnKey:
    @pytest.fixture
    def mallory(self, store):
        """The key of another store."""
        _, secret = make_client(store=make_store(ref="m1"))
        return Api(secret)

    @pytest.fixture
    def own(self, store):
        _, secret = make_client(store=store)
        return Api(secret)

    def test_reports_and_reads_its_orders(self, own, store):
        assert own.post("/orders/events", placed(store)).status_code == 202
        order = own.get("/orders/o1").json()
        assert (order["order_ref"], order["reported_by"]) == ("o1", "s1")
        assert order["lines"][0]["store"] == "s1"
        assert (order["total"], order["shipping"]) == (246_007, 30_000)

    def test_sees_only_its_lines_of_a_mixed_order(self, api, own, store):
        lines = [make_line(store=store), make_line(store=make_store(ref="s2"), ref="2")]
        refund = {"ref": "r", "lines": [{"ref": "1", "quantity": 9}, {"ref": "2", "quantity": 9}]}
        report(api, order_ref="o1", lines=lines)
        report(api, order_ref="o1", type="refunded", version=2, refund=refund)
        order = own.get("/orders/o1").json()
        assert [line["ref"] for line in order["lines"]] == ["1"]
        assert [item["line"] for item in order["parked"]] == ["1"]
        assert (order["reported_by"], order["subtotal"], order["shipping"]) == (None, 10_000, None)

    def test_does_not_learn_of_a_foreign_order(self, api, mallory, store):
        report(api, order_ref="o1", lines=[make_line(store=store)])
        foreign, missing = mallory.get("/orders/o1"), mallory.get("/orders/none")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content

    @pytest.mark.parametrize("kind", ["paid", "cancelled", "refunded"])
    @pytest.mark.parametrize("first", ["marketplace", "other store"])
    def test_does_not_get_into_a_foreign_order(self, api, own, mallory, store, kind, first):
        """It has order numbers of its own, so it isn't even told that the number is known."""
        speaker = api if first == "marketplace" else own
        report(speaker, order_ref="o1", lines=[make_line(store=store)])
        before = list(Order.objects.values()), list(OrderLine.objects.values())
        members = {"refund": {"ref": "r"}} if kind == "refunded" else {}
        known = report(mallory, order_ref="o1", type=kind, version=9, event_id="e1", **members)
        free = report(mallory, order_ref="o2", type=kind, version=9, event_id="e2", **members)
        assert known.status_code == free.status_code == 202
        assert known.content.replace(b"e1", b"e2") == free.content
        foreign = Order.objects.exclude(reported_by__ref="m1")
        assert (list(foreign.values()), list(OrderLine.objects.values())) == before
        assert speaker.get("/orders/o1").json()["version"] == 1
        assert mallory.get("/orders/o1").json()["lines"] == []
        call_command("verify_invariants", verbosity=0)

    def test_can_not_hold_a_number_against_the_marketplace(self, api, mallory, store):
        """Neither by a huge version, nor by another currency, nor by very many events."""
        evil = [make_line(store=store) | {"store": "m1"}]
        report(mallory, order_ref="o1", version=2**62, currency="USD", lines=evil)
        assert report(api, order_ref="o1", lines=[make_line(store=store)]).status_code == 202
        order = api.get("/orders/o1").json()
        assert (order["currency"], order["version"]) == ("RUB", 1)
        assert [line["store"] for line in order["lines"]] == ["s1"]

    def test_says_nothing_more_once_the_marketplace_has_told_of_the_sale(self, api, own, store):
        event = placed(store, event_id="early", shipping=1)
        assert own.post("/orders/events", event).json()["stored"] is True
        report(api, order_ref="o1", lines=[make_line(store=store), make_line(store=store, ref="2")])
        before = list(Order.objects.values())
        answer = report(own, order_ref="o1", type="paid", version=9)
        missing = own.get("/orders/none")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["detail"] == missing.json()["detail"]
        assert list(Order.objects.values()) == before
        again = own.post("/orders/events", event)
        assert (again.status_code, again.json()["stored"]) == (202, False), "still the same event"
        order = own.get("/orders/o1").json()
        assert (order["reported_by"], len(order["lines"])) == (None, 2)
        call_command("verify_invariants", verbosity=0)

    def test_keys_of_one_store_speak_of_the_same_orders(self, own, store):
        other = Api(make_client(store=store)[1])
        report(own, order_ref="o1", type="placed", lines=[make_line(store=store)])
        assert report(other, order_ref="o1", version=2).status_code == 202
        assert own.get("/orders/o1").json() == other.get("/orders/o1").json()
        assert own.get("/orders/o1").json()["state"] == "paid"

    def test_one_number_told_by_three_is_three_orders(self, api, own, mallory, store):
        """What each says comes out as if the others were not there, in any mix of arrival."""
        speakers = {"other": api, "s1": own, "m1": mallory}
        make_store(ref="other")
        told = [(ref, version) for ref in speakers for version in (1, 2, 3)] * 2
        random.Random(5).shuffle(told)
        for ref, version in told:
            sold = make_line(store=store, unit_price=version * 100) | {"store": ref}
            event = make_order_event(
                order_ref="o1", event_id=f"e{version}", version=version, lines=[sold]
            )
            assert speakers[ref].post("/orders/events", event).status_code == 202
        rows = OrderLine.objects.order_by("order__ref")
        assert list(rows.values_list("order__ref", "store__ref", "unit_price_minor")) == [
            ("m1/o1", "m1", 300),
            ("o1", "other", 300),
            ("s1/o1", "s1", 300),
        ]
        call_command("verify_invariants", verbosity=0)

    def test_does_not_report_lines_of_another_store(self, mallory, store):
        known = mallory.post("/orders/events", placed(store))
        missing = mallory.post("/orders/events", placed(make_store(ref="x"), order_ref="o2"))
        assert known.status_code == missing.status_code == 404
        assert known.content == missing.content
        assert nothing_recorded()


@pytest.mark.parametrize("sql", ["UPDATE {} SET version = 9", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_journal_can_not_be_changed(api, store, sql):
    report(api, order_ref="o1", lines=[make_line(store=store)])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else TRUNCATE waits for the foreign keys
        with pytest.raises(DatabaseError, match=r"append|Cannot"), transaction.atomic():
            cursor.execute(sql.format("marketplace_orderevent"))
    assert OrderEvent.objects.get().version == 1


def test_fold_mends_an_order_that_was_tampered_with(api, store):
    report(api, order_ref="o1", lines=[make_line(store=store)])
    right = list(OrderLine.objects.values())
    OrderLine.objects.update(unit_price_minor=5)
    assert list(orders.misfolded()) == [("o1",)]
    with pytest.raises(CommandError):
        call_command("verify_invariants", only=["orders_are_their_fold"], verbosity=0)
    orders.fold(order_ref="o1")
    assert list(orders.misfolded()) == []
    assert [{**row, "id": 0} for row in OrderLine.objects.values()] == [
        {**row, "id": 0} for row in right
    ]


def test_fold_of_an_unknown_order_is_refused(db):
    with pytest.raises(orders.UnknownOrder):
        orders.fold(order_ref="none")


@pytest.mark.django_db(transaction=True)
def test_batches_of_the_same_orders_at_once(api):
    """Eight clients report one history, each in an order of its own; no lock stands across."""
    store = make_store(ref="s1")
    events = []
    for number in range(30):
        ref, bought = f"o{number}", [make_line(store=store, unit_price=101, quantity=3)]
        refund = {"ref": "r", "lines": [{"ref": "1", "quantity": 2}]}
        events += [
            make_order_event(order_ref=ref, type="placed", lines=bought),
            make_order_event(order_ref=ref, type="paid", version=2),
            make_order_event(order_ref=ref, type="refunded", version=3, refund=refund),
        ]

    def report_all(number: int) -> list[int]:
        mine = random.Random(number).sample(events, len(events))
        parts = [mine[begin : begin + 7] for begin in range(0, len(mine), 7)]
        client = Api(api.secret)
        return [client.post("/orders/events/batch", {"events": part}).status_code for part in parts]

    answers = [status for statuses in at_once(8, report_all) for status in statuses]
    assert set(answers) == {202}
    assert OrderEvent.objects.count() == 90
    assert set(Order.objects.values_list("state", "version")) == {("paid", 3)}
    assert set(OrderLine.objects.values_list("refunded_quantity", "refunded_minor")) == {(2, 202)}
    call_command("verify_invariants", verbosity=0)
