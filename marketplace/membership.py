"""Who a signed-in user is to us: operations staff, a member of stores, or a shopper."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from marketplace.models import Store, User


def is_ops(user: User | AnonymousUser) -> bool:
    """Active operations staff."""
    return user.is_active and user.is_staff


def stores_of(user: User | AnonymousUser) -> QuerySet[Store]:
    """The active stores in which this user works; none for a guest."""
    if not isinstance(user, User) or not user.is_active:
        return Store.objects.none()
    return Store.objects.of_member(user)
