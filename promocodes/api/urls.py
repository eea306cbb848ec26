"""REST routes of this floor, below /api/v1/."""

from django.urls import path

from promocodes.api.checkout import (
    QuotesView,
    RedemptionsView,
    RedemptionView,
    RenewalView,
    ReservationsView,
    ReservationView,
    ReversalsView,
)
from promocodes.api.codes import CodesSheetView, CodesView
from promocodes.api.promotion_views import (
    ApprovalView,
    CancellationView,
    PromotionsView,
    PromotionView,
)
from promocodes.api.report import ReportSheetView, ReportView

urlpatterns = [
    path("promotions", PromotionsView.as_view()),
    path("promotions/<uuid:promotion_id>", PromotionView.as_view()),
    path("promotions/<uuid:promotion_id>/approve", ApprovalView.as_view()),
    path("promotions/<uuid:promotion_id>/cancel", CancellationView.as_view()),
    path("promotions/<uuid:promotion_id>/codes", CodesView.as_view()),
    path("promotions/<uuid:promotion_id>/codes.csv", CodesSheetView.as_view()),
    path("promotions/<uuid:promotion_id>/report", ReportView.as_view()),
    path("promotions/<uuid:promotion_id>/report.csv", ReportSheetView.as_view()),
    path("quotes", QuotesView.as_view()),
    path("reservations", ReservationsView.as_view()),
    path("reservations/<uuid:checkout_id>", ReservationView.as_view()),
    path("reservations/<uuid:checkout_id>/renew", RenewalView.as_view()),
    path("redemptions", RedemptionsView.as_view()),
    path("redemptions/<uuid:checkout_id>", RedemptionView.as_view()),
    path("redemptions/<uuid:checkout_id>/reversals", ReversalsView.as_view()),
]
