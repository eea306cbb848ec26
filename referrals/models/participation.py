"""A shopper in a round: their link, their words, their count, their code."""

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import token, uuid7
from marketplace.models import User
from promocodes.models import PromoCode
from referrals.models.round import Round

MESSAGE_LENGTH = 500


class ParticipationQuerySet(models.QuerySet["Participation"]):
    """Participations, in words."""

    def of(self, shopper: User) -> Self:
        """This shopper's own, newest first, with round and campaign at hand."""
        return (
            self.filter(shopper=shopper)
            .select_related("round__campaign", "code")
            .order_by("-joined_at")
        )


class Participation(models.Model):
    """One shopper in one round (OK-14, OK-15).

    `counted` is a cache of the counted visits, moved in the transaction of each visit. `code` is
    the personal code, issued at the threshold and never taken back.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    round = models.ForeignKey(
        Round, models.PROTECT, related_name="participations", verbose_name=_("round")
    )
    shopper = models.ForeignKey(
        User, models.PROTECT, related_name="participations", verbose_name=_("shopper")
    )
    token = models.CharField(_("link"), max_length=32, unique=True, default=token, editable=False)
    message = models.CharField(_("own words"), max_length=MESSAGE_LENGTH, blank=True)
    shows_name = models.BooleanField(_("friends see the name"), default=False)
    counted = models.PositiveIntegerField(_("friends counted"), default=0)
    code = models.OneToOneField(
        PromoCode, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("code")
    )
    issued_at = models.DateTimeField(_("code issued"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"), db_default=Now())
    revoked_at = models.DateTimeField(_("link revoked"), null=True, blank=True)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [
            models.UniqueConstraint(fields=["round", "shopper"], name="joined_once_per_round"),
            models.CheckConstraint(
                condition=Q(code__isnull=True, issued_at__isnull=True)
                | Q(code__isnull=False, issued_at__isnull=False),
                name="participation_code_with_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["shopper", "joined_at"], name="participation_of_shopper"),
            models.Index(
                fields=["round", "counted"],
                condition=Q(code__isnull=True),
                name="participation_without_code",
            ),
        ]

        triggers = [
            # The foreign key is checked at commit only; a round's terms freeze from here on.
            pgtrigger.Trigger(
                name="hold_round",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    PERFORM 1 FROM referrals_round WHERE id = NEW.round_id FOR KEY SHARE;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
