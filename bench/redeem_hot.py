"""Redemptions over HTTP, all 32 clients on one limited code, against the same on 1,000 codes."""

from bench.kit import shop, till
from bench.kit.place import Place
from bench.kit.row import Measured, Row, in_turns
from bench.kit.web import web_server

ROW = Row(
    name="redeem-hot",
    what="the same on one limited code",
    against="redeem-cold, in the same run",
    unit="/s",
    at_least=0.90,
)


def measure(place: Place) -> Measured:
    """The hot code and the cold ones in turns, on the same tables."""
    cold = place.so_many(1_000, least=10)
    till.make_codes(place, cold=cold)
    seconds = place.seconds(10)
    with web_server(place) as web:
        web.headers = shop.api_headers()
        till.redeem(web, "COLD{code}", tag="warm", place=place, seconds=2, codes=cold)

        def hot(turn: int) -> float:
            till.tidy()
            return till.redeem(web, "HOT", tag=f"hot{turn}", place=place, seconds=seconds).rate

        def others(turn: int) -> float:
            till.tidy()
            tag = f"cold{turn}"
            return till.redeem(
                web, "COLD{code}", tag=tag, place=place, seconds=seconds, codes=cold
            ).rate

        found = in_turns(hot, others, turns=place.turns)
    till.check()
    return found
