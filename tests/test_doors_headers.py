"""What every answer of the house says to the browser (trust.md, Doors)."""

import json
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from config.embedded import PROJECT
from tests.factories.marketplace import make_staff, make_store
from tests.programs import environment
from tests.routes import every_route

pytestmark = pytest.mark.django_db

RELAXED = ("/admin/", "/seller/")  # the theme of the admin evaluates expressions

QUIET = ("strict-origin-when-cross-origin", "same-origin", "no-referrer")


def policy(response: Any) -> dict[str, list[str]]:
    """The Content-Security-Policy as directive → sources."""
    parts = response.headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in (part.split() for part in parts) if words}


def faults(response: Any, path: str) -> list[str]:
    """What is wrong with the headers of this answer."""
    rules = policy(response) if "Content-Security-Policy" in response.headers else {}
    scripts = rules.get("script-src", ["missing"])
    weak = ("'unsafe-inline'", "*", "https:", "http:", "data:", "missing")
    found = [f"{path}: script-src {word}" for word in weak if word in scripts]
    if ("'unsafe-eval'" in scripts) and not path.startswith(RELAXED):
        found.append(f"{path}: script-src 'unsafe-eval'")
    if "'unsafe-inline'" in rules.get("style-src", []) and not path.startswith(RELAXED):
        found.append(f"{path}: style-src 'unsafe-inline'")
    wanted = {"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'"}
    found += [
        f"{path}: {name} is not {value}"
        for name, value in wanted.items()
        if rules.get(name) != [value]
    ]
    plain = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    found += [
        f"{path}: {name} is {response.headers.get(name)}"
        for name, value in plain.items()
        if response.headers.get(name) != value
    ]
    if response.headers.get("Referrer-Policy") not in QUIET:
        found.append(f"{path}: Referrer-Policy is {response.headers.get('Referrer-Policy')}")
    return found


@pytest.mark.parametrize("who", ["guest", "staff and seller"])
def test_every_answer_carries_the_headers(who: str, client: Client) -> None:
    if who != "guest":
        staff = make_staff()
        make_store(owner=staff)
    routes = list(every_route())
    assert len(routes) > 60
    found = []
    for route in [*(route.path for route in routes), "/nothing-here", "/static/css/base.css"]:
        if who != "guest":
            client.force_login(staff)
        response = client.get(route)
        b"".join(response)  # a file is closed when it has been read
        if response.status_code >= 500:
            found.append(f"{route}: {response.status_code}")
        found += faults(response, route)
    assert found == []


def test_a_fault_is_found() -> None:
    class Bare:
        headers = {"Content-Security-Policy": "script-src 'self' 'unsafe-inline'"}

    assert len(faults(Bare(), "/x")) == 8


def test_every_page_gets_a_nonce_of_its_own(client: Client) -> None:
    first, second = (policy(client.get("/"))["script-src"] for _ in range(2))
    nonces = [word for word in first + second if word.startswith("'nonce-")]
    assert len(set(nonces)) == len(nonces)


# --- as an operator would run it ------------------------------------------------------------------
PRODUCTION = {
    "DEBUG": "false",
    "DEMO": "false",
    "SITE_URL": "https://sarafan.example",
    "ALLOWED_HOSTS": "sarafan.example",
    "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
}
LOOK = """
import json
import django
django.setup()
from django.conf import settings
from django.test import Client
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
client = Client(headers={"host": "sarafan.example"})
plain = client.get("/accounts/login/")
page = client.get("/accounts/login/", secure=True)
client.post("/i18n/setlang/", {"language": "en"}, secure=True)
cookies = {
    name: [c["path"], bool(c["secure"]), bool(c["httponly"]), c["samesite"], c["domain"]]
    for name, c in client.cookies.items()
}
print(json.dumps({
    "plain": [plain.status_code, plain.headers["Location"]],
    "hsts": page.headers.get("Strict-Transport-Security"),
    "cookies": cookies,
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "second_factor": settings.OPS_SECOND_FACTOR,
}))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, as an operator would have it."""
    given = {**environment(), **PRODUCTION}
    given.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**given, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_production_passes_the_deploy_check() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_production_over_https() -> None:
    done = run("-c", LOOK)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["plain"] == [301, "https://sarafan.example/accounts/login/"]
    assert seen["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert seen["names"] == ["__Host-session", "__Host-csrf"]
    assert seen["second_factor"] is True
    assert seen["cookies"]["__Host-csrf"] == ["/", True, False, "Lax", ""]
    assert seen["cookies"]["__Host-language"] == ["/", True, False, "Lax", ""]
