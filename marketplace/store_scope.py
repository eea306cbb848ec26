"""Whose rows these are: the path from a model to its store, and form choices that obey it."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path, unquote
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.widgets import UnfoldForeignKeyRawIdWidget

from marketplace.membership import is_seller, stores_of
from marketplace.models import Store

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    Mixin = BaseModelAdmin[Any]
else:  # the bases of the concrete classes bring it
    Mixin = object

EVERYONE = "*"  # the scope of what belongs to no store, such as a category


def default_path(model: type[Model]) -> str | None:
    """The path to the store that a model shows by itself: it is one, or it has a `store`."""
    if model is Store:
        return "pk"
    try:
        field = model._meta.get_field("store")
    except FieldDoesNotExist:
        return None
    return "store" if field.related_model is Store else None


def scoped(request: HttpRequest, rows: "QuerySet[Any]", path: str) -> "QuerySet[Any]":
    """Of these rows, those whose store is one of the user's."""
    if path == EVERYONE:
        return rows
    mine = {f"{path}__in": stores_of(request.user).values("pk")}
    if path != "pk" and any(
        field.many_to_many or field.one_to_many for field in get_fields_from_path(rows.model, path)
    ):  # joined rows would repeat: ask whether one exists
        inner = rows.model._default_manager.filter(**mine).values("pk")
        return rows.filter(pk__in=inner)
    return rows.filter(**mine)


class ScopedRawIdWidget(UnfoldForeignKeyRawIdWidget):  # type: ignore[misc]
    """A raw id whose label is shown only for a row that could be chosen."""

    def label_and_url_for_value(self, value: Any) -> tuple[str, str]:
        """The row's name and page, or nothing."""
        try:
            self.choices.queryset.get(**{self.rel.get_related_field().name: value})
        except (ValueError, TypeError, self.rel.model.DoesNotExist):
            return "", ""
        label: tuple[str, str] = super().label_and_url_for_value(value)
        return label


class ScopedFields(Mixin):
    """What a scoped admin and its inlines share: the path, and choices that obey it.

    `store_path`: from the model to the store ("store", "promotion__store", "pk" for the store).
    `choices_from`: field name → path from the chosen model to its store, or `EVERYONE`;
    needed for a relation to a model that has no `store` of its own.
    """

    store_path: ClassVar[str]
    choices_from: ClassVar[dict[str, str]] = {}
    allow_add = False
    allow_change = False
    allow_delete = False

    def check_scope(self) -> None:
        """Refuse an admin that doesn't say whose rows these are (fail closed)."""
        me = type(self).__name__
        path = getattr(self, "store_path", "")
        if not path or path == EVERYONE:
            raise ImproperlyConfigured(f"{me} must state `store_path`")
        if path != "pk" and get_fields_from_path(self.opts.model, path)[-1].related_model != Store:
            raise ImproperlyConfigured(f"{me}.store_path = {path!r} doesn't lead to a store")
        if not self._has_forms():
            return
        for field in (*self.opts.fields, *self.opts.many_to_many):
            if self._offers(field) and self.choice_path(field.name, field.related_model) is None:
                raise ImproperlyConfigured(
                    f"{me}.choices_from must say whose rows {field.name!r} may offer"
                )

    def _has_forms(self) -> bool:
        """Whether this admin may ever show a form, by its flags or by an override."""
        return any(
            getattr(self, f"allow_{act}")
            or not getattr(type(self), f"has_{act}_permission").__module__.startswith(
                "marketplace.store_"
            )
            for act in ("add", "change")
        )

    def _offers(self, field: "Field[Any, Any]") -> bool:
        """Whether a form of this admin may let one choose a row by this field."""
        if not isinstance(field, ForeignKey | ManyToManyField) or not field.editable:
            return False
        closed = {*self.readonly_fields, *(self.exclude or ())}
        named = self.fields or (flatten_fieldsets(self.fieldsets) if self.fieldsets else None)
        return field.name not in closed and (named is None or field.name in named)

    def choice_path(self, name: str, model: Any) -> str | None:
        """Whose rows the field `name` may offer."""
        return self.choices_from.get(name) or default_path(model)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """The user's rows."""
        return scoped(request, super().get_queryset(request), self.store_path)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As Django's, with a raw-id widget that names only the user's rows."""
        if db_field.name in self.raw_id_fields:
            kwargs["widget"] = ScopedRawIdWidget(db_field.remote_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As Django's, with choices among the user's rows."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        return self.scope_choices(request, db_field.name, field)

    def scope_choices(self, request: HttpRequest, name: str, field: Any) -> Any:
        """Narrow a form field's rows to the user's; unknown scope: none."""
        if isinstance(field, ModelChoiceField) and field.queryset is not None:
            path = self.choice_path(name, field.queryset.model)
            rows = field.queryset
            field.queryset = scoped(request, rows, path) if path else rows.none()
        return field

    def scope_form(self, request: HttpRequest, form: Any) -> Any:
        """Narrow also the choices that a form declares by itself."""
        for name in form.declared_fields:
            if name in form.base_fields:
                field = form.base_fields[name].__deepcopy__({})
                form.base_fields[name] = self.scope_choices(request, name, field)
        return form

    def is_mine(self, request: HttpRequest, obj: Any) -> bool:
        """Whether this row belongs to one of the user's stores; `obj` may be a primary key."""
        if obj is None:
            return is_seller(request)
        key = obj.pk if isinstance(obj, Model) else unquote(str(obj))
        rows = scoped(request, self.opts.model._default_manager.all(), self.store_path)
        try:
            return rows.filter(pk=key).exists()
        except (ValueError, TypeError):
            return False
