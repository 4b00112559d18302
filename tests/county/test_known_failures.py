"""Seventeen ways in which systems like this one have lost data elsewhere, one claim each: not here.

Most are tried from more sides in the tests of the part concerned; the names of this file are the list.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from storage.accounts import recover
from storage.archive import Archive
from storage.errors import EnvironmentProblem, Problem
from storage.keys import open_slots, slots_path
from storage.records import Draft
from storage.recovery_code import new_code
from sync.county.backup import back_up, restore
from sync.crypto import SIGNATURE_SIZE, Signer
from sync.engine import Refusal, meet
from sync.papers import Erasure, write_paper
from sync.segments import Header, Segment, Tail, read_envelopes, read_header
from sync.store import FORK
from sync.transports.folder import FolderStore
from sync.wire import encode
from tests.county.inside import serving_inside
from tests.county.served import Served, add_person, running, serving
from tests.property.meeting_world import CATALOGUE

if TYPE_CHECKING:
    from tests.conftest import Station, Workshop

DIES_AFTER_THE_COMMIT = """
import os, signal
from sync.county.store import CountyStore

class Dies(CountyStore):
    def append(self, scope, segments):
        super().append(scope, segments)
        os.kill(os.getpid(), signal.SIGKILL)

import sync.county.office
sync.county.office.CountyStore = Dies
"""

SAVES = """
import sys
from pathlib import Path
from storage.archive import Archive
from storage.keys import Unlocked
from storage.records import Catalogue, Draft, RecordType

catalogue = Catalogue([RecordType(name="person", index=("name",), person=True)])
unlocked = Unlocked(*(bytes.fromhex(part) for part in sys.stdin.readline().split(",")))
with Archive.open_unlocked(Path(sys.argv[1]), unlocked, catalogue) as archive:
    while True:
        archive.save([Draft.new("person", archive.new_id(), {"name": "学生"})])
        archive.meeting.seal()
        print("saved", flush=True)
"""


class Place(NamedTuple):
    """A station of three devices that know each other, its server over HTTPS, and a stick."""

    served: Served
    workshop: Workshop
    folder: Path
    archives: list[Archive]

    @property
    def stick(self) -> FolderStore:
        (self.folder / "stick").mkdir(exist_ok=True)
        return FolderStore(self.folder / "stick")

    def meet(self, *archives: Archive) -> None:
        for archive in archives or self.archives * 2:
            assert self.served.meet(archive).refused == []

    def agree(self) -> None:
        """All have the same, and nothing is left to do."""
        assert len({archive.state_hash() for archive in self.archives}) == 1
        for archive in self.archives:
            assert archive.verify() == []
            backlog = archive.meeting.backlog()
            assert (backlog.waiting, backlog.locked, backlog.unreadable) == (0, 0, 0)


@contextmanager
def opened(workshop: Workshop, station: Station) -> Iterator[list[Archive]]:
    """The devices of a station with a program that can erase."""
    with ExitStack() as stack:
        archives = []
        for number, archive in enumerate(station.archives):
            archive.close()
            archives.append(stack.enter_context(workshop.open(archive.path, number, catalogue=CATALOGUE)))
        station.archives[:] = archives
        yield station.archives


@pytest.fixture
def place(workshop: Workshop) -> Iterator[Place]:
    with (
        workshop.station(3) as station,
        opened(workshop, station) as archives,
        serving_inside(station.county) as url,
    ):
        here = Place(Served(station, url), workshop, station.folder, archives)
        here.meet()
        yield here


def names(archive: Archive) -> set[str]:
    return {record.fields.get("name", "") for record in archive.find("person")}


def edit(archive: Archive, person: bytes, **fields: Any) -> None:
    record = archive.get("person", person)
    assert record is not None
    archive.save([Draft.edit(record, fields)])


def copied(archive: Archive, folder: Path) -> Path:
    """The files of an open archive as a disk image, or a power cut, leaves them."""
    shutil.copytree(archive.path.parent, folder)
    return folder / archive.path.name


def test_failure_01_a_relay_that_can_read_only_a_part_passes_everything_on(place: Place) -> None:
    """One that only collects carries the stick of a colleague to the county; it has no key of what was before it."""
    one, other, _ = place.archives
    for name in ("李雷", "韩梅"):
        add_person(one, name)
        one.meeting.seal()
    meet(one.meeting, place.stick)
    with place.workshop.archive(3) as relay:
        place.workshop.join(relay, place.served.county, role="collector")
        assert meet(relay.meeting, place.stick).received == 2
        assert relay.find("person") == []
        place.served.meet(relay)
        place.meet(other)
        assert names(other) == {"李雷", "韩梅"}


def test_failure_02_a_server_put_back_from_a_backup_is_sent_again_what_it_lost(place: Place) -> None:
    one, other, _ = place.archives
    back_up(place.served.county, place.folder / "backup")
    add_person(one, "李雷")
    place.meet(one)
    assert one.meeting.backlog().waiting == 0
    restore(place.folder / "backup", place.folder / "restored")
    with serving(place.folder / "restored") as url:
        assert place.served.meet(one, url).sent == 1
        assert place.served.meet(other, url).received == 1
    assert names(other) == {"李雷"}


def test_failure_03_a_laptop_put_back_gives_no_number_twice(place: Place) -> None:
    one, other, _ = place.archives
    image = copied(one, place.folder / "image")
    add_person(one, "李雷")
    place.meet(one, other)
    one.close()
    with place.workshop.open(image, 0, catalogue=CATALOGUE) as again:
        place.meet(again)
        add_person(again, "韩梅")
        place.archives[0] = again
        place.meet()
        assert names(again) == names(other) == {"李雷", "韩梅"}
        place.agree()


def test_failure_04_an_answer_that_is_lost_after_the_commit_doubles_nothing_and_promises_nothing(place: Place) -> None:
    one, other, _ = place.archives
    add_person(one, "李雷")
    with running(place.folder / "county", before=DIES_AFTER_THE_COMMIT) as doomed:
        with pytest.raises(EnvironmentProblem):
            place.served.meet(one, doomed.url)
        assert doomed.process.wait(30) == -signal.SIGKILL
    assert one.meeting.backlog().waiting == 1, "nobody has said that it is there"
    assert place.served.county.status().changes == 1
    place.meet()
    assert place.served.county.status().changes == 1
    assert names(other) == {"李雷"}
    place.agree()


def test_failure_05_two_records_that_say_the_same_are_both_kept(place: Place) -> None:
    one, other, _ = place.archives
    for archive in (one, other):
        person = archive.new_id()
        archive.save([Draft.new("person", person, {"name": "李雷", "id_number": "990000201203040017"})])
    place.meet()
    assert [len(archive.find("person")) for archive in place.archives] == [2, 2, 2]
    assert place.served.county.status().changes == 2
    place.agree()


def test_failure_06_an_emptied_place_is_filled_again_and_deletes_nothing(place: Place) -> None:
    one, other, _ = place.archives
    back_up(place.served.county, place.folder / "empty")
    add_person(one, "李雷")
    place.meet()
    meet(one.meeting, place.stick)
    shutil.rmtree(place.folder / "stick")
    assert meet(other.meeting, place.stick).sent == 1
    restore(place.folder / "empty", place.folder / "restored")
    with serving(place.folder / "restored") as url:
        assert place.served.meet(other, url).sent == 1
        place.served.meet(one, url)
    assert names(one) == names(other) == {"李雷"}


def test_failure_07_a_wrong_clock_wins_over_nobody_who_saw_it_and_hides_nobody(place: Place) -> None:
    one, other, third = place.archives
    late, early = place.workshop.wall(4_070_908_800_000), place.workshop.wall(0)
    person = add_person(one, "李雷")
    place.meet()
    one._clock.wall, other._clock.wall = late, early
    edit(one, person, name="李磊")
    place.meet()
    edit(other, person, name="李蕾")
    place.meet()
    assert [names(archive) for archive in place.archives] == [{"李蕾"}] * 3, (
        "made in 1970, by somebody who saw the other"
    )
    edit(one, person, birth_date="2012-03-04")
    edit(other, person, birth_date="2012-03-05")
    place.meet()
    for archive in place.archives:
        (record,) = archive.find("person")
        assert {record.fields["birth_date"], *record.conflicts["birth_date"]} == {"2012-03-04", "2012-03-05"}
    assert [archive.clock_doubt() for archive in (one, other)] == ["late", "early"]
    assert third.clock_doubt() == ""


def test_failure_08_a_sending_that_fails_is_told_and_everything_is_still_here(place: Place) -> None:
    one, *_ = place.archives
    person = add_person(one, "李雷")
    with running(place.folder / "county") as server:
        server.stop()
    with pytest.raises(EnvironmentProblem):
        place.served.meet(one, server.url)
    assert one.meeting.backlog().waiting == 1
    fate = one.fates.of(person)
    assert fate is not None
    assert fate.state == "unsent"
    assert names(one) == {"李雷"}


def test_failure_09_what_a_crash_left_half_done_does_not_stop_what_comes_after(place: Place) -> None:
    """Power goes between sealing and sending; and somebody else's stream is refused for ever."""
    one, other, _ = place.archives
    add_person(one, "李雷")
    one.meeting.seal()
    image = copied(one, place.folder / "image")
    one.close()
    with place.workshop.open(image, 0, catalogue=CATALOGUE) as again:
        place.archives[0] = again
        clone = copied(other, place.folder / "clone")
        add_person(other, "韩梅")
        place.meet(other)
        with place.workshop.open(clone, 1, catalogue=CATALOGUE) as stuck:
            add_person(stuck, "只在这里")
            add_person(again, "林涛")
            meet(again.meeting, place.stick)
            refused = place.served.meet(stuck).refused
            assert refused == [Refusal(other.device.stream[1], 1, FORK)]
            meet(stuck.meeting, place.stick)
            assert names(stuck) == {"李雷", "林涛", "只在这里"}
        place.meet()
        assert names(again) == names(other) == {"李雷", "韩梅", "林涛"}
        place.agree()


def test_failure_10_a_record_has_one_scope_for_ever_and_nothing_is_left_hanging(place: Place) -> None:
    """What another station is told about somebody is a copy of its own; the station's records stay where they are."""
    one, other, _ = place.archives
    with place.workshop.open(place.workshop.copy(place.folder / "hospital", 3), 3, catalogue=CATALOGUE) as hospital:
        place.workshop.join(hospital, place.served.county, "县人民医院")
        certificate = hospital.device.certificate
        assert certificate is not None
        person = add_person(one, "李雷")
        one.save([Draft.new("alert", one.new_id(), {"level": "red"}, person=person)])
        scope = one.share("transfer", [(certificate.station, certificate.station_name)])
        one.save([Draft.new("referral", one.new_id(scope), {"status": "moved"}, person=person)])
        place.meet(one, hospital, one, hospital, other)
        assert [record.fields for record in hospital.find("referral")] == [{"status": "moved"}]
        assert (hospital.find("person"), hospital.find("alert")) == ([], [])
        assert names(one) == names(other) == {"李雷"}
        with pytest.raises(Problem, match="no_such_person"):
            hospital.save([Draft.new("alert", hospital.new_id(), {"level": "red"}, person=person)])
        for archive in (one, other, hospital):
            assert archive.verify() == []
        assert one.state_hash(scope) == other.state_hash(scope) == hospital.state_hash(scope)


def test_failure_11_an_old_stick_brings_nobody_back_who_was_erased(place: Place) -> None:
    one, other, third = place.archives
    person = add_person(one, "李雷")
    place.meet()
    old = place.folder / "old"
    meet(one.meeting, place.stick)
    shutil.copytree(place.folder / "stick", old)
    one.erase(person, {})
    place.meet()
    for archive in (third, other, one):
        meet(archive.meeting, FolderStore(old))
        place.meet(archive)
        assert names(archive) == set()
    store = place.served.county.store
    scope = one.device.scope
    kept = [part for stream in store.overview(scope).vector for part in store.read(scope, stream, 1)]
    assert person not in {envelope.person for part in kept for envelope in read_envelopes(part.envelopes)}
    place.agree()


def test_failure_12_two_who_erase_the_same_person_agree(place: Place) -> None:
    one, other, third = place.archives
    person = add_person(one, "李雷")
    place.meet()
    edit(third, person, birth_date="2012-03-04")
    one.erase(person, {"reason": "retention"})
    other.erase(person, {"reason": "request"})
    place.meet()
    assert [names(archive) for archive in place.archives] == [set()] * 3
    place.agree()


def test_failure_13_what_the_program_does_by_itself_changes_no_record(place: Place) -> None:
    """Opening, folding again, checking, sealing and meeting, on a laptop whose clock is far ahead."""
    one, other, _ = place.archives
    person = add_person(one, "李雷")
    place.meet()
    edit(one, person, name="李磊")
    other.close()
    with place.workshop.open(other.path, 1, catalogue=CATALOGUE, wall=place.workshop.wall(4_070_908_800_000)) as ahead:
        place.archives[1] = ahead
        ahead.rebuild()
        ahead.verify()
        place.meet()
        (record,) = ahead.find("person")
        assert (record.fields, record.conflicts) == ({"name": "李磊"}, {})
        assert ahead.info().changes == one.info().changes == 2
        place.agree()


def test_failure_14_meeting_again_and_again_makes_nothing_grow(place: Place) -> None:
    one, *_ = place.archives
    add_person(one, "李雷")
    place.meet()
    scope, stream = one.device.scope, one.device.stream[1]

    def size() -> tuple[object, ...]:
        with place.served.county.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        rows = one._connection.execute("SELECT (SELECT count(*) FROM segment), (SELECT count(*) FROM paper)").fetchone()
        return place.served.county.status(), pages, rows, one.info().changes

    before = size()
    with place.served.store(one) as store:
        for _ in range(20):
            assert store.append(scope, one.meeting.read(scope, stream, 1))[:2] == (1, "")
            meet(one.meeting, store)
            meet(one.meeting, place.stick)
    assert size() == before
    assert len(list((place.folder / "stick").rglob("*.seg"))) == 1


def test_failure_15_a_keyring_that_is_gone_locks_nobody_out(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    with workshop.open(path) as archive:
        code = new_code()
        archive.accounts.set_recovery(code)
        archive.accounts.set_password(workshop.user, "新的口令 9", device_secret=b"s" * 32)
    with pytest.raises(Problem) as caught:
        open_slots(slots_path(path), workshop.user, "新的口令 9")
    assert caught.value.key == "archive.no_device_secret"
    recover(path, code, workshop.user, "又一个口令 7")
    assert open_slots(slots_path(path), workshop.user, "又一个口令 7").key == workshop.template(0).unlocked.key


def test_failure_16_a_program_that_is_killed_leaves_no_damaged_page(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.copy(tmp_path)
    unlocked = workshop.template(0).unlocked
    command = [sys.executable, "-c", SAVES, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(",".join(part.hex() for part in unlocked) + "\n")
        process.stdin.flush()
        said = [process.stdout.readline() for _ in range(20)]
        process.kill()
        said += process.stdout.readlines()
    saved = sum(line == "saved\n" for line in said)
    with workshop.open(path) as archive:
        assert archive.verify() == []
        assert saved <= len(archive.find("person")) <= saved + 1


def test_failure_17_what_a_newer_version_writes_is_kept_carried_on_and_loses_nobody_else_anything(place: Place) -> None:
    """A segment of a suite that nobody here knows, papers of unknown kinds and shapes; the rest goes on."""
    one, other, third = place.archives
    add_person(one, "李雷")
    place.meet()
    scope = one.device.scope
    newer = tomorrows(one)
    assert one.meeting.append(scope, [newer])[:2] == (1, "")
    one.meeting.settle()
    one.meeting.add_papers(scope, tomorrows_papers(one.device.signer, scope))
    add_person(other, "韩梅")
    place.meet()
    for archive in (other, third):
        assert names(archive) == {"李雷", "韩梅"}
        assert archive.meeting.backlog().locked == 1
        assert archive.meeting.read(scope, read_header(newer.data).stream, 1) == [newer]
        assert archive.verify() == []
    with place.served.store(one) as store:
        before = store.overview(scope)
        store.add_papers(scope, tomorrows_papers(one.device.signer, scope))
        assert store.overview(scope).papers == before.papers


def tomorrows(archive: Archive) -> Segment:
    """The first segment of another stream of a device, as a version with a suite of its own would sign it."""
    tail = Tail.of_new(archive.device.id + b"tomorrow")
    header = encode(Header(2, archive.device.scope, tail.stream, 1, tail.hash, 1, 3, 1, 7, 40))
    start = b"XYS1" + len(header).to_bytes(2, "big") + header + b"sealed with SM4"
    return Segment(start + archive.device.signer.sign(b"xinyi segment 1", start), encode([]))


def tomorrows_papers(signer: Signer, scope: bytes) -> list[bytes]:
    known = write_paper(Erasure(scope, b"p" * 16, signer.id), signer)
    longer = encode([*msgspec.msgpack.decode(known[9:-SIGNATURE_SIZE]), "a field that came later"])
    papers = []
    for kind, body in ((99, encode(["something new"])), (Erasure.KIND, longer)):
        start = b"XYP1" + bytes([kind]) + len(body).to_bytes(4, "big") + body
        papers.append(start + signer.sign(b"xinyi paper 1", start))
    return papers
