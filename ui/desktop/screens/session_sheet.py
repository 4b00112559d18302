"""Reading a session note, and opening one that is sealed to others in an emergency (紧急查看)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from app.errors import Problem
from app.sessions.form import SessionForm as Definition
from app.sessions.service import MIN_REASON, SessionLine
from storage.recovery_code import read
from ui.desktop.context import Context
from ui.desktop.models.session import OpenedNote, open_in_emergency, open_note
from ui.desktop.screens.account_forms import OpenForm
from ui.desktop.screens.alert_actions import field
from ui.desktop.widgets.basics import button, card, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (720, 620)


class SessionSheet(QDialog):
    """Shows one note. Nothing can be changed here; its author can write a correction.

    Args:
        context: what pages are given.
        opened: the note.
        parent: the window that it belongs to.
        amend: begins a correction; None where the reader did not write it.
    """

    def __init__(
        self, context: Context, opened: OpenedNote, parent: QWidget, amend: Callable[[], object] | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        texts, definition, note = context.texts, Definition.load(), opened.note
        # The title says nothing about whom the note is: it appears in task bars.
        self.setWindowTitle(texts("desktop_session.note"))
        self._amend = amend
        content = QVBoxLayout()
        content.setContentsMargins(0, 0, 4, 0)
        content.setSpacing(context.theme.size("gap"))
        content.addWidget(label(texts("desktop_session.note_of", name=opened.name), "title", wrap=True))
        session = definition.words(opened.line.session.fields, texts)
        about = texts("desktop_session.about", date=note.date, session=session, author=opened.line.author or "—")
        content.addWidget(label(about, "muted", wrap=True))
        if opened.line.amended:
            content.addWidget(label(texts("desktop_session.amended"), "notice", wrap=True))
        for section, text in note.sections.items():
            frame, layout = card()
            layout.addWidget(label(definition.section(section, texts.language), "strong"))
            said = label(text, wrap=True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(said)
            content.addWidget(frame)
        content.addStretch(1)
        scroll = scrolled(content)
        close = button(texts("desktop_session.close"), self.accept, "primary")
        close.setDefault(True)
        buttons = row(None, close)
        if amend is not None:
            buttons.insertWidget(0, button(texts("desktop_session.amend"), self._begin_amendment))
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.addWidget(scroll, 1)
        layout.addLayout(buttons)
        give_size(self, *FIRST_SIZE)

    def _begin_amendment(self) -> None:
        self.accept()
        if self._amend is not None:
            self._amend()


class EmergencyForm(OpenForm):
    """Asks for a reason and the recovery code, and opens the note. It says first what that does."""

    def __init__(self, context: Context, person: bytes, line: SessionLine, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_session.emergency_title"), parent)
        self._person = person
        self._line = line
        self._window = parent
        self.add_text(self.texts("desktop_session.emergency_about", author=line.author or "—"), "warning")
        self.content.addWidget(label(self.texts("desktop_session.reason"), "muted"))
        self.reason: QPlainTextEdit = field(
            self.texts("desktop_session.reason_hint"), self.texts("desktop_session.reason")
        )
        self.content.addWidget(self.reason)
        self.code = self.add_field("desktop_accounts.code")
        self.go.setText(self.texts("desktop_session.open_now"))
        self.go.setProperty("role", "danger")
        self.fit()
        self.reason.setFocus()

    def submit(self) -> None:
        """Open the note."""
        reason = self.reason.toPlainText()
        if len(reason.strip()) < MIN_REASON:
            self.reason.setFocus()
            raise Problem("session.no_reason", length=MIN_REASON)
        try:
            code = read(self.code.line.text())
        except Problem:
            self.code.setFocus()
            raise
        person, session = self._person, self._line.session.id
        self.set_busy(busy=True)
        self.context.tasks.on_archive(
            self,
            lambda desk: open_in_emergency(desk, person, session, code, reason),
            self._opened,
            self.fail,
        )

    def _opened(self, opened: OpenedNote) -> None:
        window = self._window
        self.done_with(self.texts("desktop_session.emergency_noted"))
        SessionSheet(self.context, opened, window).open()


def show_note(
    context: Context, person: bytes, line: SessionLine, widget: QWidget, amend: Callable[[bytes], object]
) -> None:
    """Open a note, or where it is sealed to others ask why that is needed.

    Args:
        context: what pages are given.
        person: whom it is about.
        line: the session.
        widget: where somebody asked for it.
        amend: begins a correction of the session with this id.
    """
    session, window = line.session.id, widget.window()
    if not line.readable:
        EmergencyForm(context, person, line, window).open()
        return

    def show(opened: OpenedNote) -> None:
        begin = (lambda: amend(session)) if opened.is_own else None
        SessionSheet(context, opened, window, begin).open()

    context.tasks.on_archive(
        widget,
        lambda desk: open_note(desk, person, session),
        show,
        lambda problem: context.signals.told.emit(context.texts.problem(problem)),
    )
