"""Redemptions over HTTP by 32 clients over 1,000 codes, each with a limit of its own."""

from bench.kit import shop, till
from bench.kit.bare import FIRST_NUMBER
from bench.kit.load import pgbench
from bench.kit.place import Place
from bench.kit.row import Measured, Row, in_turns
from bench.kit.web import web_server

ROW = Row(
    name="redeem-cold",
    what="redemptions over HTTP, 32 clients, 1,000 limited codes",
    against="pgbench, same statements, same clients",
    unit="/s",
    at_least=0.30,
)
_NUMBERS_A_TURN = 100_000_000


def measure(place: Place) -> Measured:
    """Ours and pgbench in turns, on the same tables."""
    cold = place.so_many(1_000, least=10)
    till.make_codes(place, cold=cold)
    headers = shop.api_headers()
    script = till.script(headers, cold=cold)
    seconds = place.seconds(10)
    with web_server(place) as web:
        web.headers = headers
        till.redeem(web, "COLD{code}", tag="warm", place=place, seconds=2, codes=cold)

        def ours(turn: int) -> float:
            till.tidy()
            tag = f"cold{turn}"
            return till.redeem(
                web, "COLD{code}", tag=tag, place=place, seconds=seconds, codes=cold
            ).rate

        def limit(turn: int) -> float:
            till.tidy()
            start = FIRST_NUMBER + turn * _NUMBERS_A_TURN
            load = pgbench(script, start=start, seconds=seconds, place=place)
            place.say(f"pgbench: {load.rate:,.0f}/s")
            return load.rate

        found = in_turns(ours, limit, turns=place.turns)
    till.check()
    return found
