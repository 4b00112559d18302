"""A definition and answers to it in the words of one language. What has no words here has numbers."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

from app.instruments.answers import Answer
from app.instruments.definition import Definition
from app.instruments.items import Computed, Group, Item, Quantity
from app.instruments.operations import Value
from app.instruments.parts import Option, Text
from app.instruments.values import step
from app.texts import Texts

_OWN_NUMBER = re.compile(r"[0-9]+[a-z]?(?![a-z0-9])")


class Wording:
    """Says items and answers of a definition.

    Args:
        definition: of which.
        texts: the language.
    """

    def __init__(self, definition: Definition, texts: Texts) -> None:
        self._definition = definition
        self._texts = texts
        self._numbers = _numbers(definition)

    def said(self, text: Text | None) -> str:
        """A text in this language; nothing where there is none."""
        return text[self._texts.language] if text else ""

    def number(self, item: Item) -> str:
        """The number of an item on paper."""
        return self._numbers.get(item.id, item.id)

    def item(self, item: Item) -> str:
        """What is asked; its number where the wording may not be here."""
        return self.said(item.text) or self._texts("words.item", number=self.number(item))

    def option(self, option: Option) -> str:
        """An option; its value where the wording may not be here."""
        return self.said(option.text) or str(option.value)

    def answer(self, item: Item, answer: Answer) -> str:
        """An answer as a person reads it."""
        if answer is None:
            return self._texts("words.not_applicable")
        if isinstance(item, Group):
            return self._rows(item, answer)
        separator = self._texts("words.separator")
        options = {option.value: self.option(option) for option in self._definition.options(item)}
        if options:
            values = answer if isinstance(answer, list | tuple) else [answer]
            # A value that no option has was answered to another wording.
            chosen = [options.get(value, str(value)) if isinstance(value, int) else str(value) for value in values]
            return separator.join(chosen) or self._texts("words.none_of_them")
        unit = self.said(item.unit) if isinstance(item, Quantity | Computed) else ""
        return f"{answer} {unit}".rstrip()

    def computed(self, item: Computed, value: Value) -> str:
        """What was computed, as a person reads it; nothing where it cannot be computed yet."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return self._texts("words.yes" if value else "words.no")
        if isinstance(value, Decimal):
            said = str(value.quantize(step(item.decimals), ROUND_HALF_UP))
        elif isinstance(value, frozenset):
            said = self._texts("words.separator").join(map(str, sorted(value)))
        else:
            said = str(value)
        return f"{said} {self.said(item.unit)}".rstrip()

    def _rows(self, group: Group, rows: Answer) -> str:
        """Row by row, each what was answered in it."""
        cells = {cell.id: cell for cell in group.items}
        lines = []
        for row in rows if isinstance(rows, list | tuple) else ():
            if isinstance(row, dict):
                said = [
                    f"{self.item(cell)} {self.answer(cell, row[name])}" for name, cell in cells.items() if name in row
                ]
                lines.append(self._texts("words.separator").join(said))
        return "\n".join(lines) or self._texts("words.none_of_them")


def _numbers(definition: Definition) -> dict[str, str]:
    """By item id: the number that the id begins with, as items of a published instrument have it, else the place.

    A place that is another item's own number, or does not go on from the number before it, is lettered.
    """
    own = {item.id: found[0] for item in definition.items if (found := _OWN_NUMBER.match(item.id))}
    taken = set(own.values())
    letters = map(chr, count(ord("A")))
    numbers: dict[str, str] = {}
    before = "0"
    for place, item in enumerate(definition.items, 1):
        number = own.get(item.id)
        if number is None:
            goes_on = before.isdigit() and int(before) + 1 == place and str(place) not in taken
            number = str(place) if goes_on or not own else next(letters)
        numbers[item.id] = before = number
    return numbers
