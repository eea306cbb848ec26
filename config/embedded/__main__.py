"""Run a command with servers of ours: `python -m config.embedded exec -- COMMAND…`.

The servers that run over the folder already (of a `make run`, say) are used; else they are started
for as long as the command runs. An address in the environment is used as it is.
"""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from config import processes
from config.embedded import DATA, ServerFailed, servers
from config.embedded.keeper import keep


def main(arguments: list[str]) -> int:
    """The exit code: that of the command, or 1 with one line when a server can't be had."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("keep", help="what the other commands start to keep the servers")
    action = actions.add_parser("exec", help="run a command with DATABASE_URL and REDIS_URL")
    place = action.add_mutually_exclusive_group()
    place.add_argument("--data", type=Path, default=DATA, help="folder of the data (.data)")
    place.add_argument("--temporary", action="store_true", help="forget the data afterwards")
    action.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    if asked.action == "keep":
        with suppress(BrokenPipeError):  # the holder died before it could read
            keep()
        return 0
    data = None if asked.temporary else asked.data
    try:
        with servers(data, given=os.environ, join=True) as addresses:
            return processes.run(asked.command, os.environ | addresses.environment)
    except ServerFailed as refusal:
        print(refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
