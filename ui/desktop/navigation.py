"""The column of pages on the left, the search box on top, the state of things at the bottom."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QVBoxLayout, QWidget

from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label

PAGES = ("today", "people", "screening", "alerts", "prints", "sync")


class Navigation(QFrame):
    """One button for each page; Ctrl+1 … Ctrl+6."""

    chosen = Signal(str)

    def __init__(self, texts: Texts, theme: Theme) -> None:
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
        for number, page in enumerate(PAGES, 1):
            made = QPushButton(texts(f"desktop.page_{page}"))
            made.setProperty("role", "nav")
            made.setCheckable(True)
            made.setIcon(theme.icon(page))
            made.setIconSize(QSize(theme.size("icon"), theme.size("icon")))
            made.setShortcut(f"Ctrl+{number}")
            made.clicked.connect(lambda _checked, page=page: self.chosen.emit(page))
            group.addButton(made)
            layout.addWidget(made)
            self._buttons[page] = made
        layout.addStretch(1)
        self._foot = QVBoxLayout()
        layout.addLayout(self._foot)

    def add_below(self, widget: QWidget) -> None:
        """Put something at the foot of the column."""
        self._foot.addWidget(widget)

    def show_chosen(self, page: str) -> None:
        """Mark the page that is shown."""
        self._buttons[page].setChecked(True)

    def show_count(self, page: str, count: int) -> None:
        """Put a number behind the name of a page; none for 0."""
        name = self._texts(f"desktop.page_{page}")
        self._buttons[page].setText(f"{name}  {count}" if count else name)
