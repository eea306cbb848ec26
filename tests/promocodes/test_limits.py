"""Counters: how many rows a limit gets, what they hold, and that sharing them out loses nothing."""

import pytest
from django.db import IntegrityError, connection, transaction

from promocodes import limits, promotions, redemptions
from promocodes.limits import LimitTaken
from promocodes.models import Promotion, PromotionCounter
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db


def rows(promotion: Promotion) -> list[tuple]:
    found = PromotionCounter.objects.filter(promotion=promotion).order_by("slot")
    return list(found.values_list("quota", "taken", "budget_minor", "spent_minor"))


def sums(promotion: Promotion) -> tuple[int, int]:
    found = rows(promotion)
    return sum(row[1] for row in found), sum(row[3] for row in found)


@pytest.mark.parametrize(
    ("asked", "terms", "slots"),
    [
        (Limits(), {}, 0),
        (Limits(per_person=5), {}, 0),
        (Limits(total=1), {}, 1),
        (Limits(total=99), {}, 1),
        (Limits(total=100), {}, 2),
        (Limits(total=1_000_000), {}, 64),
        (Limits(budget_minor=1), {}, 1),
        (Limits(budget_minor=10_000_000), {}, 2),
        (Limits(budget_minor=10_000_000), {"max_discount_minor": 1_000}, 64),
        (Limits(budget_minor=10_000_000), {"amount_minor": 40_000}, 5),
        (Limits(total=1_000_000, budget_minor=1), {}, 1),
    ],
)
def test_how_many_rows_follows_from_the_limits(asked: Limits, terms: dict, slots: int) -> None:
    promotion = make_promotion(limits=asked, terms=make_terms(**terms))
    found = rows(promotion)
    assert len(found) == slots
    if asked.total is not None:
        assert sum(row[0] for row in found) == asked.total
    if asked.budget_minor is not None:
        assert sum(row[2] for row in found) == asked.budget_minor


@pytest.fixture
def hot(monkeypatch) -> Promotion:
    """Ten uses and 105 coins over ten rows."""
    monkeypatch.setattr(limits, "USES_PER_SLOT", 1)
    promotion = make_promotion(
        limits=Limits(total=10, budget_minor=105), terms=make_terms(max_discount_minor=10)
    )
    assert len(rows(promotion)) == 10
    return promotion


def test_the_last_use_and_the_last_coin_are_given_and_none_beyond(hot: Promotion) -> None:
    for amount in (10, 10, 10, 20, 1, 30, 0, 20):  # more than one row holds, too
        limits.take(hot.pk, amount_minor=amount)
    assert sums(hot) == (8, 101)
    with pytest.raises(LimitTaken) as refusal:
        limits.take(hot.pk, amount_minor=5)
    assert refusal.value.is_budget
    limits.take(hot.pk, amount_minor=4)
    limits.take(hot.pk, amount_minor=0)
    assert sums(hot) == (10, 105)
    with pytest.raises(LimitTaken) as refusal:
        limits.take(hot.pk, amount_minor=0)
    assert not refusal.value.is_budget
    assert refusal.value.refusal.params == {"limit": 10}
    assert sums(hot) == (10, 105)


def test_what_is_given_back_may_lie_in_any_row(hot: Promotion) -> None:
    for _ in range(10):
        limits.take(hot.pk, amount_minor=10)
    limits.give_back({hot.pk: (3, 77)})
    assert sums(hot) == (7, 23)
    limits.give_back({hot.pk: (0, 0)})
    limits.give_back({hot.pk: (7, 23)})
    assert sums(hot) == (0, 0)


def test_never_below_zero(hot: Promotion) -> None:
    limits.take(hot.pk, amount_minor=10)
    for back in ((2, 0), (0, 11)):
        with pytest.raises(Exception, match="gives back more"), transaction.atomic():
            limits.give_back({hot.pk: back})
    assert sums(hot) == (1, 10)


def test_the_database_stands_behind(hot: Promotion) -> None:
    for change in ("taken = 2", "spent_minor = 12", "taken = -1", "spent_minor = -1"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE promocodes_promotioncounter SET {change} WHERE slot = 0")


def test_giving_back_to_an_unlimited_promotion_is_nothing() -> None:
    limits.give_back({make_promotion().pk: (1, 100)})
    assert not PromotionCounter.objects.exists()


def test_a_promotion_may_become_hot_while_live(monkeypatch) -> None:
    promotion = make_promotion(limits=Limits(total=10))
    assert len(rows(promotion)) == 1
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits(total=5_000))
    assert len(rows(promotion)) == 64
    assert sum(row[0] for row in rows(promotion)) == 5_000
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits())
    assert rows(promotion) == []


def test_the_limits_of_a_used_promotion_may_be_lifted_and_come_again() -> None:
    promotion = make_promotion(code="TEN", limits=Limits(total=10, budget_minor=1_000))
    client, _ = make_client()
    redemptions.redeem(
        order_ref="o1",
        cart=make_cart((1_000, 1), codes=["TEN"], store=promotion.store),
        source=Source(client_id=client.pk),
        client_id=client.pk,
    )
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits())
    assert rows(promotion) == []
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits(total=10))
    assert rows(promotion) == [(10, 1, None, 100)]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Limits(total=1), "total_limit_reached"),  # given back since: no budget is to blame
        (Limits(budget_minor=1), "budget_exhausted"),
        (Limits(total=1, budget_minor=1), "budget_exhausted"),
    ],
)
def test_what_is_blamed_when_a_use_is_free_again(asked: Limits, reason: str) -> None:
    promotion = make_promotion(limits=asked)
    assert limits.lost(promotion.pk).refusal.reason == reason
