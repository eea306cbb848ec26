"""What sellers offer to influencers and what was agreed with each."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import MAX_BP, Affiliate
from marketplace.models import Store
from marketplace.models.fields import CurrencyField
from promocodes.models import Promotion


class AffiliatePlan(models.Model):
    """A store's standing offer from an instant on; without a store, the default of all.

    The plan of a moment is the last that had started by then, so that a late derivation still
    reads the rate of the order's time (AE-23).
    """

    store = models.ForeignKey(
        Store,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="affiliate_plans",
        verbose_name=_("store"),
    )
    rate_bp = models.PositiveIntegerField(
        _("commission rate, 1/100 %"), default=500, validators=[MaxValueValidator(MAX_BP)]
    )
    hold_days = models.PositiveSmallIntegerField(_("days until a commission is free"), default=15)
    window_days = models.PositiveSmallIntegerField(_("days that a click counts"), default=30)
    starts_at = models.DateTimeField(_("starts"))

    class Meta:
        verbose_name = _("affiliate plan")
        verbose_name_plural = _("affiliate plans")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "starts_at"], nulls_distinct=False, name="plan_starts_once"
            ),
            models.CheckConstraint(
                condition=models.Q(rate_bp__lte=MAX_BP), name="plan_rate_within_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_bp / 100:g} %"


class TstzRange(models.Func):
    """A half-open range of instants; an open end is unbounded."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Agreements, in words."""

    def valid(self, at: datetime) -> Self:
        """Agreements in force at an instant; the end is exclusive."""
        return self.filter(
            models.Q(valid_until=None) | models.Q(valid_until__gt=at), valid_from__lte=at
        )


class Agreement(models.Model):
    """Who earns what on a promotion, and since when (money.md, Agreement).

    `rate_bp` None under CPS means the rate of the store's plan at the order's time (AE-23).
    An influencer of an agency carries the agency and its share of the commission.
    """

    class PayModel(models.TextChoices):
        CPS = "cps", _("commission on purchases")
        FEE = "fee", _("set fee for each use")

    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="agreements", verbose_name=_("affiliate")
    )
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="agreements", verbose_name=_("promotion")
    )
    pay_model = models.CharField(_("pay model"), max_length=3, choices=PayModel)
    rate_bp = models.PositiveIntegerField(
        _("rate, 1/100 %"), null=True, blank=True, validators=[MaxValueValidator(MAX_BP)]
    )
    fee_minor = models.BigIntegerField(_("fee per use, minor units"), null=True, blank=True)
    currency = CurrencyField(_("currency"))
    agency = models.ForeignKey(
        Affiliate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="shared_agreements",
        verbose_name=_("agency"),
    )
    agency_share_bp = models.PositiveIntegerField(_("agency's share, 1/100 %"), default=0)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    terms_version = models.PositiveIntegerField(_("terms version"))
    granted_at = models.DateTimeField(_("granted"), db_default=Now(), editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pay_model="cps", fee_minor=None)
                | models.Q(pay_model="fee", rate_bp=None, fee_minor__gt=0),
                name="agreement_pays_one_way",
            ),
            models.CheckConstraint(
                condition=models.Q(rate_bp=None) | models.Q(rate_bp__lte=MAX_BP),
                name="agreement_rate_within_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(agency=None, agency_share_bp=0)
                | (
                    models.Q(agency__isnull=False, agency_share_bp__lte=MAX_BP)
                    & ~models.Q(agency=models.F("affiliate"))
                ),
                name="agreement_share_needs_agency",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until=None)
                | models.Q(valid_until__gt=models.F("valid_from")),
                name="agreement_ends_after_start",
            ),
            ExclusionConstraint(
                name="agreement_one_at_a_time",
                expressions=[
                    ("affiliate", RangeOperators.EQUAL),
                    ("promotion", RangeOperators.EQUAL),
                    (
                        TstzRange("valid_from", "valid_until", RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="agreement_keeps_its_terms",
                fields=[
                    "affiliate",
                    "promotion",
                    "pay_model",
                    "rate_bp",
                    "fee_minor",
                    "currency",
                    "agency",
                    "agency_share_bp",
                    "terms_version",
                ],
            ),
            pgtrigger.Protect(name="keep_agreement", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.pay_model} {self.affiliate_id}"

    def is_valid(self, at: datetime) -> bool:
        """Whether it is in force at an instant; the end is exclusive."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    @property
    def is_open_offer(self) -> bool:
        """Whether it only follows the store's plan, as for anybody who takes a shared code."""
        return self.pay_model == self.PayModel.CPS and self.rate_bp is None and not self.agency_id
