"""Letters by e-mail: one goes out, is refused by itself, or finds no server at all.

Who owes a letter keeps a row of it and asks what is due (house.md, Derive): a letter that was
refused is tried later and later, and while the server is away all of them wait.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPServerDisconnected,
)

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)
LONGEST_PAUSE = timedelta(hours=6)
_AWAY = (SMTPServerDisconnected, SMTPConnectError, SMTPHeloError, SMTPAuthenticationError)


class ServerAway(Exception):
    """Nobody answers: the other letters wait for the next time too."""

    code = "mail_server_away"


class LetterRefused(Exception):
    """The server takes others, but not this one; or it can't be written."""

    code = "letter_refused"


def send(*, subject: str, body: str, to: str, headers: Mapping[str, str] | None = None) -> None:
    """Hand one letter of plain text to the mail server. Raises `ServerAway`, `LetterRefused`."""
    try:
        one_line = " ".join(subject.split())
        EmailMessage(one_line, body, None, [to], headers=dict(headers or {})).send()
    except _AWAY as error:
        logger.warning("The mail server is away; letters wait.")
        raise ServerAway from error
    except SMTPException as error:
        logger.warning("A letter was refused by the mail server.")
        raise LetterRefused from error
    except OSError as error:
        logger.warning("The mail server can't be reached; letters wait.")
        raise ServerAway from error
    except Exception as error:
        logger.exception("A letter can't be written.")  # it must not hold up the others
        raise LetterRefused from error


def pause_after(tries: int) -> timedelta:
    """How long to wait before a refused letter is tried again: twice as long each time."""
    return min(timedelta(minutes=2 ** min(tries, 16)), LONGEST_PAUSE)
