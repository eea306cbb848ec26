"""What stands behind the limits: counters, slots of persons and codes, misses."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from promocodes.models.promotion import Promotion
from promocodes.models.redemption import Redemption


class PromotionCounter(models.Model):
    """How much of a limit is taken, by holds and uses alike; a cache that a command proves.

    Only limited promotions have rows. One that may become hot shares its limits over several
    `slot` rows (`promocodes.limits`).
    """

    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="counters", db_index=False
    )
    slot = models.PositiveSmallIntegerField(default=0)
    quota = models.PositiveIntegerField(_("uses allowed"), null=True, blank=True)
    taken = models.PositiveIntegerField(_("uses taken"), default=0)
    budget_minor = models.BigIntegerField(_("budget, minor units"), null=True, blank=True)
    spent_minor = models.BigIntegerField(_("budget taken, minor units"), default=0)

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        constraints = [
            models.UniqueConstraint(fields=["promotion", "slot"], name="counter_once_per_slot"),
            models.CheckConstraint(
                condition=Q(taken__gte=0) & (Q(quota=None) | Q(taken__lte=F("quota"))),
                name="counter_taken_within_quota",
            ),
            models.CheckConstraint(
                condition=Q(spent_minor__gte=0)
                & (Q(budget_minor=None) | Q(spent_minor__lte=F("budget_minor"))),
                name="counter_spent_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}/{self.slot}"


class UseSlot(models.Model):
    """The n-th use of a promotion by one identity (or of one code); the row is the limit.

    `identity` is a keyed hash. The row is deleted when the use is given back.
    """

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="+", db_index=False)
    identity = models.BinaryField(max_length=16)
    slot = models.PositiveSmallIntegerField()
    redemption = models.ForeignKey(Redemption, models.PROTECT, related_name="slots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "identity", "slot"], name="use_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="use_slot_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}/{self.slot}"


class MissCount(models.Model):
    """Wrong codes typed by one source in one window (engine.md 8)."""

    source = models.BinaryField(max_length=16)
    since = models.DateTimeField()
    misses = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "since"], name="miss_count_once"),
        ]
        indexes = [models.Index(fields=["since"], name="miss_count_oldest")]

    def __str__(self) -> str:
        return f"{self.since:%H:%M} {self.misses}"
