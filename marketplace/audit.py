"""The audit log: every change of something that matters leaves who, why, before and after.

Entries are written in the transaction of the change and never edited (a trigger refuses it).
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser

from marketplace.models import ApiClient, AuditEntry, User


def record(
    *,
    actor: User | ApiClient | AnonymousUser | str,
    verb: str,
    target: str,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry. `actor` is a user, an API client or the name of a job.

    Inner verb: opens no transaction. `before` and `after` hold JSON values and no secrets.
    """
    return AuditEntry.objects.create(
        actor=actor if isinstance(actor, User) else None,
        actor_name=_name_of(actor),
        verb=verb,
        target=target,
        reason=reason,
        before=before,
        after=after,
    )


def _name_of(actor: User | ApiClient | AnonymousUser | str) -> str:
    """No person's name: the entry stays when the person is forgotten."""
    if isinstance(actor, User):
        return f"user {actor.pk}"
    if isinstance(actor, ApiClient):
        return f"API client {actor.name}"
    return str(actor)
