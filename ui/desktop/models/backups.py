"""The backups that lie in a folder, and what is wrong with an archive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QAbstractTableModel, QLocale, QModelIndex, QPersistentModelIndex, Qt

from app.errors import Problem
from app.texts import Texts
from storage.backup import Found, check
from storage.verify import Finding
from ui.desktop.tasks import Task
from ui.desktop.widgets import tables

COLUMNS = ("made", "size", "file", "verdict")
SHOWN_PLACES = 3

Verdict = Literal["unknown", "good", "damaged"]
"""What is known of a backup; of a new one, that it was good when it was made."""

_SIZES = QLocale.DataSizeFormat.DataSizeTraditionalFormat
_CHIPS = {"unknown": "plain", "good": "green", "damaged": "red"}

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


def check_all(task: Task, files: Sequence[Path], progress: Callable[[int, int], None]) -> dict[Path, Verdict]:
    """Read whole backups; those that were read when the task is cancelled are lost."""
    verdicts: dict[Path, Verdict] = {}
    for number, path in enumerate(files):
        progress(number, len(files))
        try:
            check(path, task.is_cancelled)
        except Problem as problem:
            if problem.key == "backup.stopped":
                break
            verdicts[path] = "damaged"
        else:
            verdicts[path] = "good"
    return verdicts


def finding_words(texts: Texts, findings: Sequence[Finding]) -> list[str]:
    """What is wrong with an archive: a sentence for each kind, with the first few places."""
    lines = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        places = [finding.place for finding in findings if finding.kind == kind]
        shown = texts("words.separator").join(places[:SHOWN_PLACES]) + ("…" if len(places) > SHOWN_PLACES else "")
        lines.append(texts(f"desktop_backup.finding_{kind}", count=len(places), places=shown))
    return lines


class BackupsModel(QAbstractTableModel):
    """Backups, one row each, the newest first."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._found: list[Found] = []
        self._verdicts: dict[Path, Verdict] = {}

    @property
    def files(self) -> list[Path]:
        """The files."""
        return [one.path for one in self._found]

    def show(self, found: list[Found]) -> bool:
        """Take over what was found; returns whether it is anything new."""
        if found == self._found:
            return False
        self.beginResetModel()
        self._found = found
        self.endResetModel()
        return True

    def judge(self, verdicts: dict[Path, Verdict]) -> None:
        """Take over what a check said."""
        self.beginResetModel()
        self._verdicts = verdicts
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each backup."""
        return 0 if parent.isValid() else len(self._found)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts; what is known of a backup is a chip."""
        one, column = self._found[index.row()], COLUMNS[index.column()]
        verdict = self._verdicts.get(one.path, "unknown")
        match role:
            case Role.DisplayRole:
                return self._text(one, column, verdict)
            case Role.ToolTipRole if column == "file":
                return str(one.path)
            case tables.CHIP_ROLE if column == "verdict":
                return _CHIPS[verdict]
        return None

    def _text(self, one: Found, column: str, verdict: Verdict) -> str:
        match column:
            case "made":
                return f"{dt.datetime.fromtimestamp(one.made / 1000).astimezone():%Y-%m-%d %H:%M}"
            case "size":
                return QLocale(self._texts.language).formattedDataSize(one.size, 1, _SIZES)
            case "file":
                return one.path.name
        return self._texts(f"desktop_backup.verdict_{verdict}")

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._texts(f"desktop_backup.column_{COLUMNS[section]}")
