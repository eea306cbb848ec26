"""What a sale earned those who brought it."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import MAX_BP, Affiliate
from affiliates.models.agreement import Agreement
from affiliates.models.settlement import SettlementRun
from affiliates.models.withdrawal import Withdrawal
from marketplace.ids import uuid7
from marketplace.models import Store, User
from marketplace.models.fields import CurrencyField, OrderRefField, RefField
from promocodes.models import PromoCode, Promotion

# Columns of the snapshot of the order's time; a trigger refuses to change them.
FROZEN_IN_COMMISSION = (
    "order_ref",
    "line_ref",
    "beneficiary_id",
    "kind",
    "side",
    "store_id",
    "promotion_id",
    "agreement_id",
    "code_id",
    "use_ref",
    "currency",
    "base_minor",
    "rate_bp",
    "fee_minor",
    "share_bp",
    "terms_version",
    "amount_minor",
)


class CommissionQuerySet(models.QuerySet["Commission"]):
    """Commissions, in words; they start from the user."""

    def of(self, user: User) -> Self:
        """What this user's affiliate earned."""
        return self.filter(beneficiary__user=user)

    def of_order(self, order_ref: str) -> Self:
        """The commissions on one order."""
        return self.filter(order_ref=order_ref)

    def due(self, cutoff: datetime) -> Self:
        """In the ledger, still pending, and with the hold over at the cutoff."""
        return self.filter(
            state=Commission.State.PENDING, accrued_at__isnull=False, release_at__lte=cutoff
        )

    def awaiting_funds(self) -> Self:
        """Fees that the seller has not prepaid yet."""
        return self.filter(state=Commission.State.PENDING, accrued_at=None)


class Commission(models.Model):
    """What one affiliate earns on one order line (money.md, Commission).

    pending → available (hold over) → settled (paid out); `reversed` only when nothing is left;
    `not_due` with its reason. Rate, fee, share, base and terms are those of the order's time.
    `reversed_minor` is the part that came back with `refunded_minor` of the base.
    A fee waits with `accrued_at` None until the seller has prepaid it.
    """

    class Kind(models.TextChoices):
        CPS = "cps", _("commission on purchases")
        FEE = "fee", _("set fee for a use")

    class Side(models.TextChoices):
        WHOLE = "whole", _("whole")
        INFLUENCER = "influencer", _("influencer's part")
        AGENCY = "agency", _("agency's part")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        AVAILABLE = "available", _("available")
        SETTLED = "settled", _("paid out")
        REVERSED = "reversed", _("reversed")
        NOT_DUE = "not_due", _("not due")

    class Reason(models.TextChoices):
        SELF_PURCHASE = "self_purchase", _("your own or your agency's purchase")
        NO_AGREEMENT = "no_agreement", _("no agreement was in force at the time of the order")
        SUSPENDED = "suspended", _("the account was suspended")
        NO_PROGRAMME = "no_programme", _("the seller has no affiliate programme")
        NO_USE = "no_use", _("the code was not redeemed, so no use counts")
        ZERO_AMOUNT = "zero_amount", _("the amount rounds to nothing")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_ref = OrderRefField(_("order"))
    line_ref = RefField(_("line"))
    beneficiary = models.ForeignKey(
        Affiliate,
        models.PROTECT,
        related_name="commissions",
        db_index=False,
        verbose_name=_("beneficiary"),
    )
    kind = models.CharField(_("kind"), max_length=3, choices=Kind)
    side = models.CharField(_("part"), max_length=10, choices=Side, default=Side.WHOLE)
    state = models.CharField(_("state"), max_length=9, choices=State)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="commissions", verbose_name=_("store")
    )
    promotion = models.ForeignKey(
        Promotion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        verbose_name=_("promotion"),
    )
    agreement = models.ForeignKey(
        Agreement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        db_index=False,
        verbose_name=_("agreement"),
    )
    code = models.ForeignKey(
        PromoCode,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        db_index=False,
        verbose_name=_("promo code"),
    )
    use_ref = models.CharField(_("use of the code"), max_length=36, blank=True)
    currency = CurrencyField(_("currency"))
    base_minor = models.BigIntegerField(_("base, minor units"))
    rate_bp = models.PositiveIntegerField(_("rate, 1/100 %"), default=0)
    fee_minor = models.BigIntegerField(_("fee, minor units"), default=0)
    share_bp = models.PositiveIntegerField(_("agency's share, 1/100 %"), default=0)
    terms_version = models.PositiveIntegerField(_("terms version"))
    amount_minor = models.BigIntegerField(_("earned, minor units"))
    refunded_minor = models.BigIntegerField(_("returned of the base, minor units"), default=0)
    reversed_minor = models.BigIntegerField(_("taken back, minor units"), default=0)
    corrections = models.PositiveIntegerField(_("reversals and restorations"), default=0)
    hold_days = models.PositiveSmallIntegerField(_("hold, days"))
    ordered_at = models.DateTimeField(_("ordered"))
    accrued_at = models.DateTimeField(_("in the ledger since"), null=True, blank=True)
    release_at = models.DateTimeField(_("available from"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    run = models.ForeignKey(
        SettlementRun,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        db_index=False,
        verbose_name=_("settlement run"),
    )
    settled_by = models.ForeignKey(
        Withdrawal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commissions",
        verbose_name=_("paid out by"),
    )
    created_at = models.DateTimeField(_("derived"), db_default=Now(), editable=False)

    objects = CommissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("commission")
        verbose_name_plural = _("commissions")
        constraints = [
            models.UniqueConstraint(
                fields=["order_ref", "line_ref", "beneficiary", "kind"],
                name="commission_once_per_line_and_beneficiary",
            ),
            models.CheckConstraint(
                condition=models.Q(base_minor__gte=0, amount_minor__gte=0, fee_minor__gte=0),
                name="commission_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(reversed_minor__gte=0)
                & models.Q(reversed_minor__lte=models.F("amount_minor"))
                & models.Q(refunded_minor__gte=0)
                & models.Q(refunded_minor__lte=models.F("base_minor")),
                name="commission_reversed_within_earned",
            ),
            models.CheckConstraint(
                condition=models.Q(rate_bp__lte=MAX_BP, share_bp__lte=MAX_BP),
                name="commission_rates_within_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(state="not_due", amount_minor=0) & ~models.Q(reason="")
                | ~models.Q(state="not_due") & models.Q(amount_minor__gt=0, reason=""),
                name="commission_not_due_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(state="not_due")
                | models.Q(state="reversed", reversed_minor=models.F("amount_minor"))
                | ~models.Q(state="reversed")
                & models.Q(reversed_minor__lt=models.F("amount_minor")),
                name="commission_reversed_when_nothing_left",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["available", "settled"])
                | models.Q(accrued_at__isnull=False, released_at__isnull=False),
                name="commission_available_was_released",
            ),
        ]
        indexes = [
            models.Index(
                fields=["beneficiary", "-ordered_at", "-id"], name="commission_of_beneficiary"
            ),
            models.Index(
                fields=["release_at"],
                name="commission_due",
                condition=models.Q(state="pending", accrued_at__isnull=False),
            ),
            models.Index(
                fields=["store", "id"],
                name="commission_awaiting_funds",
                condition=models.Q(state="pending", accrued_at=None),
            ),
            models.Index(
                fields=["beneficiary", "currency", "release_at"],
                name="commission_on_hold",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["beneficiary", "currency"],
                name="commission_taken_back",
                condition=models.Q(reversed_minor__gt=0),
            ),
            models.Index(
                fields=["beneficiary", "currency", "released_at"],
                name="commission_unpaid",
                condition=models.Q(state="available"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="terms_are_frozen",
                operation=pgtrigger.UpdateOf(*FROZEN_IN_COMMISSION),  # type: ignore[no-untyped-call]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_ref}/{self.line_ref} {self.kind}"

    @property
    def left_minor(self) -> int:
        """What is left after reversals, minor units."""
        return self.amount_minor - self.reversed_minor
