"""`/quotes`, `/reservations`, `/redemptions`: what the shop's checkout asks for (api.md)."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import translation
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.document import documented
from marketplace.api.views import ApiView, Problem
from marketplace.models import ApiClient
from promocodes import quoting, receipts, redemptions, reservations, returns, reversals
from promocodes.api import answers
from promocodes.api.answers import (
    HeldSerializer,
    KnownRedemptionSerializer,
    QuoteSerializer,
    RedeemedSerializer,
    ReversedSerializer,
)
from promocodes.api.carts import (
    MERCHANT,
    CartSerializer,
    DirectRedemptionSerializer,
    HeldRedemptionSerializer,
    RenewalSerializer,
    ReservationSerializer,
    ReversalSerializer,
    cart_of,
    source_of,
)
from promocodes.cart import Cart
from promocodes.models import Reversal
from promocodes.quoting import CodeRefused
from promocodes.receipts import CheckoutUnknown
from promocodes.recording import Busy, CartChanged, OrderTaken
from promocodes.reversals import REVERSIBLE


class _WayMade(Exception):
    """The call was refused, but what refused it was over; it may be made again."""


class CheckoutView(ApiView):
    """A call of the shop's checkout.

    A refusal that comes with a quote says it in the body, and its wrong guesses are counted after
    its transaction was rolled back.
    """

    scope = ApiClient.Scope.CHECKOUT
    refusals = {
        CheckoutUnknown: 404,
        OrderTaken: 422,
        Busy: 503,
        reservations.ReservationOver: 409,
        reservations.AlreadyRedeemed: 409,
    }
    audience = MERCHANT
    cart: Cart | None = None
    may_try_again = False

    def _act(self) -> HttpResponseBase:
        """Once more, if holds past their time were in the way. Their end is no part of the call's
        own transaction, which would keep the limits locked while it waits for others."""
        self.may_try_again = True
        try:
            return super()._act()
        except _WayMade:
            return super()._act()
        finally:
            self.may_try_again = False

    def read_cart(self, body: dict[str, Any]) -> Cart:
        """The cart of the body, remembered for a refusal."""
        self.audience = body.get("audience", MERCHANT)
        self.cart = cart_of(body, view=self)
        return self.cart

    def handle_exception(self, exc: Exception) -> Response:
        """A refusal with a quote as a problem that holds the quote."""
        if self.may_try_again and isinstance(exc, CodeRefused) and self.cart is not None:
            self.may_try_again = False
            if quoting.make_way(exc.quote, cart=self.cart):
                raise _WayMade from exc
        if isinstance(exc, CodeRefused | CartChanged):
            quote = exc.quote
            if self.cart is not None:
                quote = quoting.counted(quote, cart=self.cart, source=source_of(self))
            with translation.override(self.asked_language):  # the shop shows it to the shopper
                said = answers.quote(quote, audience=self.audience)
            exc = Problem(code=exc.code, status=409, detail=str(exc), quote=said)
        return super().handle_exception(exc)


class QuotesView(CheckoutView):
    """`POST /quotes`."""

    writes = False

    @documented(
        "quote",
        request=CartSerializer,
        answers={200: QuoteSerializer},
        problems=(413, 415),
    )
    def post(self, request: Request) -> Response:
        """What a cart costs with its codes, and why a code gives nothing. Writes nothing."""
        cart = self.read_cart(self.read(CartSerializer))
        found = quoting.quote(cart, source=source_of(self))
        return Response(answers.quote(found, audience=self.audience))


class ReservationsView(CheckoutView):
    """`POST /reservations`."""

    @documented(
        "reserve", request=ReservationSerializer, answers={201: HeldSerializer}, idempotent=True
    )
    def post(self, request: Request) -> Response:
        """Hold all codes of a cart for a while, or none (409 `code_refused` with the quote)."""
        body = self.read(ReservationSerializer)
        receipt = reservations.reserve(
            cart=self.read_cart(body),
            source=source_of(self),
            client_id=self.client.pk,
            seconds=body.get("ttl_seconds", reservations.DEFAULT_SECONDS),
        )
        return Response(answers.reservation(receipt, audience=self.audience), status=201)


class ReservationView(CheckoutView):
    """`/reservations/{id}`."""

    @documented("get_reservation", answers={200: HeldSerializer}, problems=(404,))
    def get(self, request: Request, checkout_id: UUID) -> Response:
        """A reservation, whatever became of it."""
        receipt = receipts.load(checkout_id, source=source_of(self))
        return Response(answers.reservation(receipt, audience=MERCHANT))

    @documented("release", answers={204: None}, problems=(404, 409))
    def delete(self, request: Request, checkout_id: UUID) -> Response:
        """Let go of a hold; may be repeated."""
        reservations.release(checkout_id=checkout_id, source=source_of(self))
        return Response(status=204)


class RenewalView(CheckoutView):
    """`POST /reservations/{id}/renew`."""

    @documented(
        "renew",
        request=RenewalSerializer,
        answers={200: HeldSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request, checkout_id: UUID) -> Response:
        """Hold on for so many seconds from now, at most a day in all."""
        body = self.read(RenewalSerializer)
        receipt = reservations.renew(
            checkout_id=checkout_id,
            source=source_of(self),
            seconds=body.get("ttl_seconds", reservations.DEFAULT_SECONDS),
        )
        return Response(answers.reservation(receipt, audience=MERCHANT))


class RedemptionsView(CheckoutView):
    """`POST /redemptions`."""

    @documented(
        "redeem",
        request=PolymorphicProxySerializer(
            component_name="Redemption",
            serializers=[DirectRedemptionSerializer, HeldRedemptionSerializer],
            resource_type_field_name=None,
        ),
        answers={200: RedeemedSerializer, 201: RedeemedSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Use a cart's codes, or a reservation, on an order; all codes or none.

        The same order and cart again: 200 with the same body.
        """
        if isinstance(request.data, dict) and request.data.get("reservation") is not None:
            receipt, is_new = self._redeem_held(self.read(HeldRedemptionSerializer))
        else:
            receipt, is_new = self._redeem_cart(self.read(DirectRedemptionSerializer))
        body = answers.redemption(receipt, audience=self.audience)
        return Response(body, status=201 if is_new else 200)

    def _redeem_held(self, body: dict[str, Any]) -> tuple[receipts.Receipt, bool]:
        self.audience = body.get("audience", MERCHANT)
        try:
            checkout_id = UUID(body["reservation"])
        except ValueError as error:
            raise CheckoutUnknown from error
        return redemptions.redeem_reservation(
            order_ref=body["order_ref"],
            checkout_id=checkout_id,
            source=source_of(self),
            digest=body.get("digest"),
        )

    def _redeem_cart(self, body: dict[str, Any]) -> tuple[receipts.Receipt, bool]:
        return redemptions.redeem(
            order_ref=body["order_ref"],
            cart=self.read_cart(body),
            source=source_of(self),
            client_id=self.client.pk,
            digest=body.get("digest"),
        )


class RedemptionView(CheckoutView):
    """`GET /redemptions/{id}`."""

    @documented("get_redemption", answers={200: KnownRedemptionSerializer}, problems=(404,))
    def get(self, request: Request, checkout_id: UUID) -> Response:
        """A redemption as it was answered, in the state that it has now; what came back of it."""
        receipt = receipts.load(checkout_id, source=source_of(self))
        if receipt.state not in REVERSIBLE:
            raise NotFound("There is no such redemption.")
        rows = Reversal.objects.filter(checkout=receipt.id).order_by("pk")
        return Response(answers.known_redemption(receipt, list(rows)))


class ReversalsView(CheckoutView):
    """`POST /redemptions/{id}/reversals`."""

    refusals = CheckoutView.refusals | {
        reversals.NotRedeemed: 409,
        reversals.ReversalTaken: 422,
        returns.TooManyUnits: 422,
        returns.LineUnknown: 422,
    }

    @documented(
        "reverse",
        request=ReversalSerializer,
        answers={200: ReversedSerializer, 201: ReversedSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request, checkout_id: UUID) -> Response:
        """Take back units of an order, or all that is left. The same `reversal_ref` again: 200."""
        body = self.read(ReversalSerializer)
        lines = body.get("lines")
        row, is_new = reversals.reverse(
            checkout_id=checkout_id,
            reversal_ref=body["reversal_ref"],
            cause=body["cause"],
            source=source_of(self),
            quantities=None if lines is None else {one["ref"]: one["quantity"] for one in lines},
        )
        return Response(answers.reversal(row), status=201 if is_new else 200)
