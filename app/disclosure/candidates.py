"""The prints that a table could get, best first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from app.disclosure.grid import grid_at, grids
from app.disclosure.network import violations
from app.disclosure.policy import Policy
from app.disclosure.suppress import Suppression
from app.disclosure.tables import CountTable


class Candidate:
    """One coarsening of a table with what has to be hidden in it.

    Attributes:
        grid: the numbers.
        score: what is shown, less what the holes cost.
    """

    def __init__(self, suppression: Suppression) -> None:
        self.grid = suppression.grid
        self.score = suppression.score
        self._suppression = suppression

    @property
    def hidden(self) -> frozenset[int]:
        """The items that are not read, because they are hidden or because the coarsening has no place for them."""
        return self._suppression.hidden()

    def suits(self, table: CountTable, policy: Policy) -> bool:
        """Whether hiding the same items is enough in another table of the same declaration."""
        grid = grid_at(table, policy, self.grid.order)
        must = {item for item in grid.items if grid.to_keep(item, policy)}
        return must <= self.hidden and next(violations(grid, policy, self.hidden), None) is None

    def prints_like(self, other: Candidate) -> bool:
        """Whether the two prints are the same to the last number. Their tables have the same declaration."""
        if (self.grid.order, self.score) != (other.grid.order, other.score):
            return False
        return self.grid.shown(self.hidden) == other.grid.shown(other.hidden)


def candidates(table: CountTable, policy: Policy) -> Iterator[Candidate]:
    """The best print of every coarsening, as long as it shows more than it hides.

    Equally good ones come in the order of declaration. Scores depend on which numbers are shown, not on what they are,
    so the order in which prints are preferred is the same for all tables of a declaration.
    """
    queue = [
        (-found.score, found.grid.order, found)
        for found in (Suppression(grid, policy) for grid in grids(table, policy))
    ]
    heapq.heapify(queue)
    while queue and queue[0][0] < 0:
        _, order, suppression = heapq.heappop(queue)
        if suppression.found:
            yield Candidate(suppression)
        else:
            suppression.step()
            heapq.heappush(queue, (-suppression.score, order, suppression))
