"""First-party devices and the salt of the day."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models import User


class Device(models.Model):
    """A browser that confirmed something here: the hash of its random cookie, no more.

    `user` is the first account that signed in on it; what the device did is that person's doing.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="devices")
    seen_at = models.DateTimeField(_("first seen"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return f"#{self.pk}"


class NetworkSalt(models.Model):
    """The random salt of one day's network hints; once deleted, no hint can be traced back."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.day}"
