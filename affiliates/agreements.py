"""Agreements: who earns what on a promotion, and the stores' standing plans.

An agreement is granted once for a period and never edited: the same terms again lengthen it,
other terms for the same time are refused. One that only follows the store's plan, as who takes a
shared code has it, gives way: it ends where the terms of a task of one's own begin, but not for an
agency's, which would share in what its influencer took without it. A plan is followed by the next
one; a lower rate is announced 30 days ahead (money.md).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, AffiliatePlan, Agreement
from marketplace import audit, clock
from marketplace.models import Store, User
from promocodes.models import Promotion

NOTICE = timedelta(days=30)


class AgreementOverlaps(Exception):
    """Other terms are in force for this affiliate and promotion at that time."""

    code = "agreement_overlaps"
    message = _("Other terms are already agreed for this promotion and time.")


class CutTooSoon(Exception):
    """A lower rate, or a longer hold, or a shorter window, without the notice."""

    code = "cut_too_soon"
    message = _("A plan begins now or later; worse terms are announced 30 days ahead.")


def grant(
    *,
    affiliate: Affiliate,
    promotion: Promotion,
    pay_model: str,
    rate_bp: int | None = None,
    fee_minor: int | None = None,
    valid_from: datetime,
    valid_until: datetime | None = None,
    agency: Affiliate | None = None,
    agency_share_bp: int = 0,
    terms_version: int = 1,
) -> Agreement:
    """Agree on pay for a promotion; the same terms again return, and may lengthen, the agreement.

    `rate_bp` (CPS) in basis points of a percent; None follows the store's plan (AE-23).
    `fee_minor` (fee) in minor units of the promotion's currency. Raises `AgreementOverlaps`.
    Inner verb: opens no transaction; it locks the affiliate's row until the caller commits.
    """
    Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    terms = {
        "pay_model": Agreement.PayModel(pay_model),
        "rate_bp": rate_bp,
        "fee_minor": fee_minor,
        "agency": agency,
        "agency_share_bp": agency_share_bp,
        "terms_version": terms_version,
    }
    meeting = Agreement.objects.filter(affiliate=affiliate, promotion=promotion).filter(
        Q(valid_until=None) | Q(valid_until__gt=valid_from)
    )
    if valid_until is not None:
        meeting = meeting.filter(valid_from__lt=valid_until)
    found = list(meeting.order_by("valid_from")[:2])
    new = terms | {
        "affiliate": affiliate,
        "promotion": promotion,
        "currency": promotion.currency,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    if not found:
        return Agreement.objects.create(**new)
    same = found[0]
    if len(found) == 1 and all(getattr(same, name) == value for name, value in terms.items()):
        return _lengthen(same, valid_from, valid_until)
    gives_way = agency is None and same.is_open_offer and same.valid_from < valid_from
    if len(found) > 1 or not gives_way:
        raise AgreementOverlaps
    Agreement.objects.filter(pk=same.pk).update(valid_until=valid_from)
    return Agreement.objects.create(**new)


class Plans:
    """The plans of some stores, read once; an instant picks among them.

    The plan of a moment is the store's last that had started, else the default's, else the
    built-in one, which has the default's hold and window and pays nothing by itself.
    """

    def __init__(self, stores: Iterable[int]) -> None:
        self._by_store: dict[int | None, list[AffiliatePlan]] = defaultdict(list)
        rows = AffiliatePlan.objects.filter(Q(store__in=set(stores)) | Q(store=None))
        for plan in rows.order_by("starts_at"):
            self._by_store[plan.store_id].append(plan)

    def at(self, store_id: int | None, at: datetime) -> AffiliatePlan:
        """The plan in force; a built-in one (`pk` None) if nobody made any."""
        for owner in (store_id, None):
            started = [plan for plan in self._by_store[owner] if plan.starts_at <= at]
            if started:
                return started[-1]
        return AffiliatePlan(rate_bp=0, starts_at=at)


@transaction.atomic
def set_plan(
    *,
    store: Store | None,
    rate_bp: int,
    hold_days: int = 15,
    window_days: int = 30,
    starts_at: datetime,
    actor: User,
) -> AffiliatePlan:
    """Follow the store's plan with another from `starts_at`; raises `CutTooSoon`.

    `rate_bp` in basis points of a percent. Better terms may start at once, worse ones 30 days on.
    """
    plan = AffiliatePlan(
        store=store,
        rate_bp=rate_bp,
        hold_days=hold_days,
        window_days=window_days,
        starts_at=starts_at,
    )
    with connection.cursor() as cursor:  # plans change seldom: one change at a time, reads go on
        cursor.execute("LOCK TABLE affiliates_affiliateplan IN SHARE ROW EXCLUSIVE MODE")
    last = _check(plan)
    plan.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="plan.set",
        target=f"store {store.pk}" if store else "default plan",
        before={"rate_bp": last.rate_bp} if last else None,
        after={"rate_bp": rate_bp, "hold_days": hold_days, "window_days": window_days},
    )
    return plan


def check_plan(**fields: Any) -> None:
    """Whether `set_plan` would take these fields; raises `CutTooSoon`. Changes nothing."""
    _check(AffiliatePlan(**fields))


def _check(plan: AffiliatePlan) -> AffiliatePlan | None:
    """The plan that this one follows: the store's last, else the default of its start, if any.

    A store's first plan that is no worse than the default may start whenever it likes.
    """
    plans = AffiliatePlan.objects.order_by("-starts_at")
    own = plans.filter(store=plan.store).first()
    last = own or plans.filter(store=None, starts_at__lte=plan.starts_at).first()
    if last is None:
        return None
    worse = (
        plan.rate_bp < last.rate_bp
        or plan.hold_days > last.hold_days
        or plan.window_days < last.window_days
    )
    now = clock.now()
    soonest = max(last.starts_at, now + NOTICE if worse else now)
    if (own or worse) and plan.starts_at < soonest:
        raise CutTooSoon
    return last


def _lengthen(agreement: Agreement, start: datetime, end: datetime | None) -> Agreement:
    agreement.valid_from = min(agreement.valid_from, start)
    if agreement.valid_until is not None and (end is None or end > agreement.valid_until):
        agreement.valid_until = end
    Agreement.objects.filter(pk=agreement.pk).update(
        valid_from=agreement.valid_from, valid_until=agreement.valid_until
    )
    return agreement
