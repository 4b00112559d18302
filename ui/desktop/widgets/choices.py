"""Several things to tick."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QVBoxLayout, QWidget

MANY = 6
"""More choices than this stand in several columns."""


class Choices(QWidget):
    """Things to tick, in a few columns, with one tick for all of them.

    Args:
        title_of_all: what the tick for all says.
        titles: what there is to choose from.
        ticked: whether everything is chosen to begin with.
    """

    def __init__(self, title_of_all: str, titles: Sequence[str], *, ticked: bool) -> None:
        super().__init__()
        self._all = QCheckBox(title_of_all)
        self._all.setVisible(len(titles) > 1)
        self._all.clicked.connect(lambda _on: self._tick_all())
        # "&" would underline the letter after it.
        self._boxes = [QCheckBox(title.replace("&", "&&")) for title in titles]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._all)
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setHorizontalSpacing(16)
        layout.addLayout(grid)
        columns = 3 if len(titles) > MANY else 1
        for place, box in enumerate(self._boxes):
            box.setChecked(ticked)
            box.toggled.connect(lambda _on: self._show_all())
            grid.addWidget(box, place // columns, place % columns)
        self._show_all()

    def chosen(self) -> list[int]:
        """The places of what is ticked."""
        return [place for place, box in enumerate(self._boxes) if box.isChecked()]

    def tick(self, places: Collection[int]) -> None:
        """Tick these and no others."""
        for place, box in enumerate(self._boxes):
            box.setChecked(place in places)
        self._show_all()

    def _tick_all(self) -> None:
        self.tick(range(len(self._boxes)) if len(self.chosen()) < len(self._boxes) else ())

    def _show_all(self) -> None:
        ticked = len(self.chosen())
        state = Qt.CheckState
        some = state.PartiallyChecked if ticked else state.Unchecked
        self._all.setCheckState(state.Checked if ticked == len(self._boxes) else some)
