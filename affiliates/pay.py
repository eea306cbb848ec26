"""What a won line pays, to whom, and why not (money.md, Commission and Agency split).

One row for each beneficiary: the winner, and the winner's agency if the agreement gives it a share.
A fee is for a use, so it stands on the first line that the use won. Whatever is not due has a row
too, with its reason.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from affiliates import candidates, own_purchases
from affiliates.agreements import Plans
from affiliates.attribution import Win
from affiliates.models import Affiliate, AffiliatePlan, Agreement, Commission
from affiliates.own_purchases import Sale
from affiliates.rates import Rate, Side, earned_minor
from marketplace.models import Order

Kind = Commission.Kind
State = Commission.State
Reason = Commission.Reason


@dataclass(frozen=True, kw_only=True)
class Pay:
    """The terms of one win: the agreement or the store's plan, or the reason for nothing."""

    win: Win
    plan: AffiliatePlan
    agreement: Agreement | None
    is_own_purchase: bool = False
    reason: str = ""

    @property
    def kind(self) -> str:
        """Commission on purchases, or a fee for the use."""
        fee = self.agreement and self.agreement.pay_model == Agreement.PayModel.FEE
        return Kind.FEE if fee else Kind.CPS

    @property
    def rate_bp(self) -> int:
        """The agreed rate, else the plan's at the order's time (AE-23); 0 for a fee."""
        if self.kind == Kind.FEE:
            return 0
        if self.agreement is not None and self.agreement.rate_bp is not None:
            return self.agreement.rate_bp
        return self.plan.rate_bp

    @property
    def fee_minor(self) -> int:
        """The agreed fee for a use; 0 for a commission on purchases."""
        return self.agreement.fee_minor or 0 if self.agreement else 0


def commissions_of(wins: Sequence[Win], plans: Plans) -> list[Commission]:
    """The rows that these wins make, not saved yet."""
    pays = _pays(wins, plans)
    paid_uses = _paid_uses([each.win for each in pays if each.kind == Kind.FEE])
    rows = []
    for pay in pays:
        if pay.kind == Kind.FEE and not pay.reason:
            use = (pay.win.order.ref, pay.win.use_ref)
            if use in paid_uses:
                continue
            paid_uses.add(use)
        rows += _rows(pay, _base_minor(pay, wins))
    return rows


def hold_from(order: Order) -> datetime:
    """When the hold begins: at delivery if the shop told of it, else at payment."""
    at = order.delivered_at or order.paid_at
    if at is None:
        raise ValueError("an unpaid order holds nothing")
    return at


def _paid_uses(wins: Sequence[Win]) -> set[tuple[str, str]]:
    """Uses on these wins' orders that have their fee already: a line may be won long after."""
    if not wins:
        return set()
    fees = Commission.objects.filter(
        order_ref__in={win.order.ref for win in wins}, kind=Kind.FEE
    ).exclude(state=State.NOT_DUE)
    return set(fees.values_list("order_ref", "use_ref"))


def _agreements(wins: Sequence[Win]) -> dict[tuple[UUID, UUID], list[Agreement]]:
    rows = Agreement.objects.filter(
        affiliate__in={win.affiliate.pk for win in wins},
        promotion__in={win.promotion.pk for win in wins if win.promotion},
    ).select_related("agency__user")
    found: dict[tuple[UUID, UUID], list[Agreement]] = defaultdict(list)
    for row in rows:
        found[row.affiliate_id, row.promotion_id].append(row)
    return found


def _pays(wins: Sequence[Win], plans: Plans) -> list[Pay]:
    standing = _agreements(wins)
    agreed = [_agreement(win, standing) for win in wins]
    own = own_purchases.among(
        [
            Sale(
                order=win.order,
                winner=win.affiliate,
                agency=agreement.agency if agreement else None,
                at=win.at,
            )
            for win, agreement in zip(wins, agreed, strict=True)
        ]
    )
    return [
        _pay(win, plans, agreement, is_own)
        for win, agreement, is_own in zip(wins, agreed, own, strict=True)
    ]


def _agreement(win: Win, agreements: dict[tuple[UUID, UUID], list[Agreement]]) -> Agreement | None:
    if win.promotion is None:
        return None
    standing = agreements.get((win.affiliate.pk, win.promotion.pk), [])
    return next((each for each in standing if each.is_valid(win.at)), None)


def _pay(win: Win, plans: Plans, agreement: Agreement | None, is_own_purchase: bool) -> Pay:
    pay = Pay(
        win=win,
        plan=plans.at(win.line.store_id, win.at),
        agreement=agreement,
        is_own_purchase=is_own_purchase,
    )
    return replace(pay, reason=_why_not(pay))


def _why_not(pay: Pay) -> str:
    """The first reason that forbids the pay, in the order in which people would ask."""
    win, agreement = pay.win, pay.agreement
    is_fee = pay.kind == Kind.FEE
    follows_plan = not is_fee and (agreement is None or agreement.rate_bp is None)
    reasons = {
        Reason.SELF_PURCHASE: pay.is_own_purchase,
        Reason.SUSPENDED: not win.affiliate.can_work,
        Reason.NO_AGREEMENT: win.promotion is not None and agreement is None,
        Reason.NO_PROGRAMME: follows_plan and pay.plan.pk is None,
        Reason.NO_USE: is_fee and not win.use_ref,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _base_minor(pay: Pay, wins: Sequence[Win]) -> int:
    """After discounts, without shipping; a fee's base is all that the use won on the order."""
    if pay.kind == Kind.CPS or pay.reason:
        return pay.win.line.total_minor
    return sum(
        each.line.total_minor
        for each in wins
        if (each.order.ref, each.use_ref) == (pay.win.order.ref, pay.win.use_ref)
    )


def _rows(pay: Pay, base_minor: int) -> list[Commission]:
    agency = pay.agreement.agency if pay.agreement else None
    if pay.reason or agency is None or pay.agreement is None:
        return [_row(pay, pay.win.affiliate, Side.WHOLE, 0, base_minor)]
    share_bp = pay.agreement.agency_share_bp
    return [
        _row(pay, pay.win.affiliate, Side.INFLUENCER, share_bp, base_minor),
        _row(pay, agency, Side.AGENCY, share_bp, base_minor),
    ]


def _row(
    pay: Pay, beneficiary: Affiliate, side: Side, share_bp: int, base_minor: int
) -> Commission:
    win = pay.win
    rate = Rate(side=side, rate_bp=pay.rate_bp, fee_minor=pay.fee_minor, share_bp=share_bp)
    amount_minor = 0 if pay.reason else earned_minor(rate, base_minor)
    reason = pay.reason or ("" if amount_minor else Reason.ZERO_AMOUNT)
    return Commission(
        order_ref=win.order.ref,
        line_ref=win.line.ref,
        beneficiary=beneficiary,
        kind=pay.kind,
        side=side,
        state=State.NOT_DUE if reason else State.PENDING,
        reason=reason,
        store=win.line.store,
        promotion=win.promotion,
        agreement=pay.agreement,
        code_id=win.code_id,
        use_ref=win.use_ref,
        currency=win.order.currency,
        base_minor=base_minor,
        rate_bp=pay.rate_bp,
        fee_minor=pay.fee_minor,
        share_bp=share_bp,
        terms_version=_terms_version(pay),
        amount_minor=amount_minor,
        hold_days=pay.plan.hold_days,
        ordered_at=candidates.ordered_at(win.order),
        release_at=hold_from(win.order) + timedelta(days=pay.plan.hold_days),
    )


def _terms_version(pay: Pay) -> int:
    return pay.agreement.terms_version if pay.agreement else pay.win.affiliate.terms_version
