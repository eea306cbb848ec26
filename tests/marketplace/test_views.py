"""What watches us from outside."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def test_alive_without_a_database(client):
    assert client.get("/livez").json() == {"alive": True}


@pytest.mark.django_db
def test_ready(client, django_assert_num_queries):
    client.get("/readyz")
    with django_assert_num_queries(2):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client):
    ((app, newest),) = MigrationLoader(None).graph.leaf_nodes("marketplace")
    MigrationRecorder(connection).record_unapplied(app, newest)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["next"] == [f"marketplace.{newest}"]


@pytest.mark.django_db
def test_not_ready_without_the_database(client, monkeypatch):
    def away(_):
        raise OperationalError

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_watching_changes_nothing(client, path):
    assert client.post(path).status_code == 405
