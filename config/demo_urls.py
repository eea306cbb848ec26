"""Doors of the demo; `config.urls` opens them only where the demo is allowed."""

from django.urls import path

from config import demo_views

urlpatterns = [
    path("demo/", demo_views.doors, name="demo"),
    path("demo/key/", demo_views.api_key, name="demo-key"),
    path("demo/sign-in/<slug:role>/", demo_views.sign_in, name="demo-sign-in"),
]
