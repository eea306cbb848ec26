"""The seller's page that makes tasks: Affiliate Setting (AE-03, AE-04, AE-07).

Promotion Plan Management → Activate immediately → Default Channel Promotion → Promote now; or
"Join an existing promo code" by its ID.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates import agreements
from marketplace import clock
from marketplace.access import stores_of
from marketplace.models import Store, User
from promocodes.models import PromoCode, Promotion, PromotionTerms
from tasks import openings
from tasks.forms import JoinForm, PlanForm
from tasks.models import Task
from tasks.openings import TaskRefused

SHOWN = 100
FIRST_RATE = "8"


@dataclass(frozen=True)
class Row:
    """A shared promo code, and its task if there is one."""

    promotion: Promotion
    terms: PromotionTerms
    word: str
    state: Promotion.State
    task: Task | None

    @property
    def can_promote(self) -> bool:
        """Whether "Promote now" would do something."""
        runs = self.state in {Promotion.State.LIVE, Promotion.State.SCHEDULED}
        return runs and (self.task is None or self.task.state != Task.State.OPEN)


def promote(request: HttpRequest, *, actor: User, site: AdminSite) -> HttpResponse:
    """The page, and its three buttons."""
    store = _store(request)
    plan_form, join_form = PlanForm(initial={"percent": FIRST_RATE}), JoinForm()
    if request.method == "POST":
        act = request.POST.get("act")
        if act == "activate":
            plan_form = PlanForm(request.POST)
            if plan_form.is_valid():
                return _activate(request, actor, store, plan_form.rate_bp)
        elif act == "join":
            join_form = JoinForm(request.POST)
            if join_form.is_valid():
                wanted = join_form.cleaned_data["promotion_id"]
                return _open(request, actor, site, store, wanted)
        elif act == "promote":
            return _open(request, actor, site, store, request.POST.get("promotion_id", ""))
    request.current_app = site.name
    now = clock.now()
    plan = agreements.Plans([store.pk]).at(store.pk, now)
    context = site.each_context(request) | {
        "title": gettext("Affiliate Setting"),
        "store": store,
        "stores": stores_of(request.user).order_by("name"),
        "plan": plan if plan.store_id == store.pk else None,
        "plan_form": plan_form,
        "join_form": join_form,
        "rows": _rows(store),
        "not_shared": Promotion.objects.of_store(store).filter(share_with_affiliates=False).count(),
    }
    return TemplateResponse(request, "tasks/seller/promote.html", context)


def _store(request: HttpRequest) -> Store:
    mine = stores_of(request.user).order_by("name")
    asked = request.POST.get("store") or request.GET.get("store")
    store = mine.filter(ref=asked).first() if asked else mine.first()
    if store is None:
        raise Http404
    return store


def _rows(store: Store) -> list[Row]:
    now = clock.now()
    found = (
        Promotion.objects.of_store(store)
        .shared()
        .select_related("terms")
        .prefetch_related("tasks")
        .order_by("-id")[:SHOWN]
    )
    words = _words([promotion.pk for promotion in found])
    return [
        Row(
            promotion=promotion,
            terms=promotion.terms,
            word=words.get(promotion.pk, ""),
            state=promotion.state(now),
            task=next(iter(promotion.tasks.all()), None),
        )
        for promotion in found
    ]


def _words(promotions: Sequence[UUID]) -> dict[UUID, str]:
    """The shared word of each promotion that has one."""
    rows = PromoCode.objects.standing().filter(
        promotion__in=promotions, holder=None, person=None, batch=None
    )
    return dict(rows.values_list("promotion_id", "code"))


def _activate(request: HttpRequest, actor: User, store: Store, rate_bp: int) -> HttpResponse:
    try:
        agreements.set_plan(store=store, rate_bp=rate_bp, starts_at=clock.now(), actor=actor)
        messages.success(request, _("Your promotion plan is active."))
    except agreements.CutTooSoon as refusal:
        if agreements.Plans([store.pk]).at(store.pk, clock.now()).store_id == store.pk:
            messages.info(request, _("Your promotion plan was active already."))
        else:
            messages.error(request, str(refusal.message))
    return redirect(f"{request.path}?store={store.ref}")


def _open(
    request: HttpRequest, actor: User, site: AdminSite, store: Store, wanted: str
) -> HttpResponse:
    try:
        task = openings.open_task(store=store, promotion_id=wanted, actor=actor)
    except TaskRefused as refusal:
        messages.error(request, str(refusal.message))
        return redirect(f"{request.path}?store={store.ref}")
    messages.success(request, _("The task is out: influencers can find it now."))
    return redirect(f"{site.name}:tasks_task_change", task.pk)
