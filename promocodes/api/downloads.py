"""Tables that programs download: CSV in UTF-8 without a mark in front, streamed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes

from promocodes import sheets

# The answer of such a call, for the document.
CSV: dict[Any, Any] = {(200, "text/csv"): OpenApiTypes.BINARY}
_BOM = sheets.BOM.encode()


def csv_of(
    columns: Sequence[str], rows: Iterable[sheets.Row], *, name: str
) -> StreamingHttpResponse:
    """The table as an attachment, in bounded memory."""
    answer = StreamingHttpResponse(
        _unmarked(sheets.csv_chunks(columns, rows)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _unmarked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks).removeprefix(_BOM)
    yield from chunks
