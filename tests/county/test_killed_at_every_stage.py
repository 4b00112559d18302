"""Three devices and their server, one of which is killed at a named stage of a meeting: afterwards nobody can tell.

It is a process of its own. What the others do afterwards is done in the tests' own.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from storage.archive import Archive
from storage.errors import EnvironmentProblem
from storage.records import Draft, Record
from sync.county import tables
from sync.county.office import DATABASE_URL, County, database_address
from sync.engine import meet
from sync.papers import write_grant
from sync.store import state_digest
from sync.transports.folder import FolderStore
from tests.conftest import FILE, Station
from tests.county.inside import serving_inside
from tests.county.served import add_person
from tests.county.stages import (
    STEPS,
    Doom,
    Nursery,
    Stage,
    device,
    meet_watched,
    server,
    stages,
    watched,
)
from tests.effort import SOAK, dice
from tests.property.meeting_world import CATALOGUE

if TYPE_CHECKING:
    from tests.conftest import Workshop
    from tests.county.conftest import KeptIn

DATABASES = ["sqlite", "postgresql"]
DEVICES = range(3)
KILLED = 1
"""The device that is killed, or that meets the server that is."""

ROUNDS = 5
"""So often at most all devices meet the server until there is nothing new."""


class Scene(NamedTuple):
    """A station of three devices and their county, closed."""

    workshop: Workshop
    folder: Path

    @property
    def county(self) -> Path:
        return self.folder / "county"

    def path(self, number: int) -> Path:
        return self.folder / str(number) / FILE

    @contextmanager
    def opened(self) -> Iterator[list[Archive]]:
        with ExitStack() as stack:
            yield [stack.enter_context(self.workshop.open(self.path(one), one, catalogue=CATALOGUE)) for one in DEVICES]


class Scenes:
    """The same moment as often as it is wanted: every device has work that nobody else has.

    Device 1 has most before it: a red alert, an edit of a record that the others edit too, somebody to erase, a colleague's
    erasure to hear of, a new key of the station, and what it took over from a laptop that is revoked since: its
    work by stick, and a paper that the county declines.

    Attributes:
        saved: all records that were ever saved and have not been erased or revoked.
    """

    def __init__(self, workshop: Workshop, folder: Path, request: pytest.FixtureRequest) -> None:
        self.workshop = workshop
        self._folder = folder
        self._request = request
        self._stack = ExitStack()
        self._moments: dict[str, Path] = {}
        with workshop.station(4) as station, ExitStack() as stack:
            for number, archive in enumerate(station.archives):
                archive.close()
                again = workshop.open(archive.path, number, catalogue=CATALOGUE)
                station.archives[number] = stack.enter_context(again)
            self.saved = prepare(station)
            stack.close()
            station.county.close()
            for part in ("county", *map(str, DEVICES)):
                shutil.copytree(station.folder / part, folder / "sqlite" / part)

    def close(self) -> None:
        self._stack.close()

    def _moment(self, database: str) -> Path:
        if database not in self._moments:
            self._moments[database] = self._folder / database
            if database != "sqlite":
                shutil.copytree(self._folder / "sqlite", self._folder / database)
                kept_in: KeptIn = self._request.getfixturevalue("kept_in")
                station = Station(self._folder / database, [], County(self._folder / database / "county"))
                self._stack.enter_context(kept_in(database, station))
                # Copied is only what nobody is connected to.
                station.county.close()
        return self._moments[database]

    @contextmanager
    def scene(self, database: str) -> Iterator[Scene]:
        moment = self._moment(database)
        with tempfile.TemporaryDirectory(dir=self._folder) as name, ExitStack() as stack:
            scene = Scene(self.workshop, Path(name))
            shutil.copytree(moment, scene.folder, dirs_exist_ok=True)
            if database != "sqlite":
                postgres: Any = self._request.getfixturevalue("postgres")
                original = urlsplit(database_address(moment / "county")).path[1:]
                (scene.county / DATABASE_URL).write_text(stack.enter_context(postgres.database(original)))
            yield scene


def prepare(station: Station) -> set[bytes]:
    """Let the devices come to the moment, in order; returns what must never be lost."""
    one, other, third, lost = station.archives

    def all_meet(*archives: Archive) -> None:
        for archive in archives:
            meet(archive.meeting, station.county.store)

    all_meet(*station.archives, *station.archives)
    shared, *leaving = (add_person(one, name) for name in ("李雷", "甲", "乙"))
    all_meet(*station.archives)
    revoked = add_person(lost, "丢失以后")
    stick = station.folder / "stick"
    stick.mkdir()
    for archive in (lost, other):
        meet(archive.meeting, FolderStore(stick))
    other.meeting.add_papers(other.device.scope, [grant_by(lost, third)])
    station.county.revoke(lost.device.id.hex())
    add_person(one, "已交")
    one.erase(leaving[0], {})
    all_meet(one)
    for archive, name, fields in (
        (one, "一", {"birth_date": "2012-03-03"}),
        (other, "二", {"birth_date": "2012-03-04"}),
        (third, "三", {"name": "李磊"}),
    ):
        add_person(archive, name)
        record = archive.get("person", shared)
        assert record is not None
        archive.save([Draft.edit(record, fields)])
    other.save([Draft.new("alert", other.new_id(), {"level": "red"}, person=shared)])
    other.erase(leaving[1], {})
    saved = {record.id for archive in (one, other, third) for record in everything(archive)}
    return saved - {revoked, *leaving}


def grant_by(sender: Archive, recipient: Archive) -> bytes:
    """A key handed on by somebody whom the county revokes before it hears of it: it takes no such paper."""
    scope_key, certificate = sender.device.scopes.key(sender.device.scope), recipient.device.certificate
    assert scope_key is not None
    assert certificate is not None
    return write_grant(scope_key, certificate, sender.device.signer)


@pytest.fixture(scope="module")
def scenes(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Scenes]:
    scenes = Scenes(workshop, tmp_path_factory.mktemp("scenes"), request)
    yield scenes
    scenes.close()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery") / "log")
    yield nursery
    nursery.close()


@contextmanager
def opened(folder: Path) -> Iterator[County]:
    county = County(folder)
    yield county
    county.close()


# ---- what is there in the end ----


class Content(NamedTuple):
    """What a record says."""

    kind: str
    fields: dict[str, Any]
    conflicts: dict[str, list[Any]]


class Outcome(NamedTuple):
    """What there is in the end, with every device and at the server."""

    records: dict[bytes, Content]
    state: bytes
    changes: int
    apart: int
    at_server: dict[str, int]


def everything(archive: Archive) -> list[Record]:
    return [record for kind in CATALOGUE for record in archive.find(kind.name)]


def outcome(archives: list[Archive], county: County) -> Outcome:
    """What there is in the end. All devices must have the same, whole, and nothing left to do."""
    for archive in archives:
        assert archive.verify() == []
        backlog = archive.meeting.backlog()
        assert (backlog.waiting, backlog.locked, backlog.unreadable) == (0, 0, 0)
    states = {(archive.state_hash(), archive.info().changes) for archive in archives}
    assert len(states) == 1
    ((state, changes),) = states
    kept = [
        {one.id: Content(one.type, one.fields, one.conflicts) for one in everything(archive)} for archive in archives
    ]
    assert kept[0] == kept[1] == kept[2]
    with county.engine.connect() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.stream, tables.segment, tables.paper, tables.quarantine)
        }
    at_server = {**counted, "changes": county.status().changes}
    return Outcome(kept[0], state, changes, sum(len(archive.meeting.apart()) for archive in archives), at_server)


def all_meet(archives: list[Archive], county: County) -> None:
    """Let all devices meet the county until there is nothing new."""
    for _ in range(ROUNDS):
        for archive in archives:
            meet(archive.meeting, county.store)
        held = [archive.meeting.overviews({}) for archive in archives]
        if {state_digest(here) for here in held} == {state_digest(county.store.holdings(held[0]))}:
            return
    pytest.fail("there is no end to it")


class Peace(NamedTuple):
    """What comes of it where nobody is killed, and the stages on the way there."""

    outcome: Outcome
    stages: list[Doom]


@pytest.fixture(scope="module")
def peace(scenes: Scenes) -> Peace:
    ours, theirs = Doom(), Doom()
    with scenes.scene("sqlite") as scene, scene.opened() as archives, opened(scene.county) as county:
        with watched(county, theirs), serving_inside(county) as url:
            meet_watched(archives[KILLED], url, ours)
        all_meet(archives, county)
        return Peace(outcome(archives, county), [ours, theirs])


# ---- claims ----


def test_a_meeting_has_just_the_stages_that_are_tried(peace: Peace) -> None:
    ours, theirs = peace.stages
    assert {**ours.steps(), **theirs.steps()} == STEPS


def test_where_nobody_is_killed_everybody_has_what_all_saved(peace: Peace, scenes: Scenes) -> None:
    assert set(peace.outcome.records) == scenes.saved
    contents = list(peace.outcome.records.values())
    assert Counter(one.kind for one in contents) == {"person": 5, "alert": 1, "erasure": 2}
    people = {one.fields["name"]: one for one in contents if one.kind == "person"}
    assert people.keys() == {"李磊", "已交", "一", "二", "三"}
    shared = people["李磊"]
    assert {shared.fields["birth_date"], *shared.conflicts["birth_date"]} == {"2012-03-03", "2012-03-04"}
    assert (peace.outcome.apart, peace.outcome.at_server["quarantine"]) == (1, 1)


@pytest.mark.soak
@pytest.mark.parametrize("stage", stages("archive", "line", every=SOAK), ids=str)
@pytest.mark.parametrize("database", DATABASES if SOAK else ["sqlite"])
def test_a_device_that_is_killed_loses_nothing_and_doubles_nothing(
    scenes: Scenes, nursery: Nursery, peace: Peace, database: str, stage: Stage
) -> None:
    unlocked = scenes.workshop.template(KILLED).unlocked
    with scenes.scene(database) as scene, opened(scene.county) as county:
        with (
            serving_inside(county) as url,
            nursery.run(device, scene.path(KILLED), unlocked, url, stage) as end,
        ):
            assert end() == -signal.SIGKILL, nursery.text()
        with scene.opened() as archives:
            goes_on_as_if_nothing_had_been(archives, county, stage, peace)


@pytest.mark.soak
@pytest.mark.parametrize("stage", stages("server", every=SOAK), ids=str)
@pytest.mark.parametrize("database", DATABASES)
def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(
    scenes: Scenes, nursery: Nursery, peace: Peace, database: str, stage: Stage
) -> None:
    with scenes.scene(database) as scene:
        with nursery.run(server, scene.county, stage) as end:
            url = nursery.heard()
            with scene.opened() as archives, pytest.raises(EnvironmentProblem):
                meet_watched(archives[KILLED], url, Doom())
            assert end() == -signal.SIGKILL, nursery.text()
        with scene.opened() as archives, opened(scene.county) as county:
            goes_on_as_if_nothing_had_been(archives, county, stage, peace)


def goes_on_as_if_nothing_had_been(archives: list[Archive], county: County, stage: Stage, peace: Peace) -> None:
    with county.engine.connect() as connection:
        columns = tables.stream.c
        safe = {stream: end - 1 for stream, end in connection.execute(select(columns.id, columns.next_ordinal))}
    for archive in archives:
        told = archive._connection.execute("SELECT id, acknowledged FROM stream WHERE acknowledged > 0").fetchall()
        assert [stream for stream, acknowledged in told if acknowledged > safe.get(stream, 0)] == []
    all_meet(dice(str(stage)).sample(archives, len(archives)), county)
    assert outcome(archives, county) == peace.outcome
