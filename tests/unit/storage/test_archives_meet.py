"""Archives that meet: what arrives, in which order, twice, half, from a newer version, or from a copy of oneself."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from storage.archive import Archive
from storage.errors import EnvironmentProblem
from storage.records import Catalogue, Draft, RecordType
from sync.clock import MAX_LEAD_MS, to_milliseconds
from sync.crypto import Signer
from sync.engine import Refusal, Transfer, meet, reconcile
from sync.papers import Receipt, open_paper, write_paper
from sync.segments import MAX_CHANGES, NO_ENVELOPES, Point, Segment, Tail, read_envelopes, read_header, seal_envelopes
from sync.store import Appended, SegmentStore
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop


def add_person(archive: Archive, name: str) -> bytes:
    person = archive.new_id()
    archive.save([Draft.new("person", person, {"name": name})])
    return person


def edit(archive: Archive, person: bytes, **fields: Any) -> None:
    record = archive.get("person", person)
    assert record is not None
    archive.save([Draft.edit(record, fields)])


def names(archive: Archive) -> set[str]:
    return {record.fields.get("name", "") for record in archive.find("person")}


def everybody_meets(station: Station) -> None:
    for _ in range(2):
        for archive in station.archives:
            meet(archive.meeting, station.server)


@contextmanager
def three(workshop: Workshop) -> Iterator[Station]:
    """A station of three devices that know each other and share the key."""
    with workshop.station(3) as station:
        everybody_meets(station)
        yield station


@pytest.fixture
def known(station: Station) -> Station:
    """A station of two devices that know each other and share the key."""
    everybody_meets(station)
    return station


@pytest.fixture
def stick(station: Station) -> FolderStore:
    (station.folder / "stick").mkdir()
    return FolderStore(station.folder / "stick")


# ---- sharing ----


def test_edits_meet_and_both_see_the_same(known: Station) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    everybody_meets(known)
    edit(one, person, name="李磊")
    edit(other, person, birth_date="2012-03-04")
    everybody_meets(known)
    for archive in (one, other):
        (record,) = archive.find("person")
        assert (record.fields, record.conflicts) == ({"name": "李磊", "birth_date": "2012-03-04"}, {})
    assert one.state_hash() == other.state_hash()


def test_two_edits_of_one_field_stand_side_by_side_until_somebody_settles_them(known: Station) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    everybody_meets(known)
    edit(one, person, name="李磊")
    edit(other, person, name="李蕾")
    everybody_meets(known)
    shown = [archive.find("person")[0] for archive in (one, other)]
    assert shown[0].fields == shown[1].fields
    assert {shown[0].fields["name"], *shown[0].conflicts["name"]} == {"李磊", "李蕾"}
    assert shown[0].conflicts == shown[1].conflicts
    edit(one, person, name="李磊")
    everybody_meets(known)
    assert [archive.find("person")[0].conflicts for archive in (one, other)] == [{}, {}]


def test_risk_that_one_raised_is_not_lowered_by_another_who_did_not_know(known: Station) -> None:
    one, other = known.archives
    one.save([Draft.new("alert", one.new_id(), {"level": "yellow"})])
    everybody_meets(known)
    one.save([Draft.edit(one.find("alert")[0], {"level": "red"})])
    other.save([Draft.edit(other.find("alert")[0], {"level": "blue"})])
    everybody_meets(known)
    assert [archive.find("alert")[0].fields["level"] for archive in (one, other)] == ["red", "red"]


def test_an_edit_does_not_replace_what_arrived_after_its_author_looked(known: Station) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    everybody_meets(known)
    seen = other.get("person", person)
    assert seen is not None
    edit(one, person, name="李磊")
    everybody_meets(known)
    other.save([Draft.edit(seen, {"name": "李蕾"})])
    (record,) = other.find("person")
    assert {record.fields["name"], *record.conflicts["name"]} == {"李磊", "李蕾"}


def test_what_another_device_wrote_can_be_searched_and_counted(known: Station) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    everybody_meets(known)
    assert [record.id for record in other.search("person", '"雷"')] == [person]
    edit(one, person, name="李磊", birth_date="2012-03-04")
    everybody_meets(known)
    assert other.search("person", '"雷"') == []
    assert other.tally("person", ("birth_date",)) == {("2012-03-04",): 1}


def test_more_than_a_segment_of_changes_goes_in_several(known: Station) -> None:
    one, other = known.archives
    one.save([Draft.new("person", one.new_id(), {"name": f"{number}"}) for number in range(2 * MAX_CHANGES + 1)])
    assert meet(one.meeting, known.server).sent == 2 * MAX_CHANGES + 1
    assert meet(other.meeting, known.server).received == 2 * MAX_CHANGES + 1
    assert other.state_hash() == one.state_hash()
    assert {point.seq for point in other.meeting.overview(other.meeting.scope).vector.values()} == {3}


def test_changes_of_every_size_travel(known: Station) -> None:
    one, other = known.archives
    texts = ["长" * length for length in (1, 100, 30_000, 500_000)] + [f"{number:0200}" * 2000 for number in range(3)]
    one.save([Draft.new("alert", one.new_id(), {"text": text}) for text in texts])
    everybody_meets(known)
    assert [record.fields["text"] for record in other.find("alert")] == texts


def test_progress_is_told_and_ends_at_the_total(known: Station) -> None:
    one, _ = known.archives
    one.save([Draft.new("person", one.new_id(), {"name": f"{number}"}) for number in range(2 * MAX_CHANGES)])
    told: list[tuple[int, int]] = []
    meet(one.meeting, known.server, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (2, 2)


def test_a_meeting_of_equals_moves_nothing(known: Station) -> None:
    add_person(known.archives[0], "李雷")
    everybody_meets(known)
    before = known.county.status()
    for archive in known.archives:
        assert meet(archive.meeting, known.server) == Transfer()
    assert known.county.status() == before


# ---- people are written about in other streams than the one that introduced them ----


def test_a_person_whom_another_device_introduced_can_be_read_whatever_arrives_first(workshop: Workshop) -> None:
    with three(workshop) as station:
        first, second, third = station.archives
        person = add_person(first, "李雷")
        everybody_meets_but(third, station)
        second.save([Draft.new("screening", second.new_id(), {"score": 9}, person=person)])
        edit(second, person, birth_date="2012-03-04")
        everybody_meets_but(third, station)
        scope = third.meeting.scope
        ours, theirs = (archive.device.stream[1] for archive in (first, second))
        for stream in (theirs, ours):
            third.meeting.append(scope, station.server.read(scope, stream, 1))
            third.meeting.settle()
            third.verify()
        assert third.meeting.backlog().unreadable == 0
        assert third.state_hash() == first.state_hash()
        assert third.find("person")[0].fields == {"name": "李雷", "birth_date": "2012-03-04"}
        state = third.state_hash()
        third.rebuild()
        assert third.state_hash() == state


def everybody_meets_but(left_out: Archive, station: Station) -> None:
    for _ in range(2):
        for archive in station.archives:
            if archive is not left_out:
                meet(archive.meeting, station.server)


def test_until_a_persons_key_arrives_the_changes_are_counted_as_unreadable(workshop: Workshop) -> None:
    with three(workshop) as station:
        first, second, third = station.archives
        person = add_person(first, "李雷")
        everybody_meets_but(third, station)
        second.save([Draft.new("screening", second.new_id(), {"score": 9}, person=person)])
        second.save([Draft.new("alert", second.new_id(), {"level": "red"})])
        second.meeting.seal()
        scope, stream = third.meeting.scope, second.device.stream[1]
        third.meeting.append(scope, second.meeting.read(scope, stream, 1))
        third.meeting.settle()
        assert third.meeting.backlog().unreadable == 1
        assert (len(third.find("screening")), len(third.find("alert"))) == (0, 1)
        (alert,) = third.find("alert")
        everybody_meets(station)
        assert third.meeting.backlog().unreadable == 0
        assert len(third.find("screening")) == 1
        third.save([Draft.edit(alert, {"level": "blue"})])
        assert third.find("alert")[0].conflicts == {}
        assert third.verify() == []


def test_an_edit_does_not_replace_what_its_author_could_not_read_yet(workshop: Workshop) -> None:
    """The change lay here when the edit was made, but its content was closed: nobody saw it."""
    with three(workshop) as station:
        first, second, third = station.archives
        person = add_person(first, "李雷")
        everybody_meets(station)
        hidden = add_person(first, "韩梅")
        everybody_meets_but(third, station)
        # A record about a person, and a second change of it that belongs to somebody whose key is not here yet.
        note = second.new_id()
        second.save([Draft.new("alert", note, {"level": "blue"}, person=person)])
        record = second.get("alert", note)
        assert record is not None
        second.save([msgspec.structs.replace(Draft.edit(record, {"level": "red"}), person=hidden)])
        second.meeting.seal()
        scope = third.meeting.scope
        third.meeting.append(scope, second.meeting.read(scope, second.device.stream[1], 1))
        third.meeting.settle()
        (seen,) = third.find("alert")
        assert (seen.fields, third.meeting.backlog().unreadable) == ({"level": "blue"}, 1)
        everybody_meets(station)
        third.save([Draft.edit(seen, {"level": "yellow"})])
        (record,) = third.find("alert")
        assert (record.fields, record.conflicts) == ({"level": "red"}, {"level": ["yellow"]})
        assert third.verify() == []


def test_a_tampered_envelope_costs_its_person_alone_and_only_until_the_key_comes(workshop: Workshop) -> None:
    with three(workshop) as station:
        first, second, _ = station.archives
        people = [add_person(first, name) for name in ("李雷", "韩梅")]
        first.meeting.seal()
        scope, stream = first.meeting.scope, first.device.stream[1]
        segment = first.meeting.read(scope, stream, 1)[-1]
        scope_key = first.device.scopes.key(first.device.scope)
        assert scope_key is not None
        broken = [one._replace(wrapped=bytes(len(one.wrapped))) for one in read_envelopes(segment.envelopes)][:1]
        broken += [one for one in read_envelopes(segment.envelopes) if one.person != broken[0].person]
        lost = broken[0].person
        second.meeting.append(scope, [Segment(segment.data, msgspec.msgpack.encode(broken))])
        second.meeting.settle()
        assert {record.id for record in second.find("person")} == {*people} - {lost}
        assert second.meeting.backlog().unreadable == 1
        key = first._connection.execute("SELECT key FROM person_key WHERE person = ?", (lost,)).fetchone()[0]
        first.save([Draft.new("screening", first.new_id(), {"score": 1}, person=lost)])
        first.meeting.seal()
        (later,) = first.meeting.read(scope, stream, 2)
        second.meeting.append(scope, [Segment(later.data, seal_envelopes({lost: key}, scope_key))])
        second.meeting.settle()
        assert second.meeting.backlog().unreadable == 0
        assert second.state_hash() == first.state_hash()


def test_envelopes_that_are_none_are_refused_and_the_real_ones_taken(known: Station) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    one.meeting.seal()
    scope = one.meeting.scope
    (segment,) = one.meeting.read(scope, one.device.stream[1], 1)
    assert other.meeting.append(scope, [Segment(segment.data, b"\xc1")])[:2] == (0, "sync.refused_unreadable")
    assert other.meeting.append(scope, [segment])[:2] == (1, "")
    other.meeting.settle()
    assert names(other) == {"李雷"}


# ---- newer versions ----


def test_types_and_schemas_of_a_newer_version_are_kept_relayed_and_shown_as_newer(workshop: Workshop) -> None:
    newer = Catalogue(
        [
            *(one for one in workshop.catalogue if one.name != "alert"),
            RecordType(name="alert", schema=7, index=("level",)),
            RecordType(name="referral", index=("to",)),
        ]
    )
    with three(workshop) as station:
        first, second, third = station.archives
        person = add_person(first, "李雷")
        path = first.path
        first.close()
        with workshop.open(path, 0, catalogue=newer) as upgraded:
            upgraded.save(
                [
                    Draft.new("alert", upgraded.new_id(), {"level": {"new": "shape"}}, person=person),
                    Draft.new("referral", upgraded.new_id(), {"to": "县医院"}, person=person),
                ]
            )
            edit(upgraded, person, name={"family": "李", "given": "雷"})
            meet(upgraded.meeting, station.server)
            meet(second.meeting, station.server)
            (station.folder / "stick").mkdir()
            stick = FolderStore(station.folder / "stick")
            meet(second.meeting, stick)
            meet(third.meeting, stick)
            for older in (second, third):
                assert older.state_hash() == upgraded.state_hash()
                assert [record.newer for record in older.find("alert")] == [True]
                assert [(record.type, record.newer) for record in older.find("other")] == [("referral", True)]
                assert older.find("person")[0].fields["name"] == {"family": "李", "given": "雷"}


# ---- stopped in the middle ----


class Line:
    """A way to a store that breaks: before a call is made, or after it was made and before its answer arrives."""

    def __init__(self, store: SegmentStore, calls: int, *, answer_lost: bool) -> None:
        self._store = store
        self._left = calls
        self._answer_lost = answer_lost

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self._left == 0 and not self._answer_lost:
                raise EnvironmentProblem("sync.broken_off")
            answer = getattr(self._store, name)(*arguments)
            if self._left == 0:
                raise EnvironmentProblem("sync.broken_off")
            self._left -= 1
            return answer

        return call


@pytest.mark.parametrize("answer_lost", [False, True])
@pytest.mark.parametrize("calls", range(6))
def test_a_meeting_can_break_anywhere_and_nothing_is_lost_or_doubled(
    known: Station, calls: int, answer_lost: bool
) -> None:
    one, other = known.archives
    person = add_person(one, "李雷")
    everybody_meets(known)
    edit(one, person, name="李磊")
    add_person(other, "韩梅")
    meet(other.meeting, known.server)
    before = known.county.status().changes
    try:
        meet(one.meeting, Line(known.server, calls, answer_lost=answer_lost))
    except EnvironmentProblem:
        assert one.meeting.backlog().locked == 0, "what has arrived is shown"
    everybody_meets(known)
    assert known.county.status().changes == before + 1
    assert [archive.info().changes for archive in (one, other)] == [before + 1] * 2
    assert one.state_hash() == other.state_hash()
    assert [archive.meeting.backlog().waiting for archive in (one, other)] == [0, 0]


def test_what_arrived_before_the_line_broke_can_be_seen(known: Station) -> None:
    one, other = known.archives
    one.save([Draft.new("alert", one.new_id(), {"text": secrets.token_hex(600_000)}) for _ in range(6)])
    meet(one.meeting, known.server)
    with pytest.raises(EnvironmentProblem):
        meet(other.meeting, Line(known.server, 2, answer_lost=False))
    assert 0 < len(other.find("alert")) < 6
    meet(other.meeting, known.server)
    assert other.find("alert") == one.find("alert")


# ---- receipts ----


def test_changes_wait_until_the_server_says_that_it_has_them(known: Station, stick: FolderStore) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    assert one.meeting.backlog().waiting == 1
    meet(one.meeting, stick)
    assert one.meeting.backlog().waiting == 1, "a stick is no server"
    meet(other.meeting, stick)
    assert other.meeting.backlog().waiting == 1
    meet(other.meeting, known.server)
    assert [archive.meeting.backlog().waiting for archive in (one, other)] == [1, 0]
    meet(one.meeting, known.server)
    assert one.meeting.backlog().waiting == 0


def test_a_server_put_back_from_a_backup_is_sent_again_what_it_lost(known: Station) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    everybody_meets(known)
    backup = known.folder / "backup"
    known.county.close()
    shutil.copytree(known.folder / "county", backup)
    add_person(one, "韩梅")
    add_person(other, "林涛")
    everybody_meets(known)
    assert one.meeting.backlog().waiting == 0
    known.county.close()
    for file in backup.iterdir():
        shutil.copy(file, known.folder / "county")
    for left in ("-wal", "-shm"):
        (known.folder / "county" / f"county.db{left}").unlink(missing_ok=True)
    one.meeting.acknowledge(known.server.overview(one.meeting.scope).receipt)
    assert one.meeting.backlog().waiting == 2
    assert meet(one.meeting, known.server).sent == 2
    assert one.meeting.backlog().waiting == 0


def test_a_receipt_that_our_server_did_not_sign_changes_nothing(known: Station, workshop: Workshop) -> None:
    one, _ = known.archives
    add_person(one, "李雷")
    meet(one.meeting, known.server)
    receipt = known.server.overview(one.meeting.scope).receipt
    add_person(one, "韩梅")
    with workshop.station(3) as elsewhere:
        foreign = elsewhere.server.overview(one.meeting.scope).receipt
    for junk in (b"", b"junk", receipt[:-1] + bytes([receipt[-1] ^ 1]), foreign):
        one.meeting.acknowledge(junk)
        assert one.meeting.backlog().waiting == 1


# ---- copies of oneself ----


def copied(archive: Archive, folder: Path) -> Path:
    """The files of an open archive as a disk image would hold them."""
    shutil.copytree(archive.path.parent, folder)
    return folder / archive.path.name


def test_a_fork_is_told_and_nothing_is_overwritten(known: Station, workshop: Workshop, stick: FolderStore) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    everybody_meets(known)
    with workshop.open(copied(one, known.folder / "clone")) as clone:
        add_person(one, "韩梅")
        add_person(clone, "林涛")
        stream = one.device.stream[1]
        assert meet(one.meeting, known.server).refused == []
        assert meet(clone.meeting, known.server).refused == [Refusal(stream, 2, "sync.refused_fork")]
        add_person(clone, "魏华")
        assert meet(clone.meeting, known.server).refused == [Refusal(stream, 3, "sync.refused_fork")]
        assert meet(clone.meeting, stick).refused == []
        assert meet(one.meeting, stick).refused != []
        everybody_meets(known)
        assert names(one) == names(other) == {"李雷", "韩梅"}
        assert names(clone) == {"李雷", "林涛", "魏华"}
        assert clone.meeting.backlog().waiting == 2
        assert [archive.verify() for archive in (one, other, clone)] == [[], [], []]


def test_an_older_copy_that_was_put_back_takes_its_own_work_back_and_goes_on_in_a_new_stream(
    known: Station, workshop: Workshop
) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    everybody_meets(known)
    backup = copied(one, known.folder / "backup")
    person = add_person(one, "韩梅")
    edit(one, person, birth_date="2012-03-04")
    everybody_meets(known)
    add_person(other, "林涛")
    meet(other.meeting, known.server)
    expected = other.state_hash()
    one.close()
    with workshop.open(backup) as again:
        before = again.device.stream
        assert names(again) == {"李雷"}
        assert meet(again.meeting, known.server) == Transfer(received=3)
        assert names(again) == {"李雷", "韩梅", "林涛"}
        assert again.state_hash() == expected
        assert again.device.stream != before
        assert again.device.stream[1][:16] == again.device.id
        add_person(again, "魏华")
        edit(again, person, birth_date="2012-03-05")
        for archive in (again, other):
            assert meet(archive.meeting, known.server).refused == []
        assert names(other) == {"李雷", "韩梅", "林涛", "魏华"}
        assert other.state_hash() == again.state_hash()
        assert [archive.meeting.backlog().waiting for archive in (again, other)] == [0, 0]
        assert [archive.verify() for archive in (again, other)] == [[], []]


def test_last_work_of_a_lost_laptop_on_a_stick_is_still_taken_after_its_older_copy_went_on(
    known: Station, workshop: Workshop, stick: FolderStore
) -> None:
    one, other = known.archives
    backup = copied(one, known.folder / "backup")
    add_person(one, "李雷")
    meet(one.meeting, known.server)
    add_person(one, "韩梅")
    meet(one.meeting, stick)
    one.close()
    with workshop.open(backup) as again:
        meet(again.meeting, known.server)
        add_person(again, "林涛")
        meet(again.meeting, known.server)
        assert meet(again.meeting, stick).refused == []
        assert meet(other.meeting, stick).refused == []
        assert names(again) == names(other) == {"李雷", "韩梅", "林涛"}


def test_an_older_copy_with_work_of_its_own_is_a_fork(known: Station, workshop: Workshop) -> None:
    one, _ = known.archives
    backup = copied(one, known.folder / "backup")
    add_person(one, "李雷")
    everybody_meets(known)
    one.close()
    with workshop.open(backup) as again:
        add_person(again, "韩梅")
        scope, stream = again.meeting.scope, again.device.stream[1]
        segments = known.server.read(scope, stream, 1)
        assert again.meeting.append(scope, segments)[:2] == (0, "sync.refused_fork"), "not sealed yet"
        assert meet(again.meeting, known.server).refused == [Refusal(stream, 1, "sync.refused_fork")]
        assert names(again) == {"韩梅"}
        assert again.verify() == []


# ---- clocks ----


def test_a_clock_that_is_far_ahead_elsewhere_does_not_carry_ours_away(workshop: Workshop) -> None:
    with workshop.station() as station:
        everybody_meets(station)
        one, other = station.archives
        one._clock.wall = workshop.wall(4_000_000_000_000)
        person = add_person(one, "李雷")
        everybody_meets(station)
        edit(other, person, name="李磊")
        stamps = [to_milliseconds(change.time) for change in other.history(person)]
        assert min(stamps) <= other.now() + MAX_LEAD_MS
        assert other.find("person")[0].fields["name"] == "李磊", "who saw a value replaces it, whatever the clocks"


# ---- stores ----


def test_an_archive_shows_others_the_end_of_each_stream(known: Station) -> None:
    one, _ = known.archives
    add_person(one, "李雷")
    one.meeting.seal()
    scope, stream = one.meeting.scope, one.device.stream[1]
    (segment,) = one.meeting.read(scope, stream, 1)
    tail = Tail.of_new(stream)
    assert one.meeting.overview(scope).vector == {stream: tail.after(read_header(segment.data), segment.data).point}


def test_two_archives_can_meet_without_anything_between_them(known: Station) -> None:
    one, other = known.archives
    add_person(one, "李雷")
    add_person(other, "韩梅")
    other.meeting.seal()
    assert meet(one.meeting, other.meeting) == Transfer(sent=1, received=1)
    other.meeting.settle()
    assert names(one) == names(other) == {"李雷", "韩梅"}


class Forgetful:
    """A store that says it has more than it hands over, or takes nothing without a word."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def overview(self, scope: bytes) -> Any:
        overview = self._store.overview(scope)
        return msgspec.structs.replace(overview, vector={**overview.vector, b"s" * 24: Point(5, b"12345678")})

    def append(self, scope: bytes, segments: Any) -> Any:
        del scope, segments
        return Appended(0)


def test_a_store_that_does_not_keep_its_word_ends_the_meeting_with_a_report(known: Station) -> None:
    one, _ = known.archives
    add_person(one, "李雷")
    one.meeting.seal()
    transfer = reconcile(one.meeting, Forgetful(known.server), one.meeting.scope).transfer
    assert set(transfer.refused) == {
        Refusal(b"s" * 24, 1, "sync.refused_missing"),
        Refusal(one.device.stream[1], 1, "sync.refused_unreadable"),
    }


def test_a_segment_without_envelopes_is_one_whose_people_are_known_already(known: Station) -> None:
    one, _ = known.archives
    person = add_person(one, "李雷")
    one.meeting.seal()
    one.save([Draft.new("screening", one.new_id(), {"score": 1}, person=person)])
    one.meeting.seal()
    first, second = one.meeting.read(one.meeting.scope, one.device.stream[1], 1)
    assert [envelope.person for envelope in read_envelopes(first.envelopes)] == [person]
    assert second.envelopes == NO_ENVELOPES


def test_opening_and_closing_makes_no_segments(known: Station, workshop: Workshop) -> None:
    one, _ = known.archives
    add_person(one, "李雷")
    one.close()
    for _ in range(3):
        with workshop.open(one.path) as again:
            assert again.meeting.overview(again.meeting.scope).vector == {}
            assert again.meeting.backlog().waiting == 1


def test_a_server_that_was_put_back_or_lost_something_is_told(known: Station) -> None:
    one, _ = known.archives
    add_person(one, "李雷")
    assert meet(one.meeting, known.server).server == ""
    assert meet(one.meeting, known.server).server == ""
    scope, signer = one.device.scope, known.county.server
    vector = one.meeting.overview(scope).vector

    def receipt(incarnation: bytes, points: dict[bytes, Point]) -> bytes:
        return write_paper(Receipt(signer.id, incarnation, scope, sorted(points.items())), signer)

    before = open_paper(known.server.overview(scope).receipt, Receipt, signer.public_key).incarnation
    assert one.meeting.acknowledge(receipt(before, {})) == "rolled_back"
    assert one.meeting.backlog().waiting > 0
    assert one.meeting.acknowledge(receipt(before, vector)) == ""
    assert one.meeting.acknowledge(receipt(b"n" * 16, {})) == "restored"
    assert one.meeting.acknowledge(receipt(b"n" * 16, vector)) == ""
    assert one.meeting.backlog().waiting == 0
    forged = Signer.generate()
    assert one.meeting.acknowledge(write_paper(Receipt(signer.id, b"m" * 16, scope, []), forged)) == ""
