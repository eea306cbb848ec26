"""The transfers of each step of a withdrawal (money.md, Ledger's table); writes nothing itself.

`wd:{id}:reserve`, `wd:{id}:send:{n}`, `wd:{id}:paid`, `wd:{id}:back:{n}`. Whatever comes back
reverses the very transfer that took it away.
"""

from datetime import datetime

from affiliates import ledger
from affiliates.ledger import Place, Posting
from affiliates.models import Account, Transfer, Withdrawal

Kind = Account.Kind
Move = Transfer.Kind
_PARTS = 3  # net, tax, fee: each has its number, even if another is nothing


def reserving(withdrawal: Withdrawal, at: datetime) -> list[Posting]:
    """Hold the whole amount."""
    return [
        _posting(
            withdrawal,
            "reserve",
            Move.RESERVE,
            debit=available(withdrawal),
            credit=reserved(withdrawal),
            amount_minor=withdrawal.amount_minor,
            at=at,
        )
    ]


def unreserving(withdrawal: Withdrawal, at: datetime) -> list[Posting]:
    """Let the whole amount go again, before it was sent."""
    return [
        _posting(
            withdrawal,
            "back:1",
            Move.BACK,
            debit=reserved(withdrawal),
            credit=available(withdrawal),
            amount_minor=withdrawal.amount_minor,
            at=at,
            reverses="reserve",
        )
    ]


def sending(withdrawal: Withdrawal, at: datetime) -> list[Posting]:
    """Out of the reserve: the net amount into transit, tax and fee to their accounts."""
    return [
        _posting(
            withdrawal,
            f"send:{number}",
            kind,
            debit=reserved(withdrawal),
            credit=place,
            amount_minor=amount_minor,
            at=at,
        )
        for number, kind, place, amount_minor in _parts(withdrawal)
    ]


def paying(withdrawal: Withdrawal, at: datetime) -> list[Posting]:
    """Out of transit and out of the platform's cash."""
    return [
        _posting(
            withdrawal,
            "paid",
            Move.PAID,
            debit=_in_transit(withdrawal),
            credit=_cash(withdrawal),
            amount_minor=withdrawal.net_minor,
            at=at,
        )
    ]


def unsending(withdrawal: Withdrawal, at: datetime, *, was_paid: bool) -> list[Posting]:
    """Everything that was sent, tax and fee too, is available again."""
    postings = [
        _posting(
            withdrawal,
            f"back:{number}",
            Move.BACK,
            debit=place,
            credit=available(withdrawal),
            amount_minor=amount_minor,
            at=at,
            reverses=f"send:{number}",
        )
        for number, _, place, amount_minor in _parts(withdrawal)
    ]
    if was_paid:
        returned = _posting(
            withdrawal,
            f"back:{_PARTS + 1}",
            Move.BACK,
            debit=_cash(withdrawal),
            credit=_in_transit(withdrawal),
            amount_minor=withdrawal.net_minor,
            at=at,
            reverses="paid",
        )
        postings.insert(0, returned)
    return postings


def available(withdrawal: Withdrawal) -> Place:
    """The affiliate's balance that a withdrawal draws on."""
    return ledger.of_affiliate(
        Kind.AFFILIATE_AVAILABLE, withdrawal.affiliate_id, withdrawal.currency
    )


def reserved(withdrawal: Withdrawal) -> Place:
    """Where a requested amount waits."""
    return ledger.of_affiliate(
        Kind.AFFILIATE_RESERVED, withdrawal.affiliate_id, withdrawal.currency
    )


def _in_transit(withdrawal: Withdrawal) -> Place:
    return Place(
        kind=Kind.PAYOUT_IN_TRANSIT, owner=str(withdrawal.batch_id), currency=withdrawal.currency
    )


def _cash(withdrawal: Withdrawal) -> Place:
    return ledger.of_platform(Kind.PLATFORM_CASH, withdrawal.currency)


def _parts(withdrawal: Withdrawal) -> list[tuple[int, str, Place, int]]:
    currency = withdrawal.currency
    parts = [
        (1, Move.SEND, _in_transit(withdrawal), withdrawal.net_minor),
        (2, Move.TAX, ledger.of_platform(Kind.TAX_WITHHELD, currency), withdrawal.tax_minor),
        (3, Move.FEE, ledger.of_platform(Kind.PLATFORM_FEE, currency), withdrawal.fee_minor),
    ]
    return [part for part in parts if part[3]]


def _posting(
    withdrawal: Withdrawal,
    step: str,
    kind: str,
    *,
    debit: Place,
    credit: Place,
    amount_minor: int,
    at: datetime,
    reverses: str = "",
) -> Posting:
    event = f"wd:{withdrawal.pk}"
    return Posting(
        debit=debit,
        credit=credit,
        amount_minor=amount_minor,
        kind=kind,
        key=f"{event}:{step}",
        group=event,
        occurred_at=at,
        reverses_key=f"{event}:{reverses}" if reverses else None,
    )
