"""Promotions across all stores: the queue of approvals, terms by version, how much is used."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from marketplace import clock
from marketplace.access import changes_nothing
from marketplace.models import Store
from marketplace.money import format_money
from promocodes.admin.making import MakingAdmin
from promocodes.admin.versions import VersionInline, finer, gives, reach, window
from promocodes.codes import normalise
from promocodes.desk import codes, forecast, history, trying
from promocodes.models import PromoCode, Promotion
from promocodes.usage import usage_of

State = Promotion.State
NAMED = 10  # codes or products that a row lists
MOST_NAMED = 200  # that a search looks at; who meets more has to type more
COLOURS = {
    State.DRAFT: "",
    State.PENDING_APPROVAL: "warning",
    State.APPROVED: "success",
    State.SCHEDULED: "info",
    State.LIVE: "success",
    State.ENDED: "",
    State.REFUSED: "danger",
    State.CANCELLED: "danger",
}


class StateFilter(SimpleListFilter):
    """By what a promotion is now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every state but the sum of three."""
        return [choice for choice in State.choices if choice[0] != State.APPROVED]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Promotion]) -> QuerySet[Promotion]:
        """The promotions in the state."""
        if self.value() not in State.values:
            return queryset
        found = Promotion.objects.in_state(str(self.value()), clock.now())
        return queryset.filter(pk__in=found.values("pk"))


@admin.register(Promotion)
class PromotionAdmin(MakingAdmin):
    """Every promotion; approved, refused and cancelled here, made and changed by their owners."""

    list_display = ("name", "where", "kind", "shown_state", "gives", "window", "is_shared")
    list_filter = (StateFilter, "kind", "share_with_affiliates")
    list_select_related = ("terms", "store")
    search_fields = ("name__istartswith", "store__ref__exact")
    search_help_text = _("The start of the name, the whole code, or the store's id")
    ordering = ("-pk",)
    inlines = (VersionInline,)
    actions_list = ("try_cart",)
    asked_about = ("store", "words", "gives", "minimum", "window", "goods")
    actions_detail = (
        "approve",
        "refuse",
        "amend",
        {
            "title": _("More"),
            "icon": "more_horiz",
            "items": ["forecast", "try_it", "more_codes", "cancel"],
        },
    )
    fieldsets = (
        (None, {"fields": (("name", "kind"), ("store", "currency"), "state_now")}),
        (
            _("Gives and asks"),
            {
                "fields": (
                    ("gives", "minimum"),
                    "window",
                    ("goods", "reach"),
                    "finer",
                    "words",
                    "is_shared",
                )
            },
        ),
        (
            _("Limits and use"),
            {
                "fields": (
                    ("total_limit", "per_person_limit", "per_code_limit"),
                    ("budget", "budget_edge"),
                    ("redeemed", "held"),
                    ("came_back", "given"),
                )
            },
        ),
        (
            _("Life"),
            {"fields": ("refused_reason", "history")},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Promotion | None = None) -> Any:
        """All: a promotion changes by verbs."""
        return [name for _, options in self.fieldsets for name in _flat(options["fields"])]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        """With the clock's time beside each, so that a state asks for nothing."""
        found: QuerySet[Promotion] = super().get_queryset(request)
        return found.annotate(asked_at=Now())

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """With its usage, for its own page."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.usage = usage_of([found])[found.pk]
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Promotion], search_term: str
    ) -> tuple[QuerySet[Promotion], bool]:
        """By name or store; or by a whole code. Each is looked up by its own index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        codes = PromoCode.objects.spelled(normalise(term))
        if owners := list(codes.values_list("promotion_id", flat=True)):
            return queryset.filter(pk__in=owners), False
        begin = Promotion.objects.filter(name__istartswith=term)
        named = list(begin.values_list("pk", flat=True)[: MOST_NAMED + 1])
        if len(named) > MOST_NAMED:
            messages.info(request, _("Very many names begin so: here are some. Type more of it."))
        stores = list(Store.objects.filter(ref=term).values_list("pk", flat=True))
        return queryset.filter(Q(pk__in=named[:MOST_NAMED]) | Q(store__in=stores)), False

    @admin.display(description=_("store"), ordering="store__name")
    def where(self, promotion: Promotion) -> str:
        """The seller's name; a dash for the platform's own."""
        return promotion.store.name if promotion.store else "—"

    @admin.display(description=_("state"))
    def state_now(self, promotion: Promotion) -> str:
        """What the promotion is now, in words."""
        return str(promotion.state(promotion.asked_at).label)  # type: ignore[attr-defined]

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, promotion: Promotion) -> tuple[str, str]:
        """What the promotion is now."""
        state = promotion.state(promotion.asked_at)  # type: ignore[attr-defined]
        return str(state), str(state.label)

    @admin.display(description=_("gives"))
    def gives(self, promotion: Promotion) -> str:
        """The discount in words."""
        return gives(promotion.terms, promotion.currency)

    @admin.display(description=_("from - until"))
    def window(self, promotion: Promotion) -> str:
        """The days by the promotion's own clock."""
        return window(promotion.terms)

    @admin.display(description=_("minimum order"))
    def minimum(self, promotion: Promotion) -> str:
        """What must be spent."""
        return _amount(promotion.terms.min_spend_minor, promotion)

    @admin.display(description=_("for what"))
    def goods(self, promotion: Promotion) -> str:
        """Everything, or how many products or categories."""
        terms = promotion.terms
        named = ", ".join([*terms.products, *terms.categories][:NAMED])
        return f"{terms.get_scope_display()}: {named}" if named else terms.get_scope_display()

    @admin.display(description=_("where it works"))
    def reach(self, promotion: Promotion) -> str:
        """The one store, or those that the platform's own names."""
        return promotion.store.name if promotion.store else reach(promotion.terms)

    @admin.display(description=_("finer rules"))
    def finer(self, promotion: Promotion) -> str:
        """How it is spread, with what it goes, for whom, and when a use comes back."""
        return finer(promotion.terms, promotion.kind)

    @admin.display(description=_("codes"))
    def words(self, promotion: Promotion) -> str:
        """The first of its codes."""
        found = PromoCode.objects.filter(promotion=promotion).order_by("pk")
        first = list(found.values_list("code", flat=True)[: NAMED + 1])
        return ", ".join(first[:NAMED]) + (" …" if len(first) > NAMED else "") or "—"

    @admin.display(description=_("what happened"))
    def history(self, promotion: Promotion) -> str:
        """Who did what, when and why."""
        return history.told(promotion)

    @admin.display(description=_("shared with affiliates"), boolean=True)
    def is_shared(self, promotion: Promotion) -> bool:
        """The choice made at creation."""
        return promotion.share_with_affiliates

    @admin.display(description=_("budget"))
    def budget(self, promotion: Promotion) -> str:
        """The budget, and what is left of it."""
        if promotion.budget_minor is None:
            return "—"
        left = promotion.usage.budget_left_minor  # type: ignore[attr-defined]
        return f"{_amount(left, promotion)} / {_amount(promotion.budget_minor, promotion)}"

    @admin.display(description=_("redeemed"))
    def redeemed(self, promotion: Promotion) -> int:
        """Uses that stand."""
        return int(promotion.usage.redeemed)  # type: ignore[attr-defined]

    @admin.display(description=_("held"))
    def held(self, promotion: Promotion) -> int:
        """Reservations."""
        return int(promotion.usage.held)  # type: ignore[attr-defined]

    @admin.display(description=_("reversed"))
    def came_back(self, promotion: Promotion) -> int:
        """Uses that came back."""
        return int(promotion.usage.reversed)  # type: ignore[attr-defined]

    @admin.display(description=_("discount given"))
    def given(self, promotion: Promotion) -> str:
        """Net of what came back."""
        return _amount(promotion.usage.discount_minor, promotion)  # type: ignore[attr-defined]

    # --- pages of ours ---------------------------------------------------------------------------
    @changes_nothing
    @action(description=_("Try a cart"), icon="shopping_cart", url_path="try")
    def try_cart(self, request: HttpRequest) -> HttpResponse:
        """What codes of all stores and of the platform do to a cart."""
        return trying.page_for_ops(request, frame=self.frame)

    @changes_nothing
    @action(description=_("Forecast"), icon="monitoring", url_path="forecast")
    def forecast(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it would have done to past orders."""
        promotion = self.get_object(request, unquote(object_id))
        return forecast.page(request, promotion, frame=self.frame)

    @changes_nothing  # by itself: what is sent from the page is asked for there
    @action(description=_("Codes"), icon="upload_file", url_path="codes", permissions=["decide"])
    def more_codes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """More codes: from a file, or made."""
        promotion = self.get_object(request, unquote(object_id))
        actor: Any = request.user
        here = self.frame.url("more_codes", promotion.pk)
        return codes.page(request, promotion, actor=actor, frame=self.frame, here=here)

    @changes_nothing
    @action(description=_("Try it on a cart"), icon="shopping_cart", url_path="try")
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its code on a cart."""
        query = urlencode({"promotion": object_id})
        return HttpResponseRedirect(f"{self.frame.url('try_cart')}?{query}")


def _amount(minor: int, promotion: Promotion) -> str:
    return format_money(minor, promotion.currency, get_language() or "en")


def _flat(fields: Any) -> list[str]:
    return [name for group in fields for name in ([group] if isinstance(group, str) else group)]
