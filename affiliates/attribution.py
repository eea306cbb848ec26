"""Attribution: which affiliate brought an order line; decided once, stored with its trace.

    paid order → candidates of each line → one winner (or none) → Attribution row → Win

A line with no candidate gets no row and is looked at again when the order changes. A decided line
is never decided again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from affiliates import candidates, winners
from affiliates.agreements import Plans
from affiliates.candidates import Candidates
from affiliates.models import Affiliate, Attribution
from affiliates.winners import Candidate, ClickUse, CodeUse, Verdict
from marketplace.models import Order, OrderLine
from promocodes.models import Promotion

By = Attribution.By


@dataclass(frozen=True, kw_only=True)
class Win:
    """A line that was just won, and what its pay depends on.

    `at` is the order's time: for a redeemed code, when we redeemed it by our own clock.
    """

    order: Order
    line: OrderLine
    affiliate: Affiliate
    by: str
    promotion: Promotion | None
    code_id: UUID | None
    use_ref: str
    at: datetime


def attribute(orders: Sequence[Order], plans: Plans) -> list[Win]:
    """Decide the lines of these paid orders that are not decided yet; returns what was won.

    The orders' lines are prefetched with their stores. Inner verb: opens no transaction; the
    caller is the only one that derives (it holds the journal's cursor).
    """
    done = set(
        Attribution.objects.filter(order_ref__in=[order.ref for order in orders]).values_list(
            "order_ref", "line_ref"
        )
    )
    found = candidates.find(orders, plans)
    decided = [
        (order, line, _decide(found, order, line))
        for order in orders
        for line in order.lines.all()
        if (order.ref, line.ref) not in done
    ]
    decided = [(order, line, verdict) for order, line, verdict in decided if verdict.trace]
    Attribution.objects.bulk_create([_row(*each) for each in decided])
    won = [(order, line, verdict.winner) for order, line, verdict in decided if verdict.winner]
    return [_win(found, order, line, winner) for order, line, winner in won]


def _decide(found: Candidates, order: Order, line: OrderLine) -> Verdict:
    place = (order.ref, line.ref)
    return winners.decide(
        found.codes.get(place, []),
        found.clicks.get(place, []),
        ordered_at=candidates.ordered_at(order),
    )


def _row(order: Order, line: OrderLine, verdict: Verdict) -> Attribution:
    winner = verdict.winner
    code = winner if isinstance(winner, CodeUse) else None
    click = winner if isinstance(winner, ClickUse) else None
    return Attribution(
        order_ref=order.ref,
        line_ref=line.ref,
        winner_id=UUID(winner.affiliate) if winner else None,
        by=By.CODE if code else By.CLICK if click else "",
        code_id=UUID(code.code_id) if code else None,
        click_ref=click.click_ref if click else "",
        trace=verdict.trace,
        ordered_at=candidates.ordered_at(order),
    )


def _win(found: Candidates, order: Order, line: OrderLine, winner: Candidate) -> Win:
    affiliate = found.affiliates[winner.affiliate]
    code = winner if isinstance(winner, CodeUse) else None
    use_ref = code.use_ref if code else ""
    at = found.decided_at.get(use_ref, candidates.ordered_at(order))
    return Win(
        order=order,
        line=line,
        affiliate=affiliate,
        by=By.CODE if code else By.CLICK,
        promotion=found.promotions.get(winner.promotion or ""),
        code_id=UUID(code.code_id) if code else None,
        use_ref=use_ref,
        at=at,
    )


def traces_of(order_ref: str) -> dict[str, Attribution]:
    """The decided lines of an order, by line."""
    rows = Attribution.objects.filter(order_ref=order_ref).select_related("winner", "code")
    return {row.line_ref: row for row in rows}
