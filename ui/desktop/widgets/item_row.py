"""One item of an answer sheet: its number and text, and the place for its answer, which depends on its kind."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from app.instruments.items import Item
from ui.desktop.widgets.answer_field import AnswerField, Materials
from ui.desktop.widgets.basics import chip, label, row

NUMBER_WIDTH = 28
EDGE = 8
"""At the ends of a row, and between its parts."""

SPACING = 6
"""Between two options."""

LEAST_TEXT = 170
"""Narrower than this the text of an item is hard to read beside its options; then they go below it."""


def restyle(widget: QWidget) -> None:
    """Give a widget the look of a property that changed. One that was never shown gets its look when it is."""
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class ItemRow(QFrame):
    """One item. It holds no answer of its own.

    Signals:
        pressed: somebody clicked on the item, or into it.
        edited: somebody typed into it.
    """

    pressed = Signal()
    edited = Signal()

    def __init__(self, item: Item, materials: Materials) -> None:
        super().__init__()
        self.number = materials.wording.number(item)
        self.item = item
        self.materials = materials
        self.text = materials.wording.item(item)
        self.setProperty("role", "item")
        # Where the words may not be here, they are the number, which need not stand there twice.
        shown_number = label(self.number if item.text else "", "muted")
        shown_number.setFixedWidth(NUMBER_WIDTH)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(EDGE, 3, EDGE, 3)
        self.grid.setHorizontalSpacing(EDGE)
        self.grid.setVerticalSpacing(4)
        self.grid.setColumnStretch(1, 1)
        self.grid.addWidget(shown_number, 0, 0)
        self._add_text()

    def _add_text(self) -> None:
        text = label(self.text, wrap=True)
        item, texts = self.item, self.materials.texts
        if not item.help and item.by == "respondent":
            self.grid.addWidget(text, 0, 1)
            return
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(text)
        if item.help:
            column.addWidget(label(self.materials.wording.said(item.help), "small", wrap=True))
        if item.by == "examiner":
            column.addLayout(row(chip(texts("form.by_examiner"), "plain"), None))
        self.grid.addLayout(column, 0, 1)

    def parts(self) -> list[QWidget]:
        """What in it takes the keyboard from the sheet, in order; nothing where the sheet keeps it."""
        return []

    def show_entry(self, entry: Any, *, editable: bool) -> None:
        """Show what stands there."""

    def said(self, entry: Any) -> str:
        """What stands there, for a screen reader; nothing for no answer."""
        return "" if self.parts() else str(entry)

    def show_current(self, state: str) -> None:
        """Mark the row: not (""), current ("yes"), or current with the keyboard ("focus")."""
        if (self.property("current") or "") != state:
            self.setProperty("current", state)
            restyle(self)

    @staticmethod
    def room_in(width: int) -> int:
        """What is left for text and options in a row of this width."""
        return width - NUMBER_WIDTH - 4 * EDGE

    def arrange(self, *, beside: int, room: int) -> None:
        """Place the answer.

        Args:
            beside: how wide options are where they stand beside their text; 0 for none of them.
            room: for text and answer together.
        """

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 -- Qt's name
        """A click on an item makes it the current one."""
        super().mousePressEvent(event)
        self.pressed.emit()


class FieldRow(ItemRow):
    """An item whose answer is typed: a number, a day, a text."""

    def __init__(self, item: Any, materials: Materials) -> None:
        super().__init__(item, materials)
        self.field = AnswerField(item, materials)
        self.field.edited.connect(self.edited)
        self.field.entered.connect(self.pressed)
        self._beside: bool | None = None
        self.arrange(beside=0, room=0)

    @property
    def entry(self) -> Any:
        """What stands there."""
        return self.field.reading.entry

    def parts(self) -> list[QWidget]:
        """The editor."""
        return self.field.parts()

    def show_entry(self, entry: Any, *, editable: bool) -> None:
        """Put it into the editor."""
        self.field.show_entry(entry, editable=editable)

    def arrange(self, *, beside: int, room: int) -> None:
        """A short answer goes beside its text where there is room, below the options of others."""
        self.field.setMinimumWidth(beside if self.field.is_short and room >= 2 * LEAST_TEXT else 0)
        beside_text = self.field.is_short and room >= 2 * LEAST_TEXT
        if beside_text == self._beside:
            return
        self._beside = beside_text
        self.grid.removeWidget(self.field)
        if beside_text:
            self.grid.addWidget(self.field, 0, 2, Qt.AlignmentFlag.AlignTop)
        else:
            self.grid.addWidget(self.field, 1, 1, 1, 2)


class ComputedRow(ItemRow):
    """A value that follows from other answers; nobody is asked."""

    def __init__(self, item: Any, materials: Materials) -> None:
        super().__init__(item, materials)
        self._value = label("", "strong")
        self._value.setAccessibleName(self.text)
        self.grid.addWidget(self._value, 0, 2)

    def show_entry(self, entry: Any, *, editable: bool) -> None:  # noqa: ARG002 -- as in `ItemRow`
        """Show it in words."""
        self._value.setText(str(entry) or "—")
