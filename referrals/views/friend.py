"""What a friend meets: the invitation, the button, the result in words (rounds.md).

Opening the page writes nothing, whoever opens it: a person, a preview, a prefetch. Only the
button's POST, with CSRF and the page's one-time nonce, makes a visit.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace import clock
from marketplace.models import User
from referrals import cookies, devices, nonces, sharing, visits, wording
from referrals.models import Participation, Visit

View = Callable[..., HttpResponseBase]


def private(view: View) -> View:
    """Keep a friend's page out of caches and search engines."""

    @wraps(view)
    def kept_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return kept_out


@private
@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The whole invitation, whoever asks; counts nothing."""
    participation = _invitation(token)
    if _is_own(request, participation):
        return render(request, "referrals/own_link.html", _about(participation))
    return _page(request, participation)


@private
@require_POST
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """The friend presses the button: one visit, and the result in words."""
    at = clock.now()
    try:
        accepted = visits.accept(
            token=token,
            nonce=request.POST.get("nonce", ""),
            at=at,
            device_secret=cookies.device_secret(request),
            user=request.user if isinstance(request.user, User) else None,
            address=request.META.get("REMOTE_ADDR", ""),
            agent=request.headers.get("User-Agent", ""),
            channel=sharing.channel_of(request.POST.get(sharing.TAG)),
        )
    except visits.LinkUnknown as error:
        raise Http404 from error
    except nonces.NonceRefused:
        refused = wording.WORDS[Visit.Reason.TECHNICAL]
        return _page(request, _invitation(token), refused=refused, status=422)
    return cookies.remember(redirect("referrals:result", token=token), accepted.device_secret)


@private
@never_cache
@require_safe
def result(request: HttpRequest, token: str) -> HttpResponse:
    """What became of this visitor's confirmation, in words, and what comes next."""
    participation = _invitation(token)
    visit = _latest_visit(request, participation)
    if visit is None:
        return redirect("referrals:invitation", token=token)
    is_over = clock.now() >= participation.round.closes_at
    waits = visit.outcome == Visit.Outcome.WAITING and not is_over
    return render(
        request,
        "referrals/result.html",
        _about(participation)
        | {
            "visit": visit,
            "words": wording.words_for(visit, round_is_over=is_over),
            "waits": waits,
            "asks_sign_in": waits and visit.reason != Visit.Reason.RING_REVIEW,
            "nonce": nonces.make(token=token, at=clock.now()),
            "here": reverse("referrals:result", args=[token]),
        },
    )


def _invitation(token: str) -> Participation:
    """The invitation behind a link, with the database's time as `at`; one query."""
    found = (
        Participation.objects.select_related("round__campaign", "shopper__profile")
        .annotate(at=Now())
        .filter(token=token)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    participation: Participation,
    *,
    refused: wording.Words | None = None,
    status: int = 200,
) -> HttpResponse:
    at = participation.at  # type: ignore[attr-defined]
    round_ = participation.round
    return render(
        request,
        "referrals/invitation.html",
        _about(participation)
        | {
            "is_open": round_.is_open(at) and participation.revoked_at is None,
            "is_over": at >= round_.closes_at or participation.revoked_at is not None,
            "nonce": nonces.make(token=participation.token, at=at),
            "via": sharing.channel_of(request.GET.get(sharing.TAG)),
            "refused": refused,
        },
        status=status,
    )


def _about(participation: Participation) -> dict[str, Any]:
    campaign = participation.round.campaign
    return {
        "participation": participation,
        "round": participation.round,
        "campaign": campaign,
        "discount": wording.discount(participation.round),
        "partner": {"name": campaign.partner_name} if campaign.partner_name else None,
        "inviter": wording.inviter_name(participation),
        "title": wording.invitation_title(participation),
        "text": participation.message,
    }


def _is_own(request: HttpRequest, participation: Participation) -> bool:
    """Whether the inviter looks at their own link, signed in or on a device known as theirs."""
    if isinstance(request.user, User):
        return request.user.pk == participation.shopper_id
    device = devices.known(secret=cookies.device_secret(request))
    return device is not None and device.user_id == participation.shopper_id


def _latest_visit(request: HttpRequest, participation: Participation) -> Visit | None:
    device = devices.known(secret=cookies.device_secret(request))
    mine = Q(device=device) if device else Q(pk=None)
    if isinstance(request.user, User):
        mine |= Q(friend_key=devices.user_key(request.user.pk))
    return participation.visits.filter(mine).order_by("decided_at", "id").last()
