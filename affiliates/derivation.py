"""Derivation: what an order earns, and what of it is owed back (money.md, Commission).

    order paid → attributed lines → Commission rows, accrued in the ledger (pending)
    order delivered → the hold counts from there
    returned or cancelled → what is owed back is reversed, at every stage; and restored if the
    shop takes the return back

An order that a store told of by its own key brings nothing once the marketplace has told of it too.

`affiliates.commissions` drives it from the order journal. Every effect has a key, so it can run
twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from affiliates import attribution, candidates, ledger, own_purchases, pay
from affiliates.agreements import Plans
from affiliates.ledger import Place, Posting
from affiliates.models import Account, Affiliate, Attribution, Commission, Transfer
from affiliates.own_purchases import Sale
from affiliates.rates import Rate, Side, correction_minor
from marketplace import clock
from marketplace.models import Order

State = Commission.State
MOVING = ("state", "refunded_minor", "reversed_minor", "corrections", "release_at")


def derive(order_refs: Collection[str]) -> None:
    """Bring the commissions of these orders to what the orders say now.

    With them those of the stores' own orders of the same number, which may be overruled by now.
    Inner verb: opens no transaction; one caller at a time (the journal's cursor sees to it).
    Locks the orders' commissions in id order, then the accounts.
    """
    now = clock.now()
    told = _told(order_refs)
    orders = {order.ref: order for order in told if not order.is_overruled}
    standing = _standing([order.ref for order in told])
    before = {commission.pk: _moving(commission) for commission in standing}
    fresh = _earned(orders.values(), now)
    postings = [_accrual(commission, orders) for commission in fresh if commission.accrued_at]
    kept = _kept_minor(orders, [*standing, *fresh]) | dict.fromkeys(_own(orders, standing), 0)
    for commission in [*standing, *fresh]:
        postings += _correct(commission, kept[commission.pk], now)
        # One that was restored too.
        _hold_anew(commission, orders.get(commission.order_ref), now)
    Commission.objects.bulk_create(fresh)
    changed = [each for each in standing if _moving(each) != before[each.pk]]
    Commission.objects.bulk_update(changed, MOVING)
    ledger.post(postings)


def rate_of(commission: Commission) -> Rate:
    """The frozen arithmetic of a commission."""
    return Rate(
        side=Side(commission.side),
        rate_bp=commission.rate_bp,
        fee_minor=commission.fee_minor,
        share_bp=commission.share_bp,
    )


def funder(commission: Commission) -> Place:
    """Who pays: the seller (prepaid for fees), or the platform for its own promotions."""
    currency = commission.currency
    if commission.promotion is not None and commission.promotion.store_id is None:
        return ledger.of_platform(Account.Kind.PROMO_EXPENSE, currency)
    if commission.kind == Commission.Kind.FEE:
        return ledger.of_store(Account.Kind.SELLER_PREPAID, commission.store_id, currency)
    return ledger.of_store(Account.Kind.SELLER_RECEIVABLE, commission.store_id, currency)


def accrual(commission: Commission, at: datetime) -> Posting:
    """The transfer that puts a commission into the ledger; `at` is when it was earned."""
    is_fee = commission.kind == Commission.Kind.FEE
    key = f"accrue:{commission.pk}"
    if is_fee:
        part = "" if commission.side == Commission.Side.WHOLE else f":{commission.side}"
        key = f"use:{commission.use_ref}{part}"
    return Posting(
        debit=funder(commission),
        credit=_holding(commission),
        amount_minor=commission.amount_minor,
        kind=Transfer.Kind.USE if is_fee else Transfer.Kind.ACCRUE,
        key=key,
        group=f"order:{commission.order_ref}",
        occurred_at=at,
    )


def _told(refs: Collection[str]) -> list[Order]:
    rows = Order.objects.with_other_words(refs).prefetch_related("lines__store")
    return list(rows.order_by("id"))


def _standing(refs: Collection[str]) -> list[Commission]:
    rows = Commission.objects.filter(order_ref__in=refs).exclude(state=State.NOT_DUE)
    rows = rows.select_related(
        "promotion", "beneficiary__user", "agreement__affiliate__user", "agreement__agency__user"
    ).select_for_update(of=("self",))
    return list(rows.order_by("id"))


def _moving(commission: Commission) -> list[object]:
    return [getattr(commission, name) for name in MOVING]


def _earned(orders: Iterable[Order], now: datetime) -> list[Commission]:
    """New commissions of paid orders; a seller's fee waits until it is prepaid."""
    paid = [order for order in orders if order.paid_at is not None]
    plans = Plans({line.store_id for order in paid for line in order.lines.all()})
    fresh = pay.commissions_of(attribution.attribute(paid, plans), plans)
    for commission in fresh:
        prepaid = funder(commission).kind == Account.Kind.SELLER_PREPAID
        if commission.state == State.PENDING and not prepaid:
            commission.accrued_at = now
    return fresh


def _accrual(commission: Commission, orders: Mapping[str, Order]) -> Posting:
    at = orders[commission.order_ref].paid_at
    return accrual(commission, at or commission.ordered_at)


def _kept_minor(
    orders: Mapping[str, Order], commissions: Collection[Commission]
) -> dict[UUID, int]:
    """What the shopper kept of each commission's base: of its line, or of all that a fee's use won.

    Nothing is kept of a line that is gone or sold by another seller by now, or of an order that
    is no longer paid.
    """
    by_line = {
        (order.ref, line.ref): (line.store_id, line.total_minor - line.refunded_minor)
        for order in orders.values()
        if order.paid_at is not None
        for line in order.lines.all()
    }
    fees = [each for each in commissions if each.kind == Commission.Kind.FEE]
    of_use: dict[tuple[str, UUID | None], int] = defaultdict(int)
    won = Attribution.objects.filter(order_ref__in=[fee.order_ref for fee in fees]) if fees else []
    for row in won:
        of_use[row.order_ref, row.code_id] += by_line.get((row.order_ref, row.line_ref), (0, 0))[1]
    kept = {}
    for each in commissions:
        seller, kept_minor = by_line.get((each.order_ref, each.line_ref), (each.store_id, 0))
        kept[each.pk] = kept_minor if seller == each.store_id else 0
    return kept | {fee.pk: of_use[fee.order_ref, fee.code_id] for fee in fees}


def _own(orders: Mapping[str, Order], standing: Iterable[Commission]) -> list[UUID]:
    """Commissions on purchases that turn out to be the winner's own: the shopper was told late."""
    asked = [each for each in standing if each.order_ref in orders]
    used_at = candidates.used_at({each.use_ref for each in asked if each.use_ref})
    sales = [
        Sale(
            order=orders[each.order_ref],
            winner=_winner(each),
            agency=each.agreement.agency if each.agreement else None,
            at=used_at.get(each.use_ref, each.ordered_at),
        )
        for each in asked
    ]
    return [
        each.pk for each, is_own in zip(asked, own_purchases.among(sales), strict=True) if is_own
    ]


def _winner(commission: Commission) -> Affiliate:
    if commission.side == Commission.Side.AGENCY and commission.agreement is not None:
        return commission.agreement.affiliate
    return commission.beneficiary


def _hold_anew(commission: Commission, order: Order | None, now: datetime) -> None:
    """Hold from delivery or payment; a store's word for that counts between our hearing and now."""
    if commission.state == State.PENDING and order is not None and order.paid_at is not None:
        since = pay.hold_from(order)
        if order.reported_by_id is not None:
            since = max(min(since, now), commission.accrued_at or now)
        commission.release_at = since + timedelta(days=commission.hold_days)


def _correct(commission: Commission, kept_minor: int, now: datetime) -> list[Posting]:
    """Reverse what is owed back, or restore it; the transfer, if the commission is in the ledger.

    The n-th correction has the key `reverse:{commission}:{n}`; the row's lock makes n unique.
    """
    if commission.state == State.NOT_DUE:
        return []
    commission.refunded_minor = max(commission.base_minor - kept_minor, 0)
    owed = correction_minor(
        rate_of(commission),
        base_minor=commission.base_minor,
        returned_minor=commission.refunded_minor,
        already_reversed_minor=commission.reversed_minor,
    )
    if owed == 0:
        return []
    commission.reversed_minor += owed
    commission.corrections += 1
    commission.state = _stage(commission)
    if commission.accrued_at is None:
        return []
    return [_reversal(commission, owed, now) if owed > 0 else _restoration(commission, -owed, now)]


def _stage(commission: Commission) -> State:
    if commission.left_minor == 0:
        return State.REVERSED
    if commission.settled_by_id is not None:
        return State.SETTLED
    return State.PENDING if commission.released_at is None else State.AVAILABLE


def _reversal(commission: Commission, amount_minor: int, at: datetime) -> Posting:
    return Posting(
        debit=_holding(commission),
        credit=funder(commission),
        amount_minor=amount_minor,
        kind=Transfer.Kind.REVERSE,
        key=f"reverse:{commission.pk}:{commission.corrections}",
        group=f"order:{commission.order_ref}",
        occurred_at=at,
    )


def _restoration(commission: Commission, amount_minor: int, at: datetime) -> Posting:
    source = funder(commission)
    if source.kind == Account.Kind.SELLER_PREPAID:  # may be spent meanwhile: the seller owes it
        kind = Account.Kind.SELLER_RECEIVABLE
        source = ledger.of_store(kind, commission.store_id, commission.currency)
    return Posting(
        debit=source,
        credit=_holding(commission),
        amount_minor=amount_minor,
        kind=Transfer.Kind.RESTORE,
        key=f"restore:{commission.pk}:{commission.corrections}",
        group=f"order:{commission.order_ref}",
        occurred_at=at,
    )


def _holding(commission: Commission) -> Place:
    """The affiliate's account that holds the commission: available once released, for ever."""
    kind = Account.Kind.AFFILIATE_PENDING
    if commission.released_at is not None:
        kind = Account.Kind.AFFILIATE_AVAILABLE
    return ledger.of_affiliate(kind, commission.beneficiary_id, commission.currency)
