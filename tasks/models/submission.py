"""Content that an influencer made for a task, and what the seller said to it."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.ids import uuid7
from marketplace.models import User
from tasks.models.assignment import Assignment


class Submission(models.Model):
    """One posted piece of content; a new one replaces none, it stands beside the earlier ones."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("to be reviewed")
        APPROVED = "approved", pgettext_lazy("post", "approved")
        CHANGES_ASKED = "changes_asked", _("changes asked")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="submissions")
    url = models.URLField(
        _("address of the post"), max_length=1000, validators=[URLValidator(["http", "https"])]
    )
    posted_on = models.DateField(_("posted on"))
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.SUBMITTED)
    reason = models.TextField(_("what to change"), max_length=1000, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), db_default=Now(), editable=False)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    reviewed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )

    class Meta:
        verbose_name = _("content")
        verbose_name_plural = _("content inbox")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(state="submitted"),
                name="submission_one_in_review",
            ),
            models.CheckConstraint(
                condition=Q(state="submitted", reviewed_at=None)
                | (~Q(state="submitted") & Q(reviewed_at__isnull=False)),
                name="submission_review_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="changes_asked") | ~Q(reason=""),
                name="submission_changes_say_why",
            ),
        ]

    def __str__(self) -> str:
        return self.url
