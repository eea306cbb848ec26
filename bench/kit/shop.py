"""What the shop has: a client, stores, products, promotions with a code; made by our verbs."""

from datetime import UTC, datetime
from typing import Any

from bench.kit.row import WrongResult
from marketplace import invariants, keys
from marketplace.models import ApiClient, Category, Product, Store
from promocodes import promotions
from promocodes.models import Promotion
from promocodes.terms import UNLIMITED, Limits, Terms

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
ACTOR = "bench"


def api_headers() -> dict[str, str]:
    """What a client of every scope sends along."""
    client = keys.create_client(name="Bench", scopes=ApiClient.Scope.values, actor=ACTOR)
    _, secret = keys.create(client=client, actor=ACTOR)
    return {"Authorization": f"Bearer {secret}"}


def make_store(number: int = 1) -> Store:
    """A store in roubles."""
    return Store.objects.create(
        ref=f"s{number}", name=f"Store {number}", currency="RUB", country="RU", is_verified=True
    )


def make_products(store: Store, count: int) -> list[Product]:
    """Products of one category."""
    category = Category.objects.create(ref="mugs", name="Mugs")
    return Product.objects.bulk_create(
        Product(
            store=store,
            ref=f"p{number}",
            name=f"Mug {number}",
            category=category,
            price_minor=39_900 + number,
            currency="RUB",
        )
        for number in range(1, count + 1)
    )


def make_promotion(
    *,
    store: Store | None,
    code: str | None = None,
    limits: Limits = UNLIMITED,
    percent_bp: int = 1_000,
    **more: Any,
) -> Promotion:
    """A live promotion, a store's or the platform's."""
    return promotions.create(
        name=f"Promotion {code}",
        kind=Promotion.Kind.STORE if store else Promotion.Kind.PLATFORM,
        store=store,
        currency="RUB",
        terms=Terms(discount_type="percent", percent_bp=percent_bp, starts_at=LONG_AGO),
        limits=limits,
        needs_approval=False,
        code=code,
        actor=ACTOR,
        **more,
    )


def check_invariants(*prefixes: str) -> None:
    """Run the house's invariants whose names begin so. Raises `WrongResult` with broken rows."""
    for _, invariant in invariants.find_all():
        if invariant.name.startswith(prefixes) and (rows := invariant.broken()):
            raise WrongResult(f"{invariant.name} is broken: {rows[:3]}")
