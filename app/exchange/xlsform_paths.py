"""The XPath of XLSForms as expressions of ours.

Where something is not answered, XPath compares with an empty text and says no; ours has no value. So a comparison that is
denied, or decides between two values, is first made to say no as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from app.exchange.known import Known
from app.exchange.report import Refusal
from app.exchange.tree import (
    Binary,
    Call,
    Dialect,
    Empty,
    Name,
    Node,
    NotUnderstood,
    Number,
    Text,
    Truth,
    Unary,
    decided,
    parse,
)

Kind = Literal["number", "truth", "text", "date", "list", "choice", "rows", "nothing"]

_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
_ARITHMETIC = {"+": "+", "-": "-", "*": "*", "div": "/"}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}

_DIALECT = Dialect(
    tokens=re.compile(
        r"""\s*(?:(?P<name>\$\{[^}]+\}|(?:\.\./)+[A-Za-z_][\w.-]*|\.(?![\d.])) | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
        | (?P<text>'[^']*'|"[^"]*"|‘[^’]*’|“[^”]*”) | (?P<word>[A-Za-z_]\w*(?:[-:][A-Za-z_]\w*)*)
        | (?P<sign><=|>=|!=|[-+*=<>(),]))""",
        re.VERBOSE,
    ),
    binding={
        "or": 1,
        "and": 2,
        "=": 3,
        "!=": 3,
        **dict.fromkeys(("<", "<=", ">", ">="), 4),
        "+": 5,
        "-": 5,
        "*": 6,
        "div": 6,
        "mod": 6,
    },
    prefix={"-": 7, "not": 20},
    word=lambda _: None,
    name=lambda text: text[2:-1].strip() if text[0] == "$" else text.rpartition("/")[2],
    unquoted=lambda text: text[1:-1],
)


class _Typed(NamedTuple):
    """A part of an expression; `item` where it is nothing but an item."""

    node: Node
    kind: Kind
    item: Known | None = None


class XPaths:
    """Translates the expressions of one form.

    Args:
        known: the items that came before, by name.
        own: what a dot stands for.
    """

    def __init__(self, known: Mapping[str, Known], own: Known | None = None) -> None:
        self._known = known
        self._own = own

    def condition(self, text: str) -> Node:
        """An expression that says yes or no. Raises Refusal."""
        return self._truth(self._of(read(text)))

    def value(self, text: str) -> tuple[Node, Kind]:
        """An expression that has a value of any kind. Raises Refusal."""
        found = self._of(read(text))
        if found.kind == "list":
            raise Refusal("exchange.xpath_kinds")
        return self._plain(found), self._kind(found)

    # ---- parts ----

    def _of(self, node: Node) -> _Typed:
        match node:
            case Name(name):
                found = self._name(name)
            case Number():
                found = _Typed(node, "number")
            case Text(value):
                found = _Typed(node, "text" if value else "nothing")
            case Unary("not", operand):
                found = _Typed(Unary("not", decided(self._truth(self._of(operand)))), "truth")
            case Unary(_, operand):
                found = _Typed(Unary("-", self._number(self._of(operand))), "number")
            case Binary(sign, left, right):
                found = self._joined(sign, left, right)
            case Call(name, arguments):
                found = self._call(name, arguments)
            case _:
                raise Refusal("exchange.no_such_function", name="")
        return found

    def _name(self, name: str) -> _Typed:
        item = self._own if name == "." else self._known.get(name)
        if item is None:
            raise Refusal("exchange.unknown_question", question=name)
        kinds: dict[str, Kind] = {"multiple": "list", "boolean": "choice", "group": "rows"}
        return _Typed(Name(item.id), kinds.get(item.kind, item.kind), item)  # type: ignore[arg-type] # the others are the same

    def _truth(self, part: _Typed) -> Node:
        if part.kind != "truth":
            raise Refusal("exchange.xpath_kinds")
        return part.node

    def _number(self, part: _Typed) -> Node:
        if part.kind in {"number", "rows"}:
            return part.node
        if part.kind == "choice" and part.item and _counts(part.item):
            return part.node
        if part.kind == "text" and isinstance(part.node, Text) and (number := _as_number(part.node.value)):
            return number
        raise Refusal("exchange.xpath_number", question=part.item.id if part.item else "")

    def _joined(self, sign: str, left: Node, right: Node) -> _Typed:
        one, other = self._of(left), self._of(right)
        if sign in {"and", "or"}:
            return _Typed(Binary(sign, self._truth(one), self._truth(other)), "truth")
        if sign in _COMPARISONS:
            return _Typed(self._compared(sign, one, other), "truth")
        if sign == "-" and one.kind == other.kind == "date":
            return _Typed(Call("days", (other.node, one.node)), "number")
        if sign not in _ARITHMETIC:
            raise Refusal("exchange.no_such_function", name=sign)
        return _Typed(Binary(_ARITHMETIC[sign], self._number(one), self._number(other)), "number")

    # ---- comparing ----

    def _compared(self, sign: str, one: _Typed, other: _Typed) -> Node:
        if one.item is None and other.item is not None:
            return self._compared(_TURNED.get(sign, sign), other, one)
        if other.kind == "nothing" and one.item and sign in {"=", "!="}:
            answered = Call("answered", (one.node,))
            return Unary("not", answered) if sign == "=" else answered
        if one.item and other.item and sign in {"=", "!="}:
            # Two that are not answered are equal there, and nothing here.
            raise Refusal("exchange.xpath_two_items")
        left, right = self._sides(sign, one, other)
        found = Binary(sign, left, right)
        if sign == "!=" and one.item and other.item is None:
            return Binary("or", Unary("not", Call("answered", (one.node,))), found)
        return found

    def _sides(self, sign: str, one: _Typed, other: _Typed) -> tuple[Node, Node]:
        """Both sides as the same kind of thing."""
        if one.kind == "choice" and one.item and isinstance(other.node, Text | Number) and sign in {"=", "!="}:
            return one.node, _option(one.item, other.node)
        if one.kind == other.kind and one.kind in {"text", "date", "truth"}:
            return one.node, other.node
        if one.kind == "text" and isinstance(other.node, Number):
            raise Refusal("exchange.xpath_kinds")
        if {one.kind, other.kind} & {"date", "list", "nothing", "truth"}:
            raise Refusal("exchange.xpath_kinds")
        return self._number(one), self._number(other)

    # ---- functions ----

    def _call(self, name: str, arguments: tuple[Node, ...]) -> _Typed:
        function = _FUNCTIONS.get((name, len(arguments))) or (_FUNCTIONS.get((name, -1)) if arguments else None)
        if function is None:
            raise Refusal("exchange.no_such_function", name=f"{name}()")
        return function(self, [self._of(argument) for argument in arguments])

    def _selected(self, parts: list[_Typed]) -> _Typed:
        among, wanted = parts
        if among.item is None or not isinstance(wanted.node, Text | Number):
            raise Refusal("exchange.no_such_function", name="selected()")
        value = _option(among.item, wanted.node)
        chosen = Call("chosen", (among.node, value)) if among.kind == "list" else Binary("=", among.node, value)
        return _Typed(chosen, "truth")

    def _if(self, parts: list[_Typed]) -> _Typed:
        condition, then, otherwise = decided(self._truth(parts[0])), parts[1], parts[2]
        kinds = {self._kind(part) for part in (then, otherwise) if part.kind != "nothing"}
        if len(kinds) != 1:
            raise Refusal("exchange.xpath_kinds")
        (kind,) = kinds
        values = [Empty() if part.kind == "nothing" else self._plain(part) for part in (then, otherwise)]
        return _Typed(Call("if", (condition, *values)), kind)

    def _coalesce(self, parts: list[_Typed]) -> _Typed:
        one, other = parts
        if self._kind(one) != self._kind(other):
            raise Refusal("exchange.xpath_kinds")
        answered = Call("answered", (one.node,))
        return _Typed(Call("if", (answered, self._plain(one), self._plain(other))), self._kind(one))

    def _kind(self, part: _Typed) -> Kind:
        return "number" if part.kind in {"choice", "rows"} else part.kind

    def _plain(self, part: _Typed) -> Node:
        return self._number(part) if part.kind in {"choice", "rows"} else part.node

    def _numbers(self, name: str) -> Callable[[list[_Typed]], _Typed]:
        return lambda parts: _Typed(Call(name, tuple(map(self._number, parts))), "number")

    def _sum(self, parts: list[_Typed]) -> _Typed:
        return self._numbers("sum")(parts)

    def _count(self, parts: list[_Typed]) -> _Typed:
        if parts[0].kind != "rows":
            raise Refusal("exchange.no_such_function", name="count()")
        return _Typed(parts[0].node, "number")

    def _round(self, parts: list[_Typed]) -> _Typed:
        places = parts[1].node if len(parts) > 1 else Number(Decimal(0))
        return _Typed(Call("round", (self._number(parts[0]), places)), "number")

    def _int(self, parts: list[_Typed]) -> _Typed:
        """The whole part of a number, towards zero."""
        number = self._number(parts[0])
        below = Unary("-", Call("down", (Unary("-", number),)))
        positive = Binary(">=", number, Number(Decimal(0)))
        return _Typed(Call("if", (positive, Call("down", (number,)), below)), "number")

    def _as_number(self, parts: list[_Typed]) -> _Typed:
        return _Typed(self._number(parts[0]), "number")

    def _as_date(self, parts: list[_Typed]) -> _Typed:
        if parts[0].kind != "date":
            raise Refusal("exchange.xpath_kinds")
        return parts[0]

    def _least(self, parts: list[_Typed]) -> _Typed:
        return self._numbers("min")(parts)

    def _most(self, parts: list[_Typed]) -> _Typed:
        return self._numbers("max")(parts)

    def _today(self, _parts: list[_Typed]) -> _Typed:
        return _Typed(Name("@today"), "date")

    def _true(self, _parts: list[_Typed]) -> _Typed:
        return _Typed(Truth(value=True), "truth")

    def _false(self, _parts: list[_Typed]) -> _Typed:
        return _Typed(Truth(value=False), "truth")


# ruff: noqa: SLF001 -- the table of its own functions stands below the class
_FUNCTIONS: dict[tuple[str, int], Callable[[XPaths, list[_Typed]], _Typed]] = {
    ("selected", 2): XPaths._selected,
    ("if", 3): XPaths._if,
    ("coalesce", 2): XPaths._coalesce,
    ("sum", -1): XPaths._sum,
    ("count", 1): XPaths._count,
    ("round", 1): XPaths._round,
    ("round", 2): XPaths._round,
    ("int", 1): XPaths._int,
    ("number", 1): XPaths._as_number,
    ("date", 1): XPaths._as_date,
    ("decimal-date-time", 1): XPaths._as_date,
    ("min", -1): XPaths._least,
    ("max", -1): XPaths._most,
    ("today", 0): XPaths._today,
    ("true", 0): XPaths._true,
    ("false", 0): XPaths._false,
}


def read(text: str) -> Node:
    """An expression as a tree. Raises Refusal."""
    try:
        return parse(text.strip(), _DIALECT)
    except NotUnderstood as error:
        raise Refusal("exchange.path_not_understood", at=error.place, expression=text) from error


def _as_number(text: str) -> Number | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return Number(value) if value.is_finite() else None


def _counts(item: Known) -> bool:
    """Whether the options of a choice are called by the numbers that we store."""
    return bool(item.values) and all(name == str(value) for name, value in item.values.items())


def _option(item: Known, node: Text | Number) -> Number:
    name = node.value if isinstance(node, Text) else format(node.value, "f")
    if name not in item.values:
        raise Refusal("exchange.unknown_option", question=item.id, option=name)
    return Number(Decimal(item.values[name]))
