"""Alerts in a table, the gravest on top, and everything there is to know about one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.quick import is_critical
from app.instruments.wording import Wording
from app.records import LEVELS, Alert, AlertStep, Kept, Screening, typed
from app.risk.alerts import AlertLine
from app.risk.rules import HOUR_MS
from app.texts import Texts
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.widgets.tables import CHIP_ROLE

Index = QModelIndex | QPersistentModelIndex

MINUTE_MS = HOUR_MS // 60
COLUMNS = ("level", "left", "person", "class", "reason", "status", "since")
LEFT = COLUMNS.index("left")
REASON = COLUMNS.index("reason")

_NO_PARENT = QModelIndex()


# ---- what is read ----


class AlertsData(msgspec.Struct, frozen=True):
    """What the page of alerts shows. `now` in milliseconds since 1970."""

    lines: list[AlertLine]
    groups: dict[bytes, str]
    standing: int
    closed: int
    now: int


class AlertDetail(msgspec.Struct, frozen=True):
    """One alert.

    Attributes:
        line: the alert and the person.
        group: the name of the person's class.
        screening: the answers that raised it; None where they have not arrived.
        steps: what was done, in order.
        authors: record → name of who made it: the alert, its steps.
        now: milliseconds since 1970.
    """

    line: AlertLine
    group: str
    screening: Kept[Screening] | None
    steps: list[Kept[AlertStep]]
    authors: dict[bytes, str]
    now: int


class CriticalAnswer(msgspec.Struct, frozen=True):
    """An answer that calls for a person at once, in words. `ask`: how to speak about it; empty where that is not known."""

    title: str
    question: str
    answer: str
    ask: str = ""


def read_alerts(desk: Desk, *, closed: bool) -> AlertsData:
    """Gather the alerts that need somebody, or those that do not any more."""
    tally = desk.archive.tally("alert", ("status",))
    done = tally.get(("closed",), 0)
    return AlertsData(
        lines=desk.alerts.closed() if closed else in_order(desk.alerts.standing()),
        groups={group.id: group.fields.name for group in desk.people.groups()},
        standing=sum(tally.values()) - done,
        closed=done,
        now=desk.archive.now(),
    )


def read_alert(desk: Desk, alert: bytes) -> AlertDetail:
    """Gather everything about one alert."""
    line = desk.alerts.get(alert)
    screening = desk.archive.get("screening", line.alert.fields.source)
    group = desk.archive.get("group", line.person.fields.group) if line.person.fields.group else None
    steps = desk.alerts.steps(alert)
    return AlertDetail(
        line=line,
        group=str(group.fields["name"]) if group else "",
        screening=typed(screening, Screening) if screening else None,
        steps=steps,
        authors=desk.people.authors([alert, *(step.id for step in steps)]),
        now=desk.archive.now(),
    )


def in_order(lines: Sequence[AlertLine]) -> list[AlertLine]:
    """The gravest level on top, in a level what is due first: a red alert never stands below another colour."""
    return sorted(lines, key=lambda line: (-LEVELS.index(line.alert.fields.level), line.alert.fields.due))


# ---- words ----


def time_left(context: Context, due: int, now: int) -> str:
    """As `Words.time_left`, and in the last hour, or the first one too late, in minutes."""
    if abs(due - now) < HOUR_MS:
        key = "minutes_over" if due < now else "minutes_left"
        return context.texts(f"desktop_alerts.{key}", count=abs(due - now) // MINUTE_MS)
    return context.words.time_left(due, now)


def short_moment(at: int, now: int) -> str:
    """The time of a moment of today, else its day, with the year where it is another one; milliseconds since 1970."""
    moment, present = (dt.datetime.fromtimestamp(one / 1000).astimezone() for one in (at, now))
    if moment.date() == present.date():
        return moment.strftime("%H:%M")
    return moment.strftime("%m-%d" if moment.year == present.year else "%Y-%m-%d")


def reasons(context: Context, alert: Alert) -> list[str]:
    """Why an alert was raised; ids where only a newer version of the program knows the words."""
    return context.words.reasons(alert)


def reason(context: Context, alert: Alert) -> str:
    """Instrument and reasons in one line."""
    if alert.instrument in context.library.ids():
        return context.words.alert(alert)
    # An alert must never be missing from a list because its instrument is not known here.
    return f"{alert.instrument}  {context.texts('words.separator').join(alert.reasons)}"


def definition_of(context: Context, screening: Screening) -> Definition | None:
    """The instrument as it was answered; None where this program has none of this wording."""
    return context.library.find(screening.instrument, screening.content)


def critical_answers(definition: Definition, screening: Screening, texts: Texts) -> list[CriticalAnswer]:
    """The critical questions with what was answered."""
    wording = Wording(definition, texts)
    found = []
    for rule in definition.critical:
        for item in definition.items:
            value = screening.answers.get(item.id)
            if rule.id in screening.critical and item.id in rule.items and is_critical(rule, {item.id: value}):
                said = wording.answer(item, value)
                # The value of an option stands before its words, as it does on the sheet.
                answer = f"{value}  {said}" if isinstance(item, Choice) and said != str(value) else said
                ask = wording.said(rule.ask)
                found.append(CriticalAnswer(wording.said(rule.title), wording.item(item), answer, ask))
    return found


def doubts(context: Context, definition: Definition, screening: Screening) -> list[tuple[str, str]]:
    """Reasons to doubt how a form was filled in, each as a sentence and the role that it is shown in."""
    texts, known = context.texts, {one.id: one for one in definition.quality}
    said = []
    for name in screening.quality:
        rule = known.get(name)
        title = rule.title[texts.language] if rule else name
        is_void = rule is not None and rule.verdict == "void"
        key = "desktop_forms.doubt_void" if is_void else "desktop_forms.doubt"
        said.append((texts(key, title=title), "problem" if is_void else "warning"))
    return said


# ---- the table ----


class AlertsModel(QAbstractTableModel):
    """Alerts, one to a row."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._data = AlertsData([], {}, 0, 0, 0)

    def show(self, data: AlertsData) -> None:
        """Show these alerts. Where they are the same ones, whoever looks keeps the chosen row and the place."""
        same = [line.alert.id for line in data.lines] == [line.alert.id for line in self._data.lines]
        if not same:
            self.beginResetModel()
        self._data = data
        if not same:
            self.endResetModel()
        elif data.lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(data.lines) - 1, len(COLUMNS) - 1))

    def alert_at(self, row: int) -> bytes:
        """The alert in a row."""
        return self._data.lines[row].alert.id

    def row_of(self, alert: bytes) -> int:
        """The row of an alert, -1 where it is not there."""
        return next((row for row, line in enumerate(self._data.lines) if line.alert.id == alert), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """One row for each alert."""
        return 0 if parent.isValid() else len(self._data.lines)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: N802 -- Qt's name
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802 -- Qt's name
        """The titles of columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return self._context.texts(f"desktop_alerts.column_{COLUMNS[section]}") if role == 0 else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        line, column = self._data.lines[index.row()], COLUMNS[index.column()]
        alert = line.alert.fields
        if role == CHIP_ROLE:
            late = alert.status != "closed" and alert.due < self._data.now
            return alert.level if column == "level" else "red" if column == "left" and late else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            if column == "since":
                return self._context.words.moment(alert.raised)
            return self._words(line, column)
        return None

    def _words(self, line: AlertLine, column: str) -> str:
        words, alert, now = self._context.words, line.alert.fields, self._data.now
        said: dict[str, Callable[[], str]] = {
            "level": lambda: words.level(alert.level),
            "left": lambda: time_left(self._context, alert.due, now),
            "person": lambda: words.name(line.person.fields.name),
            "class": lambda: self._data.groups.get(line.person.fields.group or b"", ""),
            "reason": lambda: reason(self._context, alert),
            "status": lambda: words.alert_status(alert.status),
            "since": lambda: short_moment(alert.raised, now),
        }
        return said[column]()
