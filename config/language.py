"""The language switch: a cookie for everybody, and for the signed-in the user too."""

from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language as set_cookie

from marketplace import languages
from marketplace.models import User


def set_language(request: HttpRequest) -> HttpResponseBase:
    """POST `language` and `next`; an unknown language changes nothing."""
    response = set_cookie(request)
    if request.method == "POST" and isinstance(request.user, User):
        try:
            languages.choose(user=request.user, language=request.POST.get("language", ""))
        except languages.UnknownLanguage:
            return response
    return response
