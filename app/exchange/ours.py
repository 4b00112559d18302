"""Our own expressions as trees, and trees as expressions. See `app.instruments.expressions` for what they mean."""

from __future__ import annotations

import re
from decimal import Decimal

from app.exchange.report import Refusal
from app.exchange.tree import (
    Binary,
    Call,
    Dialect,
    Empty,
    Member,
    Name,
    Node,
    Number,
    Text,
    Truth,
    Unary,
    parse,
    parts_of,
    signed,
)
from app.instruments.expressions import LONGEST
from app.instruments.operations import BINDING, MINUS_BINDING, NOT_BINDING

_TRUTHS = {"true": Truth(value=True), "false": Truth(value=False)}
_PREFIX = {"not": NOT_BINDING, "-": MINUS_BINDING}
_TIGHTEST = 9
_DIGITS, _PLACES = 12, 6

_DIALECT = Dialect(
    tokens=re.compile(
        r"""\s*(?:(?P<name>\$\{[^}]+\}|@[a-z]+) | (?P<number>[0-9]+(?:\.[0-9]+)?) | (?P<text>"[^"\\]*")
        | (?P<word>[a-z]+) | (?P<sign><=|>=|!=|[-+*/=<>(),]))""",
        re.VERBOSE,
    ),
    binding=BINDING,
    prefix=_PREFIX,
    word=_TRUTHS.get,
    name=lambda text: text if text[0] == "@" else text[2:-1],
    unquoted=lambda text: text[1:-1],
    longest=LONGEST,
)

# A number divided by nothing is the one way to say "no value".
NOTHING = Binary("/", Number(Decimal(0)), Number(Decimal(0)))


def read(text: str) -> Node:
    """One of our expressions as a tree. It was checked when its definition was read."""
    return parse(text, _DIALECT)


def write(node: Node) -> str:
    """A tree as one of our expressions. Raises Refusal where it has something that they cannot say."""
    text = _written(_simple_enough(node), 0)
    if len(text) > LONGEST:
        raise Refusal("exchange.expression_long", longest=LONGEST)
    return text


def _simple_enough(node: Node) -> Node:
    """The same in fewer words, where other languages have to say in many what ours has a function for."""
    match node:
        case Binary("+"):
            conditions = [_one_if(part) for part in parts_of("+", node)]
            if None not in conditions:
                return Call("count", tuple(_simple_enough(condition) for condition in conditions if condition))
            return Binary("+", _simple_enough(node.left), _simple_enough(node.right))
        case Binary(sign, left, right):
            return Binary(sign, _simple_enough(left), _simple_enough(right))
        case Unary(sign, operand):
            return signed(sign, _simple_enough(operand))
        case Call(name, arguments):
            return _simple_call(Call(name, tuple(map(_simple_enough, arguments))))
    return node


def _simple_call(call: Call) -> Call:
    """``if(answered(x), if(x, …), nothing)`` is ``if(x, …)``: without a value for x there is none."""
    match call:
        case Call("if", (Call("answered", (asked,)), Call("if", (condition, *values)), Empty())) if (
            _undecided(condition) == asked
        ):
            return Call("if", (asked, *values))
        case Call("if", (Call("answered", (item,)), condition, Empty())):
            inner = _undecided(condition)
            if isinstance(inner, Call) and inner.name == "chosen" and inner.arguments[0] == item:
                return inner
    return call


def _undecided(condition: Node) -> Node:
    """A condition before it was made to be false where it has no value."""
    match condition:
        case Binary("and", Call("answered", (asked,)), inner) if asked == inner:
            return inner
    return condition


def _one_if(node: Node) -> Node | None:
    """The condition of a part that is one where it holds and otherwise zero."""
    match node:
        case Call("if", (condition, Number(one), Number(zero))) if one == 1 and zero == 0:
            return _undecided(condition)  # what has no value is not counted either
    return None


def _written(node: Node, binding: int) -> str:
    """A node, in brackets where it binds less tightly than what is around it."""
    match node:
        case Binary(sign, left, right):
            power = BINDING[sign]
            # Comparisons do not go on; sums and products go on to the left.
            own = power + 1 if power == BINDING["="] else power
            text, power_here = f"{_written(left, own)} {sign} {_written(right, power + 1)}", power
        case Unary(sign, operand):
            text, power_here = f"{sign}{' ' if sign == 'not' else ''}{_written(operand, _PREFIX[sign])}", _PREFIX[sign]
        case _:
            text, power_here = _simple(node), _TIGHTEST
    return f"({text})" if power_here < binding else text


def _simple(node: Node) -> str:
    match node:
        case Number(value):
            return _number(value)
        case Text(value) if not {*'"\\'} & {*value}:
            return f'"{value}"'
        case Truth(value):
            return "true" if value else "false"
        case Name(name):
            return name if name[0] == "@" else f"${{{name}}}"
        case Call(name, arguments):
            return f"{name}({', '.join(_written(one, 0) for one in arguments)})"
        case Empty():
            return f"({_written(NOTHING, 0)})"
    what = node.name if isinstance(node, Member) else str(getattr(node, "value", ""))
    raise Refusal("exchange.no_such_function", name=what)


def _number(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole) > _DIGITS or len(fraction) > _PLACES:
        raise Refusal("exchange.number_long", number=text)
    return text
