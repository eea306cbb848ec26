"""The style sheets, drawings and shared fragments, read as files."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

CSS = settings.BASE_DIR / "static" / "css"
SHEETS = sorted(CSS.glob("*.css"))
# The admin sites have a theme of their own, with its own colours and what our pages refuse.
THEIRS = CSS / "admin.css"
TEMPLATES = [
    page
    for page in sorted((settings.BASE_DIR / "templates").rglob("*.html"))
    if "admin" not in page.parts
]
# What another site puts on its page has none of our sheets, so it brings its style along.
SNIPPETS = settings.BASE_DIR / "templates" / "referrals" / "snippet"

TEXT = 4.5
LARGE = 3.0
GROUNDS = ("bg", "surface", "sunken", "accent-soft")
PAIRS = [
    *(("ink", ground, 7.0) for ground in GROUNDS),
    *(("soft", ground, TEXT) for ground in GROUNDS),
    *(("accent-ink", ground, TEXT) for ground in GROUNDS),
    *(
        (text, ground, TEXT)
        for text in ("ok", "wait", "no", "danger", "info")
        for ground in (f"{text}-soft", "surface", "bg")
    ),
    *(("ink", f"{state}-soft", TEXT) for state in ("ok", "wait", "no", "danger", "info")),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *(("control", ground, LARGE) for ground in ("bg", "surface", "sunken")),
    *(("accent", ground, LARGE) for ground in ("bg", "surface")),
    *(("focus", ground, LARGE) for ground in GROUNDS),
]


def _tokens(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", sheet))


def _themes() -> dict[str, dict[str, str]]:
    light, dark = (CSS / "tokens.css").read_text().split("@media (prefers-color-scheme: dark)")
    return {"light": _tokens(light), "dark": _tokens(light) | _tokens(dark)}


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_text_stands_out_from_its_ground(theme: str, text: str, ground: str, least: float) -> None:
    colours = _themes()[theme]
    assert contrast(colours[text], colours[ground]) >= least


def test_dark_redefines_every_colour_of_light() -> None:
    light, dark = (CSS / "tokens.css").read_text().split("@media (prefers-color-scheme: dark)")
    assert _tokens(light).keys() == _tokens(dark).keys()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sheet_uses_only_what_is_there(sheet: Path) -> None:
    text = sheet.read_text()
    known = set(re.findall(r"(--[a-z0-9-]+):", "".join(s.read_text() for s in SHEETS)))
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", text))
    assert used <= known or sheet == THEIRS
    for path in re.findall(r'url\("([^"]+)"\)', text):
        assert (sheet.parent / path).resolve().is_file(), path
    if sheet not in (CSS / "tokens.css", THEIRS):
        # White is what a mask and a QR code need, in both themes.
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", text)) <= {"#fff"}


@pytest.mark.parametrize("name", ["icons", "art"])
def test_drawings_use_only_tokens_that_are_there(name: str) -> None:
    drawing = (settings.BASE_DIR / "static" / "img" / f"{name}.svg").read_text()
    known = set(re.findall(r"(--[a-z0-9-]+):", (CSS / "tokens.css").read_text()))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", drawing)) <= known
    assert "style=" not in drawing


def _inline(text: str) -> list[str]:
    """What the content security policy of our pages refuses."""
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)
    return re.findall(
        r"\sstyle=|<style\b|\son[a-z]+=[\"']|<script(?![^>]*\bsrc=)[^>]*>|javascript:", text
    )


def test_inline_code_is_recognised() -> None:
    assert _inline('<p style="x">')
    assert _inline("<style>")
    assert _inline('<a onclick="x">')
    assert _inline("<script>x</script>")
    assert not _inline("""<script src="{% static 'js/site.js' %}" defer></script>""")


@pytest.mark.parametrize(
    "page", TEMPLATES, ids=lambda page: str(page.relative_to(settings.BASE_DIR / "templates"))
)
def test_template_holds_no_inline_code_and_names_only_files_that_exist(page: Path) -> None:
    text = page.read_text()
    inline = _inline(text)
    assert set(inline) <= {" style="} if SNIPPETS in page.parents else not inline
    for path in re.findall(r"{% static ['\"]([^'\"]+)['\"]", text):
        assert finders.find(path), path
    icons = (settings.BASE_DIR / "static" / "img" / "icons.svg").read_text()
    for name in re.findall(r"_icon\.html['\"] with name=['\"]([a-z]+)['\"]", text):
        assert f'<symbol id="{name}"' in icons
    art = (settings.BASE_DIR / "static" / "img" / "art.svg").read_text()
    for name in re.findall(r"_art\.html['\"] with name=['\"]([a-z]+)['\"]", text):
        assert f'<symbol id="{name}"' in art


def test_font_is_kept_with_its_licence() -> None:
    fonts = settings.BASE_DIR / "static" / "fonts"
    assert sum(font.stat().st_size for font in fonts.glob("*.woff2")) < 24 * 1024
    assert "SIL OPEN FONT LICENSE" in (fonts / "literata-OFL.txt").read_text().upper()
