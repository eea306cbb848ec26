"""The series of rounds: its template and its rhythm."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.models.fields import CurrencyField
from referrals.models.policy import Policy, PolicyError


def validate_policy(value: object) -> None:
    """Refuse a policy with unknown rules or impossible numbers."""
    try:
        Policy.from_json(value)
    except PolicyError as error:
        raise ValidationError(str(error), code="policy") from error


def validate_zone(value: str) -> None:
    """Refuse what is no IANA time zone."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(_("Use an IANA time zone such as Europe/Moscow."), "zone") from error


class RoundTerms(models.Model):
    """What a round promises: a campaign keeps it as the template, a round as its own copy."""

    class Discount(models.TextChoices):
        FIXED = "fixed", _("amount")
        PERCENT = "percent", _("percent")

    threshold = models.PositiveSmallIntegerField(
        _("friends needed"), default=10, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    discount_type = models.CharField(
        _("discount"), max_length=7, choices=Discount, default=Discount.FIXED
    )
    amount_minor = models.BigIntegerField(_("discount, minor units"), null=True, blank=True)
    percent_bp = models.PositiveIntegerField(
        _("discount, hundredths of a percent"), null=True, blank=True
    )
    min_order_minor = models.BigIntegerField(_("minimum order, minor units"), default=0)
    currency = CurrencyField(_("currency"), default="RUB")
    timezone = models.CharField(
        _("time zone"), max_length=40, default="Europe/Moscow", validators=[validate_zone]
    )
    policy = models.JSONField(
        _("what counts"),
        default=dict,
        blank=True,
        validators=[validate_policy],
        help_text=_("Only what differs from the usual rules; empty for the usual ones."),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    discount_type="fixed",
                    amount_minor__isnull=False,  # a CHECK lets NULL pass
                    amount_minor__gt=0,
                    percent_bp__isnull=True,
                )
                | models.Q(
                    discount_type="percent",
                    percent_bp__isnull=False,
                    percent_bp__gt=0,
                    percent_bp__lte=10_000,
                    amount_minor__isnull=True,
                ),
                name="%(class)s_one_discount",
            ),
            models.CheckConstraint(
                condition=models.Q(min_order_minor__gte=0), name="%(class)s_min_order_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(threshold__gte=1, threshold__lte=1000),
                name="%(class)s_threshold_in_reach",
            ),
        ]

    @property
    def rules(self) -> Policy:
        """The visit rules, with the usual values where nothing else is said."""
        return Policy.from_json(self.policy)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which dates are shown."""
        return ZoneInfo(self.timezone)


class Campaign(RoundTerms):
    """A series of rounds: each closes, pauses, and the next one opens by itself (OK-10)."""

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100, unique=True)
    partner_name = models.CharField(
        _("partner's brand"),
        max_length=60,
        blank=True,
        help_text=_("A second brand that stands on the pages beside ours."),
    )
    storefront_url = models.URLField(
        _("storefront"),
        max_length=500,
        blank=True,
        help_text=_("Where a friend goes shopping after accepting."),
    )
    length = models.DurationField(_("length of a round"), default=timedelta(days=14))
    pause = models.DurationField(_("pause between rounds"), default=timedelta(days=7))
    is_running = models.BooleanField(
        _("goes on"),
        default=True,
        help_text=_("When a round closes, the next one is planned by itself."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta(RoundTerms.Meta):
        abstract = False
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            *RoundTerms.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(length__gt=timedelta(0)), name="campaign_length_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(pause__gte=timedelta(0)), name="campaign_pause_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name
