"""The confidential side: an exact table of counts, and the ways its rows may be merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Role = Literal["mildest", "band", "separate"]


class Confidential(msgspec.Struct, frozen=True):
    """Data whose representation shows nothing of it: a traceback or a log line is also a print."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Category(msgspec.Struct, frozen=True):
    """One row or column of a table.

    Args:
        id: names it in data; unique among the rows and among the columns.
        title: the key of its words, or the words themselves; carried through unread.
        role: `mildest` is the row of the people in whom nothing was found (nobody there means that everyone has
            something); `separate` is never merged with the bands (not finished, absent). Columns are all `band`.
    """

    id: str
    title: str
    role: Role = "band"


class Group(msgspec.Struct, frozen=True):
    """Neighbouring rows counted as one.

    Args:
        id: names the merged row.
        title: as in `Category`.
        members: the identifiers of the merged rows, in the order of the table.
    """

    id: str
    title: str
    members: tuple[str, ...]


class Merge(msgspec.Struct, frozen=True):
    """One declared coarsening: these groups, and every other row as it is.

    Args:
        id: names the coarsening.
        groups: disjoint groups of neighbouring rows.
    """

    id: str
    groups: tuple[Group, ...]


class CountTable(Confidential, frozen=True):
    """Exact counts of people. Confidential: only `release` may look inside, and only a `ReleasedTable` leaves.

    Args:
        rows: the categories people were counted into, mildest first; each person is in exactly one.
        columns: a split that is public for every person, such as sex.
        counts: persons, one tuple of columns per row.
        row_merges: the coarsenings that make sense to a reader. Dropping the columns is always possible.

    Raises:
        ValueError: the declaration contradicts itself. The message never contains a count.
    """

    rows: tuple[Category, ...]
    columns: tuple[Category, ...]
    counts: tuple[tuple[int, ...], ...]
    row_merges: tuple[Merge, ...] = ()

    def __post_init__(self) -> None:
        _check_categories(self.rows, self.columns)
        _check_counts(self.counts, len(self.rows), len(self.columns))
        if len({merge.id for merge in self.row_merges}) < len(self.row_merges):
            raise ValueError("two merges have the same id")
        for merge in self.row_merges:
            _check_merge(merge, self.rows)


def merged_rows(table: CountTable, merge: Merge | None) -> list[tuple[Category, tuple[int, ...]]]:
    """The rows of `table` under `merge`, each with the positions of the rows it is made of. None merges nothing."""
    start = {group.members[0]: group for group in merge.groups} if merge else {}
    inside = {member for group in start.values() for member in group.members[1:]}
    position = {row.id: at for at, row in enumerate(table.rows)}
    result: list[tuple[Category, tuple[int, ...]]] = []
    for at, row in enumerate(table.rows):
        if row.id in inside:
            continue
        if group := start.get(row.id):
            members = tuple(position[member] for member in group.members)
            result.append((Category(group.id, group.title, _role([table.rows[member] for member in members])), members))
        else:
            result.append((row, (at,)))
    return result


def _role(rows: Sequence[Category]) -> Role:
    """A merged row is mildest if it contains the mildest row: nobody in it says even more."""
    roles = {row.role for row in rows}
    return "mildest" if "mildest" in roles else "separate" if roles == {"separate"} else "band"


def _check_categories(rows: tuple[Category, ...], columns: tuple[Category, ...]) -> None:
    if len(rows) < 2 or not columns:
        raise ValueError("a table needs two rows and a column")
    for categories in (rows, columns):
        if len({category.id for category in categories}) < len(categories):
            raise ValueError("two categories have the same id")
    if sum(row.role == "mildest" for row in rows) > 1:
        raise ValueError("only one row can be the mildest")
    if any(column.role != "band" for column in columns):
        raise ValueError("a column has no role")


def _check_counts(counts: tuple[tuple[int, ...], ...], rows: int, columns: int) -> None:
    if len(counts) != rows or any(len(row) != columns for row in counts):
        raise ValueError("the counts do not have the shape of the table")
    if any(type(count) is not int or count < 0 for row in counts for count in row):
        raise ValueError("a count is not a number of people")


def _check_merge(merge: Merge, rows: tuple[Category, ...]) -> None:
    position = {row.id: at for at, row in enumerate(rows)}
    members = [member for group in merge.groups for member in group.members]
    if not members or len(set(members)) < len(members) or not position.keys() >= set(members):
        raise ValueError(f"merge {merge.id}: its groups do not consist of rows, each once")
    for group in merge.groups:
        places = [position[member] for member in group.members]
        if len(places) < 2 or places != list(range(places[0], places[0] + len(places))):
            raise ValueError(f"merge {merge.id}: {group.id} does not consist of neighbouring rows in their order")
        if len({rows[place].role == "separate" for place in places}) > 1:
            raise ValueError(f"merge {merge.id}: {group.id} mixes a separate row with bands")
    left = [row.id for row in rows if row.id not in members] + [group.id for group in merge.groups]
    if len(left) < 2 or len(set(left)) < len(left):
        raise ValueError(f"merge {merge.id}: fewer than two rows remain, or two have the same id")
