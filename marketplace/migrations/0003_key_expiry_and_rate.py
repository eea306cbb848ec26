"""A key may have an end, and a rate of its own; `marketplace_live_key` tells both."""

from importlib import import_module

from django.db import migrations, models

BEFORE = import_module("marketplace.migrations.0002_live_key")
CREATE = """
CREATE FUNCTION marketplace_live_key(wanted text) RETURNS TABLE (
    key_id bigint, client_id bigint, prefix text, last_used_at timestamptz,
    calls_per_second integer, has_ended boolean,
    name text, scopes text[], addresses text[], store_id bigint, store_ref text
) LANGUAGE plpgsql STABLE AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT k.id, k.client_id, k.prefix::text, k.last_used_at,
        k.calls_per_second, (k.expires_at <= now()) IS TRUE,
        c.name::text, c.scopes::text[], c.addresses::text[], c.store_id, s.ref::text
    FROM marketplace_apikey k
    JOIN marketplace_apiclient c ON c.id = k.client_id
    LEFT JOIN marketplace_store s ON s.id = c.store_id
    WHERE k.digest = wanted AND k.revoked_at IS NULL;
END
$function$
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_live_key")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="works until"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="calls_per_second",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="In each web process; empty: as the settings say.",
                null=True,
                verbose_name="calls a second",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("calls_per_second", None), ("calls_per_second__gte", 1), _connector="OR"
                ),
                name="api_key_rate_positive",
            ),
        ),
        migrations.RunSQL(BEFORE.DROP, BEFORE.CREATE),
        migrations.RunSQL(CREATE, BEFORE.DROP),
    ]
