"""What every page of the two admin sites shares: read-only, paged, changed only by POST.

A subclass opens what it needs: `allow_add`, `allow_change`, `allow_delete`, or better an action
that calls a verb. An action behind a link (`actions_detail`, `actions_row`, `actions_list`) is
asked for on a page of its own and runs on POST; one that only reads (a download) says so with
`@changes_nothing` above `@action`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import label_for_field, lookup_field, unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Model, QuerySet, URLField
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction

from marketplace.membership import is_ops

Handler = TypeVar("Handler", bound=Callable[..., Any])

HTTPS_LINKS: Any = {URLField: {"assume_scheme": "https"}}
PER_PAGE = 50  # rows; a page of 100 of this theme weighs 365 KB


def changes_nothing(handler: Handler) -> Handler:
    """Mark an action that only reads: it runs on GET, without being asked for twice."""
    handler.changes_nothing = True  # type: ignore[attr-defined]
    return handler


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Counts exactly up to `EXACT` rows; beyond, asks the planner (speed.md: no COUNT(*))."""

    template_name = "admin/_pages.html"  # of the theme: what stands below a list
    EXACT = 10_000  # rows; also how deep one may page: beyond it one has to narrow the search

    @cached_property
    def count(self) -> int:
        """How many rows there are: exact up to `EXACT`, else the planner's estimate."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        counted = rows.order_by()[: self.EXACT + 1].count()
        if counted <= self.EXACT:
            return counted
        return max(counted, _estimate(rows))

    @cached_property
    def num_pages(self) -> int:
        """Pages that can be opened."""
        return max(1, -(-min(self.count, self.EXACT) // self.per_page))


def _estimate(rows: "QuerySet[Any]") -> int:
    """How many rows the planner expects of this query."""
    sql, params = rows.order_by().query.sql_with_params()
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        (plan,) = cursor.fetchone()
    return int(plan[0]["Plan"]["Plan Rows"])


class CarefulAutocomplete(AutocompleteSelect):
    """Django's, which breaks when asked to show a key that no row can have."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """The chosen rows; what is no key names none."""
        known = []
        for key in value:
            try:
                self.field.remote_field.model._meta.pk.to_python(key)
            except ValidationError:
                continue
            known.append(key)
        return super().optgroups(name, known, attr)


class AdminBase(ModelAdmin):  # type: ignore[misc]
    """A model on an admin site: shown, not changed, unless the subclass opens it."""

    allow_add = False
    allow_change = False
    allow_delete = False
    asked_about: tuple[str, ...] = ()  # what the page that asks before an action tells of the row

    formfield_overrides = HTTPS_LINKS
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # facets count the whole table
    paginator = EstimatingPaginator
    list_filter_submit = True
    compressed_fields = True

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As Django's; autocomplete takes rubbish calmly."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", CarefulAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_ordering(self, request: HttpRequest) -> Any:
        """As declared by the admin or the model, else the newest first: pages need an order."""
        return super().get_ordering(request) or (() if self.opts.ordering else ("-pk",))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The list under its own name; "Select … to change" can't be said in every language."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        response: HttpResponseBase = super().changelist_view(request, title | (extra_context or {}))
        return response

    def has_object(self, request: HttpRequest, obj: Any) -> bool:
        """Whether this user may see this object at all; `obj` may be a primary key."""
        if obj is None:
            return True
        key = obj.pk if isinstance(obj, Model) else unquote(str(obj))
        return self.get_object(request, key) is not None

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Those of the page; none when the address holds no key, so that rules may rely on one."""
        known = self._is_key(object_id)
        return [*super().get_actions_detail(request, object_id)] if known else []

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Those beside Save; none when the address holds no key."""
        known = self._is_key(object_id)
        return [*super().get_actions_submit_line(request, object_id)] if known else []

    def _is_key(self, object_id: Any) -> bool:
        try:
            self.opts.pk.to_python(unquote(str(object_id)))
        except ValidationError:
            return False
        return True

    def _get_base_actions_list(self) -> list[UnfoldAction]:
        return [self._gated(action) for action in super()._get_base_actions_list()]

    def _get_base_actions_detail(self) -> list[UnfoldAction]:
        return [self._gated(action) for action in super()._get_base_actions_detail()]

    def _get_base_actions_row(self) -> list[UnfoldAction]:
        return [self._gated(action) for action in super()._get_base_actions_row()]

    def _gated(self, action: UnfoldAction) -> UnfoldAction:
        """Run a linked action only on an object of the user's, and only on POST."""
        method = action.method

        @wraps(method)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_view_permission(request) or not self.has_object(
                request, kwargs.get("object_id")
            ):
                raise Http404
            asks = not (action.dialog or getattr(method, "changes_nothing", False))
            if asks and request.method != "POST":
                return self._ask(request, action, kwargs.get("object_id"))
            response: HttpResponseBase = method(request, *args, **kwargs)
            return response

        action.method = gate
        return action

    def _ask(
        self, request: HttpRequest, action: UnfoldAction, object_id: str | None
    ) -> HttpResponseBase:
        """The page that asks before an action changes something."""
        original = self.get_object(request, unquote(object_id)) if object_id else None
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": action.description,
            "opts": self.opts,
            "original": original,
            "facts": [self._fact(name, original) for name in self.asked_about] if original else [],
        }
        return TemplateResponse(request, "admin/ask_before_action.html", context)

    def _fact(self, name: str, original: Model) -> tuple[str, Any]:
        """A label and what stands there."""
        return str(label_for_field(name, self.model, self)), lookup_field(name, original, self)[2]


class OpsModelAdmin(AdminBase):
    """A model on the operations site: staff see it; forms need the permission to change it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Staff see every floor."""
        return is_ops(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff see everything."""
        return is_ops(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only where the subclass opens it, to staff with the permission."""
        return self.allow_add and bool(super().has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only where the subclass opens it, to staff with the permission."""
        return self.allow_change and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only where the subclass opens it, to staff with the permission."""
        return self.allow_delete and bool(super().has_delete_permission(request, obj))
