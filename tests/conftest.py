"""What every test may ask for: a database, programs of ours that really run, a real browser."""

import os
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as examples

from marketplace.api import rates

pytest_plugins = ["tests.api", "tests.browser", "tests.database", "tests.programs"]

# Playwright keeps an event loop in this thread; Django would refuse to query beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

# Static files come from their folders: no build, no manifest of hashed names.
settings.STORAGES = settings.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True

# A password is hashed for strength in production, and quickly here.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# How long an example takes says how busy the machine is, not whether the code is right.
examples.register_profile(
    "busy", examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("busy")

# As with DEBUG on, so that a test may sign staff in; tests/test_doors_sign_in.py turns it on.
settings.OPS_SECOND_FACTOR = False


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """Counters of one test (throttles, sign-in attempts) don't reach the next."""
    asks_for_data = {"db", "transactional_db"} & set(request.fixturenames)
    if asks_for_data or request.node.get_closest_marker("django_db"):
        cache.clear()
    rates.forget()


@pytest.fixture(autouse=True)
def _nobodys_language() -> None:
    """What a page of the test before answered in is no language of the next."""
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _doors_of_production(django_test_environment: None) -> None:
    """The URLs are read now, not under whatever settings the first test that needs them has."""
    import_module("config.urls")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Each worker begins with a part of what takes long, so that none ends alone with it.

    Workers are given equal pieces of the list, in order, and take from each other what is left.
    """
    result = yield
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    items[:] = [
        item
        for worker in range(workers)
        for part in (slow, quick)
        for item in part[len(part) * worker // workers : len(part) * (worker + 1) // workers]
    ]
    return result


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores, since many tests wait for a worker or a browser; six at most."""
    return min((os.cpu_count() or 1) + 1, 6)
