"""Short links of affiliates, and the clicks on them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from marketplace.models import Product, Store
from promocodes.models import Promotion


class Link(models.Model):
    """A link of one affiliate to one target; `id` is the word in the address."""

    id = models.CharField(primary_key=True, max_length=16, editable=False)
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="links", verbose_name=_("affiliate")
    )
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, null=True, blank=True, verbose_name=_("promotion")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, verbose_name=_("product")
    )
    store = models.ForeignKey(Store, models.PROTECT, null=True, blank=True, verbose_name=_("store"))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(promotion__isnull=False, product=None, store=None)
                | models.Q(promotion=None, product__isnull=False, store=None)
                | models.Q(promotion=None, product=None, store__isnull=False),
                name="link_has_one_target",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Click(models.Model):
    """One visit through a link; holds no address and no agent (trust.md, Privacy).

    The shop passes it back as `click_id` = `ref`; found by link and token, never by its row.
    """

    link = models.ForeignKey(Link, models.PROTECT, related_name="clicks", db_index=False)
    token = models.CharField(max_length=32)
    clicked_at = models.DateTimeField(_("clicked"), db_default=Now())

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        constraints = [
            models.UniqueConstraint(fields=["link", "token"], name="click_token_once_per_link"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """What the shop sends back with the order."""
        return f"{self.link_id}.{self.token}"
