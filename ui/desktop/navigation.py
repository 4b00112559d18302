"""The column of pages on the left, the search box on top, the state of things at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QVBoxLayout, QWidget

from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label

LEAST_HEIGHT = 24
"""On a small screen at 200 % the buttons give way before the page does."""


class Navigation(QFrame):
    """One button for each page; Ctrl+1 … Ctrl+6."""

    chosen = Signal(str)

    def __init__(self, texts: Texts, theme: Theme, pages: Sequence[str]) -> None:
        super().__init__()
        self.setProperty("role", "nav")
        self.setFixedWidth(theme.size("nav"))
        self._texts = texts
        self._buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 14, 0, 10)
        layout.setSpacing(2)
        name = label(texts("desktop.name"), "heading")
        name.setContentsMargins(18, 0, 0, 8)
        layout.addWidget(name)
        for number, page in enumerate(pages, 1):
            made = QPushButton(texts(f"desktop.page_{page}"))
            made.setProperty("role", "nav")
            made.setCheckable(True)
            made.setIcon(theme.icon(page))
            made.setIconSize(QSize(theme.size("icon"), theme.size("icon")))
            made.setShortcut(f"Ctrl+{number}")
            made.setMinimumHeight(LEAST_HEIGHT)
            made.clicked.connect(lambda _checked, page=page: self.chosen.emit(page))
            group.addButton(made)
            layout.addWidget(made)
            self._buttons[page] = made
        layout.addStretch(1)
        self._foot = QVBoxLayout()
        layout.addLayout(self._foot)

    def add_below(self, widget: QWidget) -> None:
        """Put something at the foot of the column."""
        widget.setMinimumHeight(LEAST_HEIGHT)
        self._foot.addWidget(widget)

    def show_chosen(self, page: str) -> None:
        """Mark the page that is shown."""
        self._buttons[page].setChecked(True)

    def show_count(self, page: str, count: int) -> None:
        """Put a number behind the name of a page; none for 0."""
        if page not in self._buttons:
            return
        name = self._texts(f"desktop.page_{page}")
        self._buttons[page].setText(f"{name}  {count}" if count else name)
