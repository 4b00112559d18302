"""The independent check of a print, before anybody sees it.

It shares nothing with the search for the print but the table, the policy and the solver. What a reader knows is written down as
linear equations over the unmerged cells of the table, and the solver is asked how small and how large each count could
be that the policy wants kept; see `network` for the other way to ask.

The bounds are those over whole people although the unknowns may be fractions: the known cells and column totals are
sets of unmerged cells of which any two are disjoint or one inside the other, and so are the shown totals of rows. The
incidence matrix of two such families is totally unimodular (Edmonds 1970; Schrijver, Combinatorial Optimization,
theorem 41.11), so every bound is attained by a table of whole numbers. That holds for two-way tables; with a third
dimension, or with linked tables, the unknowns would have to be declared integer.
"""

from __future__ import annotations

from itertools import chain, combinations, product

import msgspec

from app.disclosure.draft import Draft
from app.disclosure.policy import Policy
from app.disclosure.solver import Constraint, Polytope
from app.disclosure.tables import CountTable, Role

# Well above the solver's tolerance of 1e-7, well below one person.
_NEARLY = 1e-4


class AuditRefused(Exception):
    """A print would have given somebody away: a bug of ours, found in time. The message contains no count."""


class _Count(msgspec.Struct, frozen=True):
    """The people in some neighbouring rows and some columns."""

    rows: tuple[int, ...]
    places: tuple[int, ...]

    def __repr__(self) -> str:
        return f"rows {self.rows}, columns {self.places}"

    def value(self, table: CountTable) -> int:
        return sum(table.counts[row][place] for row, place in product(self.rows, self.places))

    def role(self, table: CountTable) -> Role:
        return "mildest" if any(table.rows[row].role == "mildest" for row in self.rows) else "band"

    def variables(self, table: CountTable) -> list[int]:
        return [row * len(table.columns) + place for row, place in product(self.rows, self.places)]


def audit(table: CountTable, draft: Draft, policy: Policy) -> None:
    """Check that a print is true and that no count can be found out that the policy protects.

    A protected count, printed or not, must be possible as 0 and as k, or where there are fewer people, as all of them.
    That holds for a reader of the print and for one who also knows the separate rows that the count is not about. A
    number that is hidden to shelter others must be uncertain by k people. Of no run of neighbouring rows may it be
    certain that it is few.

    Raises:
        AuditRefused: the print must not leave the program.
    """
    printed = _printed(table, draft)
    _check_shown(table, draft, printed, policy)
    hidden = [count for count in _counts(table) if printed.get(count) is None]
    for known in {frozenset[int](), *(_known_rows(table, count) for count in hidden)}:
        polytope = Polytope(len(table.rows) * len(table.columns), _knowledge(table, printed, known))
        for count in hidden:
            if known and known != _known_rows(table, count):
                continue
            if _protected(table, count, policy):
                most = sum(row[at] for line, row in enumerate(table.counts) if line not in known for at in count.places)
                low, high = polytope.range(count.variables(table))
                alone = len(count.rows) == 1 or count.rows in draft.members
                if high < min(policy.k, most) - _NEARLY or (alone and low > _NEARLY):
                    raise AuditRefused(f"{count} could be found out")
            elif count in printed and not known and not _holds_protected(table, count, policy):
                low, high = polytope.range(count.variables(table))
                if high - low < policy.k - _NEARLY:
                    raise AuditRefused(f"{count} is hidden for nothing")


def _protected(table: CountTable, count: _Count, policy: Policy) -> bool:
    everybody = sum(row[place] for row in table.counts for place in count.places)
    return policy.protects(count.value(table), count.role(table), everybody)


def _holds_protected(table: CountTable, count: _Count, policy: Policy) -> bool:
    """Whether a number of merged separate rows is hidden for one of them, not to shelter others."""
    parts = [_Count((row,), count.places) for row in count.rows if table.rows[row].role == "separate"]
    return any(_protected(table, part, policy) for part in parts)


def _known_rows(table: CountTable, count: _Count) -> frozenset[int]:
    """The rows that a reader of this count is taken to know.

    Those are the separate ones that it is not about, except if it is about everybody else and they would tell it.
    """
    separate = {at for at, row in enumerate(table.rows) if row.role == "separate"}
    others = separate.difference(count.rows)
    return frozenset() if len(others) + len(count.rows) == len(table.rows) else frozenset(others)


def _printed(table: CountTable, draft: Draft) -> dict[_Count, int | None]:
    """Every number that has a place on the print."""
    content = draft.content
    everywhere = tuple(range(len(table.columns)))
    cells = {
        _Count(rows, (place,)): number
        for rows, numbers in zip(draft.members, content.cells, strict=True)
        for place, number in zip(draft.places, numbers, strict=True)
    }
    totals = {_Count(rows, everywhere): number for rows, number in zip(draft.members, content.row_totals, strict=True)}
    return cells | totals


def _check_shown(table: CountTable, draft: Draft, printed: dict[_Count, int | None], policy: Policy) -> None:
    """The rows are all the rows, and every shown number is true and may be shown."""
    content = draft.content
    if draft.members and [*chain(*draft.members)] != [*range(len(table.rows))]:
        raise AuditRefused("the printed rows are not all the rows")
    for count, number in printed.items():
        if number is not None and (number != count.value(table) or _protected(table, count, policy)):
            raise AuditRefused(f"{count} is shown as it should not be")
    totals = [sum(row[place] for row in table.counts) for place in draft.places]
    if [*content.column_totals] != totals or any(total < policy.k for total in totals):
        raise AuditRefused("a total of a column is shown as it should not be")
    if content.grand_total != sum(map(sum, table.counts)) or content.grand_total < policy.minimum_persons:
        raise AuditRefused("the number of people is shown as it should not be")


def _knowledge(table: CountTable, printed: dict[_Count, int | None], rows: frozenset[int]) -> list[Constraint]:
    """What a reader knows: what is shown, how many people are in each column, and some of the rows."""
    known = {count: number for count, number in printed.items() if number is not None}
    for place in range(len(table.columns)):
        for part in (tuple(range(len(table.rows))), *((row,) for row in rows)):
            known[_Count(part, (place,))] = _Count(part, (place,)).value(table)
    return [Constraint(dict.fromkeys(count.variables(table), 1), number, number) for count, number in known.items()]


def _counts(table: CountTable) -> list[_Count]:
    """Every run of neighbouring rows that could be one row, in every column with people and in all."""
    everywhere = tuple(range(len(table.columns)))
    places = dict.fromkeys([*((place,) for place in everywhere), everywhere])
    found = []
    for start, end in combinations(range(len(table.rows) + 1), 2):
        separate = {row.role == "separate" for row in table.rows[start:end]}
        if len(separate) == 1 and end - start < len(table.rows):
            found += [
                _Count(tuple(range(start, end)), place)
                for place in places
                if any(row[at] for row in table.counts for at in place)
            ]
    return found
