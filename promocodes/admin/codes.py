"""Codes, one by one and in batches; a leaked one is revoked with a reason."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from marketplace.access import OpsModelAdmin
from marketplace.models import User
from promocodes import issuing
from promocodes.admin.deciding import ReasonForm
from promocodes.codes import normalise
from promocodes.models import CodeBatch, PromoCode


@admin.register(PromoCode)
class PromoCodeAdmin(OpsModelAdmin):
    """Every code; found by the whole word, and by who holds it."""

    list_display = ("code", "promotion", "holder", "person", "created_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("promotion", "holder", "person")
    search_fields = ("code__exact",)
    search_help_text = _("The whole code, or the e-mail of its holder or person")
    fields = (
        "code",
        "promotion",
        ("holder", "person"),
        "batch",
        ("created_at", "revoked_at"),
    )
    readonly_fields = ("code", "promotion", "holder", "person", "batch", "created_at", "revoked_at")
    ordering = ("-pk",)
    sortable_by = ()
    actions_detail = ("revoke",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PromoCode], search_term: str
    ) -> tuple[QuerySet[PromoCode], bool]:
        """Codes by the word, people by their e-mail: each by its own index."""
        if "@" in search_term:
            people = list(
                User.objects.filter(email=search_term.strip().lower()).values_list("pk", flat=True)
            )
            return queryset.filter(Q(holder__in=people) | Q(person__in=people)), False
        if not search_term:
            return queryset, False
        codes = PromoCode.objects.spelled(normalise(search_term))
        return queryset.filter(pk__in=list(codes.values_list("pk", flat=True))), False

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change codes revokes them."""
        return request.user.has_perm("promocodes.change_promocode")

    @action(
        description=_("Revoke"),
        icon="block",
        permissions=["revoke"],
        dialog={
            "title": _("Revoke this code"),
            "description": _("It stops working at once. Uses that were made stay."),
            "form_class": ReasonForm,
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        """Stop a code."""
        actor: Any = request.user
        issuing.revoke(code_id=UUID(object_id), actor=actor, reason=form.cleaned_data["reason"])
        messages.success(request, _("The code is revoked."))
        url = reverse("admin:promocodes_promocode_change", args=[object_id])
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


@admin.register(CodeBatch)
class CodeBatchAdmin(OpsModelAdmin):
    """Codes being made in the background."""

    list_display = (
        *("promotion", "pattern", "file_name", "count", "made", "state", "created_at", "done_at"),
    )
    list_filter = ("state",)
    list_select_related = ("promotion",)
    fields = (
        "promotion",
        ("pattern", "file_name"),
        ("count", "made", "state"),
        ("doubled", "taken", "unfit"),
        ("created_at", "done_at"),
    )
    readonly_fields = ("created_at",)
    ordering = ("-pk",)
