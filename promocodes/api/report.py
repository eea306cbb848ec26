"""`/promotions/{id}/report`: what a promotion sold and cost, net of what came back."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.document import documented
from marketplace.api.fields import instant_text
from marketplace.models import ApiClient
from promocodes import reports
from promocodes.api.downloads import CSV, csv_of
from promocodes.api.promotion_views import PromotionsBase
from promocodes.models import Promotion
from promocodes.reports import Sums

REFERRED = "Referred by Associate/Influencer"
_COLUMNS = (
    "Date",
    "Order",
    "Code",
    "State",
    "Units",
    "Units returned",
    "Sales, minor units",
    "Discount, minor units",
    "Currency",
)


class SumsSerializer(serializers.Serializer[Any]):
    """Sums net of reversals; the referred part only if the promotion is shared."""

    uses = serializers.IntegerField()
    reversed = serializers.IntegerField()
    sales = serializers.IntegerField()
    discount = serializers.IntegerField()
    referred_uses = serializers.IntegerField(required=False)
    referred_sales = serializers.IntegerField(required=False)


class CodeSumsSerializer(SumsSerializer):
    """The sums of one code."""

    code = serializers.CharField()
    referred = serializers.BooleanField(required=False)


class ReportSerializer(serializers.Serializer[Any]):
    """The sales report of a promotion. Sales are what was paid for the goods, without shipping."""

    promotion = serializers.UUIDField()
    currency = serializers.CharField()
    totals = SumsSerializer()
    codes = CodeSumsSerializer(many=True, help_text="The 500 codes that sold most.")


class ReportView(PromotionsBase):
    """`GET /promotions/{id}/report`."""

    scope = ApiClient.Scope.REPORTS

    @documented("report_promotion", answers={200: ReportSerializer}, problems=(404,))
    def get(self, request: Request, promotion_id: UUID) -> Response:
        """What a promotion sold and cost, in total and by code."""
        promotion = self.find(promotion_id)
        shared = promotion.share_with_affiliates
        return Response(
            {
                "promotion": str(promotion.pk),
                "currency": promotion.currency,
                "totals": _sums(reports.totals(promotion), shared=shared),
                "codes": [
                    {"code": found.code}
                    | ({"referred": found.is_referred} if shared else {})
                    | _sums(found.sums, shared=shared)
                    for found in reports.by_code(promotion, most=500)
                ],
            }
        )


class ReportSheetView(PromotionsBase):
    """`GET /promotions/{id}/report.csv`."""

    scope = ApiClient.Scope.REPORTS

    @documented("download_report", answers=CSV, problems=(404,))
    def get(self, request: Request, promotion_id: UUID) -> HttpResponseBase:
        """Every use of the promotion as CSV, however many; the referred column only if shared."""
        promotion = self.find(promotion_id)
        columns = (*_COLUMNS, REFERRED) if promotion.share_with_affiliates else _COLUMNS
        return csv_of(columns, _rows(promotion), name=f"report-{promotion.pk}")


def _rows(promotion: Promotion) -> Iterator[list[str | int | None]]:
    for use in reports.uses(promotion):
        row: list[str | int | None] = [
            instant_text(use.redeemed_at),
            use.order_ref,
            use.code,
            use.state,
            use.units,
            use.units_back,
            use.sales_minor,
            use.discount_minor,
            promotion.currency,
        ]
        if promotion.share_with_affiliates:
            row.append("Y" if use.is_referred else "")
        yield row


def _sums(sums: Sums, *, shared: bool) -> dict[str, Any]:
    found = {
        "uses": sums.uses,
        "reversed": sums.reversed,
        "sales": sums.sales_minor,
        "discount": sums.discount_minor,
    }
    if shared:
        found |= {
            "referred_uses": sums.referred_uses,
            "referred_sales": sums.referred_sales_minor,
        }
    return found
