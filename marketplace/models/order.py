"""Orders: the append-only journal of what the shop reported, and the fold of it."""

from collections.abc import Collection, Sequence
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.models.client import ApiClient
from marketplace.models.fields import CurrencyField, OrderRefField, RefField, TransactionId
from marketplace.models.store import Store
from marketplace.models.triggers import append_only
from marketplace.models.user import User


class OrderEvent(models.Model):
    """One event as it came in; never changed, never deleted (a trigger refuses it).

    `txid` makes a cursor over the journal safe: rows of transactions that still run are ahead
    of the cursor, whatever their id (`marketplace.journal`).
    """

    class Type(models.TextChoices):
        PLACED = "placed", _("placed")
        PAID = "paid", pgettext_lazy("order", "paid")
        DELIVERED = "delivered", _("delivered")
        CANCELLED = "cancelled", _("cancelled")
        REFUNDED = "refunded", _("refunded")

    client = models.ForeignKey(ApiClient, models.PROTECT, db_index=False)
    event_id = RefField(_("event id"))
    order_ref = OrderRefField(_("order"))
    version = models.PositiveBigIntegerField(_("version"))
    type = models.CharField(_("type"), max_length=10, choices=Type)
    occurred_at = models.DateTimeField(_("occurred"))
    # What the event carries, with prints instead of addresses (`marketplace.identities`).
    payload = models.JSONField(_("event"))
    fingerprint = models.CharField(max_length=64, editable=False)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)
    txid = models.BigIntegerField(db_default=TransactionId(), editable=False)

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        constraints = [
            # With the order, by which these rows could be spread over machines (speed.md, Growth).
            models.UniqueConstraint(
                fields=["order_ref", "client", "event_id"], name="order_event_once_per_client"
            ),
        ]
        indexes = [
            models.Index(fields=["txid", "id"], name="order_event_in_commit_order"),
            models.Index(fields=["client", "event_id"], name="order_event_of_client"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.order_ref} {self.type} v{self.version}"


class JournalCursor(models.Model):
    """How far one reader has read the journal (`marketplace.journal`)."""

    reader = models.CharField(max_length=40, primary_key=True)
    cluster = models.BigIntegerField(
        help_text="The database cluster whose transaction ids these are."
    )
    txid = models.BigIntegerField()
    event_id = models.BigIntegerField()
    replay_from = models.BigIntegerField(null=True)
    replay_to = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.reader


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders, in words."""

    def of_person(self, *, shopper_ref: str, identities: Sequence[str]) -> Self:
        """Orders of the shopper with this id or any of these prints (`marketplace.identities`)."""
        same = models.Q(identities__overlap=list(identities)) if identities else models.Q()
        if shopper_ref:
            same |= models.Q(shopper_ref=shopper_ref)
        return self.filter(same) if same else self.none()

    def told_to(self, store_id: int | None) -> Self:
        """Orders of the marketplace's word, and with a store those of its own: nobody else's."""
        return self.filter(models.Q(reported_by=None) | models.Q(reported_by=store_id))

    def with_other_words(self, refs: Collection[str]) -> Self:
        """The orders of these refs, and what stores told by their own keys under the same numbers.

        Each knows `is_overruled`: the marketplace has told of it too, and its word stands above.
        """
        told = OrderLine.objects.filter(
            order__ref=models.OuterRef("number"), store=models.OuterRef("reported_by")
        )
        wanted = models.Q(ref__in=refs) | models.Q(number__in=refs, reported_by__isnull=False)
        return self.filter(wanted).annotate(is_overruled=models.Exists(told))

    def paid(self) -> Self:
        """Orders that were paid, whatever came of them later."""
        return self.exclude(paid_at=None)


class Order(models.Model):
    """An order, folded from its events; the same in whatever order they came.

    It is one speaker's word: the marketplace's, or a store's that reports by a key of its own.
    Each has order numbers of its own, so nobody's events get into another's order.
    """

    class State(models.TextChoices):
        PLACED = "placed", _("placed")
        PAID = "paid", pgettext_lazy("order", "paid")
        DELIVERED = "delivered", _("delivered")
        CANCELLED = "cancelled", _("cancelled")

    ref = OrderRefField(_("order"), unique=True)
    number = models.GeneratedField(
        expression=models.Func(
            models.F("ref"), models.Value("^.*/"), models.Value(""), function="regexp_replace"
        ),
        output_field=RefField(),
        db_persist=True,
        verbose_name=_("number"),
    )
    reported_by = models.ForeignKey(
        Store,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("reported by"),
        help_text=_("The store by whose own key it was reported; empty for the marketplace."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLACED)
    version = models.PositiveBigIntegerField(_("version"), default=0)
    shopper_ref = RefField(_("shopper's id"), blank=True)
    shopper = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("shopper"),
    )
    identities = ArrayField(
        models.CharField(max_length=80),
        default=list,
        editable=False,
        help_text="Prints of the shopper's e-mail, phone, payment and device (`identities`).",
    )
    currency = CurrencyField(
        _("currency"), blank=True, help_text=_("Empty until an event tells it; then for ever.")
    )
    shipping_minor = models.BigIntegerField(_("shipping, minor units"), default=0)
    codes = ArrayField(models.CharField(max_length=64), verbose_name=_("codes"), default=list)
    click_ref = models.CharField(_("click"), max_length=64, blank=True)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)
    paid_at = models.DateTimeField(pgettext_lazy("order", "paid"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    parked = models.JSONField(
        _("parked"),
        default=list,
        blank=True,
        help_text=_("What was reported as returned but can't be: each with its reason."),
    )

    objects = OrderQuerySet.as_manager()
    is_overruled: bool  # only if asked for: `OrderQuerySet.with_other_words`

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["shopper_ref", "paid_at"], name="order_of_shopper"),
            GinIndex(fields=["identities"], name="order_of_identities"),
            models.Index(
                fields=["number"],
                name="order_told_by_a_store",
                condition=models.Q(reported_by__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ref=models.F("number"), reported_by=None)
                | ~models.Q(ref=models.F("number")) & models.Q(reported_by__isnull=False),
                name="order_ref_says_whose_word",
            ),
            models.CheckConstraint(
                condition=models.Q(shipping_minor__gte=0), name="order_shipping_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state="cancelled", cancelled_at__isnull=False)
                | (~models.Q(state="cancelled") & models.Q(cancelled_at=None)),
                name="order_cancelled_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class OrderLine(models.Model):
    """One line of an order, net of nothing: what came back stands beside it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    ref = RefField(_("line"))
    # By store and order there is an index below.
    store = models.ForeignKey(Store, models.PROTECT, related_name="order_lines", db_index=False)
    product_ref = RefField(_("product"))
    category_ref = RefField(_("category"), blank=True)
    unit_price_minor = models.BigIntegerField(_("unit price, minor units"))
    quantity = models.PositiveIntegerField(_("quantity"))
    discount_minor = models.BigIntegerField(_("discount, minor units"), default=0)
    refunded_quantity = models.PositiveIntegerField(_("units returned"), default=0)
    refunded_minor = models.BigIntegerField(
        _("money returned, minor units"),
        default=0,
        help_text=_("The part of the discounted line total that went back to the shopper."),
    )

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        # A store's newest orders, without looking at others'.
        indexes = [models.Index(fields=["store", "order"], name="order_line_of_store")]
        constraints = [
            models.UniqueConstraint(fields=["order", "ref"], name="order_line_ref_once"),
            models.CheckConstraint(
                condition=models.Q(unit_price_minor__gte=0, quantity__gte=1),
                name="order_line_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(unit_price_minor__gte=0, discount_minor__gte=0)
                & models.Q(discount_minor__lte=models.F("unit_price_minor") * models.F("quantity")),
                name="order_line_discount_within_price",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded_quantity__lte=models.F("quantity"))
                & models.Q(refunded_minor__gte=0)
                & models.Q(
                    refunded_minor__lte=models.F("unit_price_minor") * models.F("quantity")
                    - models.F("discount_minor")
                ),
                name="order_line_refund_within_total",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def total_minor(self) -> int:
        """What the shopper paid for the line, after discounts."""
        return self.unit_price_minor * self.quantity - self.discount_minor
