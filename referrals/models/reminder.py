"""Shoppers who asked to be told when the next round opens."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models import User
from referrals.models.campaign import Campaign


class ReminderQuerySet(models.QuerySet["Reminder"]):
    """Reminders, in words."""

    def wanted_by(self, user: object, campaign: Campaign) -> bool:
        """Whether this user waits for the campaign's next round; a guest never does."""
        return isinstance(user, User) and self.filter(shopper=user, campaign=campaign).exists()


class Reminder(models.Model):
    """A promise to write once; deleted when it is kept or has become stale.

    `due_at` None: as soon as a round opens; else the letter was refused so many `tries` and waits.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reminders")
    shopper = models.ForeignKey(User, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    due_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "shopper"], name="one_reminder_each"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
