"""Rounds: planned, opened, extended, skipped; looked at as inviter and friend; in numbers."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from marketplace import clock
from marketplace.access import OpsModelAdmin
from marketplace.admin_base import changes_nothing
from referrals import numbers, planning, previews, wording
from referrals.admin.asking import REFUSALS, act, dialog
from referrals.admin.campaigns import COUNTS, TERMS
from referrals.admin.charts import chart_of, tiles_of
from referrals.admin.forms import ExtendForm, ReasonForm, RoundForm
from referrals.models import Round, Visit


@admin.register(Round)
class RoundAdmin(OpsModelAdmin):
    """A round: its form changes a planned one at will, an open one only to the better."""

    allow_change = True
    form = RoundForm
    list_display = (
        "number",
        "campaign",
        "state",
        "opens_at",
        "closes_at",
        "threshold",
        "discount",
    )
    list_filter = ("state", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("campaign__name__istartswith",)
    date_hierarchy = "opens_at"
    ordering = ("-opens_at",)
    actions_detail = (
        "show_numbers",
        "preview",
        "extend",
        {
            "title": _("More"),
            "icon": "more_horiz",
            "items": ["open_early", "close_early", "skip"],
        },
    )
    fieldsets = (
        (None, {"fields": (("campaign", "number"), ("state", "promotion"))}),
        (_("Window"), {"fields": ("opens_at", "closes_at")}),
        (_("What one gets"), {"fields": TERMS}),
        (_("What counts"), {"fields": COUNTS, "classes": ["collapse"]}),
        (_("Why"), {"fields": ("reason",)}),
    )
    readonly_fields = ("campaign", "number", "state", "promotion")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is over stays as it was."""
        may = bool(super().has_change_permission(request, obj))
        return may and (obj is None or obj.state in {Round.State.SCHEDULED, Round.State.OPEN})

    def has_planned_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Acts on a planned round."""
        return self._may_move(request, object_id, Round.State.SCHEDULED)

    def has_open_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Acts on an open round."""
        return self._may_move(request, object_id, Round.State.OPEN)

    def has_coming_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Acts on a round that is not over."""
        return self._may_move(request, object_id, Round.State.SCHEDULED, Round.State.OPEN)

    def _may_move(self, request: HttpRequest, object_id: str | None, *states: str) -> bool:
        if object_id is None or not request.user.has_perm("referrals.change_round"):
            return False
        return Round.objects.filter(pk=object_id, state__in=states).exists()

    def save_model(self, request: HttpRequest, obj: Round, form: RoundForm, change: bool) -> None:
        """By the verb, which lets the database judge and leaves an audit entry."""
        found = form.cleaned_data
        window = {name: found[name] for name in ("opens_at", "closes_at")}
        planning.amend(
            round_id=obj.pk,
            changes=form.terms() | window,
            actor=self._actor(request),
            reason=found["reason"],
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A refusal of the verb is a message on the page, and nothing is changed."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except tuple(REFUSALS) as refusal:
            messages.error(request, str(REFUSALS[type(refusal)]))
            return HttpResponseRedirect(request.path)

    @admin.display(description=_("discount"))
    def discount(self, round_: Round) -> str:
        """What its codes take off."""
        return wording.discount(round_)

    @action(
        description=_("Extend"),
        icon="more_time",
        permissions=["coming"],
        dialog=dialog(
            _("Extend this round"),
            form_class=ExtendForm,
            submit=_("Extend"),
            description=_("Codes won in it work until the new end; planned rounds move along."),
        ),
    )
    def extend(self, request: HttpRequest, form: ExtendForm, object_id: str) -> HttpResponse:
        """Move the end later."""
        return act(
            request,
            lambda: planning.extend(
                round_id=UUID(object_id), actor=self._actor(request), **self._said(form)
            ),
            done=_("The round is extended."),
            back=self._back(object_id),
        )

    @action(
        description=_("Open now"),
        icon="play_arrow",
        permissions=["planned"],
        dialog=dialog(_("Open this round now"), form_class=ReasonForm, submit=_("Open")),
    )
    def open_early(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Before its time; the end stays."""
        return act(
            request,
            lambda: planning.open_early(
                round_id=UUID(object_id),
                actor=self._actor(request),
                at=clock.now(),
                **self._said(form),
            ),
            done=_("The round is open."),
            back=self._back(object_id),
        )

    @action(
        description=_("Close now"),
        icon="stop",
        permissions=["open"],
        dialog=dialog(
            _("Close this round now"),
            form_class=ReasonForm,
            submit=_("Close"),
            description=_("Possible only while nobody has joined."),
        ),
    )
    def close_early(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Before its time, if nobody has joined."""
        return act(
            request,
            lambda: planning.close_early(
                round_id=UUID(object_id),
                actor=self._actor(request),
                at=clock.now(),
                **self._said(form),
            ),
            done=_("The round is closed."),
            back=self._back(object_id),
        )

    @action(
        description=_("Skip"),
        icon="skip_next",
        permissions=["planned"],
        dialog=dialog(
            _("Skip this round"),
            form_class=ReasonForm,
            submit=_("Skip"),
            description=_("It will not be held; the next one is planned after it."),
        ),
    )
    def skip(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Call off a planned round."""
        return act(
            request,
            lambda: planning.skip(
                round_id=UUID(object_id), actor=self._actor(request), **self._said(form)
            ),
            done=_("The round is skipped."),
            back=self._back(object_id),
        )

    @action(description=_("Numbers"), icon="monitoring")
    @changes_nothing
    def show_numbers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The round in numbers, beside the round before."""
        round_ = Round.objects.select_related("campaign").get(pk=object_id)
        earlier = numbers.before(round_)
        mine, before = numbers.of(round_), numbers.of(earlier) if earlier else None
        context = self.admin_site.each_context(request) | {
            "title": _("Numbers"),
            "opts": self.opts,
            "original": round_,
            "earlier": earlier,
            "tiles": tiles_of(round_, mine, earlier=earlier, before=before),
            "chart": chart_of(mine.days),
            "reasons": [
                (Visit.Outcome(outcome).label, Visit.Reason(reason).label, count)
                for outcome, reason, count in mine.reasons
            ],
        }
        return TemplateResponse(request, "admin/referrals/numbers.html", context)

    @action(description=_("Preview"), icon="visibility")
    @changes_nothing
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The round as inviter and friend will see it, in each language."""
        context = self.admin_site.each_context(request) | {
            "title": _("Preview"),
            "opts": self.opts,
            "original": Round.objects.select_related("campaign").get(pk=object_id),
            "faces": previews.FACES,
            "languages": settings.LANGUAGES,
        }
        return TemplateResponse(request, "admin/referrals/preview.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The previewed pages."""
        shown = path(
            "<uuid:round_id>/preview/<str:face>/<str:language>/",
            self.admin_site.admin_view(self.previewed),
            name="referrals_round_previewed",
        )
        return [shown, *super().get_urls()]

    def previewed(
        self, request: HttpRequest, round_id: UUID, face: str, language: str
    ) -> HttpResponse:
        """One page of the preview; its buttons lead nowhere."""
        round_ = Round.objects.select_related("campaign").filter(pk=round_id).first()
        known = face in previews.FACES and language in dict(settings.LANGUAGES)
        if round_ is None or not known or not self.has_view_permission(request):
            raise Http404
        return previews.page(request, round_, face=face, language=language)

    def _said(self, form: ReasonForm) -> dict[str, Any]:
        return {
            name: form.cleaned_data[name]
            for name in ("reason", "closes_at")
            if name in form.cleaned_data
        }

    def _actor(self, request: HttpRequest) -> Any:
        return request.user

    def _back(self, object_id: str) -> str:
        return reverse("admin:referrals_round_change", args=[object_id])
