"""Agencies and the influencers whom they sign."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import roster as signing
from affiliates.access import affiliate_required, joined
from affiliates.forms import InviteForm


@affiliate_required
def roster(request: HttpRequest) -> HttpResponse:
    """An agency's people; POST invites one more by e-mail."""
    agency = joined(request)
    if not agency.is_agency:
        raise Http404
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            signing.invite(
                agency=agency,
                email=form.cleaned_data["email"],
                share_bp=form.share_bp(),
                actor=joined(request).user,
            )
        except signing.RosterRefusal as refusal:
            form.add_error("email", str(refusal.message))
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("affiliates:roster")
    context = {"members": signing.members(agency), "form": form, "section": "roster"}
    status = 422 if request.method == "POST" else 200
    return render(request, "affiliates/roster.html", context, status=status)


@require_POST
@affiliate_required
def end(request: HttpRequest, member_id: int) -> HttpResponse:
    """Let somebody go, leave an agency, or take an invitation back."""
    affiliate = joined(request)
    try:
        signing.end(member_id=member_id, affiliate=affiliate)
    except signing.NotInvited as refusal:
        raise Http404 from refusal
    messages.success(request, _("Done. What was agreed before stays as it is."))
    return redirect("affiliates:roster" if affiliate.is_agency else "affiliates:invitations")


@require_safe
@affiliate_required
def invitations(request: HttpRequest) -> HttpResponse:
    """Agencies that invite me, and those that I work with."""
    affiliate = joined(request)
    context = {
        "invitations": signing.invitations_of(affiliate.user),
        "agencies": signing.agencies_of(affiliate),
        "affiliate": affiliate,
        "section": "invitations",
    }
    return render(request, "affiliates/invitations.html", context)


@require_POST
@affiliate_required
def answer(request: HttpRequest, member_id: int) -> HttpResponse:
    """Accept or decline an invitation."""
    affiliate = joined(request)
    accepted = request.POST.get("answer") == "accept"
    try:
        if accepted:
            signing.accept(member_id=member_id, influencer=affiliate)
        else:
            signing.decline(member_id=member_id, user=affiliate.user)
    except signing.NotInvited as refusal:
        raise Http404 from refusal
    text = _("You are on the agency's roster now.") if accepted else _("You have declined.")
    messages.success(request, text)
    return redirect("affiliates:invitations")
