"""Only the release makes a table that may be printed, and what it says as data is what it says in print."""

import copy
import dataclasses
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.disclosure import Category, CountTable, Group, Merge, Policy, ReleasedTable, release
from app.texts import LANGUAGES, Texts

Anything: Any = ReleasedTable  # what these tests do to it is wrong by its type as well
SOURCES = Path(__file__).resolve().parents[4]
ROWS = (Category("none", "很少", "mildest"), Category("mild", "轻度"), Category("severe", "重度"))
COLUMNS = (Category("male", "男"), Category("female", "女"))
MERGES = (Merge("found", (Group("found", "轻度及以上", ("mild", "severe")),)),)


GRADE = ((320, 290), (110, 123), (40, 55), (12, 20), (6, 9), (3, 2))


def released(*counts: tuple[int, int], merges: tuple[Merge, ...] = MERGES) -> ReleasedTable:
    """With more than three rows, the further ones are bands between mild and severe."""
    between = tuple(Category(f"band{at}", f"等级{at}") for at in range(len(counts) - len(ROWS)))
    return release(CountTable((*ROWS[:2], *between, ROWS[2]), COLUMNS, counts, merges), Policy.load())


@pytest.fixture
def table() -> ReleasedTable:
    return released((310, 290), (40, 50), (3, 2))


def test_it_cannot_be_called_into_being(table: ReleasedTable) -> None:
    for arguments in [(), (None, table.policy, table.content, ()), (object(), table.policy, table.content, ())]:
        with pytest.raises(TypeError):
            Anything(*arguments)


def test_one_made_without_its_constructor_is_empty_and_cannot_be_filled(table: ReleasedTable) -> None:
    empty: Any = ReleasedTable.__new__(ReleasedTable)
    with pytest.raises(AttributeError):
        empty.content = table.content
    with pytest.raises(AttributeError):
        empty.to_data()


def test_it_cannot_be_extended() -> None:
    with pytest.raises(TypeError):
        type("Forged", (ReleasedTable,), {})


def test_it_cannot_be_changed(table: Any) -> None:
    with pytest.raises(AttributeError):
        table.content = None
    with pytest.raises(AttributeError):
        del table.steps
    with pytest.raises(AttributeError):
        table.note = "x"
    with pytest.raises(AttributeError):
        table.content.grand_total = 1


def test_it_cannot_be_decoded(table: ReleasedTable) -> None:
    data = msgspec.json.encode(table.to_data())
    with pytest.raises((TypeError, msgspec.ValidationError)):
        msgspec.json.decode(data, type=ReleasedTable)
    with pytest.raises((TypeError, msgspec.ValidationError)):
        msgspec.convert(table.to_data(), ReleasedTable)


def test_it_cannot_be_replaced_in_part(table: Any) -> None:
    with pytest.raises(TypeError):
        msgspec.structs.replace(table, steps=())
    with pytest.raises(TypeError):
        dataclasses.replace(table, steps=())


def test_it_cannot_be_pickled(table: ReleasedTable) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(table, protocol)


def test_a_copy_is_the_table_itself(table: ReleasedTable) -> None:
    assert copy.copy(table) is table
    assert copy.deepcopy([table])[0] is table


def test_nothing_outside_the_package_reaches_past_its_door() -> None:
    reach = re.compile(r"app\.disclosure\.|from app import .*\bdisclosure\b")
    outside = [
        path.relative_to(SOURCES).as_posix()
        for package in ("app", "storage", "sync", "ui")
        for path in (SOURCES / package).rglob("*.py")
        if SOURCES / "app" / "disclosure" not in path.parents and reach.search(path.read_text("utf-8"))
    ]
    assert outside == []


def test_the_solver_is_not_loaded_before_a_table_is_released() -> None:
    code = "import sys, app.disclosure; sys.exit('highspy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=SOURCES).returncode == 0


def test_the_data_has_the_numbers_the_holes_and_the_explanation_and_nothing_else(table: ReleasedTable) -> None:
    content = table.content
    assert json.loads(msgspec.json.encode(table.to_data())) == {
        "policy": {"id": table.policy.id, "version": table.policy.version, "audience": "station"},
        "rows": [{"id": row.id, "title": row.title, "role": row.role} for row in content.rows],
        "columns": [{"id": column.id, "title": column.title, "role": "band"} for column in content.columns],
        "cells": [list(line) for line in content.cells],
        "row_totals": list(content.row_totals),
        "column_totals": list(content.column_totals),
        "grand_total": content.grand_total,
        "steps": [
            {"key": step.key, "values": step.values, "titles": {gap: list(of) for gap, of in step.titles.items()}}
            for step in table.steps
        ],
    }


def test_a_share_needs_a_shown_number() -> None:
    table = released(*GRADE, merges=())
    hidden = [
        (row.id, column.id)
        for row, line in zip(table.content.rows, table.content.cells, strict=True)
        for column, number in zip(table.content.columns, line, strict=True)
        if number is None
    ]
    assert hidden
    assert all(table.share(*place) is None for place in hidden)


def test_a_share_is_of_everybody_or_of_the_column() -> None:
    table = released((30, 20), (10, 10), (10, 20))
    assert table.share("mild") == 0.2
    assert table.share("mild", "male") == 0.2
    assert table.share("severe", "female") == 0.4


def test_a_share_of_a_row_or_column_that_is_not_printed_is_a_bug(table: ReleasedTable) -> None:
    with pytest.raises(KeyError):
        table.share("nobody")
    with pytest.raises(KeyError):
        table.share("none", "nobody")


def test_a_withheld_table_has_no_shares_and_no_numbers() -> None:
    table = released((1, 1), (1, 0), (0, 1))
    assert table.content.grand_total is None
    assert not any((table.content.rows, table.content.cells, table.content.row_totals, table.content.column_totals))
    with pytest.raises(KeyError):
        table.share("none")


EXPLAINED = {
    "holes": (GRADE, ()),
    "merged": (((310, 290), (40, 50), (3, 2)), MERGES),
    "not split": (((12, 13), (4, 3), (3, 4)), MERGES),
    "small column": (((40, 1), (10, 0), (5, 1)), MERGES),
    "totals only": (((40, 38), (1, 0), (1, 0)), MERGES),
    "withheld": (((1, 1), (1, 0), (0, 1)), MERGES),
    "everybody found": (((0, 0), (20, 20), (20, 20)), ()),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", EXPLAINED)
def test_what_was_done_is_explained_in_words(case: str, language: str) -> None:
    counts, merges = EXPLAINED[case]
    table = released(*counts, merges=merges)
    sentences = [step.sentence(Texts.load(language), lambda title: f"<{title}>") for step in table.steps]
    assert sentences
    assert all("{" not in sentence for sentence in sentences)
    if case == "merged":
        assert any("<轻度>" in sentence and "<轻度及以上>" in sentence for sentence in sentences)


def test_a_complete_table_needs_no_explanation() -> None:
    assert released((30, 20), (10, 10), (10, 20)).steps == ()
