"""The short way for the forms that make up most of the work: every item chosen, every score a plain sum, all answered.

Whatever is not of this kind, or not answered in full, goes the long way; a test holds both to the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from app.instruments.answers import Answers
from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.results import Outcome, ScoreOutcome
from app.instruments.scale import is_positive
from app.instruments.scales import Critical, Score
from app.instruments.values import band_at, option_points

_INTEGERS = frozenset({int})

Quick = Callable[[Answers], Outcome | None]
"""Scores a form that is answered in full and in order; None for any other."""


def quick_way(definition: Definition) -> Quick | None:
    """The short way for a definition, None where there is none."""
    required = sum(item.required for item in definition.items)
    is_plain = all(map(_is_plain_item, definition.items)) and all(map(_is_plain_score, definition.scores))
    return _made_ready(definition) if is_plain and not definition.quality and required > 1 else None


def _made_ready(definition: Definition) -> Quick:
    # A closure: its names are looked up in half the time that attributes take, and this runs for every form.
    items = [item for item in definition.items if isinstance(item, Choice)]
    required = [item for item in items if item.required]
    extras = {item.id: item for item in items if not item.required}
    place = {item.id: number for number, item in enumerate(required)}
    take: Callable[[Answers], tuple[Any, ...]] = itemgetter(*place)
    tables = [option_points(item, definition.options(item)) for item in required]
    allowed = _same_for_all(tables)
    scales = [(score.id, _places(score, place), _table(score)) for score in definition.scores]
    rules = [(rule.id, _triggers(rule, definition)) for rule in definition.critical]

    def quick(answers: Answers) -> Outcome | None:
        try:
            points: Sequence[int] = take(answers)
            # True and 1.0 would be found under 1.
            if not _INTEGERS.issuperset(map(type, points)):
                return None
            if allowed is None:
                points = [table[value] for table, value in zip(tables, points, strict=True)]
            elif not allowed.issuperset(points):
                return None
        except KeyError:
            return None
        if len(answers) != len(place) and not _are_in_order(answers, extras, definition, len(place)):
            return None
        scores = {}
        for name, places, table in scales:
            scores[name] = table[sum(points if places is None else places(points))]
        return Outcome("complete", scores, _touched(rules, answers) if rules else (), ())

    return quick


def _touched(rules: list[tuple[str, list[tuple[str, frozenset[int]]]]], answers: Answers) -> tuple[str, ...]:
    """The critical rules that some answers touch."""
    touched: tuple[str, ...] = ()
    for rule, triggers in rules:
        for item, values in triggers:
            if answers.get(item) in values:
                touched = (*touched, rule)
                break
    return touched


def _same_for_all(tables: list[dict[int, int]]) -> frozenset[int] | None:
    """The values that may be answered, where they are the same for all items and count what they are."""
    first = tables[0]
    is_even = all(table == first for table in tables) and all(value == points for value, points in first.items())
    return frozenset(first) if is_even else None


def _triggers(rule: Critical, definition: Definition) -> list[tuple[str, frozenset[int]]]:
    """For each item of a critical rule the answers that it is about."""
    options = {item.id: definition.options(item) for item in definition.items}
    return [
        (name, frozenset(one.value for one in options[name] if is_critical(rule, {name: one.value})))
        for name in rule.items
    ]


def _are_in_order(answers: Answers, extras: dict[str, Choice], definition: Definition, required: int) -> bool:
    """Whether what is answered beside the required items are options of items that may be left out."""
    surplus = len(answers) - required
    for name, item in extras.items():
        if name in answers:
            if type(answers[name]) is not int or answers[name] not in {one.value for one in definition.options(item)}:
                return False
            surplus -= 1
    return not surplus


def is_critical(rule: Critical, answers: Answers) -> bool:
    """Whether an answer, as it was given, calls for a person."""
    return any(_is_alarming(rule, answers[name]) for name in rule.items if answers.get(name) is not None)


def _is_alarming(rule: Critical, answer: Any) -> bool:
    if rule.any_of is not None:
        return not set(rule.any_of).isdisjoint(answer if isinstance(answer, list | tuple) else (answer,))
    # The check of the definition has seen to it that there is one of the three.
    return bool(answer >= rule.at_least) if rule.at_least is not None else bool(answer <= rule.at_most)


def _is_plain_item(item: object) -> bool:
    if not isinstance(item, Choice) or item.not_applicable:
        return False
    return not (item.visible_if or item.required_if or item.stop_if)


def _is_plain_score(score: Score) -> bool:
    is_sum = score.method == "sum" and not score.weights and score.times == 1 and not score.decimals
    return is_sum and not score.table and not score.norms


def _places(score: Score, place: dict[str, int]) -> Callable[[Any], tuple[Any, ...]] | None:
    """Takes a score's points out of those of all items; None where it is made of all of them."""
    places = [place[name] for name in score.items]
    if sorted(places) == list(range(len(place))):
        return None
    # A slice keeps a single place a tuple.
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


def _table(score: Score) -> dict[int, ScoreOutcome]:
    """The outcome for every value that the score can have."""
    low, high = (int(end) for end in score.range)
    count = len(score.items)
    return {
        value: ScoreOutcome(value, count, count, band_at(score.bands, value), is_positive(value, score))
        for value in range(low, high + 1)
    }
