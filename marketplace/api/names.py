"""The field for what people call things."""

import re
from typing import Any

from marketplace.api.fields import TextField

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NameField(TextField):
    """What people read: trimmed, in one line, without control characters."""

    default_error_messages = {"control": "Use no line ends and no other control characters."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        """The trimmed string."""
        text: str = super().to_internal_value(data)
        if _CONTROL.search(text):
            self.fail("control")
        return text
