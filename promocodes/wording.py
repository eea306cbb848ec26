"""What a promotion gives and asks, in a few words of the active language; for whoever reads it."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext

from marketplace.models import Category, Product
from marketplace.templatetags.money import money, percent
from promocodes.models import PromotionTerms
from promocodes.terms import Allocation, DiscountType, Scope, Terms

NAMED = 5  # names that a sentence lists before it counts the rest


def discount(terms: Terms | PromotionTerms, currency: str) -> str:
    """ "10 % off, at most 500 ₽"; "300 ₽ off"; "Free delivery"."""
    if terms.discount_type == DiscountType.FREE_SHIPPING:
        words = gettext("Free delivery")
    else:
        off = (
            percent(terms.percent_bp)
            if terms.percent_bp is not None
            else money(terms.amount_minor or 0, currency)
        )
        texts = {
            Allocation.EACH_UNIT: gettext("%(off)s off each unit"),
            Allocation.EACH_LINE: gettext("%(off)s off each line"),
            Allocation.CHEAPEST_UNIT: gettext("%(off)s off the cheapest unit"),
        }
        words = texts.get(Allocation(terms.allocation), gettext("%(off)s off")) % {"off": off}
    if terms.max_discount_minor is None:
        return words
    cap = money(terms.max_discount_minor, currency)
    return gettext("%(discount)s, at most %(cap)s") % {"discount": words, "cap": cap}


def minimum(terms: Terms | PromotionTerms, currency: str) -> str:
    """The Promotion Rule (AE-12)."""
    if not terms.min_spend_minor:
        return gettext("No minimum spend")
    spend = money(terms.min_spend_minor, currency)
    return gettext("Orders from %(spend)s") % {"spend": spend}


def code_type(terms: Terms | PromotionTerms) -> str:
    """Storewide, or the products or categories by name (AE-13)."""
    if terms.scope == Scope.PRODUCTS:
        names = _names(Product.objects.filter(ref__in=terms.products[:NAMED]), terms.products)
        return gettext("Set Products: %(names)s") % {"names": names}
    if terms.scope == Scope.CATEGORIES:
        names = _names(Category.objects.filter(ref__in=terms.categories[:NAMED]), terms.categories)
        return gettext("Set Categories: %(names)s") % {"names": names}
    return gettext("Storewide: everything in the store")


def _names(rows: QuerySet[Product] | QuerySet[Category], refs: Sequence[str]) -> str:
    found = dict(rows.values_list("ref", "name"))
    shown = ", ".join(found.get(ref, ref) for ref in refs[:NAMED])
    rest = len(refs) - NAMED
    if rest <= 0:
        return shown
    text = ngettext("%(names)s and %(rest)s more", "%(names)s and %(rest)s more", rest)
    return text % {"names": shown, "rest": rest}
