"""Short links: made for an affiliate, followed by people, seen by robots.

    make → followed (a Click, whose ref the shop sends back with the order) → closed

A click is recorded for a person's visit only; HEAD requests, prefetches and link previews are
led on without one. A link leads to the store's verified host and nowhere else.
"""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, Click, Link
from marketplace.ids import token
from marketplace.models import Product, Store
from promocodes.models import Promotion

_TRIES = 5


class LinkRefusal(Exception):
    """A link that can't be made or followed."""

    code = "link_refused"
    message = _("This link leads nowhere.")


class Suspended(LinkRefusal):
    """A suspended affiliate makes no links."""

    code = "suspended"
    message = _("Your account is suspended.")


class NotShared(LinkRefusal):
    """The seller doesn't share this promotion with affiliates (AM-05, AE-02)."""

    code = "not_shared"
    message = _("The seller doesn't share this promotion.")


class NoDestination(LinkRefusal):
    """The store is closed, or has no verified host, or the target lies elsewhere."""

    code = "no_destination"
    message = _("This link leads nowhere.")


@dataclass(frozen=True)
class Visit:
    """Where to lead a visitor; `click` None if nobody was counted."""

    address: str
    click: Click | None


@transaction.atomic
def make(
    *,
    affiliate: Affiliate,
    promotion: Promotion | None = None,
    product: Product | None = None,
    store: Store | None = None,
) -> Link:
    """The affiliate's link to exactly one target; the same target again gives the same link.

    Raises `Suspended`, `NotShared`, `NoDestination`. Joins a transaction around it.
    """
    Affiliate.objects.select_for_update(no_key=True).get(pk=affiliate.pk)
    if not affiliate.can_work:
        raise Suspended
    if promotion is not None and not promotion.share_with_affiliates:
        raise NotShared
    target = {"promotion": promotion, "product": product, "store": store}
    known = Link.objects.filter(affiliate=affiliate, is_active=True, **target).first()
    if known is not None:
        return known
    link = Link(affiliate=affiliate, **target)
    _destination(link)
    for _try in range(_TRIES):
        link.pk = token(bits=48)
        try:
            with transaction.atomic():
                link.save(force_insert=True)
        except IntegrityError:
            continue
        return link
    raise LinkRefusal


def close(*, link: Link) -> None:
    """Stop a link: it leads on no more and brings nobody from now on."""
    Link.objects.filter(pk=link.pk, is_active=True).update(is_active=False)


def follow(*, link_id: str, counts: bool) -> Visit:
    """Lead a visitor on; record the click if this visit `counts`.

    Raises `Link.DoesNotExist` (unknown or closed), `NoDestination`.
    """
    link = Link.objects.select_related("store", "product__store", "promotion__store").get(
        pk=link_id, is_active=True
    )
    address = _destination(link)
    if not counts:
        return Visit(address, None)
    click = Click.objects.create(link=link, token=token())
    parts = urlsplit(address)
    query = "&".join(filter(None, [parts.query, urlencode({"click_id": click.ref})]))
    return Visit(urlunsplit(parts._replace(query=query)), click)


def can_lead_to(store: Store) -> bool:
    """Whether the store is open and has told a verified host."""
    return bool(store.host) and store.is_verified and store.is_active


def _destination(link: Link) -> str:
    """An https address on the store's verified host."""
    store = link.store or (link.promotion.store if link.promotion else None)
    address = ""
    if link.product is not None:
        store, address = link.product.store, link.product.url
    if store is None or not can_lead_to(store):
        raise NoDestination
    address = address or f"https://{store.host}/"
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.netloc.lower() != store.host.lower():
        raise NoDestination
    return address
