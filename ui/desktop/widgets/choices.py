"""Several things to tick."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

MANY = 6
"""More choices than this stand in several columns."""


class Choices(QWidget):
    """Things to tick, in a few columns, with one tick for all of them.

    Args:
        title_of_all: what the tick for all says.
        titles: what there is to choose from.
        ticked: whether everything is chosen to begin with.
        usual: where there are too many to look through, how many of the first are shown before anything is searched; what
            is ticked is always shown. There is no tick for all then.
        find: what the search field says while it is empty.
    """

    def __init__(
        self, title_of_all: str, titles: Sequence[str], *, ticked: bool, usual: int | None = None, find: str = ""
    ) -> None:
        super().__init__()
        self._all = QCheckBox(title_of_all)
        self._all.setVisible(len(titles) > 1 and usual is None)
        self._all.clicked.connect(lambda _on: self._tick_all())
        # "&" would underline the letter after it.
        self._boxes = [QCheckBox(title.replace("&", "&&")) for title in titles]
        self._titles = [title.casefold() for title in titles]
        self._usual = usual
        self.search = QLineEdit(self) if usual is not None else QLineEdit()
        self.search.setPlaceholderText(find)
        self.search.setAccessibleName(find)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _text: self._arrange())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._all)
        if usual is not None:
            layout.addWidget(self.search)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(8)
        self._grid.setHorizontalSpacing(16)
        layout.addLayout(self._grid)
        for box in self._boxes:
            box.setChecked(ticked)
            box.toggled.connect(lambda _on: self._show_all())
        self._show_all()
        self._arrange()

    def chosen(self) -> list[int]:
        """The places of what is ticked."""
        return [place for place, box in enumerate(self._boxes) if box.isChecked()]

    def tick(self, places: Collection[int]) -> None:
        """Tick these and no others."""
        for place, box in enumerate(self._boxes):
            box.setChecked(place in places)
        self._show_all()
        self._arrange()

    def _arrange(self) -> None:
        """Show what is searched for, or the usual, and in any case what is ticked."""
        sought = self.search.text().casefold().split()
        shown = []
        for place, (box, title) in enumerate(zip(self._boxes, self._titles, strict=True)):
            is_found = all(word in title for word in sought) if sought else self._usual is None or place < self._usual
            is_shown = is_found or box.isChecked()
            self._grid.removeWidget(box)
            box.setVisible(is_shown)
            if is_shown:
                shown.append(box)
        # Long titles that are searched for stand one below the other.
        columns = 3 if len(shown) > MANY and self._usual is None else 1
        for place, box in enumerate(shown):
            self._grid.addWidget(box, place // columns, place % columns)

    def _tick_all(self) -> None:
        self.tick(range(len(self._boxes)) if len(self.chosen()) < len(self._boxes) else ())

    def _show_all(self) -> None:
        ticked = len(self.chosen())
        state = Qt.CheckState
        some = state.PartiallyChecked if ticked else state.Unchecked
        self._all.setCheckState(state.Checked if ticked == len(self._boxes) else some)
