"""Influencers and agencies."""

from typing import Self

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models import Category, User

MAX_BP = 10_000  # a hundred percent in basis points of a percent


class AffiliateQuerySet(models.QuerySet["Affiliate"]):
    """Affiliates, in words."""

    def individuals(self) -> Self:
        """Influencers who work for themselves or under an agency."""
        return self.filter(kind=Affiliate.Kind.INDIVIDUAL)


class Affiliate(models.Model):
    """An influencer or an agency. The name lives in the user's profile, never here."""

    class Kind(models.TextChoices):
        INDIVIDUAL = "individual", _("influencer")
        AGENCY = "agency", _("agency")

    class Status(models.TextChoices):
        NEW = "new", _("new, not checked yet")
        APPROVED = "approved", _("approved")
        SUSPENDED = "suspended", _("suspended")

    class TaxStatus(models.TextChoices):
        PERSON = "person", _("private person (tax is withheld)")
        SELF_EMPLOYED = "self_employed", _("self-employed (pays the tax themselves)")
        COMPANY = "company", _("company or sole trader (pays the tax themselves)")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(
        User, models.PROTECT, related_name="affiliate", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.NEW)
    tax_status = models.CharField(
        _("tax status"), max_length=13, choices=TaxStatus, default=TaxStatus.PERSON
    )
    terms_version = models.PositiveIntegerField(_("terms accepted, version"))
    categories = models.ManyToManyField(
        Category, blank=True, related_name="+", verbose_name=_("writes about")
    )
    wants_letters = models.BooleanField(
        _("letters about new codes"), default=True, help_text=_("In the chosen categories alone.")
    )
    joined_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    objects = AffiliateQuerySet.as_manager()

    class Meta:
        verbose_name = _("affiliate")
        verbose_name_plural = _("affiliates")
        indexes = [models.Index(fields=["status", "joined_at"], name="affiliate_by_status")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[-8:]}"

    @property
    def is_agency(self) -> bool:
        """Whether this is an agency with a roster."""
        return self.kind == self.Kind.AGENCY

    @property
    def can_work(self) -> bool:
        """May take tasks and codes and earn; a new affiliate may too, and is checked before
        the first withdrawal."""
        return self.status != self.Status.SUSPENDED


class RosterMember(models.Model):
    """An influencer signed by an agency, and the agency's share of what their codes earn.

    invited (by e-mail) → active | declined; active → left. The influencer is known once active.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("invited")
        ACTIVE = "active", _("active")
        DECLINED = "declined", _("declined")
        LEFT = "left", _("left")

    agency = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="roster", verbose_name=_("agency")
    )
    influencer = models.ForeignKey(
        Affiliate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="agencies",
        verbose_name=_("influencer"),
    )
    email = models.EmailField(_("e-mail"), blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.INVITED)
    share_bp = models.PositiveIntegerField(
        _("agency's share, 1/100 %"), validators=[MaxValueValidator(MAX_BP)]
    )
    invited_at = models.DateTimeField(_("invited"), db_default=Now(), editable=False)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("roster member")
        verbose_name_plural = _("roster")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "influencer"],
                condition=models.Q(state="active"),
                name="roster_member_once_per_agency",
            ),
            models.UniqueConstraint(
                fields=["agency", "email"],
                condition=models.Q(state="invited"),
                name="roster_invited_once_per_agency",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "left"], joined_at__isnull=False)
                & models.Q(influencer__isnull=False)
                | models.Q(state__in=["invited", "declined"], joined_at=None),
                name="roster_active_is_somebody",
            ),
            models.CheckConstraint(
                condition=~models.Q(agency=models.F("influencer")), name="roster_not_oneself"
            ),
            models.CheckConstraint(
                condition=models.Q(share_bp__lte=MAX_BP), name="roster_share_within_whole"
            ),
        ]
        indexes = [
            models.Index(
                fields=["email"], name="roster_invitations", condition=models.Q(state="invited")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.influencer_id or self.email} @ {self.agency_id}"
