"""`/stores/{store_ref}` and `/products`: the shop tells what it sells."""

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import catalogue
from marketplace.api.document import CURSOR, LIMIT, documented, page_of, parameters_of
from marketplace.api.fields import (
    BoolField,
    CountryField,
    CurrencyField,
    HostField,
    MinorField,
    RefField,
    TextField,
    WebAddressField,
)
from marketplace.api.pages import page
from marketplace.api.serializers import ListOf, StrictSerializer
from marketplace.api.views import ApiView
from marketplace.models import ApiClient, Product, Store
from marketplace.models.fields import validate_ref

MOST_PRODUCTS = 1_000


class StoreSerializer(StrictSerializer):
    """A store. `host`: links to the store may lead only there."""

    name = TextField(max_length=200, trim_whitespace=True)
    currency = CurrencyField()
    country = CountryField()
    verified = BoolField(required=False)
    host = HostField(required=False, allow_blank=True)


class KnownStoreSerializer(serializers.Serializer[Any]):
    """A store as we know it."""

    ref = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    country = serializers.CharField()
    verified = serializers.BooleanField()
    host = serializers.CharField()


class ProductSerializer(StrictSerializer):
    """A product. Without `active` a new one is active, a known one stays as it was."""

    ref = RefField()
    store = RefField()
    name = TextField(max_length=300, trim_whitespace=True)
    category = RefField(required=False, allow_null=True)
    price = MinorField()
    currency = CurrencyField()
    url = WebAddressField(required=False, allow_null=True)
    image_url = WebAddressField(required=False, allow_null=True)
    active = BoolField(required=False, allow_null=True)


class ProductsSerializer(StrictSerializer):
    """Up to 1,000 products."""

    products = ListOf(ProductSerializer(), most=MOST_PRODUCTS, unique="ref")


class UpsertedSerializer(serializers.Serializer[Any]):
    """How many products were new, and how many were known."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()


class KnownProductSerializer(serializers.Serializer[Any]):
    """A product as we know it."""

    ref = serializers.CharField()
    store = serializers.CharField()
    name = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    price = serializers.IntegerField()
    currency = serializers.CharField()
    url = serializers.CharField()
    image_url = serializers.CharField()
    active = serializers.BooleanField()


EXAMPLE = OpenApiExample(
    "one product",
    request_only=True,
    value={
        "products": [
            {
                "ref": "p1",
                "store": "s1",
                "name": "Mug",
                "category": "mugs",
                "price": 39900,
                "currency": "RUB",
                "url": "https://shop.example.com/p1",
                "image_url": "https://shop.example.com/p1.webp",
            }
        ]
    },
)


class ProductFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By the shop's ids."""

    store = django_filters.CharFilter("store__ref", validators=[validate_ref])
    category = django_filters.CharFilter("category__ref", validators=[validate_ref])


class StoreView(ApiView):
    """`/stores/{store_ref}`."""

    scope = ApiClient.Scope.CATALOG
    refusals = {catalogue.StoreNotYours: 404, catalogue.OnlyTheMarketplace: 403}

    @documented("get_store", answers={200: KnownStoreSerializer}, problems=(404,))
    def get(self, request: Request, store_ref: str) -> Response:
        """A store as we know it."""
        store = Store.objects.filter(ref=store_ref).first()
        bound = self.client.store
        if store is None or (bound is not None and bound != store):
            raise NotFound("There is no such store.")
        return Response(_store(store))

    @documented(
        "put_store",
        request=StoreSerializer,
        answers={200: KnownStoreSerializer, 201: KnownStoreSerializer},
        problems=(404, 413, 415),
    )
    def put(self, request: Request, store_ref: str) -> Response:
        """Make a store (201) or change it (200); what is not given stays as it was."""
        body = self.read(StoreSerializer)
        columns = {"verified": "is_verified"}
        facts = {columns.get(name, name): value for name, value in body.items()}
        store, is_new = catalogue.put_store(client=self.client, ref=store_ref, facts=facts)
        return Response(_store(store), status=201 if is_new else 200)


class ProductsView(ApiView):
    """`/products`."""

    lists = True
    scope = ApiClient.Scope.CATALOG
    refusals = {catalogue.StoreNotYours: 404, catalogue.CatalogueRefusal: 422}

    @documented(
        "list_products",
        answers={200: page_of(KnownProductSerializer, name="ProductPage")},
        parameters=[*parameters_of(ProductFilter), CURSOR, LIMIT],
    )
    def get(self, request: Request) -> Response:
        """Products in the order of their ids, a page at a time."""
        products = Product.objects.select_related("store", "category")
        if self.client.store is not None:
            products = products.filter(store=self.client.store)
        return Response(
            page(products, request=request, represent=_product, key="ref", filters=ProductFilter)
        )

    @documented(
        "put_products",
        request=ProductsSerializer,
        answers={200: UpsertedSerializer},
        examples=[EXAMPLE],
        problems=(404, 413, 415, 422),
    )
    def put(self, request: Request) -> Response:
        """Make or change up to 1,000 products, all or none."""
        entries = [_entry(item) for item in self.read(ProductsSerializer)["products"]]
        created, updated = catalogue.put_products(client=self.client, entries=entries)
        return Response({"created": created, "updated": updated})


def _entry(item: dict[str, Any]) -> catalogue.Entry:
    return catalogue.Entry(
        ref=item["ref"],
        store=item["store"],
        name=item["name"],
        price_minor=item["price"],
        currency=item["currency"],
        category=item.get("category") or "",
        url=item.get("url") or "",
        image_url=item.get("image_url") or "",
        is_active=item.get("active"),
    )


def _store(store: Store) -> dict[str, Any]:
    return {
        "ref": store.ref,
        "name": store.name,
        "currency": store.currency,
        "country": store.country,
        "verified": store.is_verified,
        "host": store.host,
    }


def _product(product: Product) -> dict[str, Any]:
    return {
        "ref": product.ref,
        "store": product.store.ref,
        "name": product.name,
        "category": product.category.ref if product.category else None,
        "price": product.price_minor,
        "currency": product.currency,
        "url": product.url,
        "image_url": product.image_url,
        "active": product.is_active,
    }
