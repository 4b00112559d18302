"""Old .xls workbooks, looked through before they are read: what is protected, damaged or too large is refused here."""

from __future__ import annotations

import struct

from app.errors import Problem
from app.spreadsheets.compound import CompoundFile, Damaged, write_workbook
from app.spreadsheets.limits import Extent

# Record numbers of [MS-XLS] 2.3.
_BOF = 0x0809
_BOUND_SHEET = 0x0085
_FILE_PASS = 0x002F
_DIMENSIONS = 0x0200
_MULTIPLE_NUMBERS = 0x00BD
_CELLS = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00D6, 0x00FD, _MULTIPLE_NUMBERS})
_NO_RECORD = b"\xff\xff"


def checked(data: bytes, max_rows: int) -> bytes:
    """The workbook in `data`, in a clean container that can be read without danger.

    Raises:
        Problem: ``spreadsheet.password``, ``spreadsheet.not_a_spreadsheet`` (another kind of document),
            ``spreadsheet.damaged``, ``spreadsheet.too_many_rows`` or ``spreadsheet.too_wide``.
    """
    try:
        container = CompoundFile(data)
        if "EncryptedPackage" in container:
            raise Problem("spreadsheet.password")
        name = next((name for name in ("Workbook", "Book") if name in container), None)
        if name is None:
            raise Problem("spreadsheet.not_a_spreadsheet")
        return write_workbook(_checked_stream(container.read(name), max_rows))
    except (Damaged, struct.error):
        raise Problem("spreadsheet.damaged") from None


def _checked_stream(stream: bytes, max_rows: int) -> bytes:
    """`stream` without its notes on how much memory the sheets will need: they may lie, and nothing depends on them."""
    clean = bytearray(stream)
    begins: set[int] = set()
    sheets: list[int] = []
    extent = Extent(max_rows)
    at = 0
    while at + 4 <= len(stream):
        record, length = struct.unpack_from("<HH", stream, at)
        body = at + 4
        if body + length > len(stream):
            break
        if record == _BOF:
            begins.add(at)
            extent = Extent(max_rows)
        elif record == _BOUND_SHEET:
            sheets.append(struct.unpack_from("<I", stream, body)[0])
        elif record == _FILE_PASS:
            raise Problem("spreadsheet.password")
        elif record == _DIMENSIONS:
            clean[at : at + 2] = _NO_RECORD
        elif record in _CELLS:
            row, column = struct.unpack_from("<HH", stream, body)
            if record == _MULTIPLE_NUMBERS:
                column = struct.unpack_from("<H", stream, body + length - 2)[0]
            extent.reach(row + 1, column + 1)
        at = body + length
    if not sheets or not begins.issuperset(sheets):
        raise Damaged
    return bytes(clean)
