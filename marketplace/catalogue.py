"""The catalogue as the shop tells it; the only writer of stores, products and categories.

A store or product is put whole and as often as the shop likes; what is not given stays as it was.
A product never changes its store. Categories come to be when a product names them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from marketplace import audit
from marketplace.models import ApiClient, Category, Product, Store

# One pass in the order of refs, so that two writers wait for each other and never block each other.
# Rows that say the same already are locked but not written.
_UPSERT = """
    INSERT INTO marketplace_product AS there
        (ref, store_id, name, category_id, price_minor, currency, url, image_url, is_active)
    SELECT given.ref, given.store_id, given.name, given.category_id, given.price_minor,
           given.currency, given.url, given.image_url,
           coalesce(given.is_active, known.is_active, true)
    FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],
                %s::text[], %s::text[], %s::bool[])
        AS given (ref, store_id, name, category_id, price_minor, currency, url, image_url,
                  is_active)
    LEFT JOIN marketplace_product AS known ON known.ref = given.ref
    ORDER BY given.ref
    ON CONFLICT (ref) DO UPDATE SET
        name = excluded.name, category_id = excluded.category_id,
        price_minor = excluded.price_minor, currency = excluded.currency, url = excluded.url,
        image_url = excluded.image_url, is_active = excluded.is_active, updated_at = now()
    WHERE there.store_id = excluded.store_id
      AND (there.name, there.category_id, there.price_minor, there.currency, there.url,
           there.image_url, there.is_active)
          IS DISTINCT FROM
          (excluded.name, excluded.category_id, excluded.price_minor, excluded.currency,
           excluded.url, excluded.image_url, excluded.is_active)
    RETURNING xmax = 0
"""


class CatalogueRefusal(Exception):
    """A catalogue entry that can't be kept."""

    code = "catalogue_refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.extra = extra


class StoreNotYours(CatalogueRefusal):
    """A store's own key may name only its store."""

    code = "not_found"


class OnlyTheMarketplace(CatalogueRefusal):
    """What makes a store trusted is set by the marketplace, not by the store's own key."""

    code = "only_the_marketplace"


class UnknownStore(CatalogueRefusal):
    """A product of a store that we were not told of."""

    code = "unknown_store"


class ProductOfAnotherStore(CatalogueRefusal):
    """The product's id is taken by another store."""

    code = "product_of_another_store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A product as the shop tells it; `price_minor` in minor units of `currency`."""

    ref: str
    store: str
    name: str
    price_minor: int
    currency: str
    category: str = ""
    url: str = ""
    image_url: str = ""
    is_active: bool | None = None


def put_store(*, client: ApiClient, ref: str, facts: Mapping[str, Any]) -> tuple[Store, bool]:
    """Make a store or change it; returns it and whether it is new.

    `facts`: `name`, `currency`, `country` and, if given, `is_verified` and `host`.
    `StoreNotYours` and `OnlyTheMarketplace` for a store's own key.
    """
    if client.store is not None and client.store.ref != ref:
        raise StoreNotYours("There is no such store.")
    with transaction.atomic(durable=True):
        before = Store.objects.select_for_update().filter(ref=ref).first()
        if client.store is not None and before is not None:
            _refuse_own_trust(before, facts)
        store, is_new = Store.objects.update_or_create(ref=ref, defaults=facts)
        was = _audited(before) if before is not None else None
        if was != _audited(store):
            audit.record(
                actor=client,
                verb="store.create" if is_new else "store.change",
                target=f"store:{ref}",
                before=was,
                after=_audited(store),
            )
    return store, is_new


def put_products(*, client: ApiClient, entries: Sequence[Entry]) -> tuple[int, int]:
    """Make or change products, all or none; returns how many were new and how many were known.

    Refs must not repeat. Raises `UnknownStore`, `StoreNotYours` or `ProductOfAnotherStore`.
    """
    ordered = sorted(entries, key=lambda entry: entry.ref)
    with transaction.atomic(durable=True):
        stores = _stores(client, ordered)
        categories = _categories({entry.category for entry in ordered} - {""})
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, _columns(ordered, stores, categories))
            created = sum(is_new for (is_new,) in cursor.fetchall())
        _refuse_foreign(ordered, stores)
    return created, len(ordered) - created


def _refuse_own_trust(store: Store, facts: Mapping[str, Any]) -> None:
    for name in ("is_verified", "host", "currency", "country"):
        if name in facts and facts[name] != getattr(store, name):
            told = name.removeprefix("is_")  # as the API calls it
            raise OnlyTheMarketplace(
                f"Only the marketplace's own key may change {told} of a store.", field=told
            )


def _audited(store: Store) -> dict[str, Any]:
    names = ("name", "currency", "country", "host", "is_verified", "is_active")
    return {name: getattr(store, name) for name in names}


def _stores(client: ApiClient, entries: Sequence[Entry]) -> dict[str, int]:
    if client.store is not None:
        if any(entry.store != client.store.ref for entry in entries):
            raise StoreNotYours("There is no such store.")
        return {client.store.ref: client.store.pk}
    refs = {entry.store for entry in entries}
    stores = dict(Store.objects.filter(ref__in=refs).values_list("ref", "pk"))
    if missing := sorted(refs - stores.keys()):
        raise UnknownStore("We were not told of this store.", store=missing[0])
    return stores


def _categories(refs: set[str]) -> dict[str, int]:
    """Ids of categories by ref; those we did not know are named by their ref."""
    known = dict(Category.objects.filter(ref__in=refs).values_list("ref", "pk"))
    if missing := sorted(refs - known.keys()):
        Category.objects.bulk_create(
            [Category(ref=ref, name=ref) for ref in missing], ignore_conflicts=True
        )
        known |= dict(Category.objects.filter(ref__in=missing).values_list("ref", "pk"))
    return known


def _columns(
    entries: Sequence[Entry], stores: Mapping[str, int], categories: Mapping[str, int]
) -> list[list[Any]]:
    return [
        [entry.ref for entry in entries],
        [stores[entry.store] for entry in entries],
        [entry.name for entry in entries],
        [categories.get(entry.category) for entry in entries],
        [entry.price_minor for entry in entries],
        [entry.currency for entry in entries],
        [entry.url for entry in entries],
        [entry.image_url for entry in entries],
        [entry.is_active for entry in entries],
    ]


def _refuse_foreign(entries: Sequence[Entry], stores: Mapping[str, int]) -> None:
    owners = {entry.ref: stores[entry.store] for entry in entries}
    for ref, store_id in Product.objects.filter(ref__in=owners).values_list("ref", "store_id"):
        if owners[ref] != store_id:
            raise ProductOfAnotherStore("This product id is another store's.", product=ref)
