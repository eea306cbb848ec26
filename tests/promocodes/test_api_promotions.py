"""The promotion calls of api.md over HTTP: make, list, change, approve, cancel, codes, report."""

import csv
import io
import json
from datetime import timedelta

import pytest

from marketplace import clock
from marketplace.models import ApiClient
from promocodes import issuing
from promocodes.models import CodeBatch, PromoCode, Promotion
from promocodes.terms import Limits
from tests.api import Api
from tests.factories.marketplace import make_client, make_product, make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db
NO_APPROVAL = [scope for scope in ApiClient.Scope.values if scope != "approve"]
UNKNOWN = "0190d5a0-0000-7000-8000-000000000000"


@pytest.fixture
def store(db: None):
    return make_store(ref="s1", is_verified=True)


@pytest.fixture
def shop(db: None) -> Api:
    """A key of the marketplace that may not approve."""
    return Api(make_client(name="no approval", scopes=NO_APPROVAL)[1])


def body(**fields) -> dict:
    return {
        "name": "Summer",
        "kind": "store",
        "store": "s1",
        "currency": "RUB",
        "discount": {"type": "percent", "percent": "10"},
        "code": "SUMMER10",
    } | fields


def test_the_promotion_of_the_contract(api: Api, store) -> None:
    starts = (clock.now() - timedelta(days=1)).isoformat()
    sent = {
        "name": "Summer",
        "kind": "store",
        "store": "s1",
        "currency": "RUB",
        "discount": {"type": "percent", "percent": "10", "max_discount": 50_000},
        "allocation": "across",
        "max_units_per_line": None,
        "applies_to": {
            "scope": "storewide",
            "products": [],
            "categories": [],
            "exclude_products": [],
        },
        "min_spend": 100_000,
        "min_spend_basis": "undiscounted",
        "first_order_only": False,
        "limits": {"total": 1000, "per_person": 1, "budget": 5_000_000, "budget_edge": "refuse"},
        "stacking": "default",
        "priority": 100,
        "starts_at": starts,
        "ends_at": None,
        "timezone": "Europe/Moscow",
        "share_with_affiliates": True,
        "give_back": {"unpaid": True, "cancelled": True, "refunded": False, "fraud": False},
        "code": "SUMMER10",
    }
    answer = api.post("/promotions", sent)
    assert answer.status_code == 201
    found = answer.json()
    promotion = Promotion.objects.get()
    assert found["id"] == str(promotion.pk)
    assert found["state"] == "live"
    assert found["usage"] == {
        "redeemed": 0,
        "held": 0,
        "reversed": 0,
        "taken": 0,
        "discount": 0,
        "budget_left": 5_000_000,
    }
    for name in set(sent) - {"starts_at", "applies_to", "limits", "discount"}:
        assert found[name] == sent[name], name
    assert found["discount"] == sent["discount"] | {"amount": None}
    assert found["limits"] == sent["limits"] | {"per_code": None}
    assert found["applies_to"] == sent["applies_to"] | {"stores": []}
    assert api.get(f"/promotions/{promotion.pk}").json() == found


def test_the_least_that_makes_a_promotion(api: Api, store) -> None:
    found = api.post("/promotions", body()).json()
    assert found["give_back"] == {
        "unpaid": True,
        "cancelled": True,
        "refunded": False,
        "fraud": False,
    }
    assert (found["allocation"], found["stacking"], found["priority"]) == (
        "across",
        "default",
        100,
    )
    assert (found["min_spend"], found["ends_at"], found["share_with_affiliates"]) == (
        0,
        None,
        False,
    )


def test_a_sellers_code_waits_until_a_key_that_may_approves(api: Api, shop: Api, store) -> None:
    made = shop.post("/promotions", body()).json()
    assert made["state"] == "pending_approval"
    path = f"/promotions/{made['id']}/approve"
    assert shop.post(path).status_code == 403
    for _ in range(2):
        approved = api.post(path)
        assert (approved.status_code, approved.json()["state"]) == (200, "live")
    platform = body(kind="platform", store=None, code="ALL")
    assert shop.post("/promotions", platform).json()["state"] == "live"


def test_what_was_approved_is_not_changed_without_approval(api: Api, shop: Api, store) -> None:
    path = f"/promotions/{shop.post('/promotions', body()).json()['id']}"
    change = {"discount": {"percent": "90"}}
    assert shop.patch(path, {"discount": {"percent": "20"}}).status_code == 200
    api.post(f"{path}/approve")
    refused = shop.patch(path, change)
    assert (refused.status_code, refused.json()["code"]) == (409, "terms_frozen")
    assert refused.json()["fields"] == ["discount.percent"]
    assert api.get(path).json()["discount"]["percent"] == "20"
    assert shop.patch(path, {"name": "Still ours", "limits": {"total": None}}).status_code == 200
    assert api.patch(path, change).status_code == 200
    platform = shop.post("/promotions", body(kind="platform", store=None, code="ALL")).json()
    assert shop.patch(f"/promotions/{platform['id']}", change).status_code == 200


def test_states_by_time_and_the_filter(api: Api, shop: Api, store) -> None:
    now = clock.now()
    windows = {
        "scheduled": (now + timedelta(days=1), None),
        "live": (now - timedelta(days=1), now + timedelta(days=1)),
        "ended": (now - timedelta(days=2), now - timedelta(days=1)),
    }
    made = {}
    for state, (starts, ends) in windows.items():
        sent = body(code=state.upper(), starts_at=starts.isoformat())
        sent["ends_at"] = ends.isoformat() if ends else None
        made[state] = api.post("/promotions", sent).json()
        assert made[state]["state"] == state
    made["pending_approval"] = shop.post("/promotions", body(code="WAITS")).json()
    made["cancelled"] = api.post("/promotions", body(code="GONE")).json()
    api.post(f"/promotions/{made['cancelled']['id']}/cancel")
    for state, promotion in made.items():
        found = api.get("/promotions", state=state).json()["results"]
        assert [(one["id"], one["state"]) for one in found] == [(promotion["id"], state)]
    approved = api.get("/promotions", state="approved", store="s1").json()["results"]
    assert {one["state"] for one in approved} == {"scheduled", "live", "ended"}
    assert api.get("/promotions", store="nosuch").json()["results"] == []
    assert api.get("/promotions", state="nonsense").status_code == 400


def test_pages_follow_each_other(api: Api, store, django_assert_max_num_queries) -> None:
    ids = [api.post("/promotions", body(code=f"C{n}")).json()["id"] for n in range(5)]
    seen, path = [], "/promotions?limit=2"
    while path:
        with django_assert_max_num_queries(8):
            answer = api.get(path).json()
        seen += [one["id"] for one in answer["results"]]
        path = answer["next"]
    assert seen == ids[::-1]


@pytest.mark.parametrize("name", ["state", "limit", "cursor", "store", "kind"])
def test_a_parameter_that_stands_twice_is_refused(api: Api, store, name: str) -> None:
    answer = api.get(f"/promotions?{name}=live&{name}=ended")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])


def test_terms_of_a_live_promotion_change_by_a_new_version(api: Api, store) -> None:
    made = api.post("/promotions", body(limits={"total": 5, "per_person": 1})).json()
    path = f"/promotions/{made['id']}"
    changed = api.patch(path, {"discount": {"type": "fixed", "amount": 500}, "name": "Autumn"})
    assert changed.status_code == 200
    found = changed.json()
    assert (found["terms_version"], found["name"], found["discount"]["amount"]) == (
        2,
        "Autumn",
        500,
    )
    found = api.patch(path, {"limits": {"total": 10}}).json()
    assert (found["terms_version"], found["limits"]["total"], found["limits"]["per_person"]) == (
        2,
        10,
        1,
    )
    found = api.patch(path, {"limits": {"per_person": None}}).json()
    assert (found["limits"]["total"], found["limits"]["per_person"]) == (10, None)
    found = api.patch(path, {"give_back": {"refunded": True}}).json()
    assert found["give_back"] == {
        "unpaid": True,
        "cancelled": True,
        "refunded": True,
        "fraud": False,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"share_with_affiliates": True},
        {"currency": "USD"},
        {"kind": "social"},
        {"store": "s2"},
    ],
)
def test_what_is_frozen_can_not_be_changed(api: Api, store, change: dict) -> None:
    make_store(ref="s2")
    made = api.post("/promotions", body()).json()
    path = f"/promotions/{made['id']}"
    answer = api.patch(path, change | {"name": "Other"})
    assert (answer.status_code, answer.json()["code"]) == (422, "frozen")
    assert answer.json()["fields"] == list(change)
    assert api.get(path).json() == made
    (name,) = change
    assert api.patch(path, {name: made[name]}).status_code == 200


def test_a_limit_is_not_cut_below_what_is_used(api: Api, store) -> None:
    made = api.post("/promotions", body(limits={"total": 5})).json()
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 1}
    for n in range(2):
        cart = {"currency": "RUB", "lines": [line], "codes": ["SUMMER10"], "order_ref": f"o{n}"}
        assert api.post("/redemptions", cart).status_code == 201
    path = f"/promotions/{made['id']}"
    answer = api.patch(path, {"limits": {"total": 1}})
    assert (answer.status_code, answer.json()["code"]) == (409, "limit_below_use")
    answer = api.patch(path, {"limits": {"budget": 199}})
    assert (answer.status_code, answer.json()["code"]) == (409, "limit_below_use")
    found = api.patch(path, {"limits": {"total": 2, "budget": 200}}).json()
    assert found["usage"] == {
        "redeemed": 2,
        "held": 0,
        "reversed": 0,
        "taken": 2,
        "discount": 200,
        "budget_left": 0,
    }


@pytest.mark.parametrize("act", ["approve", "cancel"])
@pytest.mark.parametrize("said", [{"magic": 1}, [], "", 0, None])
def test_what_an_act_does_not_know_is_refused(
    api: Api, shop: Api, store, act: str, said: object
) -> None:
    path = f"/promotions/{shop.post('/promotions', body()).json()['id']}"
    assert api.post(f"{path}/{act}", json.dumps(said)).status_code == 400
    assert api.get(path).json()["state"] == "pending_approval"
    assert api.post(f"{path}/{act}", {}).status_code == 200


def test_cancelled_for_good(api: Api, store) -> None:
    made = api.post("/promotions", body()).json()
    path = f"/promotions/{made['id']}"
    for _ in range(2):
        answer = api.post(f"{path}/cancel", {"reason": "out of stock"})
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    for answer in (api.post(f"{path}/approve"), api.patch(path, {"name": "Again"})):
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
        assert answer.json()["state"] == "cancelled"
    assert api.post(f"{path}/approve").json()["starts_from"] == ["pending_approval"]


def test_unique_codes_come_in_the_background(api: Api, store) -> None:
    sent = body(code=None, codes={"count": 250, "pattern": "FR-########"})
    made = api.post("/promotions", sent).json()
    path = f"/promotions/{made['id']}"
    assert made["codes"] == {
        "count": 250,
        "made": 0,
        "pattern": "FR-########",
        "state": "waiting",
    }
    assert made["code"] is None
    assert made["limits"]["per_code"] == 1
    issuing.make_due()
    assert api.get(path).json()["codes"]["made"] == 250
    seen, page = [], f"{path}/codes?limit=100"
    while page:
        answer = api.get(page).json()
        seen += [one["code"] for one in answer["results"]]
        page = answer["next"]
    assert len(set(seen)) == 250
    sheet = api.get(f"{path}/codes.csv")
    assert sheet["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(sheet.streaming_content).decode())))
    assert [row["code"] for row in rows] == seen


def test_a_unique_code_works_once_unless_said_otherwise(api: Api, store) -> None:
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 1}
    for limits, second in (({}, 409), ({"per_code": None}, 201), ({"per_code": 2}, 201)):
        made = api.post("/promotions", body(code=None, codes={"count": 1}, limits=limits)).json()
        issuing.make_due()
        (code,) = api.get(f"/promotions/{made['id']}/codes").json()["results"]
        cart = {"currency": "RUB", "lines": [line], "codes": [code["code"]]}
        for n, status in ((1, 201), (2, second)):
            sent = cart | {"order_ref": f"{made['id']}-{n}"}
            assert api.post("/redemptions", sent).status_code == status


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"codes": {"count": 1000, "pattern": "A-#"}, "code": None}, 422, "pattern_unfit"),
        ({"codes": {"count": 1000, "pattern": "plain"}, "code": None}, 422, "pattern_unfit"),
        ({"code": "a b/c"}, 422, "code_unfit"),
        ({"code": "TAKEN"}, 409, "code_taken"),
        ({"store": "nosuch"}, 404, "not_found"),
    ],
)
def test_what_can_not_be_made_leaves_nothing(
    api: Api, store, change: dict, status: int, code: str
) -> None:
    make_promotion(store=store, code="TAKEN")
    answer = api.post("/promotions", body(**change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Promotion.objects.count() == 1
    assert not CodeBatch.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"discount": {"type": "percent"}}, "discount.percent"),
        ({"discount": {"type": "percent", "percent": 10}}, "discount.percent"),
        ({"discount": {"type": "percent", "percent": "101"}}, "discount.percent"),
        ({"discount": {"type": "percent", "percent": "0"}}, "discount.percent"),
        ({"discount": {"type": "fixed", "amount": 0}}, "discount.amount"),
        ({"discount": {"type": "fixed", "percent": "10", "amount": 5}}, "discount.percent"),
        ({"discount": {"type": "half"}}, "discount.type"),
        ({"applies_to": {"scope": "products"}}, "applies_to.products"),
        ({"applies_to": {"scope": "storewide", "products": ["p1"]}}, "applies_to.products"),
        ({"limits": {"total": 0}}, "limits.total"),
        ({"limits": {"per_person": 1001}}, "limits.per_person"),
        ({"min_spend": -1}, "min_spend"),
        ({"starts_at": "2026-12-01T00:00:00"}, "starts_at"),
        ({"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),  # it would start now
        ({"timezone": "Moscow"}, "timezone"),
        ({"kind": "magic"}, "kind"),
        ({"store": None}, "store"),
        ({"kind": "platform"}, "store"),
        ({"kind": "platform", "store": None, "stores": ["nosuch"]}, "applies_to.stores"),
        ({"stores": ["s1"]}, "applies_to.stores"),
        ({"codes": {"count": 5}}, "codes"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "a\x1b[31mb"}, "name"),
        ({"name": "a\x85b"}, "name"),
        ({"name": " \t"}, "name"),
        ({"codes": {"count": 0}, "code": None}, "codes.count"),
        ({"magic": 1}, "magic"),
    ],
)
def test_what_is_not_right_is_named_by_field(api: Api, store, change: dict, field: str) -> None:
    answer = api.post("/promotions", body(**change))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("change", "told", "extra"),
    [
        (
            {"code": "a b/c"},
            "'a b/c' can't be a code: use 1 to 64 letters and digits, with - _ . between them.",
            {"word": "a b/c"},
        ),
        (
            {"codes": {"count": 1000, "pattern": "fr-##"}, "code": None},
            "'FR-##' has room for 10 codes, not for 1000: use more #, such as FR-####.",
            {"room": 10},
        ),
        (
            {"codes": {"count": 1, "pattern": "plain"}, "code": None},
            "'PLAIN' has room for 0 codes, not for 1: use more #, such as PLAN-##.",
            {"room": 0},
        ),
        (
            {"codes": {"count": 1, "pattern": "-###"}, "code": None},
            (
                "'-###' can't be a pattern: use letters, digits and #, each of which becomes a"
                " random symbol, with - _ . between them; 64 in all."
            ),
            {"room": 0},
        ),
    ],
)
def test_a_refusal_says_what_would_do(api: Api, store, change, told: str, extra: dict) -> None:
    found = api.post("/promotions", body(**change)).json()
    assert found["detail"] == told
    assert {name: found[name] for name in extra} == extra


def test_a_platform_code_over_some_stores(api: Api, store) -> None:
    make_store(ref="s2")
    sent = body(kind="platform", store=None, stores=["s1"], code="BOTH")
    found = api.post("/promotions", sent).json()
    assert (found["stores"], found["store"]) == (["s1"], None)
    lines = [{"ref": ref, "store": ref, "unit_price": 1_000, "quantity": 1} for ref in ("s1", "s2")]
    quote = api.post("/quotes", {"currency": "RUB", "lines": lines, "codes": ["BOTH"]}).json()
    assert [line["discount"] for line in quote["lines"]] == [100, 0]


def test_a_scope_may_be_left_to_what_is_named(api: Api, store) -> None:
    made = api.post("/promotions", body(applies_to={"products": ["p1"]})).json()
    assert made["applies_to"]["scope"] == "products"


class TestSellersOwnKey:
    """A key bound to one store."""

    @pytest.fixture
    def own(self, store) -> Api:
        return Api(make_client(name="own", store=store, scopes=NO_APPROVAL)[1])

    def test_it_makes_codes_of_that_store_only(self, own: Api) -> None:
        other = make_store(ref="s2")
        assert own.post("/promotions", body(store=None)).json()["store"] == "s1"
        foreign = own.post("/promotions", body(store=other.ref, code="X1"))
        missing = own.post("/promotions", body(store="nosuch", code="X1"))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
        platform = own.post("/promotions", body(kind="platform", store=None, code="X2"))
        assert platform.status_code == 403
        assert Promotion.objects.count() == 1

    def test_another_stores_product_is_unknown(self, own: Api) -> None:
        foreign = make_product(store=make_store())
        answer = own.post("/promotions", body(applies_to={"products": [foreign.ref]}))
        assert answer.status_code == 400
        assert answer.json()["errors"] == {
            "applies_to.products": [f"Unknown product: {foreign.ref}"]
        }

    def test_foreign_promotions_are_missing(self, own: Api) -> None:
        foreign = make_promotion(code="THEIRS", needs_approval=True)
        assert own.get("/promotions").json()["results"] == []
        bold = Api(make_client(name="bold", store=make_store())[1])
        for client in (own, bold):
            for act in (
                lambda path, client=client: client.get(path),
                lambda path, client=client: client.patch(path, {"name": "Mine"}),
                lambda path, client=client: client.post(f"{path}/cancel"),
                lambda path, client=client: client.get(f"{path}/codes"),
                lambda path, client=client: client.get(f"{path}/codes.csv"),
                lambda path, client=client: client.get(f"{path}/report"),
                lambda path, client=client: client.get(f"{path}/report.csv"),
            ):
                one, other = act(f"/promotions/{foreign.pk}"), act(f"/promotions/{UNKNOWN}")
                assert one.status_code == other.status_code == 404
                assert one.content == other.content
        assert bold.post(f"/promotions/{foreign.pk}/approve").status_code == 404
        foreign.refresh_from_db()
        assert foreign.status == "pending_approval"

    def test_it_may_only_widen_what_is_approved(self, own: Api, api: Api) -> None:
        made = own.post("/promotions", body(limits={"total": 5})).json()
        path = f"/promotions/{made['id']}"
        assert own.patch(path, {"min_spend": 5}).status_code == 200
        api.post(f"{path}/approve")
        answer = own.patch(path, {"discount": {"type": "percent", "percent": "90"}})
        assert (answer.status_code, answer.json()["code"]) == (409, "terms_frozen")
        assert answer.json()["fields"] == ["discount.percent"]
        sent = {"limits": {"total": 4}, "ends_at": "2090-01-01T00:00:00Z", "priority": 3}
        found = own.patch(path, sent | {"applies_to": {"products": ["p1"]}}).json()
        assert sorted(found["fields"]) == [
            "applies_to.products",
            "applies_to.scope",
            "ends_at",
            "limits.total",
            "priority",
        ]
        assert own.patch(path, {"limits": {"total": 6}}).status_code == 200

    def test_sharing_is_offered_to_verified_stores_only(self) -> None:
        shy = make_store(ref="shy")
        client = Api(make_client(name="shy", store=shy)[1])
        answer = client.post("/promotions", body(store="shy", share_with_affiliates=True))
        assert (answer.status_code, answer.json()["code"]) == (422, "sharing_not_offered")


@pytest.mark.parametrize(("shared", "cell"), [(True, "Y"), (False, None)])
def test_the_report_shows_who_referred_only_if_shared(
    api: Api, store, shared: bool, cell: str | None
) -> None:
    promotion = make_promotion(store=store, code="OWN", share_with_affiliates=shared)
    held = issuing.issue(promotion_id=promotion.pk, at=clock.now(), holder=make_user()).code
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 2}
    for order, code in (("o1", "OWN"), ("o2", held)):
        cart = {"currency": "RUB", "lines": [line], "codes": [code], "order_ref": order}
        redemption = api.post("/redemptions", cart).json()
    reversal = {"reversal_ref": "r1", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    api.post(f"/redemptions/{redemption['id']}/reversals", reversal)
    path = f"/promotions/{promotion.pk}/report"
    report = api.get(path).json()
    referred = {"referred_uses": 1, "referred_sales": 900} if shared else {}
    assert (
        report["totals"]
        == {
            "uses": 2,
            "reversed": 0,
            "sales": 2_700,
            "discount": 300,
        }
        | referred
    )
    assert [code["code"] for code in report["codes"]] == ["OWN", held]
    sheet = b"".join(api.get(f"{path}.csv").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(sheet)))
    columns = ("Order", "Sales, minor units", "Discount, minor units", "Currency")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("o1", "1800", "200", "RUB"),
        ("o2", "900", "100", "RUB"),
    ]
    assert rows[1].get("Referred by Associate/Influencer") == cell
    assert ("Referred" in sheet) == shared


def test_usage_counts_every_state(api: Api, store) -> None:
    promotion = make_promotion(
        store=store, code="TEN", limits=Limits(budget_minor=10_000), terms=make_terms()
    )
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 2}
    cart = {"currency": "RUB", "lines": [line], "codes": ["TEN"]}
    ids = [api.post("/redemptions", cart | {"order_ref": f"o{n}"}).json()["id"] for n in range(3)]
    api.post("/reservations", cart)
    released = api.post("/reservations", cart).json()["id"]
    api.delete(f"/reservations/{released}")
    api.post(f"/redemptions/{ids[0]}/reversals", {"reversal_ref": "r", "cause": "cancelled"})
    part = {"reversal_ref": "r", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    api.post(f"/redemptions/{ids[1]}/reversals", part)
    assert api.get(f"/promotions/{promotion.pk}").json()["usage"] == {
        "redeemed": 2,
        "held": 1,
        "reversed": 1,
        "taken": 3,
        "discount": 300,
        "budget_left": 9_500,
    }


class TestCodesOfOnesOwn:
    """`POST /promotions/{id}/codes`."""

    def test_free_words_become_codes_and_taken_ones_are_told(self, api: Api, store) -> None:
        make_promotion(code="THEIRS")
        made = api.post("/promotions", body(code=None, limits={"per_code": 1})).json()
        path = f"/promotions/{made['id']}"
        answer = api.post(f"{path}/codes", {"codes": ["one", "ONE", "two", "theirs"]})
        assert (answer.status_code, answer.json()) == (201, {"created": 2, "taken": ["THEIRS"]})
        listed = api.get(f"{path}/codes").json()["results"]
        assert {code["code"] for code in listed} == {"ONE", "TWO"}
        shown = api.get(path).json()
        assert shown["code"] is None
        assert (shown["codes"]["made"], shown["codes"]["state"]) == (2, "done")

    @pytest.mark.parametrize(
        ("codes", "status"),
        [([], 400), ([1], 400), (["A"] * 1_001, 400), ("A", 400), (["GOOD", "no way!"], 422)],
    )
    def test_a_call_is_taken_whole_or_not_at_all(self, api: Api, store, codes, status) -> None:
        made = api.post("/promotions", body(code=None)).json()
        answer = api.post(f"/promotions/{made['id']}/codes", {"codes": codes})
        assert answer.status_code == status
        assert not PromoCode.objects.exists()
        assert not CodeBatch.objects.exists()

    def test_a_repeated_call_gets_the_same_answer(self, api: Api, store) -> None:
        made = api.post("/promotions", body(code=None)).json()
        call = (f"/promotions/{made['id']}/codes", {"codes": ["ONE"]})
        first, second = (api.post(*call, key="k1") for _ in range(2))
        assert first.json() == second.json() == {"created": 1, "taken": []}

    def test_anothers_promotion_is_none(self, store) -> None:
        own = Api(make_client(name="own", store=store)[1])
        theirs = make_promotion(store=make_store())
        answer = own.post(f"/promotions/{theirs.pk}/codes", {"codes": ["ONE"]})
        assert answer.status_code == 404
        over = make_promotion(store=store, terms=make_terms(ends_at=clock.now()))
        assert own.post(f"/promotions/{over.pk}/codes", {"codes": ["ONE"]}).status_code == 409
        assert not PromoCode.objects.exists()


@pytest.mark.parametrize("path", ["", "/report", "/report.csv", "/codes.csv"])
def test_what_stands_in_the_query_of_one_thing_is_no_silence(api: Api, store, path: str) -> None:
    promotion = make_promotion(store=store, code="ONE")
    refused = api.get(f"/promotions/{promotion.pk}{path}?since=2026-01-01")
    assert (refused.status_code, refused.json()["errors"]) == (
        400,
        {"since": ["Unknown parameter."]},
    )
    assert api.get(f"/promotions/{promotion.pk}{path}?").status_code == 200
