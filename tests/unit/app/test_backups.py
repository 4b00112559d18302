"""When a backup is due, when it is late, and what the archive remembers of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.audit import Audit
from app.backups import (
    BackupRules,
    Plan,
    begin_backup,
    choose_folder,
    note_found,
    note_made,
    note_problem,
    planned_folder,
    read_plan,
)
from app.errors import Problem
from app.records import CATALOGUE
from app.users import register_user
from storage.archive import Archive, Owner
from storage.backup import make
from storage.device import Names

HOUR, DAY = 60 * 60 * 1000, 24 * 60 * 60 * 1000
NOW = 1_790_000_000_000
RULES = BackupRules.load()


class Wall:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def archive(tmp_path: Path, wall: Wall) -> Iterator[Archive]:
    owner = Owner("王老师", "correct horse", Names("laptop", "示范中学"))
    with Archive.create(tmp_path / "a.xinyi", owner, CATALOGUE, wall=wall) as made:
        register_user(made, owner.user_name)
        yield made


@pytest.mark.parametrize(
    ("last", "due"),
    [(0, True), (NOW - DAY, True), (NOW - HOUR, False), (NOW, False), (NOW + DAY, True)],
)
def test_one_is_due_after_a_day_and_where_the_clock_was_put_back(last: int, due: bool) -> None:
    assert Plan(folder="/media/stick", last=last).is_due(NOW, RULES) is due


def test_without_a_folder_none_is_ever_due() -> None:
    assert not Plan(last=NOW - 99 * DAY).is_due(NOW, RULES)


@pytest.mark.parametrize(
    ("since", "last", "late"),
    [
        (NOW - 9 * DAY, 0, True),
        (NOW - 2 * DAY, 0, False),
        (NOW - 99 * DAY, NOW - 8 * DAY, True),
        (NOW - 99 * DAY, NOW - DAY, False),
        (NOW - 99 * DAY, NOW + DAY, True),
    ],
)
def test_people_are_told_after_a_week_without_a_good_one(since: int, last: int, late: bool) -> None:
    assert Plan(since=since, last=last).is_late(NOW, RULES) is late


def test_the_first_look_begins_the_count_and_later_ones_do_not(archive: Archive, wall: Wall) -> None:
    assert read_plan(archive) == Plan(since=NOW)
    wall.now += 9 * DAY
    assert read_plan(archive) == Plan(since=NOW)


def test_what_went_wrong_is_remembered_until_there_is_a_good_one(archive: Archive, tmp_path: Path) -> None:
    choose_folder(archive, tmp_path, "小王的U盘")
    note_problem(archive, "backup.disk_full")
    plan = read_plan(archive)
    assert (plan.folder, plan.name, plan.last, plan.problem) == (str(tmp_path), "小王的U盘", 0, "backup.disk_full")
    note_made(archive, NOW - 5)
    plan = read_plan(archive)
    assert (plan.last, plan.problem) == (NOW - 5, "")


def test_another_folder_keeps_when_the_last_good_one_was_made(archive: Archive, tmp_path: Path) -> None:
    note_made(archive, NOW - DAY)
    choose_folder(archive, tmp_path, "新U盘")
    assert read_plan(archive).last == NOW - DAY


@pytest.mark.parametrize(("made", "last"), [(NOW - 5, NOW - 5), (NOW - 20, NOW - 10), (NOW + DAY, NOW - 10)])
def test_a_backup_that_is_found_counts_where_it_is_newer_and_not_of_tomorrow(
    archive: Archive, made: int, last: int
) -> None:
    note_made(archive, NOW - 10)
    assert note_found(archive, made).last == last
    assert read_plan(archive).last == last


def test_the_folder_has_to_be_chosen_and_there(tmp_path: Path) -> None:
    for plan, key in ((Plan(), "backup.no_plan"), (Plan(folder=str(tmp_path / "pulled")), "backup.folder_gone")):
        with pytest.raises(Problem) as caught:
            planned_folder(plan)
        assert caught.value.key == key
    assert planned_folder(Plan(folder=str(tmp_path))) == tmp_path


def test_a_backup_is_written_down_and_the_entry_is_in_the_backup(archive: Archive, tmp_path: Path) -> None:
    made = make(begin_backup(archive, "小王的U盘"), tmp_path, RULES.keep)
    (entry,) = Audit(archive).listed()
    assert (entry.kind, entry.user, entry.detail, entry.person) == ("backup", "王老师", "小王的U盘", "")
    assert made.path.exists()
    assert archive.state_hash().hex() in made.path.read_bytes().decode("latin-1")
