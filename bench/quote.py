"""Quotes over HTTP: five lines that the catalogue completes, two codes."""

import json

from bench.kit import shop, till
from bench.kit.load import get, post
from bench.kit.place import Place
from bench.kit.row import Measured, Row, WrongResult, expect, in_turns
from bench.kit.web import Web, web_server
from promocodes.models import Checkout, MissCount

ROW = Row(
    name="quote",
    what="quotes over HTTP: 5 lines, 2 codes, catalogue known; 32 clients",
    against="an empty view under the same server and settings",
    unit="/s",
    at_least=0.25,
)
PATH, EMPTY = "/api/v1/quotes", "/api/empty"
BODY = {
    "currency": "RUB",
    "shopper": {"ref": "u1", "email": "shopper@example.com"},
    "lines": [
        {"ref": str(n), "product": f"p{n}", "unit_price": 39_900 + n, "quantity": 1 + n % 2}
        for n in range(1, 6)
    ],
    "shipping": 30_000,
    "codes": ["STORE10", "PLATFORM5"],
}


def measure(place: Place) -> Measured:
    """Quotes and the empty view in turns."""
    store = shop.make_store()
    shop.make_products(store, 5)
    shop.make_promotion(store=store, code="STORE10", percent_bp=1_000)
    shop.make_promotion(store=None, code="PLATFORM5", percent_bp=500)
    till.tidy()
    seconds = place.seconds(10)
    with web_server(place) as web:
        web.headers = shop.api_headers()
        check(web)
        body = json.dumps(BODY)
        post(web, PATH, template=body, tag="warm", seconds=2, place=place)

        def ours(turn: int) -> float:
            tag = f"quote{turn}"
            load = post(web, PATH, template=body, tag=tag, seconds=seconds, place=place)
            place.say(f"quotes: {load.rate:,.0f}/s, median {load.median_ms} ms")
            return load.rate

        def limit(turn: int) -> float:
            load = get(web, EMPTY, seconds=seconds)
            place.say(f"empty view: {load.rate:,.0f}/s")
            return load.rate

        found = in_turns(ours, limit, turns=place.turns)
        check(web)
    expect((Checkout.objects.count(), MissCount.objects.count()), (0, 0), "rows of quotes")
    return found


def check(web: Web) -> None:
    """The quote is right to the last coin."""
    status, answer = web.ask(
        "POST", PATH, json.dumps(BODY).encode(), **{"Content-Type": "application/json"}
    )
    if status != 200:
        raise WrongResult(f"a quote is answered {status}: {answer[:500]!r}")
    said = json.loads(answer)
    goods = sum(line["unit_price"] * line["quantity"] for line in BODY["lines"])
    by_store = _half_up(goods * 10)
    by_platform = _half_up((goods - by_store) * 5)
    expect([code["discount"] for code in said["codes"]], [by_store, by_platform], "the codes")
    expect(sum(line["discount"] for line in said["lines"]), by_store + by_platform, "the lines")
    expect(said["total"], goods + 30_000 - by_store - by_platform, "the total")


def _half_up(hundredfold: int) -> int:
    return (hundredfold + 50) // 100
