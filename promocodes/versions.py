"""Terms and limits as they are kept: each version written once, and what a version may be.

Inner verbs of `promotions`, which opens the transactions and holds the promotion alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.ids import uuid7
from marketplace.models import Product, Store
from promocodes import terms as worded
from promocodes.models import Promotion, PromotionTerms
from promocodes.terms import Limits, Terms, TermsInvalid

Kind = Promotion.Kind
# Fields that the API calls otherwise.
_TOLD = {
    "discount_type": "discount.type",
    "percent_bp": "discount.percent",
    "amount_minor": "discount.amount",
    "max_discount_minor": "discount.max_discount",
    **{name: f"applies_to.{name}" for name in ("scope", "products", "categories")},
    **{name: f"applies_to.{name}" for name in ("exclude_products", "stores")},
    "min_spend_minor": "min_spend",
    "gives_back_for": "give_back",
    **{name: f"limits.{name}" for name in ("total", "per_person", "per_code")},
    "budget_minor": "limits.budget",
}
_LIMITS = ("total", "per_person", "per_code", "budget_minor")
SELLERS_KINDS = (Kind.STORE, Kind.SOCIAL)


class PromotionMoved(Exception):
    """The promotion is not in a state from which this act starts."""

    code = "wrong_state"

    def __init__(self, promotion: Promotion, start: Sequence[str]) -> None:
        self.extra = {"state": str(promotion.status), "starts_from": [str(one) for one in start]}
        super().__init__(
            f"The promotion is {self.extra['state']}; this starts from"
            f" {', '.join(self.extra['starts_from'])}."
        )


class TermsFrozen(Exception):
    """A seller may not change this of an approved promotion; make a new one."""

    code = "terms_frozen"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(
            f"Of an approved promotion {', '.join(fields)} can't be changed so: only the name, a"
            " later end and wider limits."
        )
        self.extra = {"fields": list(fields)}


def write(
    promotion: Promotion,
    terms: Terms,
    *,
    version: int,
    at: datetime,
    terms_id: UUID | None = None,
) -> PromotionTerms:
    """Write a version of the terms; without a start it starts at `at`."""
    values = asdict(terms)
    values |= {name: list(values[name]) for name in worded.LISTS}
    values["starts_at"] = terms.starts_at or at
    return PromotionTerms.objects.create(
        id=terms_id or uuid7(),
        promotion=promotion,
        version=version,
        created_at=at,
        starts_local=_local(values["starts_at"], terms.timezone),
        ends_local=_local(terms.ends_at, terms.timezone),
        **values,
    )


def limit_columns(limits: Limits) -> dict[str, Any]:
    """The columns of a promotion that hold its limits."""
    return {
        "total_limit": limits.total,
        "per_person_limit": limits.per_person,
        "per_code_limit": limits.per_code,
        "budget_minor": limits.budget_minor,
        "budget_edge": limits.budget_edge,
    }


def describe(promotion: Promotion) -> dict[str, Any]:
    """A promotion as JSON values, for the audit log."""
    shown = asdict(worded.of(promotion.terms)) | {
        "starts_at": promotion.terms.starts_at.isoformat(),
        "ends_at": promotion.terms.ends_at.isoformat() if promotion.terms.ends_at else None,
    }
    return {
        "name": promotion.name,
        "status": str(promotion.status),
        "share_with_affiliates": promotion.share_with_affiliates,
        "terms_version": promotion.terms.version,
        "terms": shown,
        "limits": asdict(worded.limits_of(promotion)),
    }


def check_reach(kind: str, store: Store | None, terms: Terms) -> None:
    """Raises `TermsInvalid` if the kind doesn't fit the store, or a product is another store's.

    A product that the catalogue doesn't know may be named: on the till the line's store decides.
    """
    if kind in SELLERS_KINDS and store is None:
        raise TermsInvalid({"store": _("A store or social code belongs to a store.")})
    if kind == Kind.PLATFORM and store is not None:
        raise TermsInvalid({"store": _("A platform code belongs to no store.")})
    if store is None:
        return
    named = {*terms.products, *terms.exclude_products}
    foreign = Product.objects.filter(ref__in=named).exclude(store=store) if named else None
    if foreign is not None and (ref := foreign.values_list("ref", flat=True).first()):
        # Lazy to the end: the reader's language is the door's matter.
        raise TermsInvalid(
            {"applies_to.products": format_lazy(_("Unknown product: {ref}"), ref=ref)}
        )


def check_widens(old: Terms, new: Terms, old_limits: Limits, new_limits: Limits) -> None:
    """Raises `TermsFrozen` unless all that changes is a later end and wider limits."""
    was, now = asdict(old), asdict(new)
    changed = [name for name in was if was[name] != now[name]]
    if old.ends_at is not None and (new.ends_at is None or new.ends_at >= old.ends_at):
        changed = [name for name in changed if name != "ends_at"]
    changed += [name for name in _LIMITS if not widens(old_limits, new_limits, [name])]
    if changed:
        raise TermsFrozen([_TOLD.get(name, name) for name in changed])


def widens(old: Limits, new: Limits, names: Sequence[str]) -> bool:
    """Whether the new limits of these names allow all that the old ones did."""
    pairs = [(getattr(old, name), getattr(new, name)) for name in names]
    return all(wide is None or (was is not None and wide >= was) for was, wide in pairs)


def _local(at: datetime | None, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat() if at else ""
