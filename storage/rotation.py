"""Which backups stay: the newest, and of the older ones fewer and fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many stay.

    Attributes:
        last: the newest ones.
        weekly: of those that are older, the newest of each week, for so many weeks.
        monthly: of those that are older still, the newest of each month, for so many months.
    """

    last: int
    weekly: int = 0
    monthly: int = 0


def surplus(made: Iterable[tuple[int, T]], keep: Keep) -> list[T]:
    """What has to go, the newest first.

    Weeks and months in which there is none do not count: a laptop that stood in a cupboard for the summer loses none.

    Args:
        made: when, in milliseconds since 1970, and what.
        keep: how many stay.
    """
    newest_first = sorted(made, key=lambda one: one[0], reverse=True)
    left = newest_first[max(keep.last, 0) :]
    for count, period in ((keep.weekly, _week), (keep.monthly, _month)):
        left = _thinned(left, count, period)
    return [one for _, one in left]


def _thinned(left: list[tuple[int, T]], count: int, period: Callable[[int], tuple[int, int]]) -> list[tuple[int, T]]:
    """What is left without the newest of each of the newest `count` periods."""
    seen: set[tuple[int, int]] = set()
    others = []
    for one in left:
        when = period(one[0])
        if when not in seen and len(seen) < count:
            seen.add(when)
        else:
            others.append(one)
    return others


def _week(made: int) -> tuple[int, int]:
    return _moment(made).isocalendar()[:2]


def _month(made: int) -> tuple[int, int]:
    moment = _moment(made)
    return moment.year, moment.month


def _moment(made: int) -> datetime:
    return datetime.fromtimestamp(made // 1000, UTC)
