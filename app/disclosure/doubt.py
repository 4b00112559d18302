"""What a reader learns who can run this program.

The audit bounds what follows from the numbers of a print. But which numbers are hidden follows from the counts too: a
reader who runs the release on every table that agrees with the print can strike out those that would have been printed
otherwise, and sometimes only one is left (a minimality attack: Wong, Fu, Wang and Pei 2007, VLDB). So a print is only
used if tables are found, the witnesses, that get the very same print and among which no protected count is always the
same; and for counts of bands, even among those witnesses that have the same separate rows, which people may know.

Why that is enough: a witness is printed like this as its first choice, so a reader cannot strike it out. A protected
count of the true table differs between two witnesses, or it is one number in all of them; that number is not a
protected one, so it differs from the true count. Either way two values remain. Whoever gets the print as a second
choice is sheltered by the same witnesses.

The search for witnesses is bounded, so a witness could, in principle, fail to find its own and be printed otherwise.
The tests enumerate whole families of tables and meet no case in which that leaves a count alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import combinations, permutations, product
from operator import itemgetter

import msgspec

from app.disclosure.candidates import Candidate, candidates
from app.disclosure.grid import known_rows, people
from app.disclosure.policy import Policy
from app.disclosure.tables import CountTable, Role

# Where people are moved: by how much each cell (row, column) changes.
_Move = dict[tuple[int, int], int]


class _Watch(msgspec.Struct, frozen=True):
    """A count in which a reader could be interested.

    Args:
        rows: neighbouring rows of the table.
        columns: one of its columns, or all.
        role: of the rows together.
        everybody: how many people there are in the columns.
    """

    rows: range
    columns: tuple[int, ...]
    role: Role
    everybody: int

    def value(self, table: CountTable) -> int:
        return sum(table.counts[row][column] for row in self.rows for column in self.columns)


# The counts that are not known to stay in doubt. All witnesses so far have the same protected value there, or there is
# no witness yet.
_Open = dict[_Watch, int | None]


def leaves_doubt(table: CountTable, candidate: Candidate, policy: Policy) -> bool:
    """Whether, if `table` is printed as `candidate`, every protected count could be another one."""
    return _Search(table, candidate, policy).succeeds(table)


class _Search:
    """The search for witnesses of one print.

    It starts from a table and moves one person, or two in different columns, at a time. The table itself is a witness
    if the print is its first choice.
    """

    def __init__(self, table: CountTable, candidate: Candidate, policy: Policy) -> None:
        self._candidate = candidate
        self._policy = policy
        self._tries = policy.limits.tables
        self._separate = frozenset(at for at, row in enumerate(table.rows) if row.role == "separate")
        watches = list(_watches(table))
        self._bands = [watch for watch in watches if known_rows(table, watch.rows) == self._separate]
        self._others = [watch for watch in watches if watch not in self._bands]
        self._settled: dict[tuple[tuple[int, ...], ...], bool] = {}
        self._better: list[Candidate] = []

    def succeeds(self, table: CountTable) -> bool:
        """Whether there are witnesses for all counts. Those for the other counts need their own for the bands."""
        return self._bands_in_doubt(table) and self._settles(
            table,
            self._others,
            frozenset(),
            lambda there: self._first_choice(there) and self._bands_in_doubt(there),
        )

    def _bands_in_doubt(self, table: CountTable) -> bool:
        """Whether the bands could be others, for a reader who knows the separate rows of the table."""
        known = tuple(table.counts[at] for at in sorted(self._separate))
        if known not in self._settled:
            self._settled[known] = self._settles(table, self._bands, self._separate, self._first_choice)
        return self._settled[known]

    def _first_choice(self, table: CountTable) -> bool:
        """Whether the print is what the table gets first. A better print of a neighbour is tried first: often shared."""
        if not self._candidate.suits(table, self._policy):
            return False
        if any(better.suits(table, self._policy) for better in self._better):
            return False
        first = next(candidates(table, self._policy), None)
        if first is None:  # out of time, when a hurried suppression is worse than the one that suits
            return False
        if first.prints_like(self._candidate):
            return True
        if first.score > self._candidate.score:
            self._better.insert(0, first)
        return False

    def _settles(
        self,
        start: CountTable,
        watches: list[_Watch],
        known: frozenset[int],
        is_witness: Callable[[CountTable], bool],
    ) -> bool:
        """Whether there are witnesses for all `watches` that have the rows `known` in common with `start`."""
        open_: _Open = dict.fromkeys(watches)
        if open_ and is_witness(start):
            open_ = self._still_open(open_, start)
        met = {start.counts}
        queue = deque([start])
        while open_ and queue:
            for there in _near(queue.popleft(), self._candidate, known, self._policy):
                if there.counts in met or all(watch.value(there) == seen for watch, seen in open_.items()):
                    continue
                if not self._tries:
                    return False
                self._tries -= 1
                met.add(there.counts)
                if is_witness(there):
                    open_ = self._still_open(open_, there)
                    queue.appendleft(there)
                else:
                    queue.append(there)
                if not open_:
                    break
        return not open_

    def _still_open(self, watches: _Open, witness: CountTable) -> _Open:
        """What a further witness leaves open."""
        values = {watch: watch.value(witness) for watch in watches}
        return {
            watch: values[watch]
            for watch, seen in watches.items()
            if self._policy.protects(values[watch], watch.role, watch.everybody) and seen in {None, values[watch]}
        }


def _watches(table: CountTable) -> Iterator[_Watch]:
    """Every row and every run of neighbouring rows that could be merged, in every column with people and in all."""
    persons = people(table)
    columns = [at for at, everybody in enumerate(persons) if everybody]
    places = dict.fromkeys([*((at,) for at in columns), tuple(columns)])
    for start, end in combinations(range(len(table.rows) + 1), 2):
        roles = {row.role for row in table.rows[start:end]}
        if end - start == len(table.rows) or ("separate" in roles and len(roles) > 1):
            continue
        role: Role = "mildest" if "mildest" in roles else "band"
        for place in places:
            yield _Watch(range(start, end), place, role, sum(persons[at] for at in place))


def _near(table: CountTable, candidate: Candidate, known: frozenset[int], policy: Policy) -> list[CountTable]:
    """The tables one step away that agree with the print; first those in which few counts turn small, or large."""
    agrees = _agreement(candidate)
    moves = [
        (_turns(table, move, policy), at, move)
        for at, move in enumerate(_moves(table, candidate, known))
        if agrees(move)
    ]
    return [_moved(table, move) for _, _, move in sorted(moves, key=itemgetter(0, 1))]


def _moves(table: CountTable, candidate: Candidate, known: frozenset[int]) -> Iterator[_Move]:
    """One person to another row; or two of different columns, the second leaving the row the first comes to."""
    rows, columns = [row for row in range(len(table.rows)) if row not in known], range(len(table.columns))
    passes = _passes(candidate)
    for column, (start, end) in product(columns, permutations(rows, 2)):
        if not table.counts[start][column]:
            continue
        if (start, end) in passes:
            yield {(start, column): -1, (end, column): 1}
        for other, last in product(columns, rows):
            if other != column and last != end and table.counts[end][other] and (start, last) in passes:
                yield {(start, column): -1, (end, column): 1, (end, other): -1, (last, other): 1}


def _passes(candidate: Candidate) -> set[tuple[int, int]]:
    """From which row of the table to which a person can go as far as the totals of the print show."""
    grid = candidate.grid
    group_of = {row: group for group, members in enumerate(grid.members) for row in members}
    free = {group for group in range(len(grid.rows)) if (group + 1) * grid.width - 1 in candidate.hidden}
    return {
        (start, end)
        for start, end in product(group_of, repeat=2)
        if group_of[start] == group_of[end] or {group_of[start], group_of[end]} <= free
    }


def _agreement(candidate: Candidate) -> Callable[[_Move], bool]:
    """Whether a move leaves every number as it is that the candidate shows."""
    grid = candidate.grid
    items = {
        (row, column): (group * grid.width + place, group * grid.width + grid.width - 1)
        for group, members in enumerate(grid.members)
        for row, (place, column) in product(members, enumerate(grid.columns))
    }

    def agrees(move: _Move) -> bool:
        change: dict[int, int] = {}
        for cell, step in move.items():
            for item in items[cell]:
                change[item] = change.get(item, 0) + step
        return all(not step or item in candidate.hidden for item, step in change.items())

    return agrees


def _turns(table: CountTable, move: _Move, policy: Policy) -> int:
    """How many cells and totals of rows begin or cease to be protected."""
    persons = people(table)
    totals = dict.fromkeys((row for row, _ in move), 0)
    for (row, _), step in move.items():
        totals[row] += step
    changes = [(row, table.counts[row][column], step, persons[column]) for (row, column), step in move.items()]
    changes += [(row, sum(table.counts[row]), step, sum(persons)) for row, step in totals.items()]
    roles = [row.role for row in table.rows]
    return sum(
        policy.protects(count, roles[row], everybody) != policy.protects(count + step, roles[row], everybody)
        for row, count, step, everybody in changes
    )


def _moved(table: CountTable, move: _Move) -> CountTable:
    counts = tuple(
        tuple(count + move.get((row, column), 0) for column, count in enumerate(line))
        for row, line in enumerate(table.counts)
    )
    return msgspec.structs.replace(table, counts=counts)
