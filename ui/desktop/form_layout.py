"""How forms with several sections are shown: all of it on one page, or one section after the other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class FormLayout(QObject):
    """The choice of whoever works here. All forms of a window follow it, and it is remembered.

    Args:
        parent: the window.
        stepwise: what was chosen before.

    Signals:
        changed: something else was chosen.
    """

    changed = Signal()

    def __init__(self, parent: QObject, *, stepwise: bool) -> None:
        super().__init__(parent)
        self._stepwise = stepwise

    @property
    def stepwise(self) -> bool:
        """Whether one section is shown at a time."""
        return self._stepwise

    def choose(self, *, stepwise: bool) -> None:
        """Show forms this way from now on."""
        if stepwise != self._stepwise:
            self._stepwise = stepwise
            self.changed.emit()
