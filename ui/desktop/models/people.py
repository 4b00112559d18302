"""The list of people: who they are in one line each, and whether somebody must look at them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.people.service import Listing, PersonLine
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.widgets import tables

COLUMNS = ("name", "alert", "sex", "age", "group_name", "student_number")

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class PeopleData(msgspec.Struct, frozen=True):
    """What the page shows.

    Attributes:
        people: how many the archive holds.
        groups: names by id, as they came.
        sizes: people in each group.
        listing: those who match.
        day: today, for ages.
    """

    people: int
    groups: dict[bytes, str]
    sizes: dict[bytes, int]
    listing: Listing
    day: dt.date


def read_people(desk: Desk, text: str, group: bytes | None) -> PeopleData:
    """Gather what the page shows."""
    return PeopleData(
        people=desk.people.count(),
        groups={one.id: one.fields.name for one in desk.people.groups()},
        sizes=desk.people.group_sizes(),
        listing=desk.people.listing(text, group),
        day=dt.datetime.fromtimestamp(desk.archive.now() / 1000).astimezone().date(),
    )


class PeopleModel(QAbstractTableModel):
    """People, one row each; `Qt.ItemDataRole.UserRole` gives the id."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._lines: list[PersonLine] = []
        self._groups: dict[bytes, str] = {}
        self._day: dt.date | None = None

    def show(self, data: PeopleData) -> bool:
        """Take over what was read; returns whether that is something else than before."""
        lines, groups, day = data.listing.lines, data.groups, data.day
        if (lines, groups, day) == (self._lines, self._groups, self._day):
            return False
        self.beginResetModel()
        self._lines, self._groups, self._day = lines, groups, day
        self.endResetModel()
        return True

    def person(self, row: int) -> bytes | None:
        """Who is in a row."""
        return self._lines[row].person.id if 0 <= row < len(self._lines) else None

    def row_of(self, person: bytes | None) -> int:
        """The row of a person, -1 where they are not in the list."""
        return next((row for row, line in enumerate(self._lines) if line.person.id == person), -1)

    def text(self, row: int, column: int) -> str:
        """What stands in a cell."""
        line = self._lines[row]
        fields, words = line.person.fields, self._context.words
        match COLUMNS[column]:
            case "name":
                return fields.name
            case "sex":
                return words.sex(fields.sex) if fields.sex in {"male", "female"} else ""
            case "age":
                return words.age(fields.birth_date, self._day) if self._day else ""
            case "group_name":
                return self._groups.get(fields.group or b"", "")
            case "student_number":
                return fields.student_number or ""
        return words.level(line.level) if line.level else ""

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each person."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts; the marker is a chip in the colour of its level."""
        line = self._lines[index.row()]
        match role:
            case Role.DisplayRole:
                return self.text(index.row(), index.column())
            case Role.ToolTipRole:
                return self._tip(index)
            case tables.CHIP_ROLE if COLUMNS[index.column()] == "alert":
                return line.level
            case Role.UserRole:
                return line.person.id
        return None

    def _tip(self, index: Index) -> str:
        text = self.text(index.row(), index.column())
        is_alert = COLUMNS[index.column()] == "alert"
        return self._context.texts("desktop_people.standing_alert") if is_alert and text else text

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._context.texts(f"desktop_people.column_{COLUMNS[section]}")
