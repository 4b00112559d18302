"""The adversary: knows every print, how many people there are in each column, the rules, and this program.

For small tables all possibilities are written down. A family is every table of one declaration with the same people in
each column; all of them are released, and then it is asked of every single one what its print gives away.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import combinations, product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.disclosure import Category, CountTable, Group, Merge, Policy, ReleasedTable, release
from app.disclosure.grid import Grid, grids
from app.disclosure.network import violations
from app.disclosure.solver import Constraint, Polytope
from app.disclosure.suppress import Suppression
from tests.effort import examples

STATION = Policy.load()
Counts = tuple[tuple[int, ...], ...]
Rows = tuple[int, ...]
Places = tuple[int, ...]


def with_k(k: int, **limits: float) -> Policy:
    return msgspec.structs.replace(
        STATION, k=k, minimum_persons=k, limits=msgspec.structs.replace(STATION.limits, **limits)
    )


def shares(persons: int, rows: int) -> Iterator[tuple[int, ...]]:
    """Every way to spread people over rows."""
    if rows == 1:
        yield (persons,)
        return
    for first in range(persons + 1):
        for rest in shares(persons - first, rows - 1):
            yield (first, *rest)


def all_counts(rows: int, people: Sequence[int]) -> Iterator[Counts]:
    for columns in product(*(list(shares(persons, rows)) for persons in people)):
        yield tuple(zip(*columns, strict=True))


def total(counts: Counts, rows: Rows, places: Places) -> int:
    return sum(counts[row][place] for row in rows for place in places)


class Family:
    """All tables of one declaration.

    Args:
        roles: of the rows: n is the mildest, b a band, s a separate row.
        people: in each column.
        merged: which neighbouring rows each merge puts together.
        policy: the rules.
    """

    def __init__(self, roles: str, people: Places, merged: Sequence[Sequence[Rows]], policy: Policy) -> None:
        names = {"n": "mildest", "b": "band", "s": "separate"}
        self.rows = [
            msgspec.convert({"id": str(at), "title": "", "role": names[role]}, Category)
            for at, role in enumerate(roles)
        ]
        self.merges = [
            Merge(str(at), tuple(Group("-".join(map(str, rows)), "", tuple(map(str, rows))) for rows in groups))
            for at, groups in enumerate(merged)
        ]
        self.people = people
        self.everywhere = tuple(range(len(people)))
        self.places = list(dict.fromkeys([*((at,) for at in self.everywhere if people[at]), self.everywhere]))
        self.separate = tuple(at for at, role in enumerate(roles) if role == "s")
        self.policy = policy

    def table(self, counts: Counts) -> CountTable:
        columns = tuple(Category(f"c{at}", "") for at in self.everywhere)
        return CountTable(tuple(self.rows), columns, counts, tuple(self.merges))

    @cached_property
    def prints(self) -> dict[Counts, ReleasedTable]:
        return {counts: release(self.table(counts), self.policy) for counts in all_counts(len(self.rows), self.people)}

    @cached_property
    def alike(self) -> list[list[Counts]]:
        """The tables that get one and the same print, to the last word."""
        found: dict[bytes, list[Counts]] = defaultdict(list)
        for counts, printed in self.prints.items():
            found[msgspec.json.encode(printed.to_data())].append(counts)
        return list(found.values())

    @cached_property
    def runs(self) -> list[Rows]:
        """All neighbouring rows that could be one row, but not all of the table."""
        rows = [tuple(range(start, end)) for start, end in combinations(range(len(self.rows) + 1), 2)]
        return [run for run in rows if len(run) < len(self.rows) and len({at in self.separate for at in run}) == 1]

    def protects(self, counts: Counts, rows: Rows, places: Places) -> bool:
        everybody, value = sum(self.people[place] for place in places), total(counts, rows, places)
        if any(self.rows[row].role == "mildest" for row in rows) and value in {0, everybody}:
            return value == 0 and everybody > 0
        return 0 < value < self.policy.k

    def known(self, rows: Rows) -> Rows:
        """The separate rows that somebody may know who looks for a count, unless they would tell it by themselves."""
        others = tuple(at for at in self.separate if at not in rows)
        return () if len(others) + len(rows) == len(self.rows) else others


def read(printed: ReleasedTable, everywhere: Places) -> dict[tuple[Rows, Places], int | None]:
    """Every number and every hole of a print, by the rows and columns of the table that it counts."""
    content = printed.content
    rows: list[Rows] = [tuple(map(int, row.id.split("-"))) for row in content.rows]
    places = [int(column.id[1:]) for column in content.columns]
    numbers: dict[tuple[Rows, Places], int | None] = {
        (row, (place,)): number
        for row, line in zip(rows, content.cells, strict=True)
        for place, number in zip(places, line, strict=True)
    }
    return numbers | {(row, everywhere): number for row, number in zip(rows, content.row_totals, strict=True)}


def slices(tables: Sequence[Counts], rows: Rows) -> list[list[Counts]]:
    """The tables, apart by what they have in some rows."""
    found: dict[Counts, list[Counts]] = defaultdict(list)
    for counts in tables:
        found[tuple(counts[row] for row in rows)].append(counts)
    return list(found.values())


def check_numbers(family: Family) -> None:
    """What follows from the numbers alone, for a reader who may know the separate rows."""
    k = family.policy.k
    for tables in family.alike:
        printed = family.prints[tables[0]]
        if printed.content.grand_total is None:
            continue
        numbers = read(printed, family.everywhere)
        assert not any(0 < number < k for number in numbers.values() if number is not None)
        shown = [(where, number) for where, number in numbers.items() if number is not None]
        possible = [
            counts for counts in family.prints if all(total(counts, *where) == number for where, number in shown)
        ]
        assert set(tables) <= set(possible)
        printed_rows = {rows for rows, _ in numbers}
        counted = [rows for rows in family.runs if len(rows) == 1 or rows in printed_rows]
        for rows, places in product(counted, family.places):
            for known in {(), family.known(rows)}:
                for some in slices(possible, known):
                    values = [total(counts, rows, places) for counts in some]
                    most = sum(family.people[at] for at in places) - total(some[0], known, places)
                    for counts in set(some).intersection(tables):
                        if family.protects(counts, rows, places):
                            assert min(values) == 0
                            assert max(values) >= min(k, most)
        for (rows, places), number in numbers.items():
            if number is None and not any(
                family.protects(counts, part, places) for counts in tables for part in [rows, *((row,) for row in rows)]
            ):
                values = [total(counts, rows, places) for counts in possible]
                assert max(values) - min(values) >= k


def check_choice(family: Family) -> None:
    """What follows from the numbers and from how they were chosen, for a reader who may know the separate rows."""
    for tables in family.alike:
        if family.prints[tables[0]].content.grand_total is None:
            continue
        for rows, places in product(family.runs, family.places):
            bands = not set(rows) & set(family.separate)
            for known in {(), family.known(rows)} if bands else {()}:
                for some in slices(tables, known):
                    values = {total(counts, rows, places) for counts in some}
                    # Where nobody took part, whoever knows that needs no print to know that nobody is in a band.
                    took_part = sum(family.people[at] for at in places) - total(some[0], known, places)
                    if len(values) == 1 and took_part:
                        assert not family.protects(some[0], rows, places)


FAMILIES: dict[str, tuple[str, Places, list[list[Rows]], int]] = {
    "two rows": ("nb", (13,), [], 5),
    "bands": ("nbb", (14,), [], 5),
    "bands with merges": ("nbb", (14,), [[(1, 2)], [(0, 1)]], 5),
    "four bands with merges": ("nbbb", (9,), [[(2, 3)], [(1, 2, 3)], [(0, 1), (2, 3)]], 4),
    "unfinished": ("nbs", (15,), [[(0, 1)]], 5),
    "unfinished and absent": ("nbss", (11,), [[(2, 3)], [(0, 1)], [(0, 1), (2, 3)]], 5),
    "without a mildest row": ("bbb", (12,), [[(1, 2)]], 5),
    "two sexes": ("nb", (9, 9), [], 5),
    "two sexes, one small": ("nb", (9, 2), [], 4),
    "two sexes, three bands": ("nbb", (5, 4), [[(1, 2)]], 3),
    "two sexes, unfinished": ("nbs", (5, 5), [[(0, 1)]], 3),
    "three columns": ("nb", (5, 4, 3), [], 3),
    "an empty column": ("nbb", (8, 0), [[(1, 2)]], 4),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    roles, people, merged, k = FAMILIES[request.param]
    return Family(roles, people, merged, with_k(k))


def test_no_small_number_follows_from_the_numbers_of_a_print(family: Family) -> None:
    check_numbers(family)


def test_no_small_number_follows_from_running_the_release_on_every_table_that_agrees(family: Family) -> None:
    check_choice(family)


def test_most_families_get_more_than_one_kind_of_print(family: Family) -> None:
    """Otherwise the claims above would be cheap."""
    assert len(family.alike) > 1


@pytest.mark.parametrize("case", ["bands with merges", "unfinished", "two sexes, three bands"])
def test_out_of_time_nothing_more_is_given_away(case: str) -> None:
    roles, people, merged, k = FAMILIES[case]
    hurried = Family(roles, people, merged, with_k(k, seconds=0.0))
    check_numbers(hurried)
    check_choice(hurried)


@st.composite
def families(draw: st.DrawFn) -> Family:
    """Any declaration of which there are few tables."""
    roles = draw(st.sampled_from(["nb", "nbb", "nbbb", "nbs", "nbbs", "nbss", "bb", "bbs", "bbb"]))
    people = draw(
        st.one_of(st.tuples(st.integers(0, 8)), st.tuples(st.integers(0, 4), st.integers(0, 4)))
        if len(roles) > 2
        else st.one_of(st.tuples(st.integers(0, 25)), st.tuples(st.integers(0, 9), st.integers(0, 9)))
    )
    bands = [at for at, role in enumerate(roles) if role != "s"]
    groups = [tuple(bands[start:end]) for start, end in combinations(range(len(bands) + 1), 2) if end - start > 1]
    fitting = [group for group in groups if len(group) < len(roles)]
    merged = draw(st.lists(st.sampled_from(fitting), unique=True, max_size=3)) if fitting else []
    return Family(roles, people, [[group] for group in merged], with_k(draw(st.integers(3, 5))))


@examples(12)
@given(families())
def test_of_any_declaration_no_small_number_can_be_found_out(family: Family) -> None:
    check_numbers(family)
    check_choice(family)


# ---- the search and the audit, each against a list of all possibilities ----


@st.composite
def small_tables(draw: st.DrawFn, rows: int, most: int) -> tuple[Counts, list[Counts]]:
    """A table of two columns, and all that have the same people in each."""
    possible = list(all_counts(rows, (draw(st.integers(1, most)), draw(st.integers(1, most)))))
    return draw(st.sampled_from(possible)), possible


def all_values(counts: Counts, grid: Grid) -> list[int]:
    """The numbers of a grid that merges nothing and leaves no column out."""
    return [number for line in counts for number in (*line, sum(line))]


def is_safe(grid: Grid, policy: Policy, hidden: frozenset[int], possible: list[list[int]]) -> bool:
    """The promise, read off the list of all tables that agree with what is shown."""
    agree = [
        values for values in possible if all(values[at] == grid.values[at] for at in grid.items if at not in hidden)
    ]
    for item in grid.items:
        low, high = min(values[item] for values in agree), max(values[item] for values in agree)
        everybody = grid.public[item % grid.width]
        if policy.protects(grid.values[item], grid.rows[item // grid.width].role, everybody):
            if low > 0 or high < min(policy.k, everybody):
                return False
        elif item in hidden and grid.printed(item) and high - low < policy.k:
            return False
    return True


def preference(weights: list[int]) -> Callable[[frozenset[int]], tuple[int, int]]:
    """The least lost detail first; then whatever leaves the later rows alone."""
    return lambda hidden: (sum(weights[at] for at in hidden), sum(1 << at for at in hidden))


@examples(15)
@given(small_tables(3, 5), st.sampled_from([Category("a", "", "mildest"), Category("a", "")]))
def test_the_search_hides_the_least_that_is_safe_and_settles_ties_in_order(
    table: tuple[Counts, list[Counts]], first: Category
) -> None:
    policy = with_k(3)
    counts, tables = table
    rows = (first, Category("b", ""), Category("c", ""))
    for grid in grids(CountTable(rows, (Category("m", ""), Category("f", "")), counts), policy):
        if sum(grid.public[:-1]) < policy.k:
            continue
        possible = [all_values(one, grid) for one in tables]
        must = frozenset(at for at in grid.items if not grid.printed(at) or grid.to_keep(at, policy))
        free = [at for at in grid.items if at not in must]
        sets = [must.union(more) for size in range(len(free) + 1) for more in combinations(free, size)]
        in_order = sorted(sets, key=preference(grid.weights(policy)))
        best = next(hidden for hidden in in_order if is_safe(grid, policy, hidden, possible))
        search = Suppression(grid, policy)
        while not search.found:
            search.step()
        assert search.hidden() == best
        hurried = Suppression(grid, with_k(3, rounds=0))
        while not hurried.found:
            hurried.step()
        assert is_safe(grid, policy, hurried.hidden(), possible)
        assert not list(violations(grid, policy, hurried.hidden()))


@examples(40)
@given(small_tables(4, 4), st.sets(st.integers(1, 3)), st.data())
def test_the_bounds_of_the_audit_are_those_over_whole_people(
    table: tuple[Counts, list[Counts]], cuts: set[int], data: st.DataObject
) -> None:
    counts, tables = table
    borders = sorted(cuts)
    groups = [tuple(range(start, end)) for start, end in zip([0, *borders], [*borders, 4], strict=True)]
    places: list[Places] = [(0,), (1,), (0, 1)]
    everything: Rows = (0, 1, 2, 3)
    shown = data.draw(st.sets(st.sampled_from(list(product(groups, places)))))
    knowledge = [*shown, (everything, (0,)), (everything, (1,))]
    agree = [one for one in tables if all(total(one, *where) == total(counts, *where) for where in knowledge)]
    polytope = Polytope(
        8,
        [
            Constraint(dict.fromkeys(variables(*where), 1), total(counts, *where), total(counts, *where))
            for where in knowledge
        ],
    )
    runs = [tuple(range(start, end)) for start, end in combinations(range(5), 2)]
    for where in product(runs, places):
        values = [total(one, *where) for one in agree]
        assert polytope.range(variables(*where)) == pytest.approx((min(values), max(values)))


def variables(rows: Rows, places: Places) -> list[int]:
    return [2 * row + place for row in rows for place in places]


# ---- tables of any size ----


@st.composite
def school_tables(draw: st.DrawFn) -> CountTable:
    """Five bands, unfinished, absent, by sex, from an empty class to a large school."""
    scale = draw(st.sampled_from([1, 3, 12, 60, 400]))
    number = st.one_of(st.just(0), st.integers(0, 4), st.integers(0, scale))
    counts = draw(st.lists(st.tuples(*[number] * draw(st.integers(1, 3))), min_size=7, max_size=7))
    width = min(map(len, counts))
    rows = [Category("0", "", "mildest"), *(Category(str(at), "") for at in range(1, 5))]
    rows += [Category("5", "", "separate"), Category("6", "", "separate")]
    merges: list[list[Rows]] = [[(3, 4)], [(2, 3, 4)], [(0, 1), (2, 3, 4)], [(0, 1), (2, 3, 4), (5, 6)]]
    return CountTable(
        tuple(rows),
        tuple(Category(f"c{at}", "") for at in range(width)),
        tuple(line[:width] for line in counts),
        tuple(
            Merge(str(at), tuple(Group("-".join(map(str, group)), "", tuple(map(str, group))) for group in groups))
            for at, groups in enumerate(merges)
        ),
    )


@examples(25)
@given(school_tables())
def test_every_print_is_true_and_passes_the_audit(table: CountTable) -> None:
    """The audit raises an exception if it does not pass."""
    printed = release(table, STATION)
    people = sum(map(sum, table.counts))
    assert printed.content.grand_total == (people if people >= STATION.minimum_persons else None)
    everywhere = tuple(range(len(table.columns)))
    for where, number in read(printed, everywhere).items():
        assert number is None or number == total(table.counts, *where)
        assert number is None or not 0 < number < STATION.k
