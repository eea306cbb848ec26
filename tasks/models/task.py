"""Tasks: one promotion that influencers may take a code of (AE-14)."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.ids import uuid7
from marketplace.models import Store
from marketplace.models.fields import CurrencyField
from promocodes.models import Promotion


class TaskQuerySet(models.QuerySet["Task"]):
    """Tasks, in words."""

    def of_stores(self, stores: models.QuerySet[Store]) -> Self:
        """Those of these stores."""
        return self.filter(store__in=stores)

    def listed(self, at: datetime) -> Self:
        """Those that an influencer may find and apply for: open, their codes not yet over."""
        return self.filter(
            Q(applications_close_at=None) | Q(applications_close_at__gt=at),
            state=Task.State.OPEN,
            promotion__in=Promotion.objects.live(at),
        )


class Task(models.Model):
    """A seller's offer to influencers: take a code of this promotion and post it.

    Three dates, three columns (mission.md 5): `applications_close_at`, `submission_due_at`, and the
    end of the code, which is the promotion's; the source calls the last "Application Deadline"
    (AE-36).
    """

    class Type(models.TextChoices):
        STORE_PROMO_CODE = "store_promo_code", _("Store Promo Code")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("task", "open")
        CLOSED = "closed", pgettext_lazy("task", "closed")

    class PayModel(models.TextChoices):
        CPS = "cps", _("commission on sales")
        FEE = "fee", _("fee for each use")

    class Channel(models.TextChoices):
        ANY = "any", _("anywhere")
        FEED = "feed", _("the marketplace's feed")
        SOCIAL = "social", _("social media")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="tasks")
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, verbose_name=_("promo code"), related_name="tasks"
    )
    type = models.CharField(
        _("task type"), max_length=20, choices=Type, default=Type.STORE_PROMO_CODE
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    name = models.CharField(_("task name"), max_length=120)
    brief = models.TextField(
        _("what to tell"),
        max_length=2000,
        blank=True,
        help_text=_("Plain text for the influencer: what to show, what to avoid."),
    )
    currency = CurrencyField(_("currency"))
    pay_model = models.CharField(_("pay"), max_length=3, choices=PayModel, default=PayModel.CPS)
    rate_bp = models.PositiveIntegerField(
        _("rate, hundredths of a percent"),
        null=True,
        blank=True,
        help_text=_("Taken from the store's affiliate plan when the task is opened."),
    )
    fee_minor = models.BigIntegerField(_("fee for each use, minor units"), null=True, blank=True)
    applications_close_at = models.DateTimeField(
        _("applications close"), null=True, blank=True, help_text=_("Empty: when the code ends.")
    )
    submission_due_at = models.DateTimeField(
        _("content is due"),
        null=True,
        blank=True,
        help_text=_("Advice only: sales count even when the content is late."),
    )
    market = models.CharField(_("market"), max_length=2, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.ANY)
    sample_available = models.BooleanField(_("sample available"), default=False)
    opened_at = models.DateTimeField(_("opened"), db_default=Now(), editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["promotion", "type"], name="task_once_per_promotion"),
            models.CheckConstraint(
                condition=Q(pay_model="cps", rate_bp__lte=10_000, fee_minor=None)
                | Q(pay_model="fee", fee_minor__gt=0, rate_bp=None),
                name="task_pays_by_rate_or_by_fee",
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(state="open"), name="task_open_newest_first"),
            models.Index(fields=["store", "-id"], name="task_of_store"),
        ]

    def __str__(self) -> str:
        return self.name

    def takes_applications(self, at: datetime) -> bool:
        """Whether the seller still takes influencers; the promotion must be live besides."""
        before_close = self.applications_close_at is None or at < self.applications_close_at
        return self.state == self.State.OPEN and before_close
