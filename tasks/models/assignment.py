"""Who took a task, and the codes they got for it."""

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from marketplace.ids import uuid7
from promocodes.models import PromoCode
from tasks.models.task import Task


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments, in words."""

    def of(self, affiliate: Affiliate) -> Self:
        """This affiliate's own."""
        return self.filter(affiliate=affiliate)


class Assignment(models.Model):
    """One affiliate at work on one task."""

    class State(models.TextChoices):
        AWAITING_SUBMISSION = "awaiting_submission", _("Awaiting Submission")
        SUBMITTED = "submitted", _("Submitted")
        APPROVED = "approved", _("Approved")
        CHANGES_ASKED = "changes_asked", _("Changes asked")
        ENDED = "ended", _("Ended")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments")
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, verbose_name=_("influencer"), related_name="assignments"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Affiliate.Kind, editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=State, default=State.AWAITING_SUBMISSION
    )
    applied_at = models.DateTimeField(_("applied"), db_default=Now(), editable=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["task", "affiliate"], name="assignment_once_per_task"),
            # What the grants' composite foreign key (assignment, kind) points at.
            models.UniqueConstraint(fields=["id", "kind"], name="assignment_of_kind"),
        ]
        indexes = [
            models.Index(fields=["affiliate", "state", "-id"], name="assignment_of_affiliate"),
        ]

    def __str__(self) -> str:
        return f"{self.affiliate_id}: {self.task_id}"


class CodeGrant(models.Model):
    """A code handed to an affiliate for a task; it stays displayed for good (AE-28).

    `slot` counts the codes of one assignment from 1; an individual's only slot is 1 (AE-29), which
    the database keeps: `kind` is the assignment's, by a composite foreign key.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="grants")
    kind = models.CharField(_("kind"), max_length=10, choices=Affiliate.Kind, editable=False)
    slot = models.PositiveSmallIntegerField()
    code = models.OneToOneField(PromoCode, models.PROTECT, related_name="grant")
    granted_at = models.DateTimeField(_("given"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("code given")
        verbose_name_plural = _("codes given")
        ordering = ["slot"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "slot"], name="code_grant_slot_once"),
            models.CheckConstraint(
                condition=Q(kind="individual", slot=1) | Q(kind="agency", slot__gte=1),
                name="code_grant_individual_has_one",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="keep_code_grant", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} #{self.slot}"
