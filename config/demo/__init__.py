"""The demo: a marketplace with a story, for whoever tries Sarafan for the first time.

Everything in it is made by the verbs that the doors call, so all rules and invariants hold. It
exists only while both DEBUG and DEMO are on (`allowed`).
"""

from django.conf import settings


class DemoRefused(Exception):
    """The demo was asked for on an installation that is not one for trying."""

    code = "demo_refused"


def allowed() -> bool:
    """Whether this installation is one for trying: DEBUG and DEMO are both on."""
    return bool(settings.DEBUG and settings.DEMO)


def demand() -> None:
    """Raise `DemoRefused` unless this installation is one for trying."""
    if not allowed():
        raise DemoRefused("The demo needs DEBUG=1 and DEMO=1; it never touches a real shop.")
