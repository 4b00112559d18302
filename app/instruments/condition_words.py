"""Conditions of a definition in the words of one language, for paper, where no program hides what is not asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.instruments.definition import Definition
from app.instruments.expressions import Token, tokens
from app.instruments.items import Choice, Group, Item
from app.instruments.operations import COMPARISONS
from app.instruments.wording import Wording
from app.texts import Texts

MOST_NAMED = 3
"""So many options are named one by one; of more it is said from which value on."""

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_SIGNS = {"=": "is", "!=": "is_not", "<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


class _Unsaid(Exception):
    """Nobody on paper would understand the condition word by word."""


class _Operand(NamedTuple):
    """One side of a comparison: an item and those that are added to it, a fact, or a literal."""

    item: Item | None = None
    others: tuple[Item, ...] = ()
    name: str = ""
    number: Decimal | None = None
    text: str | None = None


class ConditionWords:
    """Says conditions.

    Args:
        definition: whose conditions.
        texts: the language.
        items: those of a group; all of the definition's where they are left out.
    """

    def __init__(self, definition: Definition, texts: Texts, items: tuple[Item, ...] = ()) -> None:
        self._definition = definition
        self._texts = texts
        self._wording = Wording(definition, texts)
        self._items: Mapping[str, Item] = {item.id: item for item in items or definition.items}
        self._in_group = bool(items)

    def say(self, text: str) -> str:
        """A condition, or that the program knows when it holds, where it is too involved for a sentence."""
        reader = _Reader(list(tokens(text)))
        try:
            said = self._either(reader)
        except _Unsaid:
            return self._texts("paper.condition_involved")
        return said if reader.next.kind == "end" else self._texts("paper.condition_involved")

    # ---- and, or, not ----

    def _either(self, reader: _Reader) -> str:
        parts = [self._both(reader)]
        while reader.take("word", "or"):
            parts.append(self._both(reader))
        return self._texts("paper.condition_or").join(parts)

    def _both(self, reader: _Reader) -> str:
        parts = [self._one(reader)]
        while reader.take("word", "and"):
            parts.append(self._one(reader))
        return self._texts("paper.condition_and").join(parts)

    def _one(self, reader: _Reader) -> str:
        if reader.take("word", "not"):
            return self._negated(reader)
        if reader.take("sign", "("):
            said = self._either(reader)
            reader.need("sign", ")")
            return self._texts("paper.condition_bracket", condition=said)
        if reader.take("word", "answered"):
            return self._answered(reader, "answered")
        if reader.take("word", "chosen"):
            return self._chosen(reader, "is")
        return self._comparison(reader)

    def _negated(self, reader: _Reader) -> str:
        if reader.take("word", "answered"):
            return self._answered(reader, "blank")
        if reader.take("word", "chosen"):
            return self._chosen(reader, "is_not")
        raise _Unsaid

    def _answered(self, reader: _Reader, key: str) -> str:
        reader.need("sign", "(")
        operand = self._operand(reader)
        reader.need("sign", ")")
        if operand.item is None:
            raise _Unsaid
        return self._texts(f"paper.condition_{key}", item=self._called(operand.item))

    def _chosen(self, reader: _Reader, key: str) -> str:
        reader.need("sign", "(")
        among = self._operand(reader)
        reader.need("sign", ",")
        wanted = self._operand(reader)
        reader.need("sign", ")")
        if among.item is None or wanted.number is None:
            raise _Unsaid
        return self._about_options(among.item, key, [self._quoted(int(wanted.number), among.item)])

    # ---- comparisons ----

    def _comparison(self, reader: _Reader) -> str:
        left = self._sum(reader)
        sign = reader.next.text
        if sign not in COMPARISONS:
            raise _Unsaid
        reader.skip()
        right = self._sum(reader)
        if left.item is None and not left.name:
            left, right, sign = right, left, _FLIPPED[sign]
        if left.name == "@sex" and right.text and sign == "=":
            return self._texts(f"paper.condition_{right.text}")
        if left.name == "@age" and right.number is not None:
            return self._compared(self._texts("paper.condition_age"), sign, right.number)
        if left.item is None or right.number is None:
            raise _Unsaid
        if left.others:
            items = self._texts("paper.condition_list").join(map(self._called, (left.item, *left.others)))
            return self._compared(self._texts("paper.condition_sum", items=items), sign, right.number)
        if isinstance(left.item, Choice):
            return self._choice(left.item, sign, right.number)
        if isinstance(left.item, Group):
            return self._compared(self._texts("paper.condition_rows", item=self._called(left.item)), sign, right.number)
        return self._compared(self._called(left.item), sign, right.number)

    def _choice(self, item: Choice, sign: str, value: Decimal) -> str:
        holds: Callable[[Any, Any], bool] = COMPARISONS[sign]
        options = self._definition.options(item)
        meant = [option for option in options if holds(option.value, value)]
        others = [option for option in options if option not in meant]
        if len(others) == 1 and len(options) > 2:
            return self._about_options(item, "is_not", [self._quoted(others[0].value, item)])
        if meant and len(meant) <= MOST_NAMED:
            return self._about_options(item, "is", [self._quoted(option.value, item) for option in meant])
        return self._compared(self._called(item), sign, value)

    def _about_options(self, item: Item, key: str, options: list[str]) -> str:
        named = self._texts("paper.condition_or_option").join(options)
        return self._texts(f"paper.condition_chosen_{key}", item=self._called(item), option=named)

    def _compared(self, what: str, sign: str, value: Decimal) -> str:
        return self._texts(f"paper.condition_{_SIGNS[sign]}", item=what, value=value)

    def _quoted(self, value: int, item: Item) -> str:
        """An option in quotation marks; its value where it has no words."""
        option = next((one for one in self._definition.options(item) if one.value == value), None)
        words = self._wording.said(option.text) if option else ""
        return self._texts("paper.quoted", text=words) if words else str(value)

    # ---- operands ----

    def _sum(self, reader: _Reader) -> _Operand:
        """One operand, or items that are added up, by signs or by the function."""
        called = reader.take("word", "sum")
        if called:
            reader.need("sign", "(")
        operands = [self._operand(reader)]
        while reader.take("sign", "," if called else "+"):
            operands.append(self._operand(reader))
        if called:
            reader.need("sign", ")")
        items = [operand.item for operand in operands if operand.item is not None]
        if len(operands) == 1:
            return operands[0]
        if len(items) < len(operands):
            raise _Unsaid
        return _Operand(item=items[0], others=tuple(items[1:]))

    def _operand(self, reader: _Reader) -> _Operand:
        token = reader.next
        reader.skip()
        match token.kind, token.text:
            case "number", text:
                return _Operand(number=Decimal(text))
            case "text", text:
                return _Operand(text=text)
            case "reference", text if text.startswith("@"):
                return _Operand(name=text)
            case "reference", text if text[2:-1] in self._items:
                return _Operand(item=self._items[text[2:-1]])
        raise _Unsaid

    def _called(self, item: Item) -> str:
        """An item by its number; in a row of a group by its heading."""
        if self._in_group:
            return self._texts("paper.quoted", text=self._wording.item(item))
        return self._texts("words.item", number=self._wording.number(item))


class _Reader:
    """Goes through the parts of an expression."""

    def __init__(self, parts: list[Token]) -> None:
        self._parts = parts
        self._at = 0

    @property
    def next(self) -> Token:
        return self._parts[self._at]

    def skip(self) -> None:
        self._at += self.next.kind != "end"

    def take(self, kind: str, text: str) -> bool:
        """Go on if this comes next."""
        comes = (self.next.kind, self.next.text) == (kind, text)
        self._at += comes
        return comes

    def need(self, kind: str, text: str) -> None:
        if not self.take(kind, text):
            raise _Unsaid
