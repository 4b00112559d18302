"""One score of a definition, made ready for computing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from app.instruments.conditions import condition, expression
from app.instruments.operations import Environment, Type
from app.instruments.parts import Number
from app.instruments.results import ScoreOutcome
from app.instruments.scales import Norm, Score
from app.instruments.values import band_at, combined, exact, finished, plain, rounded

_ONE = Decimal(1)
_T_MEAN, _T_DEVIATION = 50, 10


class Scale:
    """Computes a score.

    Args:
        score: as defined.
        types: of the names that its expressions may use.
        critical: items that nothing may stand in for.
    """

    __slots__ = ("_critical", "_formula", "_norms", "_weights", "score")

    def __init__(self, score: Score, types: Mapping[str, Type], critical: Collection[str]) -> None:
        self.score = score
        self._critical = frozenset(critical)
        self._formula = expression(score.id, score.formula, types) if score.formula else None
        self._norms = [(norm, condition(norm.id, norm.when, types)) for norm in score.norms]
        self._weights = {name: exact(weight) for name, weight in score.weights.items()}

    def outcome(
        self, points: Mapping[str, Decimal], asked: Collection[str], environment: Environment, *, unfinished: bool
    ) -> ScoreOutcome:
        """The score of a form.

        Args:
            points: what each answered item counts; without those that are not asked or do not apply.
            asked: the items that are asked.
            environment: for a formula, and for the norms.
            unfinished: whether something that is required is missing on the form.
        """
        items = self.score.items
        present = [points[name] for name in items if name in points]
        if self._weights:
            present = [points[name] * self._weights.get(name, _ONE) for name in items if name in points]
        absent = [name for name in items if name in asked and name not in points]
        prorated = self._may_prorate(present, absent)
        raw = self._raw(present, absent, environment)
        if unfinished and not prorated:
            return ScoreOutcome(self._so_far(present, raw), len(present), len(items), None, None)
        value = None if raw is None else finished(raw, self.score)
        if value is None:
            return ScoreOutcome(None, len(present), len(items), None, None)
        return self._read(value, len(present), environment, prorated=prorated)

    def _may_prorate(self, present: list[Decimal], absent: list[str]) -> bool:
        rule = self.score.prorating
        return bool(rule and absent and present and len(absent) <= rule.missing and not self._critical & {*absent})

    def _raw(self, present: list[Decimal], absent: list[str], environment: Environment) -> Decimal | None:
        if self._formula:
            value = self._formula.compute(environment)
            return value if isinstance(value, Decimal) else None
        if not present:
            return None
        if absent:
            if not self._may_prorate(present, absent):
                return None
            present = present + [sum(present, Decimal(0)) / len(present)] * len(absent)
        return combined(present, self.score)

    def _so_far(self, present: list[Decimal], raw: Decimal | None) -> Number | None:
        """What can be shown of an unfinished form: the sum of what is there, where the score is a sum."""
        score = self.score
        if score.method == "sum" and not score.table:
            return plain(rounded(sum(present, Decimal(0)), score), score.decimals) if present else None
        return None if raw is None else finished(raw, score)

    def _read(self, value: Number, answered: int, environment: Environment, *, prorated: bool) -> ScoreOutcome:
        """Band and cut-off of a value, by the norm for somebody like the person."""
        score = self.score
        norm = next((one for one, applies in self._norms if applies.compute(environment) is True), None)
        bands = norm.bands if norm and norm.bands else score.bands
        return ScoreOutcome(
            value,
            answered,
            len(score.items),
            band_at(bands, value),
            is_positive(value, norm if norm and _has_cut_off(norm) else score),
            norm.id if norm else None,
            _standard(value, norm),
            prorated,
        )


def _has_cut_off(reading: Norm | Score) -> bool:
    return reading.positive_from is not None or reading.positive_to is not None


def is_positive(value: Number, reading: Norm | Score) -> bool | None:
    """Whether a value reaches the cut-off; None where there is none."""
    if reading.positive_from is not None:
        return value >= reading.positive_from
    return None if reading.positive_to is None else value <= reading.positive_to


def _standard(value: Number, norm: Norm | None) -> float | None:
    if norm is None or norm.mean is None or norm.deviation is None:
        return None
    return round(float(_T_MEAN + _T_DEVIATION * (exact(value) - exact(norm.mean)) / exact(norm.deviation)), 1)
