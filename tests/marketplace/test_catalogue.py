"""Stores and products over HTTP."""

import pytest

from marketplace.models import AuditEntry, Category, Product, Store
from tests.api import Api
from tests.factories.marketplace import make_client, make_product, make_store

pytestmark = pytest.mark.django_db
STORE = {"name": "Mugs", "currency": "RUB", "country": "RU", "verified": True}


def product(ref="p1", **members):
    return {"ref": ref, "store": "s1", "name": "Mug", "price": 39_900, "currency": "RUB"} | members


def test_a_store_is_made_and_changed(api):
    answer = api.put("/stores/s1", STORE)
    known = {**STORE, "ref": "s1", "host": ""}
    assert (answer.status_code, answer.json()) == (201, known)
    assert api.get("/stores/s1").json() == known
    answer = api.put("/stores/s1", {**STORE, "name": "Cups", "host": "Shop.Example.com"})
    assert answer.status_code == 200
    assert answer.json() == {**known, "name": "Cups", "host": "shop.example.com"}
    # What is not given stays: the store is still verified.
    answer = api.put("/stores/s1", {"name": "Cups", "currency": "RUB", "country": "RU"})
    assert answer.json() == {**known, "name": "Cups", "host": "shop.example.com"}
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", "target", "actor_name")) == [
        ("store.create", "store:s1", "API client the shop"),
        ("store.change", "store:s1", "API client the shop"),
    ]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", None),
        ("currency", "RUR"),
        ("country", "ru"),
        ("country", "RUS"),
        ("country", 7),
        ("verified", "true"),
        ("verified", 1),
        ("host", "https://shop.example.com"),
        ("host", "shop.example.com:8000"),
        ("host", "shop.example.com/a"),
        ("host", "evil.com\\@shop.example.com"),
        ("host", "10.0.0.1"),
        ("host", "localhost"),
        ("colour", "red"),
    ],
)
def test_a_wrong_store_is_refused(api, member, value):
    answer = api.put("/stores/s1", {**STORE, member: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [member]
    assert not Store.objects.exists()


def test_products_are_made_then_changed(api):
    make_store(ref="s1")
    url = "https://shop.example.com/p1"
    answer = api.put("/products", {"products": [product(category="mugs", url=url), product("p2")]})
    assert (answer.status_code, answer.json()) == (200, {"created": 2, "updated": 0})
    assert Category.objects.get().name == "mugs"
    answer = api.put("/products", {"products": [product("p2", price=5), product("p3")]})
    assert answer.json() == {"created": 1, "updated": 1}
    assert api.get("/products").json() == {
        "results": [
            product(category="mugs", url=url, image_url="", active=True),
            product("p2", price=5, category=None, url="", image_url="", active=True),
            product("p3", category=None, url="", image_url="", active=True),
        ],
        "next": None,
    }


def test_products_can_be_put_back_as_they_are_listed(api):
    make_store(ref="s1")
    api.put("/products", {"products": [product(category="mugs"), product("p2")]})
    listed = api.get("/products").json()["results"]
    answer = api.put("/products", {"products": listed})
    assert (answer.status_code, answer.json()) == (200, {"created": 0, "updated": 2})
    assert api.get("/products").json()["results"] == listed


def test_a_product_stays_inactive_until_it_is_said_otherwise(api):
    make_store(ref="s1")
    for given, active in (({"active": False}, False), ({}, False), ({"active": True}, True)):
        api.put("/products", {"products": [product(**given)]})
        assert Product.objects.get().is_active is active


def test_an_unchanged_product_is_not_written(api):
    make_store(ref="s1")
    api.put("/products", {"products": [product()]})
    before = Product.objects.values().get()
    answer = api.put("/products", {"products": [product()]})
    assert answer.json() == {"created": 0, "updated": 1}
    assert Product.objects.values().get() == before


def test_a_thousand_products_cost_a_few_statements(api, django_assert_num_queries):
    make_store(ref="s1")
    body = {"products": [product(f"p{n}", category=f"c{n % 7}") for n in range(1000)]}
    api.get("/products")
    with django_assert_num_queries(9):
        assert api.put("/products", body).json() == {"created": 1000, "updated": 0}
    with django_assert_num_queries(7):
        assert api.put("/products", body).json() == {"created": 0, "updated": 1000}


@pytest.mark.parametrize("count", [0, 1001])
def test_one_to_a_thousand_products(api, count):
    make_store(ref="s1")
    body = {"products": [product(f"p{n}") for n in range(count)]}
    answer = api.put("/products", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["products"])
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"price": -1}, "products.1.price"),
        ({"price": 10**12}, "products.1.price"),
        ({"price": 1.5}, "products.1.price"),
        ({"price": "100"}, "products.1.price"),
        ({"currency": "XXX"}, "products.1.currency"),
        ({"ref": "p 1"}, "products.1.ref"),
        ({"ref": "p0"}, "products.1.ref"),
        ({"url": "javascript:alert(1)"}, "products.1.url"),
        ({"url": "//evil.example.com"}, "products.1.url"),
        ({"image_url": "ftp://shop.example.com/a.png"}, "products.1.image_url"),
        ({"name": ""}, "products.1.name"),
        ({"active": "yes"}, "products.1.active"),
        ({"size": "XL"}, "products.1.size"),
    ],
)
def test_one_wrong_product_refuses_them_all(api, members, field):
    make_store(ref="s1")
    answer = api.put("/products", {"products": [product("p0"), product("p1") | members]})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Product.objects.exists()


def test_a_product_of_an_unknown_store_is_refused(api):
    make_store(ref="s1")
    body = {"products": [product("p0"), product("p1", store="nowhere")]}
    answer = api.put("/products", body)
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["store"]) == ("unknown_store", "nowhere")
    assert not Product.objects.exists()


def test_a_product_keeps_its_store(api):
    make_store(ref="s1")
    owned = make_product(store=make_store(ref="s2"), ref="p1", name="Owned")
    answer = api.put("/products", {"products": [product("p0"), product("p1")]})
    assert answer.status_code == 422
    assert answer.json()["code"] == "product_of_another_store"
    owned.refresh_from_db()
    assert owned.name == "Owned"
    assert Product.objects.count() == 1


def test_pages_follow_one_another_and_end(api, django_assert_num_queries):
    store, other = make_store(ref="s1"), make_store(ref="s2")
    for number in range(7):
        make_product(store=store, ref=f"p{number}")
    make_product(store=other, ref="p55")
    api.get("/products")
    seen, path = [], "/products?store=s1&limit=3"
    while path:
        with django_assert_num_queries(2):
            answer = api.get(path).json()
        seen.append([item["ref"] for item in answer["results"]])
        path = answer["next"]
    assert seen == [["p0", "p1", "p2"], ["p3", "p4", "p5"], ["p6"]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=1.5",
        "limit=%D9%A1",
        "limit=" + "9" * 5000,
        "cursor=!!",
        "cursor=bnVsbA",
        "cursor=WzFd",
        "cursor=" + "A" * 3000,
        "store=a%00b",
        "store=%27%20OR%201=1",
        "category=" + "c" * 65,
        "price=5",
        "store__name=x",
    ],
)
def test_a_wrong_query_is_refused(api, query):
    answer = api.get(f"/products?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


class TestAStoresOwnKey:
    @pytest.fixture
    def own(self):
        store = make_store(ref="s1", name="Mugs", is_verified=False)
        return Api(make_client(store=store)[1])

    @pytest.fixture
    def foreign(self):
        return make_product(store=make_store(ref="s2"), ref="p9")

    def test_puts_and_lists_its_products(self, own, foreign):
        answer = own.put("/products", {"products": [product("p1")]})
        assert answer.json() == {"created": 1, "updated": 0}
        assert [item["ref"] for item in own.get("/products").json()["results"]] == ["p1"]
        assert own.get("/products?store=s2").json()["results"] == []

    def test_does_not_touch_another_store(self, own, foreign):
        missing = own.put("/stores/none", STORE)
        assert own.put("/stores/s2", STORE).content == missing.content
        assert own.get("/stores/s2").content == own.get("/stores/none").content
        assert missing.status_code == own.get("/stores/s2").status_code == 404
        for store in ("s2", "nowhere"):
            answer = own.put("/products", {"products": [product("p1", store=store)]})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        taken = own.put("/products", {"products": [product("p9")]})
        assert taken.json()["code"] == "product_of_another_store"
        assert Product.objects.get() == foreign
        assert Store.objects.count() == 2

    def test_does_not_make_itself_trusted(self, own):
        facts = {"name": "Mugs", "currency": "RUB", "country": "RU"}
        assert own.put("/stores/s1", facts | {"name": "Cups"}).status_code == 200
        for trust in ({"verified": True}, {"host": "evil.example.com"}, {"currency": "USD"}):
            answer = own.put("/stores/s1", facts | trust)
            assert (answer.status_code, answer.json()["code"]) == (403, "only_the_marketplace")
            assert [answer.json()["field"]] == list(trust)
        store = Store.objects.get()
        assert (store.name, store.is_verified, store.host, store.currency) == (
            "Cups",
            False,
            "",
            "RUB",
        )


def test_a_key_without_the_scope_is_let_in_nowhere():
    api = Api(make_client(scopes=["orders", "checkout", "promotions", "approve", "reports"])[1])
    for answer in (api.get("/products"), api.put("/stores/s1", STORE), api.get("/stores/s1")):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Store.objects.exists()
