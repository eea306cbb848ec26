"""All that is known of a cart's codes, read in one call by the database's clock.

The call is a function of the database (migration 0003), whose plan is kept. With `to_write` it
shares the lock of each promotion (`locks`) before it reads, so that what was judged by stands until
the transaction ends.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from marketplace import clock, identities
from marketplace.models import Order
from promocodes import throttling
from promocodes.cart import Cart, Line, Shopper
from promocodes.eligibility import CodeFacts
from promocodes.terms import Limits, Terms
from promocodes.throttling import Source

_TERMS = (
    "discount_type",
    "percent_bp",
    "amount_minor",
    "max_discount_minor",
    "allocation",
    "max_units_per_line",
    "scope",
    "products",
    "categories",
    "exclude_products",
    "stores",
    "min_spend_minor",
    "min_spend_basis",
    "first_order_only",
    "stacking",
    "priority",
    "gives_back_for",
    "starts_at",
    "ends_at",
    "timezone",
)
_KNOWN = (
    "SELECT * FROM promocodes_known(%s::text[], %s::bytea[], %s::bigint, %s::bytea[], %s::int[],"
    " %s, %s::text[], %s::text[], %s)"
)
_GOODS = 24 + len(_TERMS)  # the last column


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rules need: the moment, the facts by code, and who asks.

    `persons`: hashed identities, in one order everywhere, so that no two writers deadlock.
    """

    at: datetime
    cart: Cart
    persons: tuple[bytes, ...]
    email: str
    is_throttled: bool = False
    codes: Mapping[str, CodeFacts] = field(default_factory=dict)
    is_first_order: bool | None = None


def read(cart: Cart, *, source: Source, to_write: bool = False) -> Known:
    """Read what is known. `source` also says to which store's codes the caller is bound.

    Inner verb: with `to_write` it needs a transaction, which holds the shared locks.
    """
    persons = identities_of(cart.shopper)
    email = identities.canonical_email(cart.shopper.email)
    if not cart.codes:
        return Known(at=clock.now(), cart=cart, persons=persons, email=email)
    misses = throttling.keys_of(source, persons)
    with connection.cursor() as cursor:
        cursor.execute(
            _KNOWN,
            [
                list(cart.codes),
                _prints(persons),
                source.store_id,
                _prints(key for key, _ in misses),
                "{" + ",".join(str(most) for _, most in misses) + "}",
                throttling.WINDOW_MINUTES,
                [line.product for line in cart.lines if line.product and not line.store],
                [
                    line.product
                    for line in cart.lines
                    if line.product and line.store and not line.category
                ],
                to_write,
            ],
        )
        rows = cursor.fetchall()
    found = {row[2]: _facts(row) for row in rows if row[7] is not None}
    return Known(
        at=rows[0][0],
        is_throttled=rows[0][1],
        cart=_completed(cart, [row[_GOODS] for row in rows if row[2] in found]),
        codes=found,
        persons=persons,
        email=email,
        is_first_order=_is_first_order(cart, found, store_id=source.store_id),
    )


def _prints(found: Iterable[bytes]) -> str:
    """An array of hashes as PostgreSQL reads it; the driver takes five times as long."""
    return "{" + ",".join(f'"\\\\x{one.hex()}"' for one in found) + "}"


def identities_of(shopper: Shopper) -> tuple[bytes, ...]:
    """Keyed hashes of all by which a shopper may be known again (engine.md 3), sorted."""
    told = {
        "email": shopper.email,
        "phone": shopper.phone,
        "device": shopper.device,
        "payment": shopper.payment,
    }
    prints = identities.prints_of(told)
    if shopper.ref:
        prints.append(identities.print_of("ref", shopper.ref))
    return tuple(sorted(hashlib.sha256(found.encode()).digest()[:16] for found in prints))


def _facts(row: Sequence[Any]) -> CodeFacts:
    (_, _, code, code_id, person_id, person_ref, person_email) = row[:7]
    (promotion_id, kind, store_id, store, currency, status, terms_id) = row[7:14]
    (total, per_person, per_code, budget, edge) = row[14:19]
    (uses_left, budget_left, person_uses, person_slots, code_slots) = row[19:24]
    values = dict(zip(_TERMS, row[24:_GOODS], strict=True))
    return CodeFacts(
        code=code,
        code_id=code_id,
        promotion_id=promotion_id,
        terms_id=terms_id,
        kind=kind,
        status=status,
        currency=currency,
        terms=Terms(**values),
        limits=Limits(
            total=total,
            per_person=per_person,
            per_code=per_code,
            budget_minor=budget,
            budget_edge=edge,
        ),
        store=store or "",
        store_id=store_id,
        is_personal=person_id is not None,
        person_ref=person_ref or "",
        person_email=identities.canonical_email(person_email or ""),
        uses_left=uses_left if total is not None else None,
        budget_left_minor=budget_left if budget is not None else None,
        person_uses=person_uses or 0,
        person_slots=tuple(person_slots or ()),
        code_slots=tuple(code_slots or ()),
    )


def _completed(cart: Cart, goods: Iterable[str | None]) -> Cart:
    """The cart with stores and categories that the line left out and the catalogue knows."""
    known = {
        ref: (store, category or "")
        for found in goods
        if found is not None
        for ref, store, category in json.loads(found)
    }
    if not known:
        return cart
    return replace(cart, lines=tuple(_with(line, known) for line in cart.lines))


def _with(line: Line, known: Mapping[str, tuple[str, str]]) -> Line:
    store, category = known.get(line.product, ("", ""))
    return replace(line, store=line.store or store, category=line.category or category)


def _is_first_order(
    cart: Cart, found: Mapping[str, CodeFacts], *, store_id: int | None
) -> bool | None:
    """What the shop says, else what the orders told to it say; None: nobody to look for."""
    if cart.first_order is not None:
        return cart.first_order
    if not any(facts.terms.first_order_only for facts in found.values()):
        return None
    shopper = cart.shopper
    prints = identities.prints_of(
        {
            "email": shopper.email,
            "phone": shopper.phone,
            "device": shopper.device,
            "payment": shopper.payment,
        }
    )
    if not shopper.ref and not prints:
        return None
    orders = Order.objects.of_person(shopper_ref=shopper.ref, identities=prints)
    return not orders.told_to(store_id).paid().exists()


def code_identity(code_id: UUID) -> bytes:
    """What a code's own uses are counted by."""
    return code_id.bytes
