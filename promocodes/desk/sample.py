"""The sample cart beside the form: a few products, in amounts one may change.

It holds what the code fits and, where there is a choice, one thing that it doesn't; and as many
units as the minimum spend asks for, unless somebody said how many. A store's code meets goods of
its store, the platform's own those of several stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext

from marketplace.models import Product, Store
from marketplace.money import exponent
from promocodes.cart import Cart, Line
from promocodes.rehearsal import Draft
from promocodes.terms import DiscountType, Scope, Terms

MOST_UNITS = 999
SHOWN = 3
FITTING = 2  # of the lines shown, when the code is for some products only
NOWHERE = "sample-store"  # of made-up goods, when no store is named
_TENTH = 10


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a shopper may buy."""

    ref: str
    name: str
    price_minor: int
    category: str
    store: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A cart, the names of what is in it, and how many units we would have put in.

    `typed`: products whose number of units somebody chose.
    """

    cart: Cart
    names: Mapping[str, str]
    proposed: Mapping[str, int]
    typed: frozenset[str]


def make(draft: Draft, *, posted: Mapping[str, Any]) -> Sample:
    """A cart for the draft. `posted` may hold `qty-<ref>` beside our `was-<ref>`."""
    terms = draft.terms
    items = _items(draft) or _made_up(draft)
    proposed = _proposed(items, terms)
    cart = Cart(
        currency=draft.currency,
        lines=tuple(
            Line(
                ref=item.ref,
                product=item.ref,
                store=item.store,
                category=item.category,
                unit_price_minor=item.price_minor,
                quantity=_asked(item.ref, proposed[item.ref], posted),
            )
            for item in items
        ),
        codes=(draft.code,),
        first_order=True,
    )
    if terms.discount_type == DiscountType.FREE_SHIPPING:
        cart = replace(cart, shipping_minor=max(1, cart.subtotal_minor // _TENTH))
    return Sample(
        cart=cart,
        names={item.ref: item.name for item in items},
        proposed=proposed,
        typed=frozenset(item.ref for item in items if _is_typed(item.ref, posted)),
    )


def _items(draft: Draft) -> list[Item]:
    goods = Product.objects.filter(is_active=True, price_minor__gt=0).order_by("pk")
    goods = (
        goods.filter(store=draft.store) if draft.store else goods.filter(currency=draft.currency)
    )
    fits = _fits(draft.terms)
    if not fits:
        return _first_of(goods, draft, SHOWN)
    others = _read(goods.exclude(fits)[: SHOWN - FITTING], fits=False)
    return [*_first_of(goods.filter(fits), draft, SHOWN - len(others)), *others]


def _fits(terms: Terms) -> Q:
    """Which goods of the reach the terms discount; empty: all of them."""
    fits = Q()
    if terms.stores:
        fits &= Q(store__ref__in=terms.stores)
    if terms.scope == Scope.PRODUCTS:
        fits &= Q(ref__in=terms.products)
    if terms.scope == Scope.CATEGORIES:
        fits &= Q(category__ref__in=terms.categories)
    if terms.exclude_products:
        fits &= ~Q(ref__in=terms.exclude_products)
    return fits


def _first_of(goods: QuerySet[Product], draft: Draft, most: int) -> list[Item]:
    """The first goods; of a code for whole stores those of several."""
    if draft.store is not None or draft.terms.scope != Scope.STOREWIDE:
        return _read(goods[:most], fits=True)
    stores = Store.objects.filter(is_active=True, currency=draft.currency).order_by("pk")
    if draft.terms.stores:
        stores = stores.filter(ref__in=draft.terms.stores)
    of_store = goods.filter(store=OuterRef("pk")).values("pk")[:1]
    firsts = stores.annotate(first=Subquery(of_store)).exclude(first=None)
    keys = list(firsts.values_list("first", flat=True)[:most])
    found = _read(goods.filter(pk__in=keys), fits=True)
    return [*found, *_read(goods.exclude(pk__in=keys)[: most - len(found)], fits=True)]


def _read(rows: QuerySet[Product], *, fits: bool) -> list[Item]:
    return [
        Item(ref, name, price, category or "", store, fits)
        for ref, name, price, category, store in rows.values_list(
            "ref", "name", "price_minor", "category__ref", "store__ref"
        )
    ]


def _made_up(draft: Draft) -> list[Item]:
    """Without a catalogue: two things at prices that make sense of the terms."""
    terms = draft.terms
    hundred = 10 ** (exponent(draft.currency) + 2)
    price = max(hundred, terms.min_spend_minor, 2 * (terms.amount_minor or 0))
    names = (gettext("Sample product A"), gettext("Sample product B"))
    store = draft.store.ref if draft.store else next(iter(terms.stores), NOWHERE)
    return [
        Item(f"sample-{place}", name, price // place, "", store, True)
        for place, name in enumerate(names, 1)
    ]


def _proposed(items: list[Item], terms: Terms) -> dict[str, int]:
    """One of each, and of the first that fits as many more as the minimum spend asks for."""
    proposed = {item.ref: 1 for item in items}
    fitting = [item for item in items if item.fits and item.price_minor]
    missing = terms.min_spend_minor - sum(item.price_minor for item in fitting)
    if fitting and missing > 0:
        more = -(-missing // fitting[0].price_minor)
        proposed[fitting[0].ref] = min(1 + more, MOST_UNITS)
    return proposed


def _is_typed(ref: str, posted: Mapping[str, Any]) -> bool:
    """Whether somebody changed the number that we had put in."""
    typed = posted.get(f"qty-{ref}")
    return typed is not None and typed != posted.get(f"was-{ref}")


def _asked(ref: str, proposed: int, posted: Mapping[str, Any]) -> int:
    """What somebody typed; ours as long as they left it as we had put it."""
    typed = str(posted.get(f"qty-{ref}", ""))
    if not _is_typed(ref, posted) or not (typed.isascii() and typed.isdecimal()):
        return proposed
    return min(max(int(typed[:6]), 1), MOST_UNITS)
