"""When the window locks itself: nobody has touched it for a while, or the computer slept."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

IDLE_SECONDS = 5 * 60
LOOK_MS = 5_000
SLEPT_SECONDS = 30
"""Looks come every few seconds; where one is this late, the computer slept in between: a lid was closed."""

_TOUCHED = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TabletPress,
        QEvent.Type.InputMethod,
    }
)


class IdleWatch(QObject):
    """Watches the application.

    Args:
        parent: lives as long as it.
        clock: seconds that go on while the computer sleeps.

    Attributes:
        patience: seconds after which it is time; `IDLE_SECONDS` to begin with.

    Signals:
        left_alone: it is time to lock.
    """

    left_alone = Signal()

    def __init__(self, parent: QObject, clock: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self.patience = IDLE_SECONDS
        self._clock = clock
        self._touched = self._looked = clock()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        application = QApplication.instance()
        if isinstance(application, QGuiApplication):
            # Not at the application: then every event of every part of every window would come here.
            # Keys and the mouse come to a window first; what an input method makes comes to the field alone.
            application.focusWindowChanged.connect(self._follow)
            application.focusObjectChanged.connect(self._follow)
            self._follow(application.focusWindow())
            self._follow(application.focusObject())

    def _follow(self, focused: QObject | None) -> None:
        if focused is not None:
            focused.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """Note that somebody is there."""
        if event.type() in _TOUCHED:
            self._touched = self._clock()
        return super().eventFilter(watched, event)

    def look(self) -> None:
        """See whether it is time."""
        now = self._clock()
        slept = now - self._looked > LOOK_MS / 1000 + SLEPT_SECONDS
        # A clock that was put back says nothing about how long it has been; then it counts as a long time.
        idle = not 0 <= now - self._touched < self.patience
        self._looked = now
        if slept or idle:
            self._touched = now
            self.left_alone.emit()
