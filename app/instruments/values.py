"""From what answers count to the value of a score. Exact: decimal arithmetic, no binary fractions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from app.instruments.items import Choice, Quantity
from app.instruments.parts import Number, Option
from app.instruments.scales import Band, Score, Step

_ROUNDING = {"half_up": ROUND_HALF_UP, "down": ROUND_FLOOR}

Scored = Choice | Quantity
"""Items that a score can count."""


def exact(number: Number) -> Decimal:
    """A number as it is written: 0.1 is a tenth."""
    return Decimal(str(number))


def plain(number: Decimal, decimals: int) -> Number:
    """A rounded number as it is stored: whole numbers as integers."""
    return float(number) if decimals else int(number)


def step(decimals: int) -> Decimal:
    """The distance between neighbouring values."""
    return Decimal(1).scaleb(-decimals)


def rounded(number: Decimal, score: Score) -> Decimal:
    """A raw result, multiplied and rounded as the score says."""
    raw = number if score.times == 1 else number * exact(score.times)
    return raw.quantize(step(score.decimals), _ROUNDING[score.rounding])


def looked_up(value: Decimal, table: Iterable[Step]) -> Decimal | None:
    """What a table makes of a value; None where it has no line for it."""
    for line in table:
        if line.low <= value <= line.high:
            return exact(line.value)
    return None


def finished(raw: Decimal, score: Score) -> Number | None:
    """The value of a score from its raw result; None where it has none within its range."""
    value: Decimal | None = rounded(raw, score)
    if score.table and value is not None:
        value = looked_up(value, score.table)
    if value is None or not score.range[0] <= value <= score.range[1]:
        return None
    return plain(value, score.decimals)


def combined(points: list[Decimal], score: Score) -> Decimal:
    """The raw result from what each item counts, weights included."""
    if score.method == "count":
        return Decimal(sum(one >= (score.counts_from or 0) for one in points))
    total = sum(points, Decimal(0))
    return total / len(points) if score.method == "mean" else total


def option_points(item: Choice, options: Iterable[Option]) -> dict[int, int]:
    """What each option of an item counts."""
    values = [option.value for option in options]
    both_ends = min(values) + max(values)
    return {value: both_ends - value if item.reverse else value for value in values}


def span(item: Scored, option_sets: Mapping[str, tuple[Option, ...]]) -> tuple[Decimal, Decimal]:
    """The least and the most that an item counts."""
    if isinstance(item, Quantity):
        return exact(item.low), exact(item.high)
    values = [option.value for option in option_sets[item.options]]
    return Decimal(min(values)), Decimal(max(values))


def derived_range(score: Score, spans: list[tuple[Decimal, Decimal]]) -> tuple[Number, Number] | None:
    """Lowest and highest value that follow from those of the items; None where they do not say."""
    if score.method == "formula":
        return None
    weights = [exact(score.weights.get(name, 1)) for name in score.items]
    ends = [sorted((low * weight, high * weight)) for (low, high), weight in zip(spans, weights, strict=True)]
    raw = [combined([end[side] for end in ends], score) for side in (0, 1)]
    low, high = (rounded(one, score) for one in raw)
    if score.table:
        values = [exact(line.value) for line in score.table]
        low, high = min(values), max(values)
    return plain(low, score.decimals), plain(high, score.decimals)


def band_at(bands: Iterable[Band], value: Number) -> str | None:
    """The band that a value lies in."""
    return next((band.id for band in bands if band.low <= value <= band.high), None)
