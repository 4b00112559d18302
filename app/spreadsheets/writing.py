"""A small table as a spreadsheet file, for people to read and correct."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import xlsxwriter

_WIDEST = 80
_WIDE = "\u2e80"
"""From here on characters are as wide as two letters."""


class Table(NamedTuple):
    """One sheet of a workbook.

    Attributes:
        title: of the sheet, at most 31 characters.
        header: of the columns; it stays in sight while one scrolls.
        rows: below it, as wide as the header.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | float]]


def workbook(title: str, header: Sequence[str], rows: Sequence[Sequence[str | float]]) -> bytes:
    """The content of an .xlsx file with one sheet; see `Table` and `workbook_of`."""
    return workbook_of([Table(title, header, rows)])


def workbook_of(tables: Sequence[Table]) -> bytes:
    """The content of an .xlsx file.

    Texts stay texts, whatever they look like: a name that begins with ``=`` is no formula. Nothing is written to the disk.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        folded = book.add_format({"text_wrap": True, "valign": "top"})
        for table in tables:
            sheet = book.add_worksheet(table.title)
            for column, text in enumerate(table.header):
                sheet.write_string(0, column, text, bold)
                lengths = (_width(str(row[column])) for row in table.rows)
                sheet.set_column(column, column, min(max(_width(text), *lengths, 0), _WIDEST) + 2)
            for number, row in enumerate(table.rows, 1):
                for column, cell in enumerate(row):
                    if isinstance(cell, int | float):
                        sheet.write_number(number, column, cell, folded)
                    else:
                        sheet.write_string(number, column, cell, folded)
            sheet.freeze_panes(1, 0)
    return content.getvalue()


def _width(text: str) -> int:
    return sum(2 if character >= _WIDE else 1 for character in text)
