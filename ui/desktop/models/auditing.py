"""The access log: entries of a time, and those among them that are asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, get_args

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.audit import Entry, entry_words
from app.checkpoints import last_printed
from app.records import AccessKind
from app.texts import Texts
from ui.desktop.desk import Desk

COLUMNS = ("time", "user", "done", "about", "detail")
KINDS: tuple[AccessKind, ...] = get_args(AccessKind)

Period = Literal["today", "week", "month", "custom"]
PERIODS: tuple[Period, ...] = get_args(Period)

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class Days(msgspec.Struct, frozen=True):
    """From one day to another, both included."""

    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, period: Period, today: dt.date) -> Days:
        """Today; this week from Monday; this month."""
        match period:
            case "week":
                return cls(today - dt.timedelta(today.weekday()), today)
            case "month":
                return cls(today.replace(day=1), today)
        return cls(today, today)

    def moments(self) -> tuple[int, int]:
        """The same in milliseconds since 1970, in the time of this computer."""
        return _begin(self.first), _begin(self.last + dt.timedelta(1)) - 1


class AuditData(msgspec.Struct, frozen=True):
    """What the page shows. Times in milliseconds since 1970; `printed` is that of the last checkpoint on paper."""

    entries: list[Entry]
    printed: int
    now: int


def read_audit(desk: Desk, days: Days) -> AuditData:
    """Gather what the page shows. Raises Problem where the user has no right to it."""
    return AuditData(desk.audit.listed(*days.moments()), last_printed(desk.archive), desk.archive.now())


def _begin(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time()).astimezone().timestamp() * 1000)


class AuditModel(QAbstractTableModel):
    """Entries, one row each, the newest first."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._all: list[Entry] = []
        self._kind, self._user = "", ""
        self.entries: list[Entry] = []
        """Those that are shown."""

    @property
    def users(self) -> list[str]:
        """Everybody who did something in this time."""
        return sorted({entry.user for entry in self._all})

    def show(self, entries: list[Entry]) -> None:
        """Take over what was read."""
        if entries != self._all:
            self._all = entries
            self._choose()

    def ask(self, kind: str, user: str) -> None:
        """Show what was done by a user; empty for everything, and for everybody."""
        if (kind, user) != (self._kind, self._user):
            self._kind, self._user = kind, user
            self._choose()

    def _choose(self) -> None:
        self.beginResetModel()
        self.entries = [
            one
            for one in self._all
            if (not self._kind or one.kind == self._kind) and (not self._user or one.user == self._user)
        ]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each entry."""
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts."""
        if role in {Role.DisplayRole, Role.ToolTipRole}:
            return entry_words(self.entries[index.row()], self._texts)[index.column()]
        return None

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._texts(f"audit.column_{COLUMNS[section]}")
