"""What must never be on this floor (trust.md)."""

from marketplace.invariants import Invariant

INVARIANTS = [
    Invariant(
        name="a task's promotion is shared, of the same store and currency",
        sql="""
            SELECT task.id FROM tasks_task task
            JOIN promocodes_promotion promotion ON promotion.id = task.promotion_id
            WHERE NOT promotion.share_with_affiliates
               OR promotion.store_id IS DISTINCT FROM task.store_id
               OR promotion.currency <> task.currency
        """,
        why="Only what the seller chose to share may be handed to influencers (AE-02).",
    ),
    Invariant(
        name="a code given for a task is of its promotion and earns for its taker",
        sql="""
            SELECT given.id FROM tasks_codegrant given
            JOIN tasks_assignment assignment ON assignment.id = given.assignment_id
            JOIN tasks_task task ON task.id = assignment.task_id
            JOIN affiliates_affiliate affiliate ON affiliate.id = assignment.affiliate_id
            JOIN promocodes_promocode code ON code.id = given.code_id
            WHERE code.promotion_id <> task.promotion_id
               OR code.holder_id IS DISTINCT FROM affiliate.user_id
        """,
        why="Attribution finds who earns by the code's holder (money.md).",
    ),
    Invariant(
        name="an individual holds one code per task",
        sql="""
            SELECT assignment.id FROM tasks_codegrant given
            JOIN tasks_assignment assignment ON assignment.id = given.assignment_id
            JOIN affiliates_affiliate affiliate ON affiliate.id = assignment.affiliate_id
            WHERE affiliate.kind = 'individual'
            GROUP BY assignment.id HAVING count(*) > 1
        """,
        why="AE-29.",
    ),
    Invariant(
        name="whoever was given a code has agreed on the pay",
        sql="""
            SELECT given.id FROM tasks_codegrant given
            JOIN tasks_assignment assignment ON assignment.id = given.assignment_id
            JOIN tasks_task task ON task.id = assignment.task_id
            WHERE NOT EXISTS (
                SELECT FROM affiliates_agreement agreement
                WHERE agreement.affiliate_id = assignment.affiliate_id
                  AND agreement.promotion_id = task.promotion_id
                  AND agreement.valid_from <= given.granted_at
                  AND (agreement.valid_until IS NULL OR agreement.valid_until > given.granted_at)
            )
        """,
        why="A code without an agreement would bring sales that pay nobody (AE-33).",
    ),
    Invariant(
        name="an assignment stands where its content stands",
        sql="""
            SELECT assignment.id FROM tasks_assignment assignment
            LEFT JOIN LATERAL (
                SELECT state FROM tasks_submission submission
                WHERE submission.assignment_id = assignment.id ORDER BY id DESC LIMIT 1
            ) latest ON true
            WHERE assignment.state <> coalesce(latest.state, 'awaiting_submission')
        """,
        why="The tabs of My tasks show the assignment's state (AE-27).",
    ),
]
