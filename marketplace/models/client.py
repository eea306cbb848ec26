"""The marketplace's servers: clients, their keys, what they asked already."""

from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.models.store import Store
from marketplace.models.user import User


class ApiClient(models.Model):
    """One server-side program of the marketplace; it outlives its keys."""

    class Scope(models.TextChoices):
        CATALOG = "catalog", _("stores and products")
        PROMOTIONS = "promotions", _("promotions and codes")
        APPROVE = "approve", _("approve promotions")
        CHECKOUT = "checkout", _("quote, reserve, redeem, reverse")
        ORDERS = "orders", _("report and read orders, sign shoppers in")
        REPORTS = "reports", _("read reports")

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100, unique=True)
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope), verbose_name=_("scopes"), default=list
    )
    store = models.ForeignKey(
        Store,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("only this store"),
        related_name="api_clients",
    )
    addresses = ArrayField(
        models.CharField(max_length=43),
        verbose_name=_("allowed addresses"),
        default=list,
        blank=True,
        help_text=_("Addresses or networks, such as 203.0.113.0/24; empty allows any."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def __str__(self) -> str:
        return self.name


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys, in words."""

    def live(self) -> Self:
        """Keys that open something now: neither revoked nor past their end."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)


class ApiKey(models.Model):
    """A secret of a client: shown once, kept as a hash; two may live at once for rotation."""

    class State(models.TextChoices):
        """What is asked of the columns; no column itself."""

        LIVE = "live", _("live")
        ENDING = "ending", _("ends soon")
        EXPIRED = "expired", _("expired")
        REVOKED = "revoked", _("revoked")

    SOON = timedelta(days=14)

    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="keys")
    prefix = models.CharField(_("begins with"), max_length=16)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    expires_at = models.DateTimeField(_("works until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    calls_per_second = models.PositiveIntegerField(
        _("calls a second"),
        null=True,
        blank=True,
        help_text=_("In each web process; empty: as the settings say."),
    )

    objects = ApiKeyQuerySet.as_manager()
    # Said by `keys.find`, by the database's clock.
    has_ended = False

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(calls_per_second=None) | Q(calls_per_second__gte=1),
                name="api_key_rate_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def state(self, at: datetime) -> State:
        """What becomes of a call with it."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.expires_at is None or self.expires_at > at + self.SOON:
            return self.State.LIVE
        return self.State.ENDING if self.expires_at > at else self.State.EXPIRED


class IdempotencyRecord(models.Model):
    """The answer to a POST that a client may send again (api.md, Idempotency)."""

    client = models.ForeignKey(ApiClient, models.CASCADE, db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    # Text, not JSON: the very bytes are sent again, and nothing is parsed on the way.
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return self.key


class SignInToken(models.Model):
    """A one-time sign-in for a shopper whom the marketplace already knows (api.md, /sessions)."""

    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    next = models.CharField(max_length=2000, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id}"
