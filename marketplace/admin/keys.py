"""API keys: seen at work, given a rate, revoked with a reason."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from marketplace import keys
from marketplace.access import OpsModelAdmin
from marketplace.models import ApiKey

COLOURS = {"live": "success", "ending": "warning", "expired": "danger", "revoked": "default"}


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget)


def rate_field() -> forms.IntegerField:
    """How often a key may call; empty for what the settings say."""
    return forms.IntegerField(
        label=_("Calls a second"),
        required=False,
        min_value=1,
        max_value=keys.MOST_CALLS_PER_SECOND,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("In each web process; empty: as the settings say."),
    )


class RateForm(BaseDialogForm):  # type: ignore[misc]
    """How often a key may call."""

    calls_per_second = rate_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        key = ApiKey.objects.filter(pk=self.object_id).first()
        self.initial["calls_per_second"] = key.calls_per_second if key else None


@admin.register(ApiKey)
class ApiKeyAdmin(OpsModelAdmin):
    """Keys by their first characters."""

    list_display = ("prefix", "client", "shown_state", "last_used_at", "expires_at", "revoked_at")
    list_filter = (
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("client",)
    search_fields = ("prefix__startswith", "client__name__istartswith")
    fields = (
        "prefix",
        "client",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
        "calls_per_second",
    )
    readonly_fields = ("created_at",)
    actions_detail = ("set_rate", "revoke")
    ordering = ("-pk",)

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, key: ApiKey) -> tuple[str, Any]:
        """In colour and in words."""
        state = key.state(timezone.now())
        return state, state.label

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change clients may stop their keys."""
        return request.user.has_perm("marketplace.change_apiclient")

    @action(
        description=_("Calls a second"),
        icon="speed",
        permissions=["revoke"],
        dialog={
            "title": _("How often this key may call"),
            "description": _("It holds from the next call, in every web process."),
            "form_class": RateForm,
            "form_submit_text": _("Save"),
        },
    )
    def set_rate(self, request: HttpRequest, form: RateForm, object_id: str) -> HttpResponse:
        """Give a key a rate of its own, or take it away."""
        key = ApiKey.objects.get(pk=object_id)
        actor: Any = request.user
        keys.change_rate(
            key=key, calls_per_second=form.cleaned_data["calls_per_second"], actor=actor
        )
        messages.success(request, _("Saved."))
        return _back_to(request, key)

    @action(
        description=_("Revoke"),
        icon="block",
        permissions=["revoke"],
        dialog={
            "title": _("Revoke this key"),
            "description": _("It stops working at once and can't be revived."),
            "form_class": ReasonForm,
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Stop a key."""
        key = ApiKey.objects.get(pk=object_id)
        actor: Any = request.user
        if keys.revoke(key=key, actor=actor, reason=form.cleaned_data["reason"]):
            messages.success(request, _("The key is revoked."))
        else:
            messages.info(request, _("The key was revoked before."))
        return _back_to(request, key)


def _back_to(request: HttpRequest, key: ApiKey) -> HttpResponse:
    back = reverse("admin:marketplace_apikey_change", args=[key.pk])
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": back})
    return HttpResponseRedirect(back)
