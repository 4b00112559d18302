"""Five laptops of two stations, a county server and two sticks: whatever happens, in the end everybody has all that counts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from storage.archive import Archive
from storage.errors import EnvironmentProblem, Problem
from storage.records import Draft
from sync.engine import meet
from sync.ids import device_of
from sync.segments import NOWHERE
from sync.store import FORK, REVOKED
from tests.effort import rounds
from tests.property.meeting_world import DEVICES, STATIONS, STICKS, Line, World, erased_in

if TYPE_CHECKING:
    from tests.conftest import Workshop

SHARED = 2
"""Referrals at most: every scope makes every meeting longer."""

devices = st.sampled_from(DEVICES)
sticks = st.integers(0, STICKS - 1)
levels = st.sampled_from(["blue", "yellow", "orange", "red"])
clocks = st.sampled_from([0, 1_790_000_000_000, 4_070_908_800_000])
"""A dead battery, a day like any other, New Year 2099."""


class Meetings(RuleBasedStateMachine):
    """What people do with their laptops."""

    def __init__(self, workshop: Workshop, template: Path) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=template.parent))
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        self.world = World(workshop, self.folder)
        self.archives: list[Archive] = self.world.archives
        self.backups: dict[int, Path] = {}
        self.county_backup: Path | None = None
        self.shared: list[bytes] = []
        self.copies = 0

    def name(self, what: str) -> str:
        self.copies += 1
        return f"{what}-{self.copies}"

    def place(self, device: int, data: st.DataObject) -> str | int:
        others = [one for one in self.world.colleagues(device) if one != device]
        there: list[str | int] = ["server", "server", "stick-0", "stick-1", *others]
        return data.draw(st.sampled_from(there))

    @initialize(acquainted=st.sampled_from([True, True, False]))
    def begin(self, *, acquainted: bool) -> None:
        """Mostly all have their station's key already; the way there is part of the game now and then."""
        for _ in range(2 if acquainted else 0):
            for device in DEVICES:
                self.world.meet(device, "server")

    # ---- work ----

    @rule(device=devices)
    def save_person(self, device: int) -> None:
        person = self.archives[device].new_id()
        self.world.save(device, Draft.new("person", person, {"name": f"学生{len(self.world.committed)}"}))

    @rule(device=devices, data=st.data(), level=levels)
    def save_alert(self, device: int, data: st.DataObject, level: str) -> None:
        archive = self.archives[device]
        people = [record.id for record in archive.find("person")]
        person = data.draw(st.sampled_from(people)) if people else None
        self.world.save(device, Draft.new("alert", archive.new_id(), {"level": level}, person=person))

    @rule(device=devices, data=st.data(), level=levels, day=st.integers(1, 3))
    def edit(self, device: int, data: st.DataObject, level: str, day: int) -> None:
        archive = self.archives[device]
        known = [*archive.find("alert"), *archive.find("person"), *archive.find("referral")]
        if known:
            record = data.draw(st.sampled_from(known))
            fields = {"alert": {"level": level}, "person": {"birth_date": f"2012-03-0{day}"}}
            self.world.save(device, Draft.edit(record, fields.get(record.type, {"status": f"{day}"})))

    @precondition(lambda self: len(self.shared) < SHARED)
    @rule(device=devices, data=st.data())
    def refer(self, device: int, data: st.DataObject) -> None:
        """Tell the other station about somebody."""
        archive = self.archives[device]
        people = [record.id for record in archive.find("person")]
        other = next(one for one in STATIONS.values() if device not in one)[0]
        certificate = self.archives[other].device.certificate
        assert certificate is not None
        if people and device not in self.world.forgotten and not archive.meeting.membership.is_revoked():
            scope = archive.share("referral", [(certificate.station, certificate.station_name)])
            self.shared.append(scope)
            person = data.draw(st.sampled_from(people))
            self.world.save(device, Draft.new("referral", archive.new_id(scope), {"status": "sent"}, person=person))

    @rule(device=devices, data=st.data())
    def erase(self, device: int, data: st.DataObject) -> None:
        archive = self.archives[device]
        people = [record.id for record in archive.find("person")]
        if people and device in self.world.settled():
            with self.world.noted(device):
                archive.erase(data.draw(st.sampled_from(people)), {})

    # ---- meetings ----

    @rule(device=devices, data=st.data())
    def meet(self, device: int, data: st.DataObject) -> None:
        place = self.place(device, data)
        if place == "server" and device in self.world.revoked():
            with pytest.raises(Problem, match="revoked"):
                self.world.meet(device, place)
            return
        assert {one.reason for one in self.world.meet(device, place).refused} <= {REVOKED}

    @rule()
    def all_meet_the_server(self) -> None:
        for device in filter(lambda one: one in self.world.active(), DEVICES):
            assert {one.reason for one in self.world.meet(device, "server").refused} <= {REVOKED}

    @rule(device=devices, data=st.data(), calls=st.integers(0, 6), answer_lost=st.booleans())
    def meet_on_a_bad_line(self, device: int, data: st.DataObject, calls: int, *, answer_lost: bool) -> None:
        store = self.world.store(device, self.place(device, data))
        with suppress(EnvironmentProblem, Problem):
            meet(self.archives[device].meeting, Line(store, calls, answer_lost=answer_lost))
        self.world.note_safe(device)

    @rule(device=devices, data=st.data())
    def receive_one_stream_alone(self, device: int, data: st.DataObject) -> None:
        """As when the line breaks between two streams: the people in it may have come in another."""
        archive = self.archives[device]
        place = self.place(device, data)
        if place == "server" and device in self.world.revoked():
            return
        store, scope = self.world.store(device, place), archive.meeting.scope
        known = archive.meeting.overview(scope).vector
        ends = store.overviews({scope: archive.meeting.overview(scope)})[scope].vector
        news = [stream for stream in sorted(ends) if ends[stream].seq > known.get(stream, NOWHERE).seq]
        news = [stream for stream in news if device_of(stream) != archive.device.id]
        if news:
            stream = data.draw(st.sampled_from(news))
            segments = store.read(scope, stream, known.get(stream, NOWHERE).seq + 1)
            assert archive.meeting.append(scope, segments).reason in {"", REVOKED, "sync.refused_device"}
            archive.meeting.settle()

    # ---- mishaps ----

    @rule(device=devices)
    def reopen(self, device: int) -> None:
        self.world.put_back(device, self.archives[device].path.parent)

    @rule(device=devices, now=clocks)
    def let_a_clock_jump(self, device: int, now: int) -> None:
        self.world.walls[device].now = now

    @rule(stick=sticks)
    def lose_a_stick(self, stick: int) -> None:
        shutil.rmtree(self.folder / f"stick-{stick}")
        (self.folder / f"stick-{stick}").mkdir()

    @rule(stick=sticks, data=st.data())
    def damage_a_stick(self, stick: int, data: st.DataObject) -> None:
        files = sorted(path for path in (self.folder / f"stick-{stick}").rglob("*") if path.is_file())
        if files:
            path = data.draw(st.sampled_from(files))
            path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, 300))])

    def all_sent(self, device: int) -> bool:
        self.world.meet(device, "server")
        return self.archives[device].meeting.backlog().waiting == 0

    @rule(device=devices)
    def copy_the_files(self, device: int) -> None:
        """Of a device that has nothing left to send."""
        if device in self.world.active() and self.all_sent(device):
            self.backups[device] = self.world.copy_of(device, self.name("copy"))

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def put_an_older_copy_back(self, data: st.DataObject) -> None:
        device = data.draw(st.sampled_from(sorted(self.backups)))
        if device in self.world.active() and self.all_sent(device):
            self.world.put_back(device, self.backups.pop(device))
            assert {one.reason for one in self.world.meet(device, "server").refused} <= {REVOKED}

    @rule(device=devices, original_first=st.booleans())
    def clone_a_laptop(self, device: int, *, original_first: bool) -> None:
        """Both write on. Whoever hands in first is believed; the other is told, and goes."""
        has_key = self.archives[device].device.scopes.key(self.archives[device].device.scope)
        if device not in self.world.active() or not self.all_sent(device) or not has_key:
            return
        folder = self.world.copy_of(device, self.name("clone"))
        path = self.archives[device].path.parent
        if not original_first:
            self.world.put_back(device, folder)
        self.save_person(device)
        assert {one.reason for one in self.world.meet(device, "server").refused} <= {REVOKED}
        with self.world.open((path if not original_first else folder) / self.world.workshop.file, device) as loser:
            for _ in range(2):
                loser.save([Draft.new("person", loser.new_id(), {"name": "只在这里"})])
                loser.meeting.seal()
            refused = meet(loser.meeting, self.world.store(device, "server")).refused
            assert FORK in {one.reason for one in refused}
            assert "只在这里" in {record.fields["name"] for record in loser.find("person")}
            assert loser.verify() == []

    # ---- what the county does ----

    @rule(device=devices)
    def revoke(self, device: int) -> None:
        """One whose work is at the county: an erasure that comes later is destruction by somebody unknown."""
        world = self.world
        if device in world.active() and world.may_be_lost(device) and world.is_handed_in(device):
            world.county.revoke(self.archives[device].device.id.hex())

    @rule(device=devices)
    def let_count_what_came_later(self, device: int) -> None:
        if device in self.world.revoked():
            self.world.county.revoke(self.archives[device].device.id.hex(), accept_later=True)

    @rule(device=devices)
    def admit_again(self, device: int) -> None:
        station = next(name for name, members in STATIONS.items() if device in members)
        self.world.workshop.join(self.archives[device], self.world.county, station)
        self.world.forgotten.discard(device)

    @rule()
    def back_the_server_up(self) -> None:
        """Whom the county admits and revokes later, a server that is put back learns from the stations."""
        self.county_backup = self.world.back_up_county(self.name("backup"))

    @precondition(lambda self: self.county_backup)
    @rule()
    def restore_the_server(self) -> None:
        assert self.county_backup is not None
        self.world.restore_county(self.county_backup, self.name("county"))

    # ---- and in the end ----

    def teardown(self) -> None:
        try:
            for device in self.world.active():
                # What had to be said about others goes with the next thing that is saved.
                self.save_person(device)
            self.world.come_to_rest()
            self.all_that_counts_is_everywhere()
            self.nobody_has_what_they_must_not()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def all_that_counts_is_everywhere(self) -> None:
        world = self.world
        lengths, counting = world.lengths(), world.counting()
        assert world.promised() <= counting.keys()
        apart = {self.archives[device].device.id for device in world.revoked() & world.forgotten}
        safe = {stream: end for stream, end in world.safe.items() if device_of(stream) not in apart}
        assert {stream: end for stream, end in safe.items() if end > lengths.get(stream, 0)} == {}
        assert sum(lengths.values()) == len(counting)
        erased = erased_in(counting.values())
        active = [self.archives[device] for device in world.active()]
        for scope in {fact.scope for fact in counting.values()}:
            members = [archive for archive in active if scope in archive.meeting.scopes()]
            assert len({archive.state_hash(scope) for archive in members}) == 1, scope
        for archive in active:
            self.is_whole(archive, lengths, erased)

    def nobody_has_what_they_must_not(self) -> None:
        world = self.world
        erased = {(scope, one) for scope, people in erased_in(world.counting().values()).items() for one in people}
        active = [self.archives[device] for device in world.active()]
        assert world.carried_by_the_county() & erased == set()
        for archive in active:
            assert world.carried_by(archive) & erased == set()
            scopes = {row[0] for row in archive._connection.execute("SELECT scope FROM stream")}
            assert scopes <= set(archive.meeting.scopes())
        for device in world.revoked():
            lost = self.archives[device].device.scopes
            for scope in filter(world.county.store.is_founded, lost.all()):
                newest = [max(one.device.scopes.keys(scope)) for one in active if scope in one.meeting.scopes()]
                assert lost.keys(scope).keys().isdisjoint(newest)

    def is_whole(self, archive: Archive, lengths: dict[bytes, int], erased: dict[bytes, set[bytes]]) -> None:
        world, home = self.world, archive.device.scope
        counting = [fact.change for fact in world.counting().values() if fact.scope == home]
        gone = erased.get(home, set())
        for kind in ("person", "alert", "erasure"):
            expected = {one.record for one in counting if one.type == kind and one.person not in gone}
            assert {record.id for record in archive.find(kind)} == expected, kind
        founded = [scope for scope in archive.meeting.scopes() if world.county.store.is_founded(scope)]
        marks = ", ".join("?" * len(founded))
        rows = archive._connection.execute(
            "SELECT id, max(ordinal), sum(body IS NULL), acknowledged, seq - folded"  # noqa: S608 -- only marks
            f" FROM stream JOIN change ON change.stream = stream.no WHERE scope IN ({marks}) GROUP BY id",
            founded,
        )
        for stream, last, unread, acknowledged, locked in rows:
            assert (last, unread, acknowledged, locked) == (lengths[stream], 0, lengths[stream], 0)
        assert archive.verify() == []
        states = [archive.state_hash(scope) for scope in founded]
        archive.rebuild()
        assert [archive.state_hash(scope) for scope in founded] == states


@pytest.fixture(scope="module")
def template(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "template"
    folder.mkdir()
    World.prepare(workshop, folder)
    return folder


@pytest.mark.soak
def test_in_the_end_everybody_has_all_that_counts_once(workshop: Workshop, template: Path) -> None:
    class Here(Meetings):
        def __init__(self) -> None:
            super().__init__(workshop, template)

    seeds = hypothesis.settings(max_examples=rounds(50, 1000), stateful_step_count=20)
    run_state_machine_as_test(Here, settings=seeds)


# ---- what was found once ----


@pytest.fixture
def world(workshop: Workshop, template: Path, tmp_path: Path) -> Iterator[World]:
    """All know each other, and the first device has told everybody of its station about somebody."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    world = World(workshop, tmp_path)
    meet_person(world, 0)
    for _ in range(2):
        for device in DEVICES:
            world.meet(device, "server")
    yield world
    world.close()


def meet_person(world: World, device: int) -> bytes:
    person = world.archives[device].new_id()
    world.save(device, Draft.new("person", person, {"name": "李雷"}))
    return person


def share(world: World, device: int, person: bytes, other: tuple[bytes, str] | None = None) -> bytes:
    certificate = world.archives[3].device.certificate
    assert certificate is not None
    scope = world.archives[device].share("referral", [other or (certificate.station, certificate.station_name)])
    tell(world, device, scope, person)
    return scope


def tell(world: World, device: int, scope: bytes, person: bytes) -> None:
    record = world.archives[device].new_id(scope)
    world.save(device, Draft.new("referral", record, {"status": "sent"}, person=person))


def test_colleagues_who_both_begin_to_write_about_somebody_in_a_scope_read_each_other(world: World) -> None:
    ours, colleague = world.archives[:2]
    (person,) = (record.id for record in ours.find("person"))
    scope = share(world, 0, person)
    colleague.meeting.add_papers(scope, ours.meeting.read_papers(scope, ours.meeting.overview(scope).papers))
    tell(world, 1, scope, person)
    world.come_to_rest()
    assert [len(archive.find("referral")) for archive in world.archives] == [2] * 5
    assert len({archive.state_hash(scope) for archive in world.archives}) == 1


def test_a_scope_that_the_county_does_not_begin_holds_nothing_else_up(world: World) -> None:
    (person,) = (record.id for record in world.archives[1].find("person"))
    scope = share(world, 1, person, (b"x" * 16, "没有这家医院"))
    added = meet_person(world, 1)
    assert {one.reason for one in world.meet(1, "server").refused} == {"sync.refused_scope"}
    fates = [world.archives[1].fates.of(added), world.archives[1].meeting.backlog().waiting]
    assert getattr(fates[0], "state", "") == "received"
    assert (fates[1], world.county.store.is_founded(scope)) == (1, False)


def test_what_one_wrote_about_people_whose_segment_was_taken_out_reaches_the_others(world: World) -> None:
    stolen = world.archives[1]
    person = meet_person(world, 1)
    world.county.revoke(stolen.device.id.hex())
    world.meet(1, "stick-0")
    world.meet(0, "stick-0")
    world.save(0, Draft.new("alert", world.archives[0].new_id(), {"level": "blue"}, person=person))
    world.meet(0, "server")
    meet_person(world, 0)
    world.come_to_rest()
    assert [len(world.archives[device].find("alert")) for device in (0, 2)] == [1, 1]
    assert world.archives[0].state_hash() == world.archives[2].state_hash()


def test_all_that_comes_after_the_end_of_a_revoked_device_is_set_apart_at_once(world: World) -> None:
    stolen = world.archives[1]
    world.county.revoke(stolen.device.id.hex())
    world.meet(0, "server")
    for _ in range(3):
        meet_person(world, 1)
        stolen.meeting.seal()
    world.meet(1, "stick-0")
    world.meet(0, "stick-0")
    assert [one.seq for one in world.archives[0].meeting.apart()] == [1, 2, 3]
    segments = world.sticks[0].read(stolen.device.scope, stolen.device.stream[1], 1)
    assert world.county.store.append(stolen.device.scope, segments)[:2] == (0, REVOKED)
    assert world.county.revoke(stolen.device.id.hex(), accept_later=True).accepted == 3


def test_an_older_copy_gets_back_the_keys_of_what_it_began_itself(world: World) -> None:
    (person,) = (record.id for record in world.archives[0].find("person"))
    before = world.copy_of(0, "before")
    scope = share(world, 0, person)
    world.come_to_rest()
    world.put_back(0, before)
    world.come_to_rest()
    assert len(world.archives[0].find("referral")) == 1
    assert world.archives[0].state_hash(scope) == world.archives[3].state_hash(scope)
