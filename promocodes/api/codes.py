"""`/promotions/{id}/codes`: the codes of a promotion, page by page or as one stream."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import clock
from marketplace.api.document import CURSOR, LIMIT, documented, page_of
from marketplace.api.fields import TextField, instant_text
from marketplace.api.pages import page
from marketplace.api.serializers import StrictSerializer
from promocodes import importing, issuing
from promocodes.api.downloads import CSV, csv_of
from promocodes.api.promotion_views import PromotionsBase
from promocodes.models import PromoCode


class CodeSerializer(serializers.Serializer[Any]):
    """A code. `held`: somebody earns on it; `personal`: one person alone may use it."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    held = serializers.BooleanField()
    personal = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class MoreCodesSerializer(StrictSerializer):
    """Words of your own, up to 1,000 in one call; repeated ones count once."""

    codes = serializers.ListField(
        child=TextField(max_length=100), min_length=1, max_length=importing.MOST_AT_ONCE
    )


class AddedCodesSerializer(serializers.Serializer[Any]):
    """How many became codes, and the words that belong to somebody already."""

    created = serializers.IntegerField()
    taken = serializers.ListField(child=serializers.CharField())


class CodesView(PromotionsBase):
    """`/promotions/{id}/codes`."""

    lists = True

    @documented(
        "list_codes",
        answers={200: page_of(CodeSerializer, name="CodePage")},
        parameters=[CURSOR, LIMIT],
        problems=(404,),
    )
    def get(self, request: Request, promotion_id: UUID) -> Response:
        """The codes of a promotion, oldest first, a page at a time."""
        found = PromoCode.objects.filter(promotion=self.find(promotion_id))
        return Response(page(found, request=request, represent=_code))

    @documented(
        "add_codes",
        request=MoreCodesSerializer,
        answers={201: AddedCodesSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Give a promotion codes that you chose: free words become its codes, others are told."""
        promotion = self.find(promotion_id)
        words = self.read(MoreCodesSerializer)["codes"]
        added = importing.add(promotion=promotion, words=words, at=clock.now())
        answer = {"created": len(added.created), "taken": list(added.taken)}
        return Response(answer, status=201)


class CodesSheetView(PromotionsBase):
    """`GET /promotions/{id}/codes.csv`."""

    @documented("download_codes", answers=CSV, problems=(404,))
    def get(self, request: Request, promotion_id: UUID) -> HttpResponseBase:
        """All codes of a promotion as CSV, however many, in bounded memory."""
        promotion = self.find(promotion_id)
        columns = ("code", "created_at", "revoked_at")
        return csv_of(columns, _rows(promotion.pk), name=f"codes-{promotion.pk}")


def _rows(promotion_id: UUID) -> Iterator[tuple[str, str, str]]:
    for code, created_at, revoked_at in issuing.all_codes(promotion_id):
        yield code, instant_text(created_at), instant_text(revoked_at) if revoked_at else ""


def _code(code: PromoCode) -> dict[str, Any]:
    return {
        "id": str(code.pk),
        "code": code.code,
        "held": code.holder_id is not None,
        "personal": code.person_id is not None,
        "created_at": instant_text(code.created_at),
        "revoked_at": instant_text(code.revoked_at) if code.revoked_at else None,
    }
