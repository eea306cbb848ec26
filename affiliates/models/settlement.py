"""Runs that release what is due."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.fields import CurrencyField


class SettlementRun(models.Model):
    """One pass over the commissions of a currency whose hold was over at the cutoff.

    At most one run of a currency is open; whoever comes takes it up again.
    """

    currency = CurrencyField(_("currency"))
    cutoff = models.DateTimeField(_("hold over by"))
    started_at = models.DateTimeField(_("started"), db_default=Now(), editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    released_count = models.PositiveBigIntegerField(_("commissions released"), default=0)
    released_minor = models.BigIntegerField(_("released, minor units"), default=0)

    class Meta:
        verbose_name = _("settlement run")
        verbose_name_plural = _("settlement runs")
        constraints = [
            models.UniqueConstraint(fields=["currency", "cutoff"], name="settlement_run_once"),
            models.UniqueConstraint(
                fields=["currency"],
                condition=models.Q(finished_at=None),
                name="settlement_run_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.cutoff:%Y-%m-%d %H:%M}"
