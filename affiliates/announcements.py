"""Announcements: influencers hear by e-mail of new shared codes in their categories (AM-08).

    approved and shared → announce (a notice for each affiliate whom it suits) → sent | dropped

Once per promotion, from its start on, and at most one letter a day to a person, however many codes
it names. Who chose no category, or wants no letters, gets none; every letter holds the link that
ends them. A code that is over, stale or taken already is no news; one whose store has yet to join
the programme waits. A crash between a letter and its note may repeat a letter, never lose one.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from affiliates import agreements, shared_codes
from affiliates.models import Affiliate, Agreement, Announcement, CodeNotice
from marketplace import audit, letters
from marketplace.models import Product
from promocodes.models import Promotion
from promocodes.terms import Scope

logger = logging.getLogger(__name__)
State = CodeNotice.State
# Later than this it is no news: the list of shared codes tells it anyway.
FRESH = timedelta(days=3)
BETWEEN_LETTERS = timedelta(days=1)
CODES_IN_A_LETTER = 5
AT_ONCE = 200
_CHUNK = 5_000
_SALT = "affiliates.letters"


def announce_due(*, at: datetime) -> int:
    """Owe letters about what was approved since; returns how many promotions were announced."""
    known = Announcement.objects.filter(promotion=OuterRef("pk"))
    due = Promotion.objects.shared().filter(
        ~Exists(known),
        status=Promotion.Status.APPROVED,
        approved_at__gt=at - FRESH,
        approved_at__lte=at,
        store__isnull=False,
    )
    done = 0
    for pk in list(due.order_by("approved_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic(durable=True):
            done += _announce(pk)
    return done


def send_due(*, at: datetime) -> int:
    """Write to those who are owed a letter, one short transaction each; how many went out."""
    owed = CodeNotice.objects.filter(state=State.OWED, due_at__lte=at)
    # For each notice, not against the list of all readers: that would be read for every tick.
    owed.filter(~Exists(_readers().filter(pk=OuterRef("affiliate")))).update(state=State.DROPPED)
    told_lately = CodeNotice.objects.filter(
        affiliate=OuterRef("affiliate"), told_at__gt=at - BETWEEN_LETTERS
    )
    people = owed.filter(~Exists(told_lately)).order_by("affiliate").distinct("affiliate")
    sent = 0
    for pk in list(people.values_list("affiliate", flat=True)[:AT_ONCE]):
        try:
            with transaction.atomic(durable=True):
                sent += _send(pk, at)
        except letters.ServerAway:
            break
        except Exception:
            logger.exception("A letter about codes can't be written.")  # the others go out
    return sent


def end_token(affiliate: Affiliate) -> str:
    """What a letter carries so that its reader can end the letters without signing in."""
    return signing.dumps(str(affiliate.pk), salt=_SALT)


def reader_of(token: str) -> Affiliate | None:
    """Whose letters the token may end; None for one that is not ours."""
    try:
        pk = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return Affiliate.objects.filter(pk=pk).select_related("user").first()


def end_letters(reader: Affiliate) -> None:
    """Write to them no more; repeating it changes nothing. Their categories stay."""
    with transaction.atomic(durable=True):
        if Affiliate.objects.filter(pk=reader.pk, wants_letters=True).update(wants_letters=False):
            audit.record(
                actor=reader.user,
                verb="affiliate.end_letters",
                target=f"affiliate {reader.pk}",
                after={"wants_letters": False},
            )


def _announce(promotion_id: UUID) -> int:
    _row, is_new = Announcement.objects.get_or_create(promotion_id=promotion_id)
    if not is_new:
        return 0
    promotion = Promotion.objects.select_related("terms").get(pk=promotion_id)
    due_at = _since(promotion)
    readers = _whom_it_suits(promotion).values_list("pk", flat=True).iterator(_CHUNK)
    while some := list(islice(readers, _CHUNK)):  # bulk_create would keep all of them in memory
        CodeNotice.objects.bulk_create(
            CodeNotice(promotion_id=promotion_id, affiliate_id=reader, due_at=due_at)
            for reader in some
        )
    return 1


def _whom_it_suits(promotion: Promotion) -> QuerySet[Affiliate]:
    """Those who chose a category in which the promotion discounts something."""
    goods = Product.objects.filter(store=promotion.store_id, is_active=True)
    goods = goods.exclude(ref__in=promotion.terms.exclude_products)
    if promotion.terms.scope == Scope.PRODUCTS:
        goods = goods.filter(ref__in=promotion.terms.products)
    elif promotion.terms.scope == Scope.CATEGORIES:
        goods = goods.filter(category__ref__in=promotion.terms.categories)
    suits = Affiliate.categories.through.objects.filter(
        affiliate=OuterRef("pk"), category__in=goods.values("category")
    )
    return _readers().filter(Exists(suits)).order_by("pk")


def _readers() -> QuerySet[Affiliate]:
    """Who may be written to at all."""
    return Affiliate.objects.exclude(status=Affiliate.Status.SUSPENDED).filter(
        ~Q(user__email=None), wants_letters=True, user__is_active=True
    )


def _send(affiliate_id: UUID, at: datetime) -> int:
    """One letter of what is owed to a reader. Whoever writes to them now holds their row."""
    reader = (
        _readers()
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("user")
        .filter(pk=affiliate_id)
        .first()
    )
    mine = CodeNotice.objects.filter(affiliate=affiliate_id)
    if reader is None or mine.filter(told_at__gt=at - BETWEEN_LETTERS).exists():
        return 0
    owed = mine.filter(state=State.OWED, due_at__lte=at)
    owed.filter(promotion__in=_no_news(owed, reader, at)).update(state=State.DROPPED)
    listed = shared_codes.listed(at).filter(pk__in=owed.values("promotion"))
    news = list(listed.order_by("pk")[:CODES_IN_A_LETTER])
    if not news:
        return 0
    told = owed.filter(promotion__in=news)
    try:
        _write(reader, news, at)
    except letters.LetterRefused:
        tries = told.aggregate(most=Max("tries"))["most"]
        told.update(tries=tries + 1, due_at=at + letters.pause_after(tries))
        return 0
    told.update(state=State.SENT, told_at=at)
    return 1


def _no_news(owed: QuerySet[CodeNotice], reader: Affiliate, at: datetime) -> list[Promotion]:
    """Promotions among them that are over, stale, or the reader's already."""
    asked = Promotion.objects.filter(pk__in=owed.values("promotion")).select_related("terms")
    has = Agreement.objects.valid(at).filter(affiliate=reader, promotion__in=asked)
    taken_ids = set(has.values_list("promotion", flat=True))
    return [
        one
        for one in asked
        if one.pk in taken_ids
        or one.state(at) not in (Promotion.State.LIVE, Promotion.State.SCHEDULED)
        or at - _since(one) > FRESH
    ]


def _since(promotion: Promotion) -> datetime:
    """When an approved promotion became news: as it was approved, or as it starts."""
    starts_at = promotion.terms.starts_at
    return max(promotion.approved_at or starts_at, starts_at)


def _write(reader: Affiliate, promotions: Sequence[Promotion], at: datetime) -> None:
    end = settings.SITE_URL + reverse("affiliates:letters", args=[end_token(reader)])
    plans = agreements.Plans({one.store_id for one in promotions if one.store_id})
    codes: list[dict[str, Any]] = [
        {
            "promotion": one,
            "rate_bp": plans.at(one.store_id, at).rate_bp,
            "url": settings.SITE_URL + reverse("affiliates:shared_code", args=[one.pk]),
        }
        for one in promotions
    ]
    with translation.override(reader.user.language):
        if len(codes) == 1:
            text = gettext("A new code you can share: “%(name)s”")
            subject = text % {"name": promotions[0].name}
        else:
            text = ngettext(
                "%(count)s new code you can share", "%(count)s new codes you can share", len(codes)
            )
            subject = text % {"count": len(codes)}
        letters.send(
            subject=subject,
            body=render_to_string("affiliates/letters/codes.txt", {"codes": codes, "end": end}),
            to=str(reader.user.email),
            headers={
                "List-Unsubscribe": f"<{end}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
