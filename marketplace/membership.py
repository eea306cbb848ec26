"""Who a signed-in user is to us: operations staff, a member of stores, or a shopper."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from marketplace.models import Store, User


def is_ops(user: User | AnonymousUser) -> bool:
    """Active operations staff."""
    return user.is_active and user.is_staff


def stores_of(user: User | AnonymousUser) -> QuerySet[Store]:
    """The active stores in which this user works; none for a guest."""
    if not isinstance(user, User) or not user.is_active:
        return Store.objects.none()
    return Store.objects.of_member(user)


def is_seller(request: HttpRequest) -> bool:
    """Whether the user works in an active store; a page that asks often asks the database once."""
    asked, answer = getattr(request, "_is_seller", (None, False))
    if asked != request.user:
        answer = stores_of(request.user).exists()
        request._is_seller = request.user, answer  # type: ignore[attr-defined]
    return answer
