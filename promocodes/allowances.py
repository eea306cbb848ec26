"""How many codes a store may have made or imported in a day, so that none fills the disk.

Days are of UTC. The count of a store and day is one row; taking from it is one statement whose
result decides, so any number of calls at once get exactly what there is. What was taken for a file
that is thrown away comes back. Promotions of the platform take nothing.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from marketplace import clock
from promocodes.models import CodesOfDay, Promotion

KEPT = timedelta(days=30)

_TAKE = """
INSERT INTO promocodes_codesofday AS d (store_id, day, count)
SELECT %(store)s, %(day)s, %(wanted)s WHERE %(wanted)s <= %(most)s
ON CONFLICT (day, store_id) DO UPDATE SET count = d.count + excluded.count
WHERE d.count + excluded.count <= %(most)s
"""


class TooManyToday(Exception):
    """The store has had as many codes made as it may in a day."""

    code = "too_many_codes_today"

    def __init__(self, *, most: int, left: int, at: datetime) -> None:
        super().__init__(f"A store may have {most:,} codes made in a day; {left:,} are left today.")
        self.most, self.left = most, left
        tomorrow = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.extra = {"retry_after": int((tomorrow - at).total_seconds()) + 1}


def take(*, promotion: Promotion, wanted: int) -> None:
    """Count codes that are to be made for a promotion. Raises `TooManyToday`.

    Inner verb: opens no transaction. The store's row stays locked until the one around it ends.
    """
    most = settings.CODES_PER_STORE_AND_DAY
    if promotion.store_id is None or not most or not wanted:
        return
    at = clock.now().astimezone(UTC)
    values = {"store": promotion.store_id, "day": at.date(), "wanted": wanted, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.rowcount == 0:
            raise _refusal(promotion.store_id, at)


def check(*, promotion: Promotion, wanted: int = 1) -> None:
    """Raises `TooManyToday` if so many can't be taken now; takes nothing and locks nothing."""
    most = settings.CODES_PER_STORE_AND_DAY
    if promotion.store_id is None or not most:
        return
    at = clock.now().astimezone(UTC)
    refusal = _refusal(promotion.store_id, at)
    if wanted > refusal.left:
        raise refusal


def give_back(*, promotion: Promotion, count: int, taken_at: datetime) -> None:
    """Codes that were taken at that time are not made after all. Inner verb."""
    taken = CodesOfDay.objects.filter(store=promotion.store_id, day=taken_at.astimezone(UTC).date())
    taken.update(count=Greatest(F("count") - count, 0))


def forget_old() -> int:
    """Delete the counts of days long past; how many rows."""
    before = clock.now().astimezone(UTC).date() - KEPT
    return CodesOfDay.objects.filter(day__lt=before).delete()[0]


def _refusal(store_id: int, at: datetime) -> TooManyToday:
    most = settings.CODES_PER_STORE_AND_DAY
    row = CodesOfDay.objects.filter(store=store_id, day=at.date()).values_list("count").first()
    return TooManyToday(most=most, left=max(0, most - (row[0] if row else 0)), at=at)
