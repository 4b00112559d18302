"""One item of an answer sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QWidget

from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.wording import Wording
from ui.desktop.widgets.basics import label

NUMBER_WIDTH = 28
EDGE = 8
"""At the ends of a row, and between its parts."""

SPACING = 6
"""Between two options."""

OPTION_FRAME = 28
"""Padding and border of an option, both sides."""

LEAST_OPTION = 64


class ItemRow(QFrame):
    """One item: its number, its text, its options. It holds no answer of its own.

    Signals:
        pressed: somebody clicked on the item.
        chosen: somebody clicked on the option with this value.
    """

    pressed = Signal()
    chosen = Signal(int)

    def __init__(self, number: int, item: Choice, definition: Definition, wording: Wording) -> None:
        super().__init__()
        self.number = number
        self.item = item
        options = definition.options(item)
        self.values = [option.value for option in options]
        self.setProperty("role", "item")
        # Where the words may not be here, an option is its value alone.
        self._texts = {option.value: f"{option.value} {wording.said(option.text)}".rstrip() for option in options}
        self._buttons = {option.value: self._button(option.value) for option in options}
        self._arranged: tuple[int, int] | None = None
        self.text = wording.item(item)
        self._text = label(self.text, wrap=True)
        shown_number = label(str(number), "muted")
        shown_number.setFixedWidth(NUMBER_WIDTH)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(EDGE, 3, EDGE, 3)
        self._layout.setHorizontalSpacing(EDGE)
        self._layout.setVerticalSpacing(4)
        self._layout.setColumnStretch(1, 1)
        self._layout.addWidget(shown_number, 0, 0)
        self._layout.addWidget(self._text, 0, 1)
        self._options = QWidget()
        self._grid = QGridLayout(self._options)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACING)

    def _button(self, value: int) -> QPushButton:
        button = QPushButton(self._texts[value], self)
        button.setProperty("role", "answer")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda _checked: self._clicked(value))
        return button

    def _clicked(self, value: int) -> None:
        # Qt has toggled the button already; what is really chosen is for the sheet to say.
        self._buttons[value].setChecked(not self._buttons[value].isChecked())
        self.chosen.emit(value)

    @property
    def option_widths(self) -> list[int]:
        """What each option needs, in device-independent pixels; the chosen one is written in bold letters."""
        font = self._text.font()
        font.setBold(True)
        bold = QFontMetrics(font)
        return [max(LEAST_OPTION, bold.horizontalAdvance(one.text()) + OPTION_FRAME) for one in self._buttons.values()]

    @property
    def line_width(self) -> int:
        """What all options need in one line."""
        widths = self.option_widths
        return sum(widths) + SPACING * (len(widths) - 1)

    def option_text(self, value: int | None) -> str:
        """An option in words; nothing for no answer."""
        return "" if value is None else self._texts[value]

    def show_value(self, value: int | None, *, enabled: bool) -> None:
        """Show which option is chosen."""
        for one, button in self._buttons.items():
            button.setChecked(one == value)
            button.setEnabled(enabled)

    def show_current(self, state: str) -> None:
        """Mark the row: not (""), current ("yes"), or current with the keyboard ("focus")."""
        if self.property("current") != state:
            self.setProperty("current", state)
            self.style().unpolish(self)
            self.style().polish(self)

    @staticmethod
    def room_in(width: int) -> int:
        """What is left for text and options in a row of this width."""
        return width - NUMBER_WIDTH - 4 * EDGE

    def arrange(self, *, beside: int, columns: int) -> None:
        """Place the options.

        Args:
            beside: how much room they have beside the text; 0 to put them below it.
            columns: in how many columns they stand. In fewer than there are options all of them are equally wide.
        """
        if (beside, columns) == self._arranged:
            return
        self._arranged = (beside, columns)
        widths = self.option_widths
        if columns < len(widths):
            widths = [max(widths)] * len(widths)
        for place, button in enumerate(self._buttons.values()):
            button.setFixedWidth(widths[place])
            self._grid.addWidget(button, place // columns, place % columns)
        for column in range(len(widths) + 1):
            self._grid.setColumnStretch(column, int(column == columns))
        self._layout.removeWidget(self._options)
        self._options.setMinimumWidth(beside)
        if beside:
            self._layout.addWidget(self._options, 0, 2)
        else:
            self._layout.addWidget(self._options, 1, 1, 1, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 -- Qt's name
        """A click on an item makes it the current one."""
        super().mousePressEvent(event)
        self.pressed.emit()
