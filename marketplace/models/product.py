"""The catalogue as the shop last told it."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.models.fields import CurrencyField, RefField
from marketplace.models.store import Store


class Category(models.Model):
    """A product category, by the shop's own id."""

    ref = RefField(_("category id"), unique=True)
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A thing that a store sells."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="products")
    ref = RefField(_("product id"), unique=True)
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=300)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="products"
    )
    price_minor = models.BigIntegerField(_("price, minor units"))
    currency = CurrencyField(_("currency"))
    url = models.URLField(_("address"), max_length=1000, blank=True)
    image_url = models.URLField(_("picture"), max_length=1000, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("updated"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            # What composite foreign keys (store, product) of the floors above point at.
            models.UniqueConstraint(fields=["store", "id"], name="product_of_store"),
            models.CheckConstraint(
                condition=models.Q(price_minor__gte=0), name="product_price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name
