"""What a withdrawal would be, before it is asked for: minimum, tax, fee, arrival, obstacles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates import ledger
from affiliates.models import Account, Affiliate, PayoutMethod, PayoutRule
from affiliates.rates import withheld_minor


class WithdrawalRefusal(Exception):
    """A withdrawal that can't be; `code` is stable, `message` is for the person."""

    code = "withdrawal_refused"
    message: str | Promise = _("This can't be done.")


class NotApproved(WithdrawalRefusal):
    """The affiliate was not approved yet, or is suspended."""

    code = "not_approved"
    message = _("We check every account before its first withdrawal; yours is not approved yet.")


class NoPayoutMethod(WithdrawalRefusal):
    """There is nowhere to pay to."""

    code = "no_payout_method"
    message = _("Tell us first which bank account to pay to.")


class BelowMinimum(WithdrawalRefusal):
    """Less than the smallest withdrawal, or nothing left after tax and fee."""

    code = "below_minimum"
    message = _("The amount is below the smallest withdrawal.")


class NotEnough(WithdrawalRefusal):
    """More than the available balance."""

    code = "not_enough"
    message = _("The available balance is less than that.")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a withdrawal of an amount would be, in minor units, and what stands in its way."""

    currency: str
    available_minor: int
    amount_minor: int
    minimum_minor: int
    tax_bp: int
    tax_minor: int
    fee_minor: int
    needs_two: bool
    arrives_by: datetime
    method: PayoutMethod | None
    obstacles: tuple[type[WithdrawalRefusal], ...]

    @property
    def net_minor(self) -> int:
        """What reaches the bank; not above zero when the amount is too small."""
        return self.amount_minor - self.tax_minor - self.fee_minor


def make(
    *, affiliate: Affiliate, currency: str, amount_minor: int | None = None, at: datetime
) -> Offer:
    """The offer for an amount, or for the whole available balance; changes nothing.

    Who asks for it in earnest has locked the affiliate's accounts (`withdrawals.request`).
    """
    place = ledger.of_affiliate(Account.Kind.AFFILIATE_AVAILABLE, affiliate, currency)
    available_minor = ledger.balance_minor(place)
    amount = max(available_minor, 0) if amount_minor is None else amount_minor
    rule = PayoutRule.objects.filter(pk=currency).first() or PayoutRule(currency=currency)
    method = PayoutMethod.objects.filter(affiliate=affiliate, is_active=True).first()
    is_taxed = affiliate.tax_status == Affiliate.TaxStatus.PERSON
    tax_bp = rule.person_tax_bp if is_taxed else 0
    tax_minor = withheld_minor(amount, tax_bp)
    obstacles = {
        NotApproved: affiliate.status != Affiliate.Status.APPROVED,
        NotEnough: amount > available_minor,
        BelowMinimum: amount < rule.minimum_minor or amount - tax_minor - rule.fee_minor <= 0,
        NoPayoutMethod: method is None,
    }
    return Offer(
        currency=currency,
        available_minor=available_minor,
        amount_minor=amount,
        minimum_minor=rule.minimum_minor,
        tax_bp=tax_bp,
        tax_minor=tax_minor,
        fee_minor=rule.fee_minor,
        needs_two=amount > rule.two_persons_above_minor,
        arrives_by=at + timedelta(days=rule.arrival_days),
        method=method,
        obstacles=tuple(refusal for refusal, stands in obstacles.items() if stands),
    )
