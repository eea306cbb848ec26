"""The words that shoppers type, one by one or in bulk."""

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models import Store
from promocodes.models.promotion import Promotion


class CodeBatchQuerySet(models.QuerySet["CodeBatch"]):
    """Batches, in words."""

    def begun(self) -> Self:
        """Without files that were only looked through, or thrown away."""
        state = CodeBatch.State
        only_seen = Q(state=state.CHECKED) | Q(state=state.STOPPED, pattern="", made=0)
        return self.exclude(only_seen)


class CodeBatch(models.Model):
    """Many unique codes that come in the background: made by a pattern, or imported (engine.md 10).

    An import has no pattern; it is `checked` until somebody who has seen its counts says go.
    """

    class State(models.TextChoices):
        CHECKED = "checked", _("looked through")
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="batches", verbose_name=_("promotion")
    )
    pattern = models.CharField(_("pattern"), max_length=64, blank=True)
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    count = models.PositiveIntegerField(_("codes asked for"))
    made = models.PositiveIntegerField(_("codes made"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    doubled = models.PositiveIntegerField(_("repeated in the file"), default=0)
    taken = models.PositiveIntegerField(_("taken already"), default=0)
    unfit = models.PositiveIntegerField(_("unfit"), default=0)
    examples = models.JSONField(
        default=list, blank=True, help_text="The first lines left out: [line, text, reason]."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    objects = CodeBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch of codes")
        verbose_name_plural = _("batches of codes")
        constraints = [
            models.CheckConstraint(
                condition=(Q(count__gte=1) | Q(pattern="")) & Q(made__lte=F("count")),
                name="batch_made_within_count",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(made=F("count")), name="batch_done_is_whole"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="batch_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.pattern or self.file_name or 'API'} × {self.count}"

    @property
    def is_import(self) -> bool:
        """Whether its codes came in a file."""
        return not self.pattern


class ImportedCode(models.Model):
    """A code of a file that is not imported yet; it goes when it is, or with the file."""

    batch = models.ForeignKey(
        CodeBatch, models.CASCADE, related_name="imported", db_index=False, db_constraint=False
    )
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="imported_line_once"),
        ]

    def __str__(self) -> str:
        return self.code


class CodesOfDay(models.Model):
    """How many codes a store has had made or imported on a day of UTC."""

    store = models.ForeignKey(
        Store, models.CASCADE, related_name="+", verbose_name=_("store"), db_index=False
    )
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "store"], name="codes_of_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.count}"


class PromoCodeQuerySet(models.QuerySet["PromoCode"]):
    """Codes, in words."""

    def standing(self) -> Self:
        """Codes that were not revoked; whether they work is the promotion's to say."""
        return self.filter(revoked_at=None)

    def spelled(self, word: str) -> Self:
        """Codes with this word, revoked ones too; both halves are said, for each has its index."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__isnull=False), code=word)


class PromoCode(models.Model):
    """The word typed at checkout, of one promotion.

    `holder` earns on its uses; `person` alone may use it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="codes", verbose_name=_("promotion"), db_index=False
    )
    code = models.CharField(_("code"), max_length=64)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="held_codes",
        verbose_name=_("who earns on it"),
        db_index=False,
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="personal_codes",
        verbose_name=_("who alone may use it"),
        db_index=False,
    )
    batch = models.ForeignKey(
        CodeBatch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="codes",
        db_index=False,
        verbose_name=_("batch"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = PromoCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("promo code")
        verbose_name_plural = _("promo codes")
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(revoked_at=None), name="code_once_among_standing"
            ),
            # What composite foreign keys (code, promotion) point at; also pages of a promotion.
            models.UniqueConstraint(fields=["promotion", "id"], name="code_of_promotion"),
        ]
        indexes = [
            models.Index(
                fields=["code"], name="code_revoked", condition=Q(revoked_at__isnull=False)
            ),
            models.Index(fields=["holder"], name="code_holder", condition=Q(holder__isnull=False)),
            models.Index(fields=["person"], name="code_person", condition=Q(person__isnull=False)),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="frozen_code", fields=["promotion", "code", "person", "batch", "created_at"]
            ),
            pgtrigger.Protect(name="keep_code", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.code
