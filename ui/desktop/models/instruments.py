"""Instruments and record forms in a table."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.errors import Problem
from app.instruments.definition import Definition
from app.texts import Texts
from ui.desktop.desk import Desk
from ui.desktop.widgets import tables

COLUMNS = ("short", "title", "whom", "items", "wording", "licence")
WORDING = COLUMNS.index("wording")

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_NO_PARENT = QModelIndex()
_CHIPS = {"full": "green", "structure": "plain"}


class InstrumentLine(msgspec.Struct, frozen=True):
    """One instrument: what stands in the columns, and all words by which it is found."""

    id: str
    cells: tuple[str, ...]
    wording: str
    found_by: str


def read_instruments(desk: Desk, texts: Texts) -> list[InstrumentLine]:
    """All instruments and forms that there are; one that cannot be read is left out."""
    lines = []
    for name in desk.library.ids():
        try:
            lines.append(_line(desk.library.get(name), texts))
        except Problem:
            continue
    return lines


def _line(definition: Definition, texts: Texts) -> InstrumentLine:
    language, wording = texts.language, definition.copyright.wording
    cells = (
        definition.short_title,
        definition.title[language],
        definition.population[language],
        str(len(definition.items)),
        texts(f"about.short_{wording}"),
        definition.copyright.statement,
    )
    names = (definition.id, definition.short_title, *definition.title.values(), definition.population[language])
    return InstrumentLine(definition.id, cells, wording, " ".join(names).casefold())


class InstrumentsModel(QAbstractTableModel):
    """Instruments, one row each; `show` and `search` decide which."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._all: list[InstrumentLine] = []
        self._lines: list[InstrumentLine] = []
        self._search = ""

    def show(self, lines: list[InstrumentLine]) -> bool:
        """Take over what was read; returns whether that is something else than before."""
        if lines == self._all:
            return False
        self._all = lines
        self._choose()
        return True

    def search(self, text: str) -> None:
        """Keep those that have every word of `text` in their names or in whom they are for."""
        self._search = text
        self._choose()

    def _choose(self) -> None:
        words = self._search.casefold().split()
        self.beginResetModel()
        self._lines = [line for line in self._all if all(word in line.found_by for word in words)]
        self.endResetModel()

    def instrument(self, row: int) -> str | None:
        """The id of the instrument in a row."""
        return self._lines[row].id if 0 <= row < len(self._lines) else None

    def row_of(self, instrument: str | None) -> int:
        """The row of an instrument, -1 where it is not in the list."""
        return next((row for row, line in enumerate(self._lines) if line.id == instrument), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each instrument."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts; whether the wording is here is a chip."""
        line = self._lines[index.row()]
        if role in {Role.DisplayRole, Role.ToolTipRole}:
            return line.cells[index.column()]
        if role == tables.CHIP_ROLE and index.column() == WORDING:
            return _CHIPS[line.wording]
        return line.id if role == Role.UserRole else None

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._texts(f"desktop_instruments.column_{COLUMNS[section]}")
