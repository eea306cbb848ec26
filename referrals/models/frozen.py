"""What the database refuses to change in a round that somebody has joined."""

# A null limit means "rule off", the best there is; an absent one means the usual value, which
# `rounds` always writes out, so that a copy in a round never depends on what is usual later.
FREEZE_TERMS = """
-- Whoever is joining at this moment holds the round's key (`hold_round`): wait, then look.
PERFORM 1 FROM referrals_round WHERE id = OLD.id FOR UPDATE;
IF NOT EXISTS (SELECT 1 FROM referrals_participation WHERE round_id = OLD.id) THEN
    RETURN NEW;
END IF;
worse :=
    NEW.campaign_id <> OLD.campaign_id
    OR NEW.opens_at <> OLD.opens_at
    OR NEW.closes_at < OLD.closes_at
    OR NEW.currency <> OLD.currency
    OR NEW.timezone <> OLD.timezone
    OR NEW.threshold > OLD.threshold
    OR NEW.min_order_minor > OLD.min_order_minor
    OR NEW.discount_type <> OLD.discount_type
    OR NEW.amount_minor < OLD.amount_minor
    OR NEW.percent_bp < OLD.percent_bp
    OR NEW.state IN ('scheduled', 'skipped')
    OR NEW.promotion_id IS DISTINCT FROM OLD.promotion_id
    OR NOT (
        NEW.policy->'audience' = OLD.policy->'audience'
        OR NEW.policy->>'audience' = 'anyone'
    )
    OR EXISTS (
        SELECT 1
        FROM unnest(ARRAY[
            'max_inviters_per_friend', 'network_per_day', 'burst', 'ring_size'
        ]) AS rule
        WHERE NEW.policy->rule <> 'null'
          AND (OLD.policy->rule = 'null' OR (NEW.policy->rule)::int < (OLD.policy->rule)::int)
    )
    OR (NEW.policy->>'automation_waits')::boolean > (OLD.policy->>'automation_waits')::boolean
    OR (NEW.policy->'review_hours')::int > (OLD.policy->'review_hours')::int
    OR (NEW.policy->'min_account_hours')::int > (OLD.policy->'min_account_hours')::int;
IF worse THEN
    RAISE EXCEPTION 'the terms of a joined round can only get better'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'round_terms_frozen';
END IF;
IF NEW.terms_version = OLD.terms_version AND (
    (NEW.closes_at, NEW.threshold, NEW.min_order_minor, NEW.policy)
        IS DISTINCT FROM (OLD.closes_at, OLD.threshold, OLD.min_order_minor, OLD.policy)
    OR (NEW.amount_minor, NEW.percent_bp) IS DISTINCT FROM (OLD.amount_minor, OLD.percent_bp)
) THEN
    RAISE EXCEPTION 'changed terms need a new version'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'round_terms_versioned';
END IF;
RETURN NEW;
"""
