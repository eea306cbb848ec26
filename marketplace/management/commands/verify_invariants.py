"""`manage.py verify_invariants`: prove that nothing is what must never be."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from marketplace import invariants


class Command(BaseCommand):
    """Runs every invariant on one snapshot; exit code 1 and the rows when one is broken."""

    help = "Run every floor's invariants; each must return no row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--only` narrows it to some names."""
        parser.add_argument("--only", nargs="+", metavar="NAME", help="names of invariants")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per invariant, and the rows of those that are broken."""
        only = set(options["only"] or ())
        broken = total = 0
        with transaction.atomic():
            _take_one_snapshot()
            for app, invariant in invariants.find_all():
                if only and invariant.name not in only:
                    continue
                total += 1
                rows = invariant.broken()
                broken += bool(rows)
                self._report(app, invariant, rows, verbosity=options["verbosity"])
        if broken:
            raise CommandError(f"{broken} of {total} invariants are broken.")
        self.stdout.write(self.style.SUCCESS(f"All {total} invariants hold."))

    def _report(
        self, app: str, invariant: invariants.Invariant, rows: list[Any], *, verbosity: int
    ) -> None:
        name = f"{app}.{invariant.name}"
        if rows:
            self.stdout.write(self.style.ERROR(f"BROKEN {name}: {invariant.why}"))
            for row in rows:
                self.stdout.write(f"  {row}")
        elif verbosity > 1:
            self.stdout.write(f"holds  {name}")


def _take_one_snapshot() -> None:
    """All invariants see the same instant, unless we stand in somebody else's transaction."""
    if not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
