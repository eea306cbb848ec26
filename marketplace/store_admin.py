"""The sellers' admin: a row, a choice, a label or a count of another store never shows.

Django's admin scopes only its lists: foreign keys offer and accept rows of others, `?field=pk`
shows their names (trust.md, measured). Here every way to a row passes through the path from
the model to its store. What states no path is refused when it is registered.
"""

from typing import Any, ClassVar

from django.contrib.admin import (
    AllValuesFieldListFilter,
    FieldListFilter,
    RelatedOnlyFieldListFilter,
    SimpleListFilter,
)
from django.contrib.admin.filters import (
    BooleanFieldListFilter,
    ChoicesFieldListFilter,
    DateFieldListFilter,
    EmptyFieldListFilter,
)
from django.contrib.admin.utils import NestedObjects, get_fields_from_path
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import router
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.admin import StackedInline, TabularInline

from marketplace.admin_base import HTTPS_LINKS, AdminBase
from marketplace.membership import is_seller, stores_of
from marketplace.store_scope import ScopedFields

# Filters whose choices come from the rows that the admin itself shows, or from no row at all.
SAFE_FILTERS = (
    SimpleListFilter,
    RelatedOnlyFieldListFilter,
    BooleanFieldListFilter,
    ChoicesFieldListFilter,
    DateFieldListFilter,
    EmptyFieldListFilter,
)


class StoreScopedInline(ScopedFields):
    """Rows inside another row's page: again only the user's."""

    formfield_overrides = HTTPS_LINKS
    extra = 0
    per_page = 50

    def get_ordering(self, request: HttpRequest) -> Any:
        """As declared, else the newest first: pages need an order."""
        return super().get_ordering(request) or (() if self.opts.ordering else ("-pk",))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the page."""
        return is_seller(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only where the subclass opens it."""
        return self.allow_add

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only where the subclass opens it."""
        return self.allow_change

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only where the subclass opens it."""
        return self.allow_delete

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """As Django's, with declared choices scoped too."""
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        self.scope_form(request, formset.form)
        return formset


class StoreScopedTabularInline(StoreScopedInline, TabularInline):  # type: ignore[misc]
    """Scoped rows as a table."""


class StoreScopedStackedInline(StoreScopedInline, StackedInline):  # type: ignore[misc]
    """Scoped rows one below the other."""


class StoreScopedAdmin(ScopedFields, AdminBase):
    """A model on the sellers' site: members of the row's store see it, nobody else."""

    extra_lookups: ClassVar[tuple[str, ...]] = ()  # allowed in the address beside the filters

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)  # type: ignore[call-arg]
        self.check_scope()
        for item in self.list_filter:
            self._check_filter(self._scoped_filter(item))
        for inline in self.inlines:
            if not issubclass(inline, StoreScopedInline):
                raise ImproperlyConfigured(f"{inline.__name__} must be a StoreScoped…Inline")
            inline(model, admin_site).check_scope()

    # --- who may what -----------------------------------------------------------------------
    def has_module_permission(self, request: HttpRequest) -> bool:
        """Members of a store."""
        return is_seller(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Members of the row's store."""
        return self.is_mine(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only where the subclass opens it."""
        return self.allow_add and self.is_mine(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only where the subclass opens it, to members of the row's store."""
        return self.allow_change and self.is_mine(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only where the subclass opens it, to members of the row's store."""
        return self.allow_delete and self.is_mine(request, obj)

    # --- lists ------------------------------------------------------------------------------
    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters; a relation offers only what the user's own rows refer to."""
        return [self._scoped_filter(item) for item in super().get_list_filter(request)]

    def _scoped_filter(self, item: Any) -> Any:
        if not isinstance(item, str):
            return item
        field = get_fields_from_path(self.model, item)[-1]
        if field.remote_field:
            return (item, RelatedOnlyFieldListFilter)
        for test, kind in FieldListFilter._field_list_filters:  # type: ignore[attr-defined]
            if test(field):
                return (item, kind)
        return item

    def _check_filter(self, item: Any) -> None:
        """Refuse a filter that would list values of other stores' rows."""
        path, kind = item if isinstance(item, list | tuple) else ("", item)
        own_values = kind is AllValuesFieldListFilter and LOOKUP_SEP not in path
        if not own_values and not (isinstance(kind, type) and issubclass(kind, SAFE_FILTERS)):
            raise ImproperlyConfigured(
                f"{type(self).__name__}.list_filter: {item!r} would show values of other stores"
            )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter offers: other lookups would let one guess hidden columns."""
        names = [item[0] if isinstance(item, list | tuple) else item for item in self.list_filter]
        names += [*self.extra_lookups, *([self.date_hierarchy] if self.date_hierarchy else [])]
        return any(self._is_of_filter(lookup, name) for name in names if isinstance(name, str))

    def _is_of_filter(self, lookup: str, name: str) -> bool:
        """Whether a parameter is one that the filter on `name` itself would send."""
        if lookup == name:
            return True
        if not lookup.startswith(f"{name}{LOOKUP_SEP}"):
            return False
        target = getattr(get_fields_from_path(self.model, name)[-1], "target_field", None)
        if target is None:
            return True
        asked, key = lookup[len(name) + len(LOOKUP_SEP) :], target.name
        return asked in {"exact", "in", "isnull", f"{key}__exact", f"{key}__in"}

    # --- forms ------------------------------------------------------------------------------
    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """As Django's, with declared choices scoped too."""
        return self.scope_form(request, super().get_form(request, obj, change, **kwargs))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """As Django's, with declared choices scoped too."""
        return self.scope_form(request, super().get_changelist_form(request, **kwargs))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """As declared; the store is asked for only of somebody with several."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None or self.store_path != "store" or self.sole_store(request) is None:
            return fieldsets
        return [
            (title, {**options, "fields": _without_store(options["fields"])})
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """As declared; a row never moves to another store."""
        declared = super().get_readonly_fields(request, obj)
        if obj is None or self.store_path != "store" or "store" in declared:
            return declared
        return (*declared, "store")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address asks to fill in, without rows of others."""
        form = self.get_form(request, fields=None)()
        return {
            name: value
            for name, value in super().get_changeform_initial_data(request).items()
            if _may_fill(form.fields.get(name), value)
        }

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """A new row belongs to the user's store."""
        if not change and self.store_path == "store" and form.instance.store_id is None:
            form.instance.store = self.sole_store(request)
        return super().save_form(request, form, change)

    def sole_store(self, request: HttpRequest) -> Any:
        """The user's store when there is just one, else None."""
        stores = list(stores_of(request.user)[:2])
        return stores[0] if len(stores) == 1 else None

    # --- deletion ---------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What would go too: the user's rows by name; anything else by kind, and refused."""
        collector = NestedObjects(using=router.db_for_write(self.model))
        collector.collect(objs)
        kinds: dict[str, int] = {}
        foreign: set[str] = set()
        shown: list[str] = []
        for model, rows in collector.data.items():
            kind = str(model._meta.verbose_name_plural)
            kinds[kind] = kinds.get(kind, 0) + len(rows)
            admin = self.admin_site._registry.get(model)
            for row in rows:
                if admin is None or not admin.has_delete_permission(request, row):
                    foreign.add(str(model._meta.verbose_name))
                else:
                    shown.append(f"{capfirst(str(model._meta.verbose_name))}: {row}")
        protected = sorted({str(row._meta.verbose_name_plural) for row in collector.protected})
        return shown, kinds, foreign, protected


def _without_store(fields: Any) -> list[Any]:
    """Field names of a fieldset, rows of several included, less `store`."""
    left = [_without_store(f) if isinstance(f, list | tuple) else f for f in fields]
    return [field for field in left if field not in ("store", [])]


def _may_fill(field: Any, value: Any) -> bool:
    """Whether a form field would accept this first value; of other fields nothing is asked."""
    if not isinstance(field, ModelChoiceField) or field.queryset is None:
        return True
    keys = value if isinstance(value, list) else [value]
    try:
        name = field.to_field_name or "pk"
        return field.queryset.filter(**{f"{name}__in": keys}).count() == len(set(keys))
    except (ValueError, TypeError, FieldDoesNotExist):
        return False
