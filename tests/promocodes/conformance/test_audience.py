"""What each reader is told: the merchant exactly, a stranger nothing (engine.md 8).

And how guessing is slowed down, whatever becomes of a cache.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db.models import F

from promocodes import throttling
from promocodes.models import MissCount
from tests.promocodes.conformance.till import Till, cart, is_problem, item, percent, reasons

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SAFE = {
    "no_eligible_items",
    "currency_mismatch",
    "min_spend_not_met",
    "customer_required",
    "not_combinable",
    "replaced",
    "throttled",
}


def instant(shift: timedelta) -> str:
    return (datetime.now(UTC) + shift).isoformat()


# What the promotion says, what the cart says, and the reason.
REFUSALS = [
    ("code_not_found", {"code": "OTHER"}, {}),
    ("not_started", {"starts_at": instant(DAY)}, {}),
    ("expired", {"ends_at": instant(-DAY)}, {}),
    ("currency_mismatch", {"currency": "USD"}, {}),
    ("no_eligible_items", {"store": "s2"}, {}),
    ("min_spend_not_met", {"min_spend": 1_001}, {}),
    ("not_first_order", {"first_order_only": True}, {"first_order": False}),
    ("customer_required", {"first_order_only": True}, {}),
    ("customer_required", {"limits": {"per_person": 1}}, {}),
]


@pytest.mark.parametrize(("reason", "terms", "more"), REFUSALS)
def test_two_faces(till: Till, reason, terms, more) -> None:
    till.promotion(percent("10"), **terms)
    (exact,) = till.quote((1_000, 1), **more)["codes"]
    assert exact["reason"]["code"] == reason
    assert exact["reason"]["message"]
    assert (exact["applied"], exact["discount"]) == (False, 0)
    (told,) = till.quote((1_000, 1), audience="shopper", **more)["codes"]
    if reason in SAFE:
        assert told == exact
    else:
        assert told["reason"]["code"] == "not_applicable"
        assert (told["reason"]["params"], told["promotion"]) == ({}, None)
        assert told["reason"]["message"]


@pytest.mark.parametrize(
    "how", ["cancelled", "total_limit_reached", "customer_limit_reached", "budget_exhausted"]
)
def test_two_faces_of_what_is_used_up(till: Till, how) -> None:
    limits = {
        "total_limit_reached": {"total": 1},
        "customer_limit_reached": {"per_person": 1},
        "budget_exhausted": {"budget": 100},
    }
    anna = {"shopper": {"ref": "anna"}}
    made = till.promotion(percent("10"), limits=limits.get(how))
    if how == "cancelled":
        till.api.post(f"/promotions/{made['id']}/cancel")
    else:
        till.redeem((1_000, 1), **anna)
    assert reasons(till.quote((1_000, 1), **anna)) == {"CODE": how}
    told = till.quote((1_000, 1), audience="shopper", **anna)
    assert reasons(told) == {"CODE": "not_applicable"}


def test_to_a_shopper_every_hidden_reason_looks_the_same(till: Till) -> None:
    till.promotion(percent("10"), code="LATER", starts_at=instant(DAY))
    till.promotion(percent("10"), code="OVER", ends_at=instant(-DAY))
    words = ["LATER", "OVER", "NOSUCH"]
    told = till.quote((1_000, 1), codes=words, audience="shopper")["codes"]
    faces = [one | {"code": ""} for one in told]
    assert faces[0] == faces[1] == faces[2]


@pytest.mark.parametrize("path", ["/reservations", "/redemptions"])
def test_a_refusal_speaks_to_its_audience_too(till: Till, path) -> None:
    till.promotion(percent("10"), ends_at=instant(-DAY))
    more = {"order_ref": "o-1"} if path == "/redemptions" else {}
    for audience, told in (("merchant", "expired"), ("shopper", "not_applicable")):
        sent = cart((1_000, 1), audience=audience) | more
        body = is_problem(till.api.post(path, sent), 409, "code_refused")
        assert reasons(body["quote"]) == {"CODE": told}


def test_a_code_that_works_is_told_to_everybody(till: Till) -> None:
    till.promotion(percent("10"))
    merchant, shopper = till.quote((1_000, 1)), till.quote((1_000, 1), audience="shopper")
    for quote in (merchant, shopper):
        del quote["quoted_at"]
    assert merchant == shopper


@pytest.mark.parametrize(
    ("language", "word"), [("ru", "истёк"), ("en", "ended"), ("zh-hans", "优惠码")]
)
def test_a_message_is_in_the_language_that_was_asked_for(till: Till, language, word) -> None:
    till.promotion(percent("10"), ends_at=instant(-DAY))
    answer = till.api.post("/quotes", cart((1_000, 1)), **{"Accept-Language": language})
    message = answer.json()["codes"][0]["reason"]["message"]
    assert message
    if language == "en":
        assert word in message
    else:
        assert not message.isascii()


@pytest.mark.parametrize("path", ["/reservations", "/redemptions"])
def test_so_is_that_of_a_refused_hold_or_order_and_its_detail_is_english(till: Till, path) -> None:
    till.promotion(percent("10"), ends_at=instant(-DAY))
    sent = cart((1_000, 1)) | ({"order_ref": "o-1"} if path == "/redemptions" else {})
    answer = till.api.post(path, sent, **{"Accept-Language": "ru"})
    body = is_problem(answer, 409, "code_refused")
    assert body["detail"].isascii()
    assert "закончился" in body["quote"]["codes"][0]["reason"]["message"]


class TestGuessing:
    """Wrong codes are counted by person, key and address."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch) -> None:
        monkeypatch.setattr(throttling, "PER_SHOPPER", 3)

    def guess(self, till: Till, number: int, **fields) -> str:
        quote = till.quote((1_000, 1), codes=[f"GUESS{number}"], **fields)
        (why,) = reasons(quote).values()
        return why

    def test_after_so_many_misses_nothing_is_told(self, till: Till) -> None:
        till.promotion(percent("10"))
        eve = {"shopper": {"ref": "eve"}}
        told = [self.guess(till, n, **eve) for n in range(6)]
        assert told == ["code_not_found"] * 3 + ["throttled"] * 3
        right = till.quote((1_000, 1), **eve)
        assert (reasons(right), right["discount"]) == ({"CODE": "throttled"}, 0)
        for audience in ("merchant", "shopper"):
            both = till.quote((1_000, 1), codes=["CODE", "NOSUCH"], audience=audience, **eve)
            assert [code["promotion"] for code in both["codes"]] == [None, None], "it tells nothing"
        assert till.refused((1_000, 1), **eve) == {"CODE": "throttled"}
        assert till.quote((1_000, 1), shopper={"ref": "anna"})["discount"] == 100
        assert till.quote((1_000, 1))["discount"] == 100

    def test_the_count_survives_the_loss_of_the_cache(self, till: Till) -> None:
        eve = {"shopper": {"ref": "eve"}}
        for n in range(3):
            self.guess(till, n, **eve)
        cache.clear()
        assert self.guess(till, 9, **eve) == "throttled"

    def test_several_guesses_in_one_cart_count_each(self, till: Till) -> None:
        eve = {"shopper": {"ref": "eve"}}
        till.quote((1_000, 1), codes=["X1", "X2", "X3"], **eve)
        assert self.guess(till, 1, **eve) == "throttled"

    def test_what_was_guessed_a_while_ago_counts_for_ten_minutes(self, till: Till) -> None:
        eve = {"shopper": {"ref": "eve"}}
        till.promotion(percent("10"))
        for n in range(3):
            self.guess(till, n, **eve)
        for minutes, told in ((7, "throttled"), (4, "code_not_found")):  # 7, then 11 in all
            MissCount.objects.update(since=F("since") - timedelta(minutes=minutes))
            assert self.guess(till, 9, **eve) == told
            MissCount.objects.filter(misses__lt=3).delete()  # this very guess

    def test_an_empty_field_is_no_guess(self, till: Till) -> None:
        till.promotion(percent("10"))
        eve = {"shopper": {"ref": "eve"}}
        for _ in range(6):
            assert reasons(till.quote((1_000, 1), codes=["", " "], **eve)) == {"": "code_not_found"}
        assert till.quote((1_000, 1), **eve)["discount"] == 100

    def test_by_any_identity(self, till: Till) -> None:
        told = [self.guess(till, n, shopper={"ref": f"u{n}", "device": "one"}) for n in range(5)]
        assert told == ["code_not_found"] * 3 + ["throttled"] * 2

    def test_a_known_code_that_does_not_fit_is_no_guess(self, till: Till) -> None:
        till.promotion(percent("10"), min_spend=5_000)
        eve = {"shopper": {"ref": "eve"}}
        for _ in range(6):
            assert reasons(till.quote((1_000, 1), **eve)) == {"CODE": "min_spend_not_met"}

    @pytest.mark.parametrize("path", ["/reservations", "/redemptions"])
    def test_a_refused_hold_or_order_counts_too(self, till: Till, path) -> None:
        told = []
        for n in range(5):
            sent = cart((1_000, 1), codes=[f"G{n}"], shopper={"ref": "eve"})
            more = {"order_ref": f"o-{n}"} if path == "/redemptions" else {}
            body = is_problem(till.api.post(path, sent | more, key=f"k{n}"), 409, "code_refused")
            told += reasons(body["quote"]).values()
        assert told == ["code_not_found"] * 3 + ["throttled"] * 2

    def test_a_right_code_is_not_lost_by_others_wrong_ones(self, till: Till) -> None:
        till.promotion(percent("10"))
        quote = till.quote((1_000, 1), codes=["CODE", "NOSUCH"], shopper={"ref": "eve"})
        assert reasons(quote) == {"CODE": None, "NOSUCH": "code_not_found"}

    def test_a_throttled_quote_is_of_the_whole_cart(self, till: Till) -> None:
        till.promotion(percent("10"))
        eve = {"shopper": {"ref": "eve"}}
        for n in range(4):
            self.guess(till, n, **eve)
        quote = till.quote(
            (1_000, 2), item(5, store="s2"), shipping=70, codes=["CODE", "NOSUCH"], **eve
        )
        assert reasons(quote) == {"CODE": "throttled", "NOSUCH": "throttled"}
        assert (quote["total"], quote["discount"]) == (2_075, 0)
