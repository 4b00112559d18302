"""The hybrid logical clock: wall time where the wall can be trusted, order where it cannot."""

from __future__ import annotations

from collections.abc import Callable

COUNTER_BITS = 16
MAX_LEAD_MS = 24 * 60 * 60 * 1000
"""A remote stamp pulls the clock at most one day ahead of the wall (see docs/sync-protocol.md, Change)."""

WallClock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


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

    def witness(self, stamp: int) -> None:
        """Move past a stamp that came from elsewhere, within `MAX_LEAD_MS` of the wall."""
        ceiling = (self.wall() + MAX_LEAD_MS) << COUNTER_BITS
        self.last = max(self.last, min(stamp, ceiling))
