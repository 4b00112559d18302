"""From answers to an outcome: scores, bands, positive or not, critical answers, what is missing.

Pure: the same definition and the same answers always give the same outcome. Two rules hold for every instrument. A
form on which a required item is missing is unfinished: its sums so far are shown, and no band and no "positive" is
given, because a half-filled form looks milder than it is. A critical answer counts from the moment it is given,
finished or not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import filterfalse
from typing import Literal

import msgspec

from app.errors import Problem
from app.instruments.definition import Definition, Item, Option, Score

_INTEGERS = frozenset({int})


class ScoreOutcome(msgspec.Struct, frozen=True):
    """One score of one form.

    Args:
        value: the score; on an unfinished form the sum so far, or None if none of its items is answered.
        answered: how many of its items are answered.
        of: how many items it has.
        band: the id of the band, None if the form is unfinished or the score has no bands.
        positive: whether the cut-off is reached, None if the form is unfinished or there is no cut-off.
    """

    value: int | None
    answered: int
    of: int
    band: str | None
    positive: bool | None


class Outcome(msgspec.Struct, frozen=True):
    """What the answers to one form say.

    Args:
        status: unfinished as long as a required item is missing.
        scores: by score id.
        critical: ids of the critical rules that the answers trigger, in the definition's order.
        missing: ids of the required items without an answer, in the definition's order.
    """

    status: Literal["complete", "unfinished"]
    scores: dict[str, ScoreOutcome]
    critical: tuple[str, ...]
    missing: tuple[str, ...]


def score(definition: Definition, answers: Mapping[str, int]) -> Outcome:
    """Score one form. For many forms of one instrument make a `Scorer` once.

    Args:
        definition: the instrument.
        answers: item id to option value; an item without an answer is left out.

    Raises:
        Problem: an answer to an item that the instrument does not have, or one that is not among its options.
    """
    return Scorer(definition).score(answers)


class Scorer:
    """A definition made ready for scoring many forms."""

    __slots__ = ("_critical", "_points", "_required", "_scales")

    def __init__(self, definition: Definition) -> None:
        self._points = {item.id: _points(item, definition.option_sets[item.options]) for item in definition.items}
        self._required = tuple(item.id for item in definition.items if item.required)
        self._scales = tuple((scale.id, _Scale(scale)) for scale in definition.scores)
        self._critical = tuple((rule.id, rule.items, rule.at_least) for rule in definition.critical)

    def score(self, answers: Mapping[str, int]) -> Outcome:
        """Score one form; see `score`."""
        points = self._read(answers)
        missing = tuple(filterfalse(points.__contains__, self._required))
        scores = {name: scale.outcome(points, finished=not missing) for name, scale in self._scales}
        critical = tuple(
            rule
            for rule, items, at_least in self._critical
            if any(item in answers and answers[item] >= at_least for item in items)
        )
        return Outcome("unfinished" if missing else "complete", scores, critical, missing)

    def _read(self, answers: Mapping[str, int]) -> dict[str, int]:
        """What each answer is worth, by item."""
        table = self._points
        # True and 1.0 would be found under 1: they are no answers, and somebody's import is wrong.
        if _INTEGERS.issuperset(map(type, answers.values())):
            try:
                return {item: table[item][value] for item, value in answers.items()}
            except KeyError:
                pass
        raise self._problem(answers)

    def _problem(self, answers: Mapping[str, int]) -> Problem:
        """What is wrong with answers that cannot be read: the first item that is unknown or has no such option."""
        for item, value in answers.items():
            if item not in self._points:
                return Problem("instrument.unknown_item", item=item)
            if type(value) is not int or value not in self._points[item]:
                return Problem("instrument.answer_out_of_range", item=item, value=value)
        raise AssertionError


class _Scale:
    """One score made ready: which items, where its bands begin, where it becomes positive."""

    __slots__ = ("_bands", "_items", "_positive_from", "_starts")

    def __init__(self, scale: Score) -> None:
        self._items = scale.items
        self._starts = [band.low for band in scale.bands]
        self._bands = [band.id for band in scale.bands]
        self._positive_from = scale.positive_from

    def outcome(self, points: Mapping[str, int], *, finished: bool) -> ScoreOutcome:
        """The score from what each answered item is worth."""
        items = self._items
        if not finished:
            answered = [points[item] for item in items if item in points]
            return ScoreOutcome(sum(answered) if answered else None, len(answered), len(items), None, None)
        value = sum(map(points.__getitem__, items))
        band = self._bands[bisect_right(self._starts, value) - 1] if self._bands else None
        positive = None if self._positive_from is None else value >= self._positive_from
        return ScoreOutcome(value, len(items), len(items), band, positive)


def _points(item: Item, options: tuple[Option, ...]) -> dict[int, int]:
    """What each option of an item is worth."""
    values = [option.value for option in options]
    both_ends = min(values) + max(values)
    return {value: both_ends - value if item.reverse else value for value in values}
