"""What `make run` does before it serves: tables, demo data, sign-in links; no demo where it is off.

All in one process, because each start of Django costs two seconds. Standard output carries only
JSON lines for the supervisor (`{"done": step}`, at last `{"links": text}`); what the commands
say goes to standard error.
"""

import io
import json
import os
import sys

import django
from django.core.management import CommandError, call_command

from config import demo

TABLES, DEMO_DATA = "tables", "demo data"


def main() -> int:
    """1 with the reason on standard error when a command refuses."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    links = io.StringIO()
    try:
        call_command("migrate", interactive=False, stdout=sys.stderr)
        _tell({"done": TABLES})
        if demo.allowed():
            call_command("demo", stdout=sys.stderr)
            call_command("demo", "--links", stdout=links)
        _tell({"done": DEMO_DATA})
    except CommandError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    _tell({"links": links.getvalue()})
    return 0


def _tell(what: dict[str, str]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
