"""`GET /orders/{order_ref}`: the order, and per line who brought it and what they earn."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from affiliates import attribution
from affiliates.models import Attribution, Commission
from marketplace.api.document import documented
from marketplace.api.fields import instant_text, percent_text
from marketplace.api.orders import FoldedLineSerializer, OrderSerializer, OrderView
from marketplace.models import Order


class AttributionSerializer(serializers.Serializer[Any]):
    """Who brought a line; decided once."""

    winner = serializers.CharField(allow_null=True, help_text="The affiliate, or null for nobody.")
    by = serializers.ChoiceField(choices=Attribution.By.choices, allow_null=True)
    decided_at = serializers.DateTimeField()
    trace = serializers.ListField(
        child=serializers.DictField(), help_text="Every candidate with its `outcome`."
    )


class CommissionSerializer(serializers.Serializer[Any]):
    """What one affiliate earns on a line; amounts in minor units of the order's currency."""

    id = serializers.CharField()
    affiliate = serializers.CharField()
    kind = serializers.ChoiceField(choices=Commission.Kind.choices)
    side = serializers.ChoiceField(choices=Commission.Side.choices)
    state = serializers.ChoiceField(choices=Commission.State.choices)
    reason = serializers.ChoiceField(
        choices=Commission.Reason.choices, allow_null=True, help_text="Why nothing is due."
    )
    base = serializers.IntegerField()
    rate = serializers.CharField(allow_null=True, help_text="Percent, such as `12.5`.")
    fee = serializers.IntegerField(allow_null=True)
    amount = serializers.IntegerField(help_text="Earned at the order's time.")
    reversed = serializers.IntegerField(help_text="The part of `amount` that was taken back.")
    available_from = serializers.DateTimeField()


class BroughtLineSerializer(FoldedLineSerializer):
    """A line, who brought it and what they earn."""

    attribution = AttributionSerializer(allow_null=True)
    commissions = CommissionSerializer(many=True)


class BroughtOrderSerializer(OrderSerializer):
    """An order folded from its events, with attribution and commissions per line."""

    lines = BroughtLineSerializer(many=True)


class BroughtOrderView(OrderView):
    """An order as it stands, with what this floor derived from it."""

    @documented("get_order", answers={200: BroughtOrderSerializer}, problems=(404,))
    def get(self, request: Request, order_ref: str) -> Response:
        """How an order stands by all events so far, and who earns on it."""
        return super().get(request, order_ref)

    def body(self, order: Order) -> dict[str, Any]:
        """The order, and per line `attribution` and `commissions`."""
        body = super().body(order)
        traces = attribution.traces_of(order.ref)
        earned: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for commission in Commission.objects.of_order(order.ref).order_by("id"):
            earned[commission.line_ref].append(_commission(commission))
        for line in body["lines"]:
            line["attribution"] = _attribution(traces.get(line["ref"]))
            line["commissions"] = earned[line["ref"]]
        return body


def _attribution(row: Attribution | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "winner": str(row.winner_id) if row.winner_id else None,
        "by": row.by or None,
        "decided_at": instant_text(row.decided_at),
        "trace": [_step(step) for step in row.trace],
    }


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """A candidate as the API names things; the trace is kept as it was decided."""
    shown = {name.removesuffix("_minor"): value for name, value in step.items()}
    if clicked_at := shown.get("clicked_at"):
        shown["clicked_at"] = instant_text(datetime.fromisoformat(clicked_at))
    return shown


def _commission(row: Commission) -> dict[str, Any]:
    is_fee = row.kind == Commission.Kind.FEE
    return {
        "id": str(row.pk),
        "affiliate": str(row.beneficiary_id),
        "kind": row.kind,
        "side": row.side,
        "state": row.state,
        "reason": row.reason or None,
        "base": row.base_minor,
        "rate": None if is_fee else percent_text(row.rate_bp),
        "fee": row.fee_minor if is_fee else None,
        "amount": row.amount_minor,
        "reversed": row.reversed_minor,
        "available_from": instant_text(row.release_at),
    }
