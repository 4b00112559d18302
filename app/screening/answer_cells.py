"""What may stand in the cells of one item of an answer file: a value, or the words of an option in any language."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from app.instruments.answers import Reader
from app.instruments.definition import Definition
from app.instruments.items import Computed, Day, Group, Item, Multiple, Quantity, Words
from app.people.values import is_blank, read_birth_date
from app.spreadsheets import Cell, cell_text

_SEPARATORS = str.maketrans("；、,，|/", ";;;;;;")


class _Blank(Enum):
    BLANK = "blank"


BLANK = _Blank.BLANK


def can_stand_in_a_cell(item: Item) -> bool:
    """Whether a file of answers can have a column for an item: what is computed is not answered, rows need several."""
    return not isinstance(item, Computed | Group)


class AnswerCells:
    """Reads the cells of one item. Few different things stand in thousands of cells, so each is looked into once.

    Args:
        item: one that can stand in a cell.
        definition: its instrument.
        today: no day that the item calls past is later.
    """

    def __init__(self, item: Item, definition: Definition, today: date) -> None:
        self._item = item
        self._today = today
        self._reader = Reader(definition, (item,))
        self._words: dict[str, int] = {
            "".join(word.split()).lower(): option.value
            for option in definition.options(item)
            for word in (str(option.value), *(option.text or {}).values())
        }
        self._met: dict[tuple[type, Cell], Any] = {}

    def value(self, cell: Cell) -> Any:
        """The answer in `cell`; BLANK for none, None where it holds something else."""
        key = (type(cell), cell)
        if key not in self._met:
            self._met[key] = BLANK if is_blank(cell_text(cell)) else self._read(cell)
        return self._met[key]

    def _read(self, cell: Cell) -> Any:
        if isinstance(cell, bool):
            return None
        text = cell_text(cell, as_half_width=True)
        answer = self._understood(text)
        return answer if answer is not None and self._reader.fault({self._item.id: answer}) is None else None

    def _understood(self, text: str) -> Any:
        match self._item:
            case Multiple():
                return self._options(text)
            case Quantity():
                return self._number(text)
            case Day():
                return self._day(text)
            case Words():
                return text
        return self._option(text)

    def _option(self, text: str) -> int | None:
        return self._words.get("".join(text.split()).lower().removesuffix(".0"))

    def _options(self, text: str) -> list[int] | None:
        """Several options, separated as people do."""
        found = [self._option(part) for part in text.translate(_SEPARATORS).split(";") if part.strip()]
        values = [value for value in found if value is not None]
        return sorted({*values}) if len(values) == len(found) else None

    def _number(self, text: str) -> int | float | None:
        try:
            number = float(text.replace(" ", ""))
        except ValueError:
            return None
        return int(number) if number.is_integer() else number

    def _day(self, text: str) -> str | None:
        try:
            return read_birth_date(text, self._today)
        except ValueError:
            return None
