"""Writing a session note (咨询记录): when it was and how, and what was said, sealed when it is saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.errors import Problem
from app.sessions.form import MAX_MINUTES, SessionNote
from app.sessions.form import SessionForm as Definition
from app.sessions.notebooks import Reader
from app.texts import Texts
from ui.desktop.context import Context
from ui.desktop.models.session import NoteStart
from ui.desktop.page import Form
from ui.desktop.screens.readers import ReadersDialog
from ui.desktop.widgets.basics import Banner, button, label, row, scrolled
from ui.desktop.widgets.day_field import DayField
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (760, 660)
FIELD_LINES = 3
"""What a section shows at once; longer text scrolls in it."""


class SessionForm(Form):
    """Writes a note. Closing it with something unsaved takes a second Escape.

    Args:
        context: what pages are given.
        start: what it starts from.
        parent: what it belongs to.
        written: what `unfinished` gave before.
    """

    def __init__(
        self, context: Context, start: NoteStart, parent: QWidget, written: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self._start = start
        # The title says nothing about whom the note is: it appears in task bars.
        self.setWindowTitle(self._texts("desktop_session.write"))
        self._definition = Definition.load()
        self._day = DayField(context, start.today, self._texts("desktop_session.date"))
        self._manner = QComboBox()
        self._manner.setAccessibleName(self._texts("desktop_session.manner"))
        for manner in self._definition.manners:
            self._manner.addItem(manner.title[self._texts.language], manner.id)
        self._minutes = QSpinBox()
        self._minutes.setAccessibleName(self._texts("desktop_session.minutes"))
        self._minutes.setRange(0, MAX_MINUTES)
        self._minutes.setSingleStep(5)
        self._minutes.setSpecialValueText("—")
        self._minutes.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._sections = {
            one.id: self._section(one.hint[self._texts.language], one.title) for one in self._definition.sections
        }
        self._banner = Banner()
        self._save_button = button(self._texts("desktop_session.save"), self._save, "primary")
        self._save_button.setAutoDefault(False)  # Enter begins a new line
        self._lay_out()
        if start.note is not None:
            self._fill(_as_written(start.note))
        self._at_first = self._left_over = self._written()
        if written:
            self._fill(written)
        self._say_consent()
        next(iter(self._sections.values())).setFocus()

    # ---- parts ----

    def _section(self, hint: str, title: Mapping[str, str]) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setPlaceholderText(hint)
        made.setAccessibleName(title[self._texts.language])
        made.setTabChangesFocus(True)
        # As small as it may be, and as large as there is room: Qt's own wish is for twelve lines.
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        made.setMinimumHeight(made.fontMetrics().lineSpacing() * FIELD_LINES + 24)
        return made

    def _lay_out(self) -> None:
        content = QVBoxLayout()
        content.setContentsMargins(0, 0, 4, 0)
        content.setSpacing(6)
        content.addWidget(self._banner)
        about = QGridLayout()
        about.setHorizontalSpacing(8)
        about.setColumnStretch(4, 1)
        # Two in a row: on a small screen at 200 % there is no room for more.
        editors = (("date", self._day), ("manner", self._manner), ("minutes", self._minutes))
        for place, (name, editor) in enumerate(editors):
            line, column = divmod(place, 2)
            about.addWidget(label(self._texts(f"desktop_session.{name}"), "muted"), line, 2 * column)
            about.addWidget(editor, line, 2 * column + 1)
        content.addLayout(about)
        for one in self._definition.sections:
            content.addWidget(label(one.title[self._texts.language], "strong"))
            content.addWidget(self._sections[one.id], 1)
        self._readers = label(readers_words(self._texts, self._start.readers), "small", wrap=True)
        content.addWidget(self._readers)
        self._scroll = scrolled(content)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        cancel = button(self._texts("desktop_session.cancel"), self.reject)
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        margin = self._context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(self._context.theme.size("gap"))
        title = "amend_title" if self._start.amends else "write_title"
        layout.addWidget(label(self._texts(f"desktop_session.{title}", name=self._start.name), "title", wrap=True))
        layout.addWidget(self._scroll, 1)
        layout.addLayout(
            row(button(self._texts("desktop_session.who"), self._show_readers, "link"), None, cancel, self._save_button)
        )
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self)
        shortcut.activated.connect(self._save)
        give_size(self, *FIRST_SIZE)

    def _say_consent(self) -> None:
        if self._start.lacking:
            texts = self._texts
            givers = [texts(f"rights.value_giver_{one.giver}") for one in self._start.lacking]
            self._banner.say(
                texts("desktop_session.no_consent", givers=texts("desktop_session.and").join(givers)), "warning"
            )

    def _show_readers(self) -> None:
        dialog = ReadersDialog(self._context, self)
        dialog.told.connect(lambda readers: self._readers.setText(readers_words(self._texts, readers)))
        dialog.open()

    # ---- what stands in it ----

    def unfinished(self) -> Any:
        """Whom it is about, what is corrected, and what was written."""
        written = self._written()
        if not self._save_button.isEnabled() or written == self._at_first:
            return None
        amends = self._start.amends.hex() if self._start.amends else ""
        return {"form": "session", "person": self._start.person.hex(), "amends": amends, "written": written}

    def _written(self) -> dict[str, Any]:
        return {
            "date": self._day.day.isoformat(),
            "manner": self._manner.currentData(),
            "minutes": self._minutes.value(),
            "sections": {name: editor.toPlainText() for name, editor in self._sections.items()},
        }

    def _fill(self, written: Mapping[str, Any]) -> None:
        self._day.show_day(dt.date.fromisoformat(written["date"]))
        self._manner.setCurrentIndex(max(0, self._manner.findData(written["manner"])))
        self._minutes.setValue(written["minutes"])
        for name, editor in self._sections.items():
            editor.setPlainText(written["sections"].get(name, ""))

    # ---- saving and leaving ----

    def _save(self) -> None:
        if not self._save_button.isEnabled():
            return
        written, start = self._written(), self._start
        note = SessionNote(self._day.day, written["manner"], written["sections"], written["minutes"] or None)
        self._save_button.setEnabled(False)
        self._banner.clear()
        self._context.tasks.on_archive(
            self,
            lambda desk: desk.sessions.write(start.person, note, start.today, amends=start.amends),
            lambda _session: self._saved(),
            self._not_saved,
        )

    def _saved(self) -> None:
        self._context.signals.told.emit(self._texts("desktop_session.saved"))
        self._context.signals.changed.emit()
        self.accept()

    def _not_saved(self, problem: Problem) -> None:
        self._save_button.setEnabled(True)
        self._say(self._texts.problem(problem), "problem")

    def _say(self, text: str, role: str) -> None:
        self._banner.say(text, role)
        QTimer.singleShot(0, self._banner, lambda: self._scroll.ensureWidgetVisible(self._banner))

    def reject(self) -> None:
        """Leave; where something is not saved, only when asked a second time."""
        written = self._written()
        if written not in (self._at_first, self._left_over):
            self._left_over = written
            self._say(self._texts("desktop_session.not_saved_yet"), "warning")
            return
        super().reject()


def _as_written(note: SessionNote) -> dict[str, Any]:
    about = {"date": note.date.isoformat(), "manner": note.manner, "minutes": note.minutes or 0}
    return {**about, "sections": dict(note.sections)}


def readers_words(texts: Texts, readers: Iterable[Reader]) -> str:
    """Who else can read what is written."""
    names = [reader.name or texts("desktop_session.the_code") for reader in readers if reader.allowed]
    if not names:
        return texts("desktop_session.only_you")
    return texts("desktop_session.you_and", names=texts("desktop_session.and").join(names))
