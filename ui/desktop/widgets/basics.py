"""Small parts with a role that the style sheet knows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """A text; `role` is one of the roles in the style sheet."""
    made = QLabel(text)
    # Names and notes are shown as they are: a name with "<" in it is not markup.
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def chip(text: str, kind: str) -> QLabel:
    """A short text on a coloured ground: ``red``, ``orange``, ``yellow``, ``blue``, ``green``, ``plain``."""
    made = label(text)
    made.setProperty("chip", kind)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
    return made


def button(text: str, clicked: Callable[[], object], role: str = "") -> QPushButton:
    """A button; Enter presses it when it has the focus."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    made.setAutoDefault(True)
    made.clicked.connect(lambda _checked: clicked())
    return made


def card(*, margin: int = 16) -> tuple[QFrame, QVBoxLayout]:
    """A framed surface and its layout."""
    frame = QFrame()
    frame.setProperty("role", "card")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(10)
    return frame, layout


def row(*parts: QWidget | QLayout | None, spacing: int = 8) -> QHBoxLayout:
    """Parts side by side; None is room that stretches."""
    layout = QHBoxLayout()
    layout.setSpacing(spacing)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def scrolled(content: QLayout) -> QScrollArea:
    """A layout on the ground of a page, in a place that scrolls where it has not enough room."""
    inner = QWidget()
    inner.setProperty("role", "page")
    inner.setLayout(content)
    made = QScrollArea()
    made.setWidgetResizable(True)
    made.setWidget(inner)
    return made


def rule() -> QFrame:
    """A thin line between two parts."""
    made = QFrame()
    made.setProperty("role", "line")
    return made


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        if (inner := item.layout()) is not None:
            clear(inner)
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


class Banner(QLabel):
    """A sentence that stays until the next one: a problem, a notice, something done."""

    def __init__(self) -> None:
        super().__init__()
        # A role from the beginning: Qt gives a label its frame and padding when it is first styled, or never.
        self.setProperty("role", "notice")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.hide()

    def say(self, text: str, role: str = "problem") -> None:
        """Show a sentence as ``problem``, ``warning``, ``notice`` or ``done``."""
        self.setProperty("role", role)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setText(text)
        self.show()
        self.updateGeometry()

    def clear(self) -> None:
        """Show nothing."""
        self.setText("")
        self.hide()
