"""What can be done about an alert: take it on, write something down, close it with a reason and a second look."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app.errors import Problem
from app.records import AlertStatus
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.widgets.basics import Banner, button, card, label, row

FIELD_LINES = 2


class AlertActions(QWidget):
    """The place to act on the alert that is shown. What was written and not saved stays with its alert."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._alert: bytes | None = None
        self._status: AlertStatus = "open"
        self._busy = False
        self._notes: dict[bytes, str] = {}
        self._reasons: dict[bytes, str] = {}
        self._banner = Banner()
        self._note = field(self._texts("desktop_alerts.note_hint"), self._texts("desktop_alerts.note"))
        self._reason = field(self._texts("desktop_alerts.reason_hint"), self._texts("desktop_alerts.reason"))
        self._confirm = button(self._texts("desktop_alerts.confirm"), self._confirm_alert, "primary")
        self._keep = button(self._texts("desktop_alerts.keep_note"), self._keep_note)
        self._open_closing = button(self._texts("desktop_alerts.close"), self._begin_closing)
        self._close = button(self._texts("desktop_alerts.close_really"), self._close_alert, "danger")
        self._doing, self._closing = self._make_doing(), self._make_closing()
        frame, layout = card()
        for part in (self._banner, self._doing, self._closing):
            layout.addWidget(part)
        self._show_closing(shown=False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        self._note.textChanged.connect(self._update)
        self._reason.textChanged.connect(self._update)
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self._note)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(lambda: self._confirm_alert() if self._status == "open" else self._keep_note())

    def _make_doing(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label(self._texts("desktop_alerts.act"), "heading"))
        self._advice = label("", "muted", wrap=True)
        layout.addWidget(self._advice)
        layout.addWidget(self._note)
        layout.addLayout(row(self._confirm, self._keep, None, self._open_closing))
        return page

    def _make_closing(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label(self._texts("desktop_alerts.closing"), "heading"))
        layout.addWidget(label(self._texts("desktop_alerts.closing_about"), "muted", wrap=True))
        layout.addWidget(self._reason)
        # Neither button is the default one: no Enter in the field closes an alert.
        self._close.setAutoDefault(False)
        layout.addLayout(row(button(self._texts("desktop_alerts.not_yet"), self._leave_closing), None, self._close))
        shortcut = QShortcut(QKeySequence("Escape"), page)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._leave_closing)
        return page

    # ---- which alert ----

    def show_alert(self, alert: bytes, status: AlertStatus) -> None:
        """Act on this alert from now on."""
        self._status = status
        if alert != self._alert:
            self._remember()
            self._alert = alert
            self._banner.clear()
            self._show_closing(shown=False)
            self._note.setPlainText(self._notes.get(alert, ""))
            self._reason.setPlainText(self._reasons.get(alert, ""))
        self._update()

    def unfinished(self) -> dict[str, list[str]]:
        """What was written and not saved, by alert: note and reason."""
        self._remember()
        written = {
            alert: [self._notes.get(alert, ""), self._reasons.get(alert, "")]
            for alert in {*self._notes, *self._reasons}
        }
        return {alert.hex(): texts for alert, texts in sorted(written.items()) if any(texts)}

    def take_back(self, unfinished: dict[str, list[str]]) -> None:
        """Go on with what `unfinished` gave before."""
        for alert, (note, reason) in unfinished.items():
            self._notes.setdefault(bytes.fromhex(alert), note)
            self._reasons.setdefault(bytes.fromhex(alert), reason)
        for field_shown, kept in ((self._note, self._notes), (self._reason, self._reasons)):
            if self._alert is not None and not field_shown.toPlainText():
                field_shown.setPlainText(kept.get(self._alert, ""))

    def _remember(self) -> None:
        if self._alert is not None:
            self._notes[self._alert] = self._note.toPlainText()
            self._reasons[self._alert] = self._reason.toPlainText()

    def _update(self) -> None:
        written, because = bool(self._note.toPlainText().strip()), bool(self._reason.toPlainText().strip())
        self._advice.setText(self._texts(f"desktop_alerts.advice_{self._status}"))
        self._confirm.setVisible(self._status == "open")
        self._open_closing.setVisible(self._status != "closed")
        self._confirm.setEnabled(not self._busy)
        self._keep.setEnabled(written and not self._busy)
        self._close.setEnabled(because and not self._busy)
        if self._status == "closed":
            self._show_closing(shown=False)

    # ---- acting ----

    def _confirm_alert(self) -> None:
        alert, text = self._alert, self._note.toPlainText()
        if alert is not None:
            self._run(lambda desk: desk.alerts.confirm(alert, text), self._note, "confirmed")

    def _keep_note(self) -> None:
        alert, text = self._alert, self._note.toPlainText()
        if alert is not None:
            self._run(lambda desk: desk.alerts.note(alert, text), self._note, "noted")

    def _close_alert(self) -> None:
        alert, text = self._alert, self._reason.toPlainText()
        if alert is not None:
            self._run(lambda desk: desk.alerts.close(alert, text), self._reason, "closed")

    def _begin_closing(self) -> None:
        self._banner.clear()
        self._show_closing(shown=True)
        self._reason.setFocus()

    def _leave_closing(self) -> None:
        self._show_closing(shown=False)
        self._open_closing.setFocus()

    def _show_closing(self, *, shown: bool) -> None:
        self._doing.setHidden(shown)
        self._closing.setVisible(shown)

    def _run(self, operation: Callable[[Desk], None], written: QPlainTextEdit, done: str) -> None:
        if self._busy:
            return
        alert = self._alert
        self._busy = True
        self._banner.clear()
        self._update()

        def saved(_nothing: None) -> None:
            self._busy = False
            if alert == self._alert:
                written.clear()
                self._show_closing(shown=False)
            elif alert is not None:
                (self._notes if written is self._note else self._reasons).pop(alert, None)
            self._update()
            self._context.signals.told.emit(self._texts(f"desktop_alerts.told_{done}"))
            self._context.signals.changed.emit()

        self._context.tasks.on_archive(self, operation, saved, self._fail)

    def _fail(self, problem: Problem) -> None:
        self._busy = False
        self._banner.say(self._texts.problem(problem))
        self._update()
        # Somebody else may have acted on it meanwhile.
        self._context.signals.changed.emit()


def field(hint: str, name: str) -> QPlainTextEdit:
    """A field for some sentences; Tab leaves it."""
    made = QPlainTextEdit()
    made.setPlaceholderText(hint)
    made.setAccessibleName(name)
    made.setTabChangesFocus(True)
    made.setFixedHeight(made.fontMetrics().lineSpacing() * FIELD_LINES + 24)
    return made
