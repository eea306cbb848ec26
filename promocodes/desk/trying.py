""" "Try a cart": what codes would do to a cart, line by line (engine.md 14), on both admin sites.

The very quote that the shop gets, for the merchant's eyes; nothing is written or counted. A seller
knows only codes and products of the own store; operations put goods of several stores into one cart
and type any code.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext

from marketplace import clock
from marketplace.access import stores_of
from marketplace.ids import token
from marketplace.models import Product, Store
from promocodes import explanations, facts, quoting, rehearsal
from promocodes.cart import Cart, Line, Shopper
from promocodes.desk import catalogue
from promocodes.desk.catalogue import Picker
from promocodes.desk.frame import Frame
from promocodes.explanations import Story
from promocodes.forms.trying import AnyCartForm, CartForm
from promocodes.models import PromoCode, Promotion
from promocodes.throttling import Source

MOST_LINES = 50
MOST_UNITS = 9_999
SHOWN = 12
QUANTITY = "qty-"
FALLBACK = "RUB"  # for a marketplace without stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """Whose codes and goods are known here: one store's, or everybody's (`store` None)."""

    store: Store | None
    currency: str

    def pick(self, *, chosen: list[str], query: str) -> Picker:
        """Goods to put into the cart."""
        if self.store is None:
            return catalogue.pick_anywhere(self.currency, chosen=chosen, query=query)
        return catalogue.pick(self.store, chosen=chosen, query=query)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products to put into the cart, those that are in it first."""

    rows: list[tuple[Product, int]]
    query: str
    has_more: bool


def page(request: HttpRequest, *, frame: Frame) -> HttpResponse:
    """A seller's panel; htmx gets the answer alone."""
    store = catalogue.store_of(request)
    till = Till(store=store, currency=store.currency)
    initial = _initial(*_asked_for(request, till))
    form = CartForm(_sent(request), currency=till.currency, initial=initial)
    stores = list(stores_of(request.user).order_by("name", "pk"))
    return _show(request, frame, till, form, query="", stores=stores)


def page_for_ops(request: HttpRequest, *, frame: Frame) -> HttpResponse:
    """The panel over all stores; it begins with the promotion from whose page one comes."""
    currencies = sorted(set(Store.objects.values_list("currency", flat=True))) or [FALLBACK]
    code, asked = _asked_for(request, Till(store=None, currency=""))
    first = asked.currency if asked else _first_currency(currencies)
    currency = str(request.POST.get("currency") or first)
    form = AnyCartForm(
        _sent(request),
        currency=currency,
        currencies=[*currencies, *({first} - set(currencies))],
        initial=_initial(code, asked) | {"currency": currency},
    )
    query = asked.store.ref if asked and asked.store else ""
    return _show(request, frame, Till(store=None, currency=currency), form, query=query, stores=[])


def quantities_of(posted: QueryDict) -> dict[str, int]:
    """Units by product id, as far as they make sense; at most `MOST_LINES` products."""
    found = {}
    for name, value in posted.items():
        text = str(value).strip()
        if name.startswith(QUANTITY) and text.isascii() and text.isdecimal() and int(text[:6]):
            found[name.removeprefix(QUANTITY)] = min(int(text[:6]), MOST_UNITS)
    return dict(list(found.items())[:MOST_LINES])


def _initial(code: str, asked: Promotion | None) -> dict[str, Any]:
    """A promotion that isn't live is looked at as if it were."""
    is_live = asked is None or asked.state(clock.now()) == Promotion.State.LIVE
    return {"codes": code, "as_live": not is_live}


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _first_currency(currencies: list[str]) -> str:
    return FALLBACK if FALLBACK in currencies else currencies[0]


def _show(
    request: HttpRequest,
    frame: Frame,
    till: Till,
    form: CartForm,
    *,
    query: str,
    stores: list[Store],
) -> HttpResponse:
    quantities = quantities_of(request.POST) if form.is_bound else None
    shelf = _shelf(till, quantities, request.POST.get("product_query", query))
    context: dict[str, Any] = {
        "form": form,
        "store": till.store,
        "currency": till.currency,
        "stores": stores,
        "shelf": shelf,
        "back": frame.url("changelist"),
        "story": _story(till, form, shelf) if form.is_bound and form.is_valid() else None,
    }
    if request.headers.get("HX-Target") == "shelf":
        return render(request, "promocodes/desk/_shelf.html", context)
    if request.headers.get("HX-Request"):
        return render(request, "promocodes/desk/_tried.html", context)
    return frame.render(request, "promocodes/desk/try.html", gettext("Try a cart"), context)


def _shelf(till: Till, quantities: dict[str, int] | None, query: str) -> Shelf:
    """Products that the till knows, whatever ids were sent; at first one of the first is in."""
    picker = till.pick(chosen=list(quantities or {}), query=query)
    rows = [(product, (quantities or {})[product.ref]) for product in picker.chosen]
    rows += [(product, 0) for product in picker.found[:SHOWN]]
    if quantities is None and rows:
        rows[0] = (rows[0][0], 1)
    return Shelf(rows, picker.query, has_more=len(picker.found) > SHOWN or picker.has_more)


def _story(till: Till, form: CartForm, shelf: Shelf) -> Story | None:
    data = form.cleaned_data
    lines = [(product, quantity) for product, quantity in shelf.rows if quantity]
    if not lines:
        return None
    cart = Cart(
        currency=till.currency,
        lines=tuple(_line(product, quantity) for product, quantity in lines),
        codes=data["codes"],
        shipping_minor=data["shipping"] or 0,
        shopper=_shopper(data),
        first_order=form.first_order,
    )
    known = facts.read(cart, source=Source(store_id=till.store.pk if till.store else None))
    if data["as_live"]:
        known = rehearsal.as_live(known)
    judgement = quoting.judge(known, cart=cart)
    return explanations.tell(judgement, names={product.ref: product.name for product, _n in lines})


def _line(product: Product, quantity: int) -> Line:
    return Line(
        ref=product.ref,
        product=product.ref,
        store=product.store.ref,
        category=product.category.ref if product.category else "",
        unit_price_minor=product.price_minor,
        quantity=quantity,
    )


def _shopper(data: dict[str, Any]) -> Shopper:
    """Nobody known, the person who was named, or somebody whom no code has met."""
    if data["is_guest"]:
        return Shopper()
    told = {name: data.get(name) or "" for name in ("ref", "email", "phone")}
    return Shopper(**told) if any(told.values()) else Shopper(device=token())


def _asked_for(request: HttpRequest, till: Till) -> tuple[str, Promotion | None]:
    """The promotion from whose page one comes, if the till knows it, and a code of it."""
    try:
        asked = UUID(request.GET.get("promotion", ""))
    except ValueError:
        return "", None
    rows = Promotion.objects.select_related("store", "terms").filter(pk=asked)
    found = (rows if till.store is None else rows.filter(store=till.store)).first()
    if found is None:
        return "", None
    codes = PromoCode.objects.standing().filter(promotion=found, holder=None)
    return codes.values_list("code", flat=True).first() or "", found
