"""What a typed text becomes, and what a pattern can make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promocodes import codes


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("SUMMER10", "SUMMER10"),
        ("  summer10 ", "SUMMER10"),
        ("Лето-2026", "ЛЕТО-2026"),
        ("fr\u2013abcd", "FR-ABCD"),
        ("fr\u2014abcd", "FR-ABCD"),
        ("fr\u2212abcd", "FR-ABCD"),
        ("fr\u2011abcd", "FR-ABCD"),
        ("fr\uff0dabcd", "FR-ABCD"),
        ("ＳＵＭＭＥＲ１０", "SUMMER10"),
        ("ABCD EFGH\u00a0JKLM", "ABCDEFGHJKLM"),
        ("ab\u200bcd\ufeff", "ABCD"),
        ("straße", "STRASSE"),
        ("", ""),
    ],
)
def test_one_form_for_case_width_dashes_and_spaces(typed: str, read: str) -> None:
    assert codes.normalise(typed) == read


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = codes.normalise(text)
    assert codes.normalise(once) == once


@pytest.mark.parametrize("text", ["A", "SUMMER10", "a.b_c-d", "ЛЕТО", "夏天十", "x" * 64])
def test_people_may_choose_letters_and_digits_of_any_script(text: str) -> None:
    assert codes.chosen(text) == text.upper()


@pytest.mark.parametrize(
    "text", ["", "x" * 65, "-ABC", "ABC-", "A/B", "A,B", "A'B", "=1+1", "AB#CD", "A\x00BC"]
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(codes.CodeUnfit):
        codes.chosen(text)


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(codes.ALPHABET)) == 32 == 1 << codes.BITS_PER_SYMBOL
    assert not set("01IO") & set(codes.ALPHABET)


def test_a_bearer_code_has_sixty_bits() -> None:
    assert codes.key_space(codes.BEARER_PATTERN) == 2**60


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("FR-########", 1000), ("########", 1_000_000), ("a-##", 10), ("ab-###", 327)],
)
def test_a_pattern_with_room_is_taken(pattern: str, count: int) -> None:
    assert codes.check_pattern(pattern, count=count) == pattern.upper()


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("a-##", 11), ("FR", 1), ("FR-#", 1), ("####", 100_000), ("#" * 65, 1), ("-####", 1), ("", 1)],
)
def test_a_pattern_without_room_is_refused_before_work(pattern: str, count: int) -> None:
    with pytest.raises(codes.PatternUnfit):
        codes.check_pattern(pattern, count=count)


def test_what_is_made_follows_the_pattern() -> None:
    made = codes.make("FR-####")
    assert made.startswith("FR-")
    assert len(made) == 7
    assert set(made[3:]) <= set(codes.ALPHABET)
    assert codes.normalise(made) == made
