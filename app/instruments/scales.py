"""What is made of the answers: scores with bands and norms, critical answers, doubts about how a form was filled in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from app.instruments.parts import Formula, Id, Number, Part, Text, Written

Level = Literal["blue", "yellow", "orange", "red"]


class Band(Part, frozen=True, kw_only=True):
    """A stretch of a score, both ends included, and what it means in plain words.

    Args:
        id: stored with the result.
        low: the first value, ``from`` in the file.
        high: the last value, ``to`` in the file.
        title: two or three words, for a list or a chart.
        severity: rank for sorting and colouring, 0 for the least; it says nothing about an illness.
        action: what was found and what to do next, for the person. It never names a diagnosis (精神卫生法 art. 23).
        guardian: the same for a parent or guardian, where other words are needed.
        professional: what it means for whoever looks after the person.
    """

    id: Id
    low: Number = msgspec.field(name="from")
    high: Number = msgspec.field(name="to")
    title: Text
    severity: Annotated[int, msgspec.Meta(ge=0)]
    action: Text
    guardian: Text | None = None
    professional: Text | None = None


class Norm(Part, frozen=True, kw_only=True):
    """What holds for some of the people only: another cut-off, other bands, the mean of people like them.

    The first of a score's norms whose condition holds is used; where none does, the score's own bands and cut-off.

    Args:
        id: stored with the result.
        when: for whom, such as ``@sex = "female"``.
        title: for whom, in words.
        positive_from: as in the score, likewise `positive_to` and `bands`.
        positive_to: see there.
        bands: see there.
        mean: of people like them; with `deviation` gives the T score, 50 + 10 × (value − mean) ÷ deviation.
        deviation: their standard deviation.
        source: the publication.
    """

    id: Id
    when: Formula
    title: Text
    positive_from: Number | None = None
    positive_to: Number | None = None
    bands: tuple[Band, ...] = ()
    mean: Number | None = None
    deviation: Number | None = None
    source: Written


class Prorating(Part, frozen=True, kw_only=True):
    """The instrument's own rule for a few missing answers: the mean of the others stands for them.

    Args:
        missing: so many items of the score may be missing.
        source: the publication that has the rule.
    """

    missing: Annotated[int, msgspec.Meta(ge=1)]
    source: Written


class Change(Part, frozen=True, kw_only=True):
    """By how much two results of a person must differ to be more than chance.

    Args:
        points: that much or more.
        source: the publication.
    """

    points: Number
    source: Written


class Step(Part, frozen=True, kw_only=True):
    """A line of a table that turns a raw value into another one.

    Args:
        low: the first raw value, ``from`` in the file.
        high: the last raw value, ``to`` in the file.
        value: what it becomes.
    """

    low: Number = msgspec.field(name="from")
    high: Number = msgspec.field(name="to")
    value: Number


class Score(Part, frozen=True, kw_only=True):
    """A number made of items, with its bands and its cut-off.

    Args:
        id: stored with the result.
        title: what the number stands for.
        items: the items it is made of; none for a formula.
        method: sum or mean of what the items count; how many of them count `counts_from` or more; or a formula.
        formula: an expression of items and of scores before this one.
        counts_from: for the method count.
        weights: what an item's points are multiplied by, where not by 1.
        times: what the result is multiplied by.
        decimals: places that it is rounded to.
        rounding: half up, or down to the next smaller number.
        table: turns the rounded result into the value.
        prorating: the instrument's own rule for missing answers. Without one every item has to be answered.
        range: lowest and highest possible value. Stated and not only derived, so that a wrong option value shows.
        bands: together they cover the range, in rising order; none if the instrument has none.
        positive_from: the lowest value that counts as a positive screening, if the instrument has a cut-off.
        positive_to: the highest value that does, where less is worse.
        norms: what holds for some of the people only.
        change: what counts as a reliable change.
        source: the publication the bands and the cut-off come from.
        codes: the score in other code systems.
    """

    id: Id
    title: Text
    items: tuple[Id, ...] = ()
    method: Literal["sum", "mean", "count", "formula"]
    formula: Formula | None = None
    counts_from: int | None = None
    weights: dict[Id, Number] = msgspec.field(default_factory=dict)
    times: Number = 1
    decimals: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    rounding: Literal["half_up", "down"] = "half_up"
    table: tuple[Step, ...] = ()
    prorating: Prorating | None = None
    range: tuple[Number, Number]
    bands: tuple[Band, ...] = ()
    positive_from: Number | None = None
    positive_to: Number | None = None
    norms: tuple[Norm, ...] = ()
    change: Change | None = None
    source: Written
    codes: dict[str, str] = msgspec.field(default_factory=dict)


class Critical(Part, frozen=True, kw_only=True):
    """Answers that call for a person at once, whatever the scores and even on an unfinished form.

    Args:
        id: stored with the result.
        items: any one of them is enough.
        at_least: the lowest answer that counts, as it was given (before reversing).
        at_most: the highest answer that counts, where a low one is the alarming one ("no" to "is life worth living?").
        any_of: the options that count, also among several that were chosen.
        level: how soon somebody has to look, unless the station's own rules say otherwise.
        title: what the answer says.
        ask: how to speak about it with the person.
        source: why this is critical.
    """

    id: Id
    items: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    at_least: int | None = None
    at_most: int | None = None
    any_of: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] | None = None
    level: Level
    title: Text
    ask: Text | None = None
    source: Written


class Quality(Part, frozen=True, kw_only=True):
    """A reason to doubt how the form was filled in. It is shown to a person and decides nothing alone.

    Args:
        id: stored with the result.
        when: an expression of items, scores and ``@seconds`` (time taken), ``@answered`` (items), ``@run`` (the longest
            run of one answer).
        verdict: void: the instrument's own rule says that the form does not count and is to be filled in again; it goes
            into no statistics and raises no alert but by critical answers. Doubtful: to be kept in mind.
        title: what is odd.
        source: the publication of the rule.
    """

    id: Id
    when: Formula
    verdict: Literal["void", "doubtful"]
    title: Text
    source: Written
