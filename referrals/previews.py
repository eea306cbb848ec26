"""A round as inviter and friend will see it, before it opens; nothing is written.

The pages are the real templates over a participation that exists only in memory. Its link is
nobody's, so the buttons of a preview lead nowhere.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from referrals import progress, sharing, wording
from referrals.models import Participation, Round

FACES = {
    "round": _("The round"),
    "progress": _("The inviter's progress"),
    "friend": _("The friend's page"),
    "code": _("The code"),
}
SAMPLE_CODE = "FR7KQ2MX9TDA"
NOBODYS = "preview"  # a link too short to be anybody's
LINK = f"https://example.com/i/{NOBODYS}"


def page(request: HttpRequest, round_: Round, *, face: str, language: str) -> HttpResponse:
    """One face of the round in one language, as a guest or the inviter would get it."""
    with translation.override(language):
        request.LANGUAGE_CODE = language
        body = render_to_string(f"referrals/{_TEMPLATES[face]}.html", _facts(round_, face), request)
    return HttpResponse(body)


_TEMPLATES = {"round": "round", "progress": "progress", "friend": "invitation", "code": "code"}


def _facts(round_: Round, face: str) -> dict[str, Any]:
    campaign = round_.campaign
    participation = Participation(
        round=round_,
        token=NOBODYS,
        counted=max(0, round_.threshold - 3) if face == "progress" else round_.threshold,
    )
    title = gettext("Your friend invites you to great deals")
    facts: dict[str, Any] = {
        "round": round_,
        "campaign": campaign,
        "partner": {"name": campaign.partner_name} if campaign.partner_name else None,
        "discount": wording.discount(round_),
        "participation": participation,
        "title": title,
        "link": LINK,
        "copy_link": LINK,
        "phone_link": LINK,
        "text": wording.default_message(participation),
        "channels": sharing.channels(link=LINK, title=title, text=title),
    }
    if face == "round":
        return facts | {"stage": "open"}
    if face == "friend":
        return facts | {"is_open": True, "nonce": "", "via": "other", "text": ""}
    if face == "code":
        return facts | {"groups": wording.groups(SAMPLE_CODE)}
    return facts | {"stage": "joined", "progress": progress.sample(participation)}
