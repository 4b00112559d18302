"""A condition of ours as ``enableWhen``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from app.exchange.fhir_terms import Json
from app.exchange.report import Refusal
from app.exchange.tree import Binary, Call, Name, Node, Number, Text, Unary

_FLIPPED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_HOLDS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class Named(NamedTuple):
    """What a name in a condition stands for.

    Attributes:
        link: its link id.
        values: of its options; none where it has none.
        answer: ``answerCoding`` or the like for a value; raises Refusal for one that cannot be.
    """

    link: str
    values: tuple[int, ...]
    answer: Callable[[Node], Json]


Lookup = Callable[[str], Named]


def write_conditions(node: Node, named: Lookup) -> Json:
    """The fields of an item that is shown where a condition holds. Raises Refusal where they cannot say it."""
    node = _without_not(node)
    for sign, behaviour in (("and", "all"), ("or", "any")):
        try:
            whens = [when for part in _parts(sign, node) for when in _whens(part, behaviour, named)]
        except Refusal:
            continue
        return {"enableWhen": whens, "enableBehavior": behaviour} if len(whens) > 1 else {"enableWhen": whens}
    raise Refusal("exchange.condition_not_in_fhir")


def denied(node: Node, named: Lookup) -> list[Json]:
    """Conditions that all hold unless this one does. Raises Refusal where there are none."""
    return [_one(part, named, _FLIPPED["="]) for part in _parts("or", _without_not(node))]


def _one(part: Node, named: Lookup, sign: str) -> Json:
    match part:
        case Binary("=", Name(name), (Number() | Text()) as value) | Call("chosen", (Name(name), value)):
            return _when(named(name), sign, value)
    raise Refusal("exchange.condition_not_in_fhir")


def _without_not(node: Node) -> Node:
    """The same with ``not`` only before what cannot be turned round."""
    match node:
        case Unary("not", Binary("and" | "or" as sign, left, right)):
            turned = "or" if sign == "and" else "and"
            return Binary(turned, _without_not(Unary("not", left)), _without_not(Unary("not", right)))
        case Unary("not", Binary(sign, left, right)) if sign in _FLIPPED:
            return Binary(_FLIPPED[sign], left, right)
        case Unary("not", Unary("not", inner)):
            return _without_not(inner)
        case Binary("and" | "or" as sign, left, right):
            return Binary(sign, _without_not(left), _without_not(right))
    return node


def _parts(sign: str, node: Node) -> list[Node]:
    """What a sign joins; "not answered or unlike" stays together, it is one condition there."""
    if sign == "or" and _unlike(node):
        return [node]
    if isinstance(node, Binary) and node.sign == sign:
        return _parts(sign, node.left) + _parts(sign, node.right)
    return [node]


def _unlike(node: Node) -> tuple[str, Node] | None:
    match node:
        case Binary(
            "or",
            Unary("not", Call("answered", (Name(asked),))),
            Binary("!=", Name(name), value) | Unary("not", Call("chosen", (Name(name), value))),
        ) if asked == name:
            return name, value
    return None


def _whens(node: Node, behaviour: str, named: Lookup) -> list[Json]:
    """One part, as one condition or several that are joined in the same way."""
    if unlike := _unlike(node):
        return [_when(named(unlike[0]), "!=", unlike[1])]
    match node:
        case Call("answered", (Name(name),)):
            return [_exists(named(name))]
        case Unary("not", Call("answered", (Name(name),))):
            return [{**_exists(named(name)), "answerBoolean": False}]
        case Call("chosen", (Name(name), value)):
            return [_when(named(name), "=", value)]
        case Unary("not", Call("chosen", (Name(name), value))) if behaviour == "all":
            return [_exists(named(name)), _when(named(name), "!=", value)]
        case Binary(sign, Name(name), (Number() | Text()) as value) if name[0] != "@":
            return _compared(named(name), sign, value, behaviour)
    raise Refusal("exchange.condition_not_in_fhir")


def _compared(item: Named, sign: str, value: Number | Text, behaviour: str) -> list[Json]:
    if sign == "=":
        return [_when(item, "=", value)]
    if item.values and isinstance(value, Number):
        # An option is equal or it is not; more or less does not exist.
        kept = [one for one in item.values if _holds(sign, one, value.value)]
        others = [one for one in item.values if one not in kept]
        if not kept:
            raise Refusal("exchange.condition_not_in_fhir")
        if behaviour == "any" or len(kept) == 1:
            return [_when(item, "=", Number(Decimal(one))) for one in kept]
        return [_exists(item), *(_when(item, "!=", Number(Decimal(one))) for one in others)]
    if sign != "!=":
        return [_when(item, sign, value)]
    if behaviour == "all":
        return [_exists(item), _when(item, "!=", value)]
    raise Refusal("exchange.condition_not_in_fhir")


def _holds(sign: str, option: int, value: Decimal) -> bool:
    return option != value if sign == "!=" else _HOLDS[sign](Decimal(option), value)


def _exists(item: Named) -> Json:
    return {"question": item.link, "operator": "exists", "answerBoolean": True}


def _when(item: Named, sign: str, value: Node) -> Json:
    return {"question": item.link, "operator": sign, **item.answer(value)}
