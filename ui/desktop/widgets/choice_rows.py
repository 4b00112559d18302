"""Items whose answers are chosen: one option or several, as buttons, or in a grid under the options' words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QHBoxLayout, QPushButton, QWidget

from app.instruments.filling import BLANK
from app.instruments.items import Choice, Multiple
from ui.desktop.widgets.answer_field import Materials
from ui.desktop.widgets.basics import label
from ui.desktop.widgets.item_row import EDGE, LEAST_TEXT, NUMBER_WIDTH, SPACING, ItemRow, restyle

OPTION_FRAME = 28
"""Padding and border of an option, both sides."""

LINE_FRAME = 12
"""Above and below the lines of an option that is written in several."""

LEAST_OPTION = 64
WIDEST_COLUMN = 112
"""Longer words at the head of a grid are wrapped."""

SKIP = "/"
"""Stands for "does not apply" among the options, and is its key."""

NONE = "none"
"""Stands for "none of these"."""

Mark = int | str
"""A value, `SKIP` or `NONE`."""

_BREAKS = re.compile(r"[\x21-\x7e\u00c0-\u024f]+\s*|[^\x21-\x7e\u00c0-\u024f][，。、；：？！）”]?\s*")
"""A word of letters, or a single character with the sign that must not begin a line."""


class OptionsRow(ItemRow):
    """An item with its options as buttons.

    Signals:
        chosen: somebody clicked on an option: its value, `SKIP` or `NONE`.
    """

    chosen = Signal(object)

    def __init__(self, item: Choice | Multiple, materials: Materials) -> None:
        super().__init__(item, materials)
        self.values = [option.value for option in materials.definition.options(item)]
        self._texts = option_texts(item, materials)
        self._options = QWidget(self)
        self._buttons = {mark: self._button(mark, text) for mark, text in self._texts.items()}
        self._arranged: tuple[int, ...] = ()
        self._is_wrapped = 0
        self._places = QGridLayout(self._options)
        self._places.setContentsMargins(0, 0, 0, 0)
        self._places.setSpacing(SPACING)

    def _button(self, mark: Mark, text: str) -> QPushButton:
        # "&" would underline the letter after it.
        button = QPushButton(text.replace("&", "&&"), self._options)
        button.setProperty("role", "answer")
        button.setCheckable(True)
        if text == str(mark):
            button.setProperty("cell", "true")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda _checked: self._clicked(mark))
        return button

    def _clicked(self, mark: Mark) -> None:
        # Qt has toggled the button already; what is really chosen is for the sheet to say.
        self._buttons[mark].setChecked(not self._buttons[mark].isChecked())
        self.chosen.emit(mark)

    def marks_of(self, entry: Any) -> set[Mark]:
        """Which options an answer is."""
        raise NotImplementedError

    def mark_of(self, value: int) -> Mark | None:
        """What a number that is typed stands for, None for nothing."""
        if value in self.values:
            return value
        return NONE if value == 0 and NONE in self._texts else None

    def longer(self, typed: str) -> list[int]:
        """The values that begin with what was typed and go on."""
        return [value for value in self.values if str(value).startswith(typed) and str(value) != typed]

    def said(self, entry: Any) -> str:
        """An answer in words; nothing for no answer."""
        marks = self.marks_of(entry)
        separator = self.materials.texts("words.separator")
        return separator.join(text for mark, text in self._texts.items() if mark in marks)

    def show_entry(self, entry: Any, *, editable: bool) -> None:
        """Show which options are chosen."""
        marks = self.marks_of(entry)
        for mark, button in self._buttons.items():
            button.setChecked(mark in marks)
            button.setEnabled(editable)

    # ---- room ----

    def arrange(self, *, beside: int, room: int) -> None:
        """Put the options beside the text, where all of them fit into `beside`, or below it."""
        widths = option_widths(self._texts.values(), self.materials)
        line = line_width(widths)
        beside = beside if line <= beside else 0
        columns = _columns(widths, room)
        too_wide = room if max(widths) > room else 0
        if (beside, columns, too_wide) == self._arranged:
            return
        if len(self._arranged) == 1:
            self._say(self._texts)
        self._arranged = (beside, columns, too_wide)
        if columns < len(widths):
            widths = [max(widths)] * len(widths)
        self._place([min(width, room) for width in widths] if room else widths, columns)
        self._wrap(room)
        self._options.setMinimumWidth(beside)
        if beside:
            self.grid.addWidget(self._options, 0, 2)
        else:
            self.grid.addWidget(self._options, 1, 1, 1, 2)

    def arrange_in_grid(self, width: int) -> None:
        """Put the options into columns of this width; their words stand in the heading."""
        if self._arranged == (width,):
            return
        self._arranged = (width,)
        self._say({mark: str(mark) for mark in self._texts})
        self._place([width] * len(self._texts), len(self._texts))
        self.grid.addWidget(self._options, 0, 2)

    def _say(self, texts: dict[Mark, str]) -> None:
        for mark, button in self._buttons.items():
            button.setText(texts[mark].replace("&", "&&"))
            button.setAccessibleName(self._texts[mark])
            button.setProperty("cell", "true" if texts[mark] == str(mark) else "")
            restyle(button)

    def _wrap(self, room: int) -> None:
        """Write words that are too long for the room in several lines; a button does not do that by itself."""
        if not room or (self._is_wrapped == 0 and max(option_widths(self._texts.values(), self.materials)) <= room):
            return
        metrics = _bold()
        lines = {mark: wrapped(text, room - OPTION_FRAME, metrics) for mark, text in self._texts.items()}
        self._is_wrapped = max(map(len, lines.values())) - 1
        for mark, button in self._buttons.items():
            button.setText("\n".join(lines[mark]).replace("&", "&&"))
            button.setAccessibleName(self._texts[mark])
            # The least height of its style is given to it when it is first styled: that would come later, and stay.
            button.ensurePolished()
            button.setMinimumHeight(
                metrics.lineSpacing() * len(lines[mark]) + LINE_FRAME if len(lines[mark]) > 1 else 0
            )

    def _place(self, widths: Sequence[int], columns: int) -> None:
        for place, button in enumerate(self._buttons.values()):
            button.setFixedWidth(widths[place])
            self._places.addWidget(button, place // columns, place % columns)
        for column in range(len(widths) + 1):
            self._places.setColumnStretch(column, int(column == columns))
        self.grid.removeWidget(self._options)


class ChoiceRow(OptionsRow):
    """One of several options."""

    def marks_of(self, entry: Any) -> set[Mark]:
        """The one that is chosen."""
        if entry is None:
            return {SKIP}
        return {entry} if isinstance(entry, int) else set()

    def beside(self, value: Any, step: int) -> int | None:
        """The value of the option beside a chosen one; None at the ends."""
        at = self.values.index(value) + step if value in self.values else (0 if step > 0 else len(self.values) - 1)
        return self.values[at] if 0 <= at < len(self.values) else None


class MultipleRow(OptionsRow):
    """Any number of several options. The arrows go from one to the next."""

    def __init__(self, item: Multiple, materials: Materials) -> None:
        super().__init__(item, materials)
        self._alone = frozenset(item.alone)
        self._at = -1

    def marks_of(self, entry: Any) -> set[Mark]:
        """Those that are chosen."""
        if entry is None:
            return {SKIP}
        if not isinstance(entry, list | tuple):
            return set()
        return set(entry) or {NONE}

    def toggled(self, entry: Any, mark: Mark) -> Any:
        """The answer once an option is chosen, or taken back where it was chosen already."""
        before = self.marks_of(entry)
        if mark == SKIP:
            return BLANK if entry is None else None
        if mark == NONE:
            return BLANK if NONE in before else []
        now = {one for one in before if isinstance(one, int)}
        if mark in now:
            now.remove(mark)
        elif isinstance(mark, int):
            goes_alone = mark in self._alone
            now = {mark} if goes_alone else (now - self._alone) | {mark}
        return sorted(now) if now else BLANK

    # ---- the arrows ----

    @property
    def at(self) -> Mark | None:
        """The option that the arrows have reached."""
        marks = list(self._texts)
        return marks[self._at] if 0 <= self._at < len(marks) else None

    def go(self, step: int) -> None:
        """Go with the arrows to the option beside it."""
        self._at = max(0, min(len(self._texts) - 1, self._at + step if self._at >= 0 else (0 if step > 0 else 99)))
        self._show_at()

    def show_current(self, state: str) -> None:
        """Who comes anew to the item begins before its first option."""
        super().show_current(state)
        if not state and self._at >= 0:
            self._at = -1
            self._show_at()

    def _show_at(self) -> None:
        for place, button in enumerate(self._buttons.values()):
            at = "true" if place == self._at else ""
            if (button.property("at") or "") != at:
                button.setProperty("at", at)
                restyle(button)


class GridHeading(QFrame):
    """The words of the options above the columns of a grid."""

    def __init__(self, item: Choice, materials: Materials) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        words = grid_texts(item, materials)
        self.width_of_column = min(WIDEST_COLUMN, max(LEAST_OPTION, *option_widths(words, materials)))
        self._line = self.width_of_column * len(words) + SPACING * (len(words) - 1)
        layout = QHBoxLayout(self)
        # As far from the edges as the options of a row are.
        layout.setContentsMargins(EDGE + NUMBER_WIDTH + EDGE, 6, EDGE, 2)
        layout.setSpacing(SPACING)
        layout.addStretch(1)
        for word in words:
            made = label(word, "small", wrap=True)
            made.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            made.setFixedWidth(self.width_of_column)
            layout.addWidget(made)

    def fits(self, room: int) -> bool:
        """Whether its columns leave room for the text of items."""
        return room - self._line >= LEAST_TEXT


def option_texts(item: Choice | Multiple, materials: Materials) -> dict[Mark, str]:
    """What stands on the buttons."""
    texts = materials.texts
    found: dict[Mark, str] = dict(materials.options(item))
    if isinstance(item, Multiple) and not item.alone:
        none = texts("form.none_of_them")
        found[NONE] = none if 0 in found else f"0 {none}"
    if item.not_applicable:
        found[SKIP] = f"{SKIP} {texts('form.skip')}"
    return found


def grid_texts(item: Choice, materials: Materials) -> list[str]:
    """What stands above the columns of a grid."""
    words = [materials.wording.said(option.text) for option in materials.definition.options(item)]
    return [*words, materials.texts("form.skip")] if item.not_applicable else words


def option_widths(texts: Iterable[str], materials: Materials) -> list[int]:
    """What each option needs, in device-independent pixels; the chosen one is written in bold letters."""
    key = tuple(texts)
    if key not in materials.widths:
        bold = _bold()
        materials.widths[key] = [max(LEAST_OPTION, bold.horizontalAdvance(text) + OPTION_FRAME) for text in key]
    return materials.widths[key]


def _bold() -> QFontMetrics:
    font = QFont(QApplication.font())
    font.setBold(True)
    return QFontMetrics(font)


def wrapped(text: str, width: int, metrics: QFontMetrics) -> list[str]:
    """A text in lines of this width, broken between words, or between characters where there are no words."""
    lines = [""]
    for part in _BREAKS.findall(text):
        longer = lines[-1] + part
        if lines[-1] and metrics.horizontalAdvance(longer.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(part)
        else:
            lines[-1] = longer
    return lines


def line_width(widths: Sequence[int]) -> int:
    """What all options need in one line."""
    return sum(widths) + SPACING * (len(widths) - 1)


def _columns(widths: Sequence[int], room: int) -> int:
    """In how many columns options stand: all in a line, or evenly in several."""
    count = len(widths)
    if line_width(widths) <= room:
        return count
    fitting = max(1, (room + SPACING) // (max(widths) + SPACING))
    # Four options of which three fit stand two by two.
    return ceil(count / ceil(count / fitting))
