"""Millions of rows by set-based SQL, as our verbs would have written them one by one.

Ids are in order of time as real ones are. Foreign keys are not asked meanwhile, indexes are kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# The id of the n-th row of a table; the first digits keep tables apart.
PROMOTION, TERMS, CODE, CHECKOUT, USE = "01980000", "01980001", "01980002", "01980003", "01980004"


def id_of(kind: str, number: str) -> str:
    """SQL for the n-th id of a kind."""
    return f"('{kind}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def run(statement: str, **values: object) -> None:
    """One statement with `%(name)s` values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextmanager
def without_foreign_keys() -> Iterator[None]:
    """Rows are written without a look at those that they point at."""
    run("SET session_replication_role = replica")
    try:
        yield
    finally:
        run("RESET session_replication_role")


def promotions_with_codes(count: int, *, stores: int) -> None:
    """So many promotions of so many stores, each with its terms and a code; some in each state."""
    run(
        """INSERT INTO marketplace_store (ref, name, currency, country, host, is_verified,
            is_active) SELECT 's' || n, 'Store ' || n, 'RUB', 'RU', '', TRUE, TRUE
        FROM generate_series(1, %(stores)s) n""",
        stores=stores,
    )
    run(
        f"""INSERT INTO promocodes_promotion (id, kind, name, currency, status, terms_id, store_id,
            share_with_affiliates, budget_edge, refused_reason, created_at, approved_at)
        SELECT {id_of(PROMOTION, "n")}, 'store', 'Promotion ' || n, 'RUB',
            CASE n %% 100 WHEN 0 THEN 'pending_approval' WHEN 1 THEN 'draft' ELSE 'approved' END,
            {id_of(TERMS, "n")}, (SELECT min(id) FROM marketplace_store) + n %% %(stores)s,
            n %% 2 = 0, 'refuse', '', now(), CASE WHEN n %% 100 > 1 THEN now() END
        FROM generate_series(1, %(count)s) n""",
        count=count,
        stores=stores,
    )
    run(
        f"""INSERT INTO promocodes_promotionterms (id, promotion_id, version, discount_type,
            percent_bp, allocation, scope, products, categories, exclude_products, stores,
            min_spend_minor, min_spend_basis, first_order_only, stacking, priority, gives_back_for,
            starts_at, ends_at, timezone, starts_local, ends_local)
        SELECT {id_of(TERMS, "n")}, {id_of(PROMOTION, "n")}, 1, 'percent', 100 + n %% 5000,
            'across', 'storewide', '{{}}', '{{}}', '{{}}', '{{}}', 0, 'undiscounted', FALSE,
            'default', 100, '{{unpaid,cancelled}}', now() - interval '1 day' * (3 + n %% 900),
            CASE WHEN n %% 3 > 0 THEN now() + interval '1 day' * (n %% 10 - 2) END,
            'Europe/Moscow', '2026-01-01T00:00',
            '2027-01-01T00:00'
        FROM generate_series(1, %(count)s) n""",
        count=count,
    )
    run(
        f"""INSERT INTO promocodes_promocode (id, promotion_id, code, revoked_at)
        SELECT {id_of(CODE, "n")}, {id_of(PROMOTION, "n")},
            'C' || upper(substr(md5(n::text), 1, 14)), CASE WHEN n %% 100 = 7 THEN now() END
        FROM generate_series(1, %(count)s) n""",
        count=count,
    )


def uses(count: int, *, per_promotion: int, stores: int, client_id: int) -> None:
    """So many orders, each with a cart of three units that used one code; some held, some back.

    The n-th use is of the code and promotion with the number n / `per_promotion`, rounded up.
    """
    state = "CASE n %% 100 WHEN 3 THEN {0} WHEN 5 THEN 'reversed' ELSE 'redeemed' END"
    order = "CASE WHEN n %% 100 <> 3 THEN {0} END"
    of = f"((n - 1) / {per_promotion} + 1)"
    store = f"'s' || ({of} %% {stores} + 1)"
    run(
        f"""INSERT INTO promocodes_checkout (id, client_id, order_ref, shopper_ref, state, currency,
            subtotal_minor, shipping_minor, discount_minor, shipping_discount_minor, cart,
            cart_digest, digest, returned, decided_at, expires_at, redeemed_at)
        SELECT {id_of(CHECKOUT, "n")}, %(client)s, {order.format("'order-' || n")}, 'u' || n,
            {state.format("'held'")}, 'RUB', 199800, 0, 19980, 0,
            jsonb_build_object('lines', jsonb_build_array(
                jsonb_build_array('1', 'p1', {store}, 'mugs', 120000, 1),
                jsonb_build_array('2', 'p2', {store}, 'mugs', 39900, 2)), 'codes',
                jsonb_build_array('C' || n)),
            md5(n::text), md5(n::text),
            CASE n %% 100 WHEN 5 THEN '{{1,2}}'::int[] ELSE '{{0,0}}' END, now(),
            now() + interval '1 hour', {order.format("now()")}
        FROM generate_series(1, %(count)s) n""",
        count=count,
        client=client_id,
    )
    run(
        f"""INSERT INTO promocodes_redemption (id, checkout_id, code_id, promotion_id, terms_id,
            store_id, state, discount_minor, shipping_discount_minor, returned_minor, sales_minor,
            is_given_back, decided_at, redeemed_at)
        SELECT {id_of(USE, "n")}, {id_of(CHECKOUT, "n")}, {id_of(CODE, of)},
            {id_of(PROMOTION, of)}, {id_of(TERMS, of)}, p.store_id, {state.format("'reserved'")},
            19980, 0, CASE WHEN n %% 100 = 5 THEN 19980 ELSE 0 END,
            CASE WHEN n %% 100 = 5 THEN 0 ELSE 179820 END, n %% 100 = 5, now(),
            {order.format("now()")}
        FROM generate_series(1, %(count)s) n
        JOIN promocodes_promotion p ON p.id = {id_of(PROMOTION, of)}""",
        count=count,
    )
