"""The seller's list of promo codes: a page of promotions with all that a row shows.

Nothing is counted over a whole table: limited promotions have counters, of unlimited ones at most
`COUNTED` uses are looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from promocodes import codes, explanations, wording
from promocodes import terms as worded
from promocodes.models import PromoCode, Promotion, PromotionCounter

State = Promotion.State
COUNTED = 1_000

# How a state looks: a colour of the badge and an icon beside its words.
LOOKS = {
    State.LIVE: ("ok", "check_circle"),
    State.SCHEDULED: ("info", "event"),
    State.PENDING_APPROVAL: ("wait", "hourglass_top"),
    State.REFUSED: ("danger", "error"),
    State.CANCELLED: ("off", "block"),
    State.ENDED: ("off", "stop_circle"),
    State.DRAFT: ("off", "edit"),
}

_FEW_USES = """
SELECT p.id, few.uses FROM unnest(%s::uuid[]) AS p(id)
CROSS JOIN LATERAL (
    SELECT count(*) AS uses FROM (
        SELECT FROM promocodes_redemption r WHERE r.promotion_id = p.id
        AND r.state IN ('redeemed', 'part_reversed') ORDER BY r.id LIMIT %s
    ) AS first_ones
) AS few"""

_WORDS = """
SELECT p.id, few.code, few.is_one_of_many FROM unnest(%s::uuid[]) AS p(id)
CROSS JOIN LATERAL (
    SELECT c.code, c.batch_id IS NOT NULL AS is_one_of_many FROM promocodes_promocode c
    WHERE c.promotion_id = p.id AND c.revoked_at IS NULL
    AND c.holder_id IS NULL AND c.person_id IS NULL ORDER BY c.id LIMIT 2
) AS few"""


@dataclass(frozen=True, slots=True)
class Bar:
    """How much of a limit is taken; `part` of 100."""

    taken: int
    limit: int

    @property
    def part(self) -> int:
        """Percent taken, rounded down."""
        return min(100, self.taken * 100 // self.limit) if self.limit else 0

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.taken >= self.limit


@dataclass(frozen=True, slots=True)
class Usage:
    """Uses and money of one promotion, as far as it has limits; else the first uses."""

    uses: Bar | None = None
    budget: Bar | None = None
    counted: int = 0

    @property
    def is_more(self) -> bool:
        """Whether there are more uses than were looked at."""
        return self.counted >= COUNTED


@dataclass(frozen=True, slots=True)
class Row:
    """One promotion in the list."""

    promotion: Promotion
    state: Promotion.State
    word: str
    has_many_codes: bool
    usage: Usage
    discount: str
    minimum: str
    window: str

    @property
    def id(self) -> str:
        """The promotion's id as text."""
        return str(self.promotion.pk)

    @property
    def look(self) -> str:
        """The colour of its badge."""
        return LOOKS[self.state][0]

    @property
    def icon(self) -> str:
        """The icon of its badge."""
        return LOOKS[self.state][1]


class StateFilter(SimpleListFilter):
    """By what the promotion is now: a decision, and what time made of it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every state but `approved`, which is one of three by its time."""
        return [(state.value, state.label) for state in LOOKS if state != State.DRAFT]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Those in the chosen state."""
        value = self.value()
        return queryset.in_state(value, clock.now()) if value in State.values else queryset


def search(rows: "QuerySet[Promotion]", text: str) -> "QuerySet[Promotion]":
    """Promotions by a part of the name, or by a whole code."""
    word = codes.normalise(text)
    having = PromoCode.objects.filter(promotion=OuterRef("pk"), code=word)
    return rows.filter(Q(name__icontains=text.strip()) | Q(Exists(having)))


def rows_of(promotions: Sequence[Promotion], at: datetime) -> list[Row]:
    """The rows of one page; three queries however many there are."""
    words, usage = _words(promotions), usage_of(promotions)
    rows = []
    for promotion in promotions:
        terms, found = worded.of(promotion.terms), words.get(promotion.pk, [])
        rows.append(
            Row(
                promotion=promotion,
                state=promotion.state(at),
                word=found[0][0] if found and _is_shared(found) else "",
                has_many_codes=bool(found) and not _is_shared(found),
                usage=usage[promotion.pk],
                discount=wording.discount(terms, promotion.currency),
                minimum=wording.minimum(terms, promotion.currency),
                window=_window(terms),
            )
        )
    return rows


def usage_of(promotions: Iterable[Promotion]) -> dict[UUID, Usage]:
    """Uses and money of each, in two queries."""
    by_id = {promotion.pk: promotion for promotion in promotions}
    limited = [key for key, promotion in by_id.items() if promotion.is_limited]
    taken = {
        row["promotion_id"]: row
        for row in PromotionCounter.objects.filter(promotion__in=limited)
        .values("promotion_id")
        .annotate(taken_sum=Sum("taken"), spent_sum=Sum("spent_minor"))
    }
    counted = _few_uses([key for key, row in by_id.items() if row.total_limit is None])
    return {
        key: Usage(
            uses=_bar(taken.get(key), "taken_sum", promotion.total_limit),
            budget=_bar(taken.get(key), "spent_sum", promotion.budget_minor),
            counted=counted.get(key, 0),
        )
        for key, promotion in by_id.items()
    }


def _bar(taken: Any, column: str, limit: int | None) -> Bar | None:
    return Bar(int(taken[column]) if taken else 0, limit) if limit is not None else None


def _few_uses(promotions: list[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(_FEW_USES, [promotions, COUNTED])
        return dict(cursor.fetchall())


def _is_shared(words: Sequence[tuple[str, bool]]) -> bool:
    """Whether the first word is the promotion's own, and any other is one of many unique ones."""
    return not words[0][1] and all(is_one_of_many for _, is_one_of_many in words[1:])


def _words(promotions: Sequence[Promotion]) -> dict[UUID, list[tuple[str, bool]]]:
    """The first two words of each promotion, and whether they came in a batch."""
    found: dict[UUID, list[tuple[str, bool]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [[promotion.pk for promotion in promotions]])
        for key, *word in cursor.fetchall():
            found.setdefault(key, []).append((word[0], word[1]))
    return found


def _window(terms: worded.Terms) -> str:
    """When it works, short."""
    starts = explanations.day(terms.starts_at, terms.timezone) if terms.starts_at else ""
    if terms.ends_at is None:
        return gettext("from %(starts)s, no end") % {"starts": starts}
    return f"{starts} — {explanations.day(terms.ends_at, terms.timezone)}"
