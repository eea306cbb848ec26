"""The calls answer as the OpenAPI document says, whatever is sent to them."""

import pytest

from tests.contract import contract, keep
from tests.factories.marketplace import make_client, make_product, make_store

__all__ = ["contract"]
pytestmark = pytest.mark.django_db
CALLS = [
    ("GET", "/orders/{order_ref}"),
    ("POST", "/orders/events"),
    ("POST", "/orders/events/batch"),
    ("GET", "/products"),
    ("PUT", "/products"),
    ("POST", "/sessions"),
    ("GET", "/stores/{store_ref}"),
    ("PUT", "/stores/{store_ref}"),
]


@pytest.fixture
def secret(db):
    make_product(store=make_store(ref="s1"), ref="p1")
    return make_client()[1]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_keeps_the_contract(contract, secret, method, path):
    assert keep(contract, method, path, secret)
