"""The short way for the forms that make up most of the work: every item chosen, every score a plain sum, all answered.

Whatever is not of this kind, or not answered in full, goes the long way; a test holds both to the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Self

from app.instruments.answers import Answers
from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.results import Outcome, ScoreOutcome
from app.instruments.scale import is_positive
from app.instruments.scales import Critical, Score
from app.instruments.values import band_at, option_points

_INTEGERS = frozenset({int})
_look_up: Callable[[dict[int, int], int], int] = dict.__getitem__


class Quick:
    """A definition of the plain kind, made ready.

    Args:
        definition: one for which `of` says that it is plain.
    """

    __slots__ = ("_allowed", "_optional", "_required", "_rules", "_scales", "_tables", "_take")

    def __init__(self, definition: Definition) -> None:
        items = [item for item in definition.items if isinstance(item, Choice)]
        required = [item for item in items if item.required]
        place = {item.id: number for number, item in enumerate(required)}
        self._required = len(required)
        self._take: Callable[[Answers], tuple[Any, ...]] = itemgetter(*place)
        self._tables = [option_points(item, definition.options(item)) for item in required]
        # Where an answer counts what it is, and may be the same for all items, there is nothing to look up.
        first = self._tables[0]
        is_even = all(table == first for table in self._tables) and all(one == first[one] for one in first)
        self._allowed = frozenset(first) if is_even else None
        self._optional = {
            item.id: {option.value for option in definition.options(item)} for item in items if not item.required
        }
        self._scales = [(score.id, _places(score, place), _table(score)) for score in definition.scores]
        self._rules = definition.critical

    @classmethod
    def of(cls, definition: Definition) -> Self | None:
        """The short way for a definition, None where there is none."""
        required = sum(item.required for item in definition.items)
        plain = all(map(_is_plain_item, definition.items)) and all(map(_is_plain_score, definition.scores))
        return cls(definition) if plain and not definition.quality and required > 1 else None

    def score(self, answers: Answers) -> Outcome | None:
        """The outcome of a form that is answered in full and in order, None for any other."""
        try:
            values = self._take(answers)
            # True and 1.0 would be found under 1.
            if not _INTEGERS.issuperset(map(type, values)):
                return None
            points: Sequence[int] = values
            if self._allowed is None:
                points = list(map(_look_up, self._tables, values))
            elif not self._allowed.issuperset(values):
                return None
        except KeyError:
            return None
        if len(answers) != self._required and not self._are_extras_in_order(answers):
            return None
        scores = {
            name: table[sum(points) if places is None else sum(places(points))] for name, places, table in self._scales
        }
        critical = tuple([rule.id for rule in self._rules if is_critical(rule, answers)]) if self._rules else ()
        return Outcome("complete", scores, critical, ())

    def _are_extras_in_order(self, answers: Answers) -> bool:
        extras = len(answers) - self._required
        for name, allowed in self._optional.items():
            if name in answers:
                if type(answers[name]) is not int or answers[name] not in allowed:
                    return False
                extras -= 1
        return not extras


def is_critical(rule: Critical, answers: Answers) -> bool:
    """Whether an answer, as it was given, calls for a person."""
    at_least, at_most = rule.at_least, rule.at_most
    for name in rule.items:
        answer = answers.get(name)
        if answer is not None and (
            (at_least is not None and answer >= at_least) or (at_most is not None and answer <= at_most)
        ):
            return True
    return False


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
