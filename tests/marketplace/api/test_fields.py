"""Fields that guess nothing."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from marketplace.api import fields
from marketplace.countries import COUNTRIES
from marketplace.money import MAX_MINOR

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
ALL = [
    fields.IntField(),
    fields.MinorField(),
    fields.BoolField(),
    fields.TextField(max_length=5),
    fields.RefField(),
    fields.CurrencyField(),
    fields.CountryField(),
    fields.PercentField(),
    fields.InstantField(),
    fields.ZoneField(),
    fields.WordField(choices=["a", "b"]),
    fields.WebAddressField(),
    fields.HostField(),
    fields.EmailField(),
    fields.MailboxField(),
]


def read(field, value):
    return field.run_validation(value)


@pytest.mark.parametrize("field", ALL, ids=lambda field: type(field).__name__)
@given(value=anything)
def test_whatever_comes_is_taken_or_refused(field, value):
    with contextlib.suppress(ValidationError):
        assert read(field, value) is not None


@pytest.mark.parametrize("value", [0, 1, MAX_MINOR])
def test_money_is_an_integer(value):
    assert read(fields.MinorField(), value) == value


@pytest.mark.parametrize(
    "value", [-1, MAX_MINOR + 1, 10**30, 1.0, 0.1, True, False, "1", "", None, [], {}, float("nan")]
)
def test_money_is_nothing_else(value):
    with pytest.raises(ValidationError):
        read(fields.MinorField(), value)


@pytest.mark.parametrize(
    ("text", "percent_bp"),
    [("12.5", 1250), ("10", 1000), ("0", 0), ("100", 10_000), ("100.00", 10_000), ("0.01", 1)],
)
def test_percents(text, percent_bp):
    assert read(fields.PercentField(), text) == percent_bp


@given(st.integers(0, 10_000))
def test_a_percent_reads_back_as_it_was_written(percent_bp):
    assert read(fields.PercentField(), fields.percent_text(percent_bp)) == percent_bp


@pytest.mark.parametrize(
    "value",
    [
        *("100.01", "101", "-1", "12.345", "12,5", "12.", ".5", "1e1", " 12", "12%", ""),
        *("١٢", "1_0", "0x1", "NaN", "12.5\n", 12.5, 12, True, None),
    ],
)
def test_what_is_no_percent(value):
    with pytest.raises(ValidationError):
        read(fields.PercentField(), value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01T00:00:00+03:00", datetime(2026, 11, 30, 21, tzinfo=UTC)),
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01t00:00:00z", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2024-02-29T23:59:59.999999-11:30", datetime(2024, 3, 1, 11, 29, 59, 999999, tzinfo=UTC)),
        ("2026-12-01T00:00:00.123456789Z", datetime(2026, 12, 1, 0, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_instants(text, instant):
    got = read(fields.InstantField(), text)
    assert (got, got.utcoffset().total_seconds()) == (instant, 0)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2998, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_reads_back_as_it_was_written(instant):
    assert read(fields.InstantField(), fields.instant_text(instant)) == instant


@pytest.mark.parametrize(
    "value",
    [
        "2026-12-01T00:00:00",
        "2026-12-01 00:00:00Z",
        "2026-12-01",
        "2026-12-01T00:00Z",
        "2026-12-01T24:00:00Z",
        "2026-12-01T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-12-01T00:00:00+24:00",
        "2026-12-01T00:00:00+0300",
        "20261201T000000Z",
        "2026-W49-2T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-12-01T00:00:00Z\n",
        "٢٠٢٦-12-01T00:00:00Z",
        "now",
        "",
        1_780_000_000,
        True,
    ],
)
def test_what_is_no_instant(value):
    with pytest.raises(ValidationError):
        read(fields.InstantField(), value)


@pytest.mark.parametrize("value", ["a", "A1", "o-1._:x", "x" * 64])
def test_refs(value):
    assert read(fields.RefField(), value) == value


@pytest.mark.parametrize(
    "value", ["", "x" * 65, "a b", "a\n", "a/b", "é", "а", "a\x00", "a'b", "<a>", 1, True, None]
)
def test_what_is_no_ref(value):
    with pytest.raises(ValidationError):
        read(fields.RefField(), value)


@pytest.mark.parametrize("value", ["Europe/Moscow", "UTC", "Asia/Kuwait"])
def test_zones(value):
    assert read(fields.ZoneField(), value) == value


@pytest.mark.parametrize("value", ["Moscow", "../../etc/passwd", "", "+03:00", "Europe/Moscow\n"])
def test_what_is_no_zone(value):
    with pytest.raises(ValidationError):
        read(fields.ZoneField(), value)


@pytest.mark.parametrize("value", ["RU", "KW", "US", "JP"])
def test_countries(value):
    assert read(fields.CountryField(), value) == value


@pytest.mark.parametrize("value", ["ZZ", "XX", "EU", "UK", "SU", "ru", "RUS", "R", "", "Р\u0423"])
def test_what_is_no_country(value):
    with pytest.raises(ValidationError):
        read(fields.CountryField(), value)


def test_there_are_as_many_countries_as_the_standard_has():
    assert len(COUNTRIES) == 249


@pytest.mark.parametrize("value", ["bob@x.ru", " BOB@X.RU ", "\tbob@x.ru"])
def test_emails(value):
    assert read(fields.EmailField(), value) == value.strip()


@pytest.mark.parametrize(
    "value", ["a..b@docomo.ne.jp", "иван@почта.рф", ' "anna"@x.ru ', "a@b@x.ru"]
)
def test_whatever_a_shopper_calls_an_e_mail(value):
    assert read(fields.MailboxField(), value) == value.strip()


@pytest.mark.parametrize(
    "value", ["bob", "@x.ru", "bob@", "a@b", "a@b.", "b ob@x.ru", "bob@x ru", "a" * 250 + "@x.ru"]
)
def test_what_is_no_e_mail_at_all(value):
    with pytest.raises(ValidationError):
        read(fields.MailboxField(), value)


@pytest.mark.parametrize("value", ["shop.example.com", "SHOP.Example.com", "xn--80ak6aa92e.com"])
def test_hosts(value):
    assert read(fields.HostField(), value) == value.lower()


@pytest.mark.parametrize(
    "value",
    ["localhost", "10.0.0.1", "a..b", "-a.com", "a-.com", "a.com:80", "магазин.рф", "a.com/"],
)
def test_what_is_no_host(value):
    with pytest.raises(ValidationError):
        read(fields.HostField(), value)
