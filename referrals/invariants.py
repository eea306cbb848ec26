"""What must never be on this floor (trust.md, Invariants)."""

from marketplace.invariants import Invariant

INVARIANTS = [
    Invariant(
        name="rounds_apart",
        sql="""
            SELECT one.id, other.id
            FROM referrals_round one
            JOIN referrals_round other ON other.campaign_id = one.campaign_id AND other.id > one.id
            WHERE one.state <> 'skipped' AND other.state <> 'skipped'
              AND tstzrange(one.opens_at, one.closes_at)
                  && tstzrange(other.opens_at, other.closes_at)
        """,
        why="Rounds of a campaign don't overlap.",
    ),
    Invariant(
        name="round_state_matches_time",
        sql="""
            SELECT id, state, opens_at, closes_at
            FROM referrals_round
            WHERE (state = 'scheduled' AND opens_at < now() - interval '5 minutes')
               OR (state = 'open' AND closes_at < now() - interval '5 minutes')
               OR (state IN ('open', 'closed') AND promotion_id IS NULL)
        """,
        why="A round is moved within minutes of its boundary.",
    ),
    Invariant(
        name="round_promotion_has_its_window",
        sql="""
            SELECT round.id, terms.starts_at, terms.ends_at
            FROM referrals_round round
            JOIN promocodes_promotion promotion ON promotion.id = round.promotion_id
            JOIN promocodes_promotionterms terms ON terms.id = promotion.terms_id
            WHERE terms.starts_at <> round.opens_at
               OR terms.ends_at IS DISTINCT FROM round.closes_at
        """,
        why="A code won in a round works until the round ends, not longer and not shorter.",
    ),
    Invariant(
        name="one_code_per_shopper_and_round",
        sql="""
            SELECT round.id, code.person_id, count(*)
            FROM referrals_round round
            JOIN promocodes_promocode code ON code.promotion_id = round.promotion_id
            WHERE code.revoked_at IS NULL
            GROUP BY round.id, code.person_id
            HAVING count(*) > 1 OR code.person_id IS NULL
        """,
        why="A shopper has at most one live code per round, and each code has its shopper.",
    ),
    Invariant(
        name="code_is_its_shoppers",
        sql="""
            SELECT participation.id, participation.code_id
            FROM referrals_participation participation
            JOIN referrals_round round ON round.id = participation.round_id
            JOIN promocodes_promocode code ON code.id = participation.code_id
            WHERE code.person_id IS DISTINCT FROM participation.shopper_id
               OR code.promotion_id IS DISTINCT FROM round.promotion_id
        """,
        why="The code of a participation is bound to its shopper and belongs to its round.",
    ),
    Invariant(
        name="nothing_issued_outside_the_round",
        sql="""
            SELECT participation.id, participation.issued_at
            FROM referrals_participation participation
            JOIN referrals_round round ON round.id = participation.round_id
            WHERE participation.issued_at >= round.closes_at
               OR participation.issued_at < round.opens_at
        """,
        why="No code is issued before a round opens or after it closes.",
    ),
    Invariant(
        name="threshold_brings_the_code",
        sql="""
            SELECT participation.id, participation.counted
            FROM referrals_participation participation
            JOIN referrals_round round ON round.id = participation.round_id
            WHERE participation.code_id IS NULL AND round.state = 'open'
              AND round.closes_at > now() AND participation.counted >= round.threshold
        """,
        why="Whoever reached the threshold of an open round has the code.",
    ),
    Invariant(
        name="no_self_invite",
        sql="""
            SELECT slot.id
            FROM referrals_friendslot slot
            JOIN referrals_participation participation ON participation.id = slot.participation_id
            WHERE slot.friend_key = 'user:' || participation.shopper_id
        """,
        why="Nobody counts for themselves.",
    ),
    Invariant(
        name="friend_counted_once_per_inviter",
        sql="""
            SELECT participation_id, friend_key, count(*)
            FROM referrals_visit
            WHERE outcome = 'counted'
            GROUP BY participation_id, friend_key
            HAVING count(*) > 1
        """,
        why="A friend counts once for one inviter.",
    ),
    Invariant(
        name="friend_counted_for_k_inviters",
        sql="""
            SELECT slot.round_id, slot.friend_key, count(*), max(slot.slot)
            FROM referrals_friendslot slot
            JOIN referrals_round round ON round.id = slot.round_id
            WHERE round.policy->'max_inviters_per_friend' <> 'null'
            GROUP BY slot.round_id, slot.friend_key, round.policy
            HAVING max(slot.slot) > (round.policy->'max_inviters_per_friend')::int
                OR count(*) > (round.policy->'max_inviters_per_friend')::int
        """,
        why="A friend counts for at most K inviters of a round.",
    ),
    Invariant(
        name="counted_equals_rows",
        sql="""
            SELECT participation.id, participation.counted, visits.number, slots.number
            FROM referrals_participation participation
            CROSS JOIN LATERAL (
                SELECT count(*) AS number FROM referrals_visit
                WHERE participation_id = participation.id AND outcome = 'counted'
            ) visits
            CROSS JOIN LATERAL (
                SELECT count(*) AS number FROM referrals_friendslot
                WHERE participation_id = participation.id
            ) slots
            WHERE participation.counted <> visits.number OR visits.number <> slots.number
        """,
        why="The counted cache equals the counted visits and the places they take.",
    ),
    Invariant(
        name="slot_of_its_round",
        sql="""
            SELECT slot.id
            FROM referrals_friendslot slot
            JOIN referrals_participation participation ON participation.id = slot.participation_id
            WHERE slot.round_id <> participation.round_id
        """,
        why="A friend's place lies in the round of the inviter.",
    ),
    Invariant(
        name="no_stale_review",
        sql="""
            SELECT visit.id, visit.review_due_at
            FROM referrals_visit visit
            JOIN referrals_participation participation ON participation.id = visit.participation_id
            WHERE visit.outcome = 'waiting'
              AND visit.review_due_at < now() - interval '5 minutes'
        """,
        why="A review ends by itself at its deadline.",
    ),
    Invariant(
        name="hints_forgotten",
        sql="""
            SELECT id, visited_at
            FROM referrals_visit
            WHERE network_hint <> '' AND visited_at < now() - interval '49 hours'
        """,
        why="Network hints are dropped after 48 hours.",
    ),
]
