"""Prints: one person one print, no print gives a name."""

import pytest

from marketplace.identities import canonical_email, canonical_phone, print_of, prints_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Example.com", " anna@example.com"),
        ("anna+shop@example.com", "anna@example.com"),
        ("a.n.n.a@gmail.com", "anna@googlemail.com"),
        ("anna.k@yandex.ru", "anna-k@ya.ru"),
        ("anna@yandex.com", "anna@yandex.kz"),
    ],
)
def test_one_mailbox_is_one_address(one, other):
    assert canonical_email(one) == canonical_email(other)
    assert print_of("email", one) == print_of("email", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna@example.com", "anna@example.org"), ("a.b@example.com", "ab@example.com")],
)
def test_two_mailboxes_are_two(one, other):
    assert canonical_email(one) != canonical_email(other)


def test_an_address_that_is_all_tag_keeps_it():
    assert canonical_email("+tag@example.com") == "+tag@example.com"


@pytest.mark.parametrize(
    "phone", ["+7 (900) 111-22-33", "8 900 111 22 33", "79001112233", "00 7 900 1112233"]
)
def test_a_russian_phone_is_one_in_any_spelling(phone):
    assert canonical_phone(phone) == "79001112233"


def test_prints_tell_nothing_and_do_not_mix_kinds():
    told = {"ref": "u1", "email": "a@b.ru", "phone": "12345", "device": "1", "payment": ""}
    prints = prints_of(told)
    assert [text.partition(":")[0] for text in prints] == ["device", "email", "phone"]
    assert len({text.partition(":")[2] for text in prints}) == 3
    assert "a@b.ru" not in "".join(prints)
    assert all(len(text) <= 80 for text in prints)


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"email": None},
        {"phone": "()"},
        {"device": "  "},
        {"phone": "0"},
        {"phone": "+1 (23) 4"},
    ],
)
def test_nothing_gives_no_print(empty):
    assert prints_of(empty) == []
