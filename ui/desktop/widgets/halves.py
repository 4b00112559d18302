"""Two parts of a page: side by side where there is room, else one below the other, in a page that scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSplitter, QWidget


class Halves(QScrollArea):
    """A list and what it leads to.

    Args:
        first: the list.
        second: what is chosen in it.
        share: how wide the list is to begin with, and from which width of both on they stand side by side.
        heights: what each of them needs at least.
    """

    def __init__(self, first: QWidget, second: QWidget, *, share: tuple[int, int], heights: tuple[int, int]) -> None:
        super().__init__()
        self._share, self._least = share
        self._heights = heights
        self._splitter = QSplitter()
        self._splitter.setProperty("role", "page")
        self._splitter.setChildrenCollapsible(False)
        for place, widget in enumerate((first, second)):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(place, place)
        self._beside: bool | None = None
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(self._splitter)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 -- Qt's name
        """Choose how the parts stand."""
        super().resizeEvent(event)
        beside = self.viewport().width() >= self._least
        if beside == self._beside:
            return
        self._beside = beside
        self._splitter.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)
        self._splitter.setMinimumHeight(max(self._heights) if beside else sum(self._heights))
        self._splitter.setSizes([self._share, self._least] if beside else list(self._heights))
