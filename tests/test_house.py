"""The house keeps its own rules (docs/architecture.md); each rule is shown to bite."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.template import Template, engines
from django.template.loader_tags import ExtendsNode

from config.admin import seller_site
from config.celery import BEAT
from config.embedded import PROJECT

FLOORS = ("marketplace", "promocodes", "affiliates", "referrals", "tasks")
HOUSE = ("config", *FLOORS)


def modules(*packages: str) -> Iterator[Path]:
    """Our own code, migrations apart."""
    for package in packages or HOUSE:
        for path in sorted((PROJECT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def short(path: Path) -> str:
    return str(path.relative_to(PROJECT))


# --- imports --------------------------------------------------------------------------------------
def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_imports_keep_the_contracts() -> None:
    done = lint_imports(PROJECT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code alone, for breaking."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    for package in HOUSE:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / package, folder / package, ignore=ignored)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("tower", "marketplace/money.py", "import promocodes.models"),
        ("tower", "promocodes/models/__init__.py", "import affiliates.models"),
        ("tower", "affiliates/ledger.py", "import tasks.models"),
        ("tower", "referrals/rounds.py", "import tasks.models"),
        ("tower", "tasks/assignments.py", "import config.celery"),
        ("urls", "marketplace/orders.py", "import marketplace.urls"),
        ("views", "referrals/rounds.py", "import referrals.views"),
        ("admin", "tasks/assignments.py", "import tasks.admin"),
        ("api", "marketplace/orders.py", "import marketplace.api.views"),
        ("forms", "referrals/rounds.py", "import referrals.forms"),
        ("models", "affiliates/models/ledger.py", "import affiliates.ledger"),
        ("ledger", "affiliates/ledger.py", "import affiliates.withdrawals"),
        ("pure", "marketplace/money.py", "import marketplace.models"),
    ],
)
def test_contract_breaks_when_violated(
    contract: str, module: str, line: str, copy_of_the_house: Path
) -> None:
    victim = copy_of_the_house / module
    before = victim.read_text()
    victim.write_text(f"{before}\n{line}\n")
    try:
        done = lint_imports(copy_of_the_house, "--contract", contract)
    finally:
        victim.write_text(before)
    assert done.returncode == 1, done.stdout
    assert "1 broken" in done.stdout


PURE = ("marketplace/money.py", "promocodes/pricing.py", "promocodes/eligibility.py")


@pytest.mark.parametrize("module", PURE)
def test_pure_module_asks_no_table(module: str) -> None:
    tree = ast.parse((PROJECT / module).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("django.db") for name in imported)
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not asked & {"objects", "_default_manager", "save", "create", "select_for_update"}


# --- texts ----------------------------------------------------------------------------------------
def texts_that_gettext_misses(source: str) -> list[int]:
    """Lines on which a text to translate stands inside an f-string, where xgettext can't see it."""
    words = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "pgettext_lazy"}
    return [
        call.lineno
        for f_string in ast.walk(ast.parse(source))
        if isinstance(f_string, ast.JoinedStr)
        for call in ast.walk(f_string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in words
    ]


def test_no_text_to_translate_hides_in_an_f_string() -> None:
    assert texts_that_gettext_misses("said = f\"{_('Done.')} {count}\"") == [1]
    found = [(short(path), texts_that_gettext_misses(path.read_text())) for path in modules()]
    assert [place for place in found if place[1]] == []


# --- rooms and sizes ------------------------------------------------------------------------------
NO_ROOM = {
    *("services", "selectors", "utils", "helpers", "signals", "constants", "exceptions"),
    *("core", "common", "misc", "tools"),
}


def test_there_is_no_room_without_a_purpose() -> None:
    assert [short(path) for path in modules() if path.stem in NO_ROOM] == []
    folders = {part for path in modules() for part in path.relative_to(PROJECT).parts[:-1]}
    assert folders & NO_ROOM == set()


ONE_FILE = {"config/settings.py"}  # all settings stand in one


def test_a_module_is_one_noun() -> None:
    """300 lines that say something are the end: the noun is really two."""
    long = {
        short(path): lines
        for path in modules()
        if (lines := sum(1 for line in path.read_text().splitlines() if line.strip())) > 300
    }
    assert {name: lines for name, lines in long.items() if name not in ONE_FILE} == {}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def _height(function: ast.FunctionDef) -> int:
    """Lines of what it does: without its signature and its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_a_function_fits_a_screen() -> None:
    long = [
        f"{short(path)}:{function.lineno} {function.name}"
        for path in modules()
        for function in functions(path)
        if _height(function) > 40
    ]
    assert long == []


def test_what_is_public_says_what_it_does() -> None:
    silent = []
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                silent.append(f"{short(path)}:{node.lineno} {node.name}")
    assert silent == []


def test_verbs_take_their_facts_by_name() -> None:
    """A verb that decides has keyword-only parameters (`noun.verb(order_ref=…)`)."""
    nouns = ("promocodes/promotions.py", "promocodes/redemptions.py", "affiliates/withdrawals.py")
    loose = [
        f"{name} {function.name}"
        for name in nouns
        for function in ast.parse((PROJECT / name).read_text()).body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        if len(function.args.args) > 1
    ]
    assert loose == []


# --- pages ----------------------------------------------------------------------------------------
TEMPLATES = PROJECT / "templates"
# Shells of their own, or pieces that another package puts into its page.
NOT_PAGES = ("allauth/", "socialaccount/snippets/", "account/snippets/", "account/messages/")
GROUNDS = {"base.html", "admin/base_site.html", "admin/index.html"}


def pages() -> list[str]:
    names = (str(path.relative_to(TEMPLATES)) for path in sorted(TEMPLATES.rglob("*.html")))
    return [n for n in names if not Path(n).name.startswith("_") and not n.startswith(NOT_PAGES)]


def ground_of(name: str) -> str:
    """The template that a page stands on in the end."""
    engine = engines["django"].engine
    while True:
        template: Template = engine.get_template(name)
        extends = [node for node in template.nodelist if isinstance(node, ExtendsNode)]
        if not extends or name in GROUNDS:
            return name
        parent = extends[0].parent_name.var
        name = parent if isinstance(parent, str) else str(parent)


def test_every_page_stands_on_our_base() -> None:
    assert len(pages()) > 10
    lost = {name: ground for name in pages() if (ground := ground_of(name)) not in GROUNDS}
    assert lost == {}


# The same in every language: names of languages, of file formats, our own.
SAME = {
    "Русский",
    "English",
    "中文",
    "Ру",
    "En",
    "中",
    "PNG",
    "SVG",
    "CSV",
    "XLSX",
    "PDF",
    "QR",
    "ID",
}
SPOKEN = re.compile(r"[^\W\d_]+")
TEXT_ATTRIBUTE = re.compile(r'\b(?:title|alt|aria-label|placeholder|content)="([^"{]*)"')


def untranslated(source: str) -> list[str]:
    """Words that a reader would see and no translator would."""
    source = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", " ", source, flags=re.S)
    source = re.sub(r"{%\s*block body_class.*?endblock\s*%}", " ", source, flags=re.S)
    source = re.sub(r"{%\s*blocktrans.*?endblocktrans\w*\s*%}", " ", source, flags=re.S)
    source = re.sub(r"<(script|style|svg|code|pre|textarea)\b.*?</\1>", " ", source, flags=re.S)
    source = re.sub(r"{%.*?%}|{{.*?}}", " ", source, flags=re.S)
    attributes = [
        text
        for tag in re.findall(r"<(?!meta|link|html)[^>]*>", source)
        for text in TEXT_ATTRIBUTE.findall(tag)
    ]
    words = re.sub(r"<[^>]*>|&\w+;", "\n", source).split("\n")
    return [text.strip() for text in (*attributes, *words) if set(SPOKEN.findall(text)) - SAME]


def test_every_word_of_a_page_can_be_translated() -> None:
    raw = {
        str(path.relative_to(TEMPLATES)): found
        for path in sorted(TEMPLATES.rglob("*.html"))
        if path.name != "styleguide.html" and (found := untranslated(path.read_text()))
    }
    assert raw == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<img alt="A cat">', ["A cat"]),
        ('<p>{% translate "Hello" %}</p>', []),
        ("<p>{% blocktranslate %}Hello {{ name }}{% endblocktranslate %} · 5</p>", []),
        ("{# a note #}<br>{% if user.name %}→{% endif %}", []),
    ],
)
def test_untranslated_words_are_found(source: str, words: list[str]) -> None:
    assert untranslated(source) == words


# --- data -----------------------------------------------------------------------------------------
def own_models() -> list[type]:
    return [model for model in apps.get_models() if model._meta.app_label in FLOORS]


def test_every_model_that_people_meet_has_a_name_for_them() -> None:
    sites = (admin.site, seller_site)
    met = {model for site in sites for model in site._registry}
    met |= {inline.model for site in sites for a in site._registry.values() for inline in a.inlines}
    ours = [model for model in met if model._meta.app_label in FLOORS]
    assert ours
    assert [m._meta.label for m in ours if "verbose_name" not in m._meta.original_attrs] == []


def test_every_constraint_has_a_name_of_its_own() -> None:
    names = [c.name for model in own_models() for c in model._meta.constraints]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("floor", FLOORS)
def test_migrations_stand_in_one_line(floor: str) -> None:
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    assert len(graph.leaf_nodes(floor)) == 1
    parents = [graph.node_map[node].parents for node in graph.nodes if node[0] == floor]
    assert all(len([p for p in links if p.key[0] == floor]) <= 1 for links in parents)


# --- jobs -----------------------------------------------------------------------------------------
# Started by a nudge alone, each with the reason why a lost message loses nothing.
NUDGED: dict[str, str] = {}


def test_every_job_is_in_the_beat_table() -> None:
    current_app.loader.import_default_modules()
    jobs = {name for name in current_app.tasks if name.partition(".")[0] in FLOORS}
    assert jobs, "no jobs were found"
    assert jobs - set(BEAT) - set(NUDGED) == set()
    assert set(BEAT) - jobs == set()


# --- the repository -------------------------------------------------------------------------------
def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(
        [git, "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    return [path for name in listed.splitlines() if (path := PROJECT / name).is_file()]


PLACES = re.compile(rb"/(?:root|work|home)/[a-z.]|/tmp/lab|--index-url|--extra-index-url|//pypi\.")


def test_no_file_names_a_machine() -> None:
    here = Path(__file__)
    named = [
        f"{short(path)}: {found[0].decode()}"
        for path in tracked()
        if path != here and path.suffix not in {".png", ".woff2", ".csv"}
        if (found := PLACES.search(path.read_bytes()))
    ]
    assert named == []


def test_warnings_are_errors() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert project["tool"]["mypy"]["strict"] is True


# --- the papers -----------------------------------------------------------------------------------
@pytest.mark.parametrize(("paper", "least"), [("THREATS.md", 40), ("FAULTS.md", 15)])
def test_every_threat_and_fault_names_a_test_that_is_there(paper: str, least: int) -> None:
    rows = (PROJECT / "docs" / paper).read_text().splitlines()
    rows = [row for row in rows if row.startswith("| ") and "---" not in row][1:]
    assert len(rows) >= least
    for row in rows:
        proofs = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", row.rsplit("|", 2)[-2])
        assert proofs, row
        for file, name in proofs:
            source = (PROJECT / "tests" / file).read_text()
            assert not name or f"def {name}(" in source, f"{file} has no {name}"


@pytest.mark.parametrize("paper", ["architecture.md", "design.md", "operations.md"])
def test_papers_name_only_files_that_are_there(paper: str) -> None:
    named = re.findall(r"`([\w/]+\.(?:py|html|css|md))`", (PROJECT / "docs" / paper).read_text())
    folders = (*HOUSE, "tests", "templates", "static", "docs")
    there = {path.name for folder in folders for path in (PROJECT / folder).rglob("*.*")}
    assert named
    gone = [n for n in named if not ((PROJECT / n).exists() or ("/" not in n and n in there))]
    assert [n for n in gone if not (PROJECT / "templates" / n).exists()] == []
