"""`python -m bench [row …] [--scale F]`: measure, print the table, keep `bench/results.json`."""

import argparse
import io
import signal
import sys
import time
from importlib import import_module

import django
from django.core.management import call_command

from bench.kit import place as places
from bench.kit import table
from bench.kit.load import ToolMissing
from bench.kit.place import Place
from bench.kit.row import WrongResult
from config.embedded import ServerFailed

# In this order; each is a file of this folder.
ROWS = ("redeem_cold", "redeem_hot", "quote", "codes", "report", "admin", "start")


def main(arguments: list[str]) -> int:
    """0 when every goal is reached, 1 when one is missed or something came out wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; else all")
    parser.add_argument("--scale", type=float, default=1.0, help="of rows and seconds (1)")
    asked = parser.parse_args(arguments)
    chosen = [name.replace("-", "_") for name in asked.rows] or list(ROWS)
    if unknown := set(chosen) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    try:
        with places.servers() as folder:
            return _measure_all(chosen, Place(folder, asked.scale, time.monotonic()))
    except (ToolMissing, ServerFailed, WrongResult) as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1


def _measure_all(chosen: list[str], place: Place) -> int:
    place.say("tables, by our migrations")
    django.setup()
    call_command("migrate", interactive=False, stdout=io.StringIO())
    places.keep_empty_tables()
    results = []
    for name in chosen:
        module = import_module(f"bench.{name}")
        place.say(f"{module.ROW.name}: {module.ROW.what}")
        places.begin_anew()
        results.append(table.result(module.ROW, module.measure(place), scale=place.scale))
        place.say(table.line(results[-1]))
        if place.scale >= 1:
            table.keep(results[-1:])
    print(f"\n{table.table(results)}")
    return 0 if all(result["met"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
