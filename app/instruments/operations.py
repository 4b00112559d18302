"""What the little language of definitions computes with: values that may be blank, signs and functions."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException, localcontext
from typing import Any, Literal, NamedTuple

Type = Literal["number", "boolean", "text", "date", "list"]
Value = Decimal | bool | str | dt.date | frozenset[int] | None
"""What an expression works on; None is blank."""

Environment = Mapping[str, Value]
"""The values of the names: ``${id}`` under its id, ``@name`` with the sign before it."""

Compute = Callable[[Environment], Value]

_LARGEST = Decimal(10) ** 12
_PRECISION = 28


def _number(value: Decimal) -> Value:
    return value if value.is_finite() and abs(value) <= _LARGEST else None


def arithmetic(one: Compute, other: Compute, apply: Callable[[Any, Any], Decimal]) -> Compute:
    """Two numbers joined; blank where one is, and where the result is none or too large."""

    def compute(environment: Environment) -> Value:
        first, second = one(environment), other(environment)
        if first is None or second is None:
            return None
        with localcontext(prec=_PRECISION):
            try:
                return _number(apply(first, second))
            except DecimalException:
                return None

    return compute


def comparison(one: Compute, other: Compute, holds: Callable[[Any, Any], bool]) -> Compute:
    """Two values compared; blank where one is."""

    def compute(environment: Environment) -> Value:
        first, second = one(environment), other(environment)
        return None if first is None or second is None else holds(first, second)

    return compute


def both(one: Compute, other: Compute) -> Compute:
    """Whether both hold: false where one does not, whatever the other."""

    def compute(environment: Environment) -> Value:
        values = one(environment), other(environment)
        return False if False in values else None if None in values else True

    return compute


def either(one: Compute, other: Compute) -> Compute:
    """Whether one holds: true where one does, whatever the other."""

    def compute(environment: Environment) -> Value:
        values = one(environment), other(environment)
        return True if True in values else None if None in values else False

    return compute


ARITHMETIC: dict[str, Callable[[Any, Any], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
BINDING = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(COMPARISONS, 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
NOT_BINDING, MINUS_BINDING = 3, 7
UNORDERED: frozenset[Type] = frozenset({"boolean", "text", "list"})


# ---- functions ----


def _present(values: list[Compute], environment: Environment) -> list[Any]:
    return [value for value in (one(environment) for one in values) if value is not None]


def _sum(values: list[Compute]) -> Compute:
    def compute(environment: Environment) -> Value:
        present = _present(values, environment)
        return None if len(present) < len(values) else _number(sum(present, Decimal(0)))

    return compute


def _count(values: list[Compute]) -> Compute:
    return lambda environment: Decimal(sum(value is True for value in _present(values, environment)))


def _mean(values: list[Compute]) -> Compute:
    def compute(environment: Environment) -> Value:
        present = _present(values, environment)
        with localcontext(prec=_PRECISION):
            return None if len(present) < len(values) else _number(sum(present, Decimal(0)) / len(present))

    return compute


def _extreme(pick: Callable[[list[Any]], Any]) -> Callable[[list[Compute]], Compute]:
    def make(values: list[Compute]) -> Compute:
        def compute(environment: Environment) -> Value:
            present = _present(values, environment)
            return None if len(present) < len(values) else pick(present)

        return compute

    return make


def _round(values: list[Compute]) -> Compute:
    value, digits = values

    def compute(environment: Environment) -> Value:
        number, places = value(environment), digits(environment)
        if not isinstance(number, Decimal) or not isinstance(places, Decimal) or not 0 <= places <= 6:
            return None
        with localcontext(prec=_PRECISION):
            return number.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)

    return compute


def _down(values: list[Compute]) -> Compute:
    (value,) = values

    def compute(environment: Environment) -> Value:
        number = value(environment)
        return number.to_integral_value(ROUND_FLOOR) if isinstance(number, Decimal) else None

    return compute


def choose(values: list[Compute]) -> Compute:
    """The second where the first holds, the third where it does not."""
    condition, then, otherwise = values

    def compute(environment: Environment) -> Value:
        held = condition(environment)
        return None if held is None else then(environment) if held else otherwise(environment)

    return compute


def is_answered(values: list[Compute]) -> Compute:
    """Whether there is a value; never blank itself."""
    (value,) = values
    return lambda environment: value(environment) is not None


def _chosen(values: list[Compute]) -> Compute:
    chosen, wanted = values

    def compute(environment: Environment) -> Value:
        among, number = chosen(environment), wanted(environment)
        return None if not isinstance(among, frozenset) or number is None else number in among

    return compute


def _years(values: list[Compute]) -> Compute:
    earlier, later = values

    def compute(environment: Environment) -> Value:
        first, last = earlier(environment), later(environment)
        if not isinstance(first, dt.date) or not isinstance(last, dt.date):
            return None
        return Decimal(last.year - first.year - ((last.month, last.day) < (first.month, first.day)))

    return compute


def _days(values: list[Compute]) -> Compute:
    earlier, later = values

    def compute(environment: Environment) -> Value:
        first, last = earlier(environment), later(environment)
        return Decimal((last - first).days) if isinstance(first, dt.date) and isinstance(last, dt.date) else None

    return compute


class Function(NamedTuple):
    """`takes`: the types of its arguments; ``...`` as the last one means one or more of the type before."""

    takes: tuple[Any, ...]
    gives: Type
    make: Callable[[list[Compute]], Compute]


FUNCTIONS: dict[str, Function] = {
    "sum": Function(("number", ...), "number", _sum),
    "mean": Function(("number", ...), "number", _mean),
    "min": Function(("number", ...), "number", _extreme(min)),
    "max": Function(("number", ...), "number", _extreme(max)),
    "count": Function(("boolean", ...), "number", _count),
    "round": Function(("number", "number"), "number", _round),
    "down": Function(("number",), "number", _down),
    "chosen": Function(("list", "number"), "boolean", _chosen),
    "years": Function(("date", "date"), "number", _years),
    "days": Function(("date", "date"), "number", _days),
}
"""`if` and `answered` take several types and are treated apart."""
