"""Rounds and participations as JSON, and their shapes for the document."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from marketplace.api.fields import instant_text, percent_text
from referrals import links, progress
from referrals.models import Participation, Round, RoundTerms, Visit


class RoundDiscountSerializer(serializers.Serializer[Any]):
    """`amount` in minor units for `fixed`, `percent` for `percent`; the other is null."""

    type = serializers.ChoiceField(choices=RoundTerms.Discount.choices)
    amount = serializers.IntegerField(allow_null=True)
    percent = serializers.CharField(allow_null=True)


class RoundSerializer(serializers.Serializer[Any]):
    """A round: what it promises, and when. `min_order` in minor units."""

    id = serializers.UUIDField()
    campaign = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Round.State.choices)
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    discount = RoundDiscountSerializer()
    min_order = serializers.IntegerField()
    threshold = serializers.IntegerField()


class ToldVisitSerializer(serializers.Serializer[Any]):
    """One friend's visit: what became of it and why."""

    at = serializers.DateTimeField()
    channel = serializers.ChoiceField(choices=Visit.Channel.choices)
    outcome = serializers.ChoiceField(choices=Visit.Outcome.choices)
    reason = serializers.ChoiceField(choices=Visit.Reason.choices)


class ProgressSerializer(serializers.Serializer[Any]):
    """How many friends count, how many wait, how many are needed."""

    counted = serializers.IntegerField()
    waiting = serializers.IntegerField()
    threshold = serializers.IntegerField()


class ParticipationSerializer(serializers.Serializer[Any]):
    """A shopper in a round. `visits`: the newest 100; `code` is null until it is won."""

    id = serializers.UUIDField()
    round = serializers.UUIDField()
    shopper = serializers.CharField(allow_null=True)
    invite_url = serializers.CharField()
    joined_at = serializers.DateTimeField()
    progress = ProgressSerializer()
    visits = ToldVisitSerializer(many=True)
    code = serializers.CharField(allow_null=True)
    code_expires_at = serializers.DateTimeField(allow_null=True)


def round_answer(round_: Round) -> dict[str, Any]:
    """A round for the host's app."""
    percent_bp = round_.percent_bp
    return {
        "id": str(round_.pk),
        "campaign": round_.campaign.name,
        "number": round_.number,
        "state": round_.state,
        "opens_at": instant_text(round_.opens_at),
        "closes_at": instant_text(round_.closes_at),
        "timezone": round_.timezone,
        "currency": round_.currency,
        "discount": {
            "type": round_.discount_type,
            "amount": round_.amount_minor,
            "percent": None if percent_bp is None else percent_text(percent_bp),
        },
        "min_order": round_.min_order_minor,
        "threshold": round_.threshold,
    }


def participation_answer(participation: Participation, *, at: datetime) -> dict[str, Any]:
    """A participation for the host's app, whose round is loaded."""
    told = progress.visits_told(participation, at=at)
    code = participation.code
    return {
        "id": str(participation.pk),
        "round": str(participation.round_id),
        "shopper": participation.shopper.ref,
        "invite_url": links.invitation(participation),
        "joined_at": instant_text(participation.joined_at),
        "progress": {
            "counted": participation.counted,
            "waiting": sum(outcome == Visit.Outcome.WAITING for _, outcome, _ in told),
            "threshold": participation.round.threshold,
        },
        "visits": [
            {
                "at": instant_text(visit.visited_at),
                "channel": visit.channel,
                "outcome": outcome,
                "reason": reason,
            }
            for visit, outcome, reason in told
        ],
        "code": code.code if code else None,
        "code_expires_at": instant_text(participation.round.closes_at) if code else None,
    }
