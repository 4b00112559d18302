"""One person (一生一档): who they are, what stands out, how scores went, and everything that happened, newest first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.errors import Problem
from app.people.identity import mask
from app.records import Alert, Kept
from ui.desktop.context import Context
from ui.desktop.models.curves import curves
from ui.desktop.models.fields import conflict_words
from ui.desktop.models.person import PersonData, read_person
from ui.desktop.screens.rights import RightsDialog
from ui.desktop.screens.timeline import Timeline, alert_words
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row, scrolled
from ui.desktop.widgets.curve import CurveChart

REVEAL_MS = 10_000
"""How long a number of a document stays readable."""
CHART_WIDTH = 300
"""Two charts stand side by side where each has this much room."""


class PersonView(QWidget):
    """Shows one person at a time.

    Signals:
        edit_wanted: somebody wants to correct what is known about the person, by id.
        refer_wanted: somebody wants to send the person to another station, by id.
        fill_wanted: somebody wants to fill in a form about the person, by id.
        note_wanted: somebody wants to write a session note, by id of the person; and the session that it corrects, empty
            for none.
    """

    edit_wanted = Signal(bytes)
    refer_wanted = Signal(bytes)
    fill_wanted = Signal(bytes)
    note_wanted = Signal(bytes, bytes)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._task: Task | None = None
        self._data: PersonData | None = None
        self.person: bytes | None = None
        self._nobody = label(context.texts("desktop_people.choose_somebody"), "muted")
        self._nobody.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nobody.setWordWrap(True)
        self._banner = Banner()
        self._content = QVBoxLayout()
        self._content.setContentsMargins(0, 0, 4, 0)
        self._content.setSpacing(context.theme.size("gap"))
        self._scroll = scrolled(self._content)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nobody)
        self._stack.addWidget(self._scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._banner)
        layout.addWidget(self._stack)

    def show_person(self, person: bytes) -> None:
        """Show somebody, from the top."""
        if person != self.person:
            self.person = person
            self._scroll.verticalScrollBar().setValue(0)
        self.refresh()

    def refresh(self) -> None:
        """Read anew who is shown; what stays the same is left alone."""
        if self._task is not None:
            self._task.cancel()
        if self.person is not None:
            person = self.person
            self._task = self._context.tasks.on_archive(
                self, lambda desk: read_person(desk, person), self._show, self._fail
            )

    def _fail(self, problem: Problem) -> None:
        """The person could not be read: nothing of anybody else may stay in sight."""
        self._data = None
        clear(self._content)
        self._banner.say(self._context.texts.problem(problem))
        self._stack.setCurrentWidget(self._nobody)

    def _show(self, data: PersonData) -> None:
        self._banner.clear()
        self._stack.setCurrentWidget(self._scroll)
        if data == self._data:
            return
        self._data = data
        clear(self._content)
        person = data.person.id
        doing = Doing(
            note=partial(self.note_wanted.emit, person, b""),
            refer=partial(self.refer_wanted.emit, person),
            edit=partial(self.edit_wanted.emit, person),
            rights=self._open_rights,
        )
        self._content.addWidget(Header(self._context, data, doing))
        if data.standing:
            self._content.addWidget(self._alerts(data))
        drawn = curves(self._context, data.timeline)
        if drawn:
            self._content.addWidget(
                Charts([CurveChart(one, self._context.texts, self._context.theme) for one in drawn])
            )
        timeline = Timeline(self._context, data)
        timeline.amend_wanted.connect(partial(self.note_wanted.emit, person))
        timeline.fill_wanted.connect(partial(self.fill_wanted.emit, person))
        self._content.addWidget(timeline)
        self._content.addStretch(1)

    def _open_rights(self) -> None:
        if self.person is not None:
            dialog = RightsDialog(self._context, self.person, self.window())
            dialog.erased.connect(self._forget)
            dialog.open()

    def _forget(self) -> None:
        """Nobody is shown: who was is no longer in the archive."""
        self.person = self._data = None
        clear(self._content)
        self._stack.setCurrentWidget(self._nobody)

    def _alerts(self, data: PersonData) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self._context.texts("desktop.standing_alerts"), "heading"))
        for alert in data.standing:
            layout.addLayout(self._alert(alert, is_late=alert.id in data.overdue))
        return frame

    def _alert(self, alert: Kept[Alert], *, is_late: bool) -> QHBoxLayout:
        """The level and the status on a button that leads to the alert, and why it was raised."""
        texts, words = self._context.texts, self._context.words
        level, status = words.level(alert.fields.level), words.alert_status(alert.fields.status)
        go = button(
            texts("desktop_people.alert", level=level, status=status),
            partial(self._context.signals.alert_wanted.emit, alert.id),
        )
        go.setProperty("chip", alert.fields.level)
        go.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        reason = alert_words(self._context, alert.fields)
        go.setAccessibleDescription(reason)
        line = row(go, spacing=10)
        if is_late:
            line.addWidget(chip(texts("desktop_people.overdue"), "red"))
        line.addWidget(label(reason, wrap=True), 1)
        for place in range(line.count()):
            line.itemAt(place).setAlignment(Qt.AlignmentFlag.AlignTop)
        return line


class Doing(NamedTuple):
    """What can be done about a person: write a note, refer them elsewhere, correct what is known, see to their rights."""

    note: Callable[[], object]
    refer: Callable[[], object]
    edit: Callable[[], object]
    rights: Callable[[], object]


class Header(QFrame):
    """Who the person is. The number of a document shows its end, and the whole of it only for a moment."""

    def __init__(self, context: Context, data: PersonData, doing: Doing) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._context = context
        texts, words, fields = context.texts, context.words, data.person.fields
        self._number = fields.id_number or ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        name = selectable(label(fields.name, "title", wrap=True))
        top = row(name, spacing=12)
        top.setStretch(0, 1)
        if data.may_note:
            top.addWidget(button(texts("desktop_session.write"), doing.note))
        if data.may_refer:
            top.addWidget(button(texts("desktop_referrals.open"), doing.refer))
        top.addWidget(button(texts("desktop_people.edit"), doing.edit))
        if data.may_decide:
            top.addWidget(button(texts("desktop_rights.open"), doing.rights))
        layout.addLayout(top)
        about = (words.sex(fields.sex), words.age(fields.birth_date, data.day), fields.birth_date or "", data.group)
        layout.addWidget(selectable(label("　".join(part for part in about if part), "muted", wrap=True)))
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(12)
        self._facts.setVerticalSpacing(6)
        self._facts.setColumnStretch(1, 1)
        self._shown = selectable(label(mask(self._number)))
        self._toggle = button(texts("desktop_people.reveal"), self._reveal_or_hide, "link")
        self._again_hidden = QTimer(self)
        self._again_hidden.setSingleShot(True)
        self._again_hidden.setInterval(REVEAL_MS)
        self._again_hidden.timeout.connect(self._hide_number)
        self._add("student_number", fields.student_number)
        if self._number:
            self._add_widget("id_number", row(self._shown, self._toggle, None))
        guardian = "　".join(part for part in (fields.guardian_name, fields.guardian_phone) if part)
        self._add("guardian_name", guardian)
        self._add("phone", fields.phone)
        layout.addLayout(self._facts)
        for sentence in conflict_words(context, data.person.record, data.groups):
            layout.addWidget(label(sentence, "warning", wrap=True))
        if data.person.record.newer:
            layout.addWidget(label(texts("desktop_people.newer_person"), "notice", wrap=True))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 -- Qt's name
        """What is out of sight is masked when it comes back."""
        self._hide_number()
        super().hideEvent(event)

    def _add(self, field: str, value: str | None) -> None:
        if value:
            self._add_widget(field, row(selectable(label(value, wrap=True))))

    def _add_widget(self, field: str, value: QLayout) -> None:
        line = self._facts.rowCount()
        title = label(self._context.texts(f"desktop_people.field_{field}"), "muted")
        self._facts.addWidget(title, line, 0, Qt.AlignmentFlag.AlignTop)
        self._facts.addLayout(value, line, 1)

    def _reveal_or_hide(self) -> None:
        if self._again_hidden.isActive():
            self._hide_number()
            return
        self._shown.setText(self._number)
        self._toggle.setText(self._context.texts("desktop_people.hide"))
        self._again_hidden.start()

    def _hide_number(self) -> None:
        self._again_hidden.stop()
        self._shown.setText(mask(self._number))
        self._toggle.setText(self._context.texts("desktop_people.reveal"))


class Charts(QFrame):
    """Score curves, one or two in a row, as there is room."""

    def __init__(self, charts: list[CurveChart]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._cells = []
        for chart in charts:
            cell = QWidget()
            layout = QVBoxLayout(cell)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
            layout.addWidget(label(chart.accessibleName(), "strong", wrap=True))
            layout.addWidget(chart)
            layout.addStretch(1)
            self._cells.append(cell)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 14, 16, 12)
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(14)
        self._columns = 0
        self._arrange(1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 -- Qt's name
        """Use the room there is."""
        super().resizeEvent(event)
        self._arrange(2 if event.size().width() >= 2 * CHART_WIDTH and len(self._cells) > 1 else 1)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, cell in enumerate(self._cells):
            self._grid.addWidget(cell, number // columns, number % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


def selectable(made: QLabel) -> QLabel:
    """A label whose text can be copied."""
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
