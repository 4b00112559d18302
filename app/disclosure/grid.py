"""One way to print a table: its rows after merging, split by the columns or not. Confidential, like the table."""

from __future__ import annotations

from collections.abc import Iterable

from app.disclosure.policy import Policy
from app.disclosure.tables import Category, Confidential, CountTable, merged_rows


class Grid(Confidential, frozen=True):
    """The exact numbers of one coarsening, row by row: a cell for every column, then the row's total.

    A number is called by its position, its item. Columns in which there is nobody are left out. Without the split only
    the totals are printed; the cells stay in the grid because they must not become derivable either.

    Args:
        order: position among the declared coarsenings, finest first.
        rows: the merged rows.
        members: for each of them, the positions of the rows of the table it is made of.
        columns: positions of the columns of the table that are not empty.
        split: whether the cells are printed.
        values: persons, by item.
        public: persons in each column and, last, in all: what everybody knows.
        kept: by item, the counts that the number would give away, each with the most that a reader knows it to be.
            Usually that is the number itself. Where separate rows are merged it is also each of them, because whoever
            knows the others has only to subtract.
    """

    order: int
    rows: tuple[Category, ...]
    members: tuple[tuple[int, ...], ...]
    columns: tuple[int, ...]
    split: bool
    values: tuple[int, ...]
    public: tuple[int, ...]
    kept: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return len(self.public)

    @property
    def items(self) -> range:
        """Every number of the grid, printed or not."""
        return range(len(self.values))

    def printed(self, item: int) -> bool:
        """Whether the coarsening has a place for this number."""
        return self.split or self.is_total(item)

    def is_total(self, item: int) -> bool:
        """Whether the number is the total of its row."""
        return item % self.width == self.width - 1

    def to_keep(self, item: int, policy: Policy) -> list[tuple[int, int]]:
        """Those of the counts `kept` that may not be found out; if there is one, the number has to be hidden."""
        role = self.rows[item // self.width].role
        everybody = self.public[item % self.width]
        return [(count, most) for count, most in self.kept[item] if policy.protects(count, role, everybody)]

    def told_by(self, item: int) -> set[int]:
        """The items that a reader of this one is taken to know. See `known_rows`."""
        own = item // self.width
        separate = [row for row, category in enumerate(self.rows) if category.role == "separate" and row != own]
        if len(separate) == len(self.rows) - 1:
            return set()
        return {row * self.width + place for row in separate for place in range(self.width)}

    def weights(self, policy: Policy) -> list[int]:
        """How useful each number is to a reader; 0 for those that are not printed."""
        places = [policy.weights.cell * self.split] * (self.width - 1) + [policy.weights.total]
        return [policy.weights.rows[row.role] * place for row in self.rows for place in places]

    def shown(self, hidden: Iterable[int]) -> tuple[int | None, ...]:
        """What is read when `hidden` is hidden, by item."""
        gone = set(hidden)
        return tuple(None if item in gone else value for item, value in enumerate(self.values))


def people(table: CountTable) -> tuple[int, ...]:
    """How many people there are in each column, which everybody knows."""
    return tuple(sum(row[at] for row in table.counts) for at in range(len(table.columns)))


def known_rows(table: CountTable, rows: Iterable[int]) -> frozenset[int]:
    """The rows that a reader of a count over `rows` is taken to know.

    People notice who was absent or did not finish, so a separate row must not shelter any other. The exception is a
    count of everybody else, which those rows would tell without any print.
    """
    own = set(rows)
    others = {at for at, row in enumerate(table.rows) if row.role == "separate"} - own
    return frozenset() if len(others) + len(own) == len(table.rows) else frozenset(others)


def split_columns(table: CountTable, policy: Policy) -> tuple[int, ...]:
    """Positions of the columns by which the table may be split: those with people, if each has at least k; or none."""
    filled = [(at, persons) for at, persons in enumerate(people(table)) if persons]
    if len(filled) < 2 or any(persons < policy.k for _, persons in filled):
        return ()
    return tuple(at for at, _ in filled)


def grids(table: CountTable, policy: Policy) -> list[Grid]:
    """Every declared coarsening of `table`, finest first, each split by the columns where that is possible."""
    ways = 2 if split_columns(table, policy) else 1
    return [grid_at(table, policy, order) for order in range(ways * (1 + len(table.row_merges)))]


def grid_at(table: CountTable, policy: Policy, order: int) -> Grid:
    """The coarsening at a position among `grids`."""
    ways = 2 if split_columns(table, policy) else 1
    merged = merged_rows(table, (None, *table.row_merges)[order // ways])
    columns = tuple(at for at, persons in enumerate(people(table)) if persons)
    public = _sums(table, range(len(table.rows)), columns)
    values = [_sums(table, members, columns) for _, members in merged]
    return Grid(
        order=order,
        rows=tuple(row for row, _ in merged),
        members=tuple(members for _, members in merged),
        columns=columns,
        split=ways == 2 and order % ways == 0,
        values=tuple(value for line in values for value in line),
        public=public,
        kept=tuple(kept for row, members in merged for kept in _kept(table, row, members, columns)),
    )


def _kept(
    table: CountTable, row: Category, members: tuple[int, ...], columns: tuple[int, ...]
) -> list[tuple[tuple[int, int], ...]]:
    """For each number of a row, what it would give away."""
    parts = [members]
    if row.role == "separate" and len(members) > 1:
        parts += [(member,) for member in members]
    kept = []
    for part in parts:
        known = known_rows(table, part)
        most = _sums(table, [at for at in range(len(table.rows)) if at not in known], columns)
        kept.append(list(zip(_sums(table, part, columns), most, strict=True)))
    return list(zip(*kept, strict=True))


def _sums(table: CountTable, rows: Iterable[int], columns: tuple[int, ...]) -> tuple[int, ...]:
    lines = [table.counts[row] for row in rows]
    cells = [sum(line[at] for line in lines) for at in columns]
    return (*cells, sum(cells))
