"""`POST /sessions`: a link that opens a page of ours as a shopper whom the marketplace knows."""

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import destinations, sessions
from marketplace.api.document import documented
from marketplace.api.fields import EmailField, RefField, TextField, WebAddressField, instant_text
from marketplace.api.serializers import PersonSerializer, StrictSerializer
from marketplace.api.views import ApiView
from marketplace.models import ApiClient


class KnownShopperSerializer(PersonSerializer):
    """The shopper as the marketplace knows them. Send only an e-mail that you have verified."""

    ref = RefField()
    name = TextField(max_length=100, required=False, allow_null=True, trim_whitespace=True)
    email = EmailField(required=False, allow_null=True)
    locale = TextField(max_length=35, required=False, allow_null=True)
    avatar_url = WebAddressField(max_length=500, required=False, allow_null=True, allow_blank=False)


class SessionSerializer(StrictSerializer):
    """`next` is a path of ours or an address on a store's verified host."""

    shopper = KnownShopperSerializer()
    next = TextField(max_length=destinations.MOST_CHARACTERS, required=False, default="/")


class OpenedSessionSerializer(serializers.Serializer[None]):
    """Send the shopper's browser to `url` before `expires_at`; it works once."""

    url = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SessionsView(ApiView):
    """`POST /sessions`."""

    scope = ApiClient.Scope.ORDERS
    refusals = {
        sessions.MarketplaceOnly: 403,
        sessions.NotAShopper: 422,
        destinations.UnsafeDestination: 422,
    }

    @documented(
        "open_session",
        request=SessionSerializer,
        answers={201: OpenedSessionSerializer},
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Make a one-time sign-in link, good for 60 seconds."""
        body = self.read(SessionSerializer)
        opened = sessions.open_session(
            client=self.client, shopper=body["shopper"], next=body["next"]
        )
        path = reverse("one-time-sign-in", args=[opened.token])
        return Response(
            {
                "url": f"{settings.SITE_URL}{path}",
                "expires_at": instant_text(opened.expires_at),
            },
            status=201,
        )
