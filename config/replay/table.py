"""What a replay came to, as a table: orders, discounts by code, commissions by state, refunds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Q, Sum

from affiliates.models import Commission
from config.replay.purchases import CURRENCY
from marketplace.models import Order, OrderLine
from marketplace.money import format_money
from promocodes.models import Promotion, Redemption

Row = tuple[str, int, int | None]
HEAD = ("", "number", "amount")


def lines(*, prefix: str, refused: Counter[str]) -> Iterator[str]:
    """The table of the orders whose refs begin with `prefix`, line by line."""
    parts: list[tuple[str, list[Row]]] = [
        ("Orders", list(_orders(prefix))),
        ("Discount by code", list(_discounts(prefix))),
        ("Commission by state", list(_commissions(prefix))),
        ("Refunds", list(_refunds(prefix))),
        (
            "Codes refused in this run, order paid in full",
            [(why, n, None) for why, n in refused.most_common()],
        ),
    ]
    for title, rows in parts:
        if rows:
            yield ""
            yield title
            yield from _formatted(rows)


def _refused(refused: Counter[str]) -> list[Row]:
    return [(why, number, None) for why, number in refused.most_common()]


def _orders(prefix: str) -> Iterator[Row]:
    price = F("lines__unit_price_minor") * F("lines__quantity") - F("lines__discount_minor")
    found = Order.objects.filter(ref__startswith=prefix)
    rows = found.values("state").annotate(number=Count("pk", distinct=True), amount=Sum(price))
    yield from _labelled(rows, "state", Order.State)


def _discounts(prefix: str) -> Iterator[Row]:
    uses = Redemption.objects.filter(checkout__order_ref__startswith=prefix)
    kinds = (
        ("store codes", Q(promotion__kind=Promotion.Kind.STORE)),
        ("influencers' codes", Q(promotion__kind=Promotion.Kind.SOCIAL)),
        ("codes won in rounds", Q(promotion__kind=Promotion.Kind.REFERRAL)),
    )
    for title, kind in kinds:
        sums = uses.filter(kind).aggregate(
            number=Count("pk"), given=Sum("discount_minor"), back=Sum("returned_minor")
        )
        if sums["number"]:
            yield title, sums["number"], sums["given"]
            yield "  given back by returns", 0, -(sums["back"] or 0)


def _commissions(prefix: str) -> Iterator[Row]:
    found = Commission.objects.filter(order_ref__startswith=prefix)
    rows = found.values("state").annotate(number=Count("pk"), amount=Sum("amount_minor"))
    yield from _labelled(rows, "state", Commission.State)
    back = found.filter(reversed_minor__gt=0).aggregate(n=Count("pk"), amount=Sum("reversed_minor"))
    if back["n"]:
        yield "taken back for returns", back["n"], -back["amount"]


def _refunds(prefix: str) -> Iterator[Row]:
    back = OrderLine.objects.filter(order__ref__startswith=prefix, refunded_quantity__gt=0)
    whole = Q(refunded_quantity=F("quantity"))
    for title, which in (("lines in part", ~whole), ("whole lines", whole)):
        sums = back.filter(which).aggregate(n=Count("pk"), amount=Sum("refunded_minor"))
        if sums["n"]:
            yield title, sums["n"], sums["amount"]


def _labelled(rows: Iterable[Mapping[str, Any]], name: str, words: Any) -> Iterator[Row]:
    known = {row[name]: row for row in rows}
    for state in words:
        if state in known:
            yield str(state.value), known[state]["number"], known[state]["amount"] or 0


def _formatted(rows: Sequence[Row]) -> Iterator[str]:
    for title, number, amount in rows:
        money = "" if amount is None else format_money(amount, CURRENCY, "en")
        yield f"  {title:<36}{number or '':>9}{money:>18}"
