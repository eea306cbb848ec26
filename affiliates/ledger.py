"""The ledger: the only writer of accounts and transfers (money.md, Ledger).

A `Posting` names two accounts by what they are; `post` writes all postings of an event or of a
batch at once: accounts locked in id order, new transfers inserted, the sums of what was really
inserted applied once per account. A key that is there already moves nothing, so whatever is
posted twice is posted once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Aggregate, Min, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from affiliates.models import Account, Affiliate, Commission, Withdrawal
from marketplace.models import Store

Kind = Account.Kind

# The bank is filled from outside the ledger, a seller may be owed after a late return, and an
# affiliate's balance may fall below zero, but only by reversals (`Overdrawn`).
MAY_GO_NEGATIVE = {Kind.PLATFORM_CASH, Kind.SELLER_RECEIVABLE, Kind.AFFILIATE_AVAILABLE}
OF_AFFILIATE = (Kind.AFFILIATE_PENDING, Kind.AFFILIATE_AVAILABLE, Kind.AFFILIATE_RESERVED)


class Overdrawn(Exception):
    """A transfer that isn't a reversal would take an account below zero."""

    code = "overdrawn"
    message = _("The balance is not enough.")


class KeyReused(Exception):
    """A key was posted before with other accounts, amount or kind: a bug, never a retry."""

    code = "key_reused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An account by what it is; it is opened when money first moves there."""

    kind: str
    owner: str
    currency: str

    @property
    def code(self) -> str:
        """The account's unique code."""
        return ":".join(part for part in (self.kind, self.owner, self.currency) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """One transfer to be: `amount_minor` > 0 of the places' one currency, `key` unique for ever."""

    debit: Place
    credit: Place
    amount_minor: int
    kind: str
    key: str
    group: str
    occurred_at: datetime
    reverses_key: str | None = None


def of_affiliate(kind: str, affiliate: Affiliate | UUID | str, currency: str) -> Place:
    """An affiliate's account, by affiliate or id."""
    owner = str(affiliate.pk) if isinstance(affiliate, Affiliate) else str(affiliate)
    return Place(kind=kind, owner=owner, currency=currency)


def of_store(kind: str, store: Store | int, currency: str) -> Place:
    """A seller's account, by store or number."""
    owner = str(store.pk if isinstance(store, Store) else store)
    return Place(kind=kind, owner=owner, currency=currency)


def of_platform(kind: str, currency: str) -> Place:
    """One of the platform's own accounts."""
    return Place(kind=kind, owner="", currency=currency)


def post(postings: Sequence[Posting]) -> set[str]:
    """Write the postings whose keys are new; returns those keys.

    Raises `Overdrawn`, and `KeyReused` for a key of another transfer; the caller rolls back.
    Inner verb: opens no transaction.
    """
    if not postings:
        return set()
    ids = open_accounts(place for each in postings for place in (each.debit, each.credit))
    columns: list[list[Any]] = [
        [ids[each.debit.code] for each in postings],
        [ids[each.credit.code] for each in postings],
        [each.amount_minor for each in postings],
        [each.debit.currency for each in postings],
        [each.kind for each in postings],
        [each.key for each in postings],
        [each.group for each in postings],
        [each.reverses_key for each in postings],
        [each.occurred_at for each in postings],
    ]
    lock_accounts({*columns[0], *columns[1]})
    moved = _apply(FROM_ARRAYS, columns, returning="array_agg(key)")
    keys: set[str] = set(moved or ())
    if len(keys) < len(postings):
        _refuse_reused_keys(columns)
    return keys


def post_selected(source: str, params: Sequence[Any]) -> int:
    """Write the transfers that a SELECT yields; returns how many were new.

    `source` yields the columns of `WANTED`; the caller has opened and locked the accounts.
    Raises `Overdrawn`. Inner verb: opens no transaction.
    """
    return _apply(source, params, returning="count(*)") or 0


def open_accounts(places: Iterable[Place]) -> dict[str, int]:
    """The ids of these accounts by code; those that are missing are opened at zero."""
    wanted = {place.code: place for place in places}
    ids = _ids(wanted)
    missing = [wanted[code] for code in sorted(wanted.keys() - ids.keys())]
    if missing:
        Account.objects.bulk_create(
            [
                Account(
                    code=place.code,
                    kind=Kind(place.kind),
                    owner=place.owner,
                    currency=place.currency,
                    may_go_negative=place.kind in MAY_GO_NEGATIVE,
                )
                for place in missing
            ],
            ignore_conflicts=True,  # another transaction may be opening it too
        )
        ids = _ids(wanted)
    return ids


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """Lock accounts in id order until the transaction ends, so that no two postings deadlock."""
    locked = Account.objects.filter(pk__in=set(ids)).order_by("pk")
    return {account.pk: account for account in locked.select_for_update(no_key=True)}


def balance_minor(place: Place) -> int:
    """The balance of one account in its own direction; zero if it was never opened."""
    account = Account.objects.filter(code=place.code).first()
    return account.balance_minor if account else 0


@dataclass(frozen=True, kw_only=True)
class Balances:
    """An affiliate's money in one currency, minor units; `reserved` includes what is sent."""

    currency: str
    pending_minor: int
    available_minor: int
    reserved_minor: int
    paid_minor: int
    reversed_minor: int
    next_release_at: datetime | None


def balances(affiliate: Affiliate) -> list[Balances]:
    """The five balances by currency, in which the affiliate ever earned (money.md)."""
    held: dict[str, dict[str, int]] = defaultdict(dict)
    for account in Account.objects.filter(owner=str(affiliate.pk), kind__in=OF_AFFILIATE):
        held[account.currency][account.kind] = account.balance_minor
    with_bank: dict[str, dict[str, Any]] = {
        row["currency"]: dict(row)
        for row in Withdrawal.objects.filter(affiliate=affiliate)
        .values("currency")
        .annotate(
            sent=Sum("amount_minor", filter=Q(state=Withdrawal.State.SENT), default=0),
            paid=Sum("amount_minor", filter=Q(state=Withdrawal.State.PAID), default=0),
        )
    }
    own = Commission.objects.filter(beneficiary=affiliate)
    taken_back = _by_currency(own.filter(reversed_minor__gt=0), Sum("reversed_minor"))
    releases = _by_currency(own.filter(state=Commission.State.PENDING), Min("release_at"))
    return [
        Balances(
            currency=currency,
            pending_minor=minor.get(Kind.AFFILIATE_PENDING, 0),
            available_minor=minor.get(Kind.AFFILIATE_AVAILABLE, 0),
            reserved_minor=minor.get(Kind.AFFILIATE_RESERVED, 0)
            + with_bank.get(currency, {}).get("sent", 0),
            paid_minor=with_bank.get(currency, {}).get("paid", 0),
            reversed_minor=taken_back.get(currency, 0),
            next_release_at=releases.get(currency),
        )
        for currency, minor in sorted(held.items())
    ]


def _by_currency(rows: QuerySet[Commission], value: Aggregate) -> dict[str, Any]:
    return dict(rows.values_list("currency").annotate(found=value).order_by("currency"))


# --- SQL ---------------------------------------------------------------------------------------
WANTED = "debit_id, credit_id, amount, currency, kind, key, event, reverses_key, occurred_at"
FROM_ARRAYS = """SELECT * FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::timestamptz[])"""
APPLY = """
WITH wanted ({wanted}) AS ({source}),
new AS (
    INSERT INTO affiliates_transfer (
        debit_account_id, credit_account_id, amount_minor, currency, kind, key, "group",
        reverses_id, occurred_at)
    SELECT debit_id, credit_id, amount, currency, kind, key, event,
           CASE WHEN reverses_key IS NOT NULL THEN
               (SELECT id FROM affiliates_transfer WHERE key = reverses_key) END,
           occurred_at
    FROM wanted
    ON CONFLICT (key) DO NOTHING
    RETURNING debit_account_id, credit_account_id, amount_minor, kind, key
),
moved AS (
    SELECT account_id, sum(debit) AS debit, sum(credit) AS credit,
           bool_or(debit > 0 AND kind <> 'reverse') AS spent
    FROM (
        SELECT debit_account_id AS account_id, amount_minor AS debit, 0 AS credit, kind FROM new
        UNION ALL
        SELECT credit_account_id, 0, amount_minor, kind FROM new
    ) AS sides
    GROUP BY account_id
),
applied AS (
    UPDATE affiliates_account AS account
    SET debited_minor = account.debited_minor + moved.debit,
        credited_minor = account.credited_minor + moved.credit
    FROM moved WHERE account.id = moved.account_id
    RETURNING account.kind = 'affiliate_available' AND moved.spent
              AND account.debited_minor > account.credited_minor AS in_debt
)
SELECT (SELECT {returning} FROM new), (SELECT bool_or(in_debt) FROM applied)
"""


def _apply(source: str, params: Sequence[Any], *, returning: str) -> Any:
    statement = APPLY.format(wanted=WANTED, source=source, returning=returning)
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement, params)
        except IntegrityError as error:
            if "account_not_overdrawn" in str(error):
                raise Overdrawn from error
            raise
        result, in_debt = cursor.fetchone()
    if in_debt:
        raise Overdrawn
    return result


def _ids(codes: Iterable[str]) -> dict[str, int]:
    return dict(Account.objects.filter(code__in=list(codes)).values_list("code", "pk"))


def _refuse_reused_keys(columns: list[list[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT wanted.key FROM ({FROM_ARRAYS}) AS wanted ({WANTED})
            JOIN affiliates_transfer AS kept USING (key)
            WHERE (kept.debit_account_id, kept.credit_account_id, kept.amount_minor, kept.kind)
                  <> (wanted.debit_id, wanted.credit_id, wanted.amount, wanted.kind)
            """,  # noqa: S608 - only our own constants
            columns,
        )
        if reused := cursor.fetchone():
            raise KeyReused(reused[0])
