"""What a promotion gives and asks, version by version."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models.fields import RefField
from promocodes.models.promotion import Promotion

BASIS = 10_000


class PromotionTerms(models.Model):
    """One version of what a promotion gives and asks; never changed, only followed by another."""

    class DiscountType(models.TextChoices):
        PERCENT = "percent", _("percent")
        FIXED = "fixed", _("fixed amount")
        FREE_SHIPPING = "free_shipping", _("free shipping")

    class Allocation(models.TextChoices):
        ACROSS = "across", _("across all fitting lines")
        EACH_UNIT = "each_unit", _("on each unit")
        EACH_LINE = "each_line", _("on each line")
        CHEAPEST_UNIT = "cheapest_unit", _("on the cheapest unit")

    class Scope(models.TextChoices):
        STOREWIDE = "storewide", _("storewide")
        PRODUCTS = "products", _("set products")
        CATEGORIES = "categories", _("set categories")

    class MinSpendBasis(models.TextChoices):
        UNDISCOUNTED = "undiscounted", _("before any code")
        AFTER_EARLIER_CODES = "after_earlier_codes", _("after the codes applied earlier")

    class Stacking(models.TextChoices):
        DEFAULT = "default", _("one code per seller")
        STACKABLE = "stackable", _("goes with other codes")
        EXCLUSIVE = "exclusive", _("stands alone")

    class Cause(models.TextChoices):
        UNPAID = "unpaid", _("never paid")
        CANCELLED = "cancelled", _("order cancelled")
        REFUNDED = "refunded", _("goods returned")
        FRAUD = "fraud", _("fraud")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField(_("version"))
    discount_type = models.CharField(_("discount"), max_length=15, choices=DiscountType)
    percent_bp = models.PositiveIntegerField(
        _("percent, hundredths"),
        null=True,
        blank=True,
        help_text=_("1250 means 12.5 percent."),
    )
    amount_minor = models.BigIntegerField(_("amount, minor units"), null=True, blank=True)
    max_discount_minor = models.BigIntegerField(_("at most, minor units"), null=True, blank=True)
    allocation = models.CharField(
        _("spread"), max_length=15, choices=Allocation, default=Allocation.ACROSS
    )
    max_units_per_line = models.PositiveIntegerField(_("units per line"), null=True, blank=True)
    scope = models.CharField(_("code type"), max_length=10, choices=Scope, default=Scope.STOREWIDE)
    products = ArrayField(RefField(), verbose_name=_("products"), default=list, blank=True)
    categories = ArrayField(RefField(), verbose_name=_("categories"), default=list, blank=True)
    exclude_products = ArrayField(
        RefField(), verbose_name=_("products left out"), default=list, blank=True
    )
    stores = ArrayField(RefField(), verbose_name=_("stores"), default=list, blank=True)
    min_spend_minor = models.BigIntegerField(_("minimum spend, minor units"), default=0)
    min_spend_basis = models.CharField(
        _("minimum spend counts"),
        max_length=20,
        choices=MinSpendBasis,
        default=MinSpendBasis.UNDISCOUNTED,
    )
    first_order_only = models.BooleanField(_("first order only"), default=False)
    stacking = models.CharField(
        _("with other codes"), max_length=10, choices=Stacking, default=Stacking.DEFAULT
    )
    priority = models.IntegerField(
        _("priority"), default=100, help_text=_("The higher applies first.")
    )
    gives_back_for = ArrayField(
        models.CharField(max_length=10, choices=Cause),
        verbose_name=_("a use comes back when"),
        default=list,
        blank=True,
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    timezone = models.CharField(_("time zone"), max_length=50, default="UTC")
    starts_local = models.CharField(_("starts, local time"), max_length=26)
    ends_local = models.CharField(_("ends, local time"), max_length=26, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("terms of a promotion")
        verbose_name_plural = _("terms of promotions")
        constraints = [
            models.UniqueConstraint(fields=["promotion", "version"], name="terms_version_once"),
            # What composite foreign keys (terms, promotion) point at.
            models.UniqueConstraint(fields=["id", "promotion"], name="terms_of_promotion"),
            models.CheckConstraint(
                condition=Q(
                    discount_type="percent",
                    percent_bp__gte=1,
                    percent_bp__lte=BASIS,
                    amount_minor=None,
                )
                | Q(discount_type="fixed", amount_minor__gte=1, percent_bp=None)
                | Q(discount_type="free_shipping", amount_minor=None, percent_bp=None),
                name="terms_discount_fits_type",
            ),
            models.CheckConstraint(
                condition=(Q(max_discount_minor=None) | Q(max_discount_minor__gte=1))
                & (Q(max_units_per_line=None) | Q(max_units_per_line__gte=1))
                & Q(min_spend_minor__gte=0),
                name="terms_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="terms_window_not_empty",
            ),
            models.CheckConstraint(
                condition=(Q(scope="products") & ~Q(products=[]))
                | (~Q(scope="products") & Q(products=[])),
                name="terms_products_fit_scope",
            ),
            models.CheckConstraint(
                condition=(Q(scope="categories") & ~Q(categories=[]))
                | (~Q(scope="categories") & Q(categories=[])),
                name="terms_categories_fit_scope",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"v{self.version}"
