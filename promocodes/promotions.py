"""Promotions: draft → waiting for approval → approved → cancelled; or refused.

Time does the rest without touching a row: an approved promotion is scheduled, live or ended by the
window of its terms (`Promotion.state`). A change of terms is a new version; whoever holds a
reservation keeps the version that it was judged by (engine.md 13).
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from marketplace import audit, clock
from marketplace.ids import uuid7
from marketplace.models import ApiClient, Store, User
from promocodes import issuing, locks, notices, slots, versions, words
from promocodes import limits as counted
from promocodes import terms as worded
from promocodes.models import Promotion
from promocodes.terms import UNLIMITED, Limits, Terms

Actor = User | ApiClient | str
Status = Promotion.Status
Kind = Promotion.Kind
SELLERS_KINDS = versions.SELLERS_KINDS
PromotionMoved = versions.PromotionMoved
TermsFrozen = versions.TermsFrozen


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """Unique codes to be made for a promotion: how many, by which pattern (None: our own)."""

    count: int
    pattern: str | None = None


@transaction.atomic
def create(
    *,
    name: str,
    kind: str,
    currency: str,
    terms: Terms,
    actor: Actor,
    store: Store | None = None,
    limits: Limits = UNLIMITED,
    share_with_affiliates: bool | None = None,
    needs_approval: bool | None = None,
    is_draft: bool = False,
    code: str | None = None,
    batch: BatchOrder | None = None,
) -> Promotion:
    """Make a promotion with its first terms, and its codes if asked for.

    Sharing with affiliates is on for social codes unless said otherwise (AM-03) and final (AM-05).
    Store and social codes need approval unless `needs_approval` is False (AM-06).
    Raises `TermsInvalid`, `codes.CodeUnfit`, `codes.PatternUnfit`, `issuing.CodeTaken`.
    """
    now = clock.now()
    terms = replace(terms, starts_at=terms.starts_at or now)
    worded.check(terms, limits, kind=kind)
    versions.check_reach(kind, store, terms)
    if needs_approval is None:
        needs_approval = kind in SELLERS_KINDS
    if share_with_affiliates is None:
        share_with_affiliates = kind == Kind.SOCIAL
    status = Status.PENDING_APPROVAL if needs_approval else Status.APPROVED
    if is_draft:
        status = Status.DRAFT
    terms_id = uuid7()
    promotion = Promotion.objects.create(
        kind=kind,
        store=store,
        name=name,
        currency=currency,
        status=status,
        terms_id=terms_id,
        share_with_affiliates=share_with_affiliates,
        created_by=actor if isinstance(actor, User) else None,
        created_at=now,
        approved_at=now if status == Status.APPROVED else None,
        **versions.limit_columns(limits),
    )
    promotion.terms = versions.write(promotion, terms, version=1, at=now, terms_id=terms_id)
    counted.open_counters(promotion)
    if code is not None:
        issuing.share(promotion=promotion, text=code, at=now)
    if batch is not None:
        issuing.order_batch(
            promotion=promotion, count=batch.count, pattern=batch.pattern, actor=actor
        )
    _note("promotion.create", promotion, actor, after=versions.describe(promotion))
    return promotion


@transaction.atomic
def submit(*, promotion_id: UUID, actor: Actor) -> Promotion:
    """Hand a draft in for approval. Raises `PromotionMoved`."""
    return _move(
        promotion_id, [Status.DRAFT], actor, "promotion.submit", status=Status.PENDING_APPROVAL
    )


@transaction.atomic
def approve(*, promotion_id: UUID, actor: Actor) -> Promotion:
    """Approve a promotion that waits; one approved already stays as it is (AM-06).

    Raises `PromotionMoved` for a draft, a refused or a cancelled one.
    """
    promotion = _held_alone(promotion_id)
    if promotion.status == Status.APPROVED:
        return promotion
    now = clock.now()
    promotion = _move(
        promotion_id,
        [Status.PENDING_APPROVAL],
        actor,
        "promotion.approve",
        status=Status.APPROVED,
        approved_at=now,
    )
    notices.owe(promotion, decision=Status.APPROVED, at=now)
    return promotion


@transaction.atomic
def refuse(*, promotion_id: UUID, actor: Actor, reason: str) -> Promotion:
    """Refuse a promotion that waits, saying why. Raises `PromotionMoved`."""
    promotion = _move(
        promotion_id,
        [Status.PENDING_APPROVAL],
        actor,
        "promotion.refuse",
        reason=reason,
        status=Status.REFUSED,
        refused_reason=reason,
    )
    notices.owe(promotion, decision=Status.REFUSED, at=clock.now(), reason=reason)
    return promotion


@transaction.atomic
def cancel(*, promotion_id: UUID, actor: Actor, reason: str = "") -> Promotion:
    """End a promotion for good; one cancelled already stays as it is.

    Reservations that are held keep their right; returns still work (engine.md 9). The store's
    people are told, with the reason, unless one of them did it.
    """
    promotion = _held_alone(promotion_id)
    if promotion.status == Status.CANCELLED:
        return promotion
    now = clock.now()
    promotion = _move(
        promotion_id,
        [Status.DRAFT, Status.PENDING_APPROVAL, Status.APPROVED, Status.REFUSED],
        actor,
        "promotion.cancel",
        reason=reason,
        status=Status.CANCELLED,
        cancelled_at=now,
    )
    if not notices.is_own(promotion, actor):
        notices.owe(promotion, decision=Status.CANCELLED, at=now, reason=reason)
    return promotion


@transaction.atomic
def amend(
    *,
    promotion_id: UUID,
    actor: Actor,
    name: str | None = None,
    terms: Terms | None = None,
    limits: Limits | None = None,
    reason: str = "",
    by_seller: bool = False,
) -> Promotion:
    """Change what may still change; new terms are a new version, the old one stays.

    `by_seller`: of an approved promotion only the name, a later end and wider limits; a refused
    one goes back to approval. Waits for redemptions that are being written. One that was over gets
    its words back. Raises `PromotionMoved` for a cancelled one, `TermsFrozen`, `TermsInvalid`,
    `limits.LimitBelowUse`, `issuing.CodeTaken`.
    """
    promotion = _held_alone(promotion_id)
    if promotion.status == Status.CANCELLED:
        raise PromotionMoved(promotion, [one for one in Status if one != Status.CANCELLED])
    now = clock.now()
    was_over = promotion.state(now) in words.OVER_STATES
    before = versions.describe(promotion)
    old_terms, old_limits = worded.of(promotion.terms), worded.limits_of(promotion)
    terms, limits = terms or old_terms, limits or old_limits
    if terms.starts_at is None:
        terms = replace(terms, starts_at=old_terms.starts_at)
    worded.check(terms, limits, kind=promotion.kind)
    versions.check_reach(promotion.kind, promotion.store, terms)
    if by_seller and promotion.status == Status.APPROVED:
        versions.check_widens(old_terms, terms, old_limits, limits)
    if by_seller and promotion.status == Status.REFUSED:
        promotion.status, promotion.refused_reason = Status.PENDING_APPROVAL, ""
    if terms != old_terms:
        promotion.terms = versions.write(
            promotion, terms, version=promotion.terms.version + 1, at=now
        )
    if limits != old_limits:
        _count_again(promotion, old_limits, limits)
    promotion.name = name or promotion.name
    columns = versions.limit_columns(limits)
    for column, value in columns.items():
        setattr(promotion, column, value)
    promotion.save(update_fields=["name", "status", "refused_reason", "terms", *columns])
    if was_over and promotion.state(now) not in words.OVER_STATES:
        words.reclaim(promotion)
    _note(
        "promotion.amend",
        promotion,
        actor,
        reason=reason,
        before=before,
        after=versions.describe(promotion),
    )
    return promotion


def may_share(store: Store) -> bool:
    """Whether a seller may share codes with affiliates: by market, and verified (AM-15)."""
    markets = settings.SHARING_MARKETS
    return store.is_active and store.is_verified and (not markets or store.country in markets)


def _count_again(promotion: Promotion, old: Limits, new: Limits) -> None:
    """Make what stands behind the limits follow. Raises `limits.LimitBelowUse`."""
    counted.change(promotion, new)
    if not versions.widens(old, new, ("per_person", "per_code")):
        slots.recount(promotion.pk, new)


def _held_alone(promotion_id: UUID) -> Promotion:
    locks.hold_alone(promotion_id)
    return (
        Promotion.objects.select_for_update(of=("self",), no_key=True)
        .select_related("terms", "store")
        .get(pk=promotion_id)
    )


def _move(
    promotion_id: UUID,
    start: list[Status],
    actor: Actor,
    verb: str,
    *,
    reason: str = "",
    **changes: Any,
) -> Promotion:
    promotion = _held_alone(promotion_id)
    if promotion.status not in start:
        raise PromotionMoved(promotion, start)
    before = str(promotion.status)
    for column, value in changes.items():
        setattr(promotion, column, value)
    promotion.save(update_fields=list(changes))
    _note(
        verb,
        promotion,
        actor,
        reason=reason,
        before={"status": before},
        after={"status": str(promotion.status)},
    )
    return promotion


def _note(
    verb: str,
    promotion: Promotion,
    actor: Actor,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        target=f"promotion:{promotion.pk}",
        reason=reason,
        before=before,
        after=after,
    )
