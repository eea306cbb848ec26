"""Composite foreign keys: a use, its code, its terms and its store are of one promotion.

Django can't say them. They stand in place of the simple keys (`db_constraint=False`).
"""

from django.db import migrations

# table, name, columns, other table, its columns
KEYS = [
    (
        "promocodes_promotion",
        "promotion_terms_are_its_own",
        "terms_id, id",
        "promocodes_promotionterms",
        "id, promotion_id",
    ),
    (
        "promocodes_redemption",
        "redemption_code_of_promotion",
        "promotion_id, code_id",
        "promocodes_promocode",
        "promotion_id, id",
    ),
    (
        "promocodes_redemption",
        "redemption_terms_of_promotion",
        "terms_id, promotion_id",
        "promocodes_promotionterms",
        "id, promotion_id",
    ),
    (
        "promocodes_redemption",
        "redemption_store_of_promotion",
        "promotion_id, store_id",
        "promocodes_promotion",
        "id, store_id",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("promocodes", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
            f" REFERENCES {other} ({targets}) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, name, columns, other, targets in KEYS
    ]
