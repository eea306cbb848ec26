"""Shared codes: found by category, taken in one tap (AM-07)."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from affiliates import shared_codes
from affiliates.access import affiliate_required, joined
from affiliates.filters import SharedCodeFilter
from affiliates.models import Link
from affiliates.shared_codes import SharedCodeRefused
from marketplace import clock
from marketplace.keyset import page_of, place_in
from promocodes.codes import groups


@require_safe
@affiliate_required
def listing(request: HttpRequest) -> HttpResponse:
    """What sellers share now, newest first, narrowed by category or store."""
    at = clock.now()
    narrowed = SharedCodeFilter(request.GET, queryset=shared_codes.listed(at), at=at)
    found = narrowed.qs if narrowed.is_valid() else narrowed.queryset.none()
    page = page_of(found, before=place_in(request.GET.get("before", "")))
    context = {
        "page": page,
        "rows": shared_codes.rows(page.rows, affiliate=joined(request), at=at),
        "filter": narrowed,
        "is_narrowed": any(request.GET.get(name) for name in narrowed.filters),
        "section": "codes",
    }
    return render(request, "affiliates/shared_codes.html", context)


@require_safe
@affiliate_required
def details(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """One shared code: what followers get, what it pays; then the own link and code."""
    found = shared_codes.find(promotion_id, affiliate=joined(request), at=clock.now())
    if found is None:
        raise Http404
    has = found.taken
    context = {
        "found": found,
        "promotion": found.promotion,
        "terms": found.promotion.terms,
        "link": _address_of(has.link) if has and has.link else "",
        "codes": [
            (f"code-{number}", groups(each.code))
            for number, each in enumerate(has.codes if has else (), start=1)
        ],
        "section": "codes",
    }
    return render(request, "affiliates/shared_code.html", context)


@require_POST
@affiliate_required
def take(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """Take the own link and code."""
    try:
        shared_codes.take(affiliate=joined(request), promotion_id=promotion_id)
    except shared_codes.NotListed as refusal:
        messages.error(request, str(refusal.message))
        return redirect("affiliates:shared_codes")
    except SharedCodeRefused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("affiliates:shared_code", promotion_id)


def _address_of(link: Link) -> str:
    return f"{settings.SITE_URL}{reverse('go:link', args=[link.pk])}"
