"""What a platform promotion may name, found by typing: stores, products and categories.

An id that was chosen stays ticked even if nothing has it here, so that nothing typed is lost.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext, ngettext

from marketplace.models import Category, Product, Store
from marketplace.templatetags.money import money
from promocodes.desk import catalogue
from promocodes.desk.catalogue import FOUND, Option, Options

Found = tuple[list[Option], list[Option], bool]


def options(field: str, *, currency: str, chosen: Sequence[str], query: str) -> Options:
    """The rows of one picker. Raises `KeyError` for a field that has none."""
    find, counted = PICKERS[field]
    query = query.strip()[:100]
    here, found, has_more = find(currency, chosen, query)
    known = {option.ref for option in here}
    lost = [Option(ref, ref, gettext("unknown here")) for ref in chosen if ref not in known]
    ticked = [*here, *lost]
    return Options(
        field=field,
        query=query,
        chosen=ticked,
        found=found,
        has_more=has_more,
        counted=counted(len(ticked)),
        others=gettext("Others"),
        nothing=gettext("Nothing else fits this.") if ticked else gettext("Nothing fits this."),
        empty=gettext("There are none in this currency yet."),
    )


def _products(currency: str, chosen: Sequence[str], query: str) -> Found:
    picker = catalogue.pick_anywhere(currency, chosen=chosen, query=query)
    return (
        [_product(row) for row in picker.chosen],
        [_product(row) for row in picker.found],
        (picker.has_more),
    )


def _product(row: Product) -> Option:
    return Option(row.ref, row.name, f"{row.store.name} · {money(row.price_minor, row.currency)}")


def _stores(currency: str, chosen: Sequence[str], query: str) -> Found:
    rest = Store.objects.filter(currency=currency, is_active=True)
    return _searched(Store.objects.all(), rest, chosen, query, note="currency")


def _categories(currency: str, chosen: Sequence[str], query: str) -> Found:
    return _searched(Category.objects.all(), Category.objects.all(), chosen, query, note="ref")


def _searched(rows: Any, rest: Any, chosen: Sequence[str], query: str, *, note: str) -> Found:
    """Rows that have a name and an id, by a part of the one or by the other."""
    here = list(rows.filter(ref__in=chosen).order_by("name", "pk"))
    rest = rest.exclude(ref__in=chosen)
    if query:
        rest = rest.filter(Q(name__icontains=query) | Q(ref=query))
    found = list(rest.order_by("name", "pk")[: FOUND + 1])
    ticked, offered = (
        [Option(row.ref, row.name, getattr(row, note)) for row in part]
        for part in (here, found[:FOUND])
    )
    return ticked, offered, len(found) > FOUND


def _count_products(count: int) -> str:
    text = ngettext("%(number)s product chosen", "%(number)s products chosen", count)
    return text % {"number": count}


def _count_stores(count: int) -> str:
    text = ngettext("%(number)s store chosen", "%(number)s stores chosen", count)
    return text % {"number": count}


def _count_categories(count: int) -> str:
    text = ngettext("%(number)s category chosen", "%(number)s categories chosen", count)
    return text % {"number": count}


PICKERS: dict[str, tuple[Callable[[str, Sequence[str], str], Found], Callable[[int], str]]] = {
    "stores": (_stores, _count_stores),
    "products": (_products, _count_products),
    "exclude_products": (_products, _count_products),
    "categories": (_categories, _count_categories),
}
