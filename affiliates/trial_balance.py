"""The trial balance: what all accounts of each kind hold together (money.md, Ledger)."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from affiliates.models import Account
from affiliates.models.ledger import DEBIT_KINDS


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """All accounts of one kind and currency together, in minor units."""

    currency: str
    kind: str
    accounts: int
    debited_minor: int
    credited_minor: int

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(Account.Kind(self.kind).label)

    @property
    def balance_minor(self) -> int:
        """The sum of the balances, in the kind's own direction."""
        balance = self.credited_minor - self.debited_minor
        return -balance if self.kind in DEBIT_KINDS else balance


def rows() -> list[TrialRow]:
    """Debits and credits by currency and kind; each currency's debits equal its credits."""
    found = (
        Account.objects.values("currency", "kind")
        .annotate(
            accounts=Count("id"),
            debited_minor=Sum("debited_minor"),
            credited_minor=Sum("credited_minor"),
        )
        .order_by("currency", "kind")
    )
    return [TrialRow(**row) for row in found]
