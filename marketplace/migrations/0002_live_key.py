"""`marketplace_live_key`: the live key of a secret, its client and store, with a plan that is kept.

Every call of the API begins with it, and planning its joins anew took five times what running them
does.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION marketplace_live_key(wanted text) RETURNS TABLE (
    key_id bigint, client_id bigint, prefix text, last_used_at timestamptz,
    name text, scopes text[], addresses text[], store_id bigint, store_ref text
) LANGUAGE plpgsql STABLE AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT k.id, k.client_id, k.prefix::text, k.last_used_at,
        c.name::text, c.scopes::text[], c.addresses::text[], c.store_id, s.ref::text
    FROM marketplace_apikey k
    JOIN marketplace_apiclient c ON c.id = k.client_id
    LEFT JOIN marketplace_store s ON s.id = c.store_id
    WHERE k.digest = wanted AND k.revoked_at IS NULL;
END
$function$
"""
DROP = "DROP FUNCTION marketplace_live_key(text)"


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
