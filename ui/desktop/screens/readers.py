"""Who can read one's session notes: letting a supervisor read, and no longer."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.sessions.notebooks import Reader
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.screens.account_forms import OpenForm
from ui.desktop.widgets.basics import button, card, clear, label, row
from ui.desktop.widgets.dialogs import give_size

SIZE = (620, 560)


class ReadersDialog(OpenForm):
    """Lists everybody who could, with what to compare before somebody is let.

    Signals:
        told: the readers, whenever they were read.
    """

    told = Signal(list)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_session.readers"), parent)
        self.add_text(self.texts("desktop_session.readers_about"))
        self._own = label("", "muted", wrap=True)
        self.content.addWidget(self._own)
        self._list = QVBoxLayout()
        self._list.setSpacing(context.theme.size("space"))
        self.content.addLayout(self._list)
        self.cancel.hide()
        self.go.setText(self.texts("desktop_session.close"))
        self.content.addStretch(1)
        give_size(self, *SIZE)
        self._read()

    def submit(self) -> None:
        """Close."""
        self.accept()

    def _read(self) -> None:
        self.context.tasks.on_archive(self, _read_readers, self._show, self.fail)

    def _show(self, data: tuple[str, list[Reader]]) -> None:
        own, readers = data
        self.set_busy(busy=False)
        self._own.setText(self.texts("desktop_session.own_fingerprint", digits=own))
        self.told.emit(readers)
        clear(self._list)
        for reader in readers:
            self._list.addWidget(self._reader(reader))
        if all(reader.user is None for reader in readers):
            self._list.addWidget(label(self.texts("desktop_session.no_readers"), "muted", wrap=True))

    def _reader(self, reader: Reader) -> QWidget:
        frame, layout = card(margin=12)
        layout.setSpacing(4)
        texts = self.texts
        name = reader.name or texts("desktop_session.the_code")
        if reader.user and reader.supervises:
            name = texts("desktop_session.supervisor", name=name)
        state = label(texts("desktop_session.allowed" if reader.allowed else "desktop_session.not_allowed"), "muted")
        line = row(label(name, "strong"), state, None)
        if reader.user:
            act = "withdraw" if reader.allowed else "allow"
            line.addWidget(button(texts(f"desktop_session.{act}"), partial(self._act, act, reader.user)))
        layout.addLayout(line)
        if reader.user:
            layout.addWidget(label(texts("desktop_session.fingerprint", digits=reader.fingerprint), "small"))
        else:
            layout.addWidget(label(texts("desktop_session.code_about"), "small", wrap=True))
        return frame

    def _act(self, act: str, user: bytes) -> None:
        if self.is_busy:
            return
        self.set_busy(busy=True)

        def work(desk: Desk) -> None:
            notebooks = desk.sessions.notebooks
            (notebooks.allow if act == "allow" else notebooks.withdraw)(user)

        self.context.tasks.on_archive(self, work, lambda _: self._read(), self.fail)


def _read_readers(desk: Desk) -> tuple[str, list[Reader]]:
    notebooks = desk.sessions.notebooks
    return notebooks.own_fingerprint, notebooks.readers()
