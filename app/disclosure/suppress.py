"""Which numbers of a grid to hide: as little as the policy allows.

Every few people and every number that would give them away is hidden, at the least loss of useful detail. The search
adds cuts (see `network`) until nothing can be found out; where it would take too long, numbers are hidden one after
the other until nothing can be found out. Either way the audit has the last word.
"""

from __future__ import annotations

from app.disclosure.grid import Grid
from app.disclosure.network import Cut, violations
from app.disclosure.policy import Policy
from app.disclosure.solver import INFINITY, Constraint, OverLimit, cheapest

# Ties are settled by powers of two, which the solver's tolerances bear up to about this many binary digits.
_BLOCK = 16


class Suppression:
    """The least that has to be hidden in one grid, found step by step.

    Attributes:
        grid: the numbers.
        score: what is shown, less what the holes cost, for the best suppression known to be conceivable. It sinks from
            step to step, and once `found` it is exact.
        found: whether the least suppression has been found.
    """

    def __init__(self, grid: Grid, policy: Policy) -> None:
        self.grid = grid
        self.found = False
        self._policy = policy
        self._weights = grid.weights(policy)
        self._fixed = {item: 1 for item in grid.items if not grid.printed(item) or grid.to_keep(item, policy)}
        self._hidden = frozenset(self._fixed)
        self._settled = False
        self._rounds = policy.limits.rounds
        self._constraints: list[Constraint] = []
        self.score = self._score()

    def step(self) -> None:
        """Come closer to the least suppression."""
        if not self._constraints:
            self._begin()
            return
        try:
            self.found = self._improve(self._weights)
        except OverLimit:
            self._complete()
        self.score = self._score()

    def _begin(self) -> None:
        """Find out why hiding what is protected is not enough, and what mending that costs at least.

        If hiding everything is not enough either, the grid is of no use.
        """
        used: set[int] = set()
        lost = 0
        for cut in violations(self.grid, self._policy, self._hidden):
            self._constraints.append(_constraint(cut))
            helpful = cut.arcs.keys() - self._hidden
            if helpful and not helpful & used:
                used |= helpful
                lost += min(self._weights[item] for item in helpful)
        if not self._constraints:
            self.found = self._settled = True
        elif next(violations(self.grid, self._policy, frozenset(self.grid.items)), None):
            self.score = 0
        else:
            self.score -= (1 + self._policy.weights.hole) * lost

    def hidden(self) -> frozenset[int]:
        """The items to hide, with those that the grid does not print anyway. To be asked once `found`.

        Among equally useful sets it is the one that hides the earlier, milder rows.
        """
        if not self._settled:
            try:
                self._settle()
            except OverLimit:
                self._complete()
        return self._hidden

    def _score(self) -> int:
        lost = sum(self._weights[item] for item in self._hidden)
        return sum(self._weights) - lost - self._policy.weights.hole * lost

    def _improve(self, costs: list[int]) -> bool:
        """Whether nothing can be found out; if not, go to the cheapest set that no known cut forbids."""
        self._solve(costs)
        cuts = list(violations(self.grid, self._policy, self._hidden))
        self._constraints += map(_constraint, cuts)
        return not cuts

    def _solve(self, costs: list[int]) -> None:
        self._rounds -= 1
        limits = self._policy.limits
        if self._rounds < 0:
            raise OverLimit
        answer = cheapest(costs, self._fixed, self._constraints, seconds=limits.seconds, nodes=limits.nodes)
        self._hidden = frozenset(item for item in self.grid.items if answer[item])

    def _settle(self) -> None:
        """Of the cheapest sets, the first in order: bit by bit from the last row up, a block of bits at a time."""
        form = {item: weight for item, weight in enumerate(self._weights) if weight}
        limit = sum(self._weights[item] for item in self._hidden)
        self._constraints.append(Constraint(form, -INFINITY, limit))
        free = [item for item in self.grid.items if item not in self._fixed]
        while free:
            block, free = free[-_BLOCK:], free[:-_BLOCK]
            costs = [1 << block.index(item) if item in block else 0 for item in self.grid.items]
            while not self._improve(costs):
                pass
            self._fixed |= {item: int(item in self._hidden) for item in block}
        self._settled = True

    def _complete(self) -> None:
        """Hide the least useful number that helps, until nothing can be found out. Quick, not the least."""
        while cut := next(violations(self.grid, self._policy, self._hidden), None):
            useful = [(self._weights[item], item) for item in cut.arcs.keys() - self._hidden]
            self._hidden |= {min(useful)[1]}
        self.found = self._settled = True


def _constraint(cut: Cut) -> Constraint:
    return Constraint({**cut.arcs, cut.item: -cut.need}, 0.0, INFINITY)
