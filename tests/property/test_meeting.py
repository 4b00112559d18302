"""Three laptops, a county server and a stick: whatever happens in between, in the end everybody has everything once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from storage.archive import Archive
from storage.errors import EnvironmentProblem
from storage.records import Draft
from sync.engine import meet
from sync.segments import NOWHERE
from sync.store import SegmentStore
from sync.transports.folder import FolderStore
from tests.effort import examples

if TYPE_CHECKING:
    from tests.conftest import Workshop

DEVICES = 3
devices = st.integers(0, DEVICES - 1)
places = st.sampled_from(["server", "stick", 0, 1, 2])
levels = st.sampled_from(["blue", "yellow", "orange", "red"])


class Line:
    """A way to a store on which a call or its answer is lost after `calls` others; every append is made twice."""

    def __init__(self, store: SegmentStore, calls: int, *, answer_lost: bool) -> None:
        self._store = store
        self._left = calls
        self._answer_lost = answer_lost

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self._left == 0 and not self._answer_lost:
                raise EnvironmentProblem("sync.broken_off")
            answer = getattr(self._store, name)(*arguments)
            if name == "append":
                assert getattr(self._store, name)(*arguments) == answer
            if self._left == 0:
                raise EnvironmentProblem("sync.broken_off")
            self._left -= 1
            return answer

        return call


class Meetings(RuleBasedStateMachine):
    """What people do with their laptops."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__()
        self.workshop = workshop
        self.stack = ExitStack()
        self.station = self.stack.enter_context(workshop.station(DEVICES))
        self.archives: list[Archive] = list(self.station.archives)
        (self.station.folder / "stick").mkdir()
        self.stick = FolderStore(self.station.folder / "stick")
        self.backups: dict[int, Path] = {}
        self.changes = 0
        self.people: set[bytes] = set()
        self.alerts: set[bytes] = set()

    def store(self, place: str | int) -> SegmentStore:
        if isinstance(place, int):
            return self.archives[place].meeting
        return self.station.server if place == "server" else self.stick

    @initialize(acquainted=st.sampled_from([True, True, False]))
    def begin(self, *, acquainted: bool) -> None:
        """Mostly all have the station's key already; the way there is part of the game now and then."""
        for _ in range(2 if acquainted else 0):
            for archive in self.archives:
                meet(archive.meeting, self.station.server)

    # ---- work ----

    @rule(device=devices)
    def save_person(self, device: int) -> None:
        archive = self.archives[device]
        person = archive.new_id()
        archive.save([Draft.new("person", person, {"name": f"学生{len(self.people)}"})])
        self.people.add(person)
        self.changes += 1

    @rule(device=devices, data=st.data(), level=levels)
    def save_alert(self, device: int, data: st.DataObject, level: str) -> None:
        archive = self.archives[device]
        people = [record.id for record in archive.find("person")]
        alert = archive.new_id()
        person = data.draw(st.sampled_from(people)) if people else None
        archive.save([Draft.new("alert", alert, {"level": level}, person=person)])
        self.alerts.add(alert)
        self.changes += 1

    @rule(device=devices, data=st.data(), level=levels)
    def edit_alert(self, device: int, data: st.DataObject, level: str) -> None:
        archive = self.archives[device]
        alerts = archive.find("alert")
        if alerts:
            archive.save([Draft.edit(data.draw(st.sampled_from(alerts)), {"level": level})])
            self.changes += 1

    @rule(device=devices, data=st.data(), day=st.integers(1, 3))
    def edit_person(self, device: int, data: st.DataObject, day: int) -> None:
        archive = self.archives[device]
        people = archive.find("person")
        if people:
            archive.save([Draft.edit(data.draw(st.sampled_from(people)), {"birth_date": f"2012-03-0{day}"})])
            self.changes += 1

    # ---- meetings ----

    @rule(device=devices, place=places)
    def meet(self, device: int, place: str | int) -> None:
        if place != device:
            assert meet(self.archives[device].meeting, self.store(place)).refused == []

    @rule(device=devices)
    def all_but_one_meet(self, device: int) -> None:
        for archive in [*self.archives[:device], *self.archives[device + 1 :]] * 2:
            assert meet(archive.meeting, self.station.server).refused == []

    @rule(device=devices, place=places, calls=st.integers(0, 6), answer_lost=st.booleans())
    def meet_on_a_bad_line(self, device: int, place: str | int, calls: int, *, answer_lost: bool) -> None:
        if place != device:
            with suppress(EnvironmentProblem):
                meet(self.archives[device].meeting, Line(self.store(place), calls, answer_lost=answer_lost))

    @rule(device=devices, data=st.data())
    def receive_one_stream_alone(self, device: int, data: st.DataObject) -> None:
        """As when the line breaks between two streams: the people in it may have come in another."""
        archive = self.archives[device]
        scope, known = archive.meeting.scope, archive.meeting.overview(archive.meeting.scope).vector
        news = []
        sources: list[str | int] = ["server", "stick", *(other for other in range(DEVICES) if other != device)]
        for place in sources:
            if isinstance(place, int):
                self.archives[place].meeting.seal()
            ends = self.store(place).overview(scope).vector
            news += [(place, stream) for stream in sorted(ends) if ends[stream].seq > known.get(stream, NOWHERE).seq]
        news = [(place, stream) for place, stream in news if stream != archive.device.stream[1]]
        if news:
            place, stream = data.draw(st.sampled_from(news))
            segments = self.store(place).read(scope, stream, known.get(stream, NOWHERE).seq + 1)
            assert archive.meeting.append(scope, segments).reason == ""
            archive.meeting.settle()

    # ---- mishaps ----

    @rule(device=devices)
    def reopen(self, device: int) -> None:
        path = self.archives[device].path
        self.archives[device].close()
        self._replace(device, path)

    def _replace(self, device: int, path: Path) -> None:
        self.archives[device] = self.stack.enter_context(self.workshop.open(path, device))

    @rule()
    def lose_the_stick(self) -> None:
        shutil.rmtree(self.station.folder / "stick")
        (self.station.folder / "stick").mkdir()

    @rule(data=st.data())
    def damage_the_stick(self, data: st.DataObject) -> None:
        files = sorted(path for path in (self.station.folder / "stick").rglob("*") if path.is_file())
        if files:
            path = data.draw(st.sampled_from(files))
            path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, 300))])

    @rule(device=devices)
    def back_up(self, device: int) -> None:
        """Copy the files of a device that has nothing left to send."""
        archive = self.archives[device]
        if meet(archive.meeting, self.station.server).refused == [] and archive.meeting.backlog().waiting == 0:
            folder = self.station.folder / f"backup-{len(list(self.station.folder.iterdir()))}"
            shutil.copytree(archive.path.parent, folder)
            self.backups[device] = folder

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def put_an_older_copy_back(self, data: st.DataObject) -> None:
        device = data.draw(st.sampled_from(sorted(self.backups)))
        meet(self.archives[device].meeting, self.station.server)
        if self.archives[device].meeting.backlog().waiting:
            return
        self.archives[device].close()
        self._replace(device, self.backups.pop(device) / self.workshop.file)
        assert meet(self.archives[device].meeting, self.station.server).refused == []

    # ---- and in the end ----

    def teardown(self) -> None:
        with self.stack:
            for _ in range(3):
                for archive in self.archives:
                    assert meet(archive.meeting, self.station.server).refused == []
            assert self.station.county.status().changes == self.changes
            for archive in self.archives:
                assert archive.info().changes == self.changes
                assert {record.id for record in archive.find("person")} == self.people
                assert {record.id for record in archive.find("alert")} == self.alerts
                assert left_to_do(archive) == (0, 0, 0)
                assert archive.verify() == []
                state = archive.state_hash()
                archive.rebuild()
                assert archive.state_hash() == state
            assert len({archive.state_hash() for archive in self.archives}) == 1


def left_to_do(archive: Archive) -> tuple[int, int, int]:
    backlog = archive.meeting.backlog()
    return backlog.waiting, backlog.locked, backlog.unreadable


@pytest.mark.soak
def test_in_the_end_everybody_has_everything_once(workshop: Workshop) -> None:
    class Here(Meetings):
        def __init__(self) -> None:
            super().__init__(workshop)

    run_state_machine_as_test(Here, settings=examples(30, stateful_step_count=20))
