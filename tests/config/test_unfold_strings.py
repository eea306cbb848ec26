"""The list of the admin theme's untranslated words is whole, and holds none that is gone."""

import ast
import re
from pathlib import Path
from typing import Any

import unfold
from django.utils.translation import trans_real

from config.unfold_strings import STRINGS

THEME = Path(unfold.__file__).parent
# The editor of rich text, the theme's own sign-in pages, money and colours: nobody sees them here.
NOT_SHOWN = ("contrib", "login.html", "logged_out.html", "registration", "toolbar.html")
NOT_SHOWN_WORDS = {
    "Select currency",
    "Welcome back to",
    "Forgotten your password or username?",
    "%(class_name)s %(instance)s",
}


def words() -> set[str]:
    """Every phrase the theme asks a translation for."""
    found: set[str] = set()
    for path in THEME.rglob("*.html"):
        if not set(NOT_SHOWN) & {*path.relative_to(THEME).parts, path.name}:
            text = path.read_text()
            found |= {m[2] for m in re.finditer(r"{%\s*trans(?:late)?\s+(['\"])(.*?)\1", text)}
            found |= {m[2] for m in re.finditer(r"_\((['\"])(.*?)\1\)", text)}
    for path in THEME.rglob("*.py"):
        if "contrib" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name("_" | "gettext"), args=[ast.Constant(str(word))]):
                    found.add(word)
    return found - NOT_SHOWN_WORDS


def test_every_untranslated_word_of_the_theme_is_listed(settings: Any) -> None:
    settings.LOCALE_PATHS = []  # what Django and the packages bring, without our own catalogues
    asked = words()
    assert len(asked) > 80
    lacking = set()
    for language in ("ru", "zh-hans"):
        catalogue = trans_real.DjangoTranslation(language)
        lacking |= {word for word in asked if catalogue.gettext(word) == word}
    assert lacking - set(STRINGS) == set()


def test_no_listed_word_is_gone_from_the_theme() -> None:
    everything = "".join(path.read_text() for path in THEME.rglob("*.html"))
    everything += "".join(path.read_text() for path in THEME.rglob("*.py"))
    assert [word for word in STRINGS if word[:40] not in everything] == []
