"""Tasks and who works on them.

    open_task → (influencer) apply → get_codes → content (submissions.py) → the code's time is over
    close_task stops new applications; codes that were given go on working

An application is approved by itself (AE-19). A code is given once and stays displayed (AE-28): one
to an individual (AE-29), as many as asked to an agency (AE-30). Giving it also agrees on the pay,
so that sales count from then on, whether or not content ever comes (AE-33).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates import agreements
from affiliates.models import Affiliate
from marketplace import audit, clock
from marketplace.models import Store, User
from promocodes import issuing
from promocodes.models import PromoCode, Promotion
from tasks.models import Assignment, CodeGrant, Task

MOST_CODES = 100  # codes that one agency may hold for one task
NAME_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a seller tells of a task beside its pay; instants are aware, None sets no date."""

    name: str
    brief: str = ""
    channel: str = Task.Channel.ANY
    applications_close_at: datetime | None = None
    submission_due_at: datetime | None = None
    sample_available: bool = False


class TaskRefused(Exception):
    """What an act on a task is refused for; `code` is stable, `message` is for the reader."""

    code = "task_refused"
    message: str | Promise = _("This can't be done.")


class PromotionUnknown(TaskRefused):
    """The store has no such promotion; another store's looks the same as a missing one."""

    code = "promotion_unknown"
    message = _("Your store has no promo code with this ID.")


class NotShared(TaskRefused):
    """The promotion was made without sharing, which can't change any more (AE-02, AM-05)."""

    code = "not_shared"
    message = _("This promo code isn't shared with influencers; that is chosen when it is made.")


class NotRunning(TaskRefused):
    """The promotion isn't approved, or it is over or cancelled (AM-06)."""

    code = "not_running"
    message = _("Only an approved promo code that isn't over yet can be promoted.")


class NotInProgramme(TaskRefused):
    """The store has no affiliate plan of its own in force (AE-18)."""

    code = "not_in_programme"
    message = _("Activate your affiliate plan first.")


class TaskUnknown(TaskRefused):
    """No such task, or one that this person may not see."""

    code = "task_unknown"
    message = _("This task doesn't exist.")


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


@transaction.atomic(durable=True)
def open_task(
    *,
    store: Store,
    promotion_id: UUID | str,
    actor: User,
    pay_model: str = Task.PayModel.CPS,
    fee_minor: int | None = None,
    offer: Offer | None = None,
) -> Task:
    """Make the store's task of a shared promotion, or open it again (AE-04, AE-08).

    There is one task per promotion: promoting it once more returns that one, as it is. CPS pays the
    rate of the store's plan at this moment, basis points of a percent (AE-23); a fee task pays
    `fee_minor` for each use. Raises `PromotionUnknown`, `NotShared`, `NotRunning`,
    `NotInProgramme`.
    """
    now = clock.now()
    promotion = _own_promotion(store, promotion_id)
    if not promotion.share_with_affiliates:
        raise NotShared
    if promotion.state(now) not in {Promotion.State.LIVE, Promotion.State.SCHEDULED}:
        raise NotRunning
    plan = agreements.Plans([store.pk]).at(store.pk, now)
    if plan.store_id != store.pk:
        raise NotInProgramme
    is_cps = pay_model == Task.PayModel.CPS
    task, created = Task.objects.get_or_create(
        promotion=promotion,
        type=Task.Type.STORE_PROMO_CODE,
        defaults={
            "store": store,
            "currency": promotion.currency,
            "pay_model": Task.PayModel(pay_model),
            "rate_bp": plan.rate_bp if is_cps else None,
            "fee_minor": None if is_cps else fee_minor,
            "market": store.country,
            **asdict(offer or Offer(name=promotion.name[:NAME_LENGTH])),
        },
    )
    reopened = _move_task(task.pk, Task.State.CLOSED, Task.State.OPEN)
    if created or reopened:
        _note(actor, "task.open", task, {"promotion": str(promotion.pk)})
    task.state = Task.State.OPEN
    return task


@transaction.atomic(durable=True)
def close_task(*, store: Store, task_id: UUID | str, actor: User) -> None:
    """Take no more applications; repeating it changes nothing. Raises `TaskUnknown`."""
    task = Task.objects.filter(store=store, pk=task_id).first()
    if task is None:
        raise TaskUnknown
    if _move_task(task.pk, Task.State.OPEN, Task.State.CLOSED):
        _note(actor, "task.close", task, {})


@transaction.atomic
def describe_task(*, store: Store, task_id: UUID | str, actor: User, offer: Offer) -> None:
    """Change what is told of a task, never its pay. Raises `TaskUnknown`.

    May stand inside another transaction: the admin's form opens one of its own.
    """
    task = Task.objects.select_for_update().filter(store=store, pk=task_id).first()
    if task is None:
        raise TaskUnknown
    Task.objects.filter(pk=task.pk).update(**asdict(offer))
    _note(actor, "task.describe", task, {"name": offer.name})


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
    *, assignment_id: UUID | str, affiliate: Affiliate, total: int = 1
) -> Sequence[PromoCode]:
    """All codes of an assignment, after giving as many as are missing up to `total`.

    So a double click, or the same dialog sent twice, gives nothing twice. With the first code the
    pay is agreed. Raises `TaskUnknown`, `OneCodeEach`, `TooManyCodes`, `CodeOver`, `MayNotWork`.
    """
    now = clock.now()
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
        if assignment.task.promotion.state(now) != Promotion.State.LIVE:
            raise CodeOver
        held += _give(assignment, range(len(held) + 1, total + 1), now)
    return held


def _give(assignment: Assignment, slots: range, now: datetime) -> list[PromoCode]:
    task, affiliate = assignment.task, assignment.affiliate
    agreements.grant(
        affiliate=affiliate,
        promotion=task.promotion,
        pay_model=task.pay_model,
        rate_bp=task.rate_bp,
        fee_minor=task.fee_minor,
        valid_from=now,
    )
    codes = []
    for slot in slots:
        code = issuing.issue(promotion_id=task.promotion_id, holder=affiliate.user, at=now)
        CodeGrant.objects.create(
            assignment=assignment, kind=assignment.kind, slot=slot, code=code, granted_at=now
        )
        codes.append(code)
    return codes


def _own_promotion(store: Store, promotion_id: UUID | str) -> Promotion:
    try:
        key = promotion_id if isinstance(promotion_id, UUID) else UUID(promotion_id.strip())
    except ValueError as error:
        raise PromotionUnknown from error
    found = Promotion.objects.of_store(store).select_related("terms").filter(pk=key).first()
    if found is None:
        raise PromotionUnknown
    return found


def _must_work(affiliate: Affiliate) -> None:
    if not affiliate.can_work:
        raise MayNotWork


def _move_task(pk: UUID, before: Task.State, after: Task.State) -> bool:
    return bool(Task.objects.filter(pk=pk, state=before).update(state=after))


def _note(actor: User, verb: str, task: Task, after: dict[str, str]) -> None:
    audit.record(actor=actor, verb=verb, target=f"task {task.pk}", after=after)
