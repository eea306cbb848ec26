"""A quote told in words: what each code does to each line, and why it does nothing (engine.md 14).

Reads a `Judgement` and adds nothing of its own: every amount is the quote's, or a step of its very
arithmetic on what the earlier codes left. Sentences are in the active language, for the merchant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from marketplace.money import percent_of
from marketplace.templatetags.money import money, percent
from promocodes import pricing, units
from promocodes.cart import Cart, Line
from promocodes.eligibility import CodeFacts, eligible_lines
from promocodes.pricing import Left, Share
from promocodes.quoting import Judgement, Quote
from promocodes.reasons import Reason, Refusal
from promocodes.terms import Allocation, DiscountType, Scope


@dataclass(frozen=True, slots=True)
class Note:
    """What one code does to one line: takes `off_minor` off, or `why` not."""

    code: str
    off_minor: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStory:
    """A line of the cart; `notes` say what each code does to it, or why it doesn't."""

    ref: str
    name: str
    quantity: int
    unit_price_minor: int
    before_minor: int
    discount_minor: int
    notes: tuple[Note, ...]

    @property
    def after_minor(self) -> int:
        """What is paid for the line."""
        return self.before_minor - self.discount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStory:
    """A code of the cart: the steps of its arithmetic, or the reason why it gives nothing."""

    code: str
    is_applied: bool
    discount_minor: int
    steps: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A whole quote, told."""

    quote: Quote
    lines: tuple[LineStory, ...]
    codes: tuple[CodeStory, ...]


def tell(judgement: Judgement, *, names: Mapping[str, str]) -> Story:
    """The quote in words; `names` of products by their ref, for lines that show one."""
    cart, quote = judgement.known.cart, judgement.quote
    steps = _steps(judgement)
    return Story(
        quote=quote,
        lines=tuple(
            LineStory(
                ref=line.ref,
                name=names.get(line.product, line.product or line.ref),
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                before_minor=line.total_minor,
                discount_minor=answer.discount_minor,
                notes=tuple(_line_notes(judgement, line, answer.by_code)),
            )
            for line, answer in zip(cart.lines, quote.lines, strict=True)
        ),
        codes=tuple(
            CodeStory(
                code=answer.code,
                is_applied=answer.is_applied,
                discount_minor=answer.discount_minor,
                steps=tuple(steps.get(answer.code, ())),
                reason=answer.refusal.message if answer.refusal else "",
                hint=_hint(answer.refusal, judgement.known.codes.get(answer.code), cart),
            )
            for answer in quote.codes
        ),
    )


def _steps(judgement: Judgement) -> dict[str, list[str]]:
    """The arithmetic of each applied code, on what the earlier ones left."""
    cart = judgement.known.cart
    left = Left(
        [[(line.quantity, line.unit_price_minor)] for line in cart.lines], cart.shipping_minor
    )
    told: dict[str, list[str]] = {}
    for found, share in judgement.shares:
        told[found.code] = _steps_of(found, share, left, cart)
        left = pricing.take(left, share)
    return told


def _steps_of(found: CodeFacts, share: Share, left: Left, cart: Cart) -> list[str]:
    terms, currency = found.terms, cart.currency
    fitting = eligible_lines(found, cart)
    base = sum(units.total(left.lines[i]) for i in fitting)
    steps = [_fit(len(fitting), len(cart.lines), base, currency)]
    if terms.min_spend_minor:
        minimum = money(terms.min_spend_minor, currency)
        steps.append(gettext("Minimum spend %(minimum)s is reached.") % {"minimum": minimum})
    steps.append(_rule(found, base, currency))
    raw = percent_of(base, terms.percent_bp) if terms.percent_bp is not None else None
    capped = terms.max_discount_minor
    if capped is not None and share.total_minor == capped and (raw is None or raw > capped):
        steps.append(gettext("But at most %(cap)s.") % {"cap": money(capped, currency)})
    if found.budget_left_minor is not None and share.total_minor == found.budget_left_minor:
        given = money(share.total_minor, currency)
        steps.append(gettext("The budget has only %(left)s left.") % {"left": given})
    if len(share.lines) > 1 and terms.allocation == Allocation.ACROSS:
        steps.append(gettext("Shared over the lines by their price, so every return is exact."))
    return steps


def _fit(fitting: int, lines: int, base: int, currency: str) -> str:
    text = ngettext(
        "It fits %(fitting)s of %(lines)s line, worth %(base)s.",
        "It fits %(fitting)s of %(lines)s lines, worth %(base)s.",
        lines,
    )
    return text % {"fitting": fitting, "lines": lines, "base": money(base, currency)}


def _rule(found: CodeFacts, base: int, currency: str) -> str:
    """What the code takes, before any cap."""
    terms = found.terms
    if terms.discount_type == DiscountType.FREE_SHIPPING:
        return gettext("Delivery is free.")
    if terms.percent_bp is not None:
        rate = percent(terms.percent_bp)
        if terms.allocation == Allocation.CHEAPEST_UNIT:
            return gettext("%(rate)s off the cheapest unit.") % {"rate": rate}
        given = {
            "rate": rate,
            "base": money(base, currency),
            "off": money(percent_of(base, terms.percent_bp), currency),
        }
        return gettext("%(rate)s of %(base)s is %(off)s.") % given
    texts = {
        Allocation.EACH_UNIT: gettext("%(off)s off each unit."),
        Allocation.EACH_LINE: gettext("%(off)s off each line."),
        Allocation.CHEAPEST_UNIT: gettext("%(off)s off the cheapest unit."),
    }
    text = texts.get(Allocation(terms.allocation), gettext("%(off)s off the order."))
    return text % {"off": money(terms.amount_minor or 0, currency)}


def _line_notes(judgement: Judgement, line: Line, by_code: Mapping[str, int]) -> list[Note]:
    """What each applied code does to one line."""
    notes = []
    for found, share in judgement.shares:
        off = by_code.get(found.code, 0)
        if off or share.lines:
            notes.append(Note(found.code, off, "" if off else _why_not(found, line)))
    return notes


def _why_not(found: CodeFacts, line: Line) -> str:
    """Why a line is left alone by a code that is used on others."""
    terms = found.terms
    if found.store and line.store != found.store:
        return gettext("another store's product")
    if terms.stores and line.store not in terms.stores:
        return gettext("not from one of the chosen stores")
    if line.product in terms.exclude_products:
        return gettext("left out of this code")
    if terms.scope == Scope.PRODUCTS and line.product not in terms.products:
        return gettext("not among the chosen products")
    if terms.scope == Scope.CATEGORIES and line.category not in terms.categories:
        return gettext("not in the chosen categories")
    return gettext("nothing is left to take off")


def _hint(refusal: Refusal | None, found: CodeFacts | None, cart: Cart) -> str:
    """What would make a refused code work, or since when it doesn't."""
    if refusal is None or (tell_hint := _HINTS.get(refusal.reason)) is None:
        return ""
    return tell_hint(refusal, found, cart.currency)


def _minimum_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    text = gettext("It asks for %(minimum)s of goods that fit; %(missing)s more would do.")
    minimum, missing = (money(refusal.params[name], currency) for name in ("min_spend", "missing"))
    return text % {"minimum": minimum, "missing": missing}


def _window_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    if found is None:
        return ""
    starts = refusal.reason == Reason.NOT_STARTED
    at = found.terms.starts_at if starts else found.terms.ends_at
    text = gettext("It starts on %(at)s.") if starts else gettext("It ended on %(at)s.")
    return text % {"at": moment(at, found.terms.timezone)} if at else ""


def _currency_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    return gettext("It is in %(currency)s.") % {"currency": refusal.params["currency"]}


def _limit_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    limit = refusal.params.get("limit")
    if not limit:
        return ""
    text = ngettext("Its limit is %(limit)s use.", "Its limit is %(limit)s uses.", limit)
    return text % {"limit": limit}


def _person_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    return gettext("It is limited per person, so the shop must say who buys.")


def _loser_hint(refusal: Refusal, found: CodeFacts | None, currency: str) -> str:
    if "would_give" not in refusal.params:
        return ""
    given = money(refusal.params["would_give"], currency)
    return gettext("By itself it would take off %(off)s.") % {"off": given}


_HINTS: Mapping[Reason, Callable[[Refusal, CodeFacts | None, str], str]] = {
    Reason.MIN_SPEND_NOT_MET: _minimum_hint,
    Reason.NOT_STARTED: _window_hint,
    Reason.EXPIRED: _window_hint,
    Reason.CURRENCY_MISMATCH: _currency_hint,
    Reason.TOTAL_LIMIT_REACHED: _limit_hint,
    Reason.CUSTOMER_LIMIT_REACHED: _limit_hint,
    Reason.CUSTOMER_REQUIRED: _person_hint,
    Reason.NOT_COMBINABLE: _loser_hint,
    Reason.REPLACED: _loser_hint,
}


def moment(at: datetime, zone: str) -> str:
    """A day and time in an IANA zone, as the reader's language writes it."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'H:i')}"


def day(at: datetime, zone: str) -> str:
    """A day in a zone."""
    return date_format(at.astimezone(ZoneInfo(zone)), "DATE_FORMAT")
