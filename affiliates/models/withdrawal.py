"""Money on its way to the affiliate's bank."""

from typing import Self

import pgtrigger
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import MAX_BP, Affiliate
from marketplace.ids import uuid7
from marketplace.models import User
from marketplace.models.fields import CurrencyField
from marketplace.money import format_money


class PayoutRule(models.Model):
    """What a withdrawal in one currency costs, and when it needs a second person."""

    currency = CurrencyField(_("currency"), primary_key=True)
    minimum_minor = models.BigIntegerField(_("smallest withdrawal, minor units"), default=100)
    fee_minor = models.BigIntegerField(_("fee, minor units"), default=0)
    person_tax_bp = models.PositiveIntegerField(
        _("tax withheld from private persons, 1/100 %"),
        default=1300,
        validators=[MaxValueValidator(MAX_BP)],
    )
    two_persons_above_minor = models.BigIntegerField(
        _("two persons must approve above, minor units"), default=1_000_000
    )
    arrival_days = models.PositiveSmallIntegerField(_("days until the money arrives"), default=5)

    class Meta:
        verbose_name = _("payout rule")
        verbose_name_plural = _("payout rules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    minimum_minor__gte=1, fee_minor__gte=0, two_persons_above_minor__gte=0
                )
                & models.Q(person_tax_bp__lte=MAX_BP),
                name="payout_rule_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.currency


class PayoutMethod(models.Model):
    """A bank account of an affiliate; a change makes a new row, so old payouts keep theirs."""

    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="payout_methods", verbose_name=_("affiliate")
    )
    holder_name = models.CharField(_("account holder"), max_length=140)
    bank_code = models.CharField(_("bank code (BIC)"), max_length=11)
    account_number = models.CharField(_("account number or IBAN"), max_length=34)
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("payout method")
        verbose_name_plural = _("payout methods")
        constraints = [
            models.UniqueConstraint(
                fields=["affiliate"],
                condition=models.Q(is_active=True),
                name="payout_method_one_in_use",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="payout_method_stays_what_it_is",
                fields=["affiliate", "holder_name", "bank_code", "account_number", "created_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.account_number[-4:]}"


class PayoutBatch(models.Model):
    """Withdrawals of one currency that leave together in one bank file."""

    currency = CurrencyField(_("currency"))
    count = models.PositiveIntegerField(_("withdrawals"))
    net_minor = models.BigIntegerField(_("to be paid, minor units"))
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")

    def __str__(self) -> str:
        return f"{self.currency} {self.pk}"


class WithdrawalQuerySet(models.QuerySet["Withdrawal"]):
    """Withdrawals, in words; they start from the user."""

    def of(self, user: User) -> Self:
        """What this user's affiliate asked for."""
        return self.filter(affiliate__user=user)

    def open(self) -> Self:
        """Not ended yet: money is reserved or in transit."""
        return self.filter(state__in=Withdrawal.OPEN)


class Withdrawal(models.Model):
    """One request to be paid (money.md, Withdrawals).

    requested → approved → sent → paid, or cancelled | rejected(reason) | failed | returned.
    `amount_minor` leaves the balance; tax and fee go off it; `net_minor` reaches the bank.
    Tax, fee and the need for two persons are those of the request.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        APPROVED = "approved", _("approved")
        SENT = "sent", _("sent to the bank")
        PAID = "paid", _("paid")
        CANCELLED = "cancelled", _("cancelled")
        REJECTED = "rejected", _("rejected")
        FAILED = "failed", _("failed")
        RETURNED = "returned", _("returned by the bank")

    OPEN = (State.REQUESTED, State.APPROVED, State.SENT)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="withdrawals", verbose_name=_("affiliate")
    )
    state = models.CharField(
        _("state"), max_length=9, choices=State, default=State.REQUESTED, db_index=True
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    currency = CurrencyField(_("currency"))
    amount_minor = models.BigIntegerField(_("amount, minor units"))
    tax_bp = models.PositiveIntegerField(_("tax, 1/100 %"))
    tax_minor = models.BigIntegerField(_("tax withheld, minor units"))
    fee_minor = models.BigIntegerField(_("fee, minor units"))
    net_minor = models.BigIntegerField(_("to be paid, minor units"))
    method = models.ForeignKey(PayoutMethod, models.PROTECT, verbose_name=_("paid to"))
    needs_two = models.BooleanField(_("two persons must approve"))
    requested_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    requested_at = models.DateTimeField(_("requested"))
    first_approver = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first approval by"),
    )
    approver = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    batch = models.ForeignKey(
        PayoutBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="withdrawals",
        verbose_name=_("payout batch"),
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = WithdrawalQuerySet.as_manager()

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(net_minor__gt=0, tax_minor__gte=0, fee_minor__gte=0)
                & models.Q(
                    amount_minor=models.F("net_minor")
                    + models.F("tax_minor")
                    + models.F("fee_minor")
                ),
                name="withdrawal_parts_sum_to_amount",
            ),
            models.CheckConstraint(
                condition=(models.Q(approver=None) | ~models.Q(approver=models.F("requested_by")))
                & (
                    models.Q(first_approver=None)
                    | ~models.Q(first_approver=models.F("requested_by"))
                    & (models.Q(approver=None) | ~models.Q(approver=models.F("first_approver")))
                ),
                name="withdrawal_four_eyes",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["requested", "cancelled", "rejected"])
                | models.Q(approver__isnull=False)
                & (models.Q(needs_two=False) | models.Q(first_approver__isnull=False)),
                name="withdrawal_goes_on_only_approved",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["sent", "paid", "failed", "returned"])
                | models.Q(batch__isnull=False),
                name="withdrawal_sent_in_a_batch",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["rejected", "failed", "returned"])
                | ~models.Q(reason=""),
                name="withdrawal_refused_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["affiliate", "-id"], name="withdrawal_of_affiliate"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="withdrawal_pays_what_was_asked",
                fields=[
                    "affiliate",
                    "currency",
                    "amount_minor",
                    "tax_bp",
                    "tax_minor",
                    "fee_minor",
                    "net_minor",
                    "method",
                    "needs_two",
                    "requested_by",
                    "requested_at",
                ],
            ),
            pgtrigger.Protect(name="keep_withdrawal", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return format_money(self.amount_minor, self.currency, get_language() or "en")

    @property
    def is_open(self) -> bool:
        """Not ended yet."""
        return self.state in self.OPEN
