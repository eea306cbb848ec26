"""What people type, read into what the verbs take."""

import pytest

from affiliates.forms import InviteForm, PayoutMethodForm, WithdrawForm


def read(text, currency="RUB"):
    """The minor units, or the errors."""
    form = WithdrawForm({"amount": text}, currency=currency)
    return form.cleaned_data["amount"] if form.is_valid() else form.errors["amount"].as_data()


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1500", "RUB", 150_000),
        ("1 500,50", "RUB", 150_050),
        ("1\u00a0500.5", "RUB", 150_050),
        (" 0,01 ", "RUB", 1),
        ("1500", "JPY", 1_500),
        ("1.500", "KWD", 1_500),
        ("1,500", "KWD", 1_500),
        ("5.00", "RUB", 500),
    ],
)
def test_amounts_as_people_type_them(text, currency, minor):
    assert read(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "RUB", "required"),
        ("0", "RUB", "invalid"),
        ("0.00", "RUB", "invalid"),
        ("-1", "RUB", "invalid"),
        ("+1", "RUB", "invalid"),
        ("1e3", "RUB", "invalid"),
        ("inf", "RUB", "invalid"),
        ("nan", "RUB", "invalid"),
        ("١٢", "RUB", "invalid"),
        ("1.5.0", "RUB", "invalid"),
        ("0x10", "RUB", "invalid"),
        ("10000000000", "RUB", "invalid"),
        ("1.001", "RUB", "decimals"),
        ("1.5", "JPY", "decimals"),
    ],
)
def test_odd_amounts_are_refused_with_their_reason(text, currency, code):
    (error,) = read(text, currency)
    assert error.code == code


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("40817810500000012345", True),
        ("4081 7810 5000 0001 2345", True),
        ("GB82 WEST 1234 5698 7654 32", True),
        ("GB82 WEST 1234 5698 7654 33", False),
        ("RU0204452560040702810412345678901", True),
        ("4081781050000001234", False),
        ("=CMD()", False),
    ],
)
def test_account_numbers(number, is_one):
    form = PayoutMethodForm(
        {"holder_name": "A", "bank_code": "044525225", "account_number": number}
    )
    assert form.is_valid() is is_one


@pytest.mark.parametrize(
    ("share", "bp"), [("0", 0), ("12.5", 1_250), ("33.33", 3_333), ("100", 10_000)]
)
def test_shares_become_basis_points(share, bp):
    form = InviteForm({"email": "a@example.com", "share": share})
    assert form.is_valid()
    assert form.share_bp() == bp
