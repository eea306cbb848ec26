"""Composite foreign keys: a task is of its promotion's store, a code given of its taker's kind."""

from django.db import migrations

# table, name, columns, other table, its columns
KEYS = [
    (
        "tasks_task",
        "task_promotion_of_store",
        "promotion_id, store_id",
        "promocodes_promotion",
        "id, store_id",
    ),
    (
        "tasks_codegrant",
        "code_grant_kind_of_assignment",
        "assignment_id, kind",
        "tasks_assignment",
        "id, kind",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial"), ("promocodes", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
            f" REFERENCES {other} ({targets}) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, name, columns, other, targets in KEYS
    ]
