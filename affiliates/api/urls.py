"""REST routes of this floor, below /api/v1/."""

from django.urls import path

from affiliates.api.orders import BroughtOrderView

# The order with what this floor knows of it; `ref` is the ground floor's converter.
urlpatterns = [path("orders/<ref:order_ref>", BroughtOrderView.as_view())]
