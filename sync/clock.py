"""The hybrid logical clock: wall time where the wall can be trusted, order where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

COUNTER_BITS = 16
MAX_LEAD_MS = 24 * 60 * 60 * 1000
"""A remote stamp pulls the clock at most one day ahead of the wall (see docs/sync-protocol.md, Change)."""

RELEASED_MS = 1_767_225_600_000
"""The first of January 2026, UTC: this program did not run before."""

LIFETIME_MS = 20 * 365 * 24 * 60 * 60 * 1000
APART_MS = 10 * 60 * 1000
"""Clocks that are further apart than this are not both right."""

WallClock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

Doubt = Literal["", "early", "late", "behind", "county"]
"""What speaks against the wall clock: it is before this program was made, or long after; it is a day or more behind what has
been recorded; it is not that of the county's server."""


def doubt(wall: int, last: int, beside: int | None) -> Doubt:
    """What speaks against a wall clock.

    Args:
        wall: what it shows, in milliseconds since 1970.
        last: the greatest stamp so far.
        beside: how far the county's server was ahead of it when they last met, in milliseconds; None before.
    """
    if wall < RELEASED_MS:
        return "early"
    if wall > RELEASED_MS + LIFETIME_MS:
        return "late"
    if beside is not None and abs(beside) > APART_MS:
        return "county"
    # The county's clock is asked first: where it agrees, the records are what is wrong.
    return "behind" if beside is None and to_milliseconds(last) > wall + MAX_LEAD_MS else ""


def to_milliseconds(stamp: int) -> int:
    """The wall time inside a stamp."""
    return stamp >> COUNTER_BITS


class HybridClock:
    """Gives stamps that never repeat and never go backwards, even when the wall clock does.

    Args:
        wall: the wall clock, in milliseconds since 1970.
        last: the greatest stamp given or witnessed before.
    """

    def __init__(self, wall: WallClock, last: int = 0) -> None:
        self.wall = wall
        self.last = last

    def tick(self) -> int:
        """The next stamp."""
        self.last = max(self.wall() << COUNTER_BITS, self.last + 1)
        return self.last

    def confirmed(self) -> None:
        """The county's server shows the same time as the wall: stamps that ran ahead, of a year 2099, are given up.

        What they stamped stays as it is. What comes now replaces what its author saw, whatever the stamps say.
        """
        if to_milliseconds(self.last) > self.wall() + MAX_LEAD_MS:
            self.last = self.wall() << COUNTER_BITS

    def witness(self, stamp: int) -> None:
        """Move past a stamp that came from elsewhere, within `MAX_LEAD_MS` of the wall."""
        ceiling = (self.wall() + MAX_LEAD_MS) << COUNTER_BITS
        self.last = max(self.last, min(stamp, ceiling))
