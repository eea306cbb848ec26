"""The terms of a promotion in words, as its seller reads them; in the active language."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from marketplace.templatetags.money import money
from promocodes import terms as worded
from promocodes.explanations import moment
from promocodes.models import Promotion
from promocodes.terms import BudgetEdge, Limits, Stacking, Terms
from promocodes.wording import code_type, discount, minimum
from promocodes.zones import zone_name

VERSIONS = 20  # of the terms that a page shows


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the terms, as far as it differs by what a seller reads first."""

    number: int
    since: str
    discount: str
    minimum: str
    window: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the terms: what it is about, and what it says."""

    label: str
    text: str


def window(starts_at: datetime | None, ends_at: datetime | None, zone: str) -> str:
    """From when until when, in the promotion's own zone."""
    starts = moment(starts_at, zone) if starts_at else gettext("as soon as it is approved")
    ends = moment(ends_at, zone) if ends_at else gettext("no end")
    return gettext("%(starts)s — %(ends)s (%(zone)s)") % {
        "starts": starts,
        "ends": ends,
        "zone": zone_name(zone),
    }


def of(promotion: Promotion, terms: Terms, limits: Limits) -> list[Fact]:
    """All that a seller has promised, row by row."""
    currency = promotion.currency
    facts = [
        Fact(gettext("Discount"), discount(terms, currency)),
        Fact(gettext("Promotion Rule"), minimum(terms, currency)),
        Fact(gettext("Code Type"), code_type(terms)),
        Fact(gettext("Works"), window(terms.starts_at, terms.ends_at, terms.timezone)),
        Fact(gettext("Limits"), limits_in_words(limits, currency)),
        Fact(gettext("Together with other codes"), _stacking(terms)),
        Fact(gettext("Shared with influencers"), _shared(promotion)),
    ]
    if promotion.share_with_affiliates:
        facts.append(Fact(gettext("Fee for sharing"), _fee(currency)))
    if terms.exclude_products:
        count = len(terms.exclude_products)
        text = ngettext("%(count)s product", "%(count)s products", count) % {"count": count}
        facts.insert(3, Fact(gettext("Left out"), text))
    if terms.first_order_only:
        facts.append(Fact(gettext("For whom"), gettext("Only for a shopper's first order")))
    return facts


def versions_of(promotion: Promotion) -> list[Version]:
    """What was promised from when on, the newest first."""
    return [
        Version(
            row.version,
            moment(row.created_at, row.timezone),
            discount(terms := worded.of(row), promotion.currency),
            minimum(terms, promotion.currency),
            window(terms.starts_at, terms.ends_at, terms.timezone),
        )
        for row in promotion.versions.order_by("-version")[:VERSIONS]
    ]


def limits_in_words(limits: Limits, currency: str) -> str:
    """All limits in one sentence."""
    parts = []
    if limits.total is not None:
        text = ngettext("%(count)s use in all", "%(count)s uses in all", limits.total)
        parts.append(text % {"count": limits.total})
    if limits.per_person is not None:
        count = limits.per_person
        text = ngettext("%(count)s per person", "%(count)s per person", count)
        parts.append(text % {"count": count})
    if limits.per_code is not None:
        text = ngettext("%(count)s per code", "%(count)s per code", limits.per_code)
        parts.append(text % {"count": limits.per_code})
    if limits.budget_minor is not None:
        parts.append(_budget(limits, currency))
    return ", ".join(parts) or gettext("No limits")


def _budget(limits: Limits, currency: str) -> str:
    budget = money(limits.budget_minor or 0, currency)
    if limits.budget_edge == BudgetEdge.PARTIAL:
        return gettext("budget %(budget)s, the last order gets what is left") % {"budget": budget}
    return gettext("budget %(budget)s") % {"budget": budget}


def _stacking(terms: Terms) -> str:
    texts = {
        Stacking.STACKABLE: gettext("Goes together with any other code"),
        Stacking.EXCLUSIVE: gettext("Only by itself"),
    }
    fallback = gettext("One code of your store per order, the best for the buyer")
    return texts.get(Stacking(terms.stacking), fallback)


def _shared(promotion: Promotion) -> str:
    if promotion.share_with_affiliates:
        return gettext("Yes. Chosen when it was made, and final")
    return gettext("No. Chosen when it was made, and final")


def _fee(currency: str) -> str:
    """Nothing is taken for the sharing itself (AM-10), and nobody must post (AM-09)."""
    text = gettext("%(fee)s. Influencers choose what they post: nobody is obliged to.")
    return text % {"fee": money(0, currency)}
