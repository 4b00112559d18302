"""What is copied out of the program does not stay in the clipboard: others use the same computer, and paste."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication

KEEP_MS = 30_000
"""Long enough to paste it somewhere."""

Mode = QClipboard.Mode


class ClipboardWatch(QObject):
    """Takes out of the clipboard, and of the selection that X11 pastes by the middle button, what the program put there.

    What others put there since is left alone.

    Args:
        parent: lives as long as it.
        keep_ms: how long it stays.
    """

    def __init__(self, parent: QObject, keep_ms: int = KEEP_MS) -> None:
        super().__init__(parent)
        self._clipboard = QApplication.clipboard()
        self._texts: dict[QClipboard.Mode, str] = {}
        self._timers = {mode: self._timer(mode, keep_ms) for mode in (Mode.Clipboard, Mode.Selection)}
        self._clipboard.changed.connect(self._changed)
        application = QApplication.instance()
        if application is not None:
            # Systems keep what is in the clipboard when the program has ended.
            application.aboutToQuit.connect(self.clear)

    def clear(self) -> None:
        """Take out at once what is ours."""
        for mode in self._timers:
            self._clear(mode)

    def _timer(self, mode: QClipboard.Mode, keep_ms: int) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(keep_ms)
        made.timeout.connect(lambda: self._clear(mode))
        return made

    def _changed(self, mode: QClipboard.Mode) -> None:
        timer = self._timers.get(mode)
        if timer is None:
            return
        if self._is_ours(mode):
            self._texts[mode] = self._clipboard.text(mode)
            timer.start()
        else:
            self._texts.pop(mode, None)
            timer.stop()

    def _clear(self, mode: QClipboard.Mode) -> None:
        self._timers[mode].stop()
        text = self._texts.pop(mode, None)
        # X11 does not tell every change of the owner; the text comes from whoever that is now.
        if text is not None and self._is_ours(mode) and self._clipboard.text(mode) == text:
            self._clipboard.clear(mode)

    def _is_ours(self, mode: QClipboard.Mode) -> bool:
        return self._clipboard.ownsSelection() if mode == Mode.Selection else self._clipboard.ownsClipboard()
