"""What came back of a checkout, and which share of which code with it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models.fields import RefField
from promocodes.models.checkout import Checkout
from promocodes.models.redemption import RedemptionLine
from promocodes.models.terms import PromotionTerms


class Reversal(models.Model):
    """Something came back: an order unpaid or cancelled, goods returned, a fraud found."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    checkout = models.ForeignKey(Checkout, models.PROTECT, related_name="reversals", db_index=False)
    reversal_ref = RefField(_("reversal"))
    cause = models.CharField(_("cause"), max_length=10, choices=PromotionTerms.Cause)
    asked = models.JSONField(_("asked for"))
    lines = models.JSONField(_("lines"))
    discount_minor = models.BigIntegerField(_("discount returned, minor units"))
    shipping_discount_minor = models.BigIntegerField(
        _("shipping discount returned, minor units"), default=0
    )
    amount_minor = models.BigIntegerField(_("amount returned, minor units"))
    uses_returned = models.PositiveSmallIntegerField(_("uses given back"))
    state_after = models.CharField(_("state after"), max_length=15, choices=Checkout.State)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")
        constraints = [
            models.UniqueConstraint(fields=["checkout", "reversal_ref"], name="reversal_ref_once"),
            models.CheckConstraint(
                condition=Q(
                    discount_minor__gte=0, shipping_discount_minor__gte=0, amount_minor__gte=0
                ),
                name="reversal_not_negative",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.reversal_ref


class ReversalLine(models.Model):
    """The part of a reversal that one code's share of one line gave back."""

    reversal = models.ForeignKey(Reversal, models.PROTECT, related_name="parts", db_index=False)
    redemption_line = models.ForeignKey(RedemptionLine, models.PROTECT, related_name="reversals")
    quantity = models.PositiveIntegerField(_("quantity"))
    discount_minor = models.BigIntegerField(_("discount returned, minor units"))

    class Meta:
        verbose_name = _("line of a reversal")
        verbose_name_plural = _("lines of reversals")
        constraints = [
            models.UniqueConstraint(
                fields=["reversal", "redemption_line"], name="reversal_line_once"
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0, quantity__gte=1),
                name="reversal_line_not_negative",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.redemption_line_id} × {self.quantity}"
