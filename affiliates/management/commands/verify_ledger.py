"""`manage.py verify_ledger`: prove the ledger, and print its trial balance."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from affiliates import trial_balance
from affiliates.invariants import LEDGER


class Command(BaseCommand):
    """Balances are sums, the sum is zero, only reversals make debts; exit code 1 otherwise."""

    help = "Prove that every balance is the sum of its transfers, and print the trial balance."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per kind of account and currency, then run the ledger's invariants."""
        for row in trial_balance.rows() if options["verbosity"] else ():
            self.stdout.write(
                f"{row.currency}  {row.kind:<20} {row.debited_minor:>20} {row.credited_minor:>20}"
                f" {row.balance_minor:>20}"
            )
        names = [invariant.name for invariant in LEDGER]
        call_command(
            "verify_invariants", only=names, verbosity=options["verbosity"], stdout=self.stdout
        )
