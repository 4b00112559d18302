"""Constraints of XLSForms as limits of items: a smallest and a largest number, days that may not lie ahead, lengths."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from app.exchange.known import Known
from app.exchange.report import Refusal
from app.exchange.tree import Binary, Call, Name, Node, Number, Text, Unary, parts_of
from app.exchange.xlsform_paths import read
from app.instruments.items import Day, Item, Multiple, Quantity, Words
from app.instruments.parts import Number as Amount

_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}


def limited(item: Item, constraint: str, known: Known) -> Item:
    """An item with the limits that a constraint sets. Raises Refusal where it says more than that."""
    for part in parts_of("and", read(constraint)):
        item = _limited(item, part, constraint, known)
    if isinstance(item, Quantity) and item.low >= item.high:
        raise Refusal("exchange.limits_crossed")
    return item


def _limited(item: Item, part: Node, constraint: str, known: Known) -> Item:
    found = None
    match part:
        case Binary(sign, Name("."), limit) if sign in _TURNED:
            found = _bounded(item, sign, limit)
        case Binary(sign, limit, Name(".")) if sign in _TURNED:
            found = _bounded(item, _TURNED[sign], limit)
        case Binary("<=", Call("string-length", (Name("."),)), Number(most)) if isinstance(item, Words):
            found = msgspec.structs.replace(item, longest=int(most))
        case Unary("not", Binary("and", one, other)) if isinstance(item, Multiple):
            found = _alone(item, one, other, known) or _alone(item, other, one, known)
    if found is None:
        raise Refusal("exchange.constraint", expression=constraint)
    return found


def _bounded(item: Item, sign: str, limit: Node) -> Item | None:
    match limit:
        case Number(value) if isinstance(item, Quantity):
            return _between(item, sign, value)
        case Call("today", ()) if isinstance(item, Day) and sign in {"<=", "<"}:
            return msgspec.structs.replace(item, when="past")
        case Call("today", ()) if isinstance(item, Day) and sign in {">=", ">"}:
            return msgspec.structs.replace(item, when="future")
    return None


def _between(item: Quantity, sign: str, value: Decimal) -> Quantity | None:
    step = Decimal(1).scaleb(-item.decimals)
    match sign:
        case ">" | ">=":
            return msgspec.structs.replace(item, low=max(item.low, _plain(value + step if sign == ">" else value)))
        case "<" | "<=":
            return msgspec.structs.replace(item, high=min(item.high, _plain(value - step if sign == "<" else value)))
    return None


def _alone(item: Multiple, one: Node, other: Node, known: Known) -> Multiple | None:
    """``not(selected(., 'none') and count-selected(.) > 1)``: an answer that goes with no other."""
    match one, other:
        case Call("selected", (Name("."), Text(name))), Binary(">", Call("count-selected", (Name("."),)), Number(most)):
            if most == 1 and name in known.values:
                return msgspec.structs.replace(item, alone=(*item.alone, known.values[name]))
    return None


def _plain(number: Decimal) -> Amount:
    return int(number) if number == number.to_integral_value() else float(number)
