"""The roster: influencers whom an agency has signed, and the agency's share.

    invite (by e-mail) → accept (that person, as an influencer) → active → leave (either side)
                       → decline

The share is of what codes earn that the agency passes on from then on (AE-31); agreements that
exist keep theirs, and what the influencer takes without the agency is theirs alone.
"""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate, RosterMember
from marketplace import audit, clock, letters
from marketplace.models import User

State = RosterMember.State


class RosterRefusal(Exception):
    """Something about the roster that can't be."""

    code = "roster_refused"
    message = gettext_lazy("This can't be done.")


class NotAnAgency(RosterRefusal):
    """Only agencies sign influencers."""

    code = "not_an_agency"
    message = gettext_lazy("Only an agency can invite influencers.")


class AlreadyInvited(RosterRefusal):
    """An invitation to this address is open."""

    code = "already_invited"
    message = gettext_lazy("This address is invited already.")


class NotInvited(RosterRefusal):
    """No such open invitation for this person."""

    code = "not_invited"
    message = gettext_lazy("This invitation is not open any more.")


def invite(*, agency: Affiliate, email: str, share_bp: int, actor: User) -> RosterMember:
    """Invite whoever owns the address; `share_bp` in basis points of a percent.

    Raises `NotAnAgency`, `AlreadyInvited`. The answer is the same whether the address is known.
    """
    if not agency.is_agency:
        raise NotAnAgency
    address = email.strip().lower()
    try:
        with transaction.atomic():
            member = RosterMember.objects.create(agency=agency, email=address, share_bp=share_bp)
            audit.record(
                actor=actor,
                verb="roster.invite",
                target=f"roster {member.pk}",
                after={"agency": str(agency.pk), "share_bp": share_bp},
            )
            language = agency.user.language
            name = shown_name(agency)
            transaction.on_commit(lambda: _write_to(address, name, language), robust=True)
    except IntegrityError as error:
        raise AlreadyInvited from error
    return member


def invitations_of(user: User) -> list[RosterMember]:
    """Open invitations to the user's own address."""
    if not user.email:
        return []
    rows = RosterMember.objects.filter(email=user.email, state=State.INVITED)
    return list(rows.select_related("agency__user__profile").order_by("id"))


@transaction.atomic
def accept(*, member_id: int, influencer: Affiliate) -> None:
    """Join the agency's roster. Raises `NotInvited`."""
    moved = 0
    if not influencer.is_agency and influencer.user.email:
        moved = RosterMember.objects.filter(
            pk=member_id, state=State.INVITED, email=influencer.user.email
        ).update(state=State.ACTIVE, influencer=influencer, joined_at=clock.now())
    if not moved:
        raise NotInvited
    audit.record(actor=influencer.user, verb="roster.accept", target=f"roster {member_id}")


@transaction.atomic
def decline(*, member_id: int, user: User) -> None:
    """Turn the invitation down. Raises `NotInvited`."""
    moved = RosterMember.objects.filter(
        pk=member_id, state=State.INVITED, email=user.email or ""
    ).update(state=State.DECLINED)
    if not moved:
        raise NotInvited
    audit.record(actor=user, verb="roster.decline", target=f"roster {member_id}")


@transaction.atomic
def end(*, member_id: int, affiliate: Affiliate) -> None:
    """Leave, let go, or take an invitation back: either side may. Raises `NotInvited`."""
    own = RosterMember.objects.filter(agency=affiliate) | RosterMember.objects.filter(
        influencer=affiliate
    )
    rows = RosterMember.objects.filter(pk__in=own.filter(pk=member_id).values("pk"))
    now = clock.now()
    moved = rows.filter(state=State.ACTIVE).update(state=State.LEFT, left_at=now)
    moved += rows.filter(state=State.INVITED).update(state=State.DECLINED)
    if not moved:
        raise NotInvited
    audit.record(actor=affiliate.user, verb="roster.end", target=f"roster {member_id}")


def members(agency: Affiliate) -> list[RosterMember]:
    """The agency's invited and active people, newest first."""
    rows = RosterMember.objects.filter(agency=agency, state__in=[State.INVITED, State.ACTIVE])
    return list(rows.select_related("influencer__user__profile").order_by("-id"))


def signed(agency: Affiliate) -> QuerySet[RosterMember]:
    """The influencers to whom the agency may pass codes on (AE-31)."""
    rows = RosterMember.objects.filter(agency=agency, state=State.ACTIVE)
    return rows.select_related("influencer__user__profile").order_by("id")


def agencies_of(influencer: Affiliate) -> list[RosterMember]:
    """The agencies that the influencer works with now."""
    rows = RosterMember.objects.filter(influencer=influencer, state=State.ACTIVE)
    return list(rows.select_related("agency__user__profile").order_by("id"))


def shown_name(affiliate: Affiliate) -> str:
    """The name in the profile; an erased person has none."""
    profile = getattr(affiliate.user, "profile", None)
    return profile.name if profile else ""


def _write_to(address: str, agency_name: str, language: str) -> None:
    with translation.override(language):
        subject = _("%(agency)s invites you to work together") % {"agency": agency_name}
        text = _(
            "%(agency)s would like to add you to its roster of influencers.\n\n"
            "See the agency's share and answer here:\n%(link)s\n\n"
            "If you don't know this agency, ignore this letter."
        ) % {
            "agency": agency_name,
            "link": f"{settings.SITE_URL}{reverse('affiliates:invitations')}",
        }
    letters.send(subject=subject, body=text, to=address)
