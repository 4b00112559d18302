"""From a definition, and answers where there are some, to the parts of a form on paper."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from app.instruments.condition_words import ConditionWords
from app.instruments.definition import Definition
from app.instruments.items import Choice, Chosen, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.operations import Value
from app.instruments.parts import Option, Section
from app.instruments.wording import Wording
from app.reports.blocks import Heading, Paragraph
from app.reports.form_blocks import (
    Above,
    Blank,
    Box,
    Boxes,
    Card,
    CardRow,
    Date,
    FormBlock,
    Grid,
    GridRow,
    Lead,
    Part,
    Question,
    RowTable,
)
from app.texts import Texts

MOST_COLUMNS = 7
"""A grid has at most so many options."""

LEAST_COLUMNS = 4
"""Fewer options do not get wider columns."""

OPTIONS_ROOM = 26
"""Ideographs that the options of a grid have room for in one line, all together; their headings have several lines."""

HEADING_LINES = 3
LONGEST_ROW = 110
"""Ideographs that an item in a grid has room for."""

LONGEST_QUESTION = 600
"""Characters that may not be parted by the end of a page."""

EMPTY_ROWS = 5
"""Rows of a group that are there to be filled in, where there may be as many."""

LONGEST_CELL = 150
"""Characters that are written into a cell of a table."""

MOST_IN_CELL = 4
"""Options that have boxes in a cell of a table."""

MOST_LINES = 20

_LATIN_WORD = re.compile(r"[!-~]+")
_LATIN_WIDTH = 0.55


class FormContent:
    """Makes the parts of a form out of its items.

    Args:
        definition: the form.
        texts: the language.
        answers: what was answered; None for an empty form.
        computed: what was computed, by item.
        urgent: items whose answers must not be overlooked.
    """

    def __init__(
        self,
        definition: Definition,
        texts: Texts,
        answers: Mapping[str, Any] | None = None,
        *,
        computed: Mapping[str, Value] | None = None,
        urgent: Collection[str] = (),
    ) -> None:
        self._definition = definition
        self._texts = texts
        self._wording = Wording(definition, texts)
        self._conditions = ConditionWords(definition, texts)
        self._sections: Mapping[str | None, Section] = {one.id: one for one in definition.sections}
        self._filled = answers is not None
        self._answers: Mapping[str, Any] = answers or {}
        self._computed = computed or {}
        self._urgent = urgent
        self._said_above: set[str] = set()
        self._examined = all(item.by == "examiner" for item in definition.items)

    def blocks(self) -> Iterator[FormBlock]:
        """All items, under their headings and conditions."""
        shown = [item for item in self._definition.items if self._is_shown(item)]
        for name, found in groupby(shown, key=lambda item: item.section):
            items = list(found)
            section = self._sections.get(name)
            title = self._wording.said(section.title) if section else ""
            lines = [self._wording.said(section.instruction)] if section and section.instruction else []
            whole = _condition_of_all(items)
            if whole:
                lines.append(self._only_if(whole))
            for condition, same in groupby(items, key=lambda item: item.visible_if):
                run = list(same)
                if condition and condition != whole and len(run) > 1:
                    lines.append(self._only_if(condition))
                    self._said_above.update(item.id for item in run)
                elif condition == whole:
                    self._said_above.update(item.id for item in run)
                yield from self._passage(run, Above(title, tuple(lines)))
                title, lines = "", []

    def _is_shown(self, item: Item) -> bool:
        """What is computed has no place on an empty form, unless a condition asks for it."""
        if self._filled or not isinstance(item, Computed):
            return True
        conditions = [one for other in self._definition.items for one in (other.visible_if, other.required_if) if one]
        return any(f"${{{item.id}}}" in condition for condition in conditions)

    def _only_if(self, condition: str) -> str:
        return self._texts("paper.only_if", condition=self._conditions.say(condition))

    def _passage(self, items: Sequence[Item], above: Above) -> Iterator[FormBlock]:
        """Items that stand under the same heading and the same condition."""
        if sum(map(len, above.lines)) > LONGEST_QUESTION:
            yield from _said(above)
            above = Above()
        for kind, run in groupby(items, key=self._setting):
            same = list(run)
            choices = [item for item in same if isinstance(item, Choice)]
            if kind.startswith("card"):
                yield self._card(choices, above)
            elif kind.startswith("grid") and len(same) > 1:
                yield self._grid(choices, above)
            elif isinstance(same[0], Group):
                yield from self._group(same[0], above)
            else:
                yield from _said(above)
                for item in same:
                    yield from self._single(item)
            above = Above()

    def _setting(self, item: Item) -> str:
        """How an item is set; neighbours that give the same are set together."""
        if (
            not isinstance(item, Choice)
            or self._stands_alone(item)
            or item.help
            or item.required_if
            or item.stop_if
            or self._is_odd(item)
        ):
            return item.id
        options = self._definition.options(item)
        same = f"{item.options} {item.not_applicable}"
        if item.text is None:
            return f"card {same}"
        fits = _room(self._wording.item(item)) <= LONGEST_ROW and fit_in_columns(
            [self._wording.said(one.text) for one in options]
        )
        return f"grid {same} {item.by}" if fits else item.id

    def _stands_alone(self, item: Item) -> bool:
        """Whether its condition is said with itself."""
        return bool(item.visible_if) and item.id not in self._said_above

    def _is_odd(self, item: Item) -> bool:
        """Whether what was answered is none of the options: it has to be said in words."""
        answer = self._answers.get(item.id)
        return answer is not None and answer not in [option.value for option in self._definition.options(item)]

    # ---- items together ----

    def _grid(self, items: Sequence[Choice], above: Above) -> Grid:
        options = self._definition.options(items[0])
        headings = [self._texts("paper.number"), self._texts("paper.question"), *map(self._wording.option, options)]
        if items[0].not_applicable:
            headings.append(self._texts("words.not_applicable"))
        rows = [
            GridRow(
                self._wording.number(item),
                self._wording.item(item),
                self._bare_boxes(item, options),
                tuple(self._notes(item)),
                urgent=item.id in self._urgent,
            )
            for item in items
        ]
        return Grid(above, tuple(headings), tuple(rows))

    def _card(self, items: Sequence[Choice], above: Above) -> Card:
        options = self._definition.options(items[0])
        named = [f"{one.value} {self._wording.said(one.text)}" for one in options if one.text]
        if items[0].not_applicable:
            named.append(f"{self._texts('paper.does_not_apply_mark')} {self._texts('words.not_applicable')}")
        rows = [
            CardRow(self._wording.number(item), self._bare_boxes(item, options), urgent=item.id in self._urgent)
            for item in items
        ]
        return Card(above, "　".join(named), tuple(rows))

    def _bare_boxes(self, item: Choice, options: Sequence[Option]) -> tuple[Box, ...]:
        """Boxes with values alone: the words stand above them."""
        answer = self._answers.get(item.id)
        boxes = [Box(str(one.value), ticked=one.value == answer) for one in options]
        if item.not_applicable:
            boxes.append(Box(self._texts("paper.does_not_apply_mark"), ticked=self._does_not_apply(item)))
        return tuple(boxes)

    # ---- single items ----

    def _single(self, item: Item) -> Iterator[FormBlock]:
        number, text = self._wording.number(item), self._wording.item(item)
        notes = list(self._notes(item))
        # What is longer than this may go over the end of a page; the rest stays in one piece.
        if len(text) > LONGEST_QUESTION:
            yield Paragraph(text)
            text = self._texts("words.item", number=number)
        if sum(map(len, notes)) > LONGEST_QUESTION:
            yield from (Paragraph(note, note=True) for note in notes)
            notes = []
        parts = tuple(self._parts(item, self._answers.get(item.id)))
        long = isinstance(item, Words) and len(str(self._answers.get(item.id, ""))) > LONGEST_QUESTION
        yield Question(number, text, tuple(notes), () if long else parts, urgent=item.id in self._urgent)
        if long:
            yield Paragraph(str(self._answers[item.id]))

    def _group(self, group: Group, above: Above) -> Iterator[FormBlock]:
        given = self._answers.get(group.id) or ()
        rows = [row for row in given if isinstance(row, Mapping)]
        empty = 1 if self._filled else min(group.most, max(group.least, EMPTY_ROWS))
        yield RowTable(
            above,
            self._wording.number(group),
            self._wording.item(group),
            (*self._notes(group), *self._about_cells(group)),
            tuple(self._cell_heading(cell) for cell in group.items),
            tuple(tuple(self._cell(cell, row.get(cell.id)) for cell in group.items) for row in rows or [{}] * empty),
        )
        for number, row in enumerate(rows, 1):
            for cell in group.items:
                if _is_long(row.get(cell.id)):
                    heading = self._wording.item(cell)
                    yield Paragraph(self._texts("paper.below", cell=heading, row=number, text=row[cell.id]))

    def _about_cells(self, group: Group) -> Iterator[str]:
        conditions = ConditionWords(self._definition, self._texts, group.items)
        for cell in group.items:
            name = self._wording.item(cell)
            if cell.visible_if:
                about = self._texts("paper.only_if", condition=conditions.say(cell.visible_if))
                yield self._texts("paper.about_cell", cell=name, about=about)
            if self._is_coded(cell) and not self._filled:
                options = [f"{one.value} {self._wording.said(one.text)}" for one in self._definition.options(cell)]
                said = self._texts("words.separator").join(options)
                yield self._texts("paper.coded", cell=name, options=said)

    def _cell_heading(self, cell: Item) -> str:
        unit = self._wording.said(cell.unit) if isinstance(cell, Quantity) else ""
        text = self._wording.item(cell)
        return self._texts("paper.with_unit", text=text, unit=unit) if unit else text

    def _cell(self, cell: Item, answer: Any) -> Part:
        """A cell of a table has its own lines around it."""
        if isinstance(cell, Chosen) and self._is_coded(cell):
            return Blank(value="" if answer is None else self._wording.answer(cell, answer))
        if isinstance(cell, Chosen):
            return Boxes(self._boxes(cell, answer))
        return Blank(value=self._texts("paper.see_below") if _is_long(answer) else _written(answer))

    def _is_coded(self, cell: Item) -> bool:
        """Whether a cell has more options than there is room for; then their values are written in."""
        return len(self._definition.options(cell)) > MOST_IN_CELL

    def _parts(self, item: Item, answer: Any) -> Iterator[Part]:
        if isinstance(item, Chosen):
            yield Boxes(self._boxes(item, answer))
        elif isinstance(item, Quantity):
            limits = self._texts("paper.limits", low=item.low, high=item.high)
            unit = self._wording.said(item.unit)
            yield Blank(after=f"{unit}{limits}", value=_written(answer), width="short")
        elif isinstance(item, Day):
            yield Date(value=_written(answer))
        elif isinstance(item, Computed):
            shown = self._wording.computed(item, self._computed.get(item.id))
            yield Blank(after="" if shown else self._wording.said(item.unit), value=shown, width="short")
        elif isinstance(item, Words):
            yield Blank(value=_written(answer), width="all", lines=1 if self._filled else min(item.lines, MOST_LINES))
        if item.not_applicable:
            yield Boxes((Box("", self._texts("words.not_applicable"), ticked=self._does_not_apply(item)),))

    def _boxes(self, item: Choice | Multiple, answer: Any) -> tuple[Box, ...]:
        chosen = answer if isinstance(answer, list | tuple) else [answer]
        return tuple(
            Box(str(one.value), self._wording.said(one.text), ticked=one.value in chosen)
            for one in self._definition.options(item)
        )

    def _does_not_apply(self, item: Item) -> bool:
        return item.id in self._answers and self._answers[item.id] is None

    # ---- notes ----

    def _notes(self, item: Item) -> Iterator[str]:
        yield from self._about_item(item)
        yield from self._about_conditions(item)
        if item.id in self._urgent:
            yield self._texts("paper.urgent_item")
        if self._is_odd_choice(item):
            yield self._texts("paper.recorded", value=self._wording.answer(item, self._answers[item.id]))

    def _about_item(self, item: Item) -> Iterator[str]:
        if item.help:
            yield self._wording.said(item.help)
        if isinstance(item, Multiple):
            yield self._texts("paper.several")
        if item.by == "examiner" and not self._examined:
            yield self._texts("paper.by_examiner")
        if isinstance(item, Computed) and not self._filled:
            yield self._texts("paper.computed")

    def _about_conditions(self, item: Item) -> Iterator[str]:
        texts, say = self._texts, self._conditions.say
        if item.visible_if and self._stands_alone(item):
            yield texts("paper.only_this_if", condition=say(item.visible_if))
        if item.required_if:
            yield texts("paper.required_if", condition=say(item.required_if))
        elif not item.required and self._definition.type == "instrument" and not isinstance(item, Computed):
            yield texts("paper.optional")
        if item.stop_if:
            yield texts("paper.stop_if", condition=say(item.stop_if))

    def _is_odd_choice(self, item: Item) -> bool:
        return isinstance(item, Choice) and self._is_odd(item)


def fit_in_columns(options: Sequence[str]) -> bool:
    """Whether the words of options can stand above columns."""
    room = OPTIONS_ROOM / max(len(options), LEAST_COLUMNS)
    return len(options) <= MOST_COLUMNS and all(
        _room(text) <= HEADING_LINES * room and all(_room(word) <= room for word in _LATIN_WORD.findall(text))
        for text in options
    )


def _room(text: str) -> float:
    """Ideographs that a text takes the room of."""
    return sum(1.0 if unicodedata.east_asian_width(one) in "WF" else _LATIN_WIDTH for one in text)


def _condition_of_all(items: Sequence[Item]) -> str | None:
    """The condition that holds for a whole section, but for items that have a narrower one."""
    first = items[0].visible_if
    all_have_one = all(item.visible_if for item in items)
    return first if all_have_one and sum(item.visible_if == first for item in items) > 1 else None


def _said(above: Above) -> Iterator[FormBlock]:
    """A heading, and what is said below it."""
    if above.title:
        yield Heading(above.title)
    # What is long may go over the end of a page, and then stays with nothing.
    long = sum(map(len, above.lines)) > LONGEST_QUESTION
    yield from (Paragraph(line) if long else Lead(line) for line in above.lines)


def _is_long(answer: object) -> bool:
    """Whether a cell of a table has no room for what was written."""
    return isinstance(answer, str) and len(answer) > LONGEST_CELL


def _written(answer: object) -> str:
    return "" if answer is None else str(answer)
