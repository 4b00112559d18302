"""A backup that is made while the archive goes on being used, and one that is stopped."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from storage.archive import Archive
from storage.backup import check, found, make, restore, source
from storage.errors import Problem
from storage.records import Draft
from storage.rotation import Keep

if TYPE_CHECKING:
    from tests.conftest import Workshop

KEEP = Keep(3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "备份").mkdir()
    return tmp_path / "备份"


def add_people(archive: Archive, count: int, name: str = "李雷") -> None:
    archive.save([Draft.new("person", archive.new_id(), {"name": name}) for _ in range(count)])


class Elsewhere:
    """Makes a backup on a thread of its own."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self.problems: list[str] = []
        self._source, self._folder = source(archive), folder
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            make(self._source, self._folder, KEEP)
        except Problem as problem:
            self.problems.append(problem.key)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def is_running(self) -> bool:
        return self._thread.is_alive()


def test_saving_goes_on_while_a_backup_is_made_and_the_backup_is_of_one_moment(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    add_people(archive, 3000)
    saved = 0
    with Elsewhere(archive, folder) as backup:
        while backup.is_running():
            add_people(archive, 1, "韩梅")
            saved += 1
    assert backup.problems == []
    assert saved > 0
    (made,) = found(folder, archive.id)
    restore(made.path, folder / "again.xinyi")
    with workshop.open(folder / "again.xinyi") as again:
        assert again.verify() == []
        assert check(made.path).state == again.state_hash().hex()
        assert 3000 <= len(again.find("person")) <= 3000 + saved


def test_a_backup_goes_on_when_the_archive_is_closed(workshop: Workshop, tmp_path: Path, folder: Path) -> None:
    path = workshop.copy(tmp_path)
    archive = workshop.open(path)
    add_people(archive, 2000)
    begun = source(archive)
    with Elsewhere(archive, folder) as backup:
        archive.close()
    assert backup.problems == []
    assert make(begun, folder, KEEP).removed == []
    with workshop.open(path) as again:
        assert again.verify() == []
        assert check(found(folder, again.id)[0].path).state == again.state_hash().hex()


def stops_after(looks: int) -> tuple[list[int], object]:
    seen: list[int] = []

    def stopped() -> bool:
        seen.append(1)
        return len(seen) > looks

    return seen, stopped


def test_stopped_at_any_moment_nothing_is_left_and_earlier_ones_stay(archive: Archive, folder: Path) -> None:
    add_people(archive, 3000)
    seen, never_stopped = stops_after(10**9)
    first = make(source(archive), folder, KEEP, never_stopped).path  # type: ignore[arg-type]
    looks = len(seen)
    assert looks > 10
    for after in range(0, looks - 1, max(1, looks // 12)):
        _, stopped = stops_after(after)
        with pytest.raises(Problem) as caught:
            make(source(archive), folder, KEEP, stopped)  # type: ignore[arg-type]
        assert caught.value.key == "backup.stopped"
        assert [one.name for one in folder.iterdir()] == [first.name]
    add_people(archive, 1)
    assert archive.verify() == []


def test_stopped_while_older_ones_are_looked_at_the_new_one_is_made_and_none_goes(
    archive: Archive, folder: Path
) -> None:
    old = [make(source(archive), folder, KEEP).path for _ in range(3)]
    seen, count = stops_after(10**9)
    newest = make(source(archive), folder, Keep(9), count)  # type: ignore[arg-type]
    looks = len(seen) - 1
    _, stopped = stops_after(looks)
    made = make(source(archive), folder, Keep(1), stopped)  # type: ignore[arg-type]
    assert (made.removed, made.broken) == ([], [])
    assert {*old, newest.path, made.path} == set(folder.iterdir())


def test_only_backups_of_the_archive_are_found_the_newest_first(
    workshop: Workshop, archive: Archive, folder: Path
) -> None:
    with workshop.archive(1) as other:
        make(source(other), folder, KEEP)
    made = [make(source(archive), folder, KEEP).path for _ in range(3)]
    (folder / "roster.xlsx").write_bytes(b"PK")
    (folder / "x.xinyi-backup").write_bytes(b"PK")
    shown = found(folder, archive.id)
    assert [one.path for one in shown] == made[::-1]
    assert [one.size for one in shown] == [path.stat().st_size for path in made[::-1]]
    assert found(folder / "pulled", archive.id) == []
