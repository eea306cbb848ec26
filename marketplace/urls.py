"""Pages of the ground floor."""

from django.urls import path

from marketplace import views

urlpatterns = [
    path("s/<str:token>", views.one_time_sign_in, name="one-time-sign-in"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
]
