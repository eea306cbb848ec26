"""Stores and who works in them."""

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.models.fields import CurrencyField, RefField
from marketplace.models.user import User


class StoreQuerySet(models.QuerySet["Store"]):
    """Stores, in words."""

    def of_member(self, user: User) -> Self:
        """Active stores in which this user works."""
        return self.filter(members__user=user, is_active=True)


class Store(models.Model):
    """A seller on the marketplace."""

    ref = RefField(_("store id"), unique=True)
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)
    currency = CurrencyField(_("currency"))
    country = models.CharField(_("country"), max_length=2)
    host = models.CharField(
        _("verified host"),
        max_length=253,
        blank=True,
        help_text=_("Links to this store may lead only here, for example shop.example.com."),
    )
    is_verified = models.BooleanField(_("verified"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = StoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")

    def __str__(self) -> str:
        return self.name


class StoreMember(models.Model):
    """A user who works in a store."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MANAGER = "manager", _("manager")

    store = models.ForeignKey(Store, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="store_memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MANAGER)

    class Meta:
        verbose_name = _("store member")
        verbose_name_plural = _("store members")
        constraints = [
            models.UniqueConstraint(fields=["store", "user"], name="one_membership_per_store"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} @ {self.store_id}"
