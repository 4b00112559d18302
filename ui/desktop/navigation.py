"""The column of pages on the left, the search box on top, the state of things at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label

_DIGITS = 10

LEAST_HEIGHT = 24
"""On a small screen at 200 % the buttons give way before the page does, and then scroll."""


class Navigation(QFrame):
    """One button for each page; Ctrl+1 … Ctrl+9, and Ctrl+0 for the tenth."""

    chosen = Signal(str)

    def __init__(self, texts: Texts, theme: Theme, pages: Sequence[str]) -> None:
        super().__init__()
        self.setProperty("role", "nav")
        self.setFixedWidth(theme.size("nav"))
        self._texts = texts
        self._buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 14, 0, 10)
        outer.setSpacing(2)
        name = label(texts("desktop.name"), "heading")
        name.setContentsMargins(18, 0, 0, 8)
        outer.addWidget(name)
        inner = QWidget()
        inner.setProperty("role", "column")
        inner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer.addWidget(scroll, 1)
        for number, page in enumerate(pages, 1):
            made = QPushButton(texts(f"desktop.page_{page}"))
            made.setProperty("role", "nav")
            made.setCheckable(True)
            made.setIcon(theme.icon(page))
            made.setIconSize(QSize(theme.size("icon"), theme.size("icon")))
            if number <= _DIGITS:
                made.setShortcut(f"Ctrl+{number % _DIGITS}")
            made.setMinimumHeight(LEAST_HEIGHT)
            made.clicked.connect(lambda _checked, page=page: self.chosen.emit(page))
            group.addButton(made)
            layout.addWidget(made)
            self._buttons[page] = made
        layout.addStretch(1)
        self._scroll = scroll
        self._foot = QVBoxLayout()
        outer.addLayout(self._foot)

    def add_below(self, widget: QWidget) -> None:
        """Put something at the foot of the column."""
        widget.setMinimumHeight(LEAST_HEIGHT)
        self._foot.addWidget(widget)

    def show_chosen(self, page: str) -> None:
        """Mark the page that is shown."""
        self._buttons[page].setChecked(True)
        self._scroll.ensureWidgetVisible(self._buttons[page])

    def show_count(self, page: str, count: int) -> None:
        """Put a number behind the name of a page; none for 0."""
        if page not in self._buttons:
            return
        name = self._texts(f"desktop.page_{page}")
        self._buttons[page].setText(f"{name}  {count}" if count else name)
