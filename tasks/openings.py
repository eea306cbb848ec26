"""What a store offers to influencers: tasks of its shared promotions.

    open_task → (influencers apply, assignments.py) → close_task → opened again by promoting it

There is one task per promotion. Its pay is fixed when it opens; what is told of it may change.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates import agreements
from marketplace import audit, clock
from marketplace.models import Store, User
from promocodes.models import Promotion
from tasks.models import Task

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


def _own_promotion(store: Store, promotion_id: UUID | str) -> Promotion:
    try:
        key = promotion_id if isinstance(promotion_id, UUID) else UUID(promotion_id.strip())
    except ValueError as error:
        raise PromotionUnknown from error
    found = Promotion.objects.of_store(store).select_related("terms").filter(pk=key).first()
    if found is None:
        raise PromotionUnknown
    return found


def _move_task(pk: UUID, before: Task.State, after: Task.State) -> bool:
    return bool(Task.objects.filter(pk=pk, state=before).update(state=after))


def _note(actor: User, verb: str, task: Task, after: dict[str, str]) -> None:
    audit.record(actor=actor, verb=verb, target=f"task {task.pk}", after=after)
