"""A confidential table is well formed, and shows no count by accident."""

import pickle
import pprint
import re
import traceback
from collections.abc import Callable

import msgspec
import pytest

from app.disclosure import Category, CountTable, Group, Merge, Policy
from app.disclosure.draft import Draft
from app.disclosure.grid import grids
from app.disclosure.network import violations
from app.disclosure.released import Content
from app.disclosure.suppress import Suppression

ROWS = (
    Category("none", "很少", "mildest"),
    Category("mild", "轻度"),
    Category("severe", "重度"),
    Category("unfinished", "未完成", "separate"),
    Category("absent", "未参加", "separate"),
)
COLUMNS = (Category("male", "男"), Category("female", "女"))
COUNTS = ((71, 72), (73, 74), (75, 76), (77, 78), (79, 70))


def table(**changes: object) -> CountTable:
    parts = {"rows": ROWS, "columns": COLUMNS, "counts": COUNTS, "row_merges": ()} | changes
    return CountTable(**parts)  # type: ignore[arg-type]


def merge(*members: str) -> tuple[Merge, ...]:
    return (Merge("m", (Group("g", "title", members),)),)


@pytest.mark.parametrize("show", [repr, str, "{!r:>3}".format, pprint.pformat, lambda it: repr([it])])
def test_no_representation_shows_a_count(show: Callable[[object], str]) -> None:
    assert not any(str(number) in show(table()) for row in COUNTS for number in row)


def test_nothing_on_the_way_to_the_print_shows_a_count() -> None:
    policy = Policy.load()
    for grid in grids(table(), policy):
        cuts = list(violations(grid, policy, frozenset([0])))
        shown = repr([grid, cuts, Suppression(grid, policy), Draft(Content(grand_total=71))])
        assert not any(str(number) in re.sub("0x[0-9a-f]+", "", shown) for row in COUNTS for number in row)


def test_rich_representations_show_nothing() -> None:
    assert table().__rich_repr__() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": COUNTS[:4]},
        {"counts": (*COUNTS[:4], (79,))},
        {"counts": (*COUNTS[:4], (79, -70))},
        {"counts": (*COUNTS[:4], (79, 70.0))},
        {"counts": (*COUNTS[:4], (79, True))},
        {"counts": (*COUNTS[:4], (79, "70"))},
        {"rows": ROWS[:1], "counts": COUNTS[:1]},
        {"columns": (), "counts": ((),) * 5},
        {"rows": (*ROWS[:4], ROWS[0])},
        {"rows": (*ROWS[:4], Category("x", "", "mildest"))},
        {"columns": (COLUMNS[0], COLUMNS[0])},
        {"columns": (COLUMNS[0], Category("x", "", "separate"))},
        {"row_merges": merge("none")},
        {"row_merges": merge("none", "severe")},
        {"row_merges": merge("mild", "none")},
        {"row_merges": merge("mild", "nobody")},
        {"row_merges": merge("mild", "mild")},
        {"row_merges": merge("severe", "unfinished")},
        {"row_merges": merge("mild", "severe") * 2},
        {"row_merges": (Merge("m", ()),)},
        {"row_merges": (Merge("m", (Group("absent", "", ("mild", "severe")),)),)},
        {"row_merges": (Merge("m", (Group("a", "", ("none", "mild")), Group("b", "", ("mild", "severe")))),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_contradictory_table_is_refused_without_a_word_about_its_counts(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the sentence must not name a count, so nothing to match
        table(**changes)
    story = "".join(traceback.format_exception_only(refused.value))
    assert not any(str(number) in story for row in COUNTS for number in row)


def test_a_merge_that_leaves_one_row_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than two rows"):
        table(rows=ROWS[:3], counts=COUNTS[:3], row_merges=merge("none", "mild", "severe"))


def test_bands_are_merged_with_bands_and_separate_rows_with_separate_rows() -> None:
    groups = (Group("bands", "", ("none", "mild", "severe")), Group("rest", "", ("unfinished", "absent")))
    assert table(row_merges=(Merge("m", groups),)).row_merges[0].groups == groups


def test_a_table_survives_decoding_only_if_it_is_well_formed() -> None:
    good = msgspec.to_builtins(table())
    assert msgspec.convert(good, CountTable) == table()
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**good, "counts": [[1, 2]]}, CountTable)


def test_a_table_is_the_same_after_a_trip_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(table())) == table()  # noqa: S301  our own bytes
