"""REST routes of the ground floor, below /api/v1/."""

from django.urls import path, register_converter

from marketplace.api.catalogue import ProductsView, StoreView
from marketplace.api.order_events import OrderEventBatchView, OrderEventsView
from marketplace.api.sessions import SessionsView
from marketplace.models.fields import REF_PATTERN


class RefConverter:
    """A client's own id in a path; anything else is no route of ours, so 404."""

    regex = REF_PATTERN.pattern

    def to_python(self, value: str) -> str:
        """The id itself."""
        return value

    def to_url(self, value: str) -> str:
        """The id itself."""
        return value


register_converter(RefConverter, "ref")

# GET /orders/{order_ref} is routed by affiliates, which adds what it derived (api.md).
urlpatterns = [
    path("orders/events", OrderEventsView.as_view()),
    path("orders/events/batch", OrderEventBatchView.as_view()),
    path("products", ProductsView.as_view()),
    path("sessions", SessionsView.as_view()),
    path("stores/<ref:store_ref>", StoreView.as_view()),
]
