"""Tables out of files as people send them: .xlsx, .xlsm, .xls and delimited text, decided by content.

The face of this package: `read_sheets` reads a file, `Sheet` is what comes out, `cell_text` says what a person sees in
a cell, `has_lost_digits` whether a spreadsheet program has already damaged the number in it.
"""

from __future__ import annotations

from app.spreadsheets.cells import Cell, Sheet, cell_text, half_width, has_lost_digits
from app.spreadsheets.reading import read_sheets

__all__ = ["Cell", "Sheet", "cell_text", "half_width", "has_lost_digits", "read_sheets"]
