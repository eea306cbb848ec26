"""Files of codes, read line by line (pure; engine.md 10).

One code on a line, or a table with a column for them: with commas, semicolons or tabs, with or
without a mark of order at its start, from any system. Nothing of the file is trusted: each code is
read as if a person had typed it.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from promocodes import codes

MOST_BYTES = 64 * 1024 * 1024
MOST_CODES = 1_000_000
# A column with codes is known by its heading, in the languages of our own exports among others.
HEADINGS = frozenset(
    {
        *("code", "codes", "promo code", "promocode", "promo_code", "coupon", "coupon code"),
        *("voucher", "discount code", "промокод", "промокоды", "код", "купон"),
        *("优惠码", "促销码", "折扣码", "代码"),
    }
)
_DELIMITERS = ",;\t"
_UNREADABLE = "\ufffd"
_SHOWN = 80  # characters of an unfit line that are kept


class FileUnreadable(Exception):
    """This is no text with codes in it."""

    code = "file_unreadable"


class TooManyCodes(Exception):
    """More codes than one file may hold."""

    code = "too_many_codes"


@dataclass(frozen=True, slots=True)
class Word:
    """One line's code; or its text and `why` it can't be one: `long`, `symbols`, `encoding`."""

    line: int
    code: str
    text: str = ""
    why: str = ""


def words(file: IO[bytes]) -> Iterator[Word]:
    """The lines that hold something, in their order.

    Raises `FileUnreadable` and, past `MOST_CODES`, `TooManyCodes`.
    """
    text = _text(file)
    first = text.readline()
    if "\0" in first:
        raise FileUnreadable
    delimiter = max(_DELIMITERS, key=first.count)
    rows = csv.reader(chain([first], text), delimiter=delimiter)
    column = _column(first, delimiter)
    count = 0
    try:
        for place, row in enumerate(rows):
            cell = row[column].strip() if len(row) > column else ""
            if not cell or (place == 0 and _is_heading(cell)):
                continue
            count += 1
            if count > MOST_CODES:
                raise TooManyCodes
            yield _word(rows.line_num, cell)
    except csv.Error as error:
        raise FileUnreadable from error


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    start = file.read(4)
    file.seek(0)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-8-sig"
    return io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def _column(first: str, delimiter: str) -> int:
    """The column of the codes: by its heading, else the first."""
    cells: Sequence[str] = next(csv.reader([first], delimiter=delimiter), [])
    return next((place for place, cell in enumerate(cells) if _is_heading(cell)), 0)


def _is_heading(cell: str) -> bool:
    return cell.strip().lower() in HEADINGS


def _word(line: int, cell: str) -> Word:
    try:
        return Word(line, codes.chosen(cell))
    except codes.CodeUnfit:
        text = cell[:_SHOWN]
    if _UNREADABLE in cell:
        return Word(line, "", text, "encoding")
    return Word(line, "", text, "long" if len(cell) > codes.MAX_LENGTH else "symbols")
