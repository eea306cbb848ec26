"""config/replay and `manage.py replay`: real purchases become orders, exactly and repeatably."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from affiliates.models import Commission, Transfer
from config.replay import plan, play, purchases, rounds, table
from config.replay.plan import Fate, Wish, planned
from config.replay.purchases import BadPurchases, Purchase
from config.replay.shop import Shop
from marketplace.models import ApiKey, Order, OrderEvent, OrderLine
from promocodes.models import Promotion, Redemption
from referrals.models import Participation, Round, Visit
from tests.factories.marketplace import make_client, make_product, make_store
from tests.programs import granian

SAMPLE = Path(__file__).parent.parent / "data" / "purchases.csv"
HEAD = "customer,date,units,amount_minor\n"
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
SHIFT = timedelta(days=9_000)


def bought(**fields):
    return Purchase(
        **{"row": 5, "customer": "7", "on": date(1997, 1, 3), "units": 2, "amount_minor": 2933}
        | fields
    )


# --- purchases ---------------------------------------------------------------------------------


def test_the_sample_is_read_whole_and_in_part():
    found = purchases.read(SAMPLE)
    assert len(found) == 60
    assert found[1] == bought(row=1, customer="4", on=date(1997, 1, 1))
    assert purchases.read(SAMPLE, limit=7) == found[:7]
    assert purchases.last_day(SAMPLE) == found[-1].on


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        "a,b\n1,2\n",
        HEAD + "1,1997-01-01,0,100\n",
        HEAD + "1,1997-01-01,1,-1\n",
        HEAD + "1,1997-13-01,1,1\n",
        HEAD + "1,1997-01-01,1,1.5\n",
        HEAD + "1,1997-01-02,1,1\n2,1997-01-01,1,1\n",
        HEAD + "1,1997-01-02\n",
    ],
)
def test_another_kind_of_file_is_refused(tmp_path, text):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(BadPurchases):
        purchases.read(path)
    with pytest.raises(CommandError):
        call_command("replay", str(path), "--base-url", "http://127.0.0.1:1", "--key", "x")


# --- the plan ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "amount"), [(1, 0), (1, 1177), (2, 2933), (7, 10_001), (99, 5)])
def test_lines_sum_to_the_purchase_exactly(units, amount):
    for row in range(50):
        order = planned(bought(row=row, units=units, amount_minor=amount), seed=7, shift=SHIFT)
        assert order.total == amount
        assert sum(line.quantity for line in order.lines) == units
        assert len({line.ref for line in order.lines}) == len(order.lines)


def test_the_seed_and_the_row_alone_decide():
    orders = [planned(bought(row=row), seed=7, shift=SHIFT) for row in range(300)]
    again = [planned(bought(row=row), seed=7, shift=SHIFT) for row in reversed(range(300))]
    assert orders == again[::-1]
    assert orders != [planned(bought(row=row), seed=8, shift=SHIFT) for row in range(300)]
    assert {order.wish for order in orders} == set(Wish)
    assert {order.fate for order in orders} == set(Fate)
    assert {order.reserves for order in orders} == {True, False}


def test_no_more_comes_back_than_was_bought():
    for row in range(400):
        order = planned(bought(row=row, units=5, amount_minor=999), seed=7, shift=SHIFT)
        units = {line.ref: line.quantity for line in order.lines}
        for ref, quantity in order.returned:
            assert 1 <= quantity <= units[ref]
        assert bool(order.returned) == (order.fate in {Fate.RETURNED, Fate.PART_RETURNED})


def test_events_tell_the_story_up_to_an_instant():
    orders = [planned(bought(row=row), seed=7, shift=SHIFT) for row in range(300)]
    by_fate = {order.fate: order for order in orders}

    def kinds(order, until=NEVER):
        told = plan.events(order, discounts={"1": 5}, codes=["A"], until=until)
        assert [event["version"] for event in told] == list(range(1, len(told) + 1))
        return [event["type"] for event in told]

    assert kinds(by_fate[Fate.KEPT]) == ["placed", "paid", "delivered"]
    assert kinds(by_fate[Fate.RETURNED]) == ["placed", "paid", "delivered", "refunded"]
    assert kinds(by_fate[Fate.CANCELLED]) == ["placed", "paid", "cancelled"]
    assert kinds(by_fate[Fate.UNPAID]) == ["placed", "cancelled"]
    kept = by_fate[Fate.KEPT]
    assert kinds(kept, until=kept.delivered_at) == ["placed", "paid"]
    assert plan.gives_back(by_fate[Fate.RETURNED], until=NEVER) == "refunded"
    assert plan.gives_back(by_fate[Fate.UNPAID], until=NEVER) == "unpaid"
    assert plan.gives_back(kept, until=NEVER) is None
    returned = by_fate[Fate.RETURNED]
    assert plan.gives_back(returned, until=returned.ended_at) is None


# --- over HTTP ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_done_batches_are_told_by_asking(tmp_path):
    store = make_store()
    make_product(store=store)
    orders = [planned(bought(row=row), seed=7, shift=SHIFT) for row in range(430)]
    client, secret = make_client()
    with granian(tmp_path) as server, Shop(server.url, secret) as shop:
        assert play.done_batches(shop, orders) == 0
        for done in (1, 3, 5):
            for batch in range(done):
                Order.objects.get_or_create(
                    ref=orders[batch * play.BATCH].ref,
                    defaults={"state": "placed", "version": 1, "currency": "USD"},
                )
            assert play.done_batches(shop, orders) == done
        assert shop.get("/nothing").code == "not_found"
    assert client.keys.get().last_used_at is not None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sixty_purchases_are_played_and_played_again():
    """Issue 2, point 8, in small: over real HTTP, with a key, and the invariants hold."""
    whole = StringIO()
    call_command("replay", str(SAMPLE), stdout=whole)
    assert "All invariants hold." in whole.getvalue()

    sample = purchases.read(SAMPLE)
    assert Order.objects.count() == len(sample)
    lines = OrderLine.objects.all()
    assert sum(line.unit_price_minor * line.quantity for line in lines) == sum(
        purchase.amount_minor for purchase in sample
    )
    kinds = Counter(Redemption.objects.values_list("promotion__kind", flat=True))
    assert kinds[Promotion.Kind.STORE] > 0
    assert kinds[Promotion.Kind.SOCIAL] > 0
    assert kinds[Promotion.Kind.REFERRAL] == rounds.WINNERS
    assert lines.filter(refunded_quantity__gt=0).exists()
    assert Commission.objects.filter(state="pending").exists()  # bought the day before yesterday
    assert Participation.objects.filter(code__isnull=False).count() == rounds.WINNERS
    assert Visit.objects.filter(outcome="counted").count() >= 10 * rounds.WINNERS
    assert list(Round.objects.values_list("state", flat=True)) == ["closed"]
    assert not ApiKey.objects.filter(revoked_at=None).exists()

    counted = [OrderEvent, Redemption, Commission, Transfer, Participation, Visit, Round]
    before = [model.objects.count() for model in counted]
    sums = list(table.lines(prefix="cdnow-7-", refused=Counter()))
    assert all(line in whole.getvalue() for line in sums)
    call_command("replay", str(SAMPLE), stdout=StringIO())
    assert [model.objects.count() for model in counted] == before
    assert list(table.lines(prefix="cdnow-7-", refused=Counter())) == sums


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_wrong_key_is_told_in_one_line(tmp_path):
    with granian(tmp_path) as server, pytest.raises(CommandError, match="401"):
        call_command("replay", str(SAMPLE), "--base-url", server.url, "--key", "sk_wrong")
    assert not Order.objects.exists()


class Impatient(StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as they see how long it takes."""

    def write(self, text: str) -> int:
        if " orders" in text:
            raise KeyboardInterrupt
        return super().write(text)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_ctrl_c_is_told_in_one_line_and_leaves_no_key(tmp_path):
    with granian(tmp_path) as server, pytest.raises(CommandError, match="goes on") as stopped:
        call_command("replay", str(SAMPLE), "--base-url", server.url, stderr=Impatient())
    assert stopped.value.returncode == 130
    assert stopped.value.__suppress_context__
    assert ApiKey.objects.exists()
    assert not ApiKey.objects.filter(revoked_at=None).exists()
