"""The lists of the operations' admin at 5,000,000 rows against 10,000."""

import time
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client

from bench.kit import bulk, shop, till
from bench.kit import place as places
from bench.kit.place import Place
from bench.kit.row import Also, Measured, Row, expect
from bench.kit.web import Web, web_server
from marketplace.admin_base import PER_PAGE
from marketplace.models import ApiClient, User
from promocodes.models import PromoCode, Promotion, Redemption

ROW = Row(
    name="admin",
    what="the slowest list of promotions, codes, redemptions at 5,000,000 rows",
    against="the same at 10,000",
    unit="s",
    at_most=3,
)
LARGE, SMALL, STORES = 5_000_000, 10_000, 1_000
MOST_QUERIES = 12
LOOKS = 9
WARMING = 4  # looks that aren't timed: of two workers, neither meets the page for the first time
# What ops ask of each list: the newest, a filter, a word, a page far behind.
PAGES = {
    "promotion": ("", "?state=live", "?state=pending_approval", "?q=Promotion+77", "?p={page}"),
    "promocode": ("", "?revoked_at__isempty=0", "?q={code}", "?p={page}"),
    "redemption": (
        *("", "?state__exact=reversed", "?state__exact=redeemed"),
        *("?q=order-77", "?p={page}"),
    ),
}
_COUNTED = """
SELECT COALESCE(sum(s.calls), 0)::int FROM pg_stat_statements s
JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.toplevel
    AND s.query !~* '^(BEGIN|COMMIT|SAVEPOINT|RELEASE|SET|SELECT pg_stat)'
"""


def measure(place: Place) -> Measured:
    """Every page of every list in both sizes, in turns."""
    small, large = place.so_many(SMALL, least=200), place.so_many(LARGE, least=400)
    stay = fill(place, small)
    with places.other_database():
        away = fill(place, large)
        with (
            web_server(place) as near,
            web_server(place, DATABASE_URL=places.address_of(places.OTHER)) as far,
        ):
            near.headers, far.headers = stay, away
            looks = place.turns if place.scale < 1 else LOOKS
            figures = _look_at_all(place, near, far, looks)
    places.drop_other()
    name, (at_small, at_large, _) = max(figures.items(), key=lambda one: one[1][1] / one[1][0])
    queries = max(count for _, _, count in figures.values())
    place.say(f"grows most: {name}")
    return Measured(
        ours=at_large,
        limit=at_small,
        also=(Also(text=f"{queries} queries, ≤ {MOST_QUERIES}", holds=queries <= MOST_QUERIES),),
        figures={"slowest": name, "seconds and queries": figures},
    )


def fill(place: Place, count: int) -> dict[str, str]:
    """So many rows of each table; the headers of a member of staff who is signed in."""
    place.say(f"{count:,} promotions, codes and redemptions")
    shop.api_headers()
    with bulk.without_foreign_keys():
        bulk.promotions_with_codes(count, stores=STORES)
        place.say("… their uses")
        client_id = ApiClient.objects.get().pk
        bulk.uses(count, per_promotion=1, stores=STORES, client_id=client_id)
    place.say("… VACUUM ANALYZE")
    till.tidy()
    for model in (Promotion, PromoCode, Redemption):
        expect(model.objects.count(), count, f"rows of {model.__name__}")
    bulk.run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.com"))
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}", "Accept-Language": "en"}


def _look_at_all(
    place: Place, near: Web, far: Web, looks: int
) -> dict[str, tuple[float, float, int]]:
    code = PromoCode.objects.filter(revoked_at=None).values_list("code", flat=True)[0]
    page = place.so_many(SMALL, least=200) // PER_PAGE - 1
    figures = {}
    for model, questions in PAGES.items():
        for question in questions:
            path = f"/admin/promocodes/{model}/{question.format(code=code, page=page)}"
            for web in (near, far):
                for _ in range(min(WARMING, looks)):
                    _look(web, path)
            pairs = [(_look(near, path), _look(far, path)) for _ in range(looks)]
            at_small, at_large = (round(median(side), 4) for side in zip(*pairs, strict=True))
            queries = _queries(far, path)
            name = f"{model}{question.format(code='…', page='…')}"
            figures[name] = (at_small, at_large, queries)
            place.say(f"{name}: {at_small:.3f} s, {at_large:.3f} s; {queries} queries")
    return figures


def _look(web: Web, path: str) -> float:
    began = time.perf_counter()
    status, answer = web.ask("GET", path)
    took = time.perf_counter() - began
    expect((status, b"changelist" in answer), (200, True), f"the answer of {path}")
    return took


def _queries(web: Web, path: str) -> int:
    """How many statements a page asks, as the database counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_statements_reset()")
        _look(web, path)
        cursor.execute(_COUNTED)
        return int(cursor.fetchone()[0])
