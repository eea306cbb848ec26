"""Orders whose commissions could not be worked out yet."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.models.fields import OrderRefField


class ParkedOrder(models.Model):
    """An order on which derivation broke: set aside so that the others go on, tried again later.

    It is a fault of ours, so operations look at it; the row goes when a try succeeds.
    """

    order_ref = OrderRefField(_("order"), unique=True)
    error = models.TextField(_("error"))
    tries = models.PositiveIntegerField(_("tries"), default=1)
    parked_at = models.DateTimeField(_("parked"))
    retry_at = models.DateTimeField(_("next try"), db_index=True)

    class Meta:
        verbose_name = _("parked order")
        verbose_name_plural = _("parked orders")

    def __str__(self) -> str:
        return self.order_ref
