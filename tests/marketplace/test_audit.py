"""The audit log: no names, never edited, outlives whom it speaks of."""

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace import audit
from marketplace.models import AuditEntry
from tests.factories.marketplace import make_client, make_user

pytestmark = pytest.mark.django_db


def test_the_entry_says_who_without_a_name():
    user, (client, _) = make_user(name="Anna", email="anna@example.com"), make_client(name="shop")
    for actor in (user, client, "a job"):
        audit.record(actor=actor, verb="test", target="x:1", reason="why", before=None, after={})
    names = list(AuditEntry.objects.order_by("pk").values_list("actor_name", flat=True))
    assert names == [f"user {user.pk}", "API client shop", "a job"]
    assert AuditEntry.objects.filter(actor=user).count() == 1


def test_the_entry_outlives_the_user():
    user = make_user()
    entry = audit.record(actor=user, verb="test", target="x:1")
    number = user.pk
    user.delete()
    entry.refresh_from_db()
    assert (entry.actor_id, entry.actor_name) == (number, f"user {number}")


@pytest.mark.parametrize("sql", ["UPDATE {} SET reason = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_log_can_not_be_changed(sql):
    audit.record(actor="a job", verb="test", target="x:1", reason="why")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"append|Cannot"), transaction.atomic():
            cursor.execute(sql.format("marketplace_auditentry"))
    assert AuditEntry.objects.get().reason == "why"
