"""What must never be, about money (trust.md); `verify_ledger` proves those of `LEDGER`."""

from marketplace.invariants import Invariant

# What a commission's side earns on `whole`, in SQL as in `rates._part`.
_PART = """CASE side WHEN 'agency' THEN {whole} * share_bp / 10000
                     WHEN 'influencer' THEN {whole} - {whole} * share_bp / 10000
                     ELSE {whole} END"""
_PERCENT = "((2 * {minor}::numeric * rate_bp + 10000)::bigint / 20000)"
_EARNED = _PART.format(
    whole=f"(CASE WHEN base_minor = 0 THEN 0 WHEN fee_minor > 0 THEN fee_minor"
    f" ELSE {_PERCENT.format(minor='base_minor')} END)"
)
_RETURNED = _PART.format(
    whole=f"(CASE WHEN fee_minor > 0 AND refunded_minor = base_minor THEN fee_minor"
    f" WHEN fee_minor > 0 THEN 0 ELSE {_PERCENT.format(minor='refunded_minor')} END)"
)

LEDGER = [
    Invariant(
        "transfer_accounts_share_currency",
        """
        SELECT t.key, t.currency, d.currency, c.currency FROM affiliates_transfer t
        LEFT JOIN affiliates_account d ON d.id = t.debit_account_id
        LEFT JOIN affiliates_account c ON c.id = t.credit_account_id
        WHERE d.currency IS DISTINCT FROM t.currency OR c.currency IS DISTINCT FROM t.currency
        """,
        "Money of one currency never becomes another's.",
    ),
    Invariant(
        "ledger_sums_to_zero",
        """
        SELECT currency, sum(debited_minor), sum(credited_minor) FROM affiliates_account
        GROUP BY currency HAVING sum(debited_minor) <> sum(credited_minor)
        """,
        "Every debit is somebody's credit.",
    ),
    Invariant(
        "balances_equal_sums",
        """
        SELECT a.code, a.debited_minor, moved.debit, a.credited_minor, moved.credit
        FROM affiliates_account a
        LEFT JOIN (
            SELECT account_id, sum(debit) AS debit, sum(credit) AS credit FROM (
                SELECT debit_account_id AS account_id, amount_minor AS debit, 0 AS credit
                FROM affiliates_transfer
                UNION ALL
                SELECT credit_account_id, 0, amount_minor FROM affiliates_transfer
            ) AS sides GROUP BY account_id
        ) AS moved ON moved.account_id = a.id
        WHERE a.debited_minor <> coalesce(moved.debit, 0)
           OR a.credited_minor <> coalesce(moved.credit, 0)
        """,
        "A balance is nothing but the sum of its transfers.",
    ),
    Invariant(
        "only_reversals_make_debts",
        """
        SELECT code, key, running FROM (
            SELECT a.code, t.key, t.kind, t.debit_account_id = a.id AS is_debit,
                   sum(CASE WHEN t.credit_account_id = a.id THEN t.amount_minor
                            ELSE -t.amount_minor END)
                       OVER (PARTITION BY a.id ORDER BY t.id) AS running
            FROM affiliates_account a
            JOIN affiliates_transfer t ON a.id IN (t.debit_account_id, t.credit_account_id)
            WHERE a.kind = 'affiliate_available'
        ) AS walked
        WHERE running < 0 AND is_debit AND kind <> 'reverse'
        """,
        "An affiliate can come to owe money only because goods came back.",
    ),
    Invariant(
        "no_account_overdrawn",
        """
        SELECT code, debited_minor, credited_minor FROM affiliates_account
        WHERE NOT may_go_negative AND CASE
            WHEN kind IN ('platform_cash', 'seller_receivable', 'promo_expense', 'payout_fee',
                          'bad_debt') THEN credited_minor > debited_minor
            ELSE debited_minor > credited_minor END
        """,
        "What is not there can't be spent.",
    ),
]

COMMISSIONS = [
    Invariant(
        "line_commissioned_once",
        """
        SELECT order_ref, line_ref, beneficiary_id, kind, count(*) FROM affiliates_commission
        GROUP BY order_ref, line_ref, beneficiary_id, kind HAVING count(*) > 1
        """,
        "A line earns an affiliate one commission of a kind.",
    ),
    Invariant(
        "commission_formula_recomputes",
        f"""
        SELECT id, amount_minor, {_EARNED} FROM affiliates_commission
        WHERE state <> 'not_due' AND amount_minor <> {_EARNED}
        """,  # noqa: S608 - our own formula
        "Amount = half-up of rate × base, split by the agreed share.",
    ),
    Invariant(
        "reversal_formula_recomputes",
        f"""
        SELECT id, reversed_minor, {_RETURNED} FROM affiliates_commission
        WHERE state <> 'not_due' AND reversed_minor <> {_RETURNED}
        """,  # noqa: S608 - our own formula
        "Taken back = what the returned part was worth; all of it for a full return.",
    ),
    Invariant(
        "commission_matches_ledger",
        """
        SELECT c.id, c.amount_minor - c.reversed_minor AS left_minor, net, releases
        FROM affiliates_commission c JOIN (
            SELECT wanted.id, count(*) FILTER (WHERE t.kind = 'release') AS releases,
                   coalesce(sum(CASE t.kind WHEN 'reverse' THEN -t.amount_minor
                                            WHEN 'release' THEN 0
                                            ELSE t.amount_minor END), 0) AS net
            FROM (
                SELECT id, 'accrue:' || id AS key FROM affiliates_commission
                UNION ALL SELECT id, 'release:' || id FROM affiliates_commission
                UNION ALL
                SELECT id, 'use:' || use_ref || CASE side WHEN 'whole' THEN '' ELSE ':' || side END
                FROM affiliates_commission WHERE kind = 'fee' AND use_ref <> ''
                UNION ALL
                SELECT id, word || id || ':' || n FROM affiliates_commission,
                       generate_series(1, corrections) AS n,
                       unnest(ARRAY['reverse:', 'restore:']) AS word
            ) AS wanted
            LEFT JOIN affiliates_transfer t ON t.key = wanted.key
            GROUP BY wanted.id
        ) AS moved ON moved.id = c.id
        WHERE CASE WHEN c.accrued_at IS NULL THEN net <> 0 OR releases > 0
                   ELSE net <> c.amount_minor - c.reversed_minor
                     OR releases <> (c.released_at IS NOT NULL)::int END
        """,
        "What is left of a commission is what the ledger moved for it.",
    ),
    Invariant(
        "no_own_purchase_commission",
        """
        SELECT c.id, c.order_ref FROM affiliates_commission c
        JOIN affiliates_affiliate a ON a.id = c.beneficiary_id
        JOIN marketplace_user u ON u.id = a.user_id
        JOIN marketplace_order o ON o.ref = c.order_ref
        WHERE c.reversed_minor < c.amount_minor
          AND (o.shopper_id = u.id OR o.shopper_ref = u.ref)
        """,
        "Nobody earns on what they bought themselves.",
    ),
    Invariant(
        "a_stores_word_costs_the_store_only",
        """
        SELECT c.id, c.order_ref, p.store_id FROM affiliates_commission c
        JOIN marketplace_order o ON o.ref = c.order_ref AND o.reported_by_id IS NOT NULL
        LEFT JOIN promocodes_promotion p ON p.id = c.promotion_id
        WHERE c.state <> 'not_due'
          AND (c.store_id <> o.reported_by_id
               OR c.promotion_id IS NOT NULL AND p.store_id IS DISTINCT FROM o.reported_by_id)
        """,
        "The platform pays for what the marketplace told of, never on a store's word.",
    ),
    Invariant(
        "beneficiary_won_the_line",
        """
        SELECT c.id FROM affiliates_commission c
        LEFT JOIN affiliates_attribution w
          ON w.order_ref = c.order_ref AND w.line_ref = c.line_ref
        LEFT JOIN affiliates_agreement g ON g.id = c.agreement_id
        WHERE w.winner_id IS NULL
           OR CASE c.side WHEN 'agency' THEN g.agency_id IS DISTINCT FROM c.beneficiary_id
                                          OR g.affiliate_id <> w.winner_id
                          ELSE w.winner_id <> c.beneficiary_id END
        """,
        "A commission goes to the line's one winner, and to the winner's agency.",
    ),
]

BALANCES = [
    Invariant(
        "pending_equals_commissions",
        """
        SELECT beneficiary_id, c.currency, sum(amount_minor - reversed_minor) AS left_minor,
               max(a.credited_minor - a.debited_minor) AS balance
        FROM affiliates_commission c
        LEFT JOIN affiliates_account a ON a.kind = 'affiliate_pending'
             AND a.owner = c.beneficiary_id::text AND a.currency = c.currency
        WHERE c.accrued_at IS NOT NULL AND c.released_at IS NULL
        GROUP BY beneficiary_id, c.currency
        HAVING sum(amount_minor - reversed_minor)
               <> coalesce(max(a.credited_minor - a.debited_minor), 0)
        """,
        "The pending balance is what is left of the commissions on hold.",
    ),
    Invariant(
        "available_equals_commissions_less_withdrawals",
        """
        SELECT a.code, a.credited_minor - a.debited_minor, earned.minor, taken.minor
        FROM affiliates_account a
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_minor - reversed_minor), 0) AS minor
            FROM affiliates_commission c
            WHERE c.beneficiary_id = a.owner::uuid AND c.currency = a.currency
              AND c.released_at IS NOT NULL
        ) AS earned ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS minor FROM affiliates_withdrawal w
            WHERE w.affiliate_id = a.owner::uuid AND w.currency = a.currency
              AND w.state IN ('requested', 'approved', 'sent', 'paid')
        ) AS taken ON true
        WHERE a.kind = 'affiliate_available'
          AND a.credited_minor - a.debited_minor <> earned.minor - taken.minor
        """,
        "The available balance is what was released, less what was withdrawn.",
    ),
    Invariant(
        "reserved_equals_open_withdrawals",
        """
        SELECT a.code, a.credited_minor - a.debited_minor, held.minor FROM affiliates_account a
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS minor FROM affiliates_withdrawal w
            WHERE w.affiliate_id = a.owner::uuid AND w.currency = a.currency
              AND w.state IN ('requested', 'approved')
        ) AS held ON true
        WHERE a.kind = 'affiliate_reserved' AND a.credited_minor - a.debited_minor <> held.minor
        """,
        "What is reserved is what was asked for and not sent yet.",
    ),
]

DERIVATION = [
    Invariant(
        "no_order_is_parked",
        "SELECT order_ref, tries, error FROM affiliates_parkedorder WHERE tries > 1",
        "Every order's commissions can be worked out; one that failed twice is a fault of ours.",
    ),
]

WITHDRAWALS = [
    Invariant(
        "withdrawal_holds_once_and_ends_once",
        """
        SELECT w.id, w.state, moved.held, moved.sent, moved.paid, moved.back
        FROM affiliates_withdrawal w
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'reserve'), 0) AS held,
                   coalesce(sum(t.amount_minor) FILTER (WHERE t.kind IN ('send', 'tax', 'fee')), 0)
                       AS sent,
                   coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'paid'), 0) AS paid,
                   coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'back'
                       AND a.kind = 'affiliate_available'), 0) AS back
            FROM (SELECT * FROM affiliates_transfer
                  WHERE key >= 'wd:' || w.id || ':' AND key < 'wd:' || w.id || ';') AS t
            JOIN affiliates_account a ON a.id = t.credit_account_id
        ) AS moved
        WHERE moved.held <> w.amount_minor
           OR moved.sent <> CASE WHEN w.batch_id IS NULL THEN 0 ELSE w.amount_minor END
           OR moved.paid <> CASE WHEN w.paid_at IS NULL THEN 0 ELSE w.net_minor END
           OR moved.back <> CASE WHEN w.state IN ('cancelled', 'rejected', 'failed', 'returned')
                                 THEN w.amount_minor ELSE 0 END
        """,
        "A withdrawal holds its money once, and pays it or gives it back once.",
    ),
    Invariant(
        "approver_is_not_requester",
        """
        SELECT w.id, w.requested_by_id, w.first_approver_id, w.approver_id
        FROM affiliates_withdrawal w JOIN affiliates_affiliate a ON a.id = w.affiliate_id
        WHERE w.approver_id IN (w.requested_by_id, a.user_id)
           OR w.first_approver_id IN (w.requested_by_id, a.user_id, w.approver_id)
           OR (w.needs_two AND w.first_approver_id IS NULL AND w.approver_id IS NOT NULL)
        """,
        "Four eyes: who asks or receives does not approve; large sums need two.",
    ),
    Invariant(
        "withdrawal_has_audit",
        """
        SELECT w.id, w.state FROM affiliates_withdrawal w
        WHERE NOT EXISTS (
            SELECT FROM marketplace_auditentry e WHERE e.target = 'withdrawal ' || w.id
              AND e.verb = 'withdrawal.' || CASE w.state
                  WHEN 'requested' THEN 'request' WHEN 'approved' THEN 'approve'
                  WHEN 'sent' THEN 'send' WHEN 'cancelled' THEN 'cancel'
                  WHEN 'rejected' THEN 'reject' ELSE w.state END)
        """,
        "Every step of a withdrawal names who took it.",
    ),
]

INVARIANTS = [*LEDGER, *COMMISSIONS, *BALANCES, *WITHDRAWALS, *DERIVATION]
