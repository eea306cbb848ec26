"""Plain rows of the ground floor; what a test depends on it passes by name."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from marketplace import keys
from marketplace.models import (
    ApiClient,
    Category,
    Order,
    OrderLine,
    Product,
    Profile,
    Store,
    StoreMember,
    User,
)

EVERY_SCOPE = tuple(ApiClient.Scope.values)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_number = count(1)


def make_user(*, name: str = "", password: str | None = None, **fields: Any) -> User:
    """A person with a profile; an e-mail and a ref of their own unless given."""
    number = next(_number)
    fields.setdefault("email", f"person{number}@example.com")
    fields.setdefault("ref", f"u{number}")
    user = User.objects.create_user(password=password, **fields)
    Profile.objects.create(user=user, name=name)
    return user


def make_staff(**fields: Any) -> User:
    """Operations staff who may do everything."""
    return make_user(**{"is_staff": True, "is_superuser": True} | fields)


def make_store(*, owner: User | None = None, manager: User | None = None, **fields: Any) -> Store:
    """A store in roubles; `owner` and `manager` work in it."""
    number = next(_number)
    fields = {
        "ref": f"s{number}",
        "name": f"Store {number}",
        "currency": "RUB",
        "country": "RU",
    } | fields
    store = Store.objects.create(**fields)
    for user, role in ((owner, StoreMember.Role.OWNER), (manager, StoreMember.Role.MANAGER)):
        if user is not None:
            StoreMember.objects.create(store=store, user=user, role=role)
    return store


def make_category(**fields: Any) -> Category:
    """A category."""
    number = next(_number)
    return Category.objects.create(**{"ref": f"c{number}", "name": f"Category {number}"} | fields)


def make_product(*, store: Store, **fields: Any) -> Product:
    """A product of `store` in its currency, 100.00 unless given."""
    number = next(_number)
    fields = {
        "ref": f"p{number}",
        "name": f"Product {number}",
        "price_minor": 10_000,
        "currency": store.currency,
    } | fields
    return Product.objects.create(store=store, **fields)


def make_client(
    *,
    name: str | None = None,
    scopes: tuple[str, ...] | list[str] = EVERY_SCOPE,
    store: Store | None = None,
    addresses: tuple[str, ...] = (),
) -> tuple[ApiClient, str]:
    """An API client and the secret of its key."""
    client = ApiClient.objects.create(
        name=name or f"client {next(_number)}",
        scopes=list(scopes),
        store=store,
        addresses=list(addresses),
    )
    secret = f"{keys.PREFIX}test{next(_number)}"
    client.keys.create(prefix=secret[:11], digest=keys.digest(secret))
    return client, secret


def make_order(*, lines: list[dict[str, Any]], **fields: Any) -> Order:
    """An order as if it had been folded; paid at noon unless given. Lines are columns by name."""
    number = next(_number)
    fields = {
        "ref": f"o{number}",
        "state": Order.State.PAID,
        "version": 1,
        "currency": "RUB",
        "placed_at": NOON,
        "paid_at": NOON,
    } | fields
    order = Order.objects.create(**fields)
    for index, columns in enumerate(lines, start=1):
        values = {
            "ref": str(index),
            "product_ref": f"p{index}",
            "unit_price_minor": 10_000,
            "quantity": 1,
        } | columns
        OrderLine.objects.create(order=order, **values)
    return order


def make_line(*, store: Store, ref: str = "1", **members: Any) -> dict[str, Any]:
    """A line of an order event or a cart, as the API takes it."""
    return {
        "ref": ref,
        "product": f"p-{ref}",
        "store": store.ref,
        "unit_price": 10_000,
        "quantity": 1,
    } | members


def make_order_event(*, order_ref: str, **members: Any) -> dict[str, Any]:
    """The body of `POST /orders/events`: paid, version 1, at noon, in roubles unless given."""
    return {
        "event_id": f"e{next(_number)}",
        "order_ref": order_ref,
        "version": 1,
        "type": "paid",
        "occurred_at": NOON.isoformat(),
        "currency": "RUB",
    } | members
