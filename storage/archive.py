"""The encrypted archive of one device: a replicated document store. On disk: docs/archive-format.md."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Self

import msgspec

from storage import database
from storage.database import Connection, Meta, batches
from storage.device import FIRST_EPOCH, Device, Names
from storage.errors import EnvironmentProblem, Problem
from storage.fold import MODULUS, Folded, Stored, age, fold, replaces
from storage.keys import SlotFile, Unlocked, open_slots, password_slot, slots_path, write_slots
from storage.lock import Lock
from storage.log import Log, Logged
from storage.meeting import Backlog, Meeting
from storage.projection import Projection, Refolded, Where
from storage.records import Catalogue, Draft, Record
from storage.verify import MAX_FINDINGS, Finding, broken_segments, damaged_pages
from sync.changes import Change, ChangeId
from sync.clock import HybridClock, WallClock
from sync.crypto import KEY_SIZE
from sync.ids import new_id
from sync.papers import Certificate
from sync.segments import ScopeKey

REBUILD_BATCH = 5000
"""Records that a rebuild holds in memory at once."""


def system_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Owner(msgspec.Struct, frozen=True):
    """Who makes a new archive: the first user, the password, and what device and station are called."""

    user_name: str
    password: str
    names: Names


class Info(msgspec.Struct, frozen=True):
    """What an archive is, without anything that is about a person."""

    archive: bytes
    device: bytes
    names: Names
    county: str
    scope: bytes
    state: bytes
    changes: int
    records: dict[str, int]
    backlog: Backlog


class Archive:
    """An open archive. Belongs to the thread that opened it.

    Made by `create` and `open`. Every method that writes is one transaction, on disk when it returns.
    """

    def __init__(
        self, connection: Connection, lock: Lock, unlocked: Unlocked, path: Path, setup: tuple[Catalogue, WallClock]
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._closed = False
        self._catalogue, wall = setup
        self._meta = Meta(connection)
        self._log = Log(connection)
        self._projection = Projection(connection, self._catalogue)
        self._clock = HybridClock(wall, self._meta.get("clock") or 0)
        self.path = path
        self.id = unlocked.archive
        self.user = unlocked.user
        self.device = Device(connection)
        self.meeting = Meeting(
            connection,
            self.device,
            self._log,
            transaction=self.transaction,
            refold=self._refold,
            witness=self._clock.witness,
        )

    # ---- opening and closing ----

    @classmethod
    def create(cls, path: Path, owner: Owner, catalogue: Catalogue, *, wall: WallClock = system_clock) -> Self:
        """Make a new archive and open it.

        Raises:
            Problem: there is something at `path` already, or it cannot be written.
        """
        unlocked = Unlocked(new_id(wall()), secrets.token_bytes(KEY_SIZE), new_id(wall()))
        lock = Lock(path)
        try:
            connection = _make(path, unlocked, owner, catalogue, wall)
            return cls(connection, lock, unlocked, path, (catalogue, wall))
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls, path: Path, user_name: str, password: str, catalogue: Catalogue, *, wall: WallClock = system_clock
    ) -> Self:
        """Open an archive.

        Raises:
            Problem: it is not there, not an archive, damaged, newer than this program, in use, or the user name or
                password is wrong.
        """
        try:
            there = path.exists()
        except OSError as error:
            raise EnvironmentProblem("archive.cannot_read", file=path.name) from error
        if not there:
            raise Problem("archive.not_there", file=path.name)
        return cls.open_unlocked(path, open_slots(slots_path(path), user_name, password), catalogue, wall=wall)

    @classmethod
    def open_unlocked(
        cls, path: Path, unlocked: Unlocked, catalogue: Catalogue, *, wall: WallClock = system_clock
    ) -> Self:
        """`open` for somebody who has the key already."""
        lock = Lock(path)
        try:
            connection = database.connect(path, unlocked.key)
            try:
                with database.errors_explained(path.name):
                    database.check_format(connection, path.name)
                    archive = cls(connection, lock, unlocked, path, (catalogue, wall))
                    archive._prepare()
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.release()
            raise
        return archive

    def _prepare(self) -> None:
        """Finish what an earlier run, or an earlier version, left undone."""
        if self._meta.get("archive") != self.id:
            raise Problem("archive.not_an_archive", file=self.path.name)
        if not self._projection.is_current():
            self.rebuild()
        self.meeting.settle()

    def close(self) -> None:
        """Let the archive go; a second time does nothing. Nothing is lost by not calling it."""
        if self._closed:
            return
        self._closed = True
        try:
            # Only so that the next meeting has less to do; where it cannot be done now it is tried, and told, there.
            with suppress(Problem), database.errors_explained(self.path.name):
                self.meeting.seal(full_only=True)
        finally:
            self._connection.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def accept(self, admission: bytes) -> Certificate:
        """Join a county: take its answer in. Raises Problem as `Device.accept` does."""
        with self.transaction():
            return self.device.accept(admission)

    # ---- writing ----

    def transaction(self) -> AbstractContextManager[None]:
        """All that is saved inside becomes durable together, or not at all."""
        return database.transaction(self._connection, self.path.name)

    def new_id(self) -> bytes:
        """An id for a new record."""
        return new_id(self._clock.wall())

    def now(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return self._clock.wall()

    def save(self, drafts: Sequence[Draft]) -> None:
        """Save drafts together, in the name of the user who opened the archive; on disk when this returns.

        Raises:
            Problem: disk full, or a draft about a person who is not (or no longer) in the archive.
        """
        if not drafts:
            return
        with self.transaction():
            self._keep_person_keys(drafts)
            number, stream = self.device.stream
            first = self._log.next_ordinal(number)
            changes = [self._change(draft) for draft in drafts]
            row = self._log.append(number, first, changes)
            fresh: dict[bytes, Refolded] = {}
            known: set[bytes] = set()
            for offset, (draft, change) in enumerate(zip(drafts, changes, strict=True)):
                if draft.seen or draft.record in fresh:
                    known.add(draft.record)
                else:
                    stored = Stored(ChangeId(stream, first + offset), change)
                    after = fold([stored], self._catalogue.get)
                    fresh[draft.record] = Refolded(None, after, row + offset, row + offset)
            self._projection.write(one for record, one in fresh.items() if record not in known)
            self._refold(known, row - 1)

    def _change(self, draft: Draft) -> Change:
        kind = self._catalogue[draft.type]
        base = {}
        if draft.seen:
            seen = [one.stored for one in self._log.of_record(draft.record) if one.no <= draft.seen]
            base = replaces(draft.fields, seen)
        return Change(
            record=draft.record,
            type=draft.type,
            schema=kind.schema,
            person=draft.record if kind.person else draft.person,
            actor=self.user,
            time=self._clock.tick(),
            fields=draft.fields,
            base=base,
        )

    def _keep_person_keys(self, drafts: Sequence[Draft]) -> None:
        """Give new people their content keys, and make sure that everybody else who is written about has one."""
        new = [draft.record for draft in drafts if self._catalogue[draft.type].person and not draft.seen]
        self._connection.executemany(
            "INSERT INTO person_key (person, key, published) VALUES (?, ?, 0)",
            ((person, secrets.token_bytes(KEY_SIZE)) for person in new),
        )
        known = {draft.person for draft in drafts if draft.person}.difference(new)
        for batch in batches(known):
            marks = ", ".join("?" * len(batch))
            statement = f"SELECT count(*) FROM person_key WHERE person IN ({marks})"  # noqa: S608 -- only marks
            if self._connection.execute(statement, batch).fetchone()[0] != len(batch):
                raise Problem("archive.no_such_person")

    def _refold(self, records: Collection[bytes], version: int) -> None:
        """Bring records up to date with the log, where the projection knows the log up to `version`."""
        refolded = []
        for logged in self._log.of_records(records):
            before = [one for one in logged if one.no <= version]
            refolded.append(self._folded(logged, self._folded(before).after if before else None))
        self._projection.write(refolded)
        self._meta.put("clock", self._clock.last)

    def _folded(self, logged: Sequence[Logged], before: Folded | None = None) -> Refolded:
        after = fold([one.stored for one in logged], self._catalogue.get)
        return Refolded(before, after, logged[0].no, logged[-1].no)

    def rebuild(self) -> None:
        """Throw the projection away and fold the whole log again."""
        with self.transaction():
            self._projection.drop_tables()
            self._projection.create_tables()
            refolded = map(self._folded, self._log.by_record())
            while batch := list(islice(refolded, REBUILD_BATCH)):
                self._projection.write(batch)

    def verify(self) -> list[Finding]:
        """Everything that is not as it should be; changes nothing."""
        with database.errors_explained(self.path.name):
            pages = damaged_pages(self._connection)
            if pages:
                return pages
            broken = broken_segments(self._connection, self.meeting.keys(self.device.scope))
            return [*broken, *self._wrong_records()]

    def _wrong_records(self) -> list[Finding]:
        """Records that are not what the log folds to, and a state hash that is not their sum."""
        findings: list[Finding] = []
        state = 0
        for logged in self._log.by_record():
            folded = self._folded(logged).after
            state = (state + folded.digest) % MODULUS
            if not self._projection.holds(folded):
                findings.append(Finding("fold", folded.id.hex()))
        if state.to_bytes(32, "big") != self.state_hash():
            findings.append(Finding("fold", "state"))
        return findings[:MAX_FINDINGS]

    # ---- reading ----

    def get(self, kind: str, record: bytes) -> Record | None:
        """A record, or None."""
        return self._projection.get(kind, record)

    def get_all(self, kind: str, records: Iterable[bytes]) -> dict[bytes, Record]:
        """Those of the records that are there, by id."""
        found = (self._projection.find(kind, {"id": batch}) for batch in batches(set(records)))
        return {record.id: record for batch in found for record in batch}

    def find(
        self,
        kind: str,
        where: Where | None = None,
        *,
        order: str = "",
        descending: bool = False,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Record]:
        """Records of a type that meet all conditions.

        Ordered by an index field, `created` or `changed`; else as they came to this archive.
        """
        return self._projection.find(kind, where or {}, order=order, descending=descending, limit=limit, offset=offset)

    def tally(self, kind: str, by: Sequence[str] = (), where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of values of the index fields `by`."""
        return self._projection.tally(kind, by, where or {})

    def search(self, kind: str, match: str, limit: int = 50) -> list[Record]:
        """Records whose search terms match an FTS5 expression, the last that came first."""
        return self._projection.search(kind, match, limit)

    def history(self, record: bytes) -> list[Change]:
        """All that ever happened to a record, as far as it can be read, oldest first."""
        stored = sorted((one.stored for one in self._log.of_record(record)), key=age)
        return [one.change for one in stored]

    def local(self, name: str) -> str | None:
        """Something that this device remembers inside the archive and never shares."""
        value = self._meta.get(f"local.{name}")
        return str(value) if value is not None else None

    def remember(self, name: str, value: str) -> None:
        """Remember something on this device, inside the archive."""
        with self.transaction():
            self._meta.put(f"local.{name}", value)

    def state_hash(self) -> bytes:
        """Equal in two archives that hold the same changes. 32 bytes."""
        return self._projection.state()

    def info(self) -> Info:
        """What this archive is and holds, in numbers."""
        server = self.device.server
        return Info(
            archive=self.id,
            device=self.device.id,
            names=self.device.names,
            county=server.county_name if server else "",
            scope=self.device.scope,
            state=self.state_hash(),
            changes=self._log.count(),
            records={kind.name: self.tally(kind.name)[()] for kind in self._catalogue},
            backlog=self.meeting.backlog(),
        )


def _make(path: Path, unlocked: Unlocked, owner: Owner, catalogue: Catalogue, wall: WallClock) -> Connection:
    """Write the files of a new archive, both or none: a user must be able to try again under the same name."""
    if path.exists() or slots_path(path).exists():
        raise Problem("archive.exists", file=path.name)
    try:
        slot = password_slot(unlocked, owner.user_name, owner.password)
        with database.file_errors_explained(path.name):
            write_slots(slots_path(path), SlotFile(unlocked.archive, [slot]), unlocked.key)
            path.touch(mode=0o600)
        connection = database.connect(path, unlocked.key)
        try:
            database.use_wal(connection)
            with database.transaction(connection, path.name):
                database.create_tables(connection)
                Meta(connection).put("archive", unlocked.archive)
                scope_key = ScopeKey(new_id(wall()), FIRST_EPOCH, secrets.token_bytes(KEY_SIZE))
                Device.create(connection, owner.names, scope_key)
                Projection(connection, catalogue).create_tables()
        except BaseException:
            connection.close()
            raise
    except BaseException:
        for end in ("", "-wal", "-shm", ".keys"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        raise
    return connection
