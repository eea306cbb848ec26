"""API clients: made and changed by the verbs, given keys that are shown once."""

from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from marketplace import clock, keys
from marketplace.access import OpsModelAdmin, changes_nothing
from marketplace.admin.keys import COLOURS, rate_field
from marketplace.admin_inlines import OpsTabularInline
from marketplace.models import ApiClient, ApiKey

# Where staff proves itself by a second factor, it does so again before it takes a key.
_proved = method_decorator(reauthentication_required(enabled=lambda _: settings.OPS_SECOND_FACTOR))


class ApiClientForm(forms.ModelForm):  # type: ignore[type-arg]
    """A client without its keys."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=ApiClient.Scope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    addresses = forms.CharField(
        label=_("Allowed addresses"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Addresses or networks by comma, such as 203.0.113.0/24; empty allows any."),
    )

    class Meta:
        model = ApiClient
        fields = ("name", "store", "scopes", "addresses")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["addresses"] = ", ".join(self.instance.addresses)

    def clean_addresses(self) -> list[str]:
        """Addresses and networks in their plain form."""
        words = self.cleaned_data["addresses"].replace(",", " ").split()
        try:
            return keys.check_addresses(words)
        except keys.BadAddress as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class NewKeyForm(forms.Form):
    """What a key may have from the start."""

    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_("The key works to the end of this day; empty: until it is revoked."),
    )
    calls_per_second = rate_field()

    def clean_last_day(self) -> date | None:
        """Today or later."""
        day: date | None = self.cleaned_data["last_day"]
        if day is not None and keys.end_of(day) <= clock.now():
            raise forms.ValidationError(_("This day is over."), code=keys.BadExpiry.code)
        return day


class KeyInline(OpsTabularInline):
    """A client's keys, live ones first."""

    model = ApiKey
    fields = (
        "prefix",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
        "calls_per_second",
    )
    ordering = ("-pk",)
    show_change_link = True


@admin.register(ApiClient)
class ApiClientAdmin(OpsModelAdmin):
    """The marketplace's programs. What is changed here goes through the verbs of `keys`."""

    allow_add = allow_change = True
    form = ApiClientForm
    fields = ("name", "store", "scopes", "addresses")
    list_display = ("name", "scope_list", "store", "live_keys", "first_end", "last_used")
    list_select_related = ("store",)
    search_fields = ("name__istartswith", "store__ref__exact")
    autocomplete_fields = ("store",)
    inlines = (KeyInline,)
    actions_detail = ("new_key",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiClient]:
        """With how many keys live, when the first of them ends, and when one was used."""
        rows: QuerySet[ApiClient] = super().get_queryset(request)
        live = Q(keys__in=ApiKey.objects.live())
        return rows.annotate(
            live=Count("keys", filter=live),
            ends=Min("keys__expires_at", filter=live),
            used=Max("keys__last_used_at"),
        )

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """With a warning while a key's end is near."""
        client = self.get_object(request, object_id)
        if request.method == "GET" and client is not None:
            _warn_of_ends(request, client)
        return super().change_view(request, object_id, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> Any:
        """A client keeps its name and its store."""
        return ("name", "store") if obj else ()

    def save_model(
        self, request: HttpRequest, obj: ApiClient, form: ApiClientForm, change: bool
    ) -> None:
        """By the verbs, which audit it."""
        actor: Any = request.user
        scopes, addresses = form.cleaned_data["scopes"], form.cleaned_data["addresses"]
        if change:
            keys.change_client(client=obj, scopes=scopes, addresses=addresses, actor=actor)
            return
        made = keys.create_client(
            name=obj.name, scopes=scopes, store=obj.store, addresses=addresses, actor=actor
        )
        obj.pk = made.pk

    @admin.display(description=_("scopes"))
    def scope_list(self, client: ApiClient) -> str:
        """By comma."""
        return ", ".join(client.scopes)

    @admin.display(description=_("live keys"), ordering="live")
    def live_keys(self, client: ApiClient) -> int:
        """How many keys work now."""
        return int(client.live)  # type: ignore[attr-defined]

    @display(description=_("first to end"), ordering="ends", label=COLOURS)
    def first_end(self, client: ApiClient) -> Any:
        """The day, in colour when it is near; nothing if no key has an end."""
        ends = client.ends  # type: ignore[attr-defined]
        if ends is None:
            return None
        is_near = ends <= timezone.now() + ApiKey.SOON
        return (ApiKey.State.ENDING if is_near else ApiKey.State.LIVE), _day(ends)

    @admin.display(description=_("last used"), ordering="used")
    def last_used(self, client: ApiClient) -> Any:
        """When one of the keys was last used."""
        return client.used  # type: ignore[attr-defined]

    @changes_nothing  # GET shows the form; the page itself asks and acts on POST
    @action(description=_("New key"), icon="key", url_path="new-key", permissions=["change"])
    @_proved
    def new_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a key and show it, this once."""
        client = ApiClient.objects.get(pk=object_id)
        form = NewKeyForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            status = 422 if form.errors else 200
            return self._page(request, client, "admin/marketplace/new_key.html", status, form=form)
        day = form.cleaned_data["last_day"]
        actor: Any = request.user
        try:
            _key, secret = keys.create(
                client=client,
                actor=actor,
                expires_at=keys.end_of(day) if day else None,
                calls_per_second=form.cleaned_data["calls_per_second"],
            )
        except keys.KeyRefusal as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(_page_of(client))
        response = self._page(
            request, client, "admin/marketplace/key_created.html", 200, secret=secret
        )
        response["Cache-Control"] = "no-store"
        return response

    def _page(
        self, request: HttpRequest, client: ApiClient, template: str, status: int, **more: Any
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": _("New key"),
            "opts": self.opts,
            "client": client,
            "back": _page_of(client),
        }
        return TemplateResponse(request, template, context | more, status=status)


def _page_of(client: ApiClient) -> str:
    return reverse("admin:marketplace_apiclient_change", args=[client.pk])


def _day(at: datetime) -> str:
    """The last day on which something works that ends then."""
    return str(date_format(timezone.localtime(at - timedelta(seconds=1)), "DATE_FORMAT"))


def _warn_of_ends(request: HttpRequest, client: ApiClient) -> None:
    now = timezone.now()
    for key in client.keys.live().filter(expires_at__lte=now + ApiKey.SOON).order_by("expires_at"):
        days = (key.expires_at - now).days if key.expires_at else 0
        text = ngettext(
            "The key %(key)s ends in %(days)d day. Make the next one in time.",
            "The key %(key)s ends in %(days)d days. Make the next one in time.",
            days,
        )
        if days == 0:
            text = gettext("The key %(key)s ends within a day. Make the next one in time.")
        messages.warning(request, text % {"key": key, "days": days})
