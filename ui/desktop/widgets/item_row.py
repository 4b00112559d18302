"""One item of an answer sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QWidget

from app.instruments.definition import Item, Option
from ui.desktop.widgets.basics import label


class ItemRow(QFrame):
    """One item: its number, its text, its options. It holds no answer of its own.

    Signals:
        pressed: somebody clicked on the item.
        chosen: somebody clicked on the option with this value.
    """

    NUMBER = 28
    pressed = Signal()
    chosen = Signal(int)

    def __init__(self, number: int, item: Item, options: tuple[Option, ...], language: str) -> None:
        super().__init__()
        self.number = number
        self.item = item
        self.values = [option.value for option in options]
        self.setProperty("role", "item")
        self._texts = {option.value: option.text[language] for option in options}
        self._buttons = {option.value: self._button(option.value) for option in options}
        self._arranged: tuple[bool, int, int] | None = None
        self._text = label(item.text[language], wrap=True)
        shown_number = label(str(number), "muted")
        shown_number.setFixedWidth(self.NUMBER)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(8, 3, 8, 3)
        self._layout.setHorizontalSpacing(8)
        self._layout.setVerticalSpacing(4)
        self._layout.setColumnStretch(1, 1)
        self._layout.addWidget(shown_number, 0, 0)
        self._layout.addWidget(self._text, 0, 1)
        self._options = QWidget()
        self._grid = QGridLayout(self._options)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)

    def _button(self, value: int) -> QPushButton:
        button = QPushButton(f"{value}  {self._texts[value]}", self)
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
    def option_width(self) -> int:
        """What the widest option needs, in device-independent pixels, with some more for the bold letters when chosen."""
        for button in self._buttons.values():
            button.ensurePolished()
        return max(button.sizeHint().width() for button in self._buttons.values()) + 8

    def option_text(self, value: int | None) -> str:
        """An option in words; nothing for no answer."""
        return "" if value is None else f"{value} {self._texts[value]}"

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

    def arrange(self, *, beside: bool, columns: int, width: int) -> None:
        """Place the options, all equally wide, in so many columns."""
        if (beside, columns, width) == self._arranged:
            return
        self._arranged = (beside, columns, width)
        for place, button in enumerate(self._buttons.values()):
            button.setFixedWidth(width)
            self._grid.addWidget(button, place // columns, place % columns)
        for column in range(len(self._buttons) + 1):
            self._grid.setColumnStretch(column, int(column == columns))
        self._layout.removeWidget(self._options)
        if beside:
            self._layout.addWidget(self._options, 0, 2)
        else:
            self._layout.addWidget(self._options, 1, 1, 1, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 -- Qt's name
        """A click on an item makes it the current one."""
        super().mousePressEvent(event)
        self.pressed.emit()
