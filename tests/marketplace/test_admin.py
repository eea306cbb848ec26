"""The ground floor on the operations site: looked at over HTTP, never changed."""

import pytest
from django.apps import apps

from marketplace.models import AuditEntry, Order, OrderEvent, Product, Store, User
from tests.factories.marketplace import (
    make_category,
    make_line,
    make_order_event,
    make_product,
    make_staff,
    make_store,
    make_user,
)

pytestmark = pytest.mark.django_db
READ_ONLY = ["auditentry", "category", "order", "orderevent", "product", "store", "user"]
MODELS = [*READ_ONLY, "apiclient", "apikey"]


@pytest.fixture
def staff(client):
    client.force_login(make_staff(is_superuser=False))
    return client


@pytest.fixture
def full(api):
    """A row of each model, made by the doors where there is one."""
    store = make_store(ref="s1", name="Mugs", owner=make_user(name="Olga", ref="u7"))
    api.put("/stores/s2", {"name": "Cups", "currency": "KWD", "country": "KW"})
    make_product(store=store, ref="p1", category=make_category())
    lines = [make_line(store=store, unit_price=39_900, quantity=2, discount=1_500)]
    shopper = {"ref": "u7", "email": "olga@example.com"}
    refund = {"ref": "r1", "lines": [{"ref": "1", "quantity": 1}, {"ref": "9", "quantity": 1}]}
    for event in (
        make_order_event(order_ref="o1", lines=lines, shopper=shopper, shipping=30_000),
        make_order_event(order_ref="o1", type="refunded", version=2, refund=refund),
    ):
        assert api.post("/orders/events", event).status_code == 202


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_for_staff(staff, full, model):
    page = staff.get(f"/admin/marketplace/{model}/")
    assert page.status_code == 200
    rows = page.context["cl"].result_list
    assert rows
    for row in rows:
        detail = staff.get(f"/admin/marketplace/{model}/{row.pk}/change/")
        assert detail.status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_facts_are_not_changed_by_hand(client, full, model):
    client.force_login(make_staff())
    site = f"/admin/marketplace/{model}/"
    model_class = apps.get_model("marketplace", model)
    pk = model_class.objects.values_list("pk", flat=True).first()
    before = list(model_class.objects.order_by("pk").values())
    for path in (f"{site}add/", f"{site}{pk}/change/", f"{site}{pk}/delete/"):
        assert client.post(path, {"name": "x", "post": "yes"}).status_code == 403
    client.post(site, {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert list(model_class.objects.order_by("pk").values()) == before


def test_an_order_tells_its_whole_story(client, full):
    client.force_login(make_staff(is_superuser=False, language="en"))
    order = Order.objects.get()
    page = client.get(f"/admin/marketplace/order/{order.pk}/change/").text
    for text in (
        "o1",
        "₽399",
        "₽15",
        "₽783",
        "1 · ₽391.50",
        "₽300",
        "refund r1: 1 × line 9, which we don",
    ):
        assert text in page
    for event in OrderEvent.objects.all():
        assert event.event_id in page


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        ("order", "o1", 1),
        ("order", "u7", 1),
        ("order", "o", 0),
        ("product", "s1", 1),
        ("product", "nothing", 0),
        ("user", "u7", 1),
        ("store", "mug", 1),
        ("orderevent", "o1", 2),
        ("auditentry", "store:s2", 1),
    ],
)
def test_search_finds_by_the_whole_id(staff, full, model, query, found):
    page = staff.get(f"/admin/marketplace/{model}/", {"q": query})
    assert len(page.context["cl"].result_list) == found


@pytest.mark.parametrize("model", [Store, Product, User, AuditEntry])
def test_lists_cost_the_same_with_more_rows(staff, full, model, django_assert_max_num_queries):
    path = f"/admin/marketplace/{model._meta.model_name}/"
    for number in range(8):
        store = make_store(owner=make_user(name=f"Person {number}"))
        make_product(store=store, category=make_category())
        AuditEntry.objects.create(actor_name="a test", verb="test", target="nothing")
    with django_assert_max_num_queries(12):
        assert staff.get(path).status_code == 200


def test_others_stay_outside(client, full):
    client.force_login(make_user())
    for model in MODELS:
        assert client.get(f"/admin/marketplace/{model}/").status_code in (302, 403)
