"""Composite foreign keys: both accounts of a transfer have its currency (money.md, Ledger).

Django can't say them. They stand in place of the simple keys (`db_constraint=False`).
"""

from django.db import migrations

FORWARDS = "; ".join(
    f"""
    ALTER TABLE affiliates_transfer
    ADD CONSTRAINT transfer_{side}_has_its_currency
    FOREIGN KEY ({side}_account_id, currency) REFERENCES affiliates_account (id, currency)
    """
    for side in ("debit", "credit")
)
BACKWARDS = "; ".join(
    f"ALTER TABLE affiliates_transfer DROP CONSTRAINT transfer_{side}_has_its_currency"
    for side in ("debit", "credit")
)


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
