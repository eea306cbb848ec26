"""Each invariant is silent on honest data and speaks when its rule is broken."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from marketplace import clock
from referrals import rounds
from referrals.invariants import INVARIANTS
from referrals.models import Participation
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db
BY_NAME = {rule.name: rule for rule in INVARIANTS}


@pytest.fixture
def anna() -> Participation:
    """A world in which everything has happened: a round over, one open, a code, all outcomes."""
    make.open_round(opens_at=clock.now() - timedelta(days=20))
    rounds.drive_due(at=clock.now())
    anna = make.participant(make.open_round())
    make.visit(anna, agent="curl/8")
    make.visit(anna, user=anna.shopper)
    make.friends(anna, 10, user=None)
    make.participant(anna.round)
    anna.refresh_from_db()
    return anna


def broken() -> set[str]:
    return {rule.name for rule in INVARIANTS if rule.broken()}


def test_honest_data_breaks_nothing(anna: Participation) -> None:
    assert broken() == set()


def sql(statement: str, **values: Any) -> None:
    # As if the database's own guards were not there.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


Break = Callable[[Participation], None]
BREAKS: dict[str, Break] = {
    "round_state_matches_time": lambda anna: sql(
        "UPDATE referrals_round SET opens_at = opens_at - interval '60 days',"
        " closes_at = closes_at - interval '60 days' WHERE id = %(id)s",
        id=anna.round_id,
    ),
    "round_promotion_has_its_window": lambda anna: sql(
        "UPDATE referrals_round SET closes_at = closes_at + interval '1 hour' WHERE id = %(id)s",
        id=anna.round_id,
    ),
    "one_code_per_shopper_and_round": lambda anna: sql(
        "INSERT INTO promocodes_promocode (id, promotion_id, code, person_id)"
        " SELECT gen_random_uuid(), promotion_id, 'EXTRA1', person_id"
        " FROM promocodes_promocode WHERE id = %(id)s",
        id=anna.code_id,
    ),
    "code_is_its_shoppers": lambda anna: sql(
        "UPDATE promocodes_promocode SET person_id = %(other)s WHERE id = %(id)s",
        other=make.shopper().pk,
        id=anna.code_id,
    ),
    "nothing_issued_outside_the_round": lambda anna: sql(
        "UPDATE referrals_participation SET issued_at = issued_at + interval '30 days'"
        " WHERE id = %(id)s",
        id=anna.pk,
    ),
    "threshold_brings_the_code": lambda anna: sql(
        "UPDATE referrals_participation SET code_id = NULL, issued_at = NULL WHERE id = %(id)s",
        id=anna.pk,
    ),
    "no_self_invite": lambda anna: sql(
        "UPDATE referrals_friendslot SET friend_key = %(me)s WHERE id ="
        " (SELECT min(id) FROM referrals_friendslot WHERE participation_id = %(id)s)",
        me=f"user:{anna.shopper_id}",
        id=anna.pk,
    ),
    "friend_counted_for_k_inviters": lambda anna: sql(
        "UPDATE referrals_friendslot SET slot = 9 WHERE participation_id = %(id)s", id=anna.pk
    ),
    "counted_equals_rows": lambda anna: sql(
        "UPDATE referrals_participation SET counted = counted + 1 WHERE id = %(id)s", id=anna.pk
    ),
    "slot_of_its_round": lambda anna: sql(
        "UPDATE referrals_friendslot SET round_id = (SELECT id FROM referrals_round"
        " WHERE id <> %(id)s LIMIT 1) WHERE round_id = %(id)s",
        id=anna.round_id,
    ),
    "no_stale_review": lambda anna: sql(
        "UPDATE referrals_visit SET reason = 'ring_review',"
        " review_due_at = now() - interval '1 hour' WHERE outcome = 'waiting'"
    ),
    "hints_forgotten": lambda anna: sql(
        "UPDATE referrals_visit SET visited_at = visited_at - interval '3 days'"
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_found(anna: Participation, name: str) -> None:
    BREAKS[name](anna)
    rows = BY_NAME[name].broken()
    assert rows, BY_NAME[name].why


def test_what_the_database_itself_refuses_needs_no_such_proof(anna: Participation) -> None:
    refused_by_constraint = {"rounds_apart", "friend_counted_once_per_inviter"}
    assert set(BY_NAME) - set(BREAKS) == refused_by_constraint
