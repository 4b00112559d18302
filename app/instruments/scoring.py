"""From answers to an outcome: scores, bands, positive or not, critical answers, doubts, what is missing.

Pure: the same definition, answers and facts always give the same outcome. Two rules hold for every instrument. A
form on which a required item is missing is unfinished: its sums so far are shown, and no band and no "positive" is
given unless the instrument's own rule for missing answers allows it, because a half-filled form looks milder than it
is. A critical answer counts from the moment it is given, finished or not, and even where the item is no longer asked.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from typing import Any

from app.instruments.answers import Answers, Reader
from app.instruments.conditions import QUALITY_FACTS, condition
from app.instruments.definition import Definition
from app.instruments.flow import UNKNOWN, Facts, Flow, Walk
from app.instruments.items import Choice, Quantity
from app.instruments.operations import Environment, Value
from app.instruments.quick import is_critical, quick_way
from app.instruments.results import Outcome, ScoreOutcome
from app.instruments.scale import Scale
from app.instruments.scales import Quality
from app.instruments.values import Scored, exact, option_points

__all__ = ["Facts", "Outcome", "ScoreOutcome", "Scorer", "score"]


def score(definition: Definition, answers: Answers, facts: Facts = UNKNOWN) -> Outcome:
    """Score one form. For many forms of one instrument make a `Scorer` once.

    Args:
        definition: the instrument.
        answers: item id to answer; an item without an answer is left out.
        facts: what else is known.

    Raises:
        Problem: an answer to an item that the instrument does not have, or one that cannot be an answer to it.
    """
    return Scorer(definition).score(answers, facts)


class Scorer:
    """A definition made ready for scoring many forms."""

    __slots__ = ("_critical", "_flow", "_points", "_quality", "_quick", "_reader", "_scales")

    def __init__(self, definition: Definition) -> None:
        self._reader = Reader(definition)
        self._flow = Flow(definition)
        types = dict(self._flow.types)
        critical = {name for rule in definition.critical for name in rule.items}
        self._scales = []
        for one in definition.scores:
            self._scales.append(Scale(one, types, critical))
            types[one.id] = "number"
        types |= QUALITY_FACTS
        self._quality = [(one, condition(f"quality.{one.id}", one.when, types)) for one in definition.quality]
        self._critical = definition.critical
        self._points = {
            item.id: _counting(item, definition)
            for item in definition.items
            if isinstance(item, Choice | Quantity) and item.scored
        }
        self._quick = quick_way(definition)

    def score(self, answers: Answers, facts: Facts = UNKNOWN) -> Outcome:
        """Score one form; see `score`."""
        if self._quick and (outcome := self._quick(answers)):
            return outcome
        if fault := self._reader.fault(answers, facts.today):
            raise fault
        walk = self._flow.walk(answers, facts)
        scores, environment = self._scores(walk, answers)
        doubts = self._doubts({**environment, **self._manner(walk, answers, facts)})
        return Outcome(
            status="unfinished" if walk.missing else "complete",
            scores=scores,
            critical=tuple(rule.id for rule in self._critical if is_critical(rule, answers)),
            missing=walk.missing,
            quality=tuple(doubt.id for doubt in doubts),
            void=any(doubt.verdict == "void" for doubt in doubts),
        )

    def _scores(self, walk: Walk, answers: Answers) -> tuple[dict[str, ScoreOutcome], dict[str, Value]]:
        """All scores, and what expressions can see afterwards."""
        environment = dict(walk.environment)
        asked = set(walk.asked)
        points = {
            name: count(answers[name])
            for name, count in self._points.items()
            if name in asked and answers.get(name) is not None
        }
        scores = {}
        for scale in self._scales:
            result = scale.outcome(points, asked, environment, unfinished=bool(walk.missing))
            scores[scale.score.id] = result
            # A sum so far is no value to go on with.
            final = result.value if result.prorated or not walk.missing else None
            environment[scale.score.id] = None if final is None else exact(final)
        return scores, environment

    def _manner(self, walk: Walk, answers: Answers, facts: Facts) -> dict[str, Value]:
        """How the form was filled in, as rules of quality see it."""
        given = [answers.get(name) for name in walk.asked if name in self._points]
        run = max((len(list(same)) for value, same in groupby(given) if value is not None), default=0)
        return {
            "@seconds": None if facts.seconds is None else exact(facts.seconds),
            "@answered": Decimal(sum(value is not None for value in given)),
            "@run": Decimal(run),
        }

    def _doubts(self, environment: Environment) -> list[Quality]:
        return [doubt for doubt, rule in self._quality if rule.compute(environment) is True]


def _counting(item: Scored, definition: Definition) -> Callable[[Any], Decimal]:
    """Makes of an answer what it counts."""
    if isinstance(item, Quantity):
        return exact
    return {
        value: Decimal(points) for value, points in option_points(item, definition.options(item)).items()
    }.__getitem__
