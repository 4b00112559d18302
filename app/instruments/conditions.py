"""The expressions of a definition: which names they may use, and what is said of one that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import Problem
from app.instruments.expressions import BadExpression, Expression, parse
from app.instruments.items import Choice, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.operations import Type

FACTS: dict[str, Type] = {"@age": "number", "@sex": "text", "@today": "date"}
"""What is known of the person and the day: years of age, ``"male"`` or ``"female"``, the day of the answers."""

QUALITY_FACTS: dict[str, Type] = {"@seconds": "number", "@answered": "number", "@run": "number"}
"""How the form was filled in; for rules of quality only."""

_TYPES: dict[type, Type] = {
    Choice: "number",
    Multiple: "list",
    Quantity: "number",
    Day: "date",
    Words: "text",
    Group: "number",
}


def type_of(item: Item) -> Type:
    """What an answer to an item, not computed, is in an expression. A group is the number of its rows."""
    return _TYPES[type(item)]


def expression(place: str, text: str, types: Mapping[str, Type]) -> Expression:
    """Read an expression at a place of a definition. Raises Problem."""
    try:
        return parse(text, types)
    except BadExpression as error:
        raise Problem(error.reason, place=place, at=error.place, expression=text) from None


def condition(place: str, text: str, types: Mapping[str, Type]) -> Expression:
    """Read an expression that says yes or no. Raises Problem."""
    found = expression(place, text, types)
    if found.type != "boolean":
        raise Problem("expression.no_condition", place=place, expression=text)
    return found
