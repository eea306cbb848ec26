"""When a code works: instants, half-open, shown by the clocks of the promotion's own zone."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.promocodes.conformance.till import Till, cart, is_problem, percent, reasons

pytestmark = pytest.mark.django_db


def ago(**span: float) -> str:
    """The instant so long ago."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def ahead(**span: float) -> str:
    """The instant so far ahead."""
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


WINDOWS = [
    pytest.param(None, None, "live", None, id="from-now-on"),
    pytest.param({"hours": -1}, None, "live", None, id="since-an-hour"),
    pytest.param({"hours": -1}, {"hours": 1}, "live", None, id="in-the-middle"),
    pytest.param({"hours": -2}, {"hours": -1}, "ended", "expired", id="over"),
    pytest.param({"hours": 1}, None, "scheduled", "not_started", id="not-yet"),
    pytest.param({"hours": 1}, {"hours": 2}, "scheduled", "not_started", id="not-yet-and-ends"),
    pytest.param({"days": -3650}, {"days": -3649}, "ended", "expired", id="long-over"),
    pytest.param({"days": 3650}, None, "scheduled", "not_started", id="in-ten-years"),
    pytest.param({"seconds": -60}, {"seconds": 60}, "live", None, id="a-minute-each-way"),
]


@pytest.mark.parametrize(("starts", "ends", "state", "expected"), WINDOWS)
def test_window(till: Till, starts, ends, state, expected) -> None:
    made = till.promotion(
        percent("10"),
        starts_at=ahead(**starts) if starts else None,
        ends_at=ahead(**ends) if ends else None,
    )
    assert made["state"] == state
    quote = till.quote((1_000, 1))
    assert reasons(quote) == {"CODE": expected}
    if expected:
        assert till.refused((1_000, 1)) == {"CODE": expected}
        held = till.api.post("/reservations", cart((1_000, 1)))
        is_problem(held, 409, "code_refused")


def test_a_refusal_names_the_instant(till: Till) -> None:
    till.promotion(percent("10"), starts_at="2090-01-01T00:00:00+03:00")
    (code,) = till.quote((1_000, 1))["codes"]
    assert code["reason"]["params"] == {"starts_at": "2089-12-31T21:00:00Z"}
    told = {"starts_at": "2026-01-01T00:00:00+03:00", "ends_at": "2026-01-02T00:00:00.5+03:00"}
    till.promotion(percent("10"), code="OVER", **told)
    (code,) = till.quote((1_000, 1), codes=["OVER"])["codes"]
    assert code["reason"]["params"] == {"ends_at": "2026-01-01T21:00:00.500000Z"}


def test_it_begins_and_ends_by_the_clock_without_a_job(till: Till) -> None:
    starts, ends = datetime.now(UTC) + timedelta(seconds=1.5), timedelta(seconds=1.5)
    till.promotion(percent("10"), starts_at=starts.isoformat(), ends_at=(starts + ends).isoformat())
    seen = []
    while "expired" not in seen:
        quote = till.quote((1_000, 1))
        (why,) = reasons(quote).values()
        at = datetime.fromisoformat(quote["quoted_at"])
        inside = starts <= at < starts + ends
        assert (why is None) == inside, (at, starts)
        if not inside:
            assert why == ("not_started" if at < starts else "expired")
        seen.append(why)
        time.sleep(0.1)
    assert list(dict.fromkeys(seen)) == ["not_started", None, "expired"]


LOCAL = [
    ("2026-12-01T00:00:00+03:00", "Europe/Moscow", "2026-12-01T00:00:00"),
    ("2026-11-30T21:00:00Z", "Europe/Moscow", "2026-12-01T00:00:00"),
    ("2026-12-01T00:00:00Z", "Asia/Shanghai", "2026-12-01T08:00:00"),
    ("2026-12-01T00:00:00Z", "America/New_York", "2026-11-30T19:00:00"),
    ("2026-06-01T00:00:00Z", "America/New_York", "2026-05-31T20:00:00"),
    ("2026-06-01T00:00:00Z", "Asia/Kathmandu", "2026-06-01T05:45:00"),
    ("2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29T01:59:59"),
    ("2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29T03:00:00"),
    ("2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25T02:30:00"),
    ("2026-10-25T01:30:00Z", "Europe/Berlin", "2026-10-25T02:30:00"),
    ("2026-10-25T02:30:00+02:00", "Europe/Berlin", "2026-10-25T02:30:00"),
    ("2026-12-31T23:59:59.999999Z", "UTC", "2026-12-31T23:59:59.999999"),
    ("2026-12-01T00:00:00+14:00", "Pacific/Kiritimati", "2026-12-01T00:00:00"),
    ("2028-02-29T00:00:00Z", "UTC", "2028-02-29T00:00:00"),
    ("2026-04-04T15:30:00Z", "Australia/Lord_Howe", "2026-04-05T02:00:00"),
]


@pytest.mark.parametrize(("starts", "zone", "local"), LOCAL)
def test_an_instant_is_kept_and_the_local_time_shown(till: Till, starts, zone, local) -> None:
    made = till.promotion(percent("10"), starts_at=starts, timezone=zone)
    kept = datetime.fromisoformat(made["starts_at"])
    assert kept == datetime.fromisoformat(starts)
    assert kept.utcoffset() == timedelta(0)
    assert (made["timezone"], made["local"]["starts_at"]) == (zone, local)
    assert till.api.get(f"/promotions/{made['id']}").json() == made


def test_a_day_that_the_clocks_make_longer(till: Till) -> None:
    made = till.promotion(
        percent("10"),
        starts_at="2026-10-25T00:00:00+02:00",
        ends_at="2026-10-26T00:00:00+01:00",
        timezone="Europe/Berlin",
    )
    assert made["local"] == {
        "starts_at": "2026-10-25T00:00:00",
        "ends_at": "2026-10-26T00:00:00",
    }
    span = datetime.fromisoformat(made["ends_at"]) - datetime.fromisoformat(made["starts_at"])
    assert span == timedelta(hours=25)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_at": "2026-12-01"}, "starts_at"),
        ({"starts_at": "2026-12-01T00:00:00"}, "starts_at"),
        ({"starts_at": "2026-12-01 00:00:00Z"}, "starts_at"),
        ({"starts_at": "2026-12-01T24:00:00Z"}, "starts_at"),
        ({"starts_at": "2026-02-30T00:00:00Z"}, "starts_at"),
        ({"starts_at": "2026-12-01T00:00:00+25:00"}, "starts_at"),
        ({"starts_at": 1_780_000_000}, "starts_at"),
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, "starts_at"),
        ({"ends_at": "tomorrow"}, "ends_at"),
        ({"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-12-01T03:00:00+03:00", "ends_at": "2026-12-01T00:00:00Z"}, "ends_at"),
        ({"timezone": "Moscow"}, "timezone"),
        ({"timezone": "+03:00"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"timezone": "Europe/Moscow\u0000"}, None),
    ],
)
def test_a_window_that_can_not_be(till: Till, change, field) -> None:
    sent = {
        "name": "Deal",
        "kind": "store",
        "store": "s1",
        "currency": "RUB",
        "discount": percent("10"),
        "code": "CODE",
    }
    body = is_problem(till.api.post("/promotions", sent | change), 400)
    if field:
        assert list(body["errors"]) == [field]
    assert till.api.get("/promotions").json()["results"] == []


def test_an_end_before_now_is_an_end(till: Till) -> None:
    made = till.promotion(percent("10"))
    path = f"/promotions/{made['id']}"
    assert till.api.patch(path, {"ends_at": ago(seconds=1)}).json()["state"] == "ended"
    assert reasons(till.quote((1_000, 1))) == {"CODE": "expired"}
    assert till.api.patch(path, {"ends_at": None}).json()["state"] == "live"
    assert reasons(till.quote((1_000, 1))) == {"CODE": None}


def test_whoever_holds_keeps_the_terms(till: Till) -> None:
    made = till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    path = f"/promotions/{made['id']}"
    till.api.patch(path, {"discount": percent("50"), "ends_at": ago(seconds=1)})
    assert reasons(till.quote((1_000, 1))) == {"CODE": "expired"}
    answer = till.api.post("/redemptions", {"order_ref": "o1", "reservation": held["id"]})
    assert (answer.status_code, answer.json()["quote"]["discount"]) == (201, 100)


def test_whoever_holds_keeps_the_right_after_a_cancellation(till: Till) -> None:
    made = till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    assert till.api.post(f"/promotions/{made['id']}/cancel").status_code == 200
    assert till.refused((1_000, 1)) == {"CODE": "cancelled"}
    answer = till.api.post("/redemptions", {"order_ref": "o1", "reservation": held["id"]})
    assert answer.status_code == 201
