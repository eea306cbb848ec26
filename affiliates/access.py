"""The gate of the creators' pages: signed in, and joined as an influencer or an agency."""

from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from affiliates.models import Affiliate
from marketplace.access import View, shopper_required


def affiliate_of(request: HttpRequest) -> Affiliate | None:
    """The affiliate of the signed-in user, if they have joined."""
    # Asking the user keeps the answer there, for the view and the template.
    affiliate: Affiliate | None = getattr(request.user, "affiliate", None)
    return affiliate


def joined(request: HttpRequest) -> Affiliate:
    """The affiliate behind the gate below."""
    affiliate = affiliate_of(request)
    if affiliate is None:
        raise TypeError("this view lets others in")
    return affiliate


def affiliate_required(view: View) -> View:
    """Let affiliates in, as `request.user.affiliate`; lead others to sign in or to join, and back.

    A suspended affiliate may look at what is theirs; the verbs refuse what they may not do.
    """

    @wraps(view)
    @shopper_required
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if affiliate_of(request) is None:
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('affiliates:join')}?{query}")
        return view(request, *args, **kwargs)

    return gate
