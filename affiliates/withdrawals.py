"""Withdrawals: from the available balance to the bank (money.md, Withdrawals).

    requested → approved → sent → paid
    requested → cancelled (by who asked);  requested, approved → rejected (with a reason)
    sent → failed;  sent, paid → returned (by the bank)

Money is held once (`wd:{id}:reserve`) and ends once: every step is a guarded UPDATE whose row count
decides, with transfers of unique keys in the same transaction. Who asked may not approve; above a
threshold two persons approve. Locks: the withdrawal, then commissions, then accounts by id.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from affiliates import ledger, offers, payouts, settlement
from affiliates.models import Affiliate, PayoutBatch, Withdrawal
from affiliates.offers import WithdrawalRefusal
from marketplace import audit, clock
from marketplace.models import User

State = Withdrawal.State


class OwnRequest(WithdrawalRefusal):
    """Who asked for the money, or receives it, approves it."""

    code = "own_request"
    message = _("Whoever asked for a withdrawal can't approve it.")


class SecondPersonNeeded(WithdrawalRefusal):
    """The same person approves twice."""

    code = "second_person_needed"
    message = _("You have approved it; above this amount a second person must too.")


class Suspended(WithdrawalRefusal):
    """The affiliate was suspended since the request."""

    code = "suspended"
    message = _("The account is suspended; nothing is paid to it.")


class WrongState(WithdrawalRefusal):
    """The withdrawal has moved on."""

    code = "wrong_state"
    message = _("This withdrawal has moved on meanwhile.")


class ReasonNeeded(WithdrawalRefusal):
    """A refusal without words."""

    code = "reason_needed"
    message = _("Say why; the person will read it.")


class NothingToSend(WithdrawalRefusal):
    """A batch of nothing."""

    code = "nothing_to_send"
    message = _("No approved withdrawal is waiting to be sent.")


def request(*, affiliate: Affiliate, currency: str, amount_minor: int, actor: User) -> Withdrawal:
    """Ask for an amount (minor units) of the available balance; it is held at once.

    Raises `NotApproved`, `NoPayoutMethod`, `BelowMinimum`, `NotEnough` (`affiliates.offers`).
    """
    with transaction.atomic(durable=True):
        affiliate = Affiliate.objects.select_for_update(no_key=True).get(pk=affiliate.pk)
        draft = Withdrawal(affiliate=affiliate, currency=currency)
        places = [payouts.available(draft), payouts.reserved(draft)]
        ledger.lock_accounts(ledger.open_accounts(places).values())
        now = clock.now()
        offer = offers.make(
            affiliate=affiliate, currency=currency, amount_minor=amount_minor, at=now
        )
        if offer.obstacles or offer.method is None:
            raise offer.obstacles[0]
        withdrawal = Withdrawal.objects.create(
            affiliate=affiliate,
            currency=currency,
            amount_minor=amount_minor,
            tax_bp=offer.tax_bp,
            tax_minor=offer.tax_minor,
            fee_minor=offer.fee_minor,
            net_minor=offer.net_minor,
            method=offer.method,
            needs_two=offer.needs_two,
            requested_by=actor,
            requested_at=now,
        )
        ledger.post(payouts.reserving(withdrawal, now))
        _record(actor, "request", withdrawal, after={"amount_minor": amount_minor})
    return withdrawal


@transaction.atomic(durable=True)
def cancel(*, withdrawal_id: UUID, actor: User) -> None:
    """Take the request back before anybody approved it; raises `WrongState`."""
    withdrawal = _locked(withdrawal_id)
    _step(withdrawal, [State.REQUESTED], State.CANCELLED, ended_at=clock.now())
    ledger.post(payouts.unreserving(withdrawal, clock.now()))
    _record(actor, "cancel", withdrawal)


@transaction.atomic(durable=True)
def approve(*, withdrawal_id: UUID, actor: User, reason: str = "") -> Withdrawal:
    """Approve, or be the first of the two who must.

    Raises `Suspended`, `OwnRequest`, `SecondPersonNeeded`, `WrongState`.
    """
    withdrawal = _locked(withdrawal_id)
    _refuse_suspended([withdrawal])
    if actor.pk in (withdrawal.requested_by_id, withdrawal.affiliate.user_id):
        raise OwnRequest
    if withdrawal.first_approver_id == actor.pk:
        raise SecondPersonNeeded
    if withdrawal.needs_two and withdrawal.first_approver_id is None:
        _step(withdrawal, [State.REQUESTED], State.REQUESTED, first_approver=actor)
    else:
        _step(
            withdrawal,
            [State.REQUESTED],
            State.APPROVED,
            approver=actor,
            approved_at=clock.now(),
        )
    _record(actor, "approve", withdrawal, reason=reason, after={"state": withdrawal.state})
    return withdrawal


@transaction.atomic(durable=True)
def reject(*, withdrawal_id: UUID, actor: User, reason: str) -> None:
    """Refuse before it is sent; the money is available again. `WrongState`, `ReasonNeeded`."""
    withdrawal = _locked(withdrawal_id)
    _end(withdrawal, [State.REQUESTED, State.APPROVED], State.REJECTED, reason)
    ledger.post(payouts.unreserving(withdrawal, clock.now()))
    _record(actor, "reject", withdrawal, reason=reason)


@transaction.atomic(durable=True)
def send(
    *,
    currency: str,
    actor: User,
    withdrawal_ids: Sequence[UUID] | None = None,
    reason: str = "",
) -> PayoutBatch:
    """Put approved withdrawals (all, or the named ones) of a currency into one payout batch.

    Tax and fee leave the reserve with them; whoever is suspended waits. Raises `NothingToSend`;
    of the named `WrongState` if one is not approved any more, `Suspended` if its affiliate is.
    """
    waiting = Withdrawal.objects.filter(state=State.APPROVED, currency=currency)
    if withdrawal_ids is not None:
        waiting = waiting.filter(pk__in=withdrawal_ids)
    else:
        waiting = waiting.exclude(affiliate__status=Affiliate.Status.SUSPENDED)
    rows = list(waiting.select_for_update(of=("self",)).order_by("id"))
    _refuse_suspended(rows)
    if not rows:
        raise NothingToSend
    if withdrawal_ids is not None and len(rows) != len(set(withdrawal_ids)):
        raise WrongState
    batch = PayoutBatch.objects.create(
        currency=currency,
        count=len(rows),
        net_minor=sum(row.net_minor for row in rows),
        created_by=actor,
    )
    now = clock.now()
    for row in rows:
        _step(row, [State.APPROVED], State.SENT, batch=batch, sent_at=now)
        _record(actor, "send", row, reason=reason, after={"batch": batch.pk})
    ledger.post([posting for row in rows for posting in payouts.sending(row, now)])
    return batch


@transaction.atomic(durable=True)
def mark_paid(*, withdrawal_id: UUID, actor: User, reason: str = "") -> None:
    """The bank has paid; the commissions that it covers are settled. Raises `WrongState`."""
    withdrawal = _locked(withdrawal_id)
    now = clock.now()
    _step(withdrawal, [State.SENT], State.PAID, paid_at=now, ended_at=now)
    settlement.settle(withdrawal)
    ledger.post(payouts.paying(withdrawal, now))
    _record(actor, "paid", withdrawal, reason=reason)


@transaction.atomic(durable=True)
def mark_failed(*, withdrawal_id: UUID, actor: User, reason: str) -> None:
    """The bank refused; all of it is available again. Raises `WrongState`, `ReasonNeeded`."""
    withdrawal = _locked(withdrawal_id)
    _end(withdrawal, [State.SENT], State.FAILED, reason)
    ledger.post(payouts.unsending(withdrawal, clock.now(), was_paid=False))
    _record(actor, "failed", withdrawal, reason=reason)


@transaction.atomic(durable=True)
def mark_returned(*, withdrawal_id: UUID, actor: User, reason: str) -> None:
    """The bank sent the money back, even after it had paid; all of it is available again.

    Raises `WrongState`, `ReasonNeeded`.
    """
    withdrawal = _locked(withdrawal_id)
    was_paid = withdrawal.state == State.PAID
    _end(withdrawal, [State.SENT, State.PAID], State.RETURNED, reason)
    if was_paid:
        settlement.unsettle(withdrawal)
    ledger.post(payouts.unsending(withdrawal, clock.now(), was_paid=was_paid))
    _record(actor, "returned", withdrawal, reason=reason)


def _refuse_suspended(rows: Sequence[Withdrawal]) -> None:
    """Lock the affiliates, so that nobody is suspended between the look and the commit."""
    ids = sorted({row.affiliate_id for row in rows})
    people = Affiliate.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    if any(each.status == Affiliate.Status.SUSPENDED for each in people):
        raise Suspended


def _locked(withdrawal_id: UUID) -> Withdrawal:
    rows = Withdrawal.objects.select_related("affiliate")
    return rows.select_for_update(of=("self",)).get(pk=withdrawal_id)


def _step(withdrawal: Withdrawal, allowed: Sequence[State], to: State, **columns: Any) -> None:
    moved = Withdrawal.objects.filter(pk=withdrawal.pk, state__in=allowed).update(
        state=to, **columns
    )
    if not moved:
        raise WrongState
    withdrawal.state = to
    for name, value in columns.items():
        setattr(withdrawal, name, value)


def _end(withdrawal: Withdrawal, allowed: Sequence[State], to: State, reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded
    _step(withdrawal, allowed, to, reason=reason.strip()[:300], ended_at=clock.now())


def _record(
    actor: User,
    verb: str,
    withdrawal: Withdrawal,
    *,
    reason: str = "",
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        verb=f"withdrawal.{verb}",
        target=f"withdrawal {withdrawal.pk}",
        reason=reason,
        after=after,
    )
