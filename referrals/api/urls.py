"""REST routes of this floor, below /api/v1/."""

from django.urls import path

from referrals.api.programme import CurrentRoundView, ParticipationsView, ParticipationView

urlpatterns = [
    path("rounds/current", CurrentRoundView.as_view()),
    path("rounds/<uuid:round_id>/participations", ParticipationsView.as_view()),
    path("participations/<uuid:participation_id>", ParticipationView.as_view()),
]
