"""A form on the screen: the answers in its rows, and which of them is the current one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.instruments.definition import Definition
from app.instruments.filling import Filling
from app.instruments.flow import UNKNOWN, Facts
from app.instruments.items import Choice, Computed, Item
from app.texts import Texts
from ui.desktop.theme import Theme
from ui.desktop.widgets.answer_field import Materials
from ui.desktop.widgets.item_row import ItemRow
from ui.desktop.widgets.sheet_body import RowsView, fill_head


class SheetView(RowsView):
    """Shows the items of one definition and the answers of one person. `AnswerSheet` adds the keys.

    Signals:
        moved: another item is the current one, or others are asked.
        finished: the last item was passed.
        passed_back: so was the first one, backwards.
    """

    moved = Signal()
    finished = Signal()
    passed_back = Signal()

    def __init__(self, texts: Texts, theme: Theme) -> None:
        super().__init__(theme)
        self._texts = texts
        self._theme = theme
        self._filling: Filling | None = None
        self._materials: Materials | None = None
        self._items: tuple[Item, ...] = ()
        self._stepwise = False
        self._section: str | None = None
        self._at = 0
        self._editable = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(texts("desktop_screening.sheet"))

    # ---- what is shown ----

    @property
    def definition(self) -> Definition | None:
        """The instrument that is shown."""
        return self._filling.definition if self._filling else None

    @property
    def answers(self) -> dict[str, Any]:
        """Item → answer, without the items that have none."""
        return self._filling.answers if self._filling else {}

    @property
    def draft(self) -> dict[str, Any]:
        """All that was typed, also what cannot be an answer; `show_answers` takes it back."""
        return self._filling.draft if self._filling else {}

    @property
    def given(self) -> dict[str, Any]:
        """The answers to what is asked: what is saved."""
        return self._filling.given if self._filling else {}

    @property
    def progress(self) -> tuple[int, int]:
        """How many items are answered, of how many that are asked."""
        return (len(self._filling.given), self._filling.open_items) if self._filling else (0, 0)

    @property
    def editable(self) -> bool:
        """Whether answers can be given."""
        return self._editable

    @property
    def position(self) -> int:
        """The place of the current item from 0; as many as there are items for the place behind the last one."""
        return self._at

    @property
    def is_mixed(self) -> bool:
        """Whether there is anything else than options to choose one of; Enter then goes on instead of saving."""
        return any(not isinstance(item, Choice) for item in self._items)

    @property
    def _form(self) -> Filling:
        """The answers, where something is shown."""
        if self._filling is None:
            raise LookupError
        return self._filling

    @property
    def _rows(self) -> list[ItemRow]:
        return self._body.rows

    def show_instrument(self, definition: Definition) -> None:
        """Show the items of an instrument, without answers."""
        if definition is self.definition:
            return
        self._materials = Materials(definition, self._texts, self._theme)
        self._filling = Filling(definition)
        self._items = definition.items
        self._section = None
        fill_head(self._head, self._materials)
        self._body.show_items(self._materials)
        self.show_answers({}, editable=self._editable)
        if self.isVisible():
            self.make_in_sight()

    def row_made(self, at: int, row: ItemRow) -> None:
        """Fill a row that was made just now, and listen to it."""
        row.pressed.connect(partial(self._pressed, at))
        self._fill(row)

    def show_answers(self, answers: Mapping[str, Any], *, editable: bool, facts: Facts = UNKNOWN) -> None:
        """Show the answers of somebody, or a draft of `Filling`; the first item without one becomes the current one."""
        if self._filling is None:
            return
        self._filling.begin(answers, facts)
        self._editable = editable
        self._learn(facts)
        for row in self._rows:
            self._fill(row)
        # A sheet that is only looked at has no current item.
        self._at = self._first_blank() if editable else len(self._items)
        self._section = self._section_at(0 if not editable else self._at)
        self._show_asked()
        self._mark()
        if not editable or not self._filling.answers:
            self.verticalScrollBar().setValue(0)

    def show_facts(self, facts: Facts) -> None:
        """What is known besides the answers is something else now, such as the day."""
        if self._filling is not None:
            self._learn(facts)
            self._filling.learn(facts)
            self._show_asked()

    def missing(self) -> list[int]:
        """The places, from 1, of the required items without an answer."""
        return self._places(self._form.walk.missing)

    def unread(self) -> list[int]:
        """The places, from 1, of items where something stands that cannot be the answer."""
        return self._places(self._form.unread)

    def number(self, place: int) -> str:
        """The number that an item has on paper; `place` counts from 1."""
        return self._materials.wording.number(self._items[place - 1]) if self._materials else ""

    def go_to(self, place: int) -> None:
        """Make the item at this place, from 1, the current one."""
        self._go(place - 1)

    def _places(self, names: tuple[str, ...]) -> list[int]:
        return [place for place, item in enumerate(self._items, 1) if item.id in names]

    def _learn(self, facts: Facts) -> None:
        if self._materials is not None:
            self._materials.today = facts.today

    def _fill(self, row: ItemRow) -> None:
        """Show in a row what stands there."""
        item, materials = row.item, self._materials
        if isinstance(item, Computed) and materials is not None:
            row.show_entry(materials.wording.computed(item, self._form.value(item.id)), editable=False)
        else:
            row.show_entry(self._form.entry(item.id), editable=self._editable)

    def _show_asked(self) -> None:
        """Show the items that are asked after the answers so far, and what is computed from these."""
        if self._filling is None:
            return
        for row in self._rows:
            if isinstance(row.item, Computed):
                self._fill(row)
        self._body.show_asked(self._filling.walk.asked, self._section if self._stepwise else None)

    # ---- sections ----

    @property
    def sections(self) -> list[tuple[str, int]]:
        """The titles of the sections in which something is asked, and the place of the first item of each."""
        definition = self.definition
        if definition is None:
            return []
        stops = [(item.section, at) for at, item in enumerate(self._items) if item.section and self._is_stop(at)]
        first = dict(reversed(stops))
        titles = {one.id: one.title[self._texts.language] for one in definition.sections}
        return sorted(((titles[name], at) for name, at in first.items()), key=lambda one: one[1])

    @property
    def section(self) -> int:
        """Which of `sections` the current item is in."""
        return next(
            (at for at, (_, first) in enumerate(self.sections) if self._section == self._items[first].section), 0
        )

    def show_stepwise(self, *, stepwise: bool) -> None:
        """Show one section at a time, or all of them one below the other."""
        self._stepwise = stepwise
        self._show_asked()
        self._mark()

    def go_section(self, step: int) -> None:
        """Go to the first item of the next section, or of the one before."""
        sections, at = self.sections, self.section + step
        if 0 <= at < len(sections):
            self._section = self._items[sections[at][1]].section
            self._show_asked()
            if self._editable:
                self._go(sections[at][1])
            self.verticalScrollBar().setValue(0)
            self.moved.emit()

    def _section_at(self, at: int) -> str | None:
        """The section of an item; behind the last one, the section that was shown."""
        return self._items[at].section if at < len(self._items) else self._section

    # ---- moving ----

    def _is_stop(self, at: int) -> bool:
        item = self._items[at]
        return not isinstance(item, Computed) and item.id in self._form.walk.asked

    def _stop(self, at: int, step: int) -> int | None:
        """The next item from a place on that somebody is asked, None where there is none."""
        at += step
        while 0 <= at < len(self._items):
            if self._is_stop(at):
                return at
            at += step
        return None

    def _first_blank(self) -> int:
        answered = self._form.given
        blank = (at for at, item in enumerate(self._items) if self._is_stop(at) and item.id not in answered)
        return next(blank, len(self._items))

    def _next(self) -> None:
        if self._at < len(self._items):
            after = self._stop(self._at, 1)
            self._go(len(self._items) if after is None else after)
            if after is None:
                self.finished.emit()

    def _step(self, step: int) -> None:
        at = self._stop(self._at, step)
        if at is not None:
            self._go(at)

    def _leave(self, step: int) -> None:
        """Go on to the next field of the item, or to the next item."""
        parts, focus = self._parts(), QApplication.focusWidget()
        place = parts.index(focus) + step if focus in parts else -1
        if 0 <= place < len(parts):
            parts[place].setFocus(Qt.FocusReason.TabFocusReason)
            self.show_in_view(parts[place])
        elif step > 0:
            if self._at >= len(self._items):
                self.finished.emit()
            self._next()
        elif self._stop(self._at, -1) is None:
            self.passed_back.emit()
        else:
            self._step(-1)

    def _go(self, at: int) -> None:
        had_keyboard = self.has_keyboard()
        self._at = at
        if self._section_at(at) != self._section:
            self._section = self._section_at(at)
            self._show_asked()
        if had_keyboard:
            self._give_keyboard()
        self._mark()

    def _pressed(self, at: int) -> None:
        """Somebody clicked on an item, or into its editor."""
        if at != self._at and self._editable:
            self._at = at
            self._section = self._section_at(at)
        if not self._in_field() and self._parts():
            self._give_keyboard()
        self._mark()

    def _give_keyboard(self) -> None:
        parts = self._parts()
        (parts[0] if parts else self).setFocus(Qt.FocusReason.TabFocusReason)

    def _parts(self) -> list[QWidget]:
        """What in the current item takes the keyboard."""
        return self._row(self._at).parts() if self._editable and self._at < len(self._items) else []

    def _in_field(self) -> bool:
        return QApplication.focusWidget() in self._parts()

    def current_row(self) -> ItemRow | None:
        """The one of the current item; behind the last item there is none."""
        return self._row(self._at) if self._at < len(self._items) else None

    def _row(self, at: int) -> ItemRow:
        self._body.make(at + 1)
        return self._rows[at]

    def _mark(self) -> None:
        """Show which item is the current one, and bring it and its neighbours into view."""
        focused = self.has_keyboard()
        current = self.current_row()
        for row in self._rows:
            row.show_current("" if row is not current else "focus" if focused else "yes")
        if self._rows:
            self.show_in_view(current or self._rows[-1])
        self._describe()
        self.moved.emit()

    def _describe(self) -> None:
        """Tell a screen reader where we are."""
        if self._at >= len(self._items):
            self.setAccessibleDescription(self._texts("desktop_screening.sheet_end"))
            return
        row = self._row(self._at)
        answer = row.said(self._form.entry(row.item.id)) or self._texts("desktop_screening.no_answer")
        self.setAccessibleDescription(f"{row.number} {row.text} — {answer}")

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 -- Qt's name
        """The current item is marked more strongly while keys go to it, or to what is typed into it."""
        super().focusInEvent(event)
        if self._parts():
            self._give_keyboard()
        self._mark()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 -- Qt's name
        """See `focusInEvent`."""
        super().focusOutEvent(event)
        self._mark()
