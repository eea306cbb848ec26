"""Gates: who may enter where; the admin bases that keep each to their own are named here too."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from marketplace.admin_base import EstimatingPaginator, OpsModelAdmin, changes_nothing
from marketplace.membership import is_ops, is_seller, stores_of
from marketplace.second_factor import step_missing
from marketplace.store_admin import (
    StoreScopedAdmin,
    StoreScopedStackedInline,
    StoreScopedTabularInline,
)
from marketplace.store_scope import EVERYONE

__all__ = [
    "EVERYONE",
    "EstimatingPaginator",
    "OpsModelAdmin",
    "StoreScopedAdmin",
    "StoreScopedStackedInline",
    "StoreScopedTabularInline",
    "changes_nothing",
    "is_ops",
    "is_seller",
    "ops_required",
    "seller_required",
    "shopper_required",
    "stores_of",
]

View = Callable[..., HttpResponseBase]


def shopper_required(view: View) -> View:
    """Let signed-in people in; lead guests to sign in and back."""

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return gate


def seller_required(view: View) -> View:
    """Let members of an active store in; lead guests to sign in, refuse everybody else."""

    @wraps(view)
    @shopper_required
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_seller(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return gate


def ops_required(view: View) -> View:
    """Let operations staff in; lead guests to sign in, refuse everybody else.

    Staff whose session lacks the second factor is led to prove it.
    """

    @wraps(view)
    @shopper_required
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_ops(request.user):
            raise PermissionDenied
        if step := step_missing(request):
            return redirect(step)
        return view(request, *args, **kwargs)

    return gate
