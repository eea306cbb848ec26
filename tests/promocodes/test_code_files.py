"""promocodes/code_files.py: files as people and their programs write them."""

import io

import pytest

from promocodes import code_files
from promocodes.code_files import FileUnreadable, TooManyCodes


def read(data: bytes | str):
    raw = data.encode() if isinstance(data, str) else data
    return list(code_files.words(io.BytesIO(raw)))


def codes(data: bytes | str) -> list[str]:
    return [word.code for word in read(data) if not word.why]


@pytest.mark.parametrize(
    "data",
    [
        "A1\nB2\n",
        "A1\r\nB2\r\n",
        "A1\rB2",
        "\ufeffA1\nB2",
        "\ufeffcode\r\nA1\r\nB2",
        "code\na1\n b2 ",
        "A1;x\nB2;y",
        "A1,x\nB2,y",
        "id;Code;made\n1;A1;2026\n2;B2;2026",
        "id\tPromo code\n1\tA1\n2\tB2",
        '"id","code"\n"1,5","A1"\n"2","B2"',
        '"A1"\n"B2"',
        "Промокод\nA1\nB2",
        "优惠码,名称\nA1,x\nB2,y",
        "A1\n\n\n   \nB2\n\n",
        "code\nA1\nB2".encode("utf-16"),
        b"\xef\xbb\xbfcode;price\r\nA1;5\r\nB2;\r\n",
    ],
)
def test_codes_are_found(data) -> None:
    assert codes(data) == ["A1", "B2"]


def test_codes_are_read_as_if_typed() -> None:
    assert codes("summer–10\n ｔｅａ１ \nлето") == ["SUMMER-10", "TEA1", "ЛЕТО"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("=1+1", "symbols"),
        ("@SUM(A1)", "symbols"),
        ("-A1", "symbols"),
        ("two words!", "symbols"),
        ("A" * 65, "long"),
        (b"\xcf\xf0\xee", "encoding"),
    ],
)
def test_what_can_not_be_a_code_is_told_with_its_line(text, why) -> None:
    raw = text if isinstance(text, bytes) else text.encode()
    good, bad = read(b"GOOD\n" + raw + b"\n")
    assert (good.code, good.line) == ("GOOD", 1)
    assert (bad.line, bad.code, bad.why) == (2, "", why)
    assert len(bad.text) <= 80


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [word.line for word in read("code\nA\n\nB\n")] == [2, 4]


@pytest.mark.parametrize("data", [b"PK\x03\x04\0\0\0rest", b"A\n" + b'"' + b"x" * 200_000])
def test_what_is_no_text_is_refused(data) -> None:
    with pytest.raises(FileUnreadable):
        read(data)


def test_a_million_is_the_end(monkeypatch) -> None:
    monkeypatch.setattr(code_files, "MOST_CODES", 3)
    assert codes("A\nB\nC") == ["A", "B", "C"]
    with pytest.raises(TooManyCodes):
        read("A\nB\nC\nD")


def test_an_empty_file_holds_nothing() -> None:
    assert read(b"") == []
    assert read("code\n") == []
