"""Shapes: known names only, every fault named by its place."""

import pytest
from django.utils import translation
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from marketplace.api.fields import IntField, RefField
from marketplace.api.problems import flatten
from marketplace.api.serializers import ListOf, StrictSerializer


class Item(StrictSerializer):
    ref = RefField()
    count = IntField(required=False, default=1)


class Cart(StrictSerializer):
    name = RefField(required=False, allow_null=True)
    items = ListOf(Item(), most=3, unique="ref")

    def validate(self, attrs):
        if attrs.get("name") == "forbidden":
            raise serializers.ValidationError("This name is taken.")
        return attrs


def faults(data) -> dict:
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        Cart.read(data)
    return flatten(refused.value.detail)


def test_what_is_right_is_read_with_its_defaults():
    assert Cart.read({"items": [{"ref": "a"}]}) == {"items": [{"ref": "a", "count": 1}]}
    assert Cart.read({"name": None, "items": [{"ref": "a", "count": 2}]}) == {
        "name": None,
        "items": [{"ref": "a", "count": 2}],
    }


def test_every_fault_is_named_by_its_place():
    data = {"name": 5, "items": [{"ref": "a"}, {"ref": "b", "count": 1.0, "x": 1}, {}], "y": 2}
    assert faults(data) == {
        "name": ["Use 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon, hyphen."],
        "items.1.count": ["Must be an integer."],
        "items.1.x": ["Unknown field."],
        "items.2.ref": ["This field is required."],
        "y": ["Unknown field."],
    }


def test_an_unknown_name_is_seen_beside_a_default():
    """As many names as fields does not mean the same names."""
    assert faults({"items": [{"ref": "a", "x": 1}]}) == {"items.0.x": ["Unknown field."]}


def test_a_fault_of_the_whole_is_of_the_body():
    assert faults({"name": "forbidden", "items": [{"ref": "a"}]}) == {
        "body": ["This name is taken."]
    }


@pytest.mark.parametrize("data", [[], "x", 5, None, True])
def test_what_is_no_object_is_a_fault_of_the_body(data):
    assert list(faults(data)) == ["body"]


@pytest.mark.parametrize(
    ("items", "place"),
    [
        (None, "items"),
        ({}, "items"),
        ("abc", "items"),
        ([], "items"),
        ([{"ref": "a"}] * 4, "items"),
        ([{"ref": "a"}, {"ref": "b"}, {"ref": "a"}], "items.2.ref"),
        ([[]], "items.0"),
        ([None], "items.0"),
    ],
)
def test_lists(items, place):
    assert list(faults({"items": items})) == [place]


def test_reading_leaves_nothing_behind():
    faults({"items": [{"ref": "a"}, {"ref": "a"}]})
    assert Cart.read({"items": [{"ref": "a"}]}) == {"items": [{"ref": "a", "count": 1}]}
