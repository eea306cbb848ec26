"""The personal code: issued once, at the threshold, in the transaction of the visit (OK-07, 14).

It belongs to the round's promotion, so it ends with the round (OK-08), and only its shopper can
use it. Once issued it is never taken back.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from promocodes import issuing
from referrals.models import Participation, Round

CODE_PATTERN = "FR" + "#" * 10  # read in three groups of four


def award(*, participation: Participation, at: datetime) -> bool:
    """Issue the code of a participation that has reached the threshold; whether one was issued.

    Inner verb: the caller holds the participation's row. Nothing is issued before the threshold,
    twice, or when the round is over.
    """
    round_ = participation.round
    promotion_id = round_.promotion_id
    if (
        participation.code_id is not None
        or promotion_id is None
        or participation.counted < round_.threshold
        or not round_.is_open(at)
    ):
        return False
    code = issuing.issue(
        promotion_id=promotion_id,
        person=participation.shopper,
        pattern=CODE_PATTERN,
        at=at,
    )
    taken = Participation.objects.filter(pk=participation.pk, code=None).update(
        code=code, issued_at=at
    )
    participation.code, participation.issued_at = code, at
    return bool(taken)


def award_due(*, at: datetime) -> int:
    """Issue the codes that fell due by better terms: the threshold came down to the count.

    One short transaction each; returns how many.
    """
    return sum(
        _award_one(pk, at=at)
        for round_ in Round.objects.open_at(at)
        for pk in Participation.objects.filter(
            round=round_, code=None, counted__gte=round_.threshold
        ).values_list("pk", flat=True)[:1000]
    )


def _award_one(pk: UUID, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        participation = (
            Participation.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("round", "shopper")
            .filter(pk=pk, code=None)
            .first()
        )
        return participation is not None and award(participation=participation, at=at)
