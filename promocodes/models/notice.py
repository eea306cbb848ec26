"""What the people of a store are to be told by e-mail."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from promocodes.models.promotion import Promotion


class DecisionNotice(models.Model):
    """A letter owed to one member of the store about one decision (AM-06).

    `told_at` None: still owed, to be tried from `due_at` on.
    """

    class Decision(models.TextChoices):
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    decision = models.CharField(max_length=10, choices=Decision)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice of a decision")
        verbose_name_plural = _("notices of decisions")
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "member", "decided_at"], name="notice_once_per_decision"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="notice_owed", condition=Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} {self.decision}"
