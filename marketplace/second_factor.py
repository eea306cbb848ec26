"""Operations staff act only in a session that was proved with a second factor (trust.md, Doors)."""

from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from marketplace.models import User


def step_missing(request: HttpRequest) -> str | None:
    """Where this member of staff must go before acting: to prove or to set up; None if done.

    What counts is this session: one that began without the second factor (a code by e-mail, a
    link) has to prove it now.
    """
    user = request.user
    if not settings.OPS_SECOND_FACTOR or not isinstance(user, User):
        return None
    if any(record["method"] == "mfa" for record in get_authentication_records(request, user)):
        return None
    enrolled = is_mfa_enabled(user, types=[Authenticator.Type.TOTP])
    page = reverse("mfa_reauthenticate" if enrolled else "mfa_activate_totp")
    return f"{page}?{urlencode({'next': request.get_full_path()})}"
