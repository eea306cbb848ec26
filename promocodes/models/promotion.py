"""The deal: a promotion; what it gives is in its terms."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.ids import uuid7
from marketplace.models import Category, Product, Store
from marketplace.models.fields import CurrencyField

_REFS = ArrayField(models.CharField(max_length=64))


class PromotionQuerySet(models.QuerySet["Promotion"]):
    """Promotions, in words."""

    def of_store(self, store: Store) -> Self:
        """Promotions that belong to one seller."""
        return self.filter(store=store)

    def shared(self) -> Self:
        """Promotions that the seller shares with influencers and affiliates (AM-01)."""
        return self.filter(share_with_affiliates=True)

    def in_category(self, category: Category) -> Self:
        """Promotions of stores that discount at least one product of the category."""
        products = Product.objects.filter(
            store=OuterRef("store"), category=category, is_active=True
        ).annotate(named=_outer("terms__products"), left_out=_outer("terms__exclude_products"))
        products = products.exclude(left_out__contains=[F("ref")])  # type: ignore[misc]
        return self.filter(
            Q(terms__scope="storewide") & Exists(products)
            | Q(terms__categories__contains=[category.ref]) & Exists(products)
            | Exists(products.filter(named__contains=[F("ref")]))  # type: ignore[misc]
        )

    def live(self, at: datetime) -> Self:
        """Approved promotions whose window holds the instant `at`."""
        return self.in_state(Promotion.State.LIVE, at)

    def in_state(self, state: "Promotion.State | str", at: datetime) -> Self:
        """Promotions whose `state(at)` is the given one; `approved` means any approved one."""
        approved = self.filter(status=Promotion.Status.APPROVED)
        started, over = Q(terms__starts_at__lte=at), Q(terms__ends_at__lte=at)
        if state == Promotion.State.SCHEDULED:
            return approved.filter(~started, ~over | Q(terms__ends_at=None))
        if state == Promotion.State.LIVE:
            return approved.filter(started).filter(
                Q(terms__ends_at__gt=at) | Q(terms__ends_at=None)
            )
        if state == Promotion.State.ENDED:
            return approved.filter(over)
        return self.filter(status=state)


class Promotion(models.Model):
    """A discount that somebody pays for, under terms that come in versions (engine.md 13).

    `status` is what people decided; `state(at)` adds what time does to it.
    """

    class Kind(models.TextChoices):
        STORE = "store", _("store code")
        SOCIAL = "social", _("social media code")
        PLATFORM = "platform", _("platform code")
        REFERRAL = "referral", _("friends' code")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PENDING_APPROVAL = "pending_approval", _("waiting for approval")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PENDING_APPROVAL = "pending_approval", _("waiting for approval")
        APPROVED = "approved", _("approved")
        SCHEDULED = "scheduled", _("scheduled")
        LIVE = "live", _("live")
        ENDED = "ended", _("ended")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    class BudgetEdge(models.TextChoices):
        REFUSE = "refuse", _("refuse the code")
        PARTIAL = "partial", _("give what is left")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    store = models.ForeignKey(
        Store,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="promotions",
        verbose_name=_("store"),
    )
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)
    currency = CurrencyField(_("currency"))
    status = models.CharField(_("status"), max_length=20, choices=Status)
    terms = models.ForeignKey(
        "promocodes.PromotionTerms",
        models.PROTECT,
        related_name="+",
        verbose_name=_("terms in force"),
    )
    share_with_affiliates = models.BooleanField(
        _("share this promo code with influencers and affiliates"),
        default=False,
        help_text=_("Can't be changed after the promotion is created."),
    )
    total_limit = models.PositiveIntegerField(_("total redemptions"), null=True, blank=True)
    per_person_limit = models.PositiveSmallIntegerField(
        _("redemptions per person"), null=True, blank=True
    )
    per_code_limit = models.PositiveSmallIntegerField(
        _("redemptions per code"), null=True, blank=True
    )
    budget_minor = models.BigIntegerField(_("budget, minor units"), null=True, blank=True)
    budget_edge = models.CharField(
        _("at the budget's edge"), max_length=10, choices=BudgetEdge, default=BudgetEdge.REFUSE
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    refused_reason = models.TextField(_("why it was refused"), blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints = [
            # What composite foreign keys (promotion, store) point at.
            models.UniqueConstraint(fields=["id", "store"], name="promotion_of_store"),
            models.CheckConstraint(
                condition=Q(kind__in=["store", "social"], store__isnull=False)
                | Q(kind="platform", store=None)
                | Q(kind="referral"),
                name="promotion_store_fits_kind",
            ),
            models.CheckConstraint(
                condition=(Q(total_limit=None) | Q(total_limit__gte=1))
                & (Q(per_person_limit=None) | Q(per_person_limit__gte=1))
                & (Q(per_code_limit=None) | Q(per_code_limit__gte=1))
                & (Q(budget_minor=None) | Q(budget_minor__gte=1)),
                name="promotion_limits_positive",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_at__isnull=False),
                name="promotion_approved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at=None)),
                name="promotion_cancelled_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "id"], name="promotion_store_newest"),
            models.Index(fields=["status", "id"], name="promotion_status_newest"),
            models.Index(OpClass(Upper("name"), "text_pattern_ops"), name="promotion_name_start"),
            models.Index(
                fields=["approved_at"],
                name="promotion_newly_shared",
                condition=Q(status="approved", share_with_affiliates=True),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="frozen_at_creation",
                fields=["share_with_affiliates", "kind", "store", "currency", "created_at"],
            ),
            pgtrigger.Protect(name="keep_promotion", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.name

    def state(self, at: datetime) -> "Promotion.State":
        """What the promotion is at the instant `at`: the decision, and what time made of it."""
        if self.status != Promotion.Status.APPROVED:
            return Promotion.State(self.status)
        if self.terms.ends_at is not None and self.terms.ends_at <= at:
            return Promotion.State.ENDED
        return Promotion.State.LIVE if self.terms.starts_at <= at else Promotion.State.SCHEDULED

    @property
    def is_limited(self) -> bool:
        """Whether a counter row stands behind it (engine.md 2)."""
        return self.total_limit is not None or self.budget_minor is not None


def _outer(path: str) -> Combinable:
    return ExpressionWrapper(OuterRef(path), output_field=_REFS)
