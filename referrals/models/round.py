"""One round: a window, the terms it promises, and the promotion that its codes belong to."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from promocodes.models import Promotion
from referrals.models.campaign import Campaign, RoundTerms
from referrals.models.frozen import FREEZE_TERMS


class Window(Func):
    """`[opens_at, closes_at)` as a range."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class RoundQuerySet(models.QuerySet["Round"]):
    """Rounds, in words."""

    def open_at(self, at: datetime) -> Self:
        """Rounds that take visits at this instant."""
        return self.filter(state=Round.State.OPEN, opens_at__lte=at, closes_at__gt=at)

    def current(self, at: datetime) -> "Round | None":
        """The round that a shopper is shown: the open one, else the next, else the last."""
        rounds = self.exclude(state=Round.State.SKIPPED).select_related("campaign")
        ahead = rounds.filter(closes_at__gt=at)
        return (
            rounds.open_at(at).order_by("-opens_at").first()
            or ahead.order_by("opens_at").first()
            or rounds.order_by("-closes_at").first()
        )

    def due(self, at: datetime) -> Self:
        """Rounds whose next boundary has come."""
        return self.filter(
            Q(state=Round.State.SCHEDULED, opens_at__lte=at)
            | Q(state=Round.State.OPEN, closes_at__lte=at)
        )


class Round(RoundTerms):
    """A round of a campaign. `closes_at` ends the invitations and every code won in it (OK-08).

    Its terms are free until the first shopper joins; then the database lets them only get better
    for the participants (`FREEZE_TERMS`).
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("planned")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        SKIPPED = "skipped", _("skipped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="rounds", verbose_name=_("campaign")
    )
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.SCHEDULED)
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("closes"))
    terms_version = models.PositiveIntegerField(_("version of the terms"), default=1)
    promotion = models.OneToOneField(
        Promotion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("promotion"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta(RoundTerms.Meta):
        abstract = False
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        constraints = [
            *RoundTerms.Meta.constraints,
            models.UniqueConstraint(fields=["campaign", "number"], name="round_number_once"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="round_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "closed"], promotion__isnull=False)
                | Q(state__in=["scheduled", "skipped"], promotion__isnull=True),
                name="round_has_promotion_once_opened",
            ),
            ExclusionConstraint(
                name="rounds_of_campaign_apart",
                expressions=[
                    ("campaign", RangeOperators.EQUAL),
                    (
                        Window("opens_at", "closes_at", RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(state="skipped"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["opens_at"], condition=Q(state="scheduled"), name="round_due_to_open"
            ),
            models.Index(
                fields=["closes_at"], condition=Q(state="open"), name="round_due_to_close"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="freeze_terms",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                declare=[("worse", "boolean")],
                func=FREEZE_TERMS,
            ),
        ]

    def __str__(self) -> str:
        return f"№ {self.number}"

    def is_open(self, at: datetime) -> bool:
        """Whether visits count and codes may be won at this instant."""
        return self.state == self.State.OPEN and self.opens_at <= at < self.closes_at
