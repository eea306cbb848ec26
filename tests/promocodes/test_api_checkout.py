"""The checkout calls of api.md over HTTP: shapes, refusals, repetition, foreign objects."""

from datetime import timedelta

import pytest

from marketplace import clock
from marketplace.models import Order
from promocodes import issuing, promotions, throttling
from promocodes.models import Checkout, MissCount, Redemption
from promocodes.terms import Limits
from tests.api import Api
from tests.factories.marketplace import (
    make_category,
    make_client,
    make_product,
    make_store,
    make_user,
)
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db: None):
    return make_store(ref="s1")


def body(*lines: tuple[int, int], codes: list[str] | None = None, **fields) -> dict:
    """A cart of lines `(unit price, quantity)` of the store s1."""
    return {
        "currency": "RUB",
        "lines": [
            {"ref": str(n), "product": f"p{n}", "store": "s1", "unit_price": p, "quantity": q}
            for n, (p, q) in enumerate(lines or [(1_000, 1)], 1)
        ],
        "codes": codes or [],
    } | fields


def reason(answer: dict, code: str) -> str | None:
    (found,) = [one for one in answer["codes"] if one["code"] == code]
    return found["reason"] and found["reason"]["code"]


def test_the_quote_of_the_contract(api: Api, store) -> None:
    promotion = make_promotion(
        store=store,
        code="SUMMER10",
        terms=make_terms(max_discount_minor=50_000, min_spend_minor=100_000),
    )
    answer = api.post(
        "/quotes",
        {
            "currency": "RUB",
            "shopper": {
                "ref": "u1",
                "email": "a@b.ru",
                "phone": "+79123456789",
                "device": "d",
                "payment": "p",
            },
            "lines": [
                {
                    "ref": "1",
                    "product": "p1",
                    "store": "s1",
                    "category": "mugs",
                    "unit_price": 120_000,
                    "quantity": 2,
                }
            ],
            "shipping": 30_000,
            "codes": [" summer10 "],
            "first_order": False,
            "audience": "merchant",
        },
    )
    assert answer.status_code == 200
    found = answer.json()
    assert len(found.pop("digest")) == 64
    assert found.pop("quoted_at").endswith("Z")
    assert found == {
        "currency": "RUB",
        "subtotal": 240_000,
        "shipping": 30_000,
        "discount": 24_000,
        "shipping_discount": 0,
        "total": 246_000,
        "lines": [
            {
                "ref": "1",
                "discount": 24_000,
                "units": [12_000, 12_000],
                "by_code": {"SUMMER10": 24_000},
            }
        ],
        "codes": [
            {
                "code": "SUMMER10",
                "promotion": str(promotion.pk),
                "applied": True,
                "discount": 24_000,
                "shipping_discount": 0,
                "reason": None,
            }
        ],
    }
    assert not Checkout.objects.exists()


def test_a_refused_code_says_what_is_missing(api: Api, store) -> None:
    make_promotion(store=store, code="TEN", terms=make_terms(min_spend_minor=2_000))
    found = api.post("/quotes", body((1_000, 1), codes=["TEN"])).json()
    (code,) = found["codes"]
    assert (code["applied"], code["discount"], found["total"]) == (False, 0, 1_000)
    assert code["reason"] == {
        "code": "min_spend_not_met",
        "message": code["reason"]["message"],
        "params": {"missing": 1_000, "min_spend": 2_000},
    }
    assert code["reason"]["message"]


def test_the_minimum_spend_counts_only_what_fits_and_is_met_exactly(api: Api, store) -> None:
    make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(scope="products", products=("p1",), min_spend_minor=1_000),
    )
    met = api.post("/quotes", body((1_000, 1), (5, 1), codes=["TEN"])).json()
    assert met["discount"] == 100
    below = api.post("/quotes", body((999, 1), (500, 1), codes=["TEN"])).json()
    assert reason(below, "TEN") == "min_spend_not_met"


def make_every_refusal(store) -> dict[str, str]:
    """Codes that are refused for each reason, on a cart of 1,000 of the store."""
    now, day = clock.now(), timedelta(days=1)

    def code(word: str, **fields) -> None:
        make_promotion(**({"store": store, "code": word} | fields))

    code("WAITS", needs_approval=True)
    code("LATER", terms=make_terms(starts_at=now + day))
    code("OVER", terms=make_terms(ends_at=now - day))
    code("DOLLARS", currency="USD")
    code("OTHERS", store=make_store())
    code("HIGH", terms=make_terms(min_spend_minor=1_001))
    code("FIRST", terms=make_terms(first_order_only=True))
    code("WHO", limits=Limits(per_person=1))
    promotion = make_promotion(store=store, code="GONE")
    promotions.cancel(promotion_id=promotion.pk, actor="ops")
    personal = issuing.issue(
        promotion_id=make_promotion(store=store).pk, at=now, person=make_user(ref="anna")
    )
    return {
        "NOSUCH": "code_not_found",
        "WAITS": "not_approved",
        "LATER": "not_started",
        "OVER": "expired",
        "DOLLARS": "currency_mismatch",
        "OTHERS": "no_eligible_items",
        "HIGH": "min_spend_not_met",
        "FIRST": "not_first_order",
        "WHO": "customer_required",
        "GONE": "cancelled",
        personal.code: "wrong_owner",
    }


def test_every_reason_is_exact_for_the_merchant(api: Api, store) -> None:
    expected = make_every_refusal(store)
    del expected["WHO"]
    cart = body(codes=list(expected), first_order=False, shopper={"ref": "boris"})
    found = api.post("/quotes", cart).json()
    assert {code["code"]: code["reason"]["code"] for code in found["codes"]} == expected
    assert all(code["reason"]["message"] for code in found["codes"])
    (who,) = api.post("/quotes", body(codes=["WHO"])).json()["codes"]
    assert who["reason"]["code"] == "customer_required"


def test_a_shopper_is_told_only_what_tells_a_stranger_nothing(api: Api, store) -> None:
    expected = make_every_refusal(store)
    safe = {"currency_mismatch", "no_eligible_items", "min_spend_not_met"}
    del expected["WHO"]
    cart = body(
        codes=list(expected), first_order=False, shopper={"ref": "boris"}, audience="shopper"
    )
    for code in api.post("/quotes", cart).json()["codes"]:
        exact = expected[code["code"]]
        told = code["reason"]
        if exact in safe:
            assert told["code"] == exact
        else:
            assert (told["code"], told["params"], code["promotion"]) == ("not_applicable", {}, None)


def test_a_personal_code_before_a_stranger_looks_like_no_code(api: Api, store) -> None:
    promotion = make_promotion(store=store)
    personal = issuing.issue(promotion_id=promotion.pk, at=clock.now(), person=make_user()).code
    found = api.post("/quotes", body(codes=[personal, "NOSUCH"], audience="shopper")).json()
    one, other = found["codes"]
    assert one | {"code": ""} == other | {"code": ""}


@pytest.mark.parametrize(
    "shopper",
    [{"ref": "anna"}, {"email": "ANNA@example.com"}, {"ref": "x", "email": "anna@example.com"}],
)
def test_a_personal_code_works_for_its_person(api: Api, store, shopper: dict) -> None:
    anna = make_user(ref="anna", email="anna@example.com")
    promotion = make_promotion(store=store)
    code = issuing.issue(promotion_id=promotion.pk, at=clock.now(), person=anna).code
    found = api.post("/quotes", body(codes=[code], shopper=shopper)).json()
    assert found["discount"] == 100


def test_the_catalogue_fills_what_the_line_leaves_out_and_the_line_wins(api: Api, store) -> None:
    mugs, other = make_category(ref="mugs"), make_store(ref="s2")
    make_product(store=store, ref="known", category=mugs)
    make_promotion(
        store=store, code="MUGS", terms=make_terms(scope="categories", categories=("mugs",))
    )
    bare = {"ref": "1", "product": "known", "unit_price": 1_000, "quantity": 1}
    cart = {"currency": "RUB", "codes": ["MUGS"]}
    assert api.post("/quotes", cart | {"lines": [bare]}).json()["discount"] == 100
    for line in ({"category": "hats"}, {"store": other.ref}):
        found = api.post("/quotes", cart | {"lines": [bare | line]}).json()
        assert reason(found, "MUGS") == "no_eligible_items"


def test_reserve_renew_redeem_repeat(api: Api, store) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=1))
    held = api.post("/reservations", body(codes=["TEN"], ttl_seconds=60))
    assert held.status_code == 201
    found = held.json()
    assert (found["state"], found["quote"]["discount"]) == ("held", 100)
    renewed = api.post(f"/reservations/{found['id']}/renew", {"ttl_seconds": 3600})
    assert renewed.status_code == 200
    assert renewed.json()["expires_at"] > found["expires_at"]
    digest = found["quote"]["digest"]
    order = {"order_ref": "o1", "reservation": found["id"], "digest": digest}
    redeemed = api.post("/redemptions", order)
    assert redeemed.status_code == 201
    answer = redeemed.json()
    assert (answer["id"], answer["order_ref"], answer["state"]) == (found["id"], "o1", "redeemed")
    assert answer["quote"] == found["quote"]
    assert answer["redemptions"] == [
        {"id": str(Redemption.objects.get().pk), "code": "TEN", "discount": 100}
    ]
    again = api.post("/redemptions", order)
    assert (again.status_code, again.json()) == (200, answer)
    nothing = {"lines": [{"ref": "1", "quantity": 1, "returned": 0}], "reversals": []}
    assert api.get(f"/redemptions/{found['id']}").json() == answer | nothing
    assert api.delete(f"/reservations/{found['id']}").status_code == 409
    by_cart = api.post("/redemptions", body(codes=["TEN"], order_ref="o1"))
    assert (by_cart.status_code, by_cart.json()) == (200, answer)


def test_release_is_repeatable_and_frees_the_limit(api: Api, store) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=1))
    held = api.post("/reservations", body(codes=["TEN"])).json()
    refused = api.post("/reservations", body(codes=["TEN"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "code_refused")
    assert reason(refused.json()["quote"], "TEN") == "total_limit_reached"
    for _ in range(2):
        assert api.delete(f"/reservations/{held['id']}").status_code == 204
    assert api.get(f"/reservations/{held['id']}").json()["state"] == "released"
    assert api.get(f"/redemptions/{held['id']}").status_code == 404
    over = api.post("/redemptions", {"order_ref": "o1", "reservation": held["id"]})
    assert (over.status_code, over.json()["code"]) == (409, "reservation_over")
    assert api.post("/reservations", body(codes=["TEN"])).status_code == 201


def test_a_changed_cart_is_answered_with_the_new_quote(api: Api, store) -> None:
    make_promotion(store=store, code="TEN")
    digest = api.post("/quotes", body((1_000, 1), codes=["TEN"])).json()["digest"]
    changed = body((2_000, 1), codes=["TEN"], order_ref="o1", digest=digest)
    answer = api.post("/redemptions", changed)
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_changed")
    assert answer.json()["quote"]["discount"] == 200
    assert not Checkout.objects.exists()
    redeemed = api.post("/redemptions", changed | {"digest": answer.json()["quote"]["digest"]})
    assert redeemed.status_code == 201


def test_the_same_order_with_another_cart(api: Api, store) -> None:
    make_promotion(store=store, code="TEN")
    assert api.post("/redemptions", body(codes=["TEN"], order_ref="o1")).status_code == 201
    other = api.post("/redemptions", body((2_000, 1), codes=["TEN"], order_ref="o1"))
    assert (other.status_code, other.json()["code"]) == (422, "order_ref_used")
    assert Redemption.objects.count() == 1


def test_one_key_one_effect(api: Api, store) -> None:
    make_promotion(store=store, code="TEN", limits=Limits(total=5))
    cart = body(codes=["TEN"])
    one = api.post("/reservations", cart, key="k1")
    other = api.post("/reservations", cart, key="k1")
    assert one.content == other.content
    mismatch = api.post("/reservations", cart | {"shipping": 5}, key="k1")
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")
    assert Checkout.objects.count() == 1


def test_a_refusal_under_a_key_stays_a_refusal(api: Api, store) -> None:
    make_promotion(store=store, code="TEN", terms=make_terms(min_spend_minor=5_000))
    one = api.post("/redemptions", body(codes=["TEN"], order_ref="o1"), key="k1")
    again = api.post("/redemptions", body(codes=["TEN"], order_ref="o1"), key="k1")
    assert one.status_code == again.status_code == 409
    assert one.content == again.content


def test_reverse_in_parts_to_exactly_zero(api: Api, store) -> None:
    make_promotion(
        store=store,
        code="HUNDRED",
        terms=make_terms(amount_minor=100, gives_back_for=("refunded",)),
        limits=Limits(total=1, budget_minor=100),
    )
    cart = body((100, 3), codes=["HUNDRED"], order_ref="o1")
    redemption = api.post("/redemptions", cart).json()
    assert redemption["quote"]["lines"][0]["units"] == [34, 33, 33]
    path = f"/redemptions/{redemption['id']}/reversals"
    part = {"reversal_ref": "r1", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    first = api.post(path, part)
    assert first.status_code == 201
    answer = first.json()
    assert answer == {
        "id": answer["id"],
        "reversal_ref": "r1",
        "cause": "refunded",
        "lines": [{"ref": "1", "quantity": 1, "discount_returned": 34, "amount_returned": 66}],
        "discount_returned": 34,
        "shipping_discount_returned": 0,
        "amount_returned": 66,
        "uses_returned": 0,
        "redemption": {"id": redemption["id"], "state": "part_reversed"},
    }
    again = api.post(path, part)
    assert (again.status_code, again.json()) == (200, answer)
    other = api.post(path, part | {"cause": "fraud"})
    assert (other.status_code, other.json()["code"]) == (422, "reversal_ref_used")
    too_many = {"reversal_ref": "r2", "cause": "refunded", "lines": [{"ref": "1", "quantity": 3}]}
    refused = api.post(path, too_many)
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_units")
    unknown = {"reversal_ref": "r2", "cause": "refunded", "lines": [{"ref": "9", "quantity": 1}]}
    assert api.post(path, unknown).json()["code"] == "line_unknown"
    rest = api.post(path, {"reversal_ref": "r2", "cause": "refunded"}).json()
    assert (rest["discount_returned"], rest["amount_returned"], rest["uses_returned"]) == (
        66,
        134,
        1,
    )
    assert rest["redemption"]["state"] == "reversed"
    nothing = api.post(path, {"reversal_ref": "r3", "cause": "cancelled"}).json()
    assert (nothing["lines"], nothing["uses_returned"]) == ([], 0)
    known = api.get(f"/redemptions/{redemption['id']}").json()
    assert (known["state"], known["lines"]) == (
        "reversed",
        [{"ref": "1", "quantity": 3, "returned": 3}],
    )
    told = [answer, rest, nothing]
    assert known["reversals"] == [
        {name: x for name, x in one.items() if name != "redemption"} for one in told
    ]
    again = api.post("/redemptions", cart)
    assert (again.status_code, again.json()) == (200, redemption | {"state": "reversed"})
    assert api.post("/redemptions", body((100, 3), codes=["HUNDRED"], order_ref="o2")).json()


def test_a_reservation_has_nothing_to_reverse(api: Api, store) -> None:
    make_promotion(store=store, code="TEN")
    held = api.post("/reservations", body(codes=["TEN"])).json()
    answer = api.post(
        f"/redemptions/{held['id']}/reversals", {"reversal_ref": "r1", "cause": "cancelled"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "not_redeemed")


UNKNOWN = "0190d5a0-0000-7000-8000-000000000000"


def test_foreign_and_missing_objects_answer_the_same(api: Api, store) -> None:
    make_promotion(store=store, code="TEN")
    redeemed = api.post("/redemptions", body(codes=["TEN"], order_ref="o1")).json()["id"]
    mallory = Api(make_client(store=make_store(ref="evil"))[1])
    for path, act in [
        ("/redemptions/{}", mallory.get),
        ("/reservations/{}", mallory.get),
        ("/reservations/{}", mallory.delete),
        ("/reservations/{}/renew", lambda path: mallory.post(path, {})),
        (
            "/redemptions/{}/reversals",
            lambda path: mallory.post(path, {"reversal_ref": "r", "cause": "fraud"}),
        ),
    ]:
        foreign, missing = act(path.format(redeemed)), act(path.format(UNKNOWN))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
    held = {"order_ref": "o9", "reservation": redeemed}
    foreign = mallory.post("/redemptions", held)
    missing = mallory.post("/redemptions", held | {"reservation": UNKNOWN})
    malformed = mallory.post("/redemptions", held | {"reservation": "nonsense"})
    assert foreign.status_code == missing.status_code == malformed.status_code == 404
    assert foreign.content == missing.content == malformed.content
    assert Checkout.objects.get().state == "redeemed"


def test_a_stores_own_key_speaks_of_that_store_only(api: Api, store) -> None:
    make_promotion(store=store, code="MINE")
    make_promotion(store=make_store(ref="s2"), code="THEIRS")
    own = Api(make_client(store=store)[1])
    line = {"ref": "1", "unit_price": 1_000, "quantity": 1}
    cart = {"currency": "RUB", "lines": [line], "codes": ["MINE"]}
    assert own.post("/quotes", cart).json()["discount"] == 100
    theirs = own.post("/quotes", cart | {"codes": ["THEIRS"]}).json()
    assert reason(theirs, "THEIRS") == "code_not_found"
    for ref in ("s2", "nosuch"):
        refused = own.post("/quotes", cart | {"lines": [line | {"store": ref}]})
        assert refused.status_code == 400
        assert refused.json()["errors"] == {"lines.0.store": ["Unknown store."]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "rub"}, "currency"),
        ({"lines": []}, "lines"),
        ({"shipping": -1}, "shipping"),
        ({"shipping": 1.5}, "shipping"),
        ({"shipping": True}, "shipping"),
        ({"shipping": 10**12}, "shipping"),
        ({"codes": "TEN"}, "codes"),
        ({"codes": [1]}, "codes.0"),
        ({"codes": ["A"] * 21}, "codes"),
        ({"extra": 1}, "extra"),
        ({"audience": "anyone"}, "audience"),
        ({"first_order": "yes"}, "first_order"),
        ({"shopper": {"name": "Anna"}}, "shopper.name"),
        ({"shopper": {"email": "nonsense"}}, "shopper.email"),
    ],
)
def test_what_is_not_understood_is_refused(api: Api, store, change: dict, field: str) -> None:
    answer = api.post("/quotes", body() | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit_price": -1}, "lines.0.unit_price"),
        ({"unit_price": 10.0}, "lines.0.unit_price"),
        ({"unit_price": "10"}, "lines.0.unit_price"),
        ({"unit_price": 10**12}, "lines.0.unit_price"),
        ({"quantity": 0}, "lines.0.quantity"),
        ({"quantity": 100_001}, "lines.0.quantity"),
        ({"ref": "a b"}, "lines.0.ref"),
        ({"discount": 5}, "lines.0.discount"),
        ({"unit_price": 10**11, "quantity": 10}, "lines.0.unit_price"),
    ],
)
def test_a_line_that_can_not_be_is_refused(api: Api, store, change: dict, field: str) -> None:
    cart = body()
    cart["lines"][0] |= change
    answer = api.post("/quotes", cart)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_line_refs_stand_once(api: Api, store) -> None:
    cart = body((1, 1), (2, 1))
    cart["lines"][1]["ref"] = "1"
    assert api.post("/quotes", cart).json()["errors"] == {
        "lines.1.ref": ["This value stands twice."]
    }


def test_a_big_line_is_priced_to_the_unit(api: Api, store) -> None:
    make_promotion(store=store, code="FIX", terms=make_terms(amount_minor=33_333))
    found = api.post("/quotes", body((999, 10_000), codes=["FIX"])).json()
    units = found["lines"][0]["units"]
    assert (len(units), sum(units), set(units)) == (10_000, 33_333, {3, 4})


def test_one_code_typed_twice_is_one_code(api: Api, store) -> None:
    make_promotion(store=store, code="TEN")
    found = api.post("/quotes", body(codes=["TEN", " ten"])).json()
    assert [code["code"] for code in found["codes"]] == ["TEN"]


def test_first_order_by_the_orders_we_know(api: Api, store) -> None:
    make_product(store=store, ref="p1")
    make_promotion(store=store, code="FIRST", terms=make_terms(first_order_only=True))
    anna = {"ref": "anna"}
    cart = body(codes=["FIRST"], shopper=anna)
    assert api.post("/quotes", cart).json()["discount"] == 100
    nobody = api.post("/quotes", body(codes=["FIRST"])).json()
    assert reason(nobody, "FIRST") == "customer_required"
    event = {
        "order_ref": "o1",
        "occurred_at": "2026-06-01T12:00:00Z",
        "currency": "RUB",
        "shopper": anna,
        "lines": [{"ref": "1", "product": "p1", "store": "s1", "unit_price": 1_000, "quantity": 1}],
    }
    own = Api(make_client(store=store)[1])

    def sold(speaker: Api) -> None:
        for version, kind in enumerate(("placed", "paid")):
            sent = event | {"event_id": f"e{version}", "version": version, "type": kind}
            assert speaker.post("/orders/events", sent).status_code == 202

    sold(own)
    assert api.post("/quotes", cart).json()["discount"] == 100, "a store's word is its own"
    assert reason(own.post("/quotes", cart).json(), "FIRST") == "not_first_order"
    sold(api)
    assert reason(api.post("/quotes", cart).json(), "FIRST") == "not_first_order"
    told = api.post("/quotes", cart | {"first_order": True}).json()
    assert told["discount"] == 100


def test_guesses_are_throttled_by_shopper_and_others_are_not(api: Api, store, monkeypatch) -> None:
    monkeypatch.setattr(throttling, "PER_SHOPPER", 3)
    make_promotion(store=store, code="REAL")
    told = [
        reason(api.post("/quotes", body(codes=[f"G{n}"], shopper={"ref": "eve"})).json(), f"G{n}")
        for n in range(5)
    ]
    assert told == ["code_not_found"] * 3 + ["throttled"] * 2
    real = api.post("/quotes", body(codes=["REAL"], shopper={"ref": "eve"}, audience="shopper"))
    assert reason(real.json(), "REAL") == "throttled"
    assert real.json()["discount"] == 0
    anna = api.post("/quotes", body(codes=["REAL"], shopper={"ref": "anna"})).json()
    assert anna["discount"] == 100


def test_guesses_in_redemptions_count_though_they_are_rolled_back(
    api: Api, store, monkeypatch
) -> None:
    monkeypatch.setattr(throttling, "PER_SHOPPER", 2)
    told = []
    for n in range(4):
        cart = body(codes=[f"G{n}"], shopper={"ref": "eve"}, order_ref=f"o{n}")
        answer = api.post("/redemptions", cart, key=f"k{n}")
        assert answer.status_code == 409
        told.append(reason(answer.json()["quote"], f"G{n}"))
    assert told == ["code_not_found"] * 2 + ["throttled"] * 2
    assert MissCount.objects.exists()
    assert not Checkout.objects.exists()


def test_guesses_are_throttled_by_key_and_address(api: Api, store, settings) -> None:
    for name in ("GUESSES_PER_CLIENT", "GUESSES_PER_ADDRESS"):
        MissCount.objects.all().delete()
        setattr(settings, name, 2)
        told = [
            reason(
                api.post("/quotes", body(codes=["NOPE"], shopper={"ref": f"u{n}"})).json(), "NOPE"
            )
            for n in range(3)
        ]
        assert told == ["code_not_found"] * 2 + ["throttled"]
        setattr(settings, name, 1_000)


def test_a_key_without_the_scope_stays_out(store) -> None:
    other = Api(make_client(scopes=["orders"])[1])
    assert other.post("/quotes", body()).status_code == 403
    assert Api("sk_nonsense").post("/quotes", body()).status_code == 401


BLANK = [
    {"email": "", "phone": "", "device": "", "payment": ""},
    {"email": " ", "phone": "\t"},
    {"phone": "0"},
    {"phone": "12-34"},
]


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_identity_is_none(api: Api, store, blank: dict) -> None:
    """A guest checkout that sends its empty fields is one without a shopper: nobody, not one."""
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    quote = api.post("/quotes", body(codes=["ONCE"], shopper=blank))
    assert quote.status_code == 200, quote.content
    assert reason(quote.json(), "ONCE") == "customer_required"
    line = {"ref": "1", "store": "s1", "unit_price": 500, "quantity": 1}
    event = {
        "event_id": "e",
        "order_ref": "o",
        "version": 1,
        "type": "placed",
        "occurred_at": "2026-12-01T12:00:00+03:00",
        "currency": "RUB",
        "shopper": blank,
        "lines": [line],
    }
    assert api.post("/orders/events", event).status_code == 202
    assert Order.objects.get().identities == []


def test_an_unknown_name_of_a_shopper_is_no_silence_though_it_is_blank(api: Api, store) -> None:
    answer = api.post("/quotes", body(shopper={"mail": ""}))
    assert list(answer.json()["errors"]) == ["shopper.mail"]


def test_an_email_is_the_same_however_it_is_typed(api: Api, store) -> None:
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    sent = body(codes=["ONCE"], shopper={"email": " BOB@X.RU "}, order_ref="o1")
    assert api.post("/redemptions", sent).status_code == 201
    quote = api.post("/quotes", body(codes=["ONCE"], shopper={"email": "bob@x.ru"})).json()
    assert reason(quote, "ONCE") == "customer_limit_reached"


def test_a_quote_needs_no_key_and_does_not_look_at_one(api: Api, store) -> None:
    for key in ("k", "k" * 300, "\u20ac"):
        first, again = (api.post("/quotes", body((price, 1)), key=key) for price in (100, 200))
        assert (first.status_code, again.status_code) == (200, 200)
        assert (first.json()["subtotal"], again.json()["subtotal"]) == (100, 200)
