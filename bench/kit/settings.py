"""The product's own settings with few differences, all of which only the bench needs.

Its urls have an empty view beside the product's, as a limit; static files need not be collected;
one key may call as often, and one store make as many codes, as there is to measure.
"""

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, STORAGES

ROOT_URLCONF = "bench.kit.urls"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = BASE_DIR / "static"
API_CALLS_PER_SECOND = CODES_PER_STORE_AND_DAY = 0
