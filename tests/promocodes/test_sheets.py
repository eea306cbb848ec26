"""promocodes/sheets.py: what leaves as CSV and XLSX can't run in a spreadsheet (engine.md 12)."""

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import tablib

from promocodes import sheets

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|cmd"]


def read_csv(headings, rows):
    text = b"".join(sheets.csv_chunks(headings, rows)).decode()
    assert text.startswith(sheets.BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(sheets.BOM), newline="")))


def read_xlsx(headings, rows, title="Sales"):
    data = b"".join(sheets.xlsx_chunks(headings, rows, title=title))
    return tablib.Databook().load(data, format="xlsx")


@pytest.mark.parametrize("text", EVIL)
def test_no_cell_starts_a_formula(text):
    assert sheets.safe(text).startswith("'")
    ((head,), (cell,)) = read_csv([text], [[text]])
    assert head.startswith("'")
    assert cell == sheets.safe(text)
    [sheet] = read_xlsx([text], [[text]]).sheets()
    assert sheet[0][0].startswith("'")


@pytest.mark.parametrize("text", ["SUMMER10", "a=b", "1-2", "", "Лето", "夏"])
def test_plain_text_stays_as_it_is(text):
    assert sheets.safe(text) == text


def test_xlsx_holds_no_formula_element():
    data = b"".join(sheets.xlsx_chunks(["=A1"], [["=cmd()"], ["http://x.example"]], title="t"))
    book = zipfile.ZipFile(io.BytesIO(data))
    parts = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert parts
    for name in parts:
        text = book.read(name).decode()
        assert "<f>" not in text
        assert "hyperlink" not in text


def test_numbers_stay_numbers_and_moments_moments():
    at = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
    row = [at, Decimal("-1234.50"), 7, None, "x"]
    assert read_csv(["a", "b", "c", "d", "e"], [row])[1] == [
        "2026-06-01 12:30",
        "-1234.50",
        "7",
        "",
        "x",
    ]
    [sheet] = read_xlsx(["a", "b", "c", "d", "e"], [row]).sheets()
    assert sheet[0][0] == datetime(2026, 6, 1, 12, 30)  # noqa: DTZ001 - as the format keeps it
    assert sheet[0][1:3] == (-1234.5, 7)


def test_csv_is_given_out_in_parts():
    """Rows are asked for as the parts are taken, so a table of any length is never held whole."""
    asked = []

    def rows():
        for number in range(3 * sheets.CHUNK):
            asked.append(number)
            yield [number]

    parts = sheets.csv_chunks(["n"], rows())
    next(parts)
    assert len(asked) == sheets.CHUNK
    rest = b"".join(parts)
    assert rest.count(b"\r\n") == 2 * sheets.CHUNK
    assert rest.endswith(f"{3 * sheets.CHUNK - 1}\r\n".encode())


def test_empty_table_has_its_headings():
    assert read_csv(["a"], []) == [["a"]]
    [sheet] = read_xlsx(["a"], []).sheets()
    assert sheet.headers == ["a"]
    assert len(sheet) == 0


def test_long_table_goes_on_in_the_next_worksheet(monkeypatch):
    monkeypatch.setattr(sheets, "SHEET_ROWS", 3)
    book = read_xlsx(["n"], [[1], [2], [3], [4], [5]], title="Sales/2026")
    assert [sheet.title for sheet in book.sheets()] == ["Sales2026", "Sales2026 2", "Sales2026 3"]
    assert [list(sheet["n"]) for sheet in book.sheets()] == [[1, 2], [3, 4], [5]]


def test_full_worksheet_opens_no_empty_one(monkeypatch):
    monkeypatch.setattr(sheets, "SHEET_ROWS", 3)
    assert len(read_xlsx(["n"], [[1], [2]]).sheets()) == 1


def test_moments_fit_their_column_and_headings_stay_in_sight() -> None:
    data = b"".join(sheets.xlsx_chunks(["Date", "H" * 40], [["a", "b"]], title="t"))
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', sheet)]
    assert [width > least for width, least in zip(widths, (17, 41), strict=True)] == [True, True]
    assert 'state="frozen"' in sheet
