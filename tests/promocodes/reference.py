"""The rules of engine.md 5 and 6 written down once more, slowly and plainly, to hold ours against.

Units are plain lists, percents are fractions, sets of codes are tried one and all. Nothing here
uses a rule of ours: of our modules it knows only the words (`Terms`, `CodeFacts`, `Cart`).
"""

from fractions import Fraction
from itertools import chain, combinations
from math import floor

from promocodes.cart import Cart
from promocodes.eligibility import CodeFacts
from promocodes.terms import Terms

Units = list[list[int]]


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def spread(total: int, weights: list[int]) -> list[int]:
    """Largest remainder; of equal ones the earlier."""
    whole = sum(weights)
    exact = [Fraction(total * weight, whole) if whole else Fraction(0) for weight in weights]
    parts = [floor(part) for part in exact]
    for _ in range(total - sum(parts)):
        rests = [part - got for part, got in zip(exact, parts, strict=True)]
        parts[rests.index(max(rests))] += 1
    return parts


def fits(facts: CodeFacts, cart: Cart) -> list[int]:
    found = []
    for place, line in enumerate(cart.lines):
        terms = facts.terms
        wrong_store = facts.kind in ("store", "social") and line.store != facts.store
        wrong_store = wrong_store or bool(terms.stores and line.store not in terms.stores)
        named = {
            "storewide": True,
            "products": line.product in terms.products,
            "categories": line.category in terms.categories,
        }[terms.scope]
        if not wrong_store and named and line.product not in terms.exclude_products:
            found.append(place)
    return found


def share(terms: Terms, lines: list[int], left: Units, shipping: int, most: int | None):
    """What a code takes: `(by unit of each line, off the shipping)`."""
    caps = [cap for cap in (terms.max_discount_minor, most) if cap is not None]
    if terms.discount_type == "free_shipping":
        return [[0] * len(units) for units in left], min([shipping, *caps])

    def off(worth: int) -> int:
        if terms.discount_type == "percent":
            return half_up(Fraction(worth * terms.percent_bp, 10_000))
        return min(terms.amount_minor, worth)

    taken = [[0] * len(units) for units in left]
    counted = {
        place: left[place][: terms.max_units_per_line or len(left[place])] for place in lines
    }
    if terms.allocation == "cheapest_unit":
        priced = [
            (value, place, n)
            for place, units in counted.items()
            for n, value in enumerate(units)
            if value
        ]
        if priced:
            value, place, n = min(priced)
            taken[place][n] = min([off(value), *caps])
        return taken, 0
    if terms.allocation == "across":
        weights = [sum(units) for units in counted.values()]
        by_unit, whole = counted, off(sum(weights))
    elif terms.allocation == "each_line":
        weights = [off(sum(units)) for units in counted.values()]
        by_unit, whole = counted, sum(weights)
    else:
        by_unit = {place: [off(value) for value in units] for place, units in counted.items()}
        weights = [sum(units) for units in by_unit.values()]
        whole = sum(weights)
    parts = spread(min([whole, *caps]), weights)
    for (place, units), part in zip(by_unit.items(), parts, strict=True):
        for n, value in enumerate(spread(part, units)):
            taken[place][n] = value
    return taken, 0


def order(facts: CodeFacts) -> tuple[int, int, str]:
    """Item, store, platform, shipping; the higher priority; the id."""
    if facts.terms.discount_type == "free_shipping":
        stage = 3
    elif facts.kind not in ("store", "social"):
        stage = 2
    else:
        stage = 0 if facts.terms.scope in ("products", "categories") else 1
    return stage, -facts.terms.priority, str(facts.code_id)


def together(chosen: tuple[CodeFacts, ...]) -> bool:
    """By default one code of a seller, one of the platform, one for shipping; exclusive: alone."""
    kinds = [facts.terms.stacking for facts in chosen]
    if "exclusive" in kinds and len(chosen) > 1:
        return False
    if len({facts.promotion_id for facts in chosen}) < len(chosen):
        return False
    places = []
    for facts in chosen:
        if facts.terms.stacking == "default":
            if facts.terms.discount_type == "free_shipping":
                places.append("shipping")
            else:
                seller = facts.kind in ("store", "social")
                places.append(("seller", facts.store) if seller else "platform")
    return len(places) == len(set(places))


def worth(chosen: tuple[CodeFacts, ...], cart: Cart) -> int | None:
    """What a set of codes saves; None if one of them can't be used in it."""
    left = [[line.unit_price_minor] * line.quantity for line in cart.lines]
    shipping, total = cart.shipping_minor, 0
    for facts in sorted(chosen, key=order):
        lines, terms, budget = fits(facts, cart), facts.terms, facts.budget_left_minor
        if terms.min_spend_basis == "after_earlier_codes":
            if sum(sum(left[place]) for place in lines) < terms.min_spend_minor:
                return None
        elif sum(cart.lines[place].total_minor for place in lines) < terms.min_spend_minor:
            return None
        partial = facts.limits.budget_edge == "partial"
        taken, carried = share(terms, lines, left, shipping, budget if partial else None)
        gives = sum(map(sum, taken)) + carried
        if not lines or gives == 0 or (budget is not None and gives > budget):
            return None
        left = [
            [a - b for a, b in zip(units, off, strict=True)]
            for units, off in zip(left, taken, strict=True)
        ]
        shipping -= carried
        total += gives
    return total


def best(codes: list[CodeFacts], cart: Cart) -> int:
    """The most that any allowed set saves."""
    sets = chain.from_iterable(combinations(codes, n) for n in range(1, len(codes) + 1))
    worths = [worth(chosen, cart) for chosen in sets if together(chosen)]
    return max((found for found in worths if found is not None), default=0)
