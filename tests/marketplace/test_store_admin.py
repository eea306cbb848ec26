"""The base of the sellers' admins, rule by rule (tests/test_doors_tenancy.py tries it whole)."""

from typing import Any, ClassVar

import pytest
from django import forms
from django.contrib.admin import AdminSite, AllValuesFieldListFilter, RelatedFieldListFilter
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import isolate_apps
from unfold.admin import TabularInline

from marketplace.access import (
    EVERYONE,
    StoreScopedAdmin,
    StoreScopedTabularInline,
    is_seller,
)
from marketplace.models import Category, Order, OrderLine, Product, Store, StoreMember, User
from tests.factories.marketplace import make_order, make_product, make_store, make_user
from tests.sites import site_of

pytestmark = pytest.mark.django_db


class ProductAdmin(StoreScopedAdmin):
    """Every permission open."""

    store_path = "store"
    choices_from: ClassVar = {"category": EVERYONE}
    allow_add = allow_change = allow_delete = True
    list_filter = ("store", "is_active")
    fields = ("store", "ref", "name", "price_minor", "currency")


def asked_by(user: User, **query: str) -> HttpRequest:
    request = RequestFactory().get("/", query)
    request.user = user
    return request


def admin_of(model: Any, **options: Any) -> StoreScopedAdmin:
    return type("Made", (StoreScopedAdmin,), options)(model, AdminSite(name="own"))


@pytest.fixture
def alice() -> User:
    """The owner of one store."""
    user = make_user()
    make_store(owner=user, name="Alice's")
    return user


def test_a_page_asks_once_who_works_in_a_store(alice, django_assert_num_queries) -> None:
    request = asked_by(alice)
    with django_assert_num_queries(1):
        assert all(is_seller(request) for _ in range(9))
    StoreMember.objects.all().delete()
    assert not is_seller(asked_by(alice)), "the next page asks anew"
    request.user = make_user()
    assert not is_seller(request), "and so does another user's, if one signs in meanwhile"


# --- refused when registered ---------------------------------------------------------------------
class BareInline(TabularInline):
    model = OrderLine


class LostInline(StoreScopedTabularInline):
    model = OrderLine


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (Product, {}, "store_path"),
        (Product, {"store_path": EVERYONE}, "store_path"),
        (Product, {"store_path": "category"}, "doesn't lead to a store"),
        (OrderLine, {"store_path": "store", "allow_add": True}, "choices_from must say .*'order'"),
        (
            Product,
            {"store_path": "store", "allow_change": True},
            "choices_from must say .*'category'",
        ),
        (
            Product,
            {"store_path": "store", "has_change_permission": lambda self, r, o=None: True},
            "choices_from must say .*'category'",
        ),
        (Product, {"store_path": "store", "list_filter": ("category__name",)}, "other stores"),
        (
            Product,
            {"store_path": "store", "list_filter": (("category", RelatedFieldListFilter),)},
            "other stores",
        ),
        (
            Product,
            {"store_path": "store", "list_filter": (("category__ref", AllValuesFieldListFilter),)},
            "other stores",
        ),
        (Order, {"store_path": "lines__store", "inlines": [BareInline]}, "StoreScoped…Inline"),
        (Order, {"store_path": "lines__store", "inlines": [LostInline]}, "store_path"),
    ],
)
def test_admin_that_does_not_say_whose_rows_is_refused(
    model: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        admin_of(model, **options)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (Product, {"store_path": "store"}),
        (Store, {"store_path": "pk"}),
        (OrderLine, {"store_path": "store", "list_filter": ("order", "store")}),
        (Product, {"store_path": "store", "allow_change": True, "fields": ("name",)}),
        (Product, {"store_path": "store", "allow_change": True, "exclude": ("category",)}),
        (Product, {"store_path": "store", "allow_add": True, "readonly_fields": ("category",)}),
        (Product, {"store_path": "store", "list_filter": ("name", "is_active", "updated_at")}),
    ],
)
def test_admin_that_says_it_is_taken(model: Any, options: dict[str, Any]) -> None:
    assert admin_of(model, **options)


# --- whose rows ----------------------------------------------------------------------------------
def test_rows_of_a_shared_object_show_once(alice: User) -> None:
    store, other = Store.objects.get(), make_store()
    mine = make_order(lines=[{"store": store}, {"store": store}, {"store": other}])
    make_order(lines=[{"store": other}])
    page = admin_of(Order, store_path="lines__store")
    assert list(page.get_queryset(asked_by(alice))) == [mine]


def test_only_the_lines_of_the_own_store_stand_in_an_order(
    client: Client, alice: User, settings: Any
) -> None:
    class Lines(StoreScopedTabularInline):
        model = OrderLine
        store_path = "store"
        fields = ("ref", "product_ref")

    class OrderAdmin(StoreScopedAdmin):
        store_path = "lines__store"
        inlines = (Lines,)
        fields = ("ref",)

    site_of(settings, {Order: OrderAdmin})
    order = make_order(
        lines=[
            {"store": Store.objects.get(), "product_ref": "mine-1"},
            {"store": make_store(), "product_ref": "theirs-1"},
        ]
    )
    client.force_login(alice)
    page = client.get(f"/own/marketplace/order/{order.pk}/change/").content.decode()
    assert "mine-1" in page
    assert "theirs-1" not in page


def test_permission_follows_the_row(alice: User) -> None:
    page = ProductAdmin(Product, AdminSite(name="own"))
    mine, theirs = make_product(store=Store.objects.get()), make_product(store=make_store())
    request = asked_by(alice)
    for act in ("view", "change", "delete"):
        allowed = getattr(page, f"has_{act}_permission")
        assert allowed(request)
        assert allowed(request, mine)
        assert allowed(request, str(mine.pk))  # the theme passes keys as they stand in the address
        assert not allowed(request, theirs)
        assert not allowed(request, str(theirs.pk))
        assert not allowed(request, "nonsense")
    nobody = asked_by(make_user())
    assert not page.has_view_permission(nobody)
    assert not page.has_add_permission(nobody)
    assert not page.has_module_permission(nobody)


# --- forms ---------------------------------------------------------------------------------------
def test_new_row_gets_the_only_store(client: Client, alice: User, settings: Any) -> None:
    site_of(settings, {Product: ProductAdmin})
    client.force_login(alice)
    form = client.get("/own/marketplace/product/add/").context["adminform"].form
    assert "store" not in form.fields
    data = {"ref": "cup", "name": "Cup", "price_minor": 100, "currency": "RUB"}
    theirs = make_store()
    client.post("/own/marketplace/product/add/", {**data, "store": theirs.pk})
    assert Product.objects.get().store.name == "Alice's"


def test_member_of_several_stores_chooses_among_them(
    client: Client, alice: User, settings: Any
) -> None:
    site_of(settings, {Product: ProductAdmin})
    second, theirs = make_store(owner=alice), make_store()
    client.force_login(alice)
    data = {"ref": "cup", "name": "Cup", "price_minor": 100, "currency": "RUB"}
    for choice in ("", theirs.pk):
        response = client.post("/own/marketplace/product/add/", {**data, "store": choice})
        assert "store" in response.context["adminform"].form.errors
        assert not Product.objects.exists()
    client.post("/own/marketplace/product/add/", {**data, "store": second.pk})
    assert Product.objects.get().store == second


def test_row_never_moves_to_another_store(client: Client, alice: User, settings: Any) -> None:
    site_of(settings, {Product: ProductAdmin})
    first, second = Store.objects.get(), make_store(owner=alice)
    product = make_product(store=first, name="Cup")
    client.force_login(alice)
    data = {"ref": "cup", "name": "Mug", "price_minor": 100, "currency": "RUB", "store": second.pk}
    client.post(f"/own/marketplace/product/{product.pk}/change/", data)
    product.refresh_from_db()
    assert (product.name, product.store) == ("Mug", first)


def test_choice_that_a_form_declares_is_scoped_too(alice: User) -> None:
    class PickForm(forms.ModelForm):
        twin = forms.ModelChoiceField(Product.objects.all())
        twins = forms.ModelMultipleChoiceField(Product.objects.all())

    options = {"form": PickForm, "allow_change": True, "fields": ("name", "twin", "twins")}
    page = admin_of(Product, store_path="store", **options)
    mine, theirs = make_product(store=Store.objects.get()), make_product(store=make_store())
    form = page.get_form(asked_by(alice), mine, change=True)
    for data, good in ((mine, True), (theirs, False)):
        sent = form({"name": "x", "twin": data.pk, "twins": [data.pk]}, instance=mine)
        assert ("twin" not in sent.errors, "twins" not in sent.errors) == (good, good)
    assert PickForm.base_fields["twin"].queryset.count() == 2  # the class itself is not narrowed


def test_choice_of_unknown_scope_is_empty(alice: User) -> None:
    class PickForm(forms.ModelForm):
        friend = forms.ModelChoiceField(User.objects.all())

    options = {"form": PickForm, "allow_change": True, "fields": ("name", "friend")}
    page = admin_of(Product, store_path="store", **options)
    form = page.get_form(asked_by(alice), change=True)()
    assert not form.fields["friend"].queryset.exists()


@isolate_apps("marketplace")
@pytest.mark.parametrize(
    "widget", [{}, {"raw_id_fields": ("items",)}, {"filter_horizontal": ("items",)}]
)
def test_many_to_many_offers_and_takes_own_rows_only(widget: dict[str, Any], alice: User) -> None:
    class Bundle(models.Model):
        store = models.ForeignKey(Store, models.CASCADE)
        items = models.ManyToManyField(Product)

        class Meta:
            app_label = "marketplace"

        def __str__(self) -> str:
            return "bundle"

    page = admin_of(Bundle, store_path="store", allow_add=True, **widget)
    mine, theirs = make_product(store=Store.objects.get()), make_product(store=make_store())
    form = page.get_form(asked_by(alice))
    assert list(form().fields["items"].queryset) == [mine]
    pick = (lambda pk: [pk]) if not widget.get("raw_id_fields") else (lambda pk: [str(pk)])
    assert "items" not in form({"items": pick(mine.pk)}).errors
    assert "items" in form({"items": pick(theirs.pk)}).errors


@pytest.mark.parametrize("value", ["0", "nonsense", ""])
def test_first_value_that_nobody_has_is_dropped(value: str, alice: User) -> None:
    make_store(owner=alice)
    page = ProductAdmin(Product, AdminSite(name="own"))
    request = asked_by(alice, store=value, name="Cup")
    assert page.get_changeform_initial_data(request) == {"name": "Cup"}


def test_first_value_of_the_own_store_stays(alice: User) -> None:
    store = make_store(owner=alice)
    page = ProductAdmin(Product, AdminSite(name="own"))
    request = asked_by(alice, store=str(store.pk))
    assert page.get_changeform_initial_data(request) == {"store": str(store.pk)}


# --- lists ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lookup", "allowed"),
    [
        ("store__id__exact", True),
        ("store", True),
        ("store__isnull", True),
        ("is_active__exact", True),
        ("name__startswith", False),
        ("store__host__startswith", False),
        ("category__name__startswith", False),
        ("price_minor__gt", False),
    ],
)
def test_address_may_ask_only_what_a_filter_offers(lookup: str, allowed: bool) -> None:
    page = ProductAdmin(Product, AdminSite(name="own"))
    assert page.lookup_allowed(lookup, "x", None) is allowed


# --- deletion ------------------------------------------------------------------------------------
def test_deletion_names_own_rows_and_refuses_to_take_others_along(alice: User) -> None:
    site = AdminSite(name="own")
    site.register(
        Store, type("Stores", (StoreScopedAdmin,), {"store_path": "pk", "allow_delete": True})
    )
    page = site._registry[Store]
    store = Store.objects.get()
    request = asked_by(alice)
    shown, kinds, foreign, protected = page.get_deleted_objects([store], request)
    assert len(shown) == 1
    assert shown[0].endswith(": Alice's")
    assert kinds == {
        str(Store._meta.verbose_name_plural): 1,
        str(StoreMember._meta.verbose_name_plural): 1,
    }
    assert foreign == {str(StoreMember._meta.verbose_name)}
    assert protected == []
    make_product(store=store, name="Secret cup")
    shown, _, _, protected = page.get_deleted_objects([store], request)
    assert protected == [str(Product._meta.verbose_name_plural)]
    assert "Secret cup" not in str(shown)


def test_deletion_of_another_stores_row_answers_as_for_none(
    client: Client, alice: User, settings: Any
) -> None:
    site_of(settings, {Product: ProductAdmin})
    theirs = make_product(store=make_store())
    client.force_login(alice)
    for key in (theirs.pk, 0):
        response = client.post(f"/own/marketplace/product/{key}/delete/", {"post": "yes"})
        assert (response.status_code, response.headers["Location"]) == (302, "/own/")
    assert Product.objects.filter(pk=theirs.pk).exists()


def test_category_is_everyones(alice: User) -> None:
    Category.objects.create(ref="mugs", name="Mugs")
    page = admin_of(
        Product, store_path="store", choices_from={"category": EVERYONE}, allow_add=True
    )
    form = page.get_form(asked_by(alice))()
    assert [str(row) for row in form.fields["category"].queryset] == ["Mugs"]
