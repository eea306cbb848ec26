"""`Idempotency-Key`: the same answer again, no second effect, also under 40 threads."""

import json
from collections import Counter
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from marketplace import sessions
from marketplace.models import IdempotencyRecord, OrderEvent, SignInToken
from tests.api import Api
from tests.factories.marketplace import make_client, make_line, make_order_event, make_store
from tests.threads import at_once

BODY = {"shopper": {"ref": "u1"}, "next": "/friends/"}
pytestmark = pytest.mark.django_db


def post(api, body=BODY, key="k1"):
    return api.post("/sessions", body, key=key)


def test_the_same_call_gets_the_same_answer_and_has_no_second_effect(api):
    first, second = post(api), post(api)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Content-Type"] == second["Content-Type"] == "application/json"
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert SignInToken.objects.count() == 1


def test_without_a_key_each_call_acts(api):
    api.post("/sessions", BODY)
    api.post("/sessions", BODY)
    assert SignInToken.objects.count() == 2
    assert not IdempotencyRecord.objects.exists()


def test_the_same_body_written_differently_is_the_same_call(api):
    first = post(api, '{"shopper": {"ref": "u1"}, "next": "/friends/"}')
    second = post(api, '{ "next":"/friends/","shopper":{"ref":"\\u00751"}}')
    assert first.content == second.content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions", BODY | {"next": "/"}),
        ("/sessions", {}),
        ("/orders/events/batch", BODY),
    ],
)
def test_the_key_with_another_call_is_refused(api, path, body):
    post(api)
    answer = api.post(path, body, key="k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert SignInToken.objects.count() == 1
    assert post(api).status_code == 201  # the first answer is still there


def test_keys_of_two_clients_are_two_keys(api):
    other = Api(make_client()[1])
    assert post(api).content != post(other).content
    assert SignInToken.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ключ".encode().decode("latin-1")])
def test_a_malformed_key_is_refused(api, key):
    answer = post(api, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not SignInToken.objects.exists()


def test_the_longest_key_is_taken(api):
    assert post(api, key="x" * 255).status_code == 201


def test_a_refusal_that_was_a_decision_is_kept(api):
    """A copy of the call that comes late must not be decided anew."""
    event = make_order_event(order_ref="o1", lines=[make_line(store=make_store(ref="s1"))])
    event["lines"][0]["store"] = "s2"
    first = api.post("/orders/events", event, key="k1")
    assert (first.status_code, first.json()["code"]) == (422, "unknown_store")
    make_store(ref="s2")
    again = api.post("/orders/events", event, key="k1")
    assert (again.status_code, again.content) == (422, first.content)
    assert again["Content-Type"] == "application/problem+json"
    assert not OrderEvent.objects.exists()
    assert api.post("/orders/events", event, key="k2").status_code == 202


@pytest.mark.parametrize("wrong", [{"shopper": {}}, {}, [], "not JSON"])
def test_what_was_not_understood_leaves_the_key_free(api, wrong):
    assert post(api, wrong).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    assert post(api).status_code == 201


def test_what_was_not_let_in_leaves_the_key_free():
    client, secret = make_client(scopes=["catalog"])
    assert post(Api(secret)).status_code == 403
    assert not IdempotencyRecord.objects.exists()
    client.scopes = ["orders"]
    client.save()
    assert post(Api(secret)).status_code == 201


def test_a_key_costs_two_statements(api, django_assert_num_queries):
    api.get("/products")
    event = make_order_event(order_ref="o1")
    with django_assert_num_queries(8):  # BEGIN and COMMIT are savepoints in this test
        api.post("/orders/events", event)
    event = make_order_event(order_ref="o2")
    with django_assert_num_queries(8 + 2 + 2):  # and the verb's transaction becomes a savepoint
        api.post("/orders/events", event, key="k1")
    with django_assert_num_queries(4):  # the key, BEGIN, the record, COMMIT
        api.post("/orders/events", event, key="k1")


@pytest.mark.django_db(transaction=True)
def test_forty_threads_with_one_key_have_one_effect(api):
    answers = at_once(40, lambda _: post(Api(api.secret)))
    made = {answer.content for answer in answers if answer.status_code == 201}
    others = [answer for answer in answers if answer.status_code != 201]
    assert len(made) == 1
    assert SignInToken.objects.count() == IdempotencyRecord.objects.count() == 1
    for answer in others:
        assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
        assert answer["Retry-After"] == "1"
    # Each of them asks again and gets the answer.
    assert {post(api).content for _ in others[:3]} <= made


@pytest.mark.django_db(transaction=True)
def test_forty_threads_with_four_bodies_under_one_key(api):
    bodies = [BODY | {"next": f"/{n}"} for n in range(4)]
    answers = at_once(40, lambda n: post(Api(api.secret), bodies[n % 4]))
    kinds = Counter(a.json().get("code", "made") for a in answers)
    assert set(kinds) <= {"made", "in_progress", "idempotency_mismatch"}
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    assert SignInToken.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_forty_threads_with_forty_keys_all_act(api):
    answers = at_once(40, lambda n: post(Api(api.secret), key=f"k{n}"))
    assert Counter(a.status_code for a in answers) == {201: 40}
    assert SignInToken.objects.count() == 40


@pytest.mark.django_db(transaction=True)
def test_while_the_first_still_runs_the_second_is_told_so(api):
    taken, go = Event(), Event()
    first = []

    def slow():
        with transaction.atomic(), connection.cursor() as cursor:
            # The shopper's row is locked: the call waits inside its transaction.
            cursor.execute("LOCK marketplace_signintoken IN EXCLUSIVE MODE")
            taken.set()
            go.wait(10)
        connection.close()

    def call():
        first.append(post(Api(api.secret)))
        connection.close()

    holder, caller = Thread(target=slow), Thread(target=call)
    holder.start()
    assert taken.wait(10)
    caller.start()
    answer = None
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            if cursor.fetchone()[0]:
                answer = post(api)
                break
            cursor.execute("SELECT pg_sleep(0.02)")
    go.set()
    holder.join()
    caller.join()
    assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
    assert first[0].status_code == 201
    assert post(api).content == first[0].content


@pytest.mark.django_db(transaction=True)
def test_the_record_and_the_effect_are_one_transaction(api, monkeypatch):
    """The verb's own durable transaction is part of the call's: what fails later undoes it."""
    committed = []
    original = sessions.open_session

    def watched(**kwargs):
        opened = original(**kwargs)
        committed.append(connection.in_atomic_block)
        return opened

    monkeypatch.setattr(sessions, "open_session", watched)
    assert post(api).status_code == 201
    assert committed == [True]
    monkeypatch.setattr("marketplace.api.sessions.instant_text", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        post(api, key="k2")
    assert SignInToken.objects.count() == IdempotencyRecord.objects.count() == 1


def test_the_answer_is_kept_to_the_byte(api):
    first = post(api)
    record = IdempotencyRecord.objects.get()
    assert record.body.encode() == first.content
    assert json.loads(record.body) == first.json()
