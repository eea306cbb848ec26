"""Campaigns: the series, its template and its rhythm; the ready link for the host's main page."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action

from marketplace import clock
from marketplace.access import OpsModelAdmin
from marketplace.admin_base import changes_nothing
from referrals import planning, wording
from referrals.admin.asking import act, dialog
from referrals.admin.forms import CampaignForm, ReasonForm, WindowForm
from referrals.models import Campaign, Round

TERMS = (("threshold", "currency"), ("amount", "percent"), ("min_order", "timezone"))
COUNTS = (
    "audience",
    ("max_inviters_per_friend", "network_per_day"),
    ("burst", "ring_size"),
    ("review_hours", "min_account_hours"),
    ("automation_waits", "confirms_by_gesture"),
)


class RoundInline(TabularInline):  # type: ignore[misc]
    """The rounds of a campaign, newest first."""

    model = Round
    fields = readonly_fields = ("number", "state", "opens_at", "closes_at", "threshold")
    ordering = ("-number",)
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rounds are planned by an action."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rounds are changed on their own page."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sees the campaign sees its rounds."""
        return True


@admin.register(Campaign)
class CampaignAdmin(OpsModelAdmin):
    """The builder: a new campaign comes with its first round planned."""

    allow_add = allow_change = True
    form = CampaignForm
    list_display = ("name", "is_running", "length", "pause", "threshold", "discount")
    list_filter = ("is_running",)
    search_fields = ("name__istartswith",)
    inlines = (RoundInline,)
    actions_detail = ("plan_round", "stop_series", "go_on", "snippet")
    ordering = ("-pk",)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        """The first opening is asked for once."""
        rhythm: tuple[Any, ...] = (("length_days", "pause_days"),)
        if obj is None:
            rhythm = ("first_opens_at", *rhythm)
        return (
            (None, {"fields": ("name", ("partner_name", "storefront_url"))}),
            (_("Rhythm"), {"fields": rhythm}),
            (_("What one gets"), {"fields": TERMS}),
            (_("What counts"), {"fields": COUNTS, "classes": ["collapse"]}),
        )

    def get_inlines(self, request: HttpRequest, obj: Campaign | None) -> Any:
        """A new campaign has no rounds yet."""
        return self.inlines if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Campaign, form: CampaignForm, change: bool
    ) -> None:
        """By the verbs, which audit it."""
        found, actor = form.cleaned_data, self._actor(request)
        template = form.terms() | {
            "name": found["name"],
            "partner_name": found["partner_name"],
            "storefront_url": found["storefront_url"],
            "length": timedelta(days=found["length_days"]),
            "pause": timedelta(days=found["pause_days"]),
        }
        if change:
            planning.edit_template(campaign_id=obj.pk, changes=template, actor=actor)
            return
        made = planning.start_series(
            first_opens_at=found["first_opens_at"], actor=actor, **template
        )
        obj.pk = made.pk

    @admin.display(description=_("discount"))
    def discount(self, campaign: Campaign) -> str:
        """What a code of a coming round takes off."""
        return wording.discount(campaign)

    def has_manage_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change campaigns may move their rounds."""
        return request.user.has_perm("referrals.change_campaign")

    def has_stop_permission(self, request: HttpRequest, object_id: str) -> bool:
        """The same, while rounds follow each other."""
        return self.has_manage_permission(request) and _runs(object_id)

    def has_resume_permission(self, request: HttpRequest, object_id: str) -> bool:
        """The same, once they don't."""
        return self.has_manage_permission(request) and not _runs(object_id)

    @action(
        description=_("Plan a round"),
        icon="event",
        permissions=["manage"],
        dialog=dialog(_("Plan a round"), form_class=WindowForm, submit=_("Plan")),
    )
    def plan_round(self, request: HttpRequest, form: WindowForm, object_id: str) -> HttpResponse:
        """One more round by the template."""
        window = {name: form.cleaned_data[name] for name in ("opens_at", "closes_at")}
        return act(
            request,
            lambda: planning.plan(campaign_id=int(object_id), actor=self._actor(request), **window),
            done=_("The round is planned."),
            back=self._back(object_id),
        )

    @action(
        description=_("Stop after this round"),
        icon="stop_circle",
        permissions=["stop"],
        dialog=dialog(_("Stop the series"), form_class=ReasonForm, submit=_("Stop")),
    )
    def stop_series(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """No round follows the present one."""
        return self._run(request, form, object_id, is_running=False)

    @action(
        description=_("Go on"),
        icon="play_circle",
        permissions=["resume"],
        dialog=dialog(_("Go on with the series"), form_class=ReasonForm, submit=_("Go on")),
    )
    def go_on(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Rounds follow each other again."""
        return self._run(request, form, object_id, is_running=True)

    @action(description=_("Link for the host"), icon="code")
    @changes_nothing
    def snippet(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A ready banner and a plain link for the marketplace's main page (OK-02)."""
        campaign = Campaign.objects.get(pk=object_id)
        ready = []
        for language, name in settings.LANGUAGES:
            with translation.override(language):
                facts = {
                    "campaign": campaign,
                    "discount": wording.discount(campaign),
                    "address": f"{settings.SITE_URL}{reverse('referrals:round')}",
                    "language": language,
                }
                banner = render_to_string("referrals/snippet/_banner.html", facts).strip()
                link = render_to_string("referrals/snippet/_link.html", facts).strip()
            ready.append({"language": language, "name": name, "banner": banner, "link": link})
        context = self.admin_site.each_context(request) | {
            "title": _("Link for the host"),
            "opts": self.opts,
            "original": campaign,
            "snippets": ready,
        }
        return TemplateResponse(request, "admin/referrals/snippet.html", context)

    def _run(
        self, request: HttpRequest, form: ReasonForm, object_id: str, *, is_running: bool
    ) -> HttpResponse:
        return act(
            request,
            lambda: planning.set_running(
                campaign_id=int(object_id),
                is_running=is_running,
                actor=self._actor(request),
                reason=form.cleaned_data["reason"],
                at=clock.now(),
            ),
            done=_("The series goes on.") if is_running else _("The series will stop."),
            back=self._back(object_id),
        )

    def _actor(self, request: HttpRequest) -> Any:
        return request.user

    def _back(self, object_id: str) -> str:
        return reverse("admin:referrals_campaign_change", args=[object_id])


def _runs(object_id: str) -> bool:
    """Whether the next round comes by itself."""
    return Campaign.objects.filter(pk=object_id, is_running=True).exists()
