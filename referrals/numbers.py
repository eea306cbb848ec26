"""What operations want to know of a round: people, visits, codes, money, beside the round before.

Counted in the database, a handful of statements for a round of any size.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate

from promocodes.models import Redemption
from referrals.models import Participation, Round, Visit

STANDING = (Redemption.State.REDEEMED, Redemption.State.PART_REVERSED)
DAYS_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day of a round."""

    day: date
    joined: int
    counted: int


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A round in numbers; money in minor units of the round's currency.

    `k_factor`: shoppers who joined as somebody's friend, per shopper who joined. Above 1 the
    round grows by itself. `to_code`: median time from joining to the code.
    """

    joined: int
    joined_as_friends: int
    visits: dict[str, int]
    reasons: list[tuple[str, str, int]]
    codes_issued: int
    codes_used: int
    discount_minor: int
    sales_minor: int
    to_code: timedelta | None
    days: list[Day]

    @property
    def k_factor(self) -> float:
        """Friends who joined, per participant."""
        return self.joined_as_friends / self.joined if self.joined else 0.0

    @property
    def visits_in_all(self) -> int:
        """Confirmed visits."""
        return sum(self.visits.values())


def of(round_: Round) -> Numbers:
    """All numbers of a round."""
    visits = Visit.objects.filter(participation__round=round_)
    rows = visits.values_list("outcome", "reason").annotate(n=Count("id")).order_by("-n")
    by_outcome = dict.fromkeys(Visit.Outcome.values, 0)
    reasons = []
    for outcome, reason, number in rows:
        by_outcome[outcome] += number
        reasons.append((outcome, reason, number))
    joined, friends, issued, to_code = _people(round_)
    used, discount, sales = _spent(round_)
    return Numbers(
        joined=joined,
        joined_as_friends=friends,
        visits=by_outcome,
        reasons=reasons,
        codes_issued=issued,
        codes_used=used,
        discount_minor=discount,
        sales_minor=sales,
        to_code=to_code,
        days=_days(round_),
    )


def before(round_: Round) -> Round | None:
    """The round of the campaign that went before, if one was held."""
    held = Round.objects.filter(campaign=round_.campaign_id, number__lt=round_.number)
    return held.exclude(state=Round.State.SKIPPED).order_by("-number").first()


def _people(round_: Round) -> tuple[int, int, int, timedelta | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(mine.code_id), percentile_cont(0.5) WITHIN GROUP (
                ORDER BY mine.issued_at - mine.joined_at
            ), (
                SELECT count(DISTINCT friend.id)
                FROM referrals_participation inviter
                JOIN referrals_visit visit
                    ON visit.participation_id = inviter.id AND visit.outcome = 'counted'
                JOIN referrals_participation friend
                    ON friend.round_id = inviter.round_id
                    AND visit.friend_key = 'user:' || friend.shopper_id
                    AND visit.visited_at <= friend.joined_at
                WHERE inviter.round_id = %(round)s
            )
            FROM referrals_participation mine
            WHERE mine.round_id = %(round)s
            """,
            {"round": round_.pk},
        )
        joined, issued, to_code, friends = cursor.fetchone()
    return joined, friends, issued, to_code


def _spent(round_: Round) -> tuple[int, int, int]:
    uses = Redemption.objects.filter(promotion=round_.promotion_id, state__in=STANDING)
    found = uses.aggregate(
        used=Count("id"),
        discount=Sum(F("discount_minor") - F("returned_minor"), default=0),
        sales=Sum(F("checkout__subtotal_minor") - F("checkout__discount_minor"), default=0),
    )
    return found["used"], found["discount"], found["sales"]


def _days(round_: Round) -> list[Day]:
    zone = round_.zone
    joined = _by_day(
        Participation.objects.filter(round=round_).annotate(day=TruncDate("joined_at", tzinfo=zone))
    )
    counted = _by_day(
        Visit.objects.filter(participation__round=round_, outcome=Visit.Outcome.COUNTED).annotate(
            day=TruncDate("visited_at", tzinfo=zone)
        )
    )
    first = _local(round_.opens_at, round_)
    last = max([*joined, *counted, first])
    span = min((last - first).days + 1, DAYS_SHOWN)
    days = [last - timedelta(days=back) for back in reversed(range(span))]
    return [Day(day=day, joined=joined.get(day, 0), counted=counted.get(day, 0)) for day in days]


def _by_day(rows: QuerySet[Any]) -> dict[date, int]:
    return dict(rows.values_list("day").annotate(n=Count("pk")).order_by("day"))


def _local(at: datetime, round_: Round) -> date:
    return at.astimezone(round_.zone).date()
