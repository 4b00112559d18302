"""Delimited text: comma, semicolon or tab, in the encodings that spreadsheet programs in China write."""

from __future__ import annotations

import codecs
import csv
import io
import re

from app.errors import Problem
from app.spreadsheets.cells import Cell

_DELIMITERS = ",\t;"  # in this order where two fit equally well
_SAMPLE_RECORDS = 100
# Excel's own hint, which it does not show as a line.
_DELIMITER_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes) -> str:
    """The text of `data`: what a byte order mark says, else strict UTF-8, else strict GB18030.

    Raises:
        Problem: ``spreadsheet.not_a_spreadsheet`` for what is no text, ``spreadsheet.unreadable_text`` for text with
            bytes that are damaged.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    if b"\0" in data:
        raise Problem("spreadsheet.not_a_spreadsheet")
    try:
        return _checked(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _strict(data, "gb18030")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return _checked(data.decode(encoding))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding)
        if not _looks_like_a_table(before):
            raise Problem("spreadsheet.not_a_spreadsheet") from None
        raise Problem("spreadsheet.unreadable_text", line=before.count("\n") + 1) from None


def _checked(text: str) -> str:
    text = text.removesuffix("\x1a")  # the end-of-file sign of old programs
    if _CONTROL.search(text):
        raise Problem("spreadsheet.not_a_spreadsheet")
    return text


def _looks_like_a_table(text: str) -> bool:
    return not _CONTROL.search(text) and "\n" in text and any(delimiter in text for delimiter in _DELIMITERS)


def read_delimited(text: str, max_rows: int) -> list[list[Cell]]:
    """The records of `text`; record n is what a spreadsheet program shows in line n.

    The delimiter is the one that cuts most records into the same number of fields, and into most fields.

    Raises:
        Problem: ``spreadsheet.too_many_rows``, or ``spreadsheet.open_quote`` where a quotation mark is never closed.
    """
    hint = _DELIMITER_HINT.match(text)
    delimiter = hint[1] if hint else _delimiter(text)
    rows: list[list[Cell]] = []
    reader = csv.reader(io.StringIO(text[hint.end() if hint else 0 :], newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if len(rows) < max_rows:
                rows.append(list[Cell](row))
            elif any(field.strip() for field in row):
                raise Problem("spreadsheet.too_many_rows", limit=max_rows)
    except csv.Error:
        raise Problem("spreadsheet.open_quote", line=len(rows) + 1) from None
    return rows


def _delimiter(text: str) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        """How many sampled records have the commonest number of fields above one, and how many fields those are."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths: dict[int, int] = {}
        try:
            for _, row in zip(range(_SAMPLE_RECORDS), reader, strict=False):
                if len(row) > 1:
                    widths[len(row)] = widths.get(len(row), 0) + 1
        except csv.Error:
            return (0, 0)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=score)
