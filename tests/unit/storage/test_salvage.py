"""Salvage: whatever page is damaged, all that stands on the others is saved, and what is said to be missing is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from storage import database
from storage.archive import Archive
from storage.errors import Problem
from storage.pages import read_pages
from storage.records import Draft
from storage.salvage import Salvaged, salvage, unlock
from sync.engine import meet
from tests.effort import SOAK, dice

if TYPE_CHECKING:
    from tests.conftest import Workshop

PAGE = 4096
SALT = 16
"""Bytes at the beginning of the file that say what the raw key says too."""

Ids = set[tuple[str, int]]


class Original(NamedTuple):
    """An archive before it was damaged: its bytes and what was in it."""

    data: bytes
    folder: Path
    changes: Ids
    records: dict[bytes, Any]
    state: bytes


def changes_of(archive: Archive) -> Ids:
    rows = archive._connection.execute("SELECT stream.id, ordinal FROM change JOIN stream ON stream.no = change.stream")
    return {(stream.hex(), ordinal) for stream, ordinal in rows}


def records_of(archive: Archive) -> dict[bytes, Any]:
    found = [record for kind in ("person", "screening", "alert") for record in archive.find(kind)]
    return {record.id: (record.type, record.person, record.fields, record.conflicts) for record in found}


def work(archive: Archive, count: int) -> None:
    for number in range(count):
        person = archive.new_id()
        archive.save([Draft.new("person", person, {"name": f"学生{number}", "birth_date": "2012-03-04"})])
        archive.save([Draft.new("screening", archive.new_id(), {"score": number, "note": "x" * 300}, person=person)])
        if number % 3 == 0:
            archive.save([Draft.edit(archive.find("person", {"id": person})[0], {"name": f"改名{number}"})])
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red", "text": "长" * 5000})])


def original(archive: Archive) -> Original:
    facts = changes_of(archive), records_of(archive), archive.state_hash()
    archive._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # Not closed, which would put changes into segments: some wait in the log, as on any working day.
    return Original(archive.path.read_bytes(), archive.path.parent, *facts)


@pytest.fixture(scope="module")
def admitted(workshop: Workshop) -> Iterator[Original]:
    """A device that has met another one, with segments of both and changes that are in none."""
    with workshop.station() as station:
        one, other = station.archives
        for _ in range(2):
            for archive in (one, other):
                meet(archive.meeting, station.server)
        work(other, 20)
        for _ in range(2):
            work(one, 15)
            for archive in (one, other, one):
                meet(archive.meeting, station.server)
        work(one, 10)
        yield original(one)


@pytest.fixture(scope="module")
def alone(workshop: Workshop) -> Iterator[Original]:
    """A device that was never admitted anywhere."""
    with workshop.archive() as archive:
        work(archive, 20)
        archive.meeting.seal()
        work(archive, 10)
        yield original(archive)


@contextmanager
def salvaged(workshop: Workshop, source: Original, data: bytes, tmp_path: Path) -> Iterator[tuple[Archive, Salvaged]]:
    """The archive that is made out of `data`."""
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    name = workshop.file
    shutil.copy(source.folder / f"{name}.keys", tmp_path)
    (tmp_path / name).write_bytes(data)
    report = salvage(tmp_path / name, workshop.template(0).unlocked, tmp_path / "new.xinyi", workshop.catalogue)
    assert (tmp_path / name).read_bytes() == data
    with workshop.open(tmp_path / "new.xinyi") as archive:
        yield archive, report


def test_the_first_bytes_of_the_file_are_not_needed(workshop: Workshop, admitted: Original, tmp_path: Path) -> None:
    damaged = bytes(SALT) + admitted.data[SALT:]
    with salvaged(workshop, admitted, damaged, tmp_path) as (archive, report):
        assert report.damaged_pages == 0
        assert records_of(archive) == admitted.records
    with workshop.open(tmp_path / workshop.file) as archive:
        assert archive.verify() == []
        assert records_of(archive) == admitted.records


def flipped(data: bytes, page: int, byte: int = 2000) -> bytes:
    place = (page - 1) * PAGE + byte
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def spread(gaps: list[Any]) -> Ids:
    return {(gap.stream, ordinal) for gap in gaps for ordinal in range(gap.first, gap.last + 1)}


def pages_of(workshop: Workshop, source: Original, tmp_path: Path) -> dict[str, list[int]]:
    """The pages of each table and index, found by their b-trees: the roots and what they lead to."""
    (tmp_path / "whole").write_bytes(source.data)
    key = workshop.template(0).unlocked.key
    connection = database.connect(tmp_path / "whole", key)
    roots = connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0").fetchall()
    connection.close()
    pages = read_pages(tmp_path / "whole", key).good
    found: dict[str, list[int]] = {}
    for name, root in (("sqlite_master", 1), *roots):
        todo = [root]
        while todo:
            number = todo.pop()
            found.setdefault(name, []).append(number)
            page, start = pages[number], 100 if number == 1 else 0
            if page[start] in {0x02, 0x05}:
                todo.append(int.from_bytes(page[start + 8 : start + 12], "big"))
                for cell in range(int.from_bytes(page[start + 3 : start + 5], "big")):
                    place = int.from_bytes(page[start + 12 + 2 * cell : start + 14 + 2 * cell], "big")
                    todo.append(int.from_bytes(page[place : place + 4], "big"))
    return found


def check(source: Original, archive: Archive, report: Salvaged) -> None:
    """What must hold after any damage to an archive that had been admitted."""
    missing = spread(report.missing_changes)
    # What was in no segment is numbered anew behind a gap; nothing else ever changes its place.
    assert len(changes_of(archive)) == report.changes == len(source.changes) - len(missing)
    shown = records_of(archive)
    if missing:
        # A record can lack an edit, but nothing is made up.
        assert shown.keys() <= source.records.keys()
        assert len(source.records) - len(shown) <= len(missing)
    else:
        assert shown == source.records
        assert changes_of(archive) == source.changes or not report.same_device
    kinds = {finding.kind for finding in archive.verify()}
    allowed = ({"chain"} if report.missing_segments else set()) | ({"reference"} if missing else set())
    allowed |= {"signature"} if report.unknown_devices else set()
    assert kinds <= allowed, archive.verify()
    archive.save([Draft.new("alert", archive.new_id(), {"level": "red"})])
    archive.meeting.seal()
    assert archive.meeting.backlog().unreadable == 0


def test_an_undamaged_archive_comes_out_as_it_was(workshop: Workshop, admitted: Original, tmp_path: Path) -> None:
    with salvaged(workshop, admitted, admitted.data, tmp_path) as (archive, report):
        assert report == Salvaged(0, len(admitted.changes), [], [], [], [], same_device=True)
        assert (archive.state_hash(), changes_of(archive)) == (admitted.state, admitted.changes)
        assert archive.verify() == []


@pytest.mark.soak
def test_whichever_page_is_damaged_all_that_stands_on_the_others_is_saved(
    workshop: Workshop, admitted: Original, tmp_path: Path
) -> None:
    """At least one page of every table and index; all of them where there is time."""
    by_table = pages_of(workshop, admitted, tmp_path)
    assert {
        "meta",
        "scope_key",
        "stream",
        "segment",
        "paper",
        "person_key",
        "change",
        "change_place",
    } <= by_table.keys()
    count = len(admitted.data) // PAGE
    chosen = range(1, count + 1) if SOAK else sorted({*(pages[len(pages) // 2] for pages in by_table.values()), count})
    losses = set()
    chance = dice("damaged pages")
    for page in chosen:
        damaged = flipped(admitted.data, page, chance.randrange(SALT if page == 1 else 0, PAGE))
        with salvaged(workshop, admitted, damaged, tmp_path) as (archive, report):
            assert (report.damaged_pages, page) == (1, page)
            check(admitted, archive, report)
            table = next((name for name, pages in by_table.items() if page in pages), "")
            losses |= {table} if report.missing_changes or not report.same_device else set()
            # Long values go on on pages of their own, which no b-tree leads to.
            assert table in {"paper", ""} if report.unknown_devices else table != "paper"
    assert losses <= {"change", "meta", "segment", ""}


def test_changes_that_were_in_segments_survive_the_loss_of_all_their_rows(
    workshop: Workshop, admitted: Original, tmp_path: Path
) -> None:
    data = admitted.data
    for page in pages_of(workshop, admitted, tmp_path)["change"]:
        data = flipped(data, page)
    with salvaged(workshop, admitted, data, tmp_path) as (archive, report):
        waiting = spread(report.missing_changes)
        assert changes_of(archive) == admitted.changes - waiting
        assert {stream for stream, _ in waiting} == {next(iter(waiting))[0]}
        assert min(ordinal for _, ordinal in waiting) > len(admitted.changes) / 3, "only what was in no segment is lost"
        check(admitted, archive, report)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.97])
def test_a_file_that_is_cut_short_gives_what_is_left(
    workshop: Workshop, admitted: Original, tmp_path: Path, share: float
) -> None:
    length = int(len(admitted.data) * share)
    with salvaged(workshop, admitted, admitted.data[:length], tmp_path) as (archive, report):
        assert report.damaged_pages == len(admitted.data) // PAGE - length // PAGE
        assert report.changes > 0 or share < 0.8
        check(admitted, archive, report)


def test_after_a_loss_the_device_goes_on_in_a_new_stream_and_meets_the_others(
    workshop: Workshop, tmp_path: Path
) -> None:
    with workshop.station() as station:
        one, other = station.archives
        for _ in range(2):
            for archive in (one, other):
                meet(archive.meeting, station.server)
        work(one, 10)
        meet(one.meeting, station.server)
        work(one, 10)
        source = original(one)
        number = pages_of(workshop, source, tmp_path)["change"][-1]
        with salvaged(workshop, source, flipped(source.data, number), tmp_path) as (archive, report):
            assert report.missing_changes != []
            assert archive.device.stream[1] != one.device.stream[1]
            work(archive, 2)
            assert meet(archive.meeting, station.server).refused == []
            assert meet(other.meeting, station.server).refused == []
            assert records_of(other) == records_of(archive)
            assert other.state_hash() == archive.state_hash()


@pytest.mark.parametrize("table", ["change", "meta", "stream", "segment", "person_key", "scope_key"])
def test_an_archive_that_met_nobody_has_no_gap_afterwards(
    workshop: Workshop, alone: Original, tmp_path: Path, table: str
) -> None:
    pages = pages_of(workshop, alone, tmp_path)[table]
    with salvaged(workshop, alone, flipped(alone.data, pages[len(pages) // 2]), tmp_path) as (archive, report):
        assert {finding.kind for finding in archive.verify()} <= ({"reference"} if report.missing_changes else set())
        shown = records_of(archive)
        if not report.missing_changes:
            assert shown == alone.records
        work(archive, 3)
        if archive.device.scopes.key(archive.device.scope):
            archive.meeting.seal()
            segments = archive.meeting.read(archive.device.scope, archive.device.stream[1], 1)
            assert segments != []
        assert archive.verify() == [] or report.missing_changes


def test_what_lies_in_the_write_ahead_log_is_saved_too(workshop: Workshop, tmp_path: Path) -> None:
    with workshop.archive() as archive:
        work(archive, 3)
        facts = records_of(archive)
        for name in ("", "-wal", ".keys"):
            shutil.copy(archive.path.with_name(archive.path.name + name), tmp_path / f"a.xinyi{name}")
    data = bytearray((tmp_path / "a.xinyi").read_bytes())
    data[-2000] ^= 1
    (tmp_path / "a.xinyi").write_bytes(data)
    report = salvage(tmp_path / "a.xinyi", workshop.template(0).unlocked, tmp_path / "new.xinyi", workshop.catalogue)
    with workshop.open(tmp_path / "new.xinyi") as again:
        assert (report.missing_changes, records_of(again)) == ([], facts)


def test_what_is_no_archive_or_has_another_key_gives_nothing_and_leaves_nothing(
    workshop: Workshop, alone: Original, tmp_path: Path
) -> None:
    path = workshop.copy(tmp_path)
    stranger = workshop.template(1).unlocked
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: salvage(path, stranger, tmp_path / "n", workshop.catalogue), "backup.nothing_to_salvage"),
        (lambda: salvage(path, workshop.template(0).unlocked, path, workshop.catalogue), "archive.exists"),
        (lambda: unlock(path, workshop.user, "wrong", 0), "archive.wrong_password"),
    ]
    before = {file.name for file in tmp_path.iterdir()}
    for action, key in refusals:
        with pytest.raises(Problem) as caught:
            action()
        assert caught.value.key == key
    assert {file.name for file in tmp_path.iterdir()} - before <= {f"{path.name}.lock", f"{path.name}.wait"}
    assert unlock(path, workshop.user, workshop.password, 0) == workshop.template(0).unlocked
