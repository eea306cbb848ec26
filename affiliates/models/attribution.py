"""Who brought a sale."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from marketplace.models.fields import OrderRefField, RefField
from marketplace.models.triggers import append_only
from promocodes.models import PromoCode


class Attribution(models.Model):
    """The one winner of an order line and how it was found; decided once (money.md, Attribution).

    A line for which nobody could win has no row. `trace` lists every candidate with its outcome.
    """

    class By(models.TextChoices):
        CODE = "code", _("by code")
        CLICK = "click", _("by link")

    order_ref = OrderRefField(_("order"))
    line_ref = RefField(_("line"))
    winner = models.ForeignKey(
        Affiliate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attributions",
        verbose_name=_("winner"),
    )
    by = models.CharField(_("brought"), max_length=5, choices=By, blank=True)
    code = models.ForeignKey(
        PromoCode,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attributions",
        verbose_name=_("promo code"),
    )
    click_ref = models.CharField(_("click"), max_length=64, blank=True)
    trace = models.JSONField(_("trace"))
    ordered_at = models.DateTimeField(_("ordered"))
    decided_at = models.DateTimeField(_("decided"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("attribution")
        verbose_name_plural = _("attributions")
        constraints = [
            models.UniqueConstraint(fields=["order_ref", "line_ref"], name="one_winner_per_line"),
            models.CheckConstraint(
                condition=models.Q(winner=None, by="")
                | models.Q(winner__isnull=False, by__in=["code", "click"]),
                name="attribution_winner_has_a_way",
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.order_ref}/{self.line_ref}"
