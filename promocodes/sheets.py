"""Tables that leave the house as CSV or XLSX: streamed, and no cell can start a formula (pure).

engine.md 12. A table is its headings and an iterator of rows; memory stays bounded however long it
is. Text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, count, islice
from typing import IO, Any

import xlsxwriter

Cell = str | int | Decimal | datetime | None
Row = Sequence[Cell]

CHUNK = 1_000  # rows that are written at once
BYTES = 1 << 16
WIDTH = 18  # of a column, in characters: a moment fits, which would be shown as #### otherwise
SHEET_ROWS = 1_048_576  # of a worksheet, by its format
BOM = "\ufeff"  # so that spreadsheets read UTF-8
# What starts a formula, in ASCII and full width (tabs and line ends hide one), or is no text.
_SUSPECT = re.compile(
    "^[ \u00a0]*[=+\\-@|\uff1d\uff0b\uff0d\uff20\\t\\r\\n]|[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]"
)
_NO_TEXT = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet runs; control characters are dropped."""
    if (text[:1].isalnum() and text.isprintable()) or not _SUSPECT.search(text):
        return text
    kept = _NO_TEXT.sub("", text)
    return f"'{kept}" if _SUSPECT.match(kept) else kept


def csv_chunks(headings: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The table as CSV in UTF-8, some rows at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([safe(heading) for heading in headings])
    source = iter(rows)
    while True:
        chunk = list(islice(source, CHUNK))
        writer.writerows([_csv_cell(cell) for cell in row] for row in chunk)
        yield buffer.getvalue().encode()
        if not chunk:
            return
        buffer.seek(0)
        buffer.truncate()


def xlsx_chunks(headings: Sequence[str], rows: Iterable[Row], *, title: str) -> Iterator[bytes]:
    """The table in XLSX format, some bytes at a time; it is put together in a file on disk.

    A table longer than a worksheet goes on in the next one, under the same headings.
    """
    with tempfile.TemporaryFile() as file:
        _write_book(file, headings, rows, title)
        file.seek(0)
        while chunk := file.read(BYTES):
            yield chunk


def _write_book(file: IO[bytes], headings: Sequence[str], rows: Iterable[Row], title: str) -> None:
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        source = iter(rows)
        for number in count(1):
            part = list(islice(source, 1)) if number > 1 else []
            if number > 1 and not part:
                return
            sheet = book.add_worksheet(_sheet_name(title, number))
            for column, heading in enumerate(headings):
                sheet.set_column(column, column, max(WIDTH, len(heading) + 2))
            sheet.freeze_panes(1, 0)
            _write_row(sheet, 0, list(headings), moment, bold)
            rest = islice(source, SHEET_ROWS - 1 - len(part))
            for place, row in enumerate(chain(part, rest), 1):
                _write_row(sheet, place, row, moment)


def _csv_cell(cell: Cell) -> str | int | Decimal | None:
    if isinstance(cell, str):
        return safe(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")[:16]
    return cell


def _write_row(sheet: Any, place: int, row: Row, moment: Any, *style: Any) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            sheet.write_string(place, column, safe(cell), *style)
        elif isinstance(cell, datetime):
            sheet.write_datetime(place, column, cell.replace(tzinfo=None), moment)
        elif cell is not None:
            sheet.write_number(place, column, cell)


def _sheet_name(title: str, number: int) -> str:
    """A worksheet's name: at most 31 characters, none of the seven that the format refuses."""
    name = "".join(char for char in title if char not in "[]:*?/\\").strip("'") or "1"
    return name[:31] if number == 1 else f"{name[:26]} {number}"
