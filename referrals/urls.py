"""Pages of this floor, mounted at the root: /friends/ for inviters, /i/ for their friends."""

from django.urls import path

from referrals.views import friend, inviter

app_name = "referrals"

urlpatterns = [
    path("friends/", inviter.round_page, name="round"),
    path("friends/join/", inviter.join, name="join"),
    path("friends/remind/", inviter.remind, name="remind"),
    path("friends/progress/", inviter.progress_page, name="progress"),
    path("friends/words/", inviter.words, name="words"),
    path("friends/share/", inviter.share, name="share"),
    path("friends/qr.<str:kind>", inviter.qr_file, name="qr"),
    path("friends/code/<uuid:participation_id>/", inviter.code, name="code"),
    path("friends/history/", inviter.history, name="history"),
    path("i/<str:token>", friend.invitation, name="invitation"),
    path("i/<str:token>/accept", friend.accept, name="accept"),
    path("i/<str:token>/result", friend.result, name="result"),
]
