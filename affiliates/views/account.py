"""Joining, and what an affiliate told about tax and bank."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import announcements, directory
from affiliates.access import affiliate_of, affiliate_required, joined
from affiliates.forms import InterestsForm, JoinForm, PayoutMethodForm, TaxForm
from affiliates.models import PayoutMethod
from marketplace.access import shopper_required


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The way in: what one can earn for strangers, the earnings for who has joined."""
    if affiliate_of(request) is not None:
        return redirect("affiliates:earnings")
    return render(request, "affiliates/home.html")


@shopper_required
def join(request: HttpRequest) -> HttpResponse:
    """Become an influencer or an agency, then go where one was heading."""
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(onward, allowed_hosts={request.get_host()}):
        onward = ""
    if affiliate_of(request) is not None:
        return redirect(onward or "affiliates:earnings")
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            directory.join(
                user=request.user,  # type: ignore[arg-type]
                kind=form.cleaned_data["kind"],
                tax_status=form.cleaned_data["tax_status"],
            )
        messages.success(request, _("Welcome! You can take your first code right away."))
        return redirect(onward or "affiliates:earnings")
    context = {"form": form, "next": onward, "terms_version": directory.TERMS_VERSION}
    return render(request, "affiliates/join.html", context)


@require_safe
@affiliate_required
def account(request: HttpRequest) -> HttpResponse:
    """Kind, standing, tax status and bank account."""
    return _account(request)


@require_POST
@affiliate_required
def tax(request: HttpRequest) -> HttpResponse:
    """Change the tax status."""
    form = TaxForm(request.POST)
    if not form.is_valid():
        return _account(request, tax_form=form)
    directory.set_tax_status(
        affiliate=joined(request),
        tax_status=form.cleaned_data["tax_status"],
        actor=joined(request).user,
    )
    messages.success(request, _("Your tax status is changed."))
    return redirect("affiliates:account")


@require_POST
@affiliate_required
def bank(request: HttpRequest) -> HttpResponse:
    """Change the bank account."""
    form = PayoutMethodForm(request.POST)
    if not form.is_valid():
        return _account(request, bank_form=form)
    directory.set_payout_method(
        affiliate=joined(request),
        actor=joined(request).user,
        **form.cleaned_data,
    )
    messages.success(request, _("We will pay to this account from now on."))
    return redirect("affiliates:account")


@require_POST
@affiliate_required
def interests(request: HttpRequest) -> HttpResponse:
    """Change what the affiliate writes about, and whether to be written to."""
    form = InterestsForm(request.POST)
    if not form.is_valid():
        return _account(request, interests_form=form)
    directory.set_interests(
        affiliate=joined(request),
        categories=form.cleaned_data["categories"],
        wants_letters=form.cleaned_data["wants_letters"],
        actor=joined(request).user,
    )
    messages.success(request, _("Your categories are saved."))
    return redirect("affiliates:account")


@csrf_exempt  # mail programs end letters by themselves (RFC 8058); the signed token says whose
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def letters(request: HttpRequest, token: str) -> HttpResponse:
    """End the letters about new codes, from a link in one of them; without signing in."""
    reader = announcements.reader_of(token)
    if reader is None:
        raise Http404
    if request.method == "POST":
        announcements.end_letters(reader)
        reader.refresh_from_db()
    return render(request, "affiliates/letters.html", {"reader": reader, "token": token})


def _account(request: HttpRequest, **bound: Any) -> HttpResponse:
    affiliate = joined(request)
    context = {
        "affiliate": affiliate,
        "method": PayoutMethod.objects.filter(affiliate=affiliate, is_active=True).first(),
        "tax_form": TaxForm(initial={"tax_status": affiliate.tax_status}),
        "bank_form": PayoutMethodForm(),
        "interests_form": InterestsForm(
            initial={
                "categories": affiliate.categories.all(),
                "wants_letters": affiliate.wants_letters,
            }
        ),
        "section": "account",
    }
    status = 422 if bound else 200
    return render(request, "affiliates/account.html", context | bound, status=status)
