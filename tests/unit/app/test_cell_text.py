"""The text of a cell is what a person sees in it, without what nobody sees."""

from datetime import date, datetime, time, timedelta

import pytest

from app.spreadsheets import Cell, Sheet, cell_text, has_lost_digits


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (330102.0, "330102"),
        (13800000000.0, "13800000000"),
        (1.0, "1"),
        (7, "7"),
        (-3.0, "-3"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (999999999999999.0, "999999999999999"),
        (990000201203041234.0, "990000201203041000"),
        (990000201203041234, "990000201203041000"),
        (True, "TRUE"),
        (date(2012, 3, 4), "2012-03-04"),
        (datetime(2012, 3, 4), "2012-03-04"),  # noqa: DTZ001 a cell knows no time zone
        (datetime(2012, 3, 4, 8, 30), "2012-03-04 08:30:00"),  # noqa: DTZ001
        (time(8, 30), "08:30:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        ("", ""),
    ],
)
def test_values_are_written_as_they_are_seen(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  张三\u3000", "张三"),
        ("张\u00a0三", "张 三"),
        ("张\n三", "张 三"),
        ("张\u200b三\ufeff", "张三"),
        ("'0012", "0012"),
        ("\u3000'0012", "0012"),
        ('="0012"', "0012"),
        ("O'Brien", "O'Brien"),
        ("a=b", "a=b"),
        ("\t13800000000", "13800000000"),
        ("１２３", "１２３"),
    ],
)
def test_what_nobody_sees_is_taken_away(cell: str, text: str) -> None:
    assert cell_text(cell) == text


def test_full_width_becomes_half_width_only_where_asked() -> None:
    assert cell_text("（Ａ１）：", as_half_width=True) == "(A1):"


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        (1e15, True),
        (990000201203041234, True),
        (999999999999999.0, False),
        ("990000201203041234", False),
        (True, False),
    ],
)
def test_numbers_of_more_than_fifteen_digits_have_lost_some(cell: Cell, lost: bool) -> None:
    assert has_lost_digits(cell) is lost


def test_a_sheet_counts_its_lines_from_the_first() -> None:
    assert Sheet("a", [["x"], ["y"]], 4).line(1) == 5
