"""The programme for the host's own apps: the round, who takes part, how far they are (api.md)."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import clock, sessions
from marketplace.api.document import documented
from marketplace.api.serializers import StrictSerializer
from marketplace.api.sessions import KnownShopperSerializer
from marketplace.api.views import ApiView
from marketplace.models import ApiClient
from referrals import participations
from referrals.api.answers import (
    ParticipationSerializer,
    RoundSerializer,
    participation_answer,
    round_answer,
)
from referrals.models import Round


class JoinSerializer(StrictSerializer):
    """Who takes part."""

    shopper = KnownShopperSerializer()


class ProgrammeView(ApiView):
    """A call of the host's own app for its shopper."""

    scope = ApiClient.Scope.ORDERS
    refusals = {
        sessions.MarketplaceOnly: 403,
        sessions.NotAShopper: 422,
        participations.RoundUnknown: 404,
        participations.ParticipationUnknown: 404,
        participations.RoundNotOpen: 409,
        participations.NotEligible: 409,
    }


class CurrentRoundView(ProgrammeView):
    """`GET /rounds/current`."""

    @documented("current_round", answers={200: RoundSerializer}, problems=[404])
    def get(self, request: Request) -> Response:
        """The open round; between rounds the next one, after the last one the last."""
        round_ = Round.objects.current(clock.now())
        if round_ is None:
            raise NotFound("There is no round yet.")
        return Response(round_answer(round_))


class ParticipationsView(ProgrammeView):
    """`POST /rounds/{id}/participations`."""

    @documented(
        "join_round",
        request=JoinSerializer,
        answers={200: ParticipationSerializer, 201: ParticipationSerializer},
        problems=[404, 409],
        idempotent=True,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Let a shopper take part: 201 with the invitation's link; 200 if they do already."""
        body: dict[str, Any] = self.read(JoinSerializer)
        at = clock.now()
        joined = participations.join_known(
            client=self.client, round_id=round_id, shopper=body["shopper"], at=at
        )
        answer = participation_answer(joined.participation, at=at)
        return Response(answer, status=201 if joined.is_new else 200)


class ParticipationView(ProgrammeView):
    """`GET /participations/{id}`."""

    @documented("participation", answers={200: ParticipationSerializer}, problems=[404])
    def get(self, request: Request, participation_id: UUID) -> Response:
        """How far a shopper is: each visit with its reason, the code once it is won."""
        participation = participations.told_to(
            client=self.client, participation_id=participation_id
        )
        return Response(participation_answer(participation, at=clock.now()))
