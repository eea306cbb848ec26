"""The bench runs end to end at a tiny scale, and what was done wrong is not timed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import ROWS
from bench.kit import bare, bulk, shop, table, till
from bench.kit.row import Also, Measured, Row, WrongResult, expect, of_pairs
from bench.report import check as check_report
from config.embedded import PROJECT
from marketplace.models import ApiClient
from promocodes.models import Checkout, PromotionCounter, Redemption
from promocodes.terms import Limits

RATE = Row(name="rate", what="x", against="y", unit="/s", at_least=0.3)
TIME = Row(name="time", what="x", against="y", unit="s", at_most=1.5)


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("wrk") or os.environ.get("CI")),
    reason="wrk makes the load of the bench, and is not installed: sudo apt install wrk",
)
def test_every_row_but_the_start_runs_at_a_tiny_scale() -> None:
    before = table.KEPT.read_bytes() if table.KEPT.exists() else None
    names = [name for name in ROWS if name != "start"]
    for _ in range(3):  # beside other tests, some of 32 clients may wait too long and get a 503
        done = subprocess.run(
            [sys.executable, "-m", "bench", *names, "--scale", "0.001"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if "\nrow " in done.stdout:
            break
    assert "\nrow " in done.stdout, f"{done.stdout[-500:]}\n{done.stderr[-2000:]}"
    lines = done.stdout[done.stdout.index("\nrow ") :].strip().splitlines()
    assert [line.split()[0].replace("-", "_") for line in lines[2:]] == names
    assert all(re.search(r" (met|missed) ", line) for line in lines[2:])
    assert (table.KEPT.read_bytes() if table.KEPT.exists() else None) == before, "a toy is not kept"


def test_a_row_that_there_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "there is no row nonsense" in done.stderr


def test_results_that_are_kept_name_their_rows() -> None:
    for row in json.loads(table.KEPT.read_text()):
        assert {"row", "ours", "goal", "met", "machine", "at"} <= row.keys()
        assert row["row"].replace("-", "_") in ROWS
        assert row["scale"] >= 1


def test_a_goal_is_a_bound_of_the_ratio_and_of_all_else() -> None:
    found = of_pairs([(1.0, 2.0), (9.0, 3.0), (2.0, 9.0)])
    assert (found.ours, found.limit, found.ratio) == (2.0, 3.0, 0.5)
    assert Measured(ours=30, limit=100).meets(RATE)
    assert not Measured(ours=29, limit=100).meets(RATE)
    assert Measured(ours=3, limit=2).meets(TIME)
    assert not Measured(ours=3.01, limit=2).meets(TIME)
    assert not Measured(ours=1, limit=2, also=(Also(text="queries", holds=False),)).meets(TIME)
    assert Measured(ours=1.5).meets(TIME)
    with pytest.raises(WrongResult, match="rows: 1, and should be 2"):
        expect(1, 2, "rows")


@pytest.fixture
def redeemed(db: None) -> str:
    """One redemption by HTTP, and the statements of its transaction for pgbench."""
    store = shop.make_store()
    shop.make_promotion(store=store, code="COLD1", limits=Limits(total=till.LIMIT))
    return till.script(shop.api_headers(), cold=1)


def test_the_bare_statements_are_those_of_a_redemption(
    transactional_db: None, settings, redeemed: str
) -> None:
    steps = [line.split()[0] for line in redeemed.splitlines()[1:]]
    assert steps[0] == "BEGIN;"
    assert steps[-1] == "COMMIT;"
    assert "promocodes_known('{COLD:code}'" in redeemed
    assert "promocodes_record(" in redeemed
    assert "marketplace_idempotencyrecord" in redeemed
    use = Redemption.objects.get()
    for own in ("caught", *map(str, (use.pk, use.code_id, use.promotion_id, use.checkout_id))):
        assert own not in redeemed


@pytest.mark.parametrize(
    "damage",
    [
        lambda: PromotionCounter.objects.filter(taken=1).update(taken=2),
        lambda: PromotionCounter.objects.filter(taken=1).update(taken=0),
        lambda: bulk.run("DELETE FROM marketplace_idempotencyrecord"),
        lambda: bulk.run("UPDATE promocodes_redemption SET discount_minor = discount_minor + 1"),
        lambda: bulk.run("UPDATE promocodes_redemptionline SET units = units[2:]"),
        lambda: bulk.run("UPDATE promocodes_promotion SET total_limit = 1000"),
    ],
    ids=["counted-twice", "not-counted", "no-answer", "another-sum", "torn-shares", "other-limit"],
)
def test_what_is_wrong_at_the_till_is_seen(transactional_db: None, redeemed: str, damage) -> None:
    till.check()
    with bulk.without_foreign_keys():  # and without the triggers that would refuse the damage
        damage()
    with pytest.raises(WrongResult):
        till.check()


def test_a_report_that_lacks_a_use_or_a_coin_is_seen(db: None, tmp_path: Path) -> None:
    heading = 'Order,"Sales, minor units","Discount, minor units"\n'
    rows = [f"o{n},179820,19980\n" for n in (1, 2, 4)] + ["o5,0,0\n"]
    file = tmp_path / "report.csv"
    file.write_text(heading + "".join(rows))
    check_report(file, 5)  # of five uses the third is only held, the fifth came back
    for wrong in (rows[1:], [*rows, "o3,0,0\n"], [rows[0].replace("20,", "21,"), *rows[1:]]):
        file.write_text(heading + "".join(wrong))
        with pytest.raises(WrongResult):
            check_report(file, 5)


def test_rows_by_the_million_keep_the_rules_of_the_house(transactional_db: None) -> None:
    shop.api_headers()
    with bulk.without_foreign_keys():
        bulk.promotions_with_codes(200, stores=3)
        bulk.uses(200, per_promotion=1, stores=3, client_id=ApiClient.objects.get().pk)
    assert Checkout.objects.count() == Redemption.objects.count() == 200
    shop.check_invariants("promo_one_use", "promo_discount", "promo_uses", "promo_counters")


def test_no_transaction_no_script() -> None:
    with pytest.raises(WrongResult):
        bare.transaction_of(["SELECT 1"])
