"""What an import would do, as a table: the lines of one fate, with a box to tick for doubtful ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from app.people.roster import Fate
from app.texts import Texts

FATES: tuple[Fate, ...] = ("taken", "doubtful", "refused")
COLUMNS = ("line", "name", "about", "effect", "reason")

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class PlanLine(msgspec.Struct, frozen=True):
    """A line of a file in words.

    Attributes:
        position: in the plan.
        sheet: name of its sheet.
        line: its number, as a spreadsheet program shows it.
        name: as far as it could be read.
        about: what tells the person from others of the name.
        effect: what taking the line does.
        reasons: what was noticed.
        changes: what of a known person would change, numbers of documents masked.
        details: `reasons` and `changes` with nothing masked, for the line that is looked at.
        is_change: whether taking it changes anything.
        is_critical: an answer in it calls for a person, whatever becomes of the line.
    """

    position: int
    sheet: str
    line: int
    fate: Fate
    name: str
    about: str
    effect: str
    reasons: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    is_change: bool = True
    is_critical: bool = False


class PlanModel(QAbstractTableModel):
    """Lines of one fate. The box of a doubtful one stands before its number.

    Args:
        texts: the language.
        kind: of the import, names the titles of the columns.
        fate: of the lines.

    Signals:
        chosen_changed: a box was ticked or cleared.
    """

    chosen_changed = Signal()

    def __init__(self, texts: Texts, kind: str, fate: Fate) -> None:
        super().__init__()
        self._texts = texts
        self._kind = kind
        self._fate = fate
        self._lines: list[PlanLine] = []
        self._shows_sheets = False
        self.chosen: set[int] = set()

    def show(self, lines: Sequence[PlanLine]) -> None:
        """Take over a plan; of several sheets each line says which is its own."""
        self.beginResetModel()
        self._shows_sheets = len({line.sheet for line in lines}) > 1
        self._lines = [line for line in lines if line.fate == self._fate]
        self.chosen = set()
        self.endResetModel()
        self.chosen_changed.emit()

    def line(self, row: int) -> PlanLine | None:
        """The line in a row."""
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def toggle(self, row: int) -> None:
        """Tick a doubtful line, or clear it."""
        line = self.line(row)
        if line is None or self._fate != "doubtful":
            return
        self.chosen ^= {line.position}
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        self.chosen_changed.emit()

    def choose_all(self, *, chosen: bool) -> None:
        """Tick or clear every doubtful line."""
        self.chosen = {line.position for line in self._lines} if chosen and self._fate == "doubtful" else set()
        if self._lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._lines) - 1, len(COLUMNS) - 1))
        self.chosen_changed.emit()

    def text(self, row: int, column: int) -> str:
        """What stands in a cell."""
        line = self._lines[row]
        match COLUMNS[column]:
            case "line":
                place = self._texts("desktop_people.line_in_sheet", sheet=line.sheet, line=line.line)
                return place if self._shows_sheets else str(line.line)
            case "name":
                return line.name
            case "about":
                return line.about
            case "effect":
                return line.effect
        return joined(self._texts, (*line.reasons, *line.changes))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each line."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The boxes can be ticked."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if self._has_box(index) else flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts and boxes."""
        line = self._lines[index.row()]
        match role:
            case Role.DisplayRole | Role.ToolTipRole:
                return self.text(index.row(), index.column())
            case Role.CheckStateRole if self._has_box(index):
                return Qt.CheckState.Checked if line.position in self.chosen else Qt.CheckState.Unchecked
            case Role.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: N802 -- Qt's name
        """A click on a box."""
        if role != Role.CheckStateRole or not self._has_box(index):
            return False
        line = self._lines[index.row()]
        if (Qt.CheckState(value) == Qt.CheckState.Checked) != (line.position in self.chosen):
            self.toggle(index.row())
        return True

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._texts(f"desktop_people.{self._kind}_column_{COLUMNS[section]}")

    def _has_box(self, index: Index) -> bool:
        return self._fate == "doubtful" and index.column() == 0


def joined(texts: Texts, sentences: Iterable[str]) -> str:
    """Sentences in one line; a full stop in the middle of it goes."""
    return texts("words.separator").join(sentence.rstrip("。.") for sentence in sentences)
