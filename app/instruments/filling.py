"""A form while it is being filled in: what was answered so far, what of it counts, what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.instruments.answers import Answer, Reader
from app.instruments.definition import Definition
from app.instruments.flow import UNKNOWN, Facts, Flow, Walk
from app.instruments.items import Computed, Group
from app.instruments.operations import Value
from app.instruments.quick import is_critical

_UNREAD = "unread"


class Unread(msgspec.Struct, frozen=True):
    """Something that was typed and cannot be the answer, at least not yet. It is kept, and never saved."""

    typed: Any


class _Blank(msgspec.Struct, frozen=True):
    """No answer."""


BLANK: Final = _Blank()
"""No answer, which is something else than "does not apply" (None)."""

Entry = Answer | Unread | _Blank
"""What stands in the place for an answer."""


class Filling:
    """The answers to one form, as they come.

    An answer stays where its item is no longer asked: whoever takes back the answer before it finds it again. What is
    saved is `given`.

    Args:
        definition: of the form.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._reader = Reader(definition)
        self._flow = Flow(definition)
        self._cells = {item.id: Flow(definition, item.items) for item in definition.items if isinstance(item, Group)}
        self._computed = {item.id for item in definition.items if isinstance(item, Computed)}
        self._answers: dict[str, Any] = {}
        self._unread: dict[str, Any] = {}
        self._facts = UNKNOWN
        self._walk: Walk | None = None

    # ---- what is there ----

    @property
    def answers(self) -> dict[str, Any]:
        """Everything that was answered, also to items that are no longer asked."""
        return dict(self._answers)

    @property
    def unread(self) -> tuple[str, ...]:
        """Items that are asked and where something stands that cannot be the answer."""
        return tuple(name for name in self.walk.asked if name in self._unread)

    @property
    def draft(self) -> dict[str, Any]:
        """All that was typed, as JSON-like data; `begin` takes it back."""
        return self._answers | {name: {_UNREAD: typed} for name, typed in self._unread.items()}

    @property
    def given(self) -> dict[str, Any]:
        """The answers to what is asked, in the order of the form: what is saved.

        An answer that calls for a person is saved even where its item is no longer asked: a correction further up must
        not make it unheard.
        """
        asked = {*self.walk.asked}
        return {
            item.id: self._given(item.id, self._answers[item.id])
            for item in self.definition.items
            if item.id in self._answers and (item.id in asked or self._is_alarming(item.id))
        }

    @property
    def walk(self) -> Walk:
        """The way through the form with the answers so far."""
        if self._walk is None:
            self._walk = self._flow.walk(self._answers, self._facts)
        return self._walk

    @property
    def open_items(self) -> int:
        """How many items are asked of somebody."""
        return sum(name not in self._computed for name in self.walk.asked)

    def entry(self, name: str) -> Entry:
        """What stands at an item."""
        if name in self._unread:
            return Unread(self._unread[name])
        found: Entry = self._answers.get(name, BLANK)
        return found

    def value(self, name: str) -> Value:
        """What an item is to expressions: of a computed one, its value."""
        return self.walk.environment.get(name)

    # ---- what happens ----

    def begin(self, draft: Mapping[str, Any], facts: Facts = UNKNOWN) -> None:
        """Go on with what `draft` gave before, or with the answers of a saved form.

        What cannot be an answer to this version of the form is left out.
        """
        self._answers, self._unread = {}, {}
        self._facts = facts
        for name, one in draft.items():
            if isinstance(one, Mapping) and one.keys() == {_UNREAD}:
                if self.definition.item(name):
                    self._unread[name] = one[_UNREAD]
            elif self._reader.fault({name: one}) is None:
                self._answers[name] = one
        self._walk = None

    def put(self, name: str, entry: Entry) -> None:
        """Something was answered, taken back, or typed that cannot be the answer."""
        self._answers.pop(name, None)
        self._unread.pop(name, None)
        if isinstance(entry, Unread):
            self._unread[name] = entry.typed
        elif entry is not BLANK:
            self._answers[name] = entry
        self._walk = None

    def learn(self, facts: Facts) -> None:
        """What is known besides the answers is something else now."""
        self._facts = facts
        self._walk = None

    def _is_alarming(self, name: str) -> bool:
        answer = {name: self._answers[name]}
        return any(is_critical(rule, answer) for rule in self.definition.critical)

    def _given(self, name: str, answer: Any) -> Any:
        """An answer without the cells that are not asked in their row of a group."""
        flow = self._cells.get(name)
        if flow is None or answer is None:
            return answer
        return [{cell: row[cell] for cell in flow.walk(row, self._facts).asked if cell in row} for row in answer]
