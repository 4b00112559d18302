"""Which backups stay, whenever they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.backups import BackupRules
from storage.rotation import Keep, surplus

DAY_MS = 24 * 60 * 60 * 1000
YEARS_MS = 5 * 365 * DAY_MS

moments = st.lists(st.integers(0, YEARS_MS), max_size=60)
keeps = st.builds(Keep, st.integers(1, 9), st.integers(0, 6), st.integers(0, 14))


def kept(made: list[int], keep: Keep) -> list[int]:
    """Moments that stay, the newest first."""
    gone = set(surplus([(moment, place) for place, moment in enumerate(made)], keep))
    return sorted((moment for place, moment in enumerate(made) if place not in gone), reverse=True)


def week(moment: int) -> tuple[int, int]:
    return datetime.fromtimestamp(moment // 1000, UTC).isocalendar()[:2]


def month(moment: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(moment // 1000, UTC)
    return at.year, at.month


@given(moments, keeps)
def test_the_newest_always_stay(made: list[int], keep: Keep) -> None:
    assert kept(made, keep)[: keep.last] == sorted(made, reverse=True)[: keep.last]


@given(moments, keeps)
def test_never_fewer_stay_than_there_are_or_were_asked_for_and_never_more(made: list[int], keep: Keep) -> None:
    stay = len(kept(made, keep))
    assert min(len(made), keep.last) <= stay <= min(len(made), keep.last + keep.weekly + keep.monthly)


@given(moments, keeps)
def test_what_goes_is_older_and_its_week_or_month_keeps_a_newer_one_or_it_is_too_old(
    made: list[int], keep: Keep
) -> None:
    stay = kept(made, keep)
    gone = [moment for moment in made if moment not in stay]
    older = stay[keep.last :]
    for moment in gone:
        newer = [one for one in older if one >= moment]
        in_the_same = any(week(one) == week(moment) or month(one) == month(moment) for one in newer)
        assert in_the_same or len(newer) >= keep.weekly + keep.monthly
        assert len(stay) >= keep.last


@given(moments, keeps)
def test_what_was_kept_once_is_kept_when_nothing_new_came(made: list[int], keep: Keep) -> None:
    stay = kept(made, keep)
    assert kept(stay, keep) == stay


@given(st.integers(0, 365), st.sampled_from([1, 2, 7]))
def test_day_after_day_there_is_one_of_every_week_of_a_month_and_of_every_month_of_a_year(
    offset: int, every: int
) -> None:
    keep = BackupRules.load().keep
    start = datetime(2024, 1, 1, 15, tzinfo=UTC) + timedelta(days=offset)
    there: list[int] = []
    for day in range(0, 500, every):
        there = kept([*there, int((start + timedelta(days=day)).timestamp() * 1000)], keep)
    newest = there[0]
    assert len(there) == keep.last + keep.weekly + keep.monthly
    # No gap is wider than a week and what a week holds in the newest month, than two months in the newest year.
    ages = [(newest - moment) / DAY_MS for moment in there]
    gaps = [(older - newer, older) for newer, older in pairwise(ages)]
    assert all(gap <= 2 * 7 + every for gap, age in gaps if age <= 28)
    assert all(gap <= 62 + every for gap, age in gaps if age <= 330)
    assert ages[-1] >= 300


def test_a_summer_without_backups_costs_none() -> None:
    made = [int(datetime(2026, 6, day, tzinfo=UTC).timestamp() * 1000) for day in range(1, 29)]
    keep = Keep(7, 4, 12)
    before = kept(made, keep)
    autumn = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp() * 1000)
    assert [one for one in before if one not in kept([*before, autumn], keep)] == []


def test_two_of_the_same_moment_are_two() -> None:
    assert surplus([(5, "a"), (5, "b"), (4, "c")], Keep(1)) == ["b", "c"]


def test_the_rules_keep_a_week_and_are_read_as_they_stand() -> None:
    keep = BackupRules.load().keep
    assert msgspec.structs.astuple(keep) == (7, 4, 12)
