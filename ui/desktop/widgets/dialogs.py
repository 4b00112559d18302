"""How large a dialog opens."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QLayout

_FRAME = QSize(40, 80)
"""What the frame of a window and a task bar need."""

_SMALLEST = QSize(360, 260)


def give_size(dialog: QDialog, width: int, height: int) -> None:
    """Open with this size, or with what the screen has room for. What is in the dialog scrolls, so it may be small.

    Called when everything is in the dialog.
    """
    room = dialog.screen().availableSize() - _FRAME
    layout = dialog.layout()
    if layout is not None:
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
    dialog.setMinimumSize(_SMALLEST.boundedTo(room))
    dialog.resize(QSize(width, height).boundedTo(room))
