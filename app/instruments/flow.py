"""The way through a form: which items are asked, which of them are still missing, what is computed on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from app.instruments.answers import Answers, Reader
from app.instruments.conditions import FACTS, condition, expression, type_of
from app.instruments.definition import Definition
from app.instruments.expressions import Expression
from app.instruments.items import Computed, Group, Item
from app.instruments.operations import Environment, Type, Value
from app.instruments.values import exact


class Facts(msgspec.Struct, frozen=True):
    """What is known besides the answers; what is not known is None.

    Attributes:
        age: in full years, on the day of the answers.
        sex: ``"male"`` or ``"female"``.
        today: the day of the answers.
        seconds: how long it took to fill in the form.
    """

    age: int | None = None
    sex: str | None = None
    today: dt.date | None = None
    seconds: float | None = None

    def environment(self) -> dict[str, Value]:
        """As expressions see it."""
        return {
            "@age": None if self.age is None else exact(self.age),
            "@sex": self.sex if self.sex in {"male", "female"} else None,
            "@today": self.today,
        }


UNKNOWN = Facts()


class Walk(NamedTuple):
    """What came of going through a form.

    Attributes:
        asked: ids of the items that are asked, computed ones among them, in the order of the form.
        missing: ids of those that must be answered and are not.
        environment: the answers to items that are asked, and what was computed, as expressions see them.
    """

    asked: tuple[str, ...]
    missing: tuple[str, ...]
    environment: Environment


class _Stop(NamedTuple):
    """An item with its conditions made ready."""

    item: Item
    visible: Expression | None
    required: Expression | None
    stop: Expression | None
    value: Expression | None
    rows: Flow | None

    @property
    def is_plain(self) -> bool:
        """Whether the item is always asked, and its being there is all that matters."""
        return not (self.visible or self.required or self.stop or self.value or self.rows)


class Flow:
    """A definition's items, or those of a group, made ready for going through them.

    Args:
        definition: of the items.
        items: a group's; all of the definition's, where they are left out.
    """

    def __init__(self, definition: Definition, items: tuple[Item, ...] | None = None) -> None:
        self._reader = Reader(definition, items)
        self.types: dict[str, Type] = dict(FACTS)
        stops = list(self._prepared(definition, items or definition.items))
        self._stops = [(stop.item.id, stop, stop.is_plain) for stop in stops]

    def _prepared(self, definition: Definition, items: tuple[Item, ...]) -> Iterator[_Stop]:
        def ready(item: Item, name: str) -> Expression | None:
            text = getattr(item, name)
            return condition(f"{item.id}.{name}", text, self.types) if text else None

        for item in items:
            visible, required = ready(item, "visible_if"), ready(item, "required_if")
            value = expression(item.id, item.value, self.types) if isinstance(item, Computed) else None
            rows = Flow(definition, item.items) if isinstance(item, Group) else None
            self.types[item.id] = value.type if value else type_of(item)
            yield _Stop(item, visible, required, ready(item, "stop_if"), value, rows)

    def walk(self, answers: Answers, facts: Facts = UNKNOWN) -> Walk:
        """Go through the form with answers that its `Reader` found no fault with."""
        environment = facts.environment()
        asked, missing = [], []
        for name, stop, is_plain in self._stops:
            environment[name] = None
            if is_plain:
                asked.append(name)
                if name in answers:
                    environment[name] = self._reader.seen(name, answers[name])
                elif stop.item.required:
                    missing.append(name)
                continue
            if stop.visible and stop.visible.compute(environment) is not True:
                continue
            asked.append(name)
            if stop.value:
                environment[name] = stop.value.compute(environment)
            elif name in answers:
                environment[name] = self._reader.seen(name, answers[name])
            if _is_missing(stop, answers, environment, facts):
                missing.append(name)
            if stop.stop and stop.stop.compute(environment) is True:
                break
        return Walk(tuple(asked), tuple(missing), environment)


def _is_missing(stop: _Stop, answers: Answers, environment: Environment, facts: Facts) -> bool:
    item = stop.item
    if isinstance(item, Computed):
        return False
    needed = stop.required.compute(environment) is True if stop.required else item.required
    if item.id not in answers:
        return needed
    answer = answers[item.id]
    if isinstance(item, Group) and stop.rows and answer is not None:
        return len(answer) < item.least or any(stop.rows.walk(row, facts).missing for row in answer)
    return False
