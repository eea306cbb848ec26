"""A till with three stores, made and asked over HTTP alone."""

import pytest

from promocodes.invariants import INVARIANTS
from promocodes.models import Checkout
from tests.api import Api
from tests.factories.marketplace import make_store
from tests.promocodes.conformance.till import Till


@pytest.fixture
def till(api: Api) -> Till:
    """The shop's server with every scope; the stores s1, s2 and s3 sell in roubles."""
    for ref in ("s1", "s2", "s3"):
        make_store(ref=ref, is_verified=True)
    yield Till(api)
    if Checkout.objects.exists():  # else nothing was written that could be broken
        assert {found.name for found in INVARIANTS if found.broken()} == set()
