"""The double-entry ledger (money.md). It holds numbers and ids, never a name.

Transfers are append-only and an account never changes what it is: triggers refuse it. Both accounts
share the transfer's currency by composite foreign keys, which Django can't say (migration 0002).
"""

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.fields import CurrencyField
from marketplace.models.triggers import append_only

# Assets and expenses grow by debits; everything else grows by credits.
DEBIT_KINDS = ["platform_cash", "seller_receivable", "promo_expense", "payout_fee", "bad_debt"]


class Account(models.Model):
    """One account. `debited_minor` and `credited_minor` only grow, in the posting transaction."""

    class Kind(models.TextChoices):
        PLATFORM_CASH = "platform_cash", _("platform's cash")
        SELLER_RECEIVABLE = "seller_receivable", _("owed by a seller")
        SELLER_PREPAID = "seller_prepaid", _("prepaid by a seller")
        AFFILIATE_PENDING = "affiliate_pending", _("affiliate: pending")
        AFFILIATE_AVAILABLE = "affiliate_available", _("affiliate: available")
        AFFILIATE_RESERVED = "affiliate_reserved", _("affiliate: reserved for withdrawal")
        PAYOUT_IN_TRANSIT = "payout_in_transit", _("payout in transit")
        TAX_WITHHELD = "tax_withheld", _("tax withheld")
        SHOPPER_WALLET = "shopper_wallet", _("shopper's wallet")
        PLATFORM_FEE = "platform_fee", _("platform's fees")
        PROMO_EXPENSE = "promo_expense", _("promotion expense")
        PAYOUT_FEE = "payout_fee", _("payout costs")
        BAD_DEBT = "bad_debt", _("bad debt")

    code = models.CharField(_("code"), max_length=80)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    owner = models.CharField(
        _("owner"), max_length=40, blank=True, help_text=_("Id of the affiliate, store or batch.")
    )
    currency = CurrencyField(_("currency"))
    may_go_negative = models.BooleanField(_("may go below zero"), default=False)
    debited_minor = models.BigIntegerField(_("debits, minor units"), default=0)
    credited_minor = models.BigIntegerField(_("credits, minor units"), default=0)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="account_code_once"),
            models.UniqueConstraint(
                fields=["owner", "kind", "currency"], name="account_once_per_owner"
            ),
            # What the composite foreign keys of transfers point at.
            models.UniqueConstraint(fields=["id", "currency"], name="account_and_currency"),
            models.CheckConstraint(
                condition=models.Q(debited_minor__gte=0, credited_minor__gte=0),
                name="account_sums_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(may_go_negative=True)
                | models.Q(
                    kind__in=DEBIT_KINDS,
                    credited_minor__lte=models.F("debited_minor"),
                )
                | (
                    ~models.Q(
                        kind__in=[
                            "platform_cash",
                            "seller_receivable",
                            "promo_expense",
                            "payout_fee",
                            "bad_debt",
                        ]
                    )
                    & models.Q(debited_minor__lte=models.F("credited_minor"))
                ),
                name="account_not_overdrawn",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="never_truncated",
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'Accounts can''t be truncated';",
            ),
            pgtrigger.Protect(
                name="stays_what_it_is",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]
                    "code", "kind", "owner", "currency", "may_go_negative"
                ),
            ),
            pgtrigger.Protect(
                name="sums_only_grow",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__debited_minor__lt=pgtrigger.F("old__debited_minor"))
                | pgtrigger.Q(new__credited_minor__lt=pgtrigger.F("old__credited_minor")),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def balance_minor(self) -> int:
        """The balance in the account's own direction, minor units."""
        balance = self.credited_minor - self.debited_minor
        return -balance if self.kind in DEBIT_KINDS else balance


class Transfer(models.Model):
    """Money moved from one account to another, once; corrected only by another transfer."""

    class Kind(models.TextChoices):
        ACCRUE = "accrue", _("commission earned")
        RELEASE = "release", _("commission became available")
        REVERSE = "reverse", _("commission taken back for a return")
        RESTORE = "restore", _("commission given again, the return was withdrawn")
        COLLECT = "collect", _("seller's statement collected")
        FUND = "fund", _("seller's prepayment")
        USE = "use", _("fee for a use of the code")
        RESERVE = "reserve", _("reserved for withdrawal")
        SEND = "send", _("sent to the bank")
        TAX = "tax", _("tax withheld")
        FEE = "fee", _("withdrawal fee")
        PAID = "paid", _("paid out")
        BACK = "back", _("withdrawal came back")
        REWARD = "reward", _("cashback reward")

    debit_account = models.ForeignKey(
        Account,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="debits",
        verbose_name=_("debit"),
    )
    credit_account = models.ForeignKey(
        Account,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="credits",
        verbose_name=_("credit"),
    )
    amount_minor = models.BigIntegerField(_("amount, minor units"))
    currency = CurrencyField(_("currency"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    key = models.CharField(_("key"), max_length=160, db_collation="C")
    group = models.CharField(_("event"), max_length=100, db_collation="C")
    reverses = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reversed_by",
        verbose_name=_("reverses"),
    )
    occurred_at = models.DateTimeField(_("occurred"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="transfer_key_once"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="transfer_amount_positive"
            ),
            models.CheckConstraint(
                condition=~models.Q(debit_account=models.F("credit_account")),
                name="transfer_between_two_accounts",
            ),
        ]
        indexes = [
            models.Index(fields=["debit_account", "id"], name="transfer_of_debited"),
            models.Index(fields=["credit_account", "id"], name="transfer_of_credited"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.key
