"""Content for a task, and its review by the seller.

    submit → submitted → approved
                       → changes_asked(reason) → submit again

One piece is in review at a time; earlier ones stay. Pay never waits for it (AE-33): a date missed
is said, not punished.
"""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from marketplace import audit, clock
from marketplace.models import Store, User
from tasks.models import Assignment, Submission
from tasks.openings import TaskRefused, TaskUnknown


class InReview(TaskRefused):
    """The seller hasn't answered the last one yet."""

    code = "in_review"
    message = _("Your last post is still being reviewed.")


class NoCodeYet(TaskRefused):
    """There is nothing to post before the code."""

    code = "no_code_yet"
    message = _("Get your promo code first, then post it.")


class PostedLater(TaskRefused):
    """The date lies in the future."""

    code = "posted_later"
    message = _("Submit the post once it is out.")


class AlreadyApproved(TaskRefused):
    """The content of this task is approved; there is nothing to submit."""

    code = "already_approved"
    message = _("Your content is approved already.")


class AlreadyReviewed(TaskRefused):
    """Somebody of the store was faster."""

    code = "already_reviewed"
    message = _("This content has been reviewed already.")


class ReasonNeeded(TaskRefused):
    """Changes are asked for without saying which."""

    code = "reason_needed"
    message = _("Say what has to change.")


@transaction.atomic(durable=True)
def submit(
    *, assignment_id: UUID | str, affiliate: Affiliate, url: str, posted_on: date
) -> Submission:
    """Hand in a post, in time or late (AE-35); `posted_on` is the day in the house's zone.

    Raises `TaskUnknown`, `NoCodeYet`, `InReview`, `AlreadyApproved`, `PostedLater`.
    """
    assignment = (
        Assignment.objects.select_for_update().filter(pk=assignment_id, affiliate=affiliate).first()
    )
    if assignment is None:
        raise TaskUnknown
    if not assignment.grants.exists():
        raise NoCodeYet
    refusals = {
        Assignment.State.SUBMITTED: InReview,
        Assignment.State.APPROVED: AlreadyApproved,
    }
    if assignment.state in refusals:
        raise refusals[Assignment.State(assignment.state)]
    if posted_on > timezone.localdate(clock.now()):
        raise PostedLater
    _move(assignment.pk, assignment.state, Assignment.State.SUBMITTED)
    return Submission.objects.create(assignment=assignment, url=url, posted_on=posted_on)


@transaction.atomic(durable=True)
def approve(*, submission_id: UUID | str, store: Store, actor: User) -> None:
    """The seller likes it. Raises `TaskUnknown` (another store's too), `AlreadyReviewed`."""
    _review(submission_id, store, actor, Submission.State.APPROVED, "")


@transaction.atomic(durable=True)
def ask_for_changes(*, submission_id: UUID | str, store: Store, actor: User, reason: str) -> None:
    """The seller wants it otherwise and says how.

    Raises `ReasonNeeded`, `TaskUnknown` (another store's too), `AlreadyReviewed`.
    """
    if not reason.strip():
        raise ReasonNeeded
    _review(submission_id, store, actor, Submission.State.CHANGES_ASKED, reason.strip())


def _review(
    submission_id: UUID | str, store: Store, actor: User, to: Submission.State, reason: str
) -> None:
    found = Submission.objects.filter(pk=submission_id, assignment__task__store=store).first()
    if found is None:
        raise TaskUnknown
    moved = Submission.objects.filter(pk=found.pk, state=Submission.State.SUBMITTED).update(
        state=to, reason=reason, reviewed_at=clock.now(), reviewed_by=actor
    )
    if not moved:
        raise AlreadyReviewed
    _move(found.assignment_id, Assignment.State.SUBMITTED, Assignment.State(to.value))
    audit.record(
        actor=actor, verb=f"submission.{to.value}", target=f"submission {found.pk}", reason=reason
    )


def _move(pk: UUID, before: str, after: Assignment.State) -> None:
    moved = Assignment.objects.filter(pk=pk, state=before).update(state=after)
    if not moved:
        raise AlreadyReviewed
