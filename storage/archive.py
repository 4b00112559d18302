"""The encrypted archive of one device: a replicated document store. On disk: docs/archive-format.md."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from storage import copies, database, rekey
from storage.accounts import Accounts
from storage.database import Connection, Meta
from storage.device import Device, Names
from storage.erase import ERASED, ERASURE, Eraser
from storage.errors import EnvironmentProblem, Problem
from storage.fates import Fates
from storage.fold import MODULUS
from storage.keys import (
    DeviceSecret,
    SlotFile,
    Unlocked,
    no_device_secret,
    open_slots,
    slots_path,
    user_slot,
    write_slots,
)
from storage.lock import Lock
from storage.log import Log
from storage.meeting import Backlog, Meeting
from storage.membership import Sharing
from storage.projection import Projection
from storage.records import Catalogue, Draft, Fields
from storage.scopes import FIRST_EPOCH
from storage.verify import (
    MAX_FINDINGS,
    Finding,
    broken_references,
    broken_segments,
    damaged_keys,
    damaged_pages,
)
from storage.waiting import Waiting
from storage.writing import Writing
from sync.clock import APART_MS, Doubt, HybridClock, WallClock, doubt
from sync.crypto import KEY_SIZE, Recipient, Unsealed, wrap
from sync.ids import new_id
from sync.papers import Certificate, Publication, content_of
from sync.scopes import prefix_in, prefix_of
from sync.segments import ScopeKey

_DRAFT = b"xinyi draft 1"
_BESIDE = "county clock"


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


class Archive(Writing):
    """An open archive. Belongs to the thread that opened it.

    Made by `create` and `open`. Every method that writes is one transaction, on disk when it returns.

    Attributes:
        path: of the file.
        id: of the archive.
        user: id of who opened it.
        public_key: of who opened it.
        accounts: who else can.
        failed_tries: wrong passwords before the right one.
        device: who this archive is among others.
        meeting: how it meets them.
        fates: how far each record has come on its way to the county.
    """

    def __init__(
        self, connection: Connection, lock: Lock, unlocked: Unlocked, path: Path, setup: tuple[Catalogue, WallClock]
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._closed = False
        self._catalogue, wall = setup
        self._meta = Meta(connection)
        super().__init__(Log(connection), Projection(connection, self._catalogue))
        self._clock = HybridClock(wall, self._meta.get("clock") or 0)
        self.path = path
        self._unlocked = unlocked
        self.id = unlocked.archive
        self.user = unlocked.user
        self.public_key = Recipient(unlocked.private).public_key
        self.accounts = Accounts(path, unlocked)
        self.failed_tries = 0
        self.device = Device(connection)
        self.fates = Fates(connection, self.device.id)
        self._eraser = Eraser(connection, self._log, self._projection, self._folded, path.name)
        self.meeting = Meeting(
            connection,
            self.device,
            self._log,
            transaction=self.transaction,
            refold=self._refold,
            witness=self._clock.witness,
            eraser=self._eraser,
        )

    # ---- opening and closing ----

    @classmethod
    def create(cls, path: Path, owner: Owner, catalogue: Catalogue, *, wall: WallClock = system_clock) -> Self:
        """Make a new archive and open it.

        Raises:
            Problem: there is something at `path` already, or it cannot be written.
        """
        private = Recipient.generate().private_key
        unlocked = Unlocked(new_id(wall()), secrets.token_bytes(KEY_SIZE), new_id(wall()), private)
        lock = Lock(path)
        try:
            connection = _make(path, unlocked, owner, catalogue, wall)
            return cls(connection, lock, unlocked, path, (catalogue, wall))
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls,
        path: Path,
        user_name: str,
        password: str,
        catalogue: Catalogue,
        *,
        wall: WallClock = system_clock,
        device_secret: DeviceSecret = no_device_secret,
    ) -> Self:
        """Open an archive.

        Raises:
            Problem: it is not there, not an archive, damaged, newer than this program, in use, the user name or
                password is wrong, it is too early for another try, or the device secret is missing.
        """
        try:
            there = path.exists()
        except OSError as error:
            raise EnvironmentProblem("archive.cannot_read", file=path.name) from error
        if not there:
            raise Problem("archive.not_there", file=path.name)
        waiting = Waiting(path)
        waiting.refuse_early(wall())
        try:
            unlocked = open_slots(slots_path(path), user_name, password, device_secret)
        except Problem as problem:
            if problem.key == "archive.wrong_password":
                waiting.failed(wall())
            raise
        archive = cls.open_unlocked(path, unlocked, catalogue, wall=wall)
        archive.failed_tries = waiting.passed()
        return archive

    @classmethod
    def open_unlocked(
        cls, path: Path, unlocked: Unlocked, catalogue: Catalogue, *, wall: WallClock = system_clock
    ) -> Self:
        """`open` for somebody who has the key already."""
        lock = Lock(path)
        try:
            unlocked = rekey.settle(path, unlocked)
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
        if copies.is_copy(self._connection):
            database.use_wal(self._connection)
            with self.transaction():
                copies.begin_incarnation(self._connection, self.device)
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

    def share(self, kind: str, others: Sequence[tuple[bytes, str]]) -> bytes:
        """Begin a scope with other stations (ids and names). Raises Problem as `Membership.found` does."""
        with self.transaction():
            return self.meeting.membership.found(kind, others)

    def sharing(self, record: bytes) -> Sharing | None:
        """Who shares a record with whom; None for one of the station's own."""
        scope = self.device.scopes.of_record(record)
        return self.meeting.membership.sharing(scope) if scope else None

    def publications(self) -> list[tuple[str, bytes]]:
        """The files that the county gives to every station, by name; of each name the one that counts."""
        papers = sorted(self.device.papers(Publication), key=lambda one: one.serial)
        return sorted((one.name, content_of(one)) for one in {one.name: one for one in papers}.values())

    # ---- erasing, checking ----

    def erase(self, person: bytes, fields: Fields) -> None:
        """Destroy all that is known of a person, here at once and on every other device when it hears of it.

        Args:
            person: id of a record that is a person.
            fields: what is kept about it, in a record of the type `erasure`: why, but nothing of the person.

        Raises:
            Problem: nobody of this id is here. EnvironmentProblem: the person is erased, but the disk has no room to
                clean the file; that is done at the next opening.
        """
        with self.transaction():
            scopes = self._eraser.scopes_of(person)
            if not scopes:
                raise Problem("archive.no_such_person")
            for scope in scopes:
                # Why is told at home only.
                why = fields if scope == self.device.scope else {}
                draft = Draft.new(ERASURE, self.new_id(scope), {**why, ERASED: person})
                self.save([draft])
                self._eraser.take(scope, (one.stored.change for one in self._log.of_record(draft.record)))
                self.meeting.membership.tell_erased(scope, person)
        self._eraser.scrub()

    def verify(self) -> list[Finding]:
        """Everything that is not as it should be; changes nothing."""
        with database.errors_explained(self.path.name):
            pages = damaged_pages(self._connection)
            if pages:
                return pages
            broken = broken_segments(self._connection, self.meeting.keys)
            keys = damaged_keys(slots_path(self.path), self._unlocked.key)
            return [*keys, *broken, *self._wrong_records(), *self._broken_references()]

    def _broken_references(self) -> list[Finding]:
        """None as long as something is known to be missing: the record that is named may be in there."""
        backlog = self.meeting.backlog()
        return [] if backlog.locked or backlog.unreadable else broken_references(self._connection, self._catalogue)

    def _wrong_records(self) -> list[Finding]:
        """Records that are not what the log folds to, and a state hash that is not their sum."""
        findings: list[Finding] = []
        states = {b"": 0, **{prefix_of(scope): 0 for scope in self.device.scopes.shared()}}
        for logged in self._log.by_record():
            folded = self._folded(logged).after
            prefix = prefix_in(folded.id)
            states[prefix] = (states.get(prefix, 0) + folded.digest) % MODULUS
            if not self._projection.holds(folded):
                findings.append(Finding("fold", folded.id.hex()))
        if any(state.to_bytes(32, "big") != self._projection.state(prefix) for prefix, state in states.items()):
            findings.append(Finding("fold", "state"))
        return findings[:MAX_FINDINGS]

    # ---- the clock ----

    def clock_doubt(self) -> Doubt:
        """What speaks against this computer's clock; people should be told."""
        beside = self.local(_BESIDE)
        return doubt(self.now(), self._clock.last, int(beside) if beside is not None else None)

    def compare_clock(self, beside: int) -> None:
        """Remember how far the clock of the county's server is ahead of this computer's, in milliseconds."""
        if abs(beside) <= APART_MS:
            self._clock.confirmed()
        with self.transaction():
            self._meta.put("clock", self._clock.last)
            self.remember(_BESIDE, str(beside))

    # ---- what it is ----

    @property
    def raw_key(self) -> bytes:
        """The raw key of the file, for who makes a copy of it."""
        return self._unlocked.key

    def local(self, name: str) -> str | None:
        """Something that this device remembers inside the archive and never shares."""
        value = self._meta.get(f"local.{name}")
        return str(value) if value is not None else None

    def remember(self, name: str, value: str) -> None:
        """Remember something on this device, inside the archive."""
        with self.transaction():
            self._meta.put(f"local.{name}", value)

    def keep_draft(self, data: bytes) -> None:
        """Keep what the user has not finished, on this device, sealed so that nobody else opens it; empty to forget."""
        sealed = wrap(self.public_key, data, _DRAFT + self.id).hex() if data else ""
        self.remember(f"draft {self.user.hex()}", sealed)

    def draft(self) -> bytes:
        """What the user has not finished; empty for nothing, or for what a reset password has closed."""
        sealed = self.local(f"draft {self.user.hex()}")
        try:
            return self.accounts.own_key.unwrap(bytes.fromhex(sealed), _DRAFT + self.id) if sealed else b""
        except Unsealed:
            return b""

    def state_hash(self, scope: bytes | None = None) -> bytes:
        """Equal in two archives that hold the same changes of a scope, the station's own unless named. 32 bytes."""
        shared = scope is not None and scope != self.device.scope
        return self._projection.state(prefix_of(scope) if scope and shared else b"")

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
            records={kind.name: self._projection.tally(kind.name, (), {})[()] for kind in self._catalogue},
            backlog=self.meeting.backlog(),
        )


def _make(path: Path, unlocked: Unlocked, owner: Owner, catalogue: Catalogue, wall: WallClock) -> Connection:
    """Write the files of a new archive, both or none: a user must be able to try again under the same name."""
    if path.exists() or slots_path(path).exists():
        raise Problem("archive.exists", file=path.name)
    try:
        slot = user_slot(unlocked, owner.user_name, owner.password)
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
                projection = Projection(connection, catalogue)
                projection.create_tables()
                projection.create_indexes()
        except BaseException:
            connection.close()
            raise
    except BaseException:
        for end in ("", "-wal", "-shm", ".keys"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        raise
    return connection
