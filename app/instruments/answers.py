"""What an answer to each kind of item is, and what of it an expression sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.operations import Value
from app.instruments.values import exact

Answer = int | float | str | list[int] | list[dict[str, Any]] | None
"""An option's value, a number, a text or an ISO date, the chosen values, the rows of a group; None: does not apply."""

Answers = Mapping[str, Any]
"""Item id → answer. An item without an answer is left out."""

Check = Callable[[Any], bool]


class Reader:
    """Knows what may be answered to the items of a definition."""

    __slots__ = ("_items", "_views")

    def __init__(self, definition: Definition, items: tuple[Item, ...] | None = None) -> None:
        self._items = {
            item.id: (item, _check(item, definition))
            for item in (items or definition.items)
            if not isinstance(item, Computed)
        }
        self._views = {name: _view(item, definition) for name, (item, _) in self._items.items()}

    def fault(self, answers: Answers, today: dt.date | None = None) -> Problem | None:
        """What is wrong with the first answer that cannot be one; None where all can."""
        return next(self.faults(answers, today), None)

    def faults(self, answers: Answers, today: dt.date | None = None) -> Iterator[Problem]:
        """All answers that cannot be one, and why. Without `today` no day is too early or too late."""
        for name, value in answers.items():
            if name not in self._items:
                yield Problem("instrument.unknown_item", item=name)
                continue
            item, allows = self._items[name]
            if value is None:
                if not item.not_applicable:
                    yield Problem("instrument.always_applies", item=name)
            elif not allows(value):
                yield Problem(_REASONS.get(type(item), "instrument.answer_out_of_range"), item=name, value=value)
            elif isinstance(item, Day) and today and not _is_in_time(item, dt.date.fromisoformat(value), today):
                yield Problem(f"instrument.day_not_{item.when}", item=name, value=value)

    def seen(self, name: str, answer: Answer) -> Value:
        """An answer as an expression sees it; one that does not apply is blank."""
        return None if answer is None else self._views[name](answer)


_REASONS: dict[type, str] = {
    Quantity: "instrument.number_out_of_range",
    Day: "instrument.wrong_day",
    Group: "instrument.wrong_rows",
}

_VIEWS: dict[type, Callable[[Any], Value]] = {
    Multiple: frozenset,
    Quantity: exact,
    Words: str,
    Day: dt.date.fromisoformat,
    Group: lambda rows: Decimal(len(rows)),
}


def _view(item: Item, definition: Definition) -> Callable[[Any], Value]:
    """Makes of an answer what an expression sees. Most are options, and the few numbers that these are need making once."""
    if isinstance(item, Choice):
        return {option.value: Decimal(option.value) for option in definition.options(item)}.__getitem__
    return _VIEWS[type(item)]


def _check(item: Item, definition: Definition) -> Check:
    """What decides whether a value can be the answer to an item."""
    if isinstance(item, Choice):
        # True and 1.0 would be found under 1: they are no answers, and somebody's import is wrong.
        values = frozenset(option.value for option in definition.option_sets[item.options])
        return lambda answer: type(answer) is int and answer in values
    if isinstance(item, Multiple):
        return _several(item, definition)
    if isinstance(item, Quantity):
        return _number(item)
    if isinstance(item, Day):
        return _is_day
    if isinstance(item, Group):
        return _rows(item, definition)
    longest = item.longest if isinstance(item, Words) else 0
    return lambda answer: isinstance(answer, str) and bool(answer.strip()) and len(answer) <= longest


def _several(item: Multiple, definition: Definition) -> Check:
    values = frozenset(option.value for option in definition.option_sets[item.options])
    alone = frozenset(item.alone)

    def allows(answer: Any) -> bool:
        if not isinstance(answer, list | tuple) or not {int}.issuperset(map(type, answer)):
            return False
        chosen = set(answer)
        in_order = list(answer) == sorted(chosen)
        return in_order and values.issuperset(chosen) and (len(chosen) == 1 or not alone & chosen)

    return allows


def _number(item: Quantity) -> Check:
    def allows(answer: Any) -> bool:
        if type(answer) not in {int, float} or not item.low <= answer <= item.high:
            return False
        exponent = exact(answer).normalize().as_tuple().exponent
        return isinstance(exponent, int) and -exponent <= item.decimals

    return allows


def _is_day(answer: Any) -> bool:
    try:
        # Dates have other spellings that would be stored beside this one.
        return isinstance(answer, str) and dt.date.fromisoformat(answer).isoformat() == answer
    except ValueError:
        return False


def _is_in_time(item: Day, day: dt.date, today: dt.date) -> bool:
    return item.when == "any" or (day <= today if item.when == "past" else day >= today)


def _rows(group: Group, definition: Definition) -> Check:
    reader = Reader(definition, group.items)

    def allows(answer: Any) -> bool:
        return (
            isinstance(answer, list | tuple)
            and len(answer) <= group.most
            and all(isinstance(row, Mapping) and reader.fault(row) is None for row in answer)
        )

    return allows
