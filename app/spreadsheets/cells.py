"""What a sheet holds, and what a person sees in a cell."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec

Cell = str | int | float | bool | date | datetime | time | timedelta
"""The content of a cell; an empty one is ``""``."""

# A double holds every whole number of 15 digits; from 16 digits on, spreadsheet programs put zeros.
_FIRST_SPOILED = 10**15

# Joiners, direction marks, soft hyphen and byte order mark: nobody sees them, and they make equal names differ.
_UNSEEN = "\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_UNCLEAN = re.compile(rf"[^\S ]|  |[{_UNSEEN}]|^[ '=]| $")
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_TEXT_FORMULA = re.compile(r'="(.*)"')


class Sheet(msgspec.Struct, frozen=True):
    """One table of a file.

    Attributes:
        name: of the sheet; for a text file, the file's name without its ending.
        rows: from the first to the last row that holds something. Blank cells at the end of a row are left off, so a
            row may be shorter than its neighbours, and a blank row is ``[]``.
        first_line: the number that a spreadsheet program shows beside the first of `rows`.
    """

    name: str
    rows: list[list[Cell]]
    first_line: int

    def line(self, index: int) -> int:
        """The number that a spreadsheet program shows beside ``rows[index]``."""
        return self.first_line + index


def has_lost_digits(cell: Cell) -> bool:
    """Whether `cell` is a number of more than 15 digits, of which a spreadsheet program has kept only 15."""
    return isinstance(cell, int | float) and abs(cell) >= _FIRST_SPOILED


def half_width(text: str) -> str:
    """`text` with full-width digits, letters and signs (U+FF01 to U+FF5E) as their ASCII twins."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def cell_text(cell: Cell, *, as_half_width: bool = False) -> str:
    """What a person sees in `cell`, cleaned of what nobody sees.

    Dates are ISO text. Whole numbers have no decimal point, and never an exponent; of a number with lost digits the
    first 15 are shown and zeros follow, as spreadsheet programs show it. In text, every run of white space (line breaks,
    U+3000, NBSP) is one space, invisible characters are gone, and so are the two tricks that keep digits as text: a
    leading apostrophe and ``="…"``.

    Args:
        cell: the content of a cell.
        as_half_width: also turn full-width digits, letters and signs into ASCII.
    """
    if isinstance(cell, str):
        text = _clean(cell)
        return half_width(text) if as_half_width else text
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        return _number_text(cell)
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _clean(text: str) -> str:
    if not _UNCLEAN.search(text):
        return text
    text = " ".join(_INVISIBLE.sub("", text).split())
    formula = _TEXT_FORMULA.fullmatch(text)
    if formula:
        text = formula[1].strip()
    return text.removeprefix("'").lstrip()


def _number_text(number: float) -> str:
    if abs(number) < _FIRST_SPOILED and number == int(number):
        return str(int(number))
    return format(Decimal(format(number, ".15g")), "f")
