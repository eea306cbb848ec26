"""The versions of a promotion's terms inside its page, and terms in a few words."""

from datetime import date

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from marketplace.admin_inlines import OpsTabularInline
from marketplace.models import Store
from marketplace.money import format_money
from marketplace.templatetags.money import percent
from promocodes.models import Promotion, PromotionTerms

Cause = PromotionTerms.Cause
NAMED = 10  # stores that a row lists


class VersionInline(OpsTabularInline):
    """Every version of the terms, the newest first."""

    model = PromotionTerms
    fields = ("version", "gives", "minimum", "scope", "window", "timezone", "created_at")
    ordering = ("-version",)
    hide_title = True
    verbose_name_plural = _("versions of the terms")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromotionTerms]:
        """With the promotion, for its currency."""
        rows: QuerySet[PromotionTerms] = super().get_queryset(request)
        return rows.select_related("promotion")

    @admin.display(description=_("gives"))
    def gives(self, terms: PromotionTerms) -> str:
        """The discount in words."""
        return gives(terms, terms.promotion.currency)

    @admin.display(description=_("minimum order"))
    def minimum(self, terms: PromotionTerms) -> str:
        """What must be spent."""
        return _amount(terms.min_spend_minor, terms.promotion.currency)

    @admin.display(description=_("from - until"))
    def window(self, terms: PromotionTerms) -> str:
        """The days by the promotion's own clock."""
        return window(terms)


def gives(terms: PromotionTerms, currency: str) -> str:
    """What the code gives, in a few words."""
    if terms.percent_bp is not None:
        text = percent(terms.percent_bp)
    elif terms.amount_minor is not None:
        text = _amount(terms.amount_minor, currency)
    else:
        text = str(PromotionTerms.DiscountType.FREE_SHIPPING.label)
    if terms.max_discount_minor is None:
        return text
    return f"{text} ≤ {_amount(terms.max_discount_minor, currency)}"


def window(terms: PromotionTerms) -> str:
    """The days of the window by the promotion's own clock; an open end is an ellipsis."""
    until = _day(terms.ends_local) if terms.ends_local else "…"
    return f"{_day(terms.starts_local)} – {until}"


def reach(terms: PromotionTerms) -> str:
    """The stores that a platform promotion names, or all."""
    if not terms.stores:
        return gettext("all stores")
    names = dict(Store.objects.filter(ref__in=terms.stores[:NAMED]).values_list("ref", "name"))
    shown = ", ".join(names.get(ref, ref) for ref in terms.stores[:NAMED])
    return shown + (" …" if len(terms.stores) > NAMED else "")


def finer(terms: PromotionTerms, kind: str) -> str:
    """What else the terms of a promotion of this kind say, in a few words."""
    stacking = terms.get_stacking_display()
    if kind == Promotion.Kind.PLATFORM and terms.stacking == PromotionTerms.Stacking.DEFAULT:
        stacking = gettext("one code of the platform")
    parts = [terms.get_allocation_display(), stacking]
    if terms.max_units_per_line is not None:
        parts.append(gettext("units per line ≤ %(n)s") % {"n": terms.max_units_per_line})
    if terms.min_spend_minor:
        basis = terms.get_min_spend_basis_display()
        parts.append(gettext("minimum spend counts %(basis)s") % {"basis": basis})
    if terms.first_order_only:
        parts.append(str(_("first order only")))
    if terms.exclude_products:
        parts.append(gettext("products left out: %(n)s") % {"n": len(terms.exclude_products)})
    parts.append(gettext("priority %(n)s") % {"n": terms.priority})
    causes = [str(cause.label) for cause in Cause if cause in terms.gives_back_for]
    back = {"causes": ", ".join(causes) or "—"}
    parts.append(gettext("a use comes back when: %(causes)s") % back)
    return "; ".join(parts)


def _day(local: str) -> str:
    return date_format(date.fromisoformat(local[:10]), "SHORT_DATE_FORMAT")


def _amount(minor: int, currency: str) -> str:
    return format_money(minor, currency, get_language() or "en")
