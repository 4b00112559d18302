"""Meeting without a network: one button for each stick, another folder, and the computer next to this one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QPushButton, QVBoxLayout

from app.errors import Problem
from ui.desktop.context import Context
from ui.desktop.sticks import Stick, plugged_in
from ui.desktop.widgets.basics import button, card, clear, label, row, rule


class WaysCard(QFrame):
    """The buttons. Sticks are looked for while somebody sees them.

    Attributes:
        look: finds the sticks; on a thread of its own.

    Signals:
        stick_wanted: somebody wants to sync with a folder, by its path and what it is called.
        neighbour_wanted: somebody wants to sync with a computer nearby.
    """

    stick_wanted = Signal(object, str)
    neighbour_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.texts = context.texts
        self.look: Callable[[], list[Stick]] = plugged_in
        self._sticks: list[Stick] | None = None
        self._is_looking = False
        self._is_enabled = True
        self._buttons: list[QPushButton] = []
        frame, layout = card()
        layout.addWidget(label(self.texts("syncing.no_network_title"), "heading"))
        layout.addWidget(label(self.texts("syncing.stick_about"), "muted", wrap=True))
        self._none = label(self.texts("syncing.no_sticks"), "small", wrap=True)
        self._folder = button(self.texts("syncing.other_folder"), self._choose_folder)
        self._places = QVBoxLayout()
        layout.addLayout(self._places)
        layout.addWidget(self._none)
        layout.addLayout(row(self._folder, None))
        layout.addWidget(rule())
        layout.addWidget(label(self.texts("syncing.neighbour_title"), "strong"))
        layout.addWidget(label(self.texts("syncing.neighbour_about"), "muted", wrap=True))
        self._neighbour = button(self.texts("syncing.neighbour_button"), self.neighbour_wanted.emit)
        layout.addLayout(row(self._neighbour, None))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        self._timer = QTimer(self)
        self._timer.setInterval(int(context.self_sync.rules.stick_seconds * 1000))
        self._timer.timeout.connect(self.look_for_sticks)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 -- Qt's name
        """Begin to look."""
        super().showEvent(event)
        self._timer.start()
        self.look_for_sticks()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 -- Qt's name
        """Nobody looks any more."""
        super().hideEvent(event)
        self._timer.stop()

    def let(self, *, enabled: bool) -> None:
        """Whether the buttons can be pressed."""
        self._is_enabled = enabled
        for one in (*self._buttons, self._folder, self._neighbour):
            one.setEnabled(enabled)

    def look_for_sticks(self) -> None:
        """See which sticks are plugged in."""
        if self._is_looking:
            return
        self._is_looking = True
        look = self.look
        self._context.tasks.aside(self, lambda _task: look(), self._found, self._not_found)

    def _not_found(self, _problem: Problem) -> None:
        self._is_looking = False

    def _found(self, sticks: list[Stick]) -> None:
        self._is_looking = False
        if sticks == self._sticks:
            return
        had_focus = next((place for place, one in enumerate(self._buttons) if one.hasFocus()), None)
        self._sticks = sticks
        clear(self._places)
        self._buttons = [self._button(stick) for stick in sticks]
        for one in self._buttons:
            self._places.addLayout(row(one, None))
        self._none.setVisible(not sticks)
        self.let(enabled=self._is_enabled)
        if had_focus is not None:
            (self._buttons[had_focus] if had_focus < len(self._buttons) else self._folder).setFocus()

    def _button(self, stick: Stick) -> QPushButton:
        # "&" would underline the letter after it.
        text = self.texts("syncing.stick_button", name=stick.name).replace("&", "&&")
        made = button(text, partial(self.stick_wanted.emit, stick.folder, stick.name))
        made.setIcon(self._context.theme.icon("stick"))
        made.setToolTip(str(stick.folder))
        return made

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.texts("syncing.choose_stick"))
        if chosen:
            self.stick_wanted.emit(Path(chosen), Path(chosen).name or chosen)
