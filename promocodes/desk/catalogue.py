"""What the forms offer to choose from: of the seller's own catalogue, or of all stores."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import ngettext

from marketplace.access import stores_of
from marketplace.models import Category, Product, Store
from marketplace.templatetags.money import money

FOUND = 20  # products that a search shows


@dataclass(frozen=True, slots=True)
class Picker:
    """Products chosen already, and those that the search found beside them."""

    query: str
    chosen: list[Product]
    found: list[Product]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Option:
    """Something to tick; `note` stands at the end of its row."""

    ref: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is ticked already, and what the search found beside it. `field` names the boxes."""

    field: str
    query: str
    chosen: list[Option]
    found: list[Option]
    has_more: bool
    counted: str  # how many are chosen, in words
    others: str
    nothing: str
    empty: str


def store_of(request: HttpRequest) -> Store:
    """The store that the seller works for on this page: named, or their first by name.

    Raises `Http404` for a store that isn't theirs.
    """
    mine = stores_of(request.user).order_by("name", "pk")
    asked = request.POST.get("store") or request.GET.get("store")
    store = mine.filter(ref=asked).first() if asked else mine.first()
    if store is None:
        raise Http404
    return store


def pick(store: Store, *, chosen: Sequence[str], query: str) -> Picker:
    """The picker's rows, all of this store whatever ids were sent."""
    own = Product.objects.filter(store=store).select_related("category", "store")
    return _picked(own, chosen=chosen, query=query, order=("name", "pk"))


def pick_anywhere(currency: str, *, chosen: Sequence[str], query: str) -> Picker:
    """The picker's rows of all stores in one currency, for operations; the newest first."""
    goods = Product.objects.filter(currency=currency).select_related("category", "store")
    return _picked(goods, chosen=chosen, query=query, order=("-pk",))


def options_of(picker: Picker, *, field: str, others: str, nothing: str, empty: str) -> Options:
    """Products as rows to tick."""
    count = len(picker.chosen)
    text = ngettext("%(number)s product chosen", "%(number)s products chosen", count)
    return Options(
        field=field,
        query=picker.query,
        chosen=[_option(product) for product in picker.chosen],
        found=[_option(product) for product in picker.found],
        has_more=picker.has_more,
        counted=text % {"number": count},
        others=others,
        nothing=nothing,
        empty=empty,
    )


def categories_of(store: Store) -> list[Category]:
    """Categories in which the store sells, with `product_count` of its own products."""
    return list(
        Category.objects.filter(products__store=store, products__is_active=True)
        .annotate(product_count=Count("products"))
        .order_by("name", "pk")
    )


def _option(product: Product) -> Option:
    return Option(product.ref, product.name, money(product.price_minor, product.currency))


def _picked(
    own: QuerySet[Product], *, chosen: Sequence[str], query: str, order: Sequence[str]
) -> Picker:
    here = list(own.filter(ref__in=chosen).order_by("name", "pk"))
    query = query.strip()[:100]
    rest = own.filter(is_active=True).exclude(ref__in=[product.ref for product in here])
    if query:
        named = Q(name__icontains=query) | Q(ref=query)
        rest = rest.filter(named | Q(store__ref=query))
    found = list(rest.order_by(*order)[: FOUND + 1])
    return Picker(query, here, found[:FOUND], has_more=len(found) > FOUND)
