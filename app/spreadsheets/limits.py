"""How large a table may be before it is refused."""

from __future__ import annotations

from app.errors import Problem

MAX_FILE_BYTES = 100 * 2**20
MAX_XML_BYTES = 500 * 2**20
# A sheet is held as a full rectangle while it is read, so one stray cell far to the right costs as much as a full table.
_MAX_CELLS = 10_000_000


class Extent:
    """How far a sheet reaches; refuses it as soon as that is too far.

    Args:
        max_rows: the highest line that may hold something.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._line = 0
        self._column = 0

    def reach(self, line: int, column: int) -> None:
        """Something stands in `line` and `column`, both counted from one."""
        if line <= self._line and column <= self._column:
            return
        self._line = max(line, self._line)
        self._column = max(column, self._column)
        if self._line > self._max_rows:
            raise Problem("spreadsheet.too_many_rows", limit=self._max_rows)
        if self._line * self._column > _MAX_CELLS:
            raise Problem("spreadsheet.too_wide")
