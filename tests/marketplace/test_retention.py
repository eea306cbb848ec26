"""What served its time is deleted, and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from marketplace import retention
from marketplace.jobs import forget_old
from marketplace.models import IdempotencyRecord, SignInToken
from tests.factories.marketplace import make_client, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows():
    client, user = make_client()[0], make_user()
    for number, days in enumerate((0, 6, 8, 9, 30)):
        IdempotencyRecord.objects.create(
            client=client,
            key=str(days),
            fingerprint="",
            status=201,
            body="",
            created_at=Now() - timedelta(days=days),
        )
        SignInToken.objects.create(
            client=client,
            user=user,
            digest=str(number),
            next="/",
            expires_at=Now() - timedelta(hours=12 * number),
        )

        Session.objects.create(
            session_key=f"s{number}", expire_date=Now() + timedelta(hours=1 - number)
        )


def left() -> tuple[list[str], list[str], list[str]]:
    return (
        list(IdempotencyRecord.objects.order_by("pk").values_list("key", flat=True)),
        list(SignInToken.objects.order_by("pk").values_list("digest", flat=True)),
        list(Session.objects.order_by("pk").values_list("pk", flat=True)),
    )


@pytest.mark.parametrize("chunk", [1, 2, 5_000])
def test_old_answers_links_and_sessions_are_forgotten(rows, monkeypatch, chunk):
    monkeypatch.setattr(retention, "CHUNK", chunk)
    assert retention.forget_old() == 3 + 3 + 4
    assert left() == (["0", "6"], ["0", "1"], ["s0"])
    assert retention.forget_old() == 0


def test_only_what_is_old_is_looked_at(rows):
    """Once a table is large; here the planner is kept from reading the little there is."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(connection) as asked:
        retention.forget_old()
    finds = [query["sql"] for query in asked if query["sql"].startswith("SELECT")]
    assert len(finds) == 6  # a chunk and an empty one, of each table
    with connection.cursor() as cursor:
        for sql in finds:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Index Cond" in plan, plan


def test_the_job_does_it(rows):
    forget_old()
    assert left() == (["0", "6"], ["0", "1"], ["s0"])
