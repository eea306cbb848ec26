"""What an inviter does: look at the round, join, word the invitation, share, take the code."""

from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace import clock
from marketplace.access import shopper_required
from marketplace.models import User
from referrals import cookies, links, participations, progress, reminders, sharing, wording
from referrals.forms import WordsForm, words_of
from referrals.models import Participation, Reminder, Round

QR_KINDS = {"svg": "image/svg+xml", "png": "image/png"}
QR_SCALE = 24  # pixels of the PNG per module: sharp on a poster
RECENT = 50


@require_safe
@never_cache
def round_page(request: HttpRequest) -> HttpResponse:
    """The round: what you get, how many friends, which order, until when; seen by guests too."""
    at = clock.now()
    round_ = Round.objects.current(at)
    if round_ is None:
        return render(request, "referrals/none.html")
    participation = _own(request.user, round_)
    since = None
    if isinstance(request.user, User):
        since = participations.eligible_since(shopper=request.user, round_=round_)
    return render(
        request,
        "referrals/round.html",
        _about(round_)
        | {
            "stage": stage(round_, participation, at=at, eligible_since=since),
            "participation": participation,
            "eligible_since": since,
            "is_reminded": Reminder.objects.wanted_by(request.user, round_.campaign),
        },
    )


def stage(
    round_: Round,
    participation: Participation | None,
    *,
    at: datetime,
    eligible_since: datetime | None = None,
) -> str:
    """Which face the round shows: open, joined, won, not_eligible, between or ended."""
    if round_.is_open(at):
        if participation is None:
            too_young = eligible_since is not None and eligible_since > at
            return "not_eligible" if too_young else "open"
        return "won" if participation.code_id else "joined"
    if round_.state == Round.State.SCHEDULED or (
        round_.state == Round.State.OPEN and at < round_.opens_at
    ):
        return "between"
    return "ended"


@require_POST
@shopper_required
def join(request: HttpRequest) -> HttpResponseBase:
    """Take part, and come to the progress page."""
    at = clock.now()
    round_ = Round.objects.current(at)
    if round_ is None:
        raise Http404
    try:
        joined = participations.join(
            round_id=round_.pk,
            shopper=_shopper(request),
            at=at,
            device_secret=cookies.device_secret(request),
            remember_device=True,
        )
    except participations.RoundNotOpen:
        messages.warning(request, _("This round is not open. Nothing was lost: see what comes."))
        return redirect("referrals:round")
    except participations.NotEligible:
        messages.warning(request, _("You can't join this round yet."))
        return redirect("referrals:round")
    if joined.is_new:
        messages.success(request, _("You are in! Now send your link to friends."))
    return cookies.remember(redirect("referrals:progress"), joined.device_secret)


@require_POST
@shopper_required
def remind(request: HttpRequest) -> HttpResponseBase:
    """Wish to be told when the next round opens, or take the wish back."""
    at = clock.now()
    round_ = Round.objects.current(at)
    if round_ is None:
        raise Http404
    campaign, shopper = round_.campaign, _shopper(request)
    if request.POST.get("wish") == "no":
        reminders.forget(campaign=campaign, shopper=shopper)
        messages.success(request, _("We will not write to you."))
    else:
        reminders.ask(campaign=campaign, shopper=shopper, at=at)
        messages.success(request, _("We will write to you when the next round opens."))
    return redirect("referrals:round")


@require_safe
@never_cache
@shopper_required
def progress_page(request: HttpRequest) -> HttpResponseBase:
    """How far: the ring, one slot per friend with its reason, the share bar, the own words."""
    participation = _latest(request)
    if participation is None:
        return redirect("referrals:round")
    at = clock.now()
    context = _about(participation.round) | {
        "participation": participation,
        "progress": progress.of(participation, at=at),
        "stage": stage(participation.round, participation, at=at),
        "at": at,
    }
    if request.headers.get("HX-Request"):
        return render(request, "referrals/_progress.html", context)
    return render(
        request,
        "referrals/progress.html",
        context | _share_kit(participation) | {"form": words_of(participation)},
    )


@require_POST
@shopper_required
def words(request: HttpRequest) -> HttpResponseBase:
    """Keep the own words; a wrong form comes back with what is wrong."""
    participation = _latest(request)
    if participation is None:
        raise Http404
    form = WordsForm(request.POST)
    if form.is_valid():
        participations.write(participation=participation, **form.cleaned_data)
        messages.success(request, _("Saved. This is what your friends will read."))
        return redirect("referrals:share")
    at = clock.now()
    return render(
        request,
        "referrals/progress.html",
        _about(participation.round)
        | _share_kit(participation)
        | {
            "participation": participation,
            "progress": progress.of(participation, at=at),
            "stage": stage(participation.round, participation, at=at),
            "form": form,
            "at": at,
        },
        status=422,
    )


@require_safe
@never_cache
@shopper_required
def share(request: HttpRequest) -> HttpResponseBase:
    """All ways to send the link: channels, a large QR code, the invitation as friends see it."""
    participation = _latest(request)
    if participation is None:
        return redirect("referrals:round")
    return render(
        request,
        "referrals/share.html",
        _about(participation.round)
        | _share_kit(participation)
        | {
            "participation": participation,
            "stage": stage(participation.round, participation, at=clock.now()),
            "qr": sharing.qr(links.invitation(participation)).svg_inline(
                omitsize=True, border=2, svgclass=None, lineclass=None
            ),
        },
    )


@require_safe
@shopper_required
def qr_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The QR code as a file to keep: `svg` or `png`."""
    participation = _latest(request)
    if participation is None or kind not in QR_KINDS:
        raise Http404
    drawn = BytesIO()
    sharing.qr(links.invitation(participation)).save(drawn, kind=kind, scale=QR_SCALE)
    name = f'attachment; filename="invitation.{kind}"'
    return HttpResponse(
        drawn.getvalue(),
        content_type=QR_KINDS[kind],
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


@require_safe
@never_cache
@shopper_required
def code(request: HttpRequest, participation_id: UUID) -> HttpResponse:
    """The personal code: in groups, how to use it, until when; used and expired too."""
    own = Participation.objects.of(_shopper(request)).exclude(code=None)
    participation = get_object_or_404(own, pk=participation_id)
    return render(
        request,
        "referrals/code.html",
        _about(participation.round) | {"participation": participation} | _prize(participation),
    )


@require_safe
@never_cache
@shopper_required
def history(request: HttpRequest) -> HttpResponse:
    """All rounds that this shopper joined, and the codes they brought (OK-15)."""
    at = clock.now()
    mine = list(Participation.objects.of(_shopper(request))[:RECENT])
    spent = progress.spent_codes(mine)
    rows = [
        {
            "participation": participation,
            "round": participation.round,
            "counted": min(participation.counted, participation.round.threshold),
            "is_open": participation.round.is_open(at),
            "is_spent": participation.code_id in spent,
        }
        for participation in mine
    ]
    return render(request, "referrals/history.html", {"rows": rows})


def _shopper(request: HttpRequest) -> User:
    """The signed-in shopper; views that call it are behind `shopper_required`."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _own(user: object, round_: Round) -> Participation | None:
    if not isinstance(user, User):
        return None
    return Participation.objects.of(user).filter(round=round_).first()


def _latest(request: HttpRequest) -> Participation | None:
    """The shopper's participation in the present round, else the one before."""
    return Participation.objects.of(_shopper(request)).first()


def _about(round_: Round) -> dict[str, Any]:
    campaign = round_.campaign
    partner = {"name": campaign.partner_name} if campaign.partner_name else None
    return {
        "round": round_,
        "campaign": campaign,
        "partner": partner,
        "discount": wording.discount(round_),
    }


def _prize(participation: Participation) -> dict[str, Any]:
    return {
        "groups": wording.groups(str(participation.code)),
        "is_spent": bool(progress.spent_codes([participation])),
        "is_over": clock.now() >= participation.round.closes_at,
    }


def _share_kit(participation: Participation) -> dict[str, Any]:
    link = links.invitation(participation)
    title = wording.invitation_title(participation)
    default = wording.default_message(participation)
    text = participation.message or default
    return {
        "link": link,
        "title": title,
        "text": text,
        "default_text": default,
        "channels": sharing.channels(link=link, title=title, text=text),
        "phone_link": sharing.tagged(link, sharing.Channel.PHONE),
        "copy_link": sharing.tagged(link, sharing.Channel.COPY),
    }
