"""A cart at the till."""

from datetime import datetime

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models import ApiClient, Store
from marketplace.models.fields import CurrencyField, RefField, validate_ref


class Checkout(models.Model):
    """One cart at the till: held or redeemed with all its codes, or not at all (api.md).

    Its id is the id of the reservation and of the redemption in the REST contract.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        REDEEMED = "redeemed", _("redeemed")
        PART_REVERSED = "part_reversed", _("partly reversed")
        REVERSED = "reversed", _("reversed")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    order_ref = models.CharField(
        _("order"), max_length=64, null=True, blank=True, validators=[validate_ref]
    )
    shopper_ref = RefField(_("shopper's id"), blank=True)
    # Keyed hashes of who bought: so a limit per person that comes later counts what was before it.
    persons = ArrayField(
        models.BinaryField(max_length=16), verbose_name=_("identities"), null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=15, choices=State)
    currency = CurrencyField(_("currency"))
    subtotal_minor = models.BigIntegerField(_("subtotal, minor units"))
    shipping_minor = models.BigIntegerField(_("shipping, minor units"), default=0)
    discount_minor = models.BigIntegerField(_("discount, minor units"), default=0)
    shipping_discount_minor = models.BigIntegerField(_("shipping discount, minor units"), default=0)
    cart = models.JSONField(_("cart"))
    cart_digest = models.CharField(max_length=64, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    returned = ArrayField(models.PositiveIntegerField(), verbose_name=_("units returned by line"))
    decided_at = models.DateTimeField(_("decided"))
    expires_at = models.DateTimeField(_("held until"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("redeemed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("checkout")
        verbose_name_plural = _("checkouts")
        constraints = [
            # An order is redeemed once; a store's own key has order numbers of its own.
            models.UniqueConstraint(
                fields=["order_ref", "store"],
                condition=Q(order_ref__isnull=False),
                nulls_distinct=False,
                name="checkout_once_per_order",
            ),
            models.CheckConstraint(
                condition=Q(
                    subtotal_minor__gte=0,
                    shipping_minor__gte=0,
                    discount_minor__gte=0,
                    discount_minor__lte=F("subtotal_minor"),
                    shipping_discount_minor__gte=0,
                    shipping_discount_minor__lte=F("shipping_minor"),
                ),
                name="checkout_discount_within_cart",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["redeemed", "part_reversed", "reversed"],
                    order_ref__isnull=False,
                    redeemed_at__isnull=False,
                )
                | Q(
                    state__in=["held", "released", "expired"],
                    order_ref=None,
                    redeemed_at=None,
                    expires_at__isnull=False,
                ),
                name="checkout_state_has_its_facts",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="checkout_held", condition=Q(state="held")),
            # Nearly all are redeemed; those are found by walking from the newest.
            models.Index(
                fields=["state", "id"],
                name="checkout_unusual_newest",
                condition=~Q(state="redeemed"),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="frozen_checkout",
                exclude=[
                    "order_ref",
                    "shopper_ref",
                    "persons",
                    "state",
                    "returned",
                    "expires_at",
                    "redeemed_at",
                ],
            ),
            pgtrigger.Protect(name="keep_checkout", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.order_ref or str(self.pk)

    def is_held_at(self, at: datetime) -> bool:
        """Whether the hold still stands; one past its time doesn't, job or no job."""
        return (
            self.state == self.State.HELD and self.expires_at is not None and at < self.expires_at
        )
