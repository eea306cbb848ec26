"""What the fields of the API have in common."""

from typing import Any

from rest_framework import serializers


class Exact(serializers.Field[Any, Any, Any, Any]):
    """Looks at a value once, in `to_internal_value`; DRF's validators only describe it.

    Where a field may be left out, null means the same. `allow_null=True` is for a field to which
    null says something of its own: then the value is None.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.null_is_absent = not self.required and not self.allow_null
        self.allow_null = self.allow_null or self.null_is_absent

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The value; ValidationError when it is wrong, null or missing where it must not."""
        if data is serializers.empty:
            if self.required:
                self.fail("required")
            return self.get_default()  # raises SkipField when there is none
        if data is None:
            if self.null_is_absent:
                return self.get_default()
            if not self.allow_null:
                self.fail("null")
            return None
        return self.to_internal_value(data)
