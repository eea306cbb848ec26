"""Input shapes: a serializer says what a body may hold, and refuses everything else."""

from collections.abc import Mapping
from functools import cache, cached_property
from itertools import islice
from typing import Any, Self

from rest_framework import serializers
from rest_framework.settings import api_settings

from marketplace.api.fields import MailboxField, RefField, TextField

_MOST_UNKNOWN = 20  # names that are told; more help nobody
_WHOLE = api_settings.NON_FIELD_ERRORS_KEY


class StrictSerializer(serializers.Serializer[Any]):
    """A JSON object of known fields only.

    Shapes only: rules belong to verbs. `read` uses one instance for ever, since DRF copies every
    field of a new one; so a subclass keeps nothing on `self` and has no context. As for `Exact`
    fields, null means absent where an object may be left out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.null_is_absent = not self.required and not self.allow_null
        self.allow_null = self.allow_null or self.null_is_absent

    @classmethod
    @cache
    def _shared(cls) -> Self:
        return cls()

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """`data` as Python values; raises DRF's ValidationError with every fault found."""
        found: dict[str, Any] = cls._shared().run_validation(data)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.fields)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Values by name; unknown names are refused along with the other faults."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({_WHOLE: ["Must be an object."]})
        found: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for name, field in self.fields.items():
            try:
                found[name] = field.run_validation(data.get(name, serializers.empty))
            except serializers.ValidationError as error:
                faults[name] = error.detail
            except serializers.SkipField:
                pass
        for name in islice(data.keys() - self._names, _MOST_UNKNOWN):
            faults[name[:100]] = ["Unknown field."]
        if faults:
            raise serializers.ValidationError(faults)
        return found

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """As DRF's, without a walk over validators that we have none of."""
        if data is None and self.null_is_absent:
            return self.get_default()
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        try:
            return self.validate(self.to_internal_value(data))
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({_WHOLE: error.detail}) from error


class ListOf(serializers.ListSerializer[Any]):
    """A JSON list of objects, one to `most`; with `unique`, no two share that value."""

    def __init__(
        self, child: StrictSerializer, *, most: int, unique: str = "", **kwargs: Any
    ) -> None:
        self.unique = unique
        super().__init__(child=child, max_length=most, **{"allow_empty": False, **kwargs})

    def validate(self, attrs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse what repeats an earlier object's `unique` value."""
        seen: set[Any] = set()
        faults: list[dict[str, list[str]]] = []
        for item in attrs if self.unique else ():
            value = item[self.unique]
            faults.append({self.unique: ["This value stands twice."]} if value in seen else {})
            seen.add(value)
        if any(faults):
            raise serializers.ValidationError(faults)
        return attrs


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without the names whose value is null, where null and absent are the same."""
    return {name: value for name, value in values.items() if value is not None}


class PersonSerializer(StrictSerializer):
    """Somebody, by fields of a form that may stand empty: a blank text means absent.

    Not so an id of the client's own: a blank one is a fault of its program.
    """

    @cached_property
    def _blankable(self) -> frozenset[str]:
        return frozenset(
            name
            for name, field in self.fields.items()
            if not (field.required or isinstance(field, RefField))
            and not getattr(field, "allow_blank", False)
        )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """As any object's, of what is not blank."""
        if isinstance(data, dict):
            may = self._blankable
            data = {
                name: value
                for name, value in data.items()
                if not (isinstance(value, str) and name in may and not value.strip())
            }
        return super().to_internal_value(data)


class ShopperSerializer(PersonSerializer):
    """Who buys, as far as the shop says: its own id and what tells people apart."""

    ref = RefField(required=False, allow_null=True)
    email = MailboxField(required=False, allow_null=True)
    phone = TextField(max_length=40, required=False, allow_null=True)
    device = TextField(max_length=200, required=False, allow_null=True)
    payment = TextField(max_length=200, required=False, allow_null=True)
