"""One answer sheet as it lies on the desk: items in rows, options as buttons, filled in by digits or by clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import ceil

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.wording import Wording
from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import clear, label
from ui.desktop.widgets.item_row import SPACING, ItemRow

LEAST_TEXT = 170
"""Narrower than this the text of an item is hard to read beside its options; then they go below it."""

NO_PLAIN_KEY = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class AnswerSheet(QScrollArea):
    """The items of one instrument and the answers of one person.

    A digit answers the current item with the option of that value and goes on to the next one; behind the last item
    there is a place that belongs to no item. The sheet keeps the keyboard, its buttons are for the mouse.

    Signals:
        changed: the person at the keyboard gave an answer or took one back.
        finished: the last item was passed.
        save_wanted: Enter.
        step_wanted: another person's sheet, the next (1) or the one before (-1).
        refused: a key did nothing; says why.
    """

    changed = Signal()
    finished = Signal()
    save_wanted = Signal()
    step_wanted = Signal(int)
    refused = Signal(str)

    def __init__(self, texts: Texts, theme: Theme) -> None:
        super().__init__()
        self._texts = texts
        self._gap = theme.size("space")
        self._definition: Definition | None = None
        self._rows: list[ItemRow] = []
        self._answers: dict[str, int] = {}
        self._at = 0
        self._editable = True
        self._inner = QWidget()
        self._inner.setProperty("role", "plain")
        self._list = QVBoxLayout(self._inner)
        self._list.setContentsMargins(0, 0, self._gap, 0)
        self._list.setSpacing(0)
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(texts("desktop_screening.sheet"))

    # ---- what is shown ----

    @property
    def definition(self) -> Definition | None:
        """The instrument that is shown."""
        return self._definition

    @property
    def answers(self) -> dict[str, int]:
        """Item → value, without the items that have no answer."""
        return dict(self._answers)

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self._rows)

    @property
    def editable(self) -> bool:
        """Whether answers can be given."""
        return self._editable

    @property
    def position(self) -> int:
        """The number of the current item from 0; as many as there are items for the place behind the last one."""
        return self._at

    def show_instrument(self, definition: Definition) -> None:
        """Show the items of an instrument, without answers."""
        if definition is self._definition:
            return
        self._definition = definition
        wording = Wording(definition, self._texts)
        clear(self._list)
        if definition.instruction:
            self._list.addWidget(label(wording.said(definition.instruction), "strong", wrap=True))
        if definition.recall:
            recall = self._texts("desktop_screening.recall", time=wording.said(definition.recall))
            self._list.addWidget(label(recall, "small", wrap=True))
        self._list.addSpacing(self._gap)
        self._rows = []
        choices = [item for item in definition.items if isinstance(item, Choice)]
        for number, item in enumerate(choices):
            row = ItemRow(number + 1, item, definition, wording)
            row.pressed.connect(partial(self._go, number))
            row.chosen.connect(partial(self._click, number))
            self._rows.append(row)
            self._list.addWidget(row)
        self._list.addStretch(1)
        self.show_answers({}, editable=self._editable)
        self._arrange()

    def show_answers(self, answers: Mapping[str, int], *, editable: bool) -> None:
        """Show the answers of somebody; the first item without one becomes the current one."""
        self._answers = {row.item.id: answers[row.item.id] for row in self._rows if row.item.id in answers}
        self._editable = editable
        for row in self._rows:
            row.show_value(self._answers.get(row.item.id), enabled=editable)
        blank = (at for at, row in enumerate(self._rows) if row.item.id not in self._answers)
        # A sheet that is only looked at has no current item.
        self._at = next(blank, len(self._rows)) if editable else len(self._rows)
        self._mark()
        if not editable or not self._answers:
            self.verticalScrollBar().setValue(0)

    def missing(self) -> list[int]:
        """The numbers, from 1, of the required items without an answer."""
        return [row.number for row in self._rows if row.item.required and row.item.id not in self._answers]

    def go_to(self, number: int) -> None:
        """Make the item of this number, from 1, the current one."""
        self._go(number - 1)

    def back(self) -> None:
        """Go to the item before the current one and take its answer back."""
        if self._at > 0 and self._may_change():
            self._go(self._at - 1)
            self._set(None)

    # ---- the keyboard ----

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's name
        """Digits answer, Backspace goes back, arrows move, Space leaves blank, Enter saves."""
        text, key = event.text(), event.key()
        # A key that is held down must not fill in a whole sheet, nor save twice.
        once = not event.isAutoRepeat()
        moves = self._moves().get(Qt.Key(key))
        if event.modifiers() & NO_PLAIN_KEY or self._definition is None:
            event.ignore()
        elif len(text) == 1 and text.isascii() and text.isdigit():
            if once:
                self._type(int(text))
        elif key in {Qt.Key.Key_Space, Qt.Key.Key_Minus}:
            if once:
                self._leave_blank()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if once:
                self.save_wanted.emit()
        elif moves:
            moves()
        else:
            event.ignore()

    def _moves(self) -> dict[Qt.Key, Callable[[], None]]:
        key = Qt.Key
        return {
            key.Key_Backspace: self.back,
            key.Key_Delete: self._delete,
            key.Key_Up: lambda: self._go(max(0, self._at - 1)),
            key.Key_Down: self._next,
            key.Key_Left: lambda: self._shift(-1),
            key.Key_Right: lambda: self._shift(1),
            key.Key_Home: lambda: self._go(0),
            key.Key_End: lambda: self._go(len(self._rows) - 1),
            key.Key_PageUp: lambda: self.step_wanted.emit(-1),
            key.Key_PageDown: lambda: self.step_wanted.emit(1),
        }

    def _type(self, value: int) -> None:
        if not self._may_change():
            return
        if self._at >= len(self._rows):
            self.refused.emit(self._texts("desktop_screening.no_item_left", value=value))
        elif value not in self._rows[self._at].values:
            values = self._texts("desktop_screening.list_separator").join(map(str, self._rows[self._at].values))
            number = self._rows[self._at].number
            self.refused.emit(self._texts("desktop_screening.no_such_option", item=number, value=value, values=values))
        else:
            self._set(value)
            self._next()

    def _click(self, at: int, value: int) -> None:
        self.setFocus()
        self._go(at)
        self._type(value)

    def _leave_blank(self) -> None:
        if self._may_change() and self._at < len(self._rows):
            self._set(None)
            self._next()

    def _delete(self) -> None:
        if self._may_change() and self._at < len(self._rows):
            self._set(None)

    def _shift(self, step: int) -> None:
        """Choose the option beside the chosen one: the way to values that no single digit can say."""
        if self._at >= len(self._rows) or not self._may_change():
            return
        row = self._rows[self._at]
        value = self._answers.get(row.item.id)
        at = row.values.index(value) + step if value is not None else (0 if step > 0 else len(row.values) - 1)
        if 0 <= at < len(row.values):
            self._set(row.values[at])

    def _may_change(self) -> bool:
        if not self._editable:
            self.refused.emit(self._texts("desktop_screening.saved_already"))
        return self._editable

    def _set(self, value: int | None) -> None:
        row = self._rows[self._at]
        if value is None:
            self._answers.pop(row.item.id, None)
        else:
            self._answers[row.item.id] = value
        row.show_value(value, enabled=True)
        self._describe()
        self.changed.emit()

    # ---- moving ----

    def _next(self) -> None:
        if self._at < len(self._rows):
            self._go(self._at + 1)
            if self._at == len(self._rows):
                self.finished.emit()

    def _go(self, at: int) -> None:
        self._at = at
        self._mark()

    def _mark(self) -> None:
        """Show which item is the current one, and bring it and its neighbours into view."""
        for at, row in enumerate(self._rows):
            row.show_current("" if at != self._at else "focus" if self.hasFocus() else "yes")
        if self._rows:
            shown = self._rows[min(self._at, len(self._rows) - 1)]
            self._list.activate()
            self.ensureWidgetVisible(shown, 0, shown.height() + self._gap)
            self._show_in_page(shown)
        self._describe()

    def _show_in_page(self, shown: QWidget) -> None:
        """Where the page itself is too small for the sheet, scroll it as well."""
        outer = self.parentWidget()
        while outer is not None:
            if isinstance(outer, QScrollArea) and self.hasFocus():
                outer.ensureWidgetVisible(shown, 0, self._gap)
            outer = outer.parentWidget()

    def _describe(self) -> None:
        """Tell a screen reader where we are."""
        if self._at >= len(self._rows):
            self.setAccessibleDescription(self._texts("desktop_screening.sheet_end"))
            return
        row = self._rows[self._at]
        answer = row.option_text(self._answers.get(row.item.id)) or self._texts("desktop_screening.no_answer")
        self.setAccessibleDescription(f"{row.number} {row.text} — {answer}")

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 -- Qt's name
        """The current item is marked more strongly while keys go to it."""
        super().focusInEvent(event)
        self._mark()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 -- Qt's name
        """See `focusInEvent`."""
        super().focusOutEvent(event)
        self._mark()

    # ---- room ----

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 -- Qt's name
        """Options go beside their item where there is room, below it where there is not."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        if not self._rows:
            return
        room = ItemRow.room_in(self.viewport().width() - self._gap)
        line = max(row.line_width for row in self._rows)
        beside = line if room - line >= LEAST_TEXT else 0
        for row in self._rows:
            row.arrange(beside=beside, columns=self._columns(row, room))

    def _columns(self, row: ItemRow, room: int) -> int:
        """In how many columns the options of an item stand: all in a line, or evenly in several."""
        count = len(row.values)
        if row.line_width <= room:
            return count
        fitting = max(1, (room + SPACING) // (max(row.option_widths) + SPACING))
        # Four options of which three fit stand two by two.
        return ceil(count / ceil(count / fitting))
