"""The policy's JSON: usual values, no unknown rules, no impossible numbers."""

import pytest

from referrals.models.policy import Policy, PolicyError


def test_absent_rules_take_their_usual_values() -> None:
    assert Policy.from_json({}) == Policy()
    assert Policy.from_json({"burst": None}).burst is None
    assert Policy.from_json(Policy().to_json()) == Policy()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "anyone",
        {"unknown": 1},
        {"audience": "friends"},
        {"audience": None},
        {"burst": 0},
        {"burst": 1.5},
        {"burst": True},
        {"burst": "20"},
        {"burst": 10_001},
        {"ring_size": 1},
        {"review_hours": None},
        {"review_hours": -1},
        {"automation_waits": 1},
        {"automation_waits": None},
    ],
)
def test_nonsense_is_refused(value: object) -> None:
    with pytest.raises(PolicyError):
        Policy.from_json(value)
