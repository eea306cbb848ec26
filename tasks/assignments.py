"""Who works on a task, and by which codes.

    (openings.open_task) → apply → get_codes → content (submissions.py) → the code's time is over
    a closed task takes no new applications; codes that were given go on working

An application is approved by itself (AE-19). A code is given once and stays displayed (AE-28): one
to an individual (AE-29), as many as asked to an agency (AE-30), for itself or passed on to an
influencer whom it has signed (AE-31). Giving it also agrees on the pay, with the agency's share of
what it passes on, so that sales count from then on, whether or not content ever comes (AE-33).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from affiliates import agreements, roster
from affiliates.models import Affiliate, RosterMember
from marketplace import clock
from promocodes import issuing
from promocodes.models import PromoCode, Promotion
from tasks.models import Assignment, CodeGrant, Task
from tasks.openings import TaskRefused, TaskUnknown

MOST_CODES = 100  # codes that one agency may hold for one task


class TaskClosed(TaskRefused):
    """Applications are over, or the code is."""

    code = "task_closed"
    message = _("This task takes no more applications.")


class CodeOver(TaskRefused):
    """The promotion doesn't run now, so that no code can be given."""

    code = "code_over"
    message = _("The promo code of this task doesn't run any more.")


class MayNotWork(TaskRefused):
    """The affiliate is suspended."""

    code = "may_not_work"
    message = _("Your account is suspended; ask support why.")


class OneCodeEach(TaskRefused):
    """An individual has one code per task (AE-29)."""

    code = "one_code_each"
    message = _("You get one promo code per task; it is the one shown here.")


class TooManyCodes(TaskRefused):
    """More than an agency may hold for one task."""

    code = "too_many_codes"
    message = _("That is more promo codes than an agency can hold for one task.")


class NotSigned(TaskRefused):
    """Nobody on the agency's roster now."""

    code = "not_signed"
    message = _("This influencer is not on your roster any more.")


class OwnTerms(TaskRefused):
    """The influencer promotes this promotion under other terms already."""

    code = "own_terms"
    message = _("This influencer promotes the promo code under terms of their own already.")


class OtherTerms(TaskRefused):
    """The affiliate has this promotion's code under other terms, such as their agency's."""

    code = "other_terms"
    message = _("You promote this promo code already, by your agency's terms.")


@transaction.atomic(durable=True)
def apply(*, task_id: UUID | str, affiliate: Affiliate) -> Assignment:
    """Take a task; approved at once (AE-19), and applying again returns the same assignment.

    Raises `TaskUnknown`, `TaskClosed`, `MayNotWork`.
    """
    now = clock.now()
    task = Task.objects.select_related("promotion__terms").filter(pk=task_id).first()
    if task is None:
        raise TaskUnknown
    held = Assignment.objects.filter(task=task, affiliate=affiliate).first()
    if held is not None:
        return held
    _must_work(affiliate)
    if not task.takes_applications(now) or task.promotion.state(now) != Promotion.State.LIVE:
        raise TaskClosed
    assignment, _created = Assignment.objects.get_or_create(
        task=task, affiliate=affiliate, defaults={"kind": affiliate.kind}
    )
    return assignment


@transaction.atomic(durable=True)
def get_codes(
    *,
    assignment_id: UUID | str,
    affiliate: Affiliate,
    total: int = 1,
    member_id: int | None = None,
) -> Sequence[PromoCode]:
    """All codes of an assignment, after giving as many as are missing up to `total`.

    So a double click, or the same dialog sent twice, gives nothing twice. With the first code the
    pay is agreed. `member_id`: who of an agency's roster holds the new ones and earns on them, less
    the agency's share. Raises `TaskUnknown`, `OneCodeEach`, `TooManyCodes`, `CodeOver`,
    `MayNotWork`, `NotSigned`, `OwnTerms`, `OtherTerms`.
    """
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("task__promotion__terms")
        .filter(pk=assignment_id, affiliate=affiliate)
        .first()
    )
    if assignment is None:
        raise TaskUnknown
    if total > 1 and assignment.kind == Affiliate.Kind.INDIVIDUAL:
        raise OneCodeEach
    if total > MOST_CODES:
        raise TooManyCodes
    held = [grant.code for grant in assignment.grants.select_related("code")]
    if total > len(held):
        _must_work(affiliate)
        member = _signed(affiliate, member_id) if member_id is not None else None
        earner = (member and member.influencer) or affiliate
        Affiliate.objects.select_for_update().get(pk=earner.pk)
        now = clock.now()  # not before the lock: terms that it waited for have begun by now
        if assignment.task.promotion.state(now) != Promotion.State.LIVE:
            raise CodeOver
        held += _give(assignment, range(len(held) + 1, total + 1), now, earner, member=member)
    return held


def _signed(agency: Affiliate, member_id: int) -> RosterMember:
    found = roster.signed(agency).filter(pk=member_id).first()
    if found is None or found.influencer is None or not found.influencer.can_work:
        raise NotSigned
    return found


def _give(
    assignment: Assignment,
    slots: range,
    now: datetime,
    earner: Affiliate,
    *,
    member: RosterMember | None,
) -> list[PromoCode]:
    task = assignment.task
    try:
        agreements.grant(
            affiliate=earner,
            promotion=task.promotion,
            pay_model=task.pay_model,
            rate_bp=task.rate_bp,
            fee_minor=task.fee_minor,
            valid_from=now,
            agency=assignment.affiliate if member else None,
            agency_share_bp=member.share_bp if member else 0,
        )
    except agreements.AgreementOverlaps as refusal:
        raise (OwnTerms if member else OtherTerms) from refusal
    codes = []
    for slot in slots:
        code = issuing.issue(promotion_id=task.promotion_id, holder=earner.user, at=now)
        CodeGrant.objects.create(
            assignment=assignment, kind=assignment.kind, slot=slot, code=code, granted_at=now
        )
        codes.append(code)
    return codes


def _must_work(affiliate: Affiliate) -> None:
    if not affiliate.can_work:
        raise MayNotWork
