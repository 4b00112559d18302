"""The last check refuses every print that would give somebody away, whoever made it."""

import pytest

from app.disclosure import Category, CountTable, Group, Merge, Policy
from app.disclosure.audit import AuditRefused, audit
from app.disclosure.draft import Draft
from app.disclosure.released import Content

POLICY = Policy.load()
ROWS = (
    Category("none", "", "mildest"),
    Category("mild", ""),
    Category("severe", ""),
    Category("absent", "", "separate"),
)
COLUMNS = (Category("male", ""), Category("female", ""))
X = None
Numbers = tuple[int | None, ...]


def table(*counts: tuple[int, int]) -> CountTable:
    merges = (Merge("m", (Group("found", "", ("mild", "severe")),)),)
    return CountTable(ROWS[: len(counts)], COLUMNS, counts, merges)


def draft(count_table: CountTable, cells: tuple[Numbers, ...], row_totals: Numbers) -> Draft:
    """A print that is split and merges nothing; X hides."""
    content = Content(
        rows=count_table.rows,
        columns=COLUMNS,
        cells=cells,
        row_totals=row_totals,
        column_totals=tuple(map(sum, zip(*count_table.counts, strict=True))),
        grand_total=sum(map(sum, count_table.counts)),
    )
    return Draft(content, tuple((at,) for at in range(len(cells))), (0, 1))


FINE = table((30, 20), (10, 10), (8, 9))
FEW = table((30, 20), (10, 10), (2, 9))


def test_a_table_without_small_numbers_passes_as_it_is() -> None:
    audit(FINE, draft(FINE, FINE.counts, (50, 20, 17)), POLICY)


def test_a_table_that_hides_everything_passes() -> None:
    audit(FEW, draft(FEW, ((X, X),) * 3, (X,) * 3), POLICY)


def test_a_sheltered_small_number_passes() -> None:
    audit(FEW, draft(FEW, ((30, 20), (X, X), (X, X)), (50, 20, 11)), POLICY)


REFUSED: dict[str, tuple[CountTable, tuple[Numbers, ...], Numbers]] = {
    "a small number is shown": (FEW, FEW.counts, (50, 20, 11)),
    "a small number can be subtracted from its row": (FEW, ((30, 20), (10, 10), (X, 9)), (50, 20, 11)),
    "a small number can be subtracted from its column": (FEW, ((30, 20), (10, 10), (X, X)), (50, 20, 11)),
    "a small total is shown": (table((30, 20), (10, 10), (2, 2)), ((X, X), (10, 10), (X, X)), (50, 20, 4)),
    "a small total can be added up": (table((30, 20), (10, 10), (4, 0)), ((30, 20), (10, 10), (4, 0)), (X, 20, X)),
    "two small numbers share too little": (
        table((30, 20), (2, 10), (1, 9)),
        ((30, 20), (X, X), (X, X)),
        (50, 12, 10),
    ),
    "nobody in the mildest row is shown": (table((0, 20), (10, 10), (8, 9)), ((0, 20), (10, 10), (8, 9)), (20, 20, 17)),
    "a shown number is not true": (FINE, ((30, 20), (10, 10), (8, 8)), (50, 20, 17)),
    "a shown total is not true": (FINE, FINE.counts, (50, 20, 18)),
    "a number is hidden for nothing": (FINE, ((30, 20), (10, 10), (X, 9)), (50, 20, 17)),
    "only the absent shelter a small number": (
        table((30, 20), (10, 10), (2, 9), (12, 6)),
        ((30, 20), (10, 10), (X, X), (X, X)),
        (50, 20, 11, 18),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_because(case: str) -> None:
    count_table, cells, row_totals = REFUSED[case]
    with pytest.raises(AuditRefused):
        audit(count_table, draft(count_table, cells, row_totals), POLICY)


def test_a_print_without_all_rows_is_refused() -> None:
    with pytest.raises(AuditRefused):
        audit(FINE, draft(FINE, FINE.counts[:2], (50, 20)), POLICY)


def test_a_merged_row_is_audited_as_what_it_is_made_of() -> None:
    few = table((30, 20), (10, 3), (2, 9))
    content = Content(
        rows=(ROWS[0], Category("found", "")),
        columns=COLUMNS,
        cells=((30, 20), (12, 12)),
        row_totals=(50, 24),
        column_totals=(42, 32),
        grand_total=74,
    )
    audit(few, Draft(content, ((0,), (1, 2)), (0, 1)), POLICY)
    with pytest.raises(AuditRefused):
        audit(few, Draft(content, ((0, 1), (2,)), (0, 1)), POLICY)


@pytest.mark.parametrize("content", [Content(grand_total=41), Content(grand_total=None), Content(grand_total=4)])
def test_a_false_or_small_number_of_people_is_refused(content: Content) -> None:
    count_table = table((2, 0), (2, 0), (0, 0)) if content.grand_total == 4 else FINE
    with pytest.raises(AuditRefused):
        audit(count_table, Draft(content), POLICY)


def test_a_small_number_that_follows_from_who_took_part_is_refused() -> None:
    """30 boys and 2 girls are known, 5 are severe. Two girls cannot be five, so at least three boys are."""
    lopsided = table((26, 1), (0, 0), (4, 1))
    content = Content(rows=ROWS[:3], cells=((),) * 3, row_totals=(27, 0, 5), grand_total=32)
    with pytest.raises(AuditRefused):
        audit(lopsided, Draft(content, ((0,), (1,), (2,))), POLICY)


def test_a_refusal_does_not_name_a_count() -> None:
    few = table((71, 72), (83, 84), (2, 96))
    with pytest.raises(AuditRefused) as refused:
        audit(few, draft(few, few.counts, (143, 167, 98)), POLICY)
    assert not any(str(number) in str(refused.value) for number in (71, 72, 83, 84, 96, 143, 167, 98))
