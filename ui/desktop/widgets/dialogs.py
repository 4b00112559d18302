"""How large a dialog opens, and how all of them go when the window locks."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import QApplication, QDialog, QLayout, QLineEdit, QToolTip, QWidget

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


def clear_screen(window: QWidget) -> None:
    """Take every dialog, menu and tip of a window off the screen, whatever they would ask before they close."""
    QToolTip.hideText()
    for one in _beside(window):
        if isinstance(one, QDialog):
            # `reject` of ours may ask back, or wait for what is under way.
            one.done(QDialog.DialogCode.Rejected)
        else:
            one.close()


def forget_secrets(window: QWidget) -> None:
    """Leave no typed password behind, nor a dialog in which one is typed and nothing is under way."""
    for one in _beside(window):
        if isinstance(one, QDialog):
            one.reject()
    for field in window.findChildren(QLineEdit):
        if field.echoMode() == QLineEdit.EchoMode.Password:
            field.clear()


def _beside(window: QWidget) -> list[QWidget]:
    """What the window shows in windows of their own."""

    def belongs(one: QObject) -> bool:
        owner = one.parent()
        return owner is window or (owner is not None and belongs(owner))

    return [one for one in QApplication.topLevelWidgets() if one.isVisible() and belongs(one)]
