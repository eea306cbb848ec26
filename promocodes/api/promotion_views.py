"""`/promotions`: make, list, change, approve, cancel; their codes and their report."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import clock
from marketplace.api.document import CURSOR, LIMIT, documented, page_of, parameters_of
from marketplace.api.pages import page
from marketplace.api.serializers import StrictSerializer
from marketplace.api.views import ApiView
from marketplace.models import ApiClient, Store
from marketplace.models.fields import validate_ref
from promocodes import allowances, codes, issuing, limits, promotions, terms
from promocodes.api.known_promotions import KnownPromotionSerializer, represent
from promocodes.api.promotions import (
    AmendmentSerializer,
    PromotionSerializer,
    ReasonSerializer,
    batch_of,
    limits_of,
    terms_of,
)
from promocodes.models import CodeBatch, PromoCode, Promotion
from promocodes.terms import UNLIMITED, TermsInvalid
from promocodes.usage import usage_of

Kind = Promotion.Kind
FROZEN = ("kind", "currency", "share_with_affiliates")


class Frozen(Exception):
    """This can't be changed after the promotion was created."""

    code = "frozen"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"{', '.join(fields)} can't be changed once the promotion is created.")
        self.extra = {"fields": list(fields)}


class SharingNotOffered(Exception):
    """Sharing with affiliates is offered to verified stores only."""

    code = "sharing_not_offered"


class PromotionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By state (`approved`: scheduled, live or ended) and by the store's id."""

    state = django_filters.ChoiceFilter(choices=Promotion.State.choices, method="in_state")
    store = django_filters.CharFilter("store__ref", validators=[validate_ref])
    kind = django_filters.ChoiceFilter(choices=Kind.choices)

    def in_state(self, queryset: QuerySet[Promotion], name: str, value: str) -> QuerySet[Promotion]:
        """What is in the state now."""
        wanted = Promotion.objects.in_state(value, clock.now())
        return queryset.filter(pk__in=wanted.values("pk"))


class PromotionsBase(ApiView):
    """What the calls on promotions share: who sees which, and how refusals are answered."""

    scope = ApiClient.Scope.PROMOTIONS
    refusals = {
        promotions.PromotionMoved: 409,
        promotions.TermsFrozen: 409,
        limits.LimitBelowUse: 409,
        issuing.CodeTaken: 409,
        issuing.PromotionOver: 409,
        codes.CodeUnfit: 422,
        codes.PatternUnfit: 422,
        Frozen: 422,
        SharingNotOffered: 422,
        allowances.TooManyToday: 429,
    }

    @property
    def is_seller(self) -> bool:
        """Whether the key belongs to one store."""
        return self.client.store_id is not None

    @property
    def may_approve(self) -> bool:
        """Whether the key may approve."""
        return ApiClient.Scope.APPROVE in self.client.scopes

    def seen(self) -> QuerySet[Promotion]:
        """The promotions that the client may see, with what is shown of them."""
        shared = PromoCode.objects.standing().filter(batch=None, person=None, holder=None)
        found = Promotion.objects.select_related("terms", "store").prefetch_related(
            Prefetch("codes", shared, to_attr="shared_codes"),
            Prefetch("batches", CodeBatch.objects.begun().order_by("pk")),
        )
        return found.filter(store=self.client.store) if self.is_seller else found

    def find(self, promotion_id: UUID) -> Promotion:
        """The promotion, or 404 for a missing and for a foreign one."""
        found = self.seen().filter(pk=promotion_id).first()
        if found is None:
            raise NotFound("There is no such promotion.")
        return found

    def shown(self, promotion_id: UUID) -> dict[str, Any]:
        """The answer on one promotion."""
        promotion = self.find(promotion_id)
        usage = usage_of([promotion])[promotion.pk]
        return represent(promotion, usage=usage, at=clock.now())

    def handle_exception(self, exc: Exception) -> Response:
        """Terms that can't be are faults of fields."""
        if isinstance(exc, TermsInvalid):
            exc = ValidationError({name: [str(text)] for name, text in exc.errors.items()})
        return super().handle_exception(exc)


class PromotionsView(PromotionsBase):
    """`/promotions`."""

    lists = True

    @documented(
        "list_promotions",
        answers={200: page_of(KnownPromotionSerializer, name="PromotionPage")},
        parameters=[*parameters_of(PromotionFilter), CURSOR, LIMIT],
    )
    def get(self, request: Request) -> Response:
        """Promotions, the newest first, a page at a time."""
        rows: list[Promotion] = []

        def keep(row: Promotion) -> dict[str, Any]:
            rows.append(row)
            return {}

        found = page(
            self.seen(), request=request, represent=keep, key="-pk", filters=PromotionFilter
        )
        usage, now = usage_of(rows), clock.now()
        found["results"] = [represent(row, usage=usage[row.pk], at=now) for row in rows]
        return Response(found)

    @documented(
        "create_promotion",
        request=PromotionSerializer,
        answers={201: KnownPromotionSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Make a promotion. Store and social codes wait for approval unless the key may approve."""
        body = self.read(PromotionSerializer)
        kind = body.get("kind", Kind.STORE)
        if body.get("code") is not None and body.get("codes"):
            raise ValidationError({"codes": ["Either one code or many."]})
        store = self._store(body.get("store"), kind)
        self._check_sharing(store, body.get("share_with_affiliates"))
        made = promotions.create(
            name=body["name"],
            kind=kind,
            currency=body["currency"],
            store=store,
            terms=self._known_stores(terms_of(body)),
            limits=limits_of(body, base=UNLIMITED),
            share_with_affiliates=body.get("share_with_affiliates"),
            needs_approval=False if self.may_approve else None,
            code=body.get("code"),
            batch=batch_of(body),
            actor=self.client,
        )
        return Response(self.shown(made.pk), status=201)

    def _store(self, ref: str | None, kind: str) -> Store | None:
        bound = self.client.store
        if bound is None:
            store = Store.objects.filter(ref=ref).first() if ref else None
            if ref and store is None:
                raise NotFound("There is no such store.")
            return store
        if kind not in promotions.SELLERS_KINDS:
            raise PermissionDenied("A store's own key makes store and social codes.")
        if ref not in (None, bound.ref):
            raise NotFound("There is no such store.")
        return bound

    def _check_sharing(self, store: Store | None, wanted: bool | None) -> None:
        """A seller is offered to share only if eligible (AM-15); the marketplace decides itself."""
        if wanted and self.is_seller and store is not None and not promotions.may_share(store):
            raise SharingNotOffered

    def _known_stores(self, wanted: terms.Terms) -> terms.Terms:
        known = set(Store.objects.filter(ref__in=wanted.stores).values_list("ref", flat=True))
        if unknown := set(wanted.stores) - known:
            raise TermsInvalid({"applies_to.stores": f"Unknown store: {min(unknown)}"})
        return wanted


class PromotionView(PromotionsBase):
    """`/promotions/{id}`."""

    @documented("get_promotion", answers={200: KnownPromotionSerializer}, problems=(404,))
    def get(self, request: Request, promotion_id: UUID) -> Response:
        """A promotion: its terms, its state, how much of it is used."""
        return Response(self.shown(promotion_id))

    @documented(
        "change_promotion",
        request=AmendmentSerializer,
        answers={200: KnownPromotionSerializer},
        problems=(404, 409, 413, 415, 422),
    )
    def patch(self, request: Request, promotion_id: UUID) -> Response:
        """Change what may still change; new terms are a new version."""
        body = self.read(AmendmentSerializer)
        promotion = self.find(promotion_id)
        store = promotion.store.ref if promotion.store else None
        frozen = self._frozen(promotion, store)
        if moved := [name for name, now in frozen if body.get(name, now) != now]:
            raise Frozen(moved)
        promotions.amend(
            promotion_id=promotion.pk,
            actor=self.client,
            name=body.get("name"),
            terms=terms_of(body, base=terms.of(promotion.terms)),
            limits=limits_of(body, base=terms.limits_of(promotion)),
            by_seller=not self.may_approve
            and (self.is_seller or promotion.kind in promotions.SELLERS_KINDS),
        )
        return Response(self.shown(promotion_id))

    def _frozen(self, promotion: Promotion, store: str | None) -> list[tuple[str, Any]]:
        return [("store", store), *((name, getattr(promotion, name)) for name in FROZEN)]


class ApprovalView(PromotionsBase):
    """`POST /promotions/{id}/approve`."""

    scope = ApiClient.Scope.APPROVE

    @documented(
        "approve_promotion",
        answers={200: KnownPromotionSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Approve a promotion that waits; one approved already stays as it is."""
        self.read(StrictSerializer)
        promotions.approve(promotion_id=self.find(promotion_id).pk, actor=self.client)
        return Response(self.shown(promotion_id))


class CancellationView(PromotionsBase):
    """`POST /promotions/{id}/cancel`."""

    @documented(
        "cancel_promotion",
        request=ReasonSerializer,
        answers={200: KnownPromotionSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """End a promotion for good; reservations keep their right, returns still work."""
        body = self.read(ReasonSerializer)
        promotions.cancel(
            promotion_id=self.find(promotion_id).pk,
            actor=self.client,
            reason=body.get("reason", ""),
        )
        return Response(self.shown(promotion_id))
