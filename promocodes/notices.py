"""Letters to the people of a store: their promotion was approved, refused or cancelled (AM-06).

The decision writes a row for each member in its own transaction and waits for nobody; a job sends
what is due and notes when. A mail server that fails is asked again later and later; what is no news
any more, or was overtaken by another decision, is not sent. A crash between the letter and the note
may repeat a letter, never lose one.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from marketplace import letters
from marketplace.models import ApiClient, StoreMember, User
from promocodes import explanations
from promocodes.models import DecisionNotice, PromoCode, Promotion

# A letter later than this after the decision is no news any more: the page tells it anyway.
FRESH = timedelta(days=3)
AT_ONCE = 200
SUBJECTS: dict[str, Any] = {
    DecisionNotice.Decision.APPROVED: _("“%(name)s” is approved"),
    DecisionNotice.Decision.REFUSED: _("“%(name)s” was refused"),
    DecisionNotice.Decision.CANCELLED: _("“%(name)s” was cancelled"),
}
_WORDS = 3  # codes that a letter names


def owe(promotion: Promotion, *, decision: str, at: datetime, reason: str = "") -> None:
    """Owe a letter to each member of the promotion's store who has an address.

    Inner verb: opens no transaction.
    """
    members = StoreMember.objects.filter(store=promotion.store_id, user__is_active=True)
    DecisionNotice.objects.bulk_create(
        DecisionNotice(
            promotion=promotion,
            member_id=member,
            decision=decision,
            reason=reason,
            decided_at=at,
            due_at=at,
        )
        for member in members.exclude(user__email=None).values_list("user_id", flat=True)
    )


def is_own(promotion: Promotion, actor: User | ApiClient | str) -> bool:
    """Whether the promotion's own store acts: one of its people, or its own API key."""
    if isinstance(actor, ApiClient):
        return actor.store_id is not None and actor.store_id == promotion.store_id
    members = StoreMember.objects.filter(store=promotion.store_id)
    return isinstance(actor, User) and members.filter(user=actor).exists()


def send_due(*, at: datetime) -> int:
    """Send what is due, one short transaction each; returns how many letters went out."""
    due = DecisionNotice.objects.filter(told_at=None, due_at__lte=at).order_by("due_at")
    sent = 0
    for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        try:
            with transaction.atomic(durable=True):
                sent += _send(pk, at)
        except letters.ServerAway:
            break
    return sent


def _send(pk: UUID, at: datetime) -> int:
    notice = (
        DecisionNotice.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("promotion__terms", "promotion__store", "member")
        .filter(pk=pk, told_at=None)
        .first()
    )
    if notice is None:
        return 0
    if is_news := _is_news(notice, at):
        try:
            _write(notice, at)
        except letters.LetterRefused:
            return _postpone(notice, at)
    DecisionNotice.objects.filter(pk=pk).update(told_at=at)
    return int(is_news)


def _is_news(notice: DecisionNotice, at: datetime) -> bool:
    """Whether it still says what is so, to somebody who may read it."""
    member = notice.member
    return (
        at - notice.decided_at <= FRESH
        and notice.promotion.status == notice.decision
        and member.is_active
        and bool(member.email)
        and StoreMember.objects.filter(store=notice.promotion.store_id, user=member).exists()
    )


def _postpone(notice: DecisionNotice, at: datetime) -> int:
    """Try again, each time later. Nothing was sent."""
    due_at = at + letters.pause_after(notice.tries)
    DecisionNotice.objects.filter(pk=notice.pk).update(tries=notice.tries + 1, due_at=due_at)
    return 0


def _write(notice: DecisionNotice, at: datetime) -> None:
    promotion = notice.promotion
    name = " ".join(promotion.name.split())
    with translation.override(notice.member.language):
        subject = str(SUBJECTS[notice.decision]) % {"name": name}
        body = render_to_string(
            f"promocodes/letters/{notice.decision}.txt",
            {
                "name": name,
                "store": promotion.store,
                "reason": notice.reason.strip(),
                "words": ", ".join(_words(promotion)),
                "starts": _start(promotion, at),
                "is_shared": promotion.share_with_affiliates,
                "url": settings.SITE_URL
                + reverse("seller:promocodes_promotion_change", args=[promotion.pk]),
            },
        )
        letters.send(subject=subject, body=body, to=str(notice.member.email))


def _words(promotion: Promotion) -> list[str]:
    codes = PromoCode.objects.standing().filter(promotion=promotion, holder=None, person=None)
    return list(codes.order_by("pk").values_list("code", flat=True)[:_WORDS])


def _start(promotion: Promotion, at: datetime) -> str:
    """When it starts, if it hasn't yet."""
    terms = promotion.terms
    return explanations.moment(terms.starts_at, terms.timezone) if terms.starts_at > at else ""
