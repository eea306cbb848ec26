"""`promocodes_known`: all that is known of typed codes, in one call with a plan that is kept.

A function, because planning its joins anew would cost six times what running them does. With
`to_write` it first shares the promotions' locks (`promocodes.locks`) in the order of their numbers,
then reads in a statement of its own, so that it sees every change that it waited for.

`goods`: what the catalogue knows of products whose line names no store, and of those whose line
names no category if the code goes by categories: `[product, store, category or null]`.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION promocodes_known(
    typed_codes text[], persons bytea[], own_store bigint,
    miss_keys bytea[], miss_limits int[], miss_window int,
    storeless text[], uncategorised text[], to_write boolean
) RETURNS TABLE (
    at timestamptz, is_throttled boolean, code text,
    code_id uuid, person_id bigint, person_ref text, person_email text,
    promotion_id uuid, kind text, store_id bigint, store text, currency text, status text,
    terms_id uuid, total_limit int, per_person_limit smallint, per_code_limit smallint,
    budget_minor bigint, budget_edge text, uses_left bigint, budget_left bigint,
    person_uses bigint, person_slots smallint[], code_slots smallint[],
    discount_type text, percent_bp int, amount_minor bigint, max_discount_minor bigint,
    allocation text, max_units_per_line int, scope text, products text[], categories text[],
    exclude_products text[], stores text[], min_spend_minor bigint, min_spend_basis text,
    first_order_only boolean, stacking text, priority int, gives_back_for text[],
    starts_at timestamptz, ends_at timestamptz, timezone text, goods jsonb
) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
    IF to_write THEN
        PERFORM pg_advisory_xact_lock_shared(one.number)
        FROM (
            SELECT DISTINCT
                ('x' || right(replace(c.promotion_id::text, '-', ''), 16))::bit(64)::bigint
                AS number
            FROM promocodes_promocode c WHERE c.code = ANY(typed_codes) AND c.revoked_at IS NULL
            ORDER BY 1
        ) AS one;
    END IF;
    RETURN QUERY
    SELECT clock_timestamp(),
        EXISTS (
            SELECT 1 FROM unnest(miss_keys, miss_limits) AS one(source, most)
            WHERE one.most <= (
                SELECT sum(m.misses) FROM promocodes_misscount m
                WHERE m.source = one.source
                    AND m.since > clock_timestamp() - make_interval(mins => miss_window)
            )
        ),
        c.code::text, c.id, c.person_id, u.ref::text, u.email::text,
        p.id, p.kind::text, p.store_id, s.ref::text, p.currency::text, p.status::text,
        p.terms_id, p.total_limit, p.per_person_limit, p.per_code_limit,
        p.budget_minor, p.budget_edge::text, k.uses_left, k.budget_left,
        x.uses, x.slots, y.slots,
        t.discount_type::text, t.percent_bp, t.amount_minor, t.max_discount_minor,
        t.allocation::text, t.max_units_per_line, t.scope::text, t.products::text[],
        t.categories::text[], t.exclude_products::text[], t.stores::text[], t.min_spend_minor,
        t.min_spend_basis::text, t.first_order_only, t.stacking::text, t.priority,
        t.gives_back_for::text[], t.starts_at, t.ends_at, t.timezone::text,
        (
            SELECT jsonb_agg(jsonb_build_array(g.ref, o.ref, h.ref))
            FROM marketplace_product g JOIN marketplace_store o ON o.id = g.store_id
            LEFT JOIN marketplace_category h ON h.id = g.category_id
            WHERE g.ref = ANY(
                CASE t.scope WHEN 'categories' THEN storeless || uncategorised ELSE storeless END
            )
        )
    FROM (SELECT 1) AS always
    LEFT JOIN promocodes_promocode c ON c.code = ANY(typed_codes) AND c.revoked_at IS NULL
    LEFT JOIN promocodes_promotion p
        ON p.id = c.promotion_id AND (own_store IS NULL OR p.store_id = own_store)
    LEFT JOIN promocodes_promotionterms t ON t.id = p.terms_id
    LEFT JOIN marketplace_store s ON s.id = p.store_id
    LEFT JOIN marketplace_user u ON u.id = c.person_id
    LEFT JOIN LATERAL (
        SELECT sum(n.quota - n.taken)::bigint AS uses_left,
            sum(n.budget_minor - n.spent_minor)::bigint AS budget_left
        FROM promocodes_promotioncounter n
        WHERE n.promotion_id = p.id
            AND (p.total_limit IS NOT NULL OR p.budget_minor IS NOT NULL)
    ) AS k ON TRUE
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT n.redemption_id) AS uses, array_agg(n.slot) AS slots
        FROM promocodes_useslot n
        WHERE n.promotion_id = p.id AND n.identity = ANY(persons)
            AND p.per_person_limit IS NOT NULL
    ) AS x ON TRUE
    LEFT JOIN LATERAL (
        SELECT array_agg(n.slot) AS slots FROM promocodes_useslot n
        WHERE n.promotion_id = p.id AND n.identity = uuid_send(c.id)
            AND p.per_code_limit IS NOT NULL
    ) AS y ON TRUE;
END
$function$
"""
DROP = (
    "DROP FUNCTION promocodes_known"
    "(text[], bytea[], bigint, bytea[], int[], int, text[], text[], boolean)"
)


class Migration(migrations.Migration):
    dependencies = [("promocodes", "0002_composite_keys")]

    operations = [migrations.RunSQL(CREATE, DROP)]
