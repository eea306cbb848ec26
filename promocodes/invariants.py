"""What must never be among promo codes (trust.md, Invariants); each returns the rows that break it.

The window and the decision of a use are compared with its own frozen terms, so a use stays right
whatever becomes of its promotion later.
"""

from marketplace.invariants import Invariant

# How long a hold may outstay its time: jobs may have been down, but not unseen.
_STALE = "interval '15 minutes'"

INVARIANTS = [
    Invariant(
        name="promo_uses_within_limit",
        sql="""
            SELECT p.id, p.total_limit, count(*) FROM promocodes_promotion p
            JOIN promocodes_redemption r ON r.promotion_id = p.id AND NOT r.is_given_back
            WHERE p.total_limit IS NOT NULL GROUP BY p.id HAVING count(*) > p.total_limit
        """,
        why="No promotion is used more often than its limit (engine.md 2).",
    ),
    Invariant(
        name="promo_budget_within_limit",
        sql="""
            SELECT p.id, p.budget_minor,
                sum(r.discount_minor + r.shipping_discount_minor - r.returned_minor)
            FROM promocodes_promotion p JOIN promocodes_redemption r ON r.promotion_id = p.id
            WHERE p.budget_minor IS NOT NULL GROUP BY p.id
            HAVING sum(r.discount_minor + r.shipping_discount_minor - r.returned_minor)
                > p.budget_minor
        """,
        why="No promotion gives more than its budget (engine.md 4).",
    ),
    Invariant(
        name="promo_counters_equal_rows",
        sql="""
            WITH counted AS (
                SELECT promotion_id, sum(taken) AS taken, sum(spent_minor) AS spent,
                    sum(quota) AS quota, sum(budget_minor) AS budget
                FROM promocodes_promotioncounter GROUP BY promotion_id
            ), ledger AS (
                SELECT promotion_id, count(*) FILTER (WHERE NOT is_given_back) AS taken,
                    sum(discount_minor + shipping_discount_minor - returned_minor) AS spent
                FROM promocodes_redemption GROUP BY promotion_id
            )
            SELECT p.id, counted.taken, ledger.taken, counted.spent, ledger.spent
            FROM promocodes_promotion p
            LEFT JOIN counted ON counted.promotion_id = p.id
            LEFT JOIN ledger ON ledger.promotion_id = p.id
            WHERE (p.total_limit IS NOT NULL OR p.budget_minor IS NOT NULL) AND (
                counted.taken IS NULL
                OR (p.total_limit IS NOT NULL AND counted.taken <> COALESCE(ledger.taken, 0))
                OR (p.budget_minor IS NOT NULL AND counted.spent <> COALESCE(ledger.spent, 0))
                OR counted.quota IS DISTINCT FROM p.total_limit
                OR counted.budget IS DISTINCT FROM p.budget_minor
            ) OR (p.total_limit IS NULL AND p.budget_minor IS NULL AND counted.taken IS NOT NULL)
        """,
        why="A counter is a cache of the ledger of uses, and only a limited promotion has one.",
    ),
    Invariant(
        name="promo_person_within_limit",
        sql="""
            SELECT x.promotion_id, x.identity, count(*) FROM promocodes_useslot x
            JOIN promocodes_promotion p ON p.id = x.promotion_id
            WHERE p.per_code_limit IS NULL AND p.per_person_limit IS NOT NULL
            GROUP BY x.promotion_id, x.identity, p.per_person_limit
            HAVING count(*) > p.per_person_limit
        """,
        why="Nobody, by any identity, uses a promotion more often than allowed (engine.md 3).",
    ),
    Invariant(
        name="promo_slots_only_for_counted_uses",
        sql="""
            SELECT x.id, r.id FROM promocodes_useslot x
            JOIN promocodes_redemption r ON r.id = x.redemption_id
            WHERE r.is_given_back OR r.promotion_id <> x.promotion_id
        """,
        why="A use that was given back holds no slot.",
    ),
    Invariant(
        name="promo_one_use_per_order_and_code",
        sql="""
            SELECT c.order_ref, c.store_id, r.code_id, count(*) FROM promocodes_redemption r
            JOIN promocodes_checkout c ON c.id = r.checkout_id AND c.order_ref IS NOT NULL
            GROUP BY c.order_ref, c.store_id, r.code_id HAVING count(*) > 1
        """,
        why="A code is used once on an order.",
    ),
    Invariant(
        name="promo_discount_within_cart",
        sql="""
            SELECT c.id, c.discount_minor, uses.discount, c.shipping_discount_minor, uses.shipping
            FROM promocodes_checkout c
            LEFT JOIN LATERAL (
                SELECT COALESCE(sum(r.discount_minor), 0) AS discount,
                    COALESCE(sum(r.shipping_discount_minor), 0) AS shipping
                FROM promocodes_redemption r WHERE r.checkout_id = c.id
            ) AS uses ON TRUE
            WHERE uses.discount <> c.discount_minor OR uses.shipping <> c.shipping_discount_minor
                OR c.discount_minor > c.subtotal_minor OR c.discount_minor < 0
                OR c.shipping_discount_minor > c.shipping_minor OR c.shipping_discount_minor < 0
        """,
        why="0 <= discount <= cart, and the cart's discount is the sum of its codes'.",
    ),
    Invariant(
        name="promo_shares_sum",
        sql="""
            SELECT r.id, r.discount_minor, lines.discount FROM promocodes_redemption r
            LEFT JOIN LATERAL (
                SELECT COALESCE(sum(l.discount_minor), 0) AS discount,
                    bool_or(l.discount_minor <> (SELECT sum(u) FROM unnest(l.units) u)) AS torn,
                    bool_or(cardinality(l.units) <> l.quantity) AS odd,
                    bool_or((SELECT min(u) FROM unnest(l.units) u) < 0) AS negative
                FROM promocodes_redemptionline l WHERE l.redemption_id = r.id
            ) AS lines ON TRUE
            WHERE lines.discount <> r.discount_minor OR lines.torn OR lines.odd OR lines.negative
        """,
        why="A use is the sum of its lines, a line the sum of its units (engine.md 5).",
    ),
    Invariant(
        name="promo_sales_equal_orders",
        sql="""
            SELECT r.id, r.sales_minor, goods.kept, taken.discount, r.redeemed_at, c.redeemed_at
            FROM promocodes_redemption r
            JOIN promocodes_checkout c ON c.id = r.checkout_id
            LEFT JOIN marketplace_store s ON s.id = r.store_id
            CROSS JOIN LATERAL (
                SELECT COALESCE(sum(
                    (l.line ->> 4)::bigint * ((l.line ->> 5)::bigint - c.returned[l.place::int])
                ), 0) AS kept
                FROM jsonb_array_elements(c.cart -> 'lines') WITH ORDINALITY AS l(line, place)
                WHERE s.ref IS NULL OR l.line ->> 2 = s.ref
            ) AS goods
            CROSS JOIN LATERAL (
                SELECT COALESCE(sum(x.discount_minor - x.returned_minor), 0) AS discount
                FROM promocodes_redemption o
                JOIN promocodes_redemptionline x ON x.redemption_id = o.id
                WHERE o.checkout_id = c.id AND (r.store_id IS NULL OR x.store_id = r.store_id)
            ) AS taken
            WHERE r.sales_minor <> goods.kept - taken.discount
                OR r.redeemed_at IS DISTINCT FROM c.redeemed_at
        """,
        why="A use's sales are what was paid and kept of its store's goods (engine.md 12).",
    ),
    Invariant(
        name="promo_valid_when_decided",
        sql="""
            SELECT r.id, r.decided_at, t.starts_at, t.ends_at, p.approved_at, p.cancelled_at
            FROM promocodes_redemption r
            JOIN promocodes_promotionterms t ON t.id = r.terms_id
            JOIN promocodes_promotion p ON p.id = r.promotion_id
            JOIN promocodes_promocode c ON c.id = r.code_id
            WHERE r.decided_at < t.starts_at OR r.decided_at >= t.ends_at
                OR p.approved_at IS NULL OR r.decided_at < p.approved_at
                OR r.decided_at >= p.cancelled_at OR r.decided_at >= c.revoked_at
        """,
        why="A code is used only while it is approved, in its window, not cancelled or revoked.",
    ),
    Invariant(
        name="promo_no_stale_holds",
        sql=f"""
            SELECT id, expires_at FROM promocodes_checkout
            WHERE state = 'held' AND expires_at < clock_timestamp() - {_STALE}
        """,  # noqa: S608 - a constant of ours
        why="A hold past its time gives back what it holds.",
    ),
    Invariant(
        name="promo_reversals_within_shares",
        sql="""
            SELECT l.id, l.discount_minor, l.returned_minor, back.discount
            FROM promocodes_redemptionline l
            LEFT JOIN LATERAL (
                SELECT COALESCE(sum(x.discount_minor), 0) AS discount,
                    COALESCE(sum(x.quantity), 0) AS quantity
                FROM promocodes_reversalline x WHERE x.redemption_line_id = l.id
            ) AS back ON TRUE
            WHERE back.discount <> l.returned_minor OR back.quantity <> l.returned_quantity
                OR back.discount > l.discount_minor
                OR (back.quantity = l.quantity AND back.discount <> l.discount_minor)
        """,
        why="What comes back of a line is what was given on it, never more, and all in the end.",
    ),
    Invariant(
        name="promo_states_agree",
        sql="""
            SELECT c.id, c.state, r.id, r.state, r.is_given_back FROM promocodes_checkout c
            JOIN promocodes_redemption r ON r.checkout_id = c.id
            WHERE (c.state = 'held') <> (r.state = 'reserved')
                OR (c.state IN ('released', 'expired') AND (r.state <> c.state
                    OR NOT r.is_given_back))
                OR (c.state = 'redeemed' AND r.state <> 'redeemed')
                OR (c.state = 'reversed' AND r.state <> 'reversed')
                OR (r.is_given_back AND r.state NOT IN ('released', 'expired', 'reversed'))
                OR (r.state IN ('reserved', 'redeemed') AND r.returned_minor <> 0)
        """,
        why="A checkout and its uses tell the same story.",
    ),
    Invariant(
        name="promo_batches_equal_codes",
        sql="""
            SELECT b.id, b.made, count(c.id) FROM promocodes_codebatch b
            LEFT JOIN promocodes_promocode c ON c.batch_id = b.id
            GROUP BY b.id HAVING count(c.id) <> b.made
        """,
        why="A batch has made as many codes as it says.",
    ),
]
