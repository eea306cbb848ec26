"""The bank file of a payout batch: the rail by default (money.md, Withdrawals)."""

from collections.abc import Iterator
from decimal import Decimal

from affiliates.models import PayoutBatch, Withdrawal
from marketplace.money import exponent
from promocodes.sheets import Row

# Read by the bank's program, so they are not translated. `reference` comes back with the answer.
HEADINGS = ["reference", "holder", "bank_code", "account", "amount", "currency"]


def rows(batch: PayoutBatch) -> Iterator[Row]:
    """One row for each withdrawal that is still to be paid; the net amount in decimals.

    What has failed, come back or been paid since is left out, so a second file pays nobody twice.
    """
    waiting = Withdrawal.objects.filter(batch=batch, state=Withdrawal.State.SENT)
    for each in waiting.select_related("method").order_by("id").iterator():
        yield [
            str(each.pk),
            each.method.holder_name,
            each.method.bank_code,
            each.method.account_number,
            Decimal(each.net_minor).scaleb(-exponent(each.currency)),
            each.currency,
        ]
