"""Admins are read-only unless opened, page without counting, and act on POST alone."""

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from unfold.decorators import action

from marketplace.access import EstimatingPaginator, OpsModelAdmin, changes_nothing
from marketplace.models import Category, Product, User
from tests.factories.marketplace import make_category, make_staff, make_user
from tests.sites import site_of

pytestmark = pytest.mark.django_db


class CategoryAdmin(OpsModelAdmin):
    """A category with one action of each kind."""

    actions_detail = ("rename", "look")
    actions_list = ("tidy",)

    @action(description="Rename")
    def rename(self, request: HttpRequest, object_id: str) -> HttpResponse:
        Category.objects.filter(pk=object_id).update(name="renamed")
        return HttpResponse("done")

    @changes_nothing
    @action(description="Look")
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponse("seen")

    @action(description="Tidy up")
    def tidy(self, request: HttpRequest) -> HttpResponse:
        Category.objects.update(name="tidy")
        return HttpResponse("done")


def asked_by(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_staff_sees_and_changes_nothing() -> None:
    page = OpsModelAdmin(Category, AdminSite())
    request = asked_by(make_staff())
    assert page.has_view_permission(request)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)


def test_opened_forms_still_ask_for_the_permission() -> None:
    options = {"allow_add": True, "allow_change": True, "allow_delete": True}
    page = type("Open", (OpsModelAdmin,), options)(Category, AdminSite())
    plain = make_user(is_staff=True)
    assert not page.has_change_permission(asked_by(plain))
    plain.user_permissions.add(Permission.objects.get(codename="change_category"))
    plain = User.objects.get(pk=plain.pk)
    assert page.has_change_permission(asked_by(plain))
    assert not page.has_add_permission(asked_by(plain))
    root = asked_by(make_staff())
    assert page.has_add_permission(root)
    assert page.has_delete_permission(root)


def test_who_is_no_staff_sees_nothing() -> None:
    page = OpsModelAdmin(Category, AdminSite())
    assert not page.has_view_permission(asked_by(make_user()))
    assert not page.has_module_permission(asked_by(make_user()))


@pytest.fixture
def at_the_desk(client: Client, settings: Any) -> Client:
    """A client of staff at a site with `CategoryAdmin`, at /own/."""
    site_of(settings, {Category: CategoryAdmin})
    client.force_login(make_staff(language="en"))
    return client


def test_linked_action_asks_first_and_runs_on_post(at_the_desk: Client) -> None:
    category = make_category(name="Mugs")
    where = f"/own/marketplace/category/{category.pk}/rename/"
    asked = at_the_desk.get(where)
    assert asked.status_code == 200
    assert "Mugs" in asked.content.decode()
    category.refresh_from_db()
    assert category.name == "Mugs"
    assert at_the_desk.post(where).content == b"done"
    category.refresh_from_db()
    assert category.name == "renamed"


def test_action_of_the_list_asks_too(at_the_desk: Client) -> None:
    category = make_category(name="Mugs")
    assert at_the_desk.get("/own/marketplace/category/tidy/").status_code == 200
    category.refresh_from_db()
    assert category.name == "Mugs"
    at_the_desk.post("/own/marketplace/category/tidy/")
    category.refresh_from_db()
    assert category.name == "tidy"


def test_bare_post_without_the_token_is_refused(settings: Any) -> None:
    category = make_category(name="Mugs")
    site_of(settings, {Category: CategoryAdmin})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_staff())
    where = f"/own/marketplace/category/{category.pk}/rename/"
    assert strict.post(where).status_code == 403
    category.refresh_from_db()
    assert category.name == "Mugs"


def test_action_that_reads_runs_at_once(at_the_desk: Client) -> None:
    category = make_category()
    where = f"/own/marketplace/category/{category.pk}/look/"
    assert at_the_desk.get(where).content == b"seen"


@pytest.mark.parametrize("key", ["999999", "nonsense"])
def test_action_on_what_is_not_there_is_not_found(key: str, at_the_desk: Client) -> None:
    for method in (at_the_desk.get, at_the_desk.post):
        assert method(f"/own/marketplace/category/{key}/rename/").status_code == 404


@pytest.mark.parametrize("rubbish", ["abc", "0", "1,2", "' OR 1"])
def test_rubbish_in_an_autocomplete_field_is_an_error_of_the_form(
    rubbish: str, client: Client, settings: Any
) -> None:
    options = {"allow_add": True, "autocomplete_fields": ("category",), "fields": ("category",)}
    searched = type("Searched", (OpsModelAdmin,), {"search_fields": ("name",)})
    site_of(settings, {Product: type("Made", (OpsModelAdmin,), options), Category: searched})
    client.force_login(make_staff())
    assert client.get("/own/marketplace/product/add/", {"category": rubbish}).status_code == 200
    response = client.post("/own/marketplace/product/add/", {"category": rubbish})
    assert response.status_code == 200
    assert "category" in response.context["adminform"].form.errors


def test_small_lists_are_counted_exactly() -> None:
    for _ in range(7):
        make_category()
    pages = EstimatingPaginator(Category.objects.order_by("pk"), 3)
    assert (pages.count, pages.num_pages) == (7, 3)
    assert [len(pages.page(n)) for n in (1, 2, 3)] == [3, 3, 1]
    assert EstimatingPaginator(Category.objects.none(), 3).num_pages == 1
    assert EstimatingPaginator([1, 2, 3, 4], 3).num_pages == 2


def test_large_lists_are_estimated_and_not_counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_category (ref, name)"
            " SELECT 'bulk' || n, 'bulk' FROM generate_series(1, 25000) n"
        )
        cursor.execute("ANALYZE marketplace_category")
    pages = EstimatingPaginator(Category.objects.filter(name="bulk").order_by("-pk"), 50)
    with CaptureQueriesContext(connection) as asked:
        count = pages.count
    assert 20_000 < count < 30_000
    assert pages.num_pages == 200  # deeper pages would be an OFFSET that nobody wants
    for query in asked:
        assert "LIMIT" in query["sql"] or query["sql"].startswith("EXPLAIN"), query["sql"]


def test_list_asks_the_same_queries_for_one_row_and_for_three(client: Client) -> None:
    client.force_login(make_staff())
    client.get("/admin/")  # notes in the session that somebody is there
    numbers = []
    for rows in (1, 3):
        while Category.objects.count() < rows:
            make_category()
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/admin/marketplace/category/").status_code == 200
        numbers.append(len(asked))
    assert numbers == [4, 4]  # session, user, how many, rows
