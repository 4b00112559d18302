"""What independent keys compute with: sums, means, bands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.published.key import Number

Answers = dict[str, Any]
Facts = dict[str, Any]
Result = tuple[Number | None, str | None, bool | None]
Limits = list[tuple[Number, str]]
"""Where each band begins."""


def names(*numbers: int | str | Iterable[int]) -> list[str]:
    """Item ids from numbers and ranges of them."""
    found: list[str] = []
    for one in numbers:
        found += [str(one)] if isinstance(one, int | str) else [str(number) for number in one]
    return found


def alike(items: Iterable[str], low: int, high: int) -> dict[str, tuple[int, ...]]:
    """Items that all have the same answers."""
    return dict.fromkeys(items, tuple(range(low, high + 1)))


def added(answers: Answers, items: Iterable[str], turned: Iterable[int] = (), ends: int = 0) -> int:
    """The sum of items, some of them turned round: the two ends of the answers together, less the answer."""
    around = {*map(str, turned)}
    return sum(ends - answers[name] if name in around else answers[name] for name in items)


def averaged(answers: Answers, items: list[str]) -> float:
    """The mean of items to two places, a half upwards."""
    count = len(items)
    return (200 * added(answers, items) + count) // (2 * count) / 100


def over(value: Number, limits: Limits, positive_from: Number | None) -> Result:
    """Band and positive where more is worse."""
    band = [name for start, name in limits if value >= start][-1] if limits else None
    return value, band, None if positive_from is None else value >= positive_from


def under(value: Number, limits: Limits, positive_to: Number) -> Result:
    """Band and positive where less is worse."""
    return value, [name for start, name in limits if value >= start][-1], value <= positive_to


def split(value: Number, low: Number, cut: Number) -> Result:
    """Two bands, the upper one positive."""
    return over(value, [(low, "usual"), (cut, "raised")], cut)


def at_least(**rules: tuple[list[str], int]) -> Callable[[Answers], list[str]]:
    """Critical rules: any of the items answered with so much."""
    return lambda answers: [
        name.replace("_", "-")
        for name, (items, least) in rules.items()
        if any(answers.get(item, least - 1) >= least for item in items)
    ]
