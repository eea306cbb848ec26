"""Who did what, and why; append-only (trust.md, Doors)."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.triggers import append_only
from marketplace.models.user import User


class AuditEntry(models.Model):
    """One change of something that matters, written in the transaction of the change."""

    # Without a constraint: the entry outlives the user, whose number stays.
    actor = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("user"),
    )
    actor_name = models.CharField(
        _("by"), max_length=120, help_text=_("The user's number, an API client or a job.")
    )
    verb = models.CharField(_("act"), max_length=60)
    target = models.CharField(_("on"), max_length=120, db_index=True)
    reason = models.TextField(_("reason"), blank=True)
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    at = models.DateTimeField(_("at"), db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
