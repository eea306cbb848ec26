"""Per-person and per-code limits: the n-th use takes slot n of every identity (engine.md 3).

A use takes one slot number for all identities that the shopper gave, so any of them reaching its
limit refuses; the unique slot decides between two at once.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from promocodes.eligibility import CodeFacts
from promocodes.limits import LimitBelowUse, LimitTaken
from promocodes.models import UseSlot
from promocodes.quoting import Judgement
from promocodes.reasons import Reason
from promocodes.terms import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One slot number, wanted for these identities on a promotion by one use."""

    promotion_id: UUID
    redemption_id: UUID
    identities: tuple[bytes, ...]
    slot: int
    limit: int
    reason: Reason

    def rows(self) -> Iterator[dict[str, Any]]:
        """Its rows, as JSON values."""
        for identity in self.identities:
            yield {
                "promotion_id": str(self.promotion_id),
                "identity": identity.hex(),
                "slot": self.slot,
                "redemption_id": str(self.redemption_id),
            }


def claims(judgement: Judgement, uses: Mapping[str, UUID]) -> Iterator[Claim]:
    """What the uses of a judged cart claim, by the slots that were free when it was judged."""
    for found, _ in judgement.shares:
        yield from _of_person(found, judgement.known.persons, uses[found.code])
        yield from _of_code(found, uses[found.code])


def settle(wanted: Sequence[Claim]) -> None:
    """Other uses took some of the slots first: take the next free ones, all or none.

    Whoever loses a slot holds none while waiting for the next, and all ask in one order; so nobody
    deadlocks. Inner verb: opens no transaction. Raises `LimitTaken` when none is left.
    """
    is_settled = False
    while not is_settled:
        wanted = [_again(claim) for claim in wanted]
        rows = [row for claim in wanted for row in claim.rows()]
        with connection.cursor() as cursor:
            cursor.execute("SELECT promocodes_claim(%s::jsonb)", [json.dumps(rows)])
            (is_settled,) = cursor.fetchone()


def recount(promotion_id: UUID, limits: Limits) -> None:
    """Give the uses so far their slots anew, from the ledger, for limits that came or narrowed.

    Inner verb: the caller holds the promotion alone, so nothing is written meanwhile.
    Raises `LimitBelowUse` if a person or a code was used more often than the new limit.
    """
    UseSlot.objects.filter(promotion=promotion_id).delete()
    with connection.cursor() as cursor:
        for claimed, limit in ((_PERSONS, limits.per_person), (_CODES, limits.per_code)):
            if limit is None:
                continue
            cursor.execute(_MOST.format(claimed=claimed), [promotion_id])
            if cursor.fetchone()[0] > limit:
                raise LimitBelowUse
            cursor.execute(_CLAIM_AGAIN.format(claimed=claimed), [promotion_id])


def _of_person(found: CodeFacts, persons: tuple[bytes, ...], use: UUID) -> Iterator[Claim]:
    if found.limits.per_person is not None:
        wanted = Claim(
            promotion_id=found.promotion_id,
            redemption_id=use,
            identities=persons,
            slot=0,
            limit=found.limits.per_person,
            reason=Reason.CUSTOMER_LIMIT_REACHED,
        )
        yield _beside(wanted, found.person_slots)


def _of_code(found: CodeFacts, use: UUID) -> Iterator[Claim]:
    if found.limits.per_code is not None:
        wanted = Claim(
            promotion_id=found.promotion_id,
            redemption_id=use,
            identities=(found.code_id.bytes,),
            slot=0,
            limit=found.limits.per_code,
            reason=Reason.TOTAL_LIMIT_REACHED,
        )
        yield _beside(wanted, found.code_slots)


def _beside(claim: Claim, taken: Collection[int]) -> Claim:
    """The claim for the lowest slot that is free. Raises `LimitTaken` if none is."""
    slot = 1
    while slot in taken:
        slot += 1
    if slot > claim.limit:
        raise LimitTaken(claim.promotion_id, reason=claim.reason, limit=claim.limit)
    return replace(claim, slot=slot)


def _again(claim: Claim) -> Claim:
    taken = UseSlot.objects.filter(
        promotion=claim.promotion_id, identity__in=list(claim.identities)
    ).values_list("slot", flat=True)
    return _beside(claim, set(taken))


_COUNTED = """
SELECT r.promotion_id, {identity} AS identity, r.id FROM promocodes_redemption r {more}
WHERE r.promotion_id = %s AND NOT r.is_given_back
"""
_PERSONS = _COUNTED.format(
    identity="one.identity",
    more="JOIN promocodes_checkout c ON c.id = r.checkout_id"
    " CROSS JOIN LATERAL unnest(c.persons) AS one(identity)",
)
_CODES = _COUNTED.format(identity="uuid_send(r.code_id)", more="")
_MOST = """
SELECT COALESCE(max(uses), 0) FROM (
    SELECT count(*) AS uses FROM ({claimed}) AS claimed GROUP BY identity
) AS one
"""
_CLAIM_AGAIN = """
INSERT INTO promocodes_useslot (promotion_id, identity, slot, redemption_id)
SELECT promotion_id, identity, row_number() OVER (PARTITION BY identity ORDER BY id), id
FROM ({claimed}) AS claimed
"""
