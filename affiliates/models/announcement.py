"""Who is told of which shared promotion."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from marketplace.ids import uuid7
from promocodes.models import Promotion


class Announcement(models.Model):
    """That a shared promotion was announced to those whom it suits; once for good (AM-08)."""

    promotion = models.OneToOneField(
        Promotion, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("promotion")
    )
    announced_at = models.DateTimeField(_("announced"), db_default=Now())

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")

    def __str__(self) -> str:
        return str(self.promotion_id)


class CodeNotice(models.Model):
    """An announced promotion that one affiliate is to read of by e-mail.

    owed (from `due_at` on) → sent (`told_at`) | dropped: it was no news for them any more.
    """

    class State(models.TextChoices):
        OWED = "owed", _("owed")
        SENT = "sent", _("sent")
        DROPPED = "dropped", _("dropped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="+", db_index=False, verbose_name=_("promotion")
    )
    affiliate = models.ForeignKey(
        Affiliate, models.CASCADE, related_name="+", db_index=False, verbose_name=_("affiliate")
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.OWED)
    due_at = models.DateTimeField(_("due"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice of a code")
        verbose_name_plural = _("notices of codes")
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "affiliate"], name="code_notice_once_per_promotion"
            ),
            models.CheckConstraint(
                condition=Q(state="sent", told_at__isnull=False)
                | (~Q(state="sent") & Q(told_at=None)),
                name="code_notice_sent_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="code_notice_owed", condition=Q(state="owed")),
            models.Index(fields=["affiliate", "told_at"], name="code_notice_of_affiliate"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} {self.state}"
