"""How far a hidden number can move, and what stops it.

A two-way table is a flow: each cell is an arc from its row to its column, each row's total an arc from the grand total
to its row, and the known column totals lead back. The tables that agree with a print differ from the true one by
circulations through hidden arcs only, so the furthest a hidden number can rise or fall is a maximum flow, and where
that is too little a minimum cut names the numbers of which more must be hidden (Fischetti and Salazar-González 2001,
Management Science 47(7), the capacity constraints).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache

from app.disclosure.grid import Grid
from app.disclosure.policy import Policy
from app.disclosure.tables import Confidential


class Cut(Confidential, frozen=True):
    """If `item` is hidden, the hidden ones among `arcs`, by weight, must come to `need`.

    Args:
        item: the number that cannot move enough.
        need: how far it must be able to move.
        arcs: for each number of the cut, how much movement it lets through when hidden.
    """

    item: int
    need: int
    arcs: dict[int, int]


class _Demand(Confidential, frozen=True):
    """A rise of at most `up` and a fall of at most `down` that together must reach `need`."""

    up: int
    down: int
    need: int


def violations(grid: Grid, policy: Policy, hidden: AbstractSet[int]) -> Iterator[Cut]:
    """Why hiding `hidden` is not enough: a cut for every number that could be found out too closely."""
    for item in sorted(hidden):
        for known, demands in _readers(grid, policy, item):
            flow = _Flow(grid, hidden - known, known, item)
            for demand in demands:
                if cut := _violation(flow, item, demand):
                    yield cut


def _violation(flow: _Flow, item: int, demand: _Demand) -> Cut | None:
    moved = 0
    arcs: dict[int, int] = {}
    for wanted, rise in ((demand.up, True), (demand.down, False)):
        if wanted:
            far, cut = flow.reach(wanted, rise=rise)
            moved += far
            arcs = {arc: arcs.get(arc, 0) + cut.get(arc, 0) for arc in arcs.keys() | cut.keys()}
    if moved >= demand.need:
        return None
    return Cut(item, demand.need, {arc: min(capacity, demand.need) for arc, capacity in arcs.items()})


def _readers(grid: Grid, policy: Policy, item: int) -> list[tuple[set[int], list[_Demand]]]:
    """What the policy asks of a hidden number, as movements: for each kind of reader what they know, and the demands.

    A protected count must be able to reach 0, and k or, where there are fewer people, all of them. That is asked for a
    reader of the print alone, and for one who happens to know the separate rows, such as who was absent: they shelter
    nobody but themselves. Any other printed number is hidden to shelter a protected one, and must be uncertain by k
    people to be worth its hole. A number that this coarsening does not print and that is not protected may be anything.
    """
    if counts := grid.to_keep(item, policy):
        told = grid.told_by(item)
        readers = [(told, [demand for count, most in counts for demand in _to_both_ends(count, min(policy.k, most))])]
        everybody = grid.public[item % grid.width]
        if told and policy.protects(grid.values[item], grid.rows[item // grid.width].role, everybody):
            readers.append((set(), _to_both_ends(grid.values[item], min(policy.k, everybody))))
        return readers
    if grid.printed(item):
        return [(set(), [_Demand(policy.k, min(policy.k, grid.values[item]), policy.k)])]
    return []


def _to_both_ends(count: int, target: int) -> list[_Demand]:
    return [_Demand(target - count, 0, target - count), _Demand(0, count, count)]


class _Flow:
    """How far one number can be pushed while the hidden ones give way. They rise without limit, and fall to 0.

    Args:
        grid: the numbers.
        hidden: what can give way.
        known: what never can, hidden or not.
        item: the number that is pushed.
    """

    def __init__(self, grid: Grid, hidden: AbstractSet[int], known: AbstractSet[int], item: int) -> None:
        self._grid = grid
        self._through = hidden - {item}
        self._rigid = known | {item}
        self._item = item
        self._ends = _ends(len(grid.rows), grid.width)
        self._leaving = _leaving(len(grid.rows), grid.width)

    def reach(self, wanted: int, *, rise: bool) -> tuple[int, dict[int, int]]:
        """How far the number can rise or fall, up to `wanted`, and the arcs of a cut that stops it before."""
        tail, head = self._ends[self._item]
        source, sink = (head, tail) if rise else (tail, head)
        values = list(self._grid.values)
        moved = 0
        while moved < wanted:
            came = self._search(values, source, sink)
            if sink not in came:
                return moved, self._cut(came.keys(), wanted)
            steps = []
            node = sink
            while node != source:
                arc, forward, node = came[node]
                steps.append((arc, forward))
            free = min([wanted - moved] + [values[arc] for arc, forward in steps if not forward])
            for arc, forward in steps:
                values[arc] += free if forward else -free
            moved += free
        return moved, {}

    def _search(self, values: list[int], source: int, sink: int) -> dict[int, tuple[int, bool, int]]:
        """Breadth-first: for each node reached, the arc that led there, its direction, and the node before."""
        came: dict[int, tuple[int, bool, int]] = {source: (-1, True, source)}
        queue = deque([source])
        while queue and sink not in came:
            node = queue.popleft()
            for arc, forward, other in self._leaving[node]:
                if other not in came and arc in self._through and (forward or values[arc]):
                    came[other] = (arc, forward, node)
                    queue.append(other)
        return came

    def _cut(self, side: AbstractSet[int], wanted: int) -> dict[int, int]:
        """The arcs across the border of `side` with what each would let through, no more than `wanted`."""
        arcs = {}
        for arc, (tail, head) in enumerate(self._ends):
            if arc in self._rigid or (tail in side) == (head in side):
                continue
            if capacity := wanted if tail in side else min(self._grid.values[arc], wanted):
                arcs[arc] = capacity
        return arcs


@cache
def _ends(rows: int, width: int) -> list[tuple[int, int]]:
    """The nodes each item leads from and to: the rows are the first nodes, then the columns, the grand total last."""
    total = rows + width - 1
    ends = [(row, rows + place) for row in range(rows) for place in range(width)]
    return [(total, row) if node == total else (row, node) for row, node in ends]


@cache
def _leaving(rows: int, width: int) -> list[list[tuple[int, bool, int]]]:
    """For each node its arcs, forwards and backwards, and where they lead."""
    leaving: list[list[tuple[int, bool, int]]] = [[] for _ in range(rows + width)]
    for item, (tail, head) in enumerate(_ends(rows, width)):
        leaving[tail].append((item, True, head))
        leaving[head].append((item, False, tail))
    return leaving
