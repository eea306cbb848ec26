"""What an agent hints at: previews are known by name, in-app browsers stay people."""

import json
from pathlib import Path

import pytest

from referrals import agents

DATA = Path(__file__).parent.parent / "data" / "preview_user_agents.json"
AGENTS: dict[str, str] = json.loads(DATA.read_text())
# Browsers word for word: only what a visitor does can tell them apart, never the agent.
DISGUISED = {"Discord image (fake Mac FF)"}


@pytest.mark.parametrize("name", [name for name in AGENTS if name.endswith("human")])
def test_a_person_in_an_app_is_no_previewer_and_no_program(name: str) -> None:
    assert not agents.is_previewer(AGENTS[name])
    assert not agents.looks_automated(AGENTS[name])


@pytest.mark.parametrize(
    "name", [name for name in AGENTS if not name.endswith("human") and name not in DISGUISED]
)
def test_a_previewer_is_known_by_name(name: str) -> None:
    assert agents.is_previewer(AGENTS[name])


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "  ",
        "curl/8.5.0",
        "python-requests/2.32",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0 Safari/537.36",
    ],
)
def test_a_program_that_says_so_looks_automated(agent: str) -> None:
    assert agents.looks_automated(agent)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.200", True),
        ("192.0.2.7", "192.0.3.7", False),
        ("2001:db8:1:100::1", "2001:db8:1:1ff::9", True),
        ("2001:db8:1:100::1", "2001:db8:1:200::1", False),
        ("::ffff:192.0.2.7", "192.0.2.9", True),
    ],
)
def test_a_network_is_a_prefix_of_the_address(one: str, other: str, same: bool) -> None:
    assert (agents.network(one) == agents.network(other)) is same


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_no_address_is_no_network(address: str) -> None:
    assert agents.network(address) == ""


def test_a_family_is_coarse() -> None:
    person = AGENTS["CUBOT human"]
    assert agents.family(person) == "Android Chrome"
    assert agents.family(person.replace("96.0", "97.0")) == "Android Chrome"
    assert agents.family("") == " "
