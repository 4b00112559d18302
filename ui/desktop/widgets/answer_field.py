"""A place for an answer that is typed: the editor, the unit, "does not apply", and a sentence where it cannot be so."""

from __future__ import annotations

import datetime as dt
from functools import cached_property, partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.instruments.definition import Definition
from app.instruments.filling import BLANK
from app.instruments.items import Cell, Choice, Day, Multiple, Quantity
from app.instruments.wording import Wording
from app.texts import Texts
from ui.desktop.models.typed import Reading, limits, read_day, read_number, read_words
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label, row
from ui.desktop.widgets.editors import DayEditor, Editor, LineEditor, ListEditor, TextEditor, TicksEditor

NUMBER_CHARACTERS = 12


class Materials:
    """What rows and fields are made with.

    Args:
        definition: whose items they are.
        texts: the language.
        theme: for sizes.

    Attributes:
        today: the day of the answers.
        widths: what options need, by their words; measured once.
    """

    def __init__(self, definition: Definition, texts: Texts, theme: Theme) -> None:
        self.definition = definition
        self.texts = texts
        self.theme = theme
        self.wording = Wording(definition, texts)
        self.today: dt.date | None = None
        self.widths: dict[tuple[str, ...], list[int]] = {}

    @cached_property
    def calendar_icon(self) -> QIcon:
        """On the button beside a day; drawn once for all of them."""
        return self.theme.icon("today")

    def options(self, item: Choice | Multiple) -> list[tuple[int, str]]:
        """The options of an item with their values before the words; the value alone where there are no words."""
        return [
            (one.value, f"{one.value} {self.wording.said(one.text)}".rstrip()) for one in self.definition.options(item)
        ]


class AnswerField(QWidget):
    """Holds the answer to one item.

    Signals:
        edited: somebody typed or chose.
        entered: the keyboard came into it.
    """

    edited = Signal()
    entered = Signal()

    def __init__(self, item: Cell, materials: Materials) -> None:
        super().__init__()
        self.item = item
        self._materials = materials
        self._texts = materials.texts
        self.setProperty("role", "plain")
        self.editor = self._editor()
        self._fault = label("", "fault", wrap=True)
        self._fault.hide()
        self._skip = QPushButton(self._texts("form.skip"))
        self._skip.setProperty("role", "answer")
        self._skip.setCheckable(True)
        self._skip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._skip.clicked.connect(lambda on: self._skip_or_not(on=on))
        if not item.not_applicable or isinstance(item, Choice):
            self._skip.hide()
        line = row(self.editor, spacing=6)
        line.setContentsMargins(0, 0, 0, 0)
        self.is_short = isinstance(item, Quantity | Day)
        if isinstance(item, Quantity) and item.unit:
            line.addWidget(label(materials.wording.said(item.unit), "muted"))
        line.addWidget(self._skip)
        if self.is_short:
            line.addStretch(1)
        else:
            line.setStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self._fault)
        self.editor.edited.connect(self._edited)
        self.editor.entered.connect(self.entered)
        self.editor.left.connect(partial(self.check, left=True))
        self.editor.name_it(materials.wording.item(item))
        self._describe("")

    def _editor(self) -> Editor:
        item, wording, texts, may_skip = self.item, self._materials.wording, self._texts, self.item.not_applicable
        if isinstance(item, Quantity):
            quantity = item
            return LineEditor(
                lambda text: read_number(text, quantity, wording, texts),
                characters=NUMBER_CHARACTERS,
                may_skip=may_skip,
            )
        if isinstance(item, Day):
            day = item
            return DayEditor(
                lambda text: read_day(text, day, self._materials.today, texts),
                texts,
                self._materials.theme,
                self._materials.calendar_icon,
                may_skip=may_skip,
            )
        if isinstance(item, Choice):
            return ListEditor(self._materials.options(item), texts("form.skip") if may_skip else "")
        if isinstance(item, Multiple):
            return TicksEditor(self._materials.options(item), item.alone, texts("form.none_of_them"))
        words = item
        if words.lines > 1:
            return TextEditor(lambda text: read_words(text, words, texts), lines=words.lines, may_skip=may_skip)
        return LineEditor(lambda text: read_words(text, words, texts), characters=0, may_skip=may_skip)

    # ---- what stands in it ----

    @property
    def reading(self) -> Reading:
        """What stands in it, as an answer."""
        skipped = self._skip.isChecked() and isinstance(self.item, Multiple)
        return Reading(None) if skipped else self.editor.reading()

    def show_entry(self, entry: Any, *, editable: bool) -> None:
        """Show what nobody typed just now."""
        self.editor.show_entry(entry)
        self.editor.set_editable(editable=editable)
        self._skip.setChecked(entry is None)
        self._skip.setEnabled(editable)
        self.check(left=True)

    def parts(self) -> list[QWidget]:
        """What can have the keyboard, in order."""
        return self.editor.parts()

    def check(self, *, left: bool) -> None:
        """Say what is wrong with it; what can still become right is said when the field is left."""
        reading = self.reading
        fault = reading.fault if left or reading.hopeless else ""
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))
        self._describe(fault)

    def _edited(self) -> None:
        self._skip.setChecked(self.editor.reading().entry is None)
        self.check(left=False)
        self.edited.emit()

    def _skip_or_not(self, *, on: bool) -> None:
        self.editor.show_entry(None if on else BLANK)
        self.check(left=True)
        parts = self.parts()
        if parts:
            parts[0].setFocus()
        self.edited.emit()

    def _describe(self, fault: str) -> None:
        """Tell a screen reader what is wanted, and what is wrong."""
        said = [fault]
        if isinstance(self.item, Quantity):
            said.append(limits(self.item, self._materials.wording, self._texts))
        self.editor.describe(" ".join(part for part in said if part))
