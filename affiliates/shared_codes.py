"""Shared codes: the promotions that sellers share, and what an influencer takes of one (AM-07).

    listed (shared, approved, running, its store pays) → take → an own link and an own code

Nobody is asked: taking agrees on the rate of the store's plan at each order's time, until the terms
of a task for the same promotion begin (`agreements.grant`). A link pays what is bought through it,
a code what is bought with it. Taking again changes nothing; nobody is obliged to post (AM-09).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates import agreements, links
from affiliates.models import Affiliate, AffiliatePlan, Agreement, Link
from marketplace import clock
from marketplace.models import Category, Product
from promocodes import issuing
from promocodes.models import PromoCode, Promotion


class SharedCodeRefused(Exception):
    """Why a shared code can't be taken; `code` is stable, `message` is for the reader."""

    code = "shared_code_refused"
    message: str | Promise = _("This can't be done.")


class NotListed(SharedCodeRefused):
    """Not shared, not approved, not running, or nobody pays for it."""

    code = "not_listed"
    message = _("This promo code isn't shared any more.")


class MayNotTake(SharedCodeRefused):
    """The affiliate is suspended."""

    code = "may_not_take"
    message = _("Your account is suspended; ask support why.")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What an affiliate has of a promotion: on which terms, by which link and codes."""

    agreement: Agreement
    link: Link | None
    codes: tuple[PromoCode, ...]


@dataclass(frozen=True, kw_only=True)
class SharedCode:
    """A shared promotion as one affiliate sees it: what its store pays now, what they have of it.

    `plan` is the store's standing offer.
    """

    promotion: Promotion
    plan: AffiliatePlan
    is_open: bool
    taken: Taken | None

    @property
    def can_take(self) -> bool:
        """Whether taking it would give something: all of it, or the link beside a task's code."""
        if not self.is_open or self.taken is None:
            return self.is_open
        is_paid = self.taken.agreement.pay_model == Agreement.PayModel.CPS
        store = self.promotion.store
        return (
            is_paid and self.taken.link is None and store is not None and links.can_lead_to(store)
        )


def listed(at: datetime) -> QuerySet[Promotion]:
    """The shared promotions that run at `at`, of stores that joined the programme (AE-18).

    The default plan doesn't make a store a member: sharing alone would cost it what it never saw.
    """
    plans = AffiliatePlan.objects.filter(store=OuterRef("store"), starts_at__lte=at)
    running = Promotion.objects.shared().live(at).filter(store__is_active=True)
    return running.filter(Exists(plans)).select_related("store", "terms")


def categories(at: datetime) -> QuerySet[Category]:
    """The categories of goods that stores with a listed promotion sell."""
    sold = Product.objects.filter(
        category=OuterRef("pk"), is_active=True, store__in=listed(at).values("store")
    )
    return Category.objects.filter(Exists(sold)).order_by("name", "pk")


def rows(
    promotions: Sequence[Promotion], *, affiliate: Affiliate, at: datetime
) -> list[tuple[Promotion, int, Agreement | None]]:
    """For each promotion of a list: the rate that its store pays, and what was agreed if taken."""
    plans = agreements.Plans({one.store_id for one in promotions if one.store_id})
    mine = Agreement.objects.valid(at).filter(affiliate=affiliate, promotion__in=promotions)
    agreed = {each.promotion_id: each for each in mine}
    return [(one, plans.at(one.store_id, at).rate_bp, agreed.get(one.pk)) for one in promotions]


def find(promotion_id: UUID, *, affiliate: Affiliate, at: datetime) -> SharedCode | None:
    """One that is listed, or that the affiliate took once; None for any other."""
    open_one = listed(at).filter(pk=promotion_id).first()
    promotion = open_one or (
        Promotion.objects.shared().select_related("store", "terms").filter(pk=promotion_id).first()
    )
    if promotion is None:
        return None
    has = taken(affiliate=affiliate, promotion=promotion, at=at)
    if open_one is None and has is None:
        return None
    plan = agreements.Plans([promotion.store_id] if promotion.store_id else []).at(
        promotion.store_id, at
    )
    return SharedCode(promotion=promotion, plan=plan, is_open=open_one is not None, taken=has)


@transaction.atomic(durable=True)
def take(*, affiliate: Affiliate, promotion_id: UUID) -> Taken:
    """A link and a code of the affiliate's own; what is there already is kept.

    Raises `NotListed`, `MayNotTake`.
    """
    held = Affiliate.objects.select_for_update(of=("self",)).select_related("user")
    affiliate = held.get(pk=affiliate.pk)
    now = clock.now()  # not before the lock: terms that it waited for have begun by now
    promotion = listed(now).filter(pk=promotion_id).first()
    if promotion is None:
        raise NotListed
    if not affiliate.can_work:
        raise MayNotTake
    agreement = _agreement(affiliate, promotion, now) or agreements.grant(
        affiliate=affiliate,
        promotion=promotion,
        pay_model=Agreement.PayModel.CPS,
        valid_from=now,
        terms_version=affiliate.terms_version,
    )
    codes = _codes(affiliate, promotion)
    if not codes:
        codes = (issuing.issue(promotion_id=promotion.pk, holder=affiliate.user, at=now),)
    return Taken(agreement=agreement, link=_linked(agreement), codes=codes)


def taken(*, affiliate: Affiliate, promotion: Promotion, at: datetime) -> Taken | None:
    """What the affiliate has of the promotion, also when it is over; None: nothing."""
    codes = _codes(affiliate, promotion)
    agreement = _agreement(affiliate, promotion, at)
    if agreement is None or not codes:
        return None
    own = Link.objects.filter(affiliate=affiliate, promotion=promotion, is_active=True)
    link = own.first() if _pays_clicks(agreement) else None
    return Taken(agreement=agreement, link=link, codes=codes)


def _agreement(affiliate: Affiliate, promotion: Promotion, at: datetime) -> Agreement | None:
    rows = Agreement.objects.filter(affiliate=affiliate, promotion=promotion)
    return rows.valid(at).first()


def _codes(affiliate: Affiliate, promotion: Promotion) -> tuple[PromoCode, ...]:
    rows = PromoCode.objects.standing().filter(promotion=promotion, holder=affiliate.user_id)
    return tuple(rows.order_by("pk"))


def _pays_clicks(agreement: Agreement) -> bool:
    """Whether a link earns: a fee is for a use of the code."""
    return agreement.pay_model != Agreement.PayModel.FEE


def _linked(agreement: Agreement) -> Link | None:
    """The affiliate's link; none where it pays nothing or the store has told no verified host."""
    if not _pays_clicks(agreement):
        return None
    try:
        return links.make(affiliate=agreement.affiliate, promotion=agreement.promotion)
    except links.NoDestination:
        return None
