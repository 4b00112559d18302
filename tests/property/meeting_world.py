"""Two stations with five laptops, their county and two sticks; and what was ever saved there, to hold them to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import select

from storage.archive import Archive
from storage.erase import erased_by
from storage.errors import EnvironmentProblem, Problem
from storage.records import Catalogue, Draft, RecordType
from sync.changes import Change, ChangeId
from sync.county import tables
from sync.county.backup import back_up, restore
from sync.county.office import County
from sync.county.store import CountyStore, Member
from sync.engine import Transfer, meet
from sync.ids import device_of
from sync.segments import Segment, read_envelopes, read_header
from sync.store import NOTHING, Appended, Overview, SegmentStore, state_digest
from sync.transports.folder import FolderStore

if TYPE_CHECKING:
    from tests.conftest import Workshop

STATIONS = {"青禾镇卫生院": (0, 1, 2), "白石乡中学": (3, 4)}
DEVICES = tuple(device for devices in STATIONS.values() for device in devices)
STICKS = 2
RANKED = {"level": ("blue", "yellow", "orange", "red")}
CATALOGUE = Catalogue(
    [
        RecordType(name="person", index=("name", "birth_date"), person=True),
        RecordType(name="alert", index=("level",), ranked=RANKED, urgent=lambda fields: fields.get("level") == "red"),
        RecordType(name="referral", index=("status",), shared=True),
        RecordType(name="erasure", index=("erased",)),
    ]
)


class Fact(NamedTuple):
    """A change that somebody was told is saved."""

    scope: bytes
    change: Change


class Door:
    """The county's server as one device may use it, with the rules of the real door."""

    def __init__(self, world: World, device: int) -> None:
        self._world = world
        self._id = world.archives[device].device.id
        self._certificate = world.archives[device].device.certificate_paper

    def _in(self, scope: bytes | None = None, *, founding: bool = False) -> tuple[CountyStore, Member]:
        store = self._world.county.store
        member = store.member(self._id)
        if member is None or member.revoked:
            member = store.introduce(self._certificate)
        if member is None or member.revoked:
            raise Problem("sync.revoked" if member else "sync.unknown_device", county="")
        if scope and not store.is_member(member, scope) and not (founding and not store.is_founded(scope)):
            raise Problem("sync.not_a_member", county="")
        return store, member

    def overview(self, scope: bytes) -> Overview:
        return self._in(scope)[0].overview(scope)

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        store, member = self._in()
        here = store.overviews(dict.fromkeys(store.scopes_of(member), NOTHING))
        if state_digest(here) != state_digest(known):
            return here
        receipt = store.agree(state_digest(known))
        return {scope: msgspec.structs.replace(one, receipt=receipt) for scope, one in known.items()}

    def read(self, scope: bytes, stream: bytes, start: int) -> Sequence[Segment]:
        return self._in(scope)[0].read(scope, stream, start)

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        return self._in(scope)[0].append(scope, segments)

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        return self._in(scope)[0].read_papers(scope, ids)

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        return self._in(scope, founding=True)[0].add_papers(scope, papers)


class Neighbour:
    """Another laptop of the station: what is shared with other stations goes by way of the county or a stick."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive.meeting, name)

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        self._archive.meeting.seal()
        home = self._archive.meeting.scope
        return {**known, home: self._archive.meeting.overview(home)}


class Line:
    """A way to a store on which a call or its answer is lost after `calls` others; every append is made twice."""

    def __init__(self, store: SegmentStore, calls: int, *, answer_lost: bool) -> None:
        self._store = store
        self._left = calls
        self._answer_lost = answer_lost

    def __getattr__(self, name: str) -> Any:
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


class World:
    """All of them, opened; `close` lets them go."""

    def __init__(self, workshop: Workshop, folder: Path) -> None:
        self.workshop = workshop
        self.folder = folder
        self.stack = ExitStack()
        self.walls = [workshop.wall() for _ in DEVICES]
        self.archives = [self.open(folder / str(number) / workshop.file, number) for number in DEVICES]
        self.county = County(folder / "county")
        for number in range(STICKS):
            (folder / f"stick-{number}").mkdir()
        self.sticks = [FolderStore(folder / f"stick-{number}") for number in range(STICKS)]
        self.committed: dict[ChangeId, Fact] = {}
        self.forgotten: set[int] = set()
        """Whom a server that was put back had revoked and does not know it."""

        self.safe: dict[bytes, int] = {}

    @staticmethod
    def prepare(workshop: Workshop, folder: Path) -> None:
        """Write the files of a world: all are admitted, nobody has met anybody."""
        county = County.init(folder / "county", "青禾县")
        for station, devices in STATIONS.items():
            for number in devices:
                path = workshop.copy(folder / str(number), number)
                with workshop.open(path, number, catalogue=CATALOGUE) as archive:
                    workshop.join(archive, county, station)
        county.close()

    def open(self, path: Path, number: int) -> Archive:
        opened = self.workshop.open(path, number, catalogue=CATALOGUE, wall=self.walls[number])
        return self.stack.enter_context(opened)

    def close(self) -> None:
        self.stack.close()
        self.county.close()

    # ---- who is who ----

    @staticmethod
    def colleagues(device: int) -> tuple[int, ...]:
        return next(devices for devices in STATIONS.values() if device in devices)

    def revoked(self) -> set[int]:
        listed = {one.device for one in self.county.devices() if one.revoked is not None}
        return {number for number in DEVICES if self.archives[number].device.id.hex() in listed}

    def active(self) -> list[int]:
        return [number for number in DEVICES if number not in self.revoked()]

    def settled(self) -> list[int]:
        """Who is in use and has not been revoked by a county that forgot it."""
        return [number for number in self.active() if number not in self.forgotten]

    def is_handed_in(self, device: int) -> bool:
        """Whether the county has all that it ever confirmed to a device, and every erasure that was made there."""
        lengths, own = self.lengths(), self.archives[device].device.id
        ends = {stream: end for stream, end in self.safe.items() if device_of(stream) == own}
        for one, fact in self.committed.items():
            if device_of(one.stream) == own and erased_by(fact.change):
                ends[one.stream] = max(one.ordinal, ends.get(one.stream, 0))
        return all(end <= lengths.get(stream, 0) for stream, end in ends.items())

    def may_be_lost(self, device: int) -> bool:
        """Whether others in use have every key that it has: what one alone can open is lost with it."""
        left = [self.archives[one] for one in self.active() if one != device]
        scopes = self.archives[device].device.scopes
        colleagues = {self.archives[one].device.id for one in self.colleagues(device)}
        return all(
            any(
                scopes.keys(scope).keys() <= other.device.scopes.keys(scope).keys()
                for other in left
                if other.device.id in colleagues
            )
            for scope in scopes.all()
        )

    def store(self, device: int, place: str | int) -> SegmentStore:
        """A place as a device finds it; the laptops of one station alone meet each other."""
        if isinstance(place, int):
            return Neighbour(self.archives[place])
        return Door(self, device) if place == "server" else self.sticks[int(place[-1])]

    # ---- what they do ----

    def save(self, device: int, *drafts: Draft) -> None:
        with self.noted(device) as archive:
            archive.save(drafts)

    def noted(self, device: int) -> _Noting:
        """While it lasts, what is saved counts as promised."""
        return _Noting(self, self.archives[device])

    def meet(self, device: int, place: str | int) -> Transfer:
        try:
            transfer = meet(self.archives[device].meeting, self.store(device, place))
        except Problem as problem:
            # It may itself bring the paper that the server had forgotten.
            if problem.key != "sync.revoked" or device not in self.forgotten:
                raise
            transfer = Transfer()
        self.note_safe(device)
        return transfer

    def note_safe(self, device: int) -> None:
        """Remember what a device tells people is at the server."""
        rows = self.archives[device]._connection.execute("SELECT id, acknowledged FROM stream")
        for stream, acknowledged in rows:
            self.safe[stream] = max(acknowledged, self.safe.get(stream, 0))

    def put_back(self, device: int, folder: Path) -> None:
        self.archives[device].close()
        self.archives[device] = self.open(folder / self.workshop.file, device)

    def copy_of(self, device: int, name: str) -> Path:
        """The files of an open archive as a disk image holds them."""
        folder = self.folder / name
        shutil.copytree(self.archives[device].path.parent, folder)
        return folder

    def back_up_county(self, name: str) -> Path:
        back_up(self.county, self.folder / name)
        return self.folder / name

    def restore_county(self, backup: Path, name: str) -> None:
        root, revoked = self.county.folder / "county.key", self.revoked()
        self.county.close()
        restore(backup, self.folder / name)
        shutil.copy(root, self.folder / name)
        self.county = County(self.folder / name)
        self.forgotten |= revoked - self.revoked()

    # ---- how it stands ----

    def lengths(self) -> dict[bytes, int]:
        """How many changes of each stream the county has."""
        columns = tables.stream.c
        with self.county.engine.connect() as connection:
            rows = connection.execute(select(columns.id, columns.next_ordinal)).all()
        return {stream: following - 1 for stream, following in rows}

    def counting(self) -> dict[ChangeId, Fact]:
        """What was saved and is in the county's log."""
        lengths = self.lengths()
        return {one: fact for one, fact in self.committed.items() if one.ordinal <= lengths.get(one.stream, 0)}

    def carried_by_the_county(self) -> set[tuple[bytes, bytes]]:
        """The people whose wrapped keys the county keeps, with their scopes."""
        segment, apart = tables.segment.c, tables.quarantine.c
        kept = select(tables.stream.c.scope, segment.envelopes).join(
            tables.segment, tables.stream.c.id == segment.stream
        )
        with self.county.engine.connect() as connection:
            rows = [*connection.execute(kept), *connection.execute(select(apart.scope, apart.envelopes))]
        return _people((scope, envelopes) for scope, envelopes in rows)

    @staticmethod
    def carried_by(archive: Archive) -> set[tuple[bytes, bytes]]:
        """The people whose wrapped keys an archive keeps, with their scopes."""
        rows = archive._connection.execute(
            "SELECT scope, envelopes FROM stream JOIN segment ON segment.stream = stream.no"
        ).fetchall()
        apart = archive._connection.execute("SELECT data, envelopes FROM quarantine").fetchall()
        return _people([*rows, *((read_header(data).scope, envelopes) for data, envelopes in apart)])

    def promised(self) -> set[ChangeId]:
        """What must be in the county's log: all that was saved on devices in use."""
        ids = {self.archives[number].device.id for number in self.active()}
        founded = {scope for scope in self.scopes() if self.county.store.is_founded(scope)}
        return {one for one, fact in self.committed.items() if device_of(one.stream) in ids and fact.scope in founded}

    def scopes(self) -> set[bytes]:
        return {scope for archive in self.archives for scope in archive.meeting.scopes()}

    def come_to_rest(self) -> None:
        """Let everybody in use meet the server until nothing is new to anybody."""
        for _ in range(8):
            before = self._everything()
            for number in self.active():
                if number in self.active():
                    self.meet(number, "server")
            if self._everything() == before:
                return
        message = "they never come to rest"
        raise AssertionError(message)

    def _everything(self) -> list[bytes]:
        archives = [state_digest(archive.meeting.overviews({})) for archive in self.archives]
        return [state_digest({scope: self.county.store.overview(scope) for scope in self.scopes()}), *archives]


class _Noting:
    def __init__(self, world: World, archive: Archive) -> None:
        self._world = world
        self._archive = archive

    def __enter__(self) -> Archive:
        self._before = self._archive._log.version()
        return self._archive

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        rows = self._archive._connection.execute(
            "SELECT DISTINCT change.record, stream.scope FROM change JOIN stream ON stream.no = change.stream"
            " WHERE change.no > ?",
            (self._before,),
        ).fetchall()
        for record, scope in rows:
            for logged in self._archive._log.of_record(record):
                if logged.no > self._before:
                    self._world.committed[logged.stored.id] = Fact(scope, logged.stored.change)


def erased_in(facts: Iterable[Fact]) -> dict[bytes, set[bytes]]:
    """Who is erased, by scope."""
    erased: dict[bytes, set[bytes]] = {}
    for fact in facts:
        person = erased_by(fact.change)
        if person:
            erased.setdefault(fact.scope, set()).add(person)
    return erased


def _people(rows: Iterable[tuple[bytes, bytes]]) -> set[tuple[bytes, bytes]]:
    return {(scope, one.person) for scope, envelopes in rows for one in read_envelopes(envelopes)}
