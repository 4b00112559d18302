"""The items of a definition: what can be asked, and what an answer to it is."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from app.instruments.parts import Formula, Id, Number, Part, Text

MOST_ROWS = 100
"""Rows that a group may have at most."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class _Item(Part, frozen=True, kw_only=True, tag_field="kind"):
    """What all items have in common.

    Args:
        id: the name under which the answer is stored.
        text: what is asked. Absent where the wording may not be here.
        help: what whoever asks should know about it.
        section: id of the section that it stands in; all items, or none, are in one, and in the sections' order.
        by: who answers it: the respondent, or the examiner who watches.
        required: whether the form is unfinished without it. A scored item is always required.
        required_if: an expression that says so instead.
        visible_if: the item is asked only where this holds.
        stop_if: where this holds after the item, nothing that comes later is asked.
        not_applicable: whether "does not apply" is an answer; it is stored as null.
        codes: the item in other code systems, keyed by system (``"loinc"``).
    """

    id: Id
    text: Text | None = None
    help: Text | None = None
    section: Id | None = None
    by: Literal["respondent", "examiner"] = "respondent"
    required: bool = True
    required_if: Formula | None = None
    visible_if: Formula | None = None
    stop_if: Formula | None = None
    not_applicable: bool = False
    codes: dict[str, str] = msgspec.field(default_factory=dict)


class Choice(_Item, frozen=True, kw_only=True, tag="choice"):
    """One of several options. The answer is the option's value.

    Args:
        options: names one of the definition's option sets.
        scored: whether a score counts this item; an item that is not scored never changes a result.
        reverse: whether it counts the other way round: lowest plus highest option value, minus the answer.
    """

    options: Id
    scored: bool = True
    reverse: bool = False


class Multiple(_Item, frozen=True, kw_only=True, tag="multiple"):
    """Any number of several options. The answer is the list of their values, in rising order; an empty one is "none".

    Args:
        options: names one of the definition's option sets.
        alone: values that go with no other ("none of these").
    """

    options: Id
    alone: tuple[int, ...] = ()


class Quantity(_Item, frozen=True, kw_only=True, tag="number"):
    """A number within limits, such as a count, a measurement, or the result of a test that is held elsewhere.

    Args:
        low: the smallest that is possible, ``from`` in the file.
        high: the largest, ``to`` in the file.
        decimals: how many places after the point.
        unit: of the number.
        scored: whether a score counts this item.
    """

    low: Number = msgspec.field(name="from")
    high: Number = msgspec.field(name="to")
    decimals: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    unit: Text | None = None
    scored: bool = False


class Day(_Item, frozen=True, kw_only=True, tag="date"):
    """A day, stored as ISO date.

    Args:
        when: whether it may lie ahead, must not, or must.
    """

    when: Literal["any", "past", "future"] = "any"


class Words(_Item, frozen=True, kw_only=True, tag="text"):
    """Free text.

    Args:
        lines: how much room there is for it.
        longest: characters that it may have.
    """

    lines: Annotated[int, msgspec.Meta(ge=1, le=40)] = 1
    longest: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 500


class Computed(_Item, frozen=True, kw_only=True, tag="computed"):
    """A value that follows from answers before it; nobody is asked.

    Args:
        value: the expression.
        decimals: to how many places a number is shown.
        unit: of the number.
    """

    value: Formula
    decimals: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    unit: Text | None = None


class Group(_Item, frozen=True, kw_only=True, tag="group"):
    """Several items that are answered together, as often as needed, such as one drug after another.

    The answer is a list of rows, each item id → answer. In expressions a group stands for the number of its rows.

    Args:
        items: what a row consists of. Their conditions may name each other and nothing outside.
        least: rows that there have to be.
        most: rows that there may be.
    """

    items: Annotated[tuple[Cell, ...], msgspec.Meta(min_length=1)]
    least: Count = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] = 20


Cell = Choice | Multiple | Quantity | Day | Words
Item = Choice | Multiple | Quantity | Day | Words | Computed | Group

Chosen = Choice | Multiple
"""Those whose answers are options."""
