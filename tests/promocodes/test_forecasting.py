"""promocodes/forecasting.py, past_orders.py: a draft replayed on what was really ordered."""

from datetime import UTC, date, datetime, timedelta

import pytest

from promocodes import forecasting, past_orders, reports
from promocodes.cart import Line
from promocodes.forecasting import PastOrder, Replay
from promocodes.past_orders import Window
from promocodes.rehearsal import Draft
from promocodes.terms import Limits
from tests.factories.marketplace import make_order, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WEEK = Replay(first=date(2026, 6, 1), last=date(2026, 6, 7), zone="UTC")


def order(number: int, price: int = 10_000, *, day: int = 0, **fields) -> PastOrder:
    line = Line(ref="1", product="p", store="s", unit_price_minor=price, quantity=1)
    values = {"persons": (f"u{number}",), "lines": (line,)} | fields
    return PastOrder(ref=f"o{number}", at=NOON + timedelta(days=day), **values)


def draft(limits: Limits | None = None, **terms) -> Draft:
    return Draft(
        store=None,
        kind="platform",
        currency="RUB",
        terms=make_terms(**terms),
        limits=limits or Limits(),
    )


def replayed(draft: Draft, *orders: PastOrder, **how):
    values = {"first": WEEK.first, "last": WEEK.last, "zone": "UTC"} | how
    return forecasting.forecast(draft, orders, replay=Replay(**values))


def test_every_day_has_its_uses_and_its_cost() -> None:
    found = replayed(draft(), order(1), order(2, 5_000), order(3, day=6), order(4, day=7))
    assert [(day.uses, day.discount_minor) for day in found.days] == [
        (2, 1_500),
        *[(0, 0)] * 5,
        (1, 1_000),
    ]
    assert (found.orders, found.fitting, found.uses, found.discount_minor) == (3, 3, 3, 2_500)
    assert (found.basket_minor, found.per_use_minor) == (8_333, 833)
    assert sum(day.discount_minor for day in found.days) == found.discount_minor


def test_days_are_those_of_the_zone() -> None:
    found = replayed(draft(), order(1), zone="Pacific/Auckland")
    assert [day.uses for day in found.days] == [0, 1, 0, 0, 0, 0, 0]


def test_reasons_of_orders_that_it_does_not_fit_are_counted() -> None:
    found = replayed(
        draft(min_spend_minor=8_000), order(1), order(2, 7_999), order(3, 8_000), order(4, 1)
    )
    assert (found.fitting, found.uses) == (2, 2)
    assert dict(found.refusals) == {"min_spend_not_met": 2}


def test_the_promotions_own_window_does_not_matter() -> None:
    later = NOON + timedelta(days=100)
    found = replayed(draft(starts_at=later, ends_at=later + timedelta(days=1)), order(1))
    assert found.uses == 1


def test_a_limit_cuts_off_what_comes_later() -> None:
    found = replayed(
        draft(Limits(total=2)), order(1), order(2, day=1), order(3, day=2), order(4, 3_000, day=3)
    )
    assert (found.uses, found.fitting, found.cut_uses) == (2, 4, 2)
    assert (found.discount_minor, found.cut_minor) == (2_000, 1_300)
    assert found.ran_out_on == date(2026, 6, 3)
    assert dict(found.cuts) == {"total_limit_reached": 2}


@pytest.mark.parametrize(
    ("edge", "given", "cut", "uses"), [("refuse", 1_000, 1_000, 1), ("partial", 1_500, 500, 2)]
)
def test_a_budget_is_met_by_the_promotions_choice(edge, given, cut, uses) -> None:
    found = replayed(draft(Limits(budget_minor=1_500, budget_edge=edge)), order(1), order(2))
    assert (found.discount_minor, found.cut_minor, found.uses) == (given, cut, uses)


def test_a_person_comes_back_under_any_name() -> None:
    found = replayed(
        draft(Limits(per_person=1)),
        order(1, persons=("u1", "mail:a")),
        order(2, persons=("u1",)),
        order(3, persons=("u3", "mail:a")),
        order(4, persons=("u4",)),
        order(5, persons=()),
    )
    assert found.uses == 2
    assert dict(found.cuts) == {"customer_limit_reached": 2}
    assert dict(found.refusals) == {"customer_required": 1}


def test_first_orders_only() -> None:
    found = replayed(
        draft(first_order_only=True), order(1, is_first=True), order(2, is_first=False)
    )
    assert found.uses == 1
    assert dict(found.refusals) == {"not_first_order": 1}


def test_of_those_it_fits_so_many_use_it() -> None:
    orders = [order(number) for number in range(2_000)]
    found = replayed(draft(), *orders, uptake=25)
    assert found.fitting == 2_000
    assert 420 < found.uses < 580
    assert replayed(draft(), *orders, uptake=25).uses == found.uses


def test_a_part_stands_for_all() -> None:
    orders = [order(number) for number in range(10)]
    found = replayed(draft(Limits(total=40)), *orders, weight=5)
    assert (found.orders, found.uses, found.cut_uses) == (50, 40, 10)
    assert found.discount_minor == 40_000
    assert sum(day.uses for day in found.days) == 40


# --- what is read -------------------------------------------------------------------------------
def window(store=None, **fields) -> Window:
    values = {
        "since": NOON - timedelta(days=1),
        "until": NOON + timedelta(days=1),
        "currency": "RUB",
        "stores": (store.pk,) if store else None,
    }
    return Window(**(values | fields))


def read(found: Window, **how) -> list[PastOrder]:
    return list(past_orders.read(found, **{"weight": 1} | how))


@pytest.mark.django_db
def test_only_the_stores_own_goods_are_read() -> None:
    mine, theirs = make_store(), make_store()
    make_order(
        ref="both",
        shopper_ref="u1",
        shipping_minor=300,
        lines=[{"store": mine, "product_ref": "cup", "quantity": 2}, {"store": theirs}],
    )
    make_order(lines=[{"store": theirs}])
    [found] = read(window(mine))
    assert found == PastOrder(
        ref="both",
        at=NOON,
        shipping_minor=300,
        persons=("u1",),
        lines=(Line(ref="1", product="cup", store=mine.ref, unit_price_minor=10_000, quantity=2),),
    )
    assert len(read(window())) == 2
    both = window(stores=(mine.pk, theirs.pk))
    assert sorted(len(one.lines) for one in read(both)) == [1, 2]
    assert past_orders.count(both).count == 2
    assert past_orders.count(window(mine)).count == 1


@pytest.mark.django_db
def test_cancelled_foreign_and_old_orders_are_left_out() -> None:
    store = make_store()
    line = {"store": store}
    make_order(ref="cancelled", state="cancelled", cancelled_at=NOON, lines=[line])
    make_order(ref="dollars", currency="USD", lines=[line])
    make_order(ref="old", placed_at=NOON - timedelta(days=2), lines=[line])
    make_order(ref="new", placed_at=NOON + timedelta(days=1), lines=[line])
    make_order(ref="paid-only", placed_at=None, lines=[line])
    assert [found.ref for found in read(window(store))] == ["paid-only"]
    assert past_orders.count(window(store)) == past_orders.Found(1, 1, is_cut=False)


@pytest.mark.django_db
def test_an_order_told_twice_is_one_order() -> None:
    store = make_store(ref="s1")
    make_order(ref="7", lines=[{"store": store}])
    make_order(ref="s1/7", reported_by=store, lines=[{"store": store}])
    make_order(ref="s1/8", reported_by=store, lines=[{"store": store}])
    assert sorted(found.ref for found in read(window(store))) == ["7", "s1/8"]


@pytest.mark.django_db
def test_an_order_is_the_first_if_none_was_paid_before() -> None:
    store = make_store()
    for number, hours in enumerate((0, 1, 2)):
        at = NOON + timedelta(hours=hours)
        make_order(
            ref=f"o{number}",
            shopper_ref="u1" if number < 2 else "",
            identities=["mail:a"] if number == 2 else [],
            placed_at=at,
            paid_at=at,
            lines=[{"store": store}],
        )
    other = make_store(ref="s9")
    early = NOON - timedelta(hours=1)
    told = {"reported_by": other, "shopper_ref": "u1", "placed_at": early, "paid_at": early}
    make_order(ref="s9/1", lines=[{"store": other}], **told)
    found = read(window(store, asks_first=True))
    assert [(one.ref, one.is_first) for one in found] == [
        ("o0", True),
        ("o1", False),
        ("o2", True),
    ]


@pytest.mark.django_db
def test_of_very_many_an_even_part_of_the_shoppers_is_read() -> None:
    store = make_store()
    for number in range(60):
        make_order(shopper_ref=f"u{number // 2}", lines=[{"store": store}])
    found = past_orders.count(window(store), judged=20)
    assert (found.count, found.weight) == (60, 3)
    part = read(window(store), weight=3)
    assert 0 < len(part) < 60
    assert len(part) == 2 * len({one.persons for one in part})  # each with all of their orders
    assert past_orders.count(window(store), looked_at=10).is_cut
    assert past_orders.count(window(store), looked_at=10).count == 10
    assert len(read(window(store), weight=1, looked_at=10)) == 10


@pytest.mark.django_db
def test_what_was_really_given_is_what_the_forecast_says() -> None:
    """The same orders, once sold with the code and once replayed as a draft."""
    store, shop = make_store(), Shop()
    terms = make_terms(percent_bp=1_250, max_discount_minor=900, min_spend_minor=2_000)
    live = make_promotion(store=store, code="TEN", terms=terms)
    for number, price in enumerate((1_999, 2_000, 3_333, 7_777, 90_001)):
        line = {"store": store, "unit_price_minor": price, "product_ref": "thing1"}
        make_order(ref=f"past{number}", shopper_ref=f"u{number}", lines=[line])
        if price >= 2_000:
            shop.sell(make_cart((price, 1), codes=["TEN"], store=store))
    own = Draft(store=store, kind="store", currency="RUB", terms=terms, limits=Limits())
    found = forecasting.forecast(own, past_orders.read(window(store), weight=1), replay=WEEK)
    assert found.discount_minor == reports.totals(live).discount_minor > 0
    assert (found.uses, found.orders) == (4, 5)
