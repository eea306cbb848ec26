"""Monthly statements of an available balance: opening, entries, closing (money.md)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from affiliates import ledger
from affiliates.models import Account, Affiliate, Commission, Transfer
from marketplace.money import exponent
from promocodes.sheets import Row


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One movement of the balance, minor units; below zero when it left."""

    at: datetime
    kind: str
    label: str
    order_ref: str
    commission_id: UUID | None
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A month of one currency, `[start, end)` in the site's zone."""

    currency: str
    start: datetime
    end: datetime
    opening_minor: int
    entries: list[Entry]

    @property
    def closing_minor(self) -> int:
        """The balance at the end."""
        return self.entries[-1].balance_minor if self.entries else self.opening_minor


def make(*, affiliate: Affiliate, currency: str, year: int, month: int) -> Statement:
    """The statement of a month; ValueError for a month that no calendar has."""
    start = timezone.make_aware(datetime(year, month, 1))  # noqa: DTZ001 - made aware at once
    end = _next_month(start)
    place = ledger.of_affiliate(Account.Kind.AFFILIATE_AVAILABLE, affiliate, currency)
    account = Account.objects.filter(code=place.code).first()
    if account is None:
        return Statement(currency=currency, start=start, end=end, opening_minor=0, entries=[])
    moved = Transfer.objects.filter(Q(debit_account=account) | Q(credit_account=account))
    opening = _sum(account, moved.filter(recorded_at__lt=start))
    rows = list(moved.filter(recorded_at__gte=start, recorded_at__lt=end).order_by("id"))
    return Statement(
        currency=currency,
        start=start,
        end=end,
        opening_minor=opening,
        entries=list(_entries(account, rows, opening)),
    )


def months(affiliate: Affiliate) -> list[tuple[str, datetime]]:
    """Currency and start of every month that has entries, newest first; at most two years."""
    accounts = Account.objects.filter(
        owner=str(affiliate.pk), kind=Account.Kind.AFFILIATE_AVAILABLE
    )
    found = []
    for account in accounts.order_by("currency"):
        moved = Transfer.objects.filter(Q(debit_account=account) | Q(credit_account=account))
        stamps = moved.datetimes("recorded_at", "month", order="DESC")
        found += [(account.currency, stamp) for stamp in stamps[:24]]
    return sorted(found, key=lambda each: each[1], reverse=True)


def headings() -> list[str]:
    """The head of a statement's file."""
    return [_("Date"), _("What"), _("Order"), _("Amount"), _("Balance"), _("Currency")]


def table(statement: Statement) -> Iterator[Row]:
    """The statement as rows of a file; amounts are decimals, below zero when money left."""
    currency = statement.currency
    opening = _decimal(statement.opening_minor, currency)
    yield [_day(statement.start), _("Opening balance"), "", None, opening, currency]
    for entry in statement.entries:
        amount = _decimal(entry.amount_minor, currency)
        balance = _decimal(entry.balance_minor, currency)
        yield [_day(entry.at), entry.label, entry.order_ref, amount, balance, currency]
    closing = _decimal(statement.closing_minor, currency)
    last = statement.end - timedelta(days=1)
    yield [_day(last), _("Closing balance"), "", None, closing, currency]


def _entries(account: Account, rows: list[Transfer], opening_minor: int) -> Iterator[Entry]:
    orders = _orders(rows)
    balance = opening_minor
    for row in rows:
        amount = row.amount_minor if row.credit_account_id == account.pk else -row.amount_minor
        balance += amount
        commission_id = commission_of(row)
        yield Entry(
            at=row.recorded_at,
            kind=row.kind,
            label=row.get_kind_display(),
            order_ref=orders.get(commission_id, "") if commission_id else "",
            commission_id=commission_id,
            amount_minor=amount,
            balance_minor=balance,
        )


def commission_of(transfer: Transfer) -> UUID | None:
    """The commission that a transfer moved, by its key."""
    word, _sep, rest = transfer.key.partition(":")
    if word not in ("accrue", "release", "reverse", "restore"):
        return None
    return UUID(rest.partition(":")[0])


def _orders(rows: Iterable[Transfer]) -> dict[UUID, str]:
    ids = {commission_id for row in rows if (commission_id := commission_of(row))}
    return dict(Commission.objects.filter(pk__in=ids).values_list("pk", "order_ref"))


def _sum(account: Account, rows: QuerySet[Transfer]) -> int:
    sums = rows.aggregate(
        credit=Sum("amount_minor", filter=Q(credit_account=account), default=0),
        debit=Sum("amount_minor", filter=Q(debit_account=account), default=0),
    )
    return int(sums["credit"] - sums["debit"])


def _next_month(start: datetime) -> datetime:
    return (start + timedelta(days=32)).replace(day=1)


def _decimal(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-exponent(currency))


def _day(at: datetime) -> str:
    return timezone.localtime(at).date().isoformat()
