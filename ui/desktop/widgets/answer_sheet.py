"""One form as it lies on the desk: filled in by digits, by typing or by clicks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent

from app.instruments.filling import BLANK
from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.choice_rows import NONE, SKIP, ChoiceRow, Mark, MultipleRow, OptionsRow
from ui.desktop.widgets.item_row import ItemRow
from ui.desktop.widgets.sheet_view import SheetView

NO_PLAIN_KEY = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class AnswerSheet(SheetView):
    """The items of one definition and the answers of one person.

    A digit answers the current item with the option of that value and goes on to the next one; behind the last item
    there is a place that belongs to no item. The sheet keeps the keyboard, except where something is typed: there the
    editor has it, until Enter, Tab or an arrow goes on.

    Signals:
        changed: the person at the keyboard gave an answer or took one back.
        moved, finished, passed_back: as in `SheetView`.
        save_wanted: Enter.
        step_wanted: another person's sheet, the next (1) or the one before (-1).
        refused: a key did nothing; says why.
    """

    changed = Signal()
    save_wanted = Signal()
    step_wanted = Signal(int)
    refused = Signal(str)

    def __init__(self, texts: Texts, theme: Theme) -> None:
        super().__init__(texts, theme)
        self._begun: tuple[OptionsRow, str] | None = None

    # ---- the keyboard ----

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's name
        """Digits answer, Backspace goes back, arrows move, Space leaves blank, Enter saves or goes on."""
        text, key = event.text(), Qt.Key(event.key())
        # A key that is held down must not fill in a whole sheet, nor save twice.
        once = not event.isAutoRepeat()
        in_field = self._in_field()
        moves = self._moves_in_field() if in_field else self._moves()
        if event.modifiers() & NO_PLAIN_KEY or self._filling is None:
            event.ignore()
        elif not in_field and len(text) == 1 and text.isascii() and text.isdigit():
            if once:
                self._type(int(text))
        elif not in_field and key in {Qt.Key.Key_Space, Qt.Key.Key_Minus, Qt.Key.Key_Slash}:
            if once:
                self._skip(key)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if once:
                self._enter()
        elif key in moves:
            self._settle()
            moves[key]()
        else:
            event.ignore()

    def _moves(self) -> dict[Qt.Key, Callable[[], object]]:
        key = Qt.Key
        return {
            key.Key_Backspace: self.back,
            key.Key_Delete: self._delete,
            key.Key_Up: lambda: self._step(-1),
            key.Key_Down: self._next,
            key.Key_Left: lambda: self._shift(-1),
            key.Key_Right: lambda: self._shift(1),
            key.Key_Home: lambda: self._go(self._stop(-1, 1) or 0),
            key.Key_End: lambda: self._go(self._stop(len(self._items), -1) or 0),
            key.Key_PageUp: lambda: self.step_wanted.emit(-1),
            key.Key_PageDown: lambda: self.step_wanted.emit(1),
        }

    def _moves_in_field(self) -> dict[Qt.Key, Callable[[], object]]:
        """Keys that an editor has no use for."""
        key = Qt.Key
        return {
            key.Key_Up: lambda: self._leave(-1),
            key.Key_Down: lambda: self._leave(1),
            key.Key_PageUp: lambda: self.step_wanted.emit(-1),
            key.Key_PageDown: lambda: self.step_wanted.emit(1),
        }

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002, FBT001, N802 -- Qt's names
        """Tab goes from item to item, and behind the last one to what comes after the sheet."""
        if not self.is_mixed or not self._editable or not self.has_keyboard():
            return super().focusNextPrevChild(next)
        self._settle()
        self._leave(1 if next else -1)
        return True

    def _enter(self) -> None:
        if self._settle():
            if isinstance(self._row(self._at), ChoiceRow):
                self._next()
        elif self.is_mixed and self._editable and self._at < len(self._items):
            self._leave(1)
        else:
            self.save_wanted.emit()

    def _type(self, digit: int) -> None:
        if not self._may_change():
            return
        if self._at >= len(self._items):
            self.refused.emit(self._texts("desktop_screening.no_item_left", value=digit))
            return
        row = self._row(self._at)
        if isinstance(row, OptionsRow):
            self._type_into(row, f"{self._begun_at(row)}{digit}")

    def _type_into(self, row: OptionsRow, typed: str) -> None:
        """Choose the option whose value was typed; where a longer value begins like it, wait for what comes next."""
        mark, longer = row.mark_of(int(typed)), row.longer(typed)
        self._begun = (row, typed) if longer else None
        if mark is None and not longer:
            self._refuse(row, typed)
        elif mark is not None and not longer:
            self._choose(row, mark)
        else:
            if mark is not None and isinstance(row, ChoiceRow):
                self._set(mark)
            values = self._texts("desktop_screening.list_separator").join(map(str, longer))
            key = "form.begun" if mark is not None else "form.begun_none"
            self.refused.emit(self._texts(key, typed=typed, values=values))

    def _refuse(self, row: OptionsRow, typed: str) -> None:
        if len(typed) > 1 and isinstance(row, MultipleRow):
            # A digit that does not go on with the one before is a tick of its own.
            self._choose(row, row.mark_of(int(typed[:-1])) or NONE)
            self._type_into(row, typed[-1])
            return
        values = self._texts("desktop_screening.list_separator").join(map(str, row.values))
        self.refused.emit(self._texts("desktop_screening.no_such_option", item=row.number, value=typed, values=values))

    def _begun_at(self, row: OptionsRow) -> str:
        """The digits that were typed for an item and may go on."""
        return self._begun[1] if self._begun and self._begun[0] is row else ""

    def _settle(self) -> bool:
        """What was begun is all that was meant. Returns whether there was something."""
        begun, self._begun = self._begun, None
        if begun is None or self._at >= len(self._items) or self._row(self._at) is not begun[0]:
            return False
        row, mark = begun[0], begun[0].mark_of(int(begun[1]))
        if isinstance(row, MultipleRow) and mark is not None:
            self._choose(row, mark)
        return True

    def _choose(self, row: OptionsRow, mark: Mark) -> None:
        """Choose an option of the current item, or take it back where several can be chosen."""
        if isinstance(row, MultipleRow):
            self._set(row.toggled(self._entry(row), mark))
        else:
            self._set(None if mark == SKIP else mark)
            self._next()

    def _click(self, at: int, mark: Mark) -> None:
        self._begun = None
        self.setFocus()
        self._go(at)
        row = self._row(at)
        if self._may_change() and isinstance(row, OptionsRow):
            self._choose(row, mark)

    def _skip(self, key: Qt.Key) -> None:
        """Space and minus leave an item blank, a stroke says that it does not apply; Space ticks where there are ticks."""
        if self._settle() or self._at >= len(self._items) or not self._may_change():
            return
        row = self._row(self._at)
        if key == Qt.Key.Key_Slash:
            if row.item.not_applicable and isinstance(row, OptionsRow):
                self._choose(row, SKIP)
        elif key == Qt.Key.Key_Space and isinstance(row, MultipleRow):
            if row.at is None:
                row.go(1)
            else:
                self._choose(row, row.at)
        else:
            self._set(BLANK)
            self._next()

    def _delete(self) -> None:
        if self._may_change() and self._at < len(self._items):
            self._set(BLANK)

    def _shift(self, step: int) -> None:
        """Choose the option beside the chosen one: the way to values that no single digit can say."""
        if self._at >= len(self._items) or not self._may_change():
            return
        row = self._row(self._at)
        if isinstance(row, MultipleRow):
            row.go(step)
        elif isinstance(row, ChoiceRow):
            value = row.beside(self._entry(row), step)
            if value is not None:
                self._set(value)

    def _may_change(self) -> bool:
        if not self._editable:
            self.refused.emit(self._texts("desktop_screening.saved_already"))
        return self._editable

    # ---- answers ----

    def row_made(self, at: int, row: ItemRow) -> None:
        """Listen to what is chosen and typed in a row."""
        super().row_made(at, row)
        row.edited.connect(partial(self._edited, row))
        if isinstance(row, OptionsRow):
            row.chosen.connect(partial(self._click, at))

    def back(self) -> None:
        """Go to the item before the current one and take its answer back, where it was chosen."""
        before = self._stop(self._at, -1)
        if before is not None and self._may_change():
            self._go(before)
            if isinstance(self._row(before), OptionsRow):
                self._set(BLANK)

    def _entry(self, row: ItemRow) -> Any:
        return self._form.entry(row.item.id)

    def _set(self, entry: Any) -> None:
        """Answer the current item."""
        row = self._row(self._at)
        self._form.put(row.item.id, entry)
        row.show_entry(entry, editable=True)
        self._answered()

    def _edited(self, row: ItemRow) -> None:
        """Somebody typed into a row."""
        self._form.put(row.item.id, getattr(row, "entry", BLANK))
        self._answered()

    def _answered(self) -> None:
        self._show_asked()
        self._describe()
        self.changed.emit()
