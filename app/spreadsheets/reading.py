"""From a file to its sheets."""

from __future__ import annotations

import io
import re
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from app.errors import Problem
from app.spreadsheets import compound, xls, xlsx
from app.spreadsheets.cells import Cell, Sheet
from app.spreadsheets.delimited import decode, read_delimited
from app.spreadsheets.limits import MAX_FILE_BYTES

_ZIP = b"PK\x03\x04"
_OTHER_DOCUMENTS = (b"%PDF", b"{\\rtf", b"PK")
_MARKUP = re.compile(r"\s*<[!?a-z]", re.IGNORECASE)
_XML_WORKBOOK = "urn:schemas-microsoft-com:office:spreadsheet"
_HEAD = 4096


def read_sheets(path: Path, *, max_rows: int = 50_000) -> list[Sheet]:
    """The tables in the file at `path`, in the order of the file.

    The content decides what the file is, not its name. Hidden sheets are left out: a person who looks at the file does
    not see them, and what school programs keep there are lists of choices, not people. Blank sheets are left out too.
    Where cells of one column are merged, each of them gets the content; cells merged across columns keep it at the left.

    Args:
        path: .xlsx, .xlsm, .xls or delimited text (UTF-8, UTF-16 with a mark, GB18030).
        max_rows: the highest line that may hold something.

    Raises:
        Problem: with a ``spreadsheet.…`` key; the file is refused as a whole.
    """
    data = _content(path)
    if data.startswith(_ZIP):
        xlsx.check(data, max_rows)
        sheets = _workbook(data)
    elif data.startswith(compound.SIGNATURE):
        sheets = _workbook(xls.checked(data, max_rows))
    else:
        sheets = [Sheet(path.stem, _text_rows(data, max_rows), 1)]
    filled = [sheet for sheet in map(_without_blank_edges, sheets) if sheet.rows]
    if not filled:
        raise Problem("spreadsheet.empty")
    return filled


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Problem("spreadsheet.too_large")
        return path.read_bytes()
    except FileNotFoundError:
        raise Problem("spreadsheet.no_such_file", name=path.name) from None
    except OSError:
        raise Problem("spreadsheet.unreadable", name=path.name) from None


def _text_rows(data: bytes, max_rows: int) -> list[list[Cell]]:
    if data.startswith(_OTHER_DOCUMENTS):
        raise Problem("spreadsheet.not_a_spreadsheet")
    text = decode(data)
    start = text[:_HEAD].lower()
    if start.startswith("mime-version:"):
        raise Problem("spreadsheet.save_again", format="MHT")
    if _MARKUP.match(start):
        if _XML_WORKBOOK in start:
            raise Problem("spreadsheet.save_again", format="XML")
        if "<html" in start or "<table" in start:
            raise Problem("spreadsheet.save_again", format="HTML")
        raise Problem("spreadsheet.not_a_spreadsheet")
    return read_delimited(text, max_rows)


def _workbook(data: bytes) -> list[Sheet]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            return [
                _sheet(workbook.get_sheet_by_index(index))
                for index, about in enumerate(workbook.sheets_metadata)
                if about.typ == SheetTypeEnum.WorkSheet and about.visible == SheetVisibleEnum.Visible
            ]
    except CalamineError:
        raise Problem("spreadsheet.damaged") from None
    except BaseException as error:
        # What a damaged workbook makes the reader stumble over arrives as this class, which cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise Problem("spreadsheet.damaged") from None


def _sheet(source: CalamineSheet) -> Sheet:
    if source.start is None:
        return Sheet(source.name, [], 1)
    first_row, first_column = source.start
    rows: list[list[Cell]] = [[""] * first_column + row for row in source.to_python()]
    for (top, left), (bottom, right) in source.merged_cell_ranges or ():
        if left != right or not first_row <= top < first_row + len(rows) or left >= len(rows[top - first_row]):
            continue
        content = rows[top - first_row][left]
        for row in rows[top - first_row + 1 : bottom - first_row + 1]:
            row[left] = content
    return Sheet(source.name, rows, first_row + 1)


def _without_blank_edges(sheet: Sheet) -> Sheet:
    rows = []
    for row in sheet.rows:
        width = len(row)
        while width and _is_blank(row[width - 1]):
            width -= 1
        rows.append(row[:width])
    first = next((index for index, row in enumerate(rows) if row), len(rows))
    while rows and not rows[-1]:
        rows.pop()
    return Sheet(sheet.name, rows[first:], sheet.line(first))


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
