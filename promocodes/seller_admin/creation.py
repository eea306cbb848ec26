"""The page "Create new promo code" (AE-01): a guided form, beside it what a cart would cost.

Sent without JavaScript the page comes back whole; htmx asks for the preview and the picker alone.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.access import stores_of
from marketplace.models import Store, User
from promocodes.desk import catalogue, making
from promocodes.desk.catalogue import Options
from promocodes.desk.frame import Frame
from promocodes.forms.promotion import PromotionForm
from promocodes.models import Promotion


def page(request: HttpRequest, *, actor: User, frame: Frame) -> HttpResponse:
    """The form; `act` says whether it is to be looked at or sent."""
    store, now = catalogue.store_of(request), clock.now()
    if request.method != "POST":
        return show(request, frame, PromotionForm(store=store, at=now))
    form = PromotionForm(request.POST, store=store, at=now)
    if request.POST.get("act") != "create":
        return show(request, frame, form)
    if form.is_valid() and (promotion := making.create(form, actor=actor)) is not None:
        words = _("%(name)s is on its way: our team looks at it, then it goes live.")
        messages.success(request, words % {"name": promotion.name})
        return redirect(frame.url("changelist"))
    return show(request, frame, form, status=422)


def preview(request: HttpRequest) -> HttpResponse:
    """What the cart would cost, for htmx."""
    return making.preview_part(request, _posted(request))


def forecast_part(request: HttpRequest) -> HttpResponse:
    """What the form, as it stands, would have cost, for htmx."""
    return making.forecast_part(request, _posted(request))


def products(request: HttpRequest) -> HttpResponse:
    """The product picker, for htmx."""
    options = _options(
        catalogue.store_of(request),
        chosen=request.GET.getlist("products"),
        query=request.GET.get("product_query", ""),
    )
    return render(request, "promocodes/desk/_options.html", {"options": options})


def show(
    request: HttpRequest,
    frame: Frame,
    form: PromotionForm,
    *,
    title: str = "",
    promotion: Promotion | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with the form as it stands, its preview and the seller's own catalogue."""
    context = making.context_of(request, form, frame=frame, promotion=promotion) | {
        "stores": list(stores_of(request.user).order_by("name", "pk")) if form.is_new else [],
        "options": _options(
            form.store,
            chosen=making.chosen_refs(request, form, "products"),
            query=request.POST.get("product_query", ""),
        ),
        "categories": catalogue.categories_of(form.store),
        "chosen_categories": making.chosen_refs(request, form, "categories"),
        "products_url": frame.url("products"),
    }
    title = title or gettext("Create new promo code")
    return frame.render(request, "promocodes/seller/create.html", title, context, status=status)


def _posted(request: HttpRequest) -> PromotionForm:
    return PromotionForm(request.POST, store=catalogue.store_of(request), at=clock.now())


def _options(store: Store, *, chosen: list[str], query: str) -> Options:
    return catalogue.options_of(
        catalogue.pick(store, chosen=chosen, query=query),
        field="products",
        others=gettext("Your other products"),
        nothing=gettext("Nothing of yours has this in its name."),
        empty=gettext(
            "Your catalogue is empty here: the marketplace hasn't told us your products yet."
        ),
    )
