"""What a head teacher gets to see of a class, a grade, a school."""

import msgspec
import pytest

from app.disclosure import Category, CountTable, Group, Merge, Policy, ReleasedTable, release

BANDS = (
    Category("none", "无", "mildest"),
    Category("mild", "轻度"),
    Category("moderate", "中度"),
    Category("marked", "中重度"),
    Category("severe", "重度"),
)
UNFINISHED = Category("unfinished", "未完成", "separate")
ABSENT = Category("absent", "未参加", "separate")
SEXES = (Category("male", "男"), Category("female", "女"))
UNKNOWN = Category("unknown", "未登记")
MERGES = (
    Merge("marked up", (Group("marked+", "中重度及以上", ("marked", "severe")),)),
    Merge("moderate up", (Group("moderate+", "中度及以上", ("moderate", "marked", "severe")),)),
    Merge(
        "two",
        (
            Group("mild-", "无至轻度", ("none", "mild")),
            Group("moderate+", "中度及以上", ("moderate", "marked", "severe")),
        ),
    ),
)
STATION = Policy.load()


def of(
    *counts: tuple[int, ...],
    rows: tuple[Category, ...] = (*BANDS, UNFINISHED),
    columns: tuple[Category, ...] = SEXES,
    merges: tuple[Merge, ...] = MERGES,
    policy: Policy = STATION,
) -> ReleasedTable:
    return release(CountTable(rows, columns, counts, merges), policy)


def totals(table: ReleasedTable) -> dict[str, int | None]:
    return {row.id: total for row, total in zip(table.content.rows, table.content.row_totals, strict=True)}


def cells(table: ReleasedTable) -> dict[str, tuple[int | None, ...]]:
    return {row.id: line for row, line in zip(table.content.rows, table.content.cells, strict=True)}


def keys(table: ReleasedTable) -> list[str]:
    return [step.key for step in table.steps]


def test_a_class_of_50_prints_moderate_and_above_rather_than_a_table_of_holes() -> None:
    table = of((15, 14), (6, 6), (2, 3), (1, 1), (0, 1), (0, 1))
    assert totals(table)["moderate+"] == 8
    assert list(totals(table).values()).count(None) == 2
    assert table.content.columns == ()
    assert table.content.grand_total == 50


def test_a_grade_keeps_the_sexes_apart_and_merges_the_gravest() -> None:
    table = of((320, 290), (110, 123), (40, 55), (12, 20), (3, 4), (0, 0))
    assert cells(table) == {
        "none": (320, 290),
        "mild": (110, 123),
        "moderate": (40, 55),
        "marked+": (15, 24),
        "unfinished": (0, 0),
    }
    assert totals(table)["marked+"] == 39
    assert keys(table) == ["disclosure.rows_merged"]


def test_a_table_without_small_numbers_is_printed_as_it_is() -> None:
    counts = ((320, 290), (110, 123), (40, 55), (12, 20), (5, 9), (0, 6))
    table = of(*counts)
    assert table.content.rows == (*BANDS, UNFINISHED)
    assert table.content.cells == counts
    assert table.content.row_totals == (610, 233, 95, 32, 14, 6)
    assert table.content.column_totals == (487, 503)
    assert table.steps == ()


def test_zeros_are_shown() -> None:
    assert totals(of((30, 20), (0, 0), (6, 5), (0, 0), (0, 0), (0, 0)))["severe"] == 0


def test_one_small_number_takes_company_with_it() -> None:
    table = of((30, 20), (10, 10), (10, 20), (10, 10), (10, 10), (6, 3), merges=())
    hidden = [(row, at) for row, line in cells(table).items() for at, number in enumerate(line) if number is None]
    assert ("unfinished", 1) in hidden
    assert len({row for row, _ in hidden}) > 1


def test_of_equally_useful_numbers_the_milder_one_is_hidden() -> None:
    rows = tuple(Category(f"band{at}", "") for at in range(6))
    columns = (Category("all", ""),)
    table = of((11,), (12,), (13,), (14,), (3,), (15,), rows=rows, columns=columns, merges=())
    assert totals(table) == {"band0": None, "band1": 12, "band2": 13, "band3": 14, "band4": None, "band5": 15}


@pytest.mark.parametrize("persons", [(2, 2), (0, 4), (0, 0)])
def test_of_fewer_than_five_people_there_is_no_table(persons: tuple[int, int]) -> None:
    table = of(persons, (0, 0), (0, 0), (0, 0), (0, 0), (0, 0))
    assert table.content.grand_total is None
    assert keys(table) == ["disclosure.too_few"]


def test_a_sex_of_fewer_than_five_is_never_split_off() -> None:
    table = of((15, 2), (8, 1), (6, 1), (0, 0), (0, 0), (0, 0))
    assert table.content.columns == ()
    assert 4 not in totals(table).values()
    assert "disclosure.column_too_small" in keys(table) or not table.content.rows


def test_one_pupil_without_a_registered_sex_does_not_cost_the_class_its_table() -> None:
    table = of((15, 12, 1), (6, 6, 0), (3, 3, 0), (1, 0, 0), (0, 1, 0), (0, 0, 0), columns=(*SEXES, UNKNOWN))
    assert totals(table) == {"none": 28, "mild": 12, "moderate+": 8, "unfinished": 0}


def test_a_column_with_nobody_in_it_is_left_out() -> None:
    counts = [(30, 20, 0), (10, 10, 0), (10, 20, 0), (10, 10, 0), (10, 10, 0), (6, 5, 0)]
    table = of(*counts, columns=(*SEXES, UNKNOWN))
    assert table.content.columns == SEXES
    assert table.content.cells == tuple(line[:2] for line in counts)


def test_a_boys_school_gets_totals_only_and_no_remark_about_girls() -> None:
    table = of((30, 0), (10, 0), (10, 0), (10, 0), (10, 0), (6, 0))
    assert table.content.columns == ()
    assert table.content.row_totals == (30, 10, 10, 10, 10, 6)
    assert table.steps == ()


def test_that_every_girl_has_something_is_not_printed() -> None:
    table = of((25, 0), (0, 0), (0, 0), (0, 0), (0, 20), (0, 0))
    assert cells(table).get("none", (None, None))[1] is None
    assert cells(table).get("severe", (None, None))[1] is None


def test_that_everybody_has_something_is_not_printed() -> None:
    table = of((0, 0), (20, 20), (10, 10), (5, 5), (5, 5), (0, 0))
    assert totals(table).get("none") is None
    assert totals(table)["mild-"] == 40


def test_that_everybody_has_something_is_printed_if_the_policy_says_so() -> None:
    policy = msgspec.structs.replace(STATION, protect_empty_mildest=False)
    assert totals(of((0, 0), (20, 20), (10, 10), (5, 5), (5, 5), (0, 0), policy=policy))["none"] == 0


def test_that_nobody_has_anything_is_printed() -> None:
    table = of((25, 20), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0))
    assert totals(table) == {"none": 45, "mild": 0, "moderate": 0, "marked": 0, "severe": 0, "unfinished": 0}


def test_the_absent_do_not_shelter_the_severe() -> None:
    """The class teacher knows who was absent, so hiding their number beside a small one hides nothing."""
    rows = (*BANDS, UNFINISHED, ABSENT)
    table = of((60, 60), (20, 20), (10, 10), (6, 6), (2, 1), (0, 0), (10, 10), rows=rows, merges=())
    hidden_bands = [row for row, total in totals(table).items() if total is None and row != "absent"]
    hidden_boys = [row for row, line in cells(table).items() if line[0] is None and row != "absent"]
    assert "severe" in hidden_bands
    assert len(hidden_bands) > 1
    assert len(hidden_boys) > 1


def test_merging_with_the_absent_does_not_give_the_unfinished_away() -> None:
    """Whoever knows that six were absent would read one unfinished form off a merged seven."""
    rows = (*BANDS, UNFINISHED, ABSENT)
    merges = (Merge("rest", (Group("rest", "未完成或未参加", ("unfinished", "absent")),)),)
    table = of((60, 60), (20, 20), (10, 10), (6, 6), (5, 5), (0, 1), (0, 6), rows=rows, merges=merges)
    shown = totals(table)
    assert shown.get("rest") is None
    assert shown.get("unfinished") is None


def test_where_only_few_took_part_only_the_number_of_people_is_left() -> None:
    rows = (*BANDS, UNFINISHED, ABSENT)
    table = of((2, 1), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (20, 20), rows=rows)
    assert table.content.rows == ()
    assert table.content.column_totals == (22, 21)
    assert keys(table) == ["disclosure.only_totals"]


def test_the_same_table_gets_the_same_print_again() -> None:
    counts = ((15, 14), (6, 6), (2, 3), (1, 1), (0, 1), (1, 0))
    assert of(*counts).to_data() == of(*counts).to_data()


@pytest.mark.parametrize("limits", [{"seconds": 0.0}, {"rounds": 0}, {"rounds": 1}, {"nodes": 0}])
def test_out_of_time_there_is_still_a_print_that_gives_nobody_away(limits: dict[str, float]) -> None:
    """The audit refuses with an exception, so that there is a table is half of the claim."""
    policy = msgspec.structs.replace(STATION, limits=msgspec.structs.replace(STATION.limits, **limits))
    table = of((60, 60), (20, 20), (10, 10), (6, 2), (2, 7), (1, 4), policy=policy)
    numbers = [*table.content.row_totals, *(number for line in table.content.cells for number in line)]
    assert any(numbers)
    assert not any(0 < (number or 0) < 5 for number in numbers)


def test_the_explanation_does_not_count_the_small_numbers() -> None:
    """Two tables that print alike are explained alike, however many of their hidden numbers are small."""
    one = of((30, 20), (10, 10), (10, 20), (10, 10), (12, 10), (4, 8), merges=())
    other = of((30, 20), (10, 10), (10, 20), (10, 10), (12, 10), (3, 9), merges=())
    assert one.content.column_totals != other.content.column_totals
    assert [step.key for step in one.steps] == [step.key for step in other.steps]


def test_eight_rows_and_three_columns_are_released() -> None:
    rows = (BANDS[0], *(Category(f"b{at}", f"b{at}") for at in range(6)), UNFINISHED)
    columns = (*SEXES, UNKNOWN)
    counts = ((90, 80, 20), (40, 50, 9), (20, 25, 3), (9, 12, 2), (6, 5, 1), (3, 4, 0), (1, 2, 0), (2, 6, 1))
    table = of(*counts, rows=rows, columns=columns, merges=())
    assert not any(0 < (number or 0) < 5 for line in table.content.cells for number in line)
    assert table.content.rows
