"""What the till writes, as functions whose plans are kept: one call for a whole cart.

`promocodes_record` writes a checkout with its uses, shares and slots, and last the counters.
`promocodes_claim` takes slots of persons and codes, all or none, in one order everywhere: whoever
loses one lets go of the others too (its block is rolled back), so nobody waits for a loser.
`promocodes_take` and `promocodes_give_back` move a promotion's counters. A hot promotion shares its
limits over several slots: one that is free is taken without waiting; only when none is, all are
locked in order, and what is left in them is put together, so the last use and the last coin are
given, and none beyond (engine.md 2, 4). Each transaction takes from promotions in id order and, of
one promotion, either from a single slot or from all in order. SKIP LOCKED alone would not keep that
order: a slot that changed since the statement began is locked first and then looked at again, and
stays locked though it is full. So the search is a block of its own, rolled back when it finds none,
which lets go of them before all are locked in order. Whoever waits for a slot taken in such a block
waits for the whole transaction, even when a savepoint around the block is rolled back and tried
again; so who may do that, having taken from another promotion before, asks for `in_order`: all are
locked at once, in no block. So nobody deadlocks.
"""

from django.db import migrations

TAKE = """
CREATE FUNCTION promocodes_take(wanted uuid, amount bigint, in_order boolean DEFAULT FALSE)
RETURNS boolean
LANGUAGE plpgsql AS $function$
DECLARE
    start int := floor(random() * 64);
    one record;
    use_left boolean := TRUE;
    money_left bigint := amount;
    part bigint;
BEGIN
    IF NOT in_order THEN BEGIN
        UPDATE promocodes_promotioncounter k
        SET taken = k.taken + 1, spent_minor = k.spent_minor + amount
        WHERE k.id = (
            SELECT n.id FROM promocodes_promotioncounter n
            WHERE n.promotion_id = wanted AND (n.quota IS NULL OR n.taken < n.quota)
                AND (n.budget_minor IS NULL OR n.spent_minor + amount <= n.budget_minor)
            ORDER BY n.slot < start, n.slot LIMIT 1 FOR UPDATE SKIP LOCKED
        );
        IF FOUND THEN
            RETURN TRUE;
        END IF;
        RAISE EXCEPTION 'no slot is free' USING ERRCODE = 'SLOTS';
    EXCEPTION WHEN SQLSTATE 'SLOTS' THEN
        NULL;  -- the slots that filled up while they were being locked are let go of
    END; END IF;
    PERFORM 1 FROM promocodes_promotioncounter n
    WHERE n.promotion_id = wanted ORDER BY n.slot FOR UPDATE;
    IF (
        SELECT COALESCE(sum(n.quota - n.taken) < 1, FALSE)
            OR COALESCE(sum(n.budget_minor - n.spent_minor) < amount, FALSE)
        FROM promocodes_promotioncounter n WHERE n.promotion_id = wanted
    ) THEN
        RETURN FALSE;
    END IF;
    FOR one IN
        SELECT * FROM promocodes_promotioncounter n WHERE n.promotion_id = wanted ORDER BY n.slot
    LOOP
        part := LEAST(money_left, COALESCE(one.budget_minor - one.spent_minor, money_left));
        UPDATE promocodes_promotioncounter k
        SET spent_minor = k.spent_minor + part,
            taken = k.taken
                + CASE WHEN use_left AND (k.quota IS NULL OR k.taken < k.quota) THEN 1 ELSE 0 END
        WHERE k.id = one.id;
        money_left := money_left - part;
        use_left := use_left AND NOT (one.quota IS NULL OR one.taken < one.quota);
        EXIT WHEN money_left = 0 AND NOT use_left;
    END LOOP;
    RETURN TRUE;
END
$function$
"""

GIVE_BACK = """
CREATE FUNCTION promocodes_give_back(wanted uuid, uses int, amount bigint) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
    one record;
    is_limited boolean := FALSE;
    uses_left int := uses;
    money_left bigint := amount;
BEGIN
    BEGIN
        UPDATE promocodes_promotioncounter k
        SET taken = k.taken - uses, spent_minor = k.spent_minor - amount
        WHERE k.id = (
            SELECT n.id FROM promocodes_promotioncounter n
            WHERE n.promotion_id = wanted AND n.taken >= uses AND n.spent_minor >= amount
            ORDER BY n.slot LIMIT 1 FOR UPDATE SKIP LOCKED
        );
        IF FOUND THEN
            RETURN;
        END IF;
        RAISE EXCEPTION 'no slot has so much' USING ERRCODE = 'SLOTS';
    EXCEPTION WHEN SQLSTATE 'SLOTS' THEN
        NULL;  -- as above
    END;
    FOR one IN
        SELECT * FROM promocodes_promotioncounter n
        WHERE n.promotion_id = wanted ORDER BY n.slot FOR UPDATE
    LOOP
        is_limited := TRUE;
        UPDATE promocodes_promotioncounter k
        SET taken = k.taken - LEAST(uses_left, one.taken),
            spent_minor = k.spent_minor - LEAST(money_left, one.spent_minor)
        WHERE k.id = one.id;
        uses_left := uses_left - LEAST(uses_left, one.taken);
        money_left := money_left - LEAST(money_left, one.spent_minor);
    END LOOP;
    IF is_limited AND (uses_left > 0 OR money_left > 0) THEN
        RAISE EXCEPTION 'promotion % gives back more than was taken', wanted;
    END IF;
END
$function$
"""

CLAIM = """
CREATE FUNCTION promocodes_claim(slots jsonb) RETURNS boolean
LANGUAGE plpgsql AS $function$
DECLARE
    kept int;
BEGIN
    INSERT INTO promocodes_useslot (promotion_id, identity, slot, redemption_id)
    SELECT x.promotion_id, decode(x.identity, 'hex'), x.slot, x.redemption_id
    FROM jsonb_to_recordset(slots) AS x(
        promotion_id uuid, identity text, slot int, redemption_id uuid
    )
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept < jsonb_array_length(slots) THEN
        RAISE EXCEPTION 'somebody else took a slot' USING ERRCODE = 'SLOTS';
    END IF;
    RETURN TRUE;
EXCEPTION WHEN SQLSTATE 'SLOTS' THEN
    RETURN FALSE;
END
$function$
"""

RECORD = """
CREATE FUNCTION promocodes_record(
    checkout jsonb, uses jsonb, lines jsonb, slots jsonb, takes jsonb,
    OUT is_order_free boolean, OUT has_slots boolean, OUT lost uuid
) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    one record;
BEGIN
    INSERT INTO promocodes_checkout (
        id, client_id, store_id, order_ref, shopper_ref, persons, state, currency,
        subtotal_minor, shipping_minor, discount_minor, shipping_discount_minor,
        cart, cart_digest, digest, returned, decided_at, expires_at, redeemed_at
    )
    SELECT c.id, c.client_id, c.store_id, c.order_ref, c.shopper_ref, c.persons, c.state,
        c.currency, c.subtotal_minor, c.shipping_minor, c.discount_minor, c.shipping_discount_minor,
        c.cart, c.cart_digest, c.digest, c.returned, c.decided_at, c.expires_at, c.redeemed_at
    FROM jsonb_populate_record(NULL::promocodes_checkout, checkout) AS c
    ON CONFLICT (order_ref, store_id) WHERE order_ref IS NOT NULL DO NOTHING;
    is_order_free := FOUND;
    IF NOT is_order_free THEN
        RETURN;
    END IF;
    INSERT INTO promocodes_redemption (
        id, checkout_id, code_id, promotion_id, terms_id, store_id, state,
        discount_minor, shipping_discount_minor, returned_minor, sales_minor, is_given_back,
        decided_at, redeemed_at
    )
    SELECT r.id, (checkout ->> 'id')::uuid, r.code_id, r.promotion_id, r.terms_id, r.store_id,
        r.state, r.discount_minor, r.shipping_discount_minor, 0, r.sales_minor, FALSE,
        (checkout ->> 'decided_at')::timestamptz, (checkout ->> 'redeemed_at')::timestamptz
    FROM jsonb_populate_recordset(NULL::promocodes_redemption, uses) AS r;
    INSERT INTO promocodes_redemptionline (
        redemption_id, line_ref, store_id, quantity, units, discount_minor,
        returned_quantity, returned_minor
    )
    SELECT l.redemption_id, l.line_ref, s.id, l.quantity, l.units, l.discount_minor, 0, 0
    FROM jsonb_to_recordset(lines) AS l(
        redemption_id uuid, line_ref text, store text, quantity int, units bigint[],
        discount_minor bigint
    )
    LEFT JOIN marketplace_store s ON s.ref = l.store;
    has_slots := TRUE;
    IF jsonb_array_length(slots) > 0 THEN
        has_slots := promocodes_claim(slots);
    END IF;
    IF NOT has_slots THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT t.promotion_id, t.amount_minor, t.in_order
        FROM jsonb_to_recordset(takes) AS t(
            promotion_id uuid, amount_minor bigint, in_order boolean
        )
        ORDER BY t.promotion_id
    LOOP
        IF NOT promocodes_take(one.promotion_id, one.amount_minor, one.in_order) THEN
            lost := one.promotion_id;
            RETURN;
        END IF;
    END LOOP;
END
$function$
"""


class Migration(migrations.Migration):
    dependencies = [("promocodes", "0003_known_at_the_till")]

    operations = [
        migrations.RunSQL(TAKE, "DROP FUNCTION promocodes_take(uuid, bigint, boolean)"),
        migrations.RunSQL(GIVE_BACK, "DROP FUNCTION promocodes_give_back(uuid, int, bigint)"),
        migrations.RunSQL(CLAIM, "DROP FUNCTION promocodes_claim(jsonb)"),
        migrations.RunSQL(
            RECORD, "DROP FUNCTION promocodes_record(jsonb, jsonb, jsonb, jsonb, jsonb)"
        ),
    ]
