"""The CSV of 1,000,000 redemptions through the API, against COPY TO of the same query."""

import csv
import http.client
import time
from dataclasses import replace
from pathlib import Path

from django.db import connection

from bench.kit import bare, bulk, shop, till
from bench.kit.place import Place
from bench.kit.row import Also, Measured, Row, WrongResult, expect, in_turns
from bench.kit.web import Web, web_server
from config import processes
from marketplace.models import ApiClient
from promocodes import reports
from promocodes.models import Promotion

ROW = Row(
    name="report",
    what="CSV of 1,000,000 redemptions over HTTP",
    against="COPY TO of the same query",
    unit="s",
    at_most=5,
)
MOST_MEMORY = 150 * 2**20
_TURNS = 3
_PIECE = 1 << 16
# Of 199,800 in goods, of which the code took 19,980 (kit.bulk).
SALES, DISCOUNT = 179_820, 19_980


def measure(place: Place) -> Measured:
    """The download and COPY in turns; how much memory the server takes for it."""
    count = place.so_many(1_000_000, least=1_000)
    place.say(f"{count:,} redemptions")
    headers = shop.api_headers()
    with bulk.without_foreign_keys():
        bulk.promotions_with_codes(1, stores=1)
        client_id = ApiClient.objects.get().pk
        bulk.uses(count, per_promotion=count, stores=1, client_id=client_id)
    till.tidy()
    promotion = Promotion.objects.get()
    query = whole_query(promotion)
    file = place.folder / "report.csv"
    grown: list[int] = []
    with web_server(place) as web:
        web.headers = headers
        web.ask("GET", f"/api/v1/promotions/{promotion.pk}/report")

        def ours(turn: int) -> float:
            before = web.forget_peak()
            took = _download(web, f"/api/v1/promotions/{promotion.pk}/report.csv", file)
            grown.append(web.peak() - before)
            place.say(f"download: {took:.2f} s, {grown[-1] / 2**20:.0f} MB more memory")
            check(file, count)
            return took

        def limit(turn: int) -> float:
            took = _copy(query, file)
            place.say(f"COPY TO: {took:.2f} s")
            return took

        found = in_turns(ours, limit, turns=min(place.turns, _TURNS))
    most = max(grown)
    memory = Also(text=f"{most / 2**20:.0f} MB of memory, < 150", holds=most < MOST_MEMORY)
    return replace(found, also=(memory,), figures=found.figures | {"bytes": grown})


def whole_query(promotion: Promotion) -> str:
    """The report's own statement, all pages of it at once."""
    with bare.caught() as statements:
        next(reports.uses(promotion))
    paged, bound, after = statements[-1].partition(f"LIMIT {reports.BATCH}")
    if not bound:
        raise WrongResult(f"the report's statement has no page: {paged}")
    return paged + after


def check(file: Path, count: int) -> None:
    """Every use that stands or came back is there once, and the sums are exact."""
    held = sum(1 for n in range(1, count + 1) if n % 100 == 3)
    back = sum(1 for n in range(1, count + 1) if n % 100 == 5)
    orders: set[str] = set()
    sales = discount = 0
    with file.open(newline="") as stream:
        for row in csv.DictReader(stream):
            orders.add(row["Order"])
            sales += int(row["Sales, minor units"])
            discount += int(row["Discount, minor units"])
    expect(len(orders), count - held, "the orders of the report")
    expect(sales, (count - held - back) * SALES, "its sales")
    expect(discount, (count - held - back) * DISCOUNT, "its discounts")


def _download(web: Web, path: str, file: Path) -> float:
    line = http.client.HTTPConnection(processes.LOOPBACK, web.port, timeout=600)
    began = time.perf_counter()
    try:
        line.request("GET", path, headers=web.headers)
        answer = line.getresponse()
        with file.open("wb") as stream:
            while piece := answer.read(_PIECE):
                stream.write(piece)
    finally:
        line.close()
    expect(answer.status, 200, "the status of the download")
    return time.perf_counter() - began


def _copy(query: str, file: Path) -> float:
    began = time.perf_counter()
    sql = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, cursor.copy(sql) as copy, file.open("wb") as stream:
        for part in copy:
            stream.write(part)
    return time.perf_counter() - began
