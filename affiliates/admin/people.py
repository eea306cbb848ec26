"""Affiliates, rosters and links: looked at; approved and suspended by the verbs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from affiliates import directory, ledger
from affiliates.admin.asking import act, percent
from affiliates.admin.forms import NoteForm, ReasonForm
from affiliates.models import Affiliate, Link, RosterMember
from affiliates.roster import shown_name
from marketplace.access import OpsModelAdmin


@admin.register(Affiliate)
class AffiliateAdmin(OpsModelAdmin):
    """Influencers and agencies; a new one waits here for its one check."""

    list_display = ("name", "user", "kind", "shown_status", "tax_status", "joined_at")
    list_display_links = ("name", "user")
    list_filter = ("status", "kind", "tax_status")
    list_select_related = ("user__profile",)
    search_fields = ("user__email__iexact", "user__ref__exact", "user__profile__name__istartswith")
    search_help_text = _("The whole e-mail or marketplace's id, or the beginning of the name")
    date_hierarchy = "joined_at"
    ordering = ("-joined_at",)
    fields = (
        ("name", "user"),
        ("kind", "status"),
        ("tax_status", "terms_version"),
        "joined_at",
        "money",
    )
    readonly_fields = ("name", "money")
    actions_detail = ("approve", "suspend")

    def has_manage_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change affiliates may approve and suspend them."""
        return request.user.has_perm("affiliates.change_affiliate")

    @admin.display(description=_("name"))
    def name(self, affiliate: Affiliate) -> str:
        """From the profile."""
        return shown_name(affiliate) or str(affiliate)

    @display(
        description=_("status"),
        ordering="status",
        label={"new": "warning", "approved": "success", "suspended": "danger"},
    )
    def shown_status(self, affiliate: Affiliate) -> tuple[str, str]:
        """In colour and in words."""
        return affiliate.status, affiliate.get_status_display()

    @admin.display(description=_("balances"))
    def money(self, affiliate: Affiliate) -> SafeString:
        """The five balances by currency."""
        return render_to_string(
            "admin/affiliates/_balances.html", {"balances": ledger.balances(affiliate)}
        )

    @action(
        description=_("Approve"),
        icon="check",
        permissions=["manage"],
        dialog={
            "title": _("Approve this account"),
            "description": _("It may withdraw from now on."),
            "form_class": NoteForm,
            "form_submit_text": _("Approve"),
        },
    )
    def approve(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        """Let them withdraw."""
        actor: Any = request.user
        return act(
            request,
            lambda: directory.approve(
                affiliate_id=object_id, actor=actor, reason=form.cleaned_data["reason"]
            ),
            done=_("The account is approved."),
            back=reverse("admin:affiliates_affiliate_change", args=[object_id]),
        )

    @action(
        description=_("Suspend"),
        icon="block",
        permissions=["manage"],
        dialog={
            "title": _("Suspend this account"),
            "description": _("It earns nothing new and can't withdraw; what was earned stays."),
            "form_class": ReasonForm,
            "form_submit_text": _("Suspend"),
        },
    )
    def suspend(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Stop new earnings and withdrawals."""
        actor: Any = request.user
        return act(
            request,
            lambda: directory.suspend(
                affiliate_id=object_id, actor=actor, reason=form.cleaned_data["reason"]
            ),
            done=_("The account is suspended."),
            back=reverse("admin:affiliates_affiliate_change", args=[object_id]),
        )


@admin.register(RosterMember)
class RosterAdmin(OpsModelAdmin):
    """Who works for which agency, and for which share."""

    list_display = ("agency", "influencer", "email", "state", "share", "invited_at", "joined_at")
    list_filter = ("state",)
    list_select_related = ("agency", "influencer")
    search_fields = ("email__iexact", "agency__user__email__iexact")
    ordering = ("-pk",)

    @admin.display(description=_("agency's share"))
    def share(self, member: RosterMember) -> str:
        """In percent."""
        return percent(member.share_bp)


@admin.register(Link)
class LinkAdmin(OpsModelAdmin):
    """Short links and where they lead."""

    list_display = ("id", "affiliate", "promotion", "product", "store", "is_active", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("affiliate", "promotion", "product", "store")
    search_fields = ("id__exact", "affiliate__user__email__iexact")
    ordering = ("-created_at",)
