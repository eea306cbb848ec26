"""What happened to a promotion, by whom and why, from the audit log: for staff, and for its store.

A store's people read of staff only "our team", and why it was refused or cancelled.
"""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.access import is_ops
from marketplace.models import AuditEntry, StoreMember
from promocodes import explanations
from promocodes.models import Promotion

SHOWN = 50
LABELS = {
    "promotion.create": _("made"),
    "promotion.submit": _("sent for approval"),
    "promotion.approve": _("approved"),
    "promotion.refuse": _("refused"),
    "promotion.cancel": _("cancelled"),
    "promotion.amend": _("changed"),
    "codes.import": _("codes imported"),
}
DECISIONS = ("promotion.refuse", "promotion.cancel")  # whose reasons are for the store


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as the store's people read it."""

    verb: str
    when: str
    what: Any
    who: str
    reason: str


def told(promotion: Promotion) -> SafeString:
    """For staff: the newest entries first, all of them by name."""
    rows = [(entry, LABELS.get(entry.verb, entry.verb)) for entry in _entries(promotion)]
    return render_to_string("admin/promocodes/_history.html", {"entries": rows})


def for_store(promotion: Promotion) -> list[Event]:
    """For the store's people: the newest first."""
    members = set(
        StoreMember.objects.filter(store=promotion.store_id).values_list("user_id", flat=True)
    )
    return [
        Event(
            verb=entry.verb,
            when=explanations.moment(entry.at, promotion.terms.timezone),
            what=LABELS[entry.verb],
            who=_who(entry, members),
            reason=entry.reason if entry.verb in DECISIONS else "",
        )
        for entry in _entries(promotion)
        if entry.verb in LABELS
    ]


def _who(entry: AuditEntry, members: set[int]) -> str:
    """A colleague by name, staff as a team; nothing where a program acted."""
    if entry.actor is None:
        return ""
    if entry.actor.pk in members:
        return str(entry.actor)
    return gettext("our team") if is_ops(entry.actor) else gettext("somebody who left")


def _entries(promotion: Promotion) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(target=f"promotion:{promotion.pk}").order_by("-pk")
    return list(found.select_related("actor")[:SHOWN])
