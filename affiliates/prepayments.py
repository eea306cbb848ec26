"""Prepayments: a seller funds the fees for uses of a code before they are earned.

    use of a code → Commission (fee, waiting) → prepaid enough → accrued from the prepaid account

Fees are served in the order in which they were earned; a seller's prepaid account never goes below
zero (money.md, fee-per-use task).
"""

from datetime import datetime
from itertools import accumulate

from django.db import transaction

from affiliates import derivation, ledger
from affiliates.ledger import Place, Posting
from affiliates.models import Account, Commission, Transfer
from marketplace import audit, clock
from marketplace.models import Store, User

BATCH = 500


@transaction.atomic
def fund(
    *, store: Store, currency: str, amount_minor: int, task_ref: str, actor: User | str
) -> bool:
    """Note that a seller paid in for a task; False if `fund:{task_ref}` was noted before.

    `amount_minor` > 0 in minor units. Raises `ledger.KeyReused` for another amount.
    """
    posting = Posting(
        debit=ledger.of_platform(Account.Kind.PLATFORM_CASH, currency),
        credit=_prepaid(store.pk, currency),
        amount_minor=amount_minor,
        kind=Transfer.Kind.FUND,
        key=f"fund:{task_ref}",
        group=f"fund:{task_ref}",
        occurred_at=clock.now(),
    )
    if not ledger.post([posting]):
        return False
    audit.record(
        actor=actor,
        verb="prepayment.fund",
        target=f"store {store.pk}",
        after={"amount_minor": amount_minor, "currency": currency, "task": task_ref},
    )
    return True


def use_due() -> int:
    """Accrue waiting fees that are prepaid by now; returns how many. One transaction a seller."""
    waiting = Commission.objects.awaiting_funds().order_by("store", "currency")
    pairs = waiting.values_list("store", "currency").distinct()
    return sum(_use(store, currency) for store, currency in pairs)


@transaction.atomic
def _use(store_id: int, currency: str) -> int:
    waiting = Commission.objects.awaiting_funds().filter(store=store_id, currency=currency)
    rows = waiting.select_related("promotion").select_for_update(of=("self",), skip_locked=True)
    fees = list(rows.order_by("id")[:BATCH])
    now = clock.now()
    postings = [derivation.accrual(fee, now) for fee in fees]
    places = {place for each in postings for place in (each.debit, each.credit)}
    prepaid = _prepaid(store_id, currency)
    ids = ledger.open_accounts({*places, prepaid})
    accounts = ledger.lock_accounts(ids.values())
    left_minor = accounts[ids[prepaid.code]].balance_minor
    so_far = accumulate(fee.amount_minor for fee in fees)
    served = sum(spent <= left_minor for spent in so_far)
    ledger.post(postings[:served])
    _mark(fees[:served], now)
    return served


def _mark(fees: list[Commission], now: datetime) -> None:
    Commission.objects.filter(pk__in=[fee.pk for fee in fees]).update(accrued_at=now)


def _prepaid(store_id: int, currency: str) -> Place:
    return ledger.of_store(Account.Kind.SELLER_PREPAID, store_id, currency)
