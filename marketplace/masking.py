"""Keeps secrets out of logs: API keys, and the links that sign a person in (trust.md, Doors)."""

import logging
import re

_SECRET = re.compile(r"(\bsk_[\w-]{4}|/s/[\w-]{4})[\w-]+")


class MaskSecrets(logging.Filter):
    """A filter for log handlers: what is left of a secret tells two apart and opens nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, masked."""
        text = record.getMessage()
        masked = mask(text)
        if masked != text:
            record.msg, record.args = masked, None
        return True


def mask(text: str) -> str:
    """The text with each secret cut to its first characters."""
    return _SECRET.sub(r"\1…", text)
