"""Withdrawing: what it would be, the request, what became of it."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import ledger, offers, withdrawals
from affiliates.access import affiliate_required, joined
from affiliates.forms import WithdrawForm
from affiliates.models import Withdrawal
from affiliates.views.earnings import chosen
from marketplace import clock
from marketplace.money import exponent

PAGE = 20


@affiliate_required
def withdraw(request: HttpRequest) -> HttpResponse:
    """GET shows the offer for an amount (the whole balance at first); POST asks for it."""
    affiliate = joined(request)
    balances = ledger.balances(affiliate)
    shown = chosen(request, balances)
    if shown is None:
        return render(request, "affiliates/withdraw.html", {"section": "withdraw"})
    asked = request.POST if request.method == "POST" else request.GET
    form = WithdrawForm(asked if "amount" in asked else None, currency=shown.currency)
    amount_minor = form.cleaned_data["amount"] if form.is_valid() else None
    if request.method == "POST" and amount_minor is not None:
        try:
            withdrawals.request(
                affiliate=affiliate,
                currency=shown.currency,
                amount_minor=amount_minor,
                actor=joined(request).user,
            )
        except offers.WithdrawalRefusal as refusal:
            form.add_error("amount", str(refusal.message))
        else:
            messages.success(request, _("Your withdrawal is requested. We check it next."))
            return redirect("affiliates:withdrawals")
    offer = offers.make(
        affiliate=affiliate, currency=shown.currency, amount_minor=amount_minor, at=clock.now()
    )
    context = {
        "balances": balances,
        "shown": shown,
        "form": form,
        "offer": offer,
        "whole": plain(max(shown.available_minor, 0), shown.currency),
        "section": "withdraw",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "affiliates/withdraw.html", context, status=status)


@require_safe
@affiliate_required
def history(request: HttpRequest) -> HttpResponse:
    """Every withdrawal with its state and reason, newest first."""
    rows = Withdrawal.objects.filter(affiliate=joined(request)).order_by("-id")
    if (before := _before(request)) is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("method")[: PAGE + 1])
    context = {
        "withdrawals": found[:PAGE],
        "next_before": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first_page": before is None,
        "section": "withdraw",
    }
    return render(request, "affiliates/withdrawals.html", context)


@require_POST
@affiliate_required
def cancel(request: HttpRequest, withdrawal_id: UUID) -> HttpResponse:
    """Take a request back."""
    own = Withdrawal.objects.filter(affiliate=joined(request), pk=withdrawal_id)
    try:
        withdrawals.cancel(
            withdrawal_id=own.get().pk,
            actor=joined(request).user,
        )
    except Withdrawal.DoesNotExist:
        return render(request, "404.html", status=404)
    except withdrawals.WrongState as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The withdrawal is cancelled; the money is available again."))
    return redirect("affiliates:withdrawals")


def plain(amount_minor: int, currency: str) -> str:
    """An amount as one would type it: no sign, no spaces, a dot."""
    return f"{Decimal(amount_minor).scaleb(-exponent(currency)):f}"


def _before(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("before", ""))
    except ValueError:
        return None
