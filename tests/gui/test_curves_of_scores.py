"""From what somebody answered to the curve: what counts, which changes are more than chance, what is said beside it."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.instruments.library import Library
from app.people.service import TimelineEntry
from app.records import ScoreResult, Screening, plain
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words
from storage.records import Record
from tests.unit.app.instruments.example import band, raw, summed
from ui.desktop.models.curves import curves
from ui.desktop.widgets.curve import Curve

TEXTS = Texts.load("zh-CN")
CHANGE = {"points": 3, "source": "made up"}
NORM = {
    "id": "women",
    "when": '@sex = "female"',
    "title": {"zh-CN": "女生", "en": "girls"},
    "mean": 4,
    "deviation": 2,
    "bands": [band("few", 0, 2, 0), band("many", 3, 12, 1)],
    "source": "made up",
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    score = summed("total", ["a", "b", "c", "d"], 12, change=CHANGE, bands=[band("all", 0, 12, 0)], norms=[NORM])
    (tmp_path / "example.json").write_bytes(raw(scores=[score]))
    return Library.load(tmp_path)


def form(month: int, value: int | None, **more: Any) -> Screening:
    result = ScoreResult(value, "all", norm=more.pop("norm", None), standard=more.pop("standard", None))
    status = more.pop("status", "complete")
    date = dt.date(2026, month, 1).isoformat()
    return Screening("example", "1.0.0", "0" * 64, date, {"a": 1}, status, {"total": result}, "typed", **more)


def drawn(library: Library, *forms: Screening) -> Curve:
    """The curve of forms, which the timeline has with the newest first."""
    context = SimpleNamespace(texts=TEXTS, words=Words(TEXTS, library, AlertRules.load()), library=library)
    entries = [
        TimelineEntry(
            at,
            "screening",
            Record(
                id=bytes([at]) * 16,
                type="screening",
                person=b"p" * 16,
                version=1,
                created=at,
                changed=at,
                fields=plain(one),
            ),
        )
        for at, one in enumerate(forms)
    ]
    (curve,) = curves(context, reversed(entries))  # type: ignore[arg-type] # what is needed of a context
    return curve


def test_points_stand_by_date(library: Library) -> None:
    points = drawn(library, form(3, 1), form(1, 5), form(2, 9)).points
    assert [point.value for point in points] == [5, 9, 1]


def test_a_change_as_large_as_the_rule_says_is_reliable_and_a_smaller_one_is_not(library: Library) -> None:
    made = drawn(library, form(1, 8), form(2, 6), form(3, 9), form(4, 5))
    assert [point.change for point in made.points] == [None, None, 3, -4]
    assert made.reliable == 3
    assert "比上一次高 3 分，是可靠变化" in made.points[2].words
    assert "比上一次低 4 分，是可靠变化" in made.points[3].words


def test_forms_that_do_not_count_are_no_step_of_a_change(library: Library) -> None:
    made = drawn(library, form(1, 8), form(2, 1, status="unfinished"), form(3, 12, void=True), form(4, 7))
    assert [point.counts for point in made.points] == [True, False, False, True]
    assert not made.has_changed


def test_an_unfinished_form_with_the_instruments_own_rule_counts(library: Library) -> None:
    result = ScoreResult(2, "all", prorated=True)
    prorated = form(2, 2, status="unfinished")
    prorated.scores["total"] = result
    made = drawn(library, form(1, 8), prorated)
    assert made.points[1].counts
    assert made.points[1].change == -6


def test_a_t_score_is_said_with_its_norm(library: Library) -> None:
    made = drawn(library, form(1, 8, norm="women", standard=70.0))
    assert "T 分 70（女生）" in made.points[0].words


def test_the_bands_are_those_by_which_the_newest_form_was_read(library: Library) -> None:
    assert len(drawn(library, form(1, 8)).bands) == 1
    assert len(drawn(library, form(1, 8), form(2, 8, norm="women")).bands) == 2


def test_without_a_rule_no_change_is_called_reliable(tmp_path: Path) -> None:
    (tmp_path / "example.json").write_bytes(raw())
    made = drawn(Library.load(tmp_path), form(1, 0), form(2, 12))
    assert made.reliable is None
    assert not made.has_changed
