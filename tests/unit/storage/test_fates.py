"""What becomes of every record: not sent, on a stick, received, refused and why, come from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from storage.archive import Archive
from storage.errors import EnvironmentProblem
from storage.fates import HANDED, REFUSED, Fate, Refused
from storage.records import Draft
from sync.changes import Change
from sync.engine import meet
from sync.transports.folder import FolderStore
from ui.meetings import Place, note_failed, note_met

if TYPE_CHECKING:
    from tests.conftest import Station

STICK = Place("stick", "蓝色U盘")


def add(archive: Archive, name: str = "李雷") -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def by_stick(archive: Archive, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    note_met(archive, STICK, meet(archive.meeting, FolderStore(folder)))


def test_what_was_saved_here_is_not_sent(archive: Archive) -> None:
    assert archive.fates.of(add(archive)) == Fate("unsent")


def test_what_is_not_here_has_no_fate(archive: Archive) -> None:
    assert archive.fates.of(archive.new_id()) is None


def test_what_only_lies_in_a_segment_is_not_sent(archive: Archive) -> None:
    person = add(archive)
    archive.meeting.seal()
    assert archive.fates.of(person) == Fate("unsent")


def test_what_a_stick_took_is_handed_on_but_not_received(station: Station) -> None:
    one, _ = station.archives
    person = add(one)
    by_stick(one, station.folder / "stick")
    assert one.fates.of(person) == Fate("handed")
    assert one.fates.of(add(one)) == Fate("unsent")


def test_what_the_server_acknowledged_is_received(station: Station) -> None:
    one, _ = station.archives
    person = add(one)
    meet(one.meeting, station.server)
    assert one.fates.of(person) == Fate("received")


def test_a_record_is_only_as_far_as_its_last_change(station: Station) -> None:
    one, _ = station.archives
    person = add(one)
    meet(one.meeting, station.server)
    record = one.get("person", person)
    assert record is not None
    one.save([Draft.edit(record, {"name": "李磊"})])
    assert one.fates.of(person) == Fate("unsent")


def test_what_came_from_another_device_names_it(station: Station) -> None:
    one, other = station.archives
    person = add(one)
    for _ in range(2):
        meet(one.meeting, station.server)
        meet(other.meeting, station.server)
    assert other.fates.of(person) == Fate("received", device=one.device.id)


def test_what_came_by_stick_waits_here_too_until_the_county_has_it(station: Station) -> None:
    one, other = station.archives
    for _ in range(2):
        meet(one.meeting, station.server)
        meet(other.meeting, station.server)
    person = add(one)
    by_stick(one, station.folder / "stick")
    meet(other.meeting, FolderStore(station.folder / "stick"))
    assert other.fates.of(person) == Fate("unsent", device=one.device.id)
    assert sum(line.count for line in other.fates.waiting()) == other.meeting.backlog().waiting == 1
    meet(other.meeting, station.server)
    assert other.fates.of(person) == Fate("received", device=one.device.id)


def test_from_a_refused_segment_on_everything_is_refused_and_says_why(station: Station) -> None:
    one, _ = station.archives
    fine = add(one)
    one.meeting.seal()
    stuck = add(one)
    one.meeting.seal()
    later = add(one)
    _, stream = one.device.stream
    refused = Refused(stream, 2, "sync.refused_fork", "stick", "x", one.now())
    remember(one, REFUSED, [refused])
    fates = one.fates.of_all([fine, stuck, later])
    assert fates == {
        fine: Fate("unsent"),
        stuck: Fate("refused", "sync.refused_fork"),
        later: Fate("refused", "sync.refused_fork"),
    }
    meet(one.meeting, station.server)
    assert {fate.state for fate in one.fates.of_all([fine, stuck, later]).values()} == {"received"}


def test_what_this_archive_did_not_take_says_nothing_about_its_own_records(archive: Archive) -> None:
    person = add(archive)
    archive.meeting.seal()
    _, stream = archive.device.stream
    remember(archive, REFUSED, [Refused(stream, 1, "sync.refused_signature", "stick", "x", 1, ours=False)])
    assert archive.fates.of(person) == Fate("unsent")


def test_what_waits_is_counted_by_type_with_its_oldest_day(station: Station) -> None:
    one, _ = station.archives
    before = one.now()
    person = add(one)
    one.save([Draft.new("screening", one.new_id(), {"score": score}, person=person) for score in range(3)])
    lines = {line.kind: line for line in one.fates.waiting()}
    assert {kind: line.count for kind, line in lines.items()} == {"screening": 3, "person": 1}
    assert all(before <= line.oldest <= one.now() for line in lines.values())
    assert sum(line.count for line in lines.values()) == one.meeting.backlog().waiting
    meet(one.meeting, station.server)
    assert one.fates.waiting() == []


def test_types_of_any_length_are_told_apart(archive: Archive) -> None:
    kinds = ["a" * 31, "b" * 32, "病" * 40, "c" * 120]
    person = add(archive)
    for kind in kinds:
        write_foreign(archive, kind, person)
    assert {line.kind for line in archive.fates.waiting()} == {"person", *kinds}


def test_a_type_that_is_too_long_to_be_one_of_ours_is_counted_as_unknown(archive: Archive) -> None:
    write_foreign(archive, "x" * 300, add(archive))
    assert {line.kind: line.count for line in archive.fates.waiting()} == {"person": 1, "": 1}


def test_a_segment_that_a_later_meeting_takes_is_no_longer_refused(station: Station) -> None:
    one, _ = station.archives
    add(one)
    one.meeting.seal()
    _, stream = one.device.stream
    remember(one, REFUSED, [Refused(stream, 1, "sync.refused_gap", "stick", STICK.name, 1), other(stream)])
    by_stick(one, station.folder / "stick")
    assert one.fates.refusals() == [other(stream)]


def test_a_failed_meeting_hands_nothing_on(station: Station) -> None:
    one, _ = station.archives
    person = add(one)
    one.meeting.seal()
    note_failed(one, STICK, problem())
    assert one.fates.of(person) == Fate("unsent")


def test_an_archive_that_remembers_nothing_has_been_refused_nothing(archive: Archive) -> None:
    assert archive.local(HANDED) is None
    assert (archive.fates.refusals(), archive.fates.handed()) == ([], [])


def other(stream: bytes) -> Refused:
    return Refused(stream, 1, "sync.refused_gap", "server", "https://county", 1)


def problem() -> EnvironmentProblem:
    return EnvironmentProblem("sync.stick_failed", folder="/media/stick")


def remember(archive: Archive, name: str, value: object) -> None:
    archive.remember(name, msgspec.json.encode(value).decode())


def write_foreign(archive: Archive, kind: str, person: bytes) -> None:
    """Have the log hold a change of a type that this program does not know."""
    number, _ = archive.device.stream
    change = Change(
        record=archive.new_id(), type=kind, schema=1, person=person, actor=archive.user, time=1 << 40, fields={"a": 1}
    )
    with archive.transaction():
        archive._log.append(number, archive._log.next_ordinal(number), [change])
