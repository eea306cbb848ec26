"""The ledger of uses: what each code gave in a checkout, line by line and unit by unit."""

from typing import Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models import Store
from marketplace.models.fields import RefField
from promocodes.models.checkout import Checkout
from promocodes.models.code import PromoCode
from promocodes.models.promotion import Promotion
from promocodes.models.terms import PromotionTerms


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    """Uses of codes, in words."""

    def of_order(self, order_ref: str) -> Self:
        """What was redeemed on an order, reversed ones too."""
        return self.filter(checkout__order_ref=order_ref)

    def of_store(self, store: Store) -> Self:
        """Uses of one seller's promotions."""
        return self.filter(store=store)


class Redemption(models.Model):
    """One use of one code: reserved → redeemed → part reversed → reversed | released | expired."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        REDEEMED = "redeemed", _("redeemed")
        PART_REVERSED = "part_reversed", _("partly reversed")
        REVERSED = "reversed", _("reversed")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    checkout = models.ForeignKey(
        Checkout, models.PROTECT, related_name="redemptions", db_index=False
    )
    # The three are tied together by composite foreign keys (migration 0002).
    code = models.ForeignKey(
        PromoCode, models.PROTECT, related_name="redemptions", db_constraint=False
    )
    promotion = models.ForeignKey(
        Promotion,
        models.PROTECT,
        related_name="redemptions",
        db_constraint=False,
        db_index=False,
    )
    terms = models.ForeignKey(
        PromotionTerms,
        models.PROTECT,
        related_name="redemptions",
        db_constraint=False,
        db_index=False,
    )
    store = models.ForeignKey(
        Store,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="redemptions",
        db_constraint=False,
        db_index=False,
    )
    state = models.CharField(_("state"), max_length=15, choices=State)
    discount_minor = models.BigIntegerField(_("discount, minor units"))
    shipping_discount_minor = models.BigIntegerField(_("shipping discount, minor units"), default=0)
    returned_minor = models.BigIntegerField(_("discount returned, minor units"), default=0)
    # What was paid for the goods that the promotion is of (its store's; any, if it has none), all
    # codes off, without what came back.
    sales_minor = models.BigIntegerField(_("sales, minor units"))
    is_given_back = models.BooleanField(_("use given back"), default=False)
    decided_at = models.DateTimeField(_("decided"))
    redeemed_at = models.DateTimeField(_("redeemed"), null=True, blank=True)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(
                fields=["checkout", "promotion"], name="promotion_once_per_checkout"
            ),
            models.CheckConstraint(
                condition=Q(
                    discount_minor__gte=0,
                    shipping_discount_minor__gte=0,
                    returned_minor__gte=0,
                    returned_minor__lte=F("discount_minor") + F("shipping_discount_minor"),
                ),
                name="redemption_returned_within_discount",
            ),
            models.CheckConstraint(
                condition=Q(sales_minor__gte=0), name="redemption_sales_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["promotion", "id"], name="redemption_promotion_newest"),
            models.Index(
                fields=["store", "id"],
                name="redemption_store_newest",
                condition=Q(store__isnull=False),
            ),
            models.Index(
                fields=["promotion"], name="redemption_held", condition=Q(state="reserved")
            ),
            models.Index(
                fields=["state", "id"],
                name="redemption_unusual_newest",
                condition=~Q(state="redeemed"),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="frozen_redemption",
                exclude=["state", "returned_minor", "sales_minor", "is_given_back", "redeemed_at"],
            ),
            pgtrigger.Protect(name="keep_redemption", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RedemptionLine(models.Model):
    """What one code gave on one line, unit by unit; the shares are frozen (engine.md 5)."""

    redemption = models.ForeignKey(Redemption, models.PROTECT, related_name="lines", db_index=False)
    line_ref = RefField(_("line"))
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    units = ArrayField(models.BigIntegerField(), verbose_name=_("shares by unit, minor units"))
    discount_minor = models.BigIntegerField(_("discount, minor units"))
    returned_quantity = models.PositiveIntegerField(_("units returned"), default=0)
    returned_minor = models.BigIntegerField(_("discount returned, minor units"), default=0)

    class Meta:
        verbose_name = _("line of a redemption")
        verbose_name_plural = _("lines of redemptions")
        constraints = [
            models.UniqueConstraint(fields=["redemption", "line_ref"], name="redemption_line_once"),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=1)
                & Q(returned_quantity__lte=F("quantity"))
                & Q(returned_minor__gte=0)
                & Q(returned_minor__lte=F("discount_minor")),
                name="redemption_line_returned_within",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="frozen_redemption_line", exclude=["returned_quantity", "returned_minor"]
            ),
            pgtrigger.Protect(name="keep_redemption_line", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.line_ref
