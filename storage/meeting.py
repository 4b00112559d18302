"""The archive as a `SegmentStore`: what it gives to others, what it takes from them, and how that becomes records."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

import msgspec

from storage.database import Connection
from storage.device import Device
from storage.erase import Eraser
from storage.log import EMPTIED, Log
from storage.membership import Membership
from storage.quarantine import Apart, Quarantine
from storage.receipts import Receipts
from storage.shelf import Shelf, Shelved
from sync.changes import Change
from sync.crypto import KEY_SIZE, digest
from sync.engine import ServerState
from sync.scopes import prefix_in, prefix_of
from sync.segments import (
    MARK_SIZE,
    MAX_CHANGES,
    NOWHERE,
    Header,
    Opened,
    Point,
    ScopeKey,
    Segment,
    Tail,
    UnreadableSegment,
    open_envelopes,
    open_segment,
    read_envelopes,
    read_header,
    seal_envelopes,
    seal_segment,
)
from sync.store import FORK, GENUINE, KNOWN, REVOKED, Appended, Gate, Overview, end_of

SEAL_BYTES = 1024 * 1024
"""A segment is closed when its changes come to about this many bytes before compression."""

Transaction = Callable[[], AbstractContextManager[None]]
Refold = Callable[[Collection[bytes], int], None]


class Backlog(msgspec.Struct, frozen=True):
    """What still has to happen.

    Attributes:
        waiting: changes that no server has acknowledged (待上传).
        locked: segments that arrived and cannot be opened, because the station's key is not here yet.
        unreadable: changes whose person's key is not here.
        apart: segments that may not count: of a revoked device, or the other side of a fork.
        revoked: whether the county has revoked this device.
    """

    waiting: int
    locked: int
    unreadable: int
    apart: int = 0
    revoked: bool = False


class Meeting:
    """The archive's side of a meeting; a `sync.engine.Home`.

    Args:
        connection: the archive's.
        device: who we are.
        log: where opened changes go.
        transaction: makes one.
        refold: brings records up to date with what the log holds beyond a version.
        witness: told the stamp of each change that arrives.
        eraser: erases the people whom changes that arrive erase.
    """

    def __init__(
        self,
        connection: Connection,
        device: Device,
        log: Log,
        *,
        transaction: Transaction,
        refold: Refold,
        witness: Callable[[int], None],
        eraser: Eraser,
    ) -> None:
        self._connection = connection
        self._device = device
        self._log = log
        self._shelf = Shelf(connection)
        self._membership = Membership(connection, device)
        self._quarantine = Quarantine(connection)
        self._receipts = Receipts(connection, device, self._shelf)
        self._transaction = transaction
        self._refold = refold
        self._witness = witness
        self._eraser = eraser

    @property
    def scope(self) -> bytes:
        """The scope of the station's own records."""
        return self._device.scope

    def scopes(self) -> list[bytes]:
        """All scopes that this archive meets others about, what cannot wait first."""
        return self._device.scopes.all()

    @property
    def membership(self) -> Membership:
        """Who takes part in them."""
        return self._membership

    def backlog(self) -> Backlog:
        """What still has to happen, in all scopes."""
        scopes = self.scopes()
        return Backlog(
            waiting=sum(map(self._shelf.waiting, scopes)),
            locked=sum(map(self._shelf.locked, scopes)),
            unreadable=self._log.unreadable(),
            apart=len(self._quarantine.listed()),
            revoked=self._membership.is_revoked(),
        )

    def apart(self) -> list[Apart]:
        """What is in quarantine, and why."""
        return self._quarantine.listed()

    # ---- SegmentStore ----

    def overview(self, scope: bytes) -> Overview:
        """What is here now."""
        return Overview(self._shelf.vector(scope), self._membership.paper_ids(scope))

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:  # noqa: ARG002 -- nothing is far
        """What is here now, of all scopes that this archive takes part in."""
        return {scope: self.overview(scope) for scope in self.scopes()}

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        return self._shelf.read(scope, stream, start)

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Keep segments from elsewhere; they are opened by `settle`."""
        gate = self._gate(scope)
        with self._transaction():
            for taken, segment in enumerate(segments):
                verdict = gate.examine(segment)
                if verdict == KNOWN:
                    continue
                reason = verdict if isinstance(verdict, str) else self._keep(segment, *verdict)
                if reason in GENUINE:
                    self._set_apart(segment, reason)
                    self._set_apart_what_follows(gate, segments[taken + 1 :])
                if reason:
                    return Appended(taken, reason)
        return Appended(len(segments))

    def _set_apart_what_follows(self, gate: Gate, segments: Sequence[Segment]) -> None:
        for segment in segments:
            reason = gate.examine(segment)
            if isinstance(reason, str) and reason in GENUINE:
                self._set_apart(segment, reason)

    def _set_apart(self, segment: Segment, reason: str) -> None:
        envelopes = self._eraser.without_erased(read_header(segment.data).scope, segment.envelopes)
        self._quarantine.keep(segment._replace(envelopes=envelopes), reason)

    def _gate(self, scope: bytes) -> Gate:
        ends = self._membership.ends(scope)
        return Gate(
            scope,
            tail_of=self._shelf.tail,
            key_of=self._membership.keys(scope).get,
            stored=self._shelf.stored,
            end_of=lambda stream: end_of(ends, stream),
        )

    def _keep(self, segment: Segment, header: Header, tail: Tail) -> str:
        """Keep a segment that passed the gate; returns why it was refused after all, or nothing."""
        if self._shelf.is_elsewhere(header.stream, header.scope):
            return "sync.refused_scope"
        if self._device.scopes.is_written_here(header.scope, header.stream):
            # Only we write this stream, and yet others know more of it: this is an older copy of the archive, put back.
            # Ordinals must never be given twice, so what is saved from now on goes into a new stream.
            number = self._shelf.number(header.stream)
            if header.first != self._log.next_ordinal(number):
                return FORK
            self._device.scopes.begin_streams()
        envelopes = self._eraser.without_erased(header.scope, segment.envelopes)
        self._shelf.keep(segment._replace(envelopes=envelopes), tail, header.scope)
        return ""

    def mark(self, stream: bytes, seq: int) -> bytes | None:
        """The mark of a segment, None where it is not here."""
        data = self._shelf.stored(stream, seq)
        return digest(data)[:MARK_SIZE] if data is not None else None

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        wanted = set(ids)
        rows = self._connection.execute("SELECT id, data FROM paper WHERE scope = ? ORDER BY id", (scope,))
        return [data for paper, data in rows if paper in wanted]

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Keep papers that our county signed, or members whom it certified; also those of a scope that is shared with us."""
        with self._transaction():
            return self._membership.add(scope, list(papers))

    def set_aside(self, scope: bytes, ids: Sequence[bytes]) -> None:
        """Note papers about which the county and this archive differ; no more is to be said about them."""
        with self._transaction():
            self._membership.set_aside(scope, ids)

    def keys(self, scope: bytes) -> dict[bytes, bytes]:
        """The signing keys of the members of a scope, by device."""
        return self._membership.keys(scope)

    def acknowledge(self, receipt: bytes) -> ServerState:
        """Take a server's receipt; one that our county's server did not sign changes nothing."""
        if not receipt:
            return ""
        with self._transaction():
            return self._receipts.take(receipt, lambda: self.overviews({}))

    def untold(self, scope: bytes) -> list[Segment]:
        """Segments of revoked devices that were set apart here and that the county has not been shown."""
        return self._quarantine.untold(scope)

    def told(self, segments: Sequence[Segment]) -> None:
        """Note that the county has been shown segments that are set apart."""
        with self._transaction():
            self._quarantine.note_told(segments)

    # ---- what was saved here goes into segments ----

    def seal(self, *, full_only: bool = False) -> None:
        """Put what was saved since the last time into segments; with `full_only` only where it fills one."""
        for scope in self.scopes():
            scope_key = self._device.scopes.key(scope)
            if scope_key:
                for number, stream in self._device.scopes.streams(scope):
                    self._seal_stream(number, stream, scope_key, full_only=full_only)

    def _seal_stream(self, number: int, stream: bytes, scope_key: ScopeKey, *, full_only: bool) -> None:
        while True:
            tail = self._shelf.tail(stream)
            changes = self._log.of_stream(number, tail.next_ordinal, MAX_CHANGES, SEAL_BYTES)
            if not changes or (full_only and len(changes) < MAX_CHANGES):
                return
            persons = {change.person for change in changes if change.person}
            # What is urgent comes before the segment that introduced its people, so it brings their keys along.
            urgent = self._device.scopes.is_urgent(scope_key.scope, stream)
            fresh = self._person_keys(scope_key.scope, persons, unpublished=not urgent)
            fresh |= self._orphaned_keys(scope_key.scope)
            # What was emptied goes out under a key that nobody has.
            keys = {EMPTIED: secrets.token_bytes(KEY_SIZE), **self._person_keys(scope_key.scope, persons)}
            data = seal_segment(changes, tail, scope_key=scope_key, signer=self._device.signer, keys=keys)
            with self._transaction():
                self._shelf.keep(Segment(data, seal_envelopes(fresh, scope_key)), tail, scope_key.scope)
                self._shelf.set_folded(number, tail.seq + 1)
                self._connection.executemany(
                    "UPDATE person_key SET published = 1 WHERE person = ? AND scope = ?",
                    [(person, scope_key.scope) for person in fresh],
                )

    def _person_keys(
        self, scope: bytes, persons: Collection[bytes], *, unpublished: bool = False
    ) -> dict[bytes, bytes]:
        """The content keys of these people in a scope, as far as they are here; or only those no segment has carried."""
        marks = ", ".join("?" * len(persons))
        rows = self._connection.execute(
            f"SELECT person, key FROM person_key WHERE person IN ({marks}) AND scope = ?"  # noqa: S608 -- only marks
            " AND published <= ? AND length(key) > 0",
            (*persons, scope, 0 if unpublished else 1),
        )
        return dict(rows.fetchall())

    def _orphaned_keys(self, scope: bytes) -> dict[bytes, bytes]:
        """The content keys of people whose segment was taken out again: what we have written about them needs them."""
        rows = self._connection.execute(
            "SELECT person, key FROM person_key WHERE scope = ? AND published < 0 AND length(key) > 0", (scope,)
        )
        return dict(rows.fetchall())

    # ---- what came from others becomes records ----

    def settle(self) -> bool:
        """Take keys out of grants, open segments, hand keys on, seal what waited for one, obey revocations.

        Returns:
            Whether others should be given more now than before.
        """
        before = [self.overview(scope) for scope in self.scopes()]
        new_key = False
        for scope in self.scopes():
            with self._transaction():
                self._obey(scope)
                new_key |= self._membership.take_keys(scope)
                if self._take_person_keys(scope):
                    self._reread()
            while sum(self._open(scope, one) for one in self._shelf.next_unfolded(scope)):
                pass
            with self._transaction():
                new_key |= self._membership.grant(scope)
        if new_key:
            self.seal()
        self._eraser.scrub_if_possible()
        return [self.overview(scope) for scope in self.scopes()] != before

    def _take_person_keys(self, scope: bytes) -> int:
        """Take the content keys out of the envelopes of all new segments; returns how many are new.

        Before any of them is opened: people may be written about in another stream than the one that introduced them.
        """
        taken = 0
        for epoch, envelopes in self._shelf.unfolded_envelopes(scope):
            scope_key = self._device.scopes.key(scope, epoch)
            if scope_key:
                taken += self._connection.executemany(
                    "INSERT OR IGNORE INTO person_key (person, scope, key, published) VALUES (?, ?, ?, 1)",
                    [(person, scope, key) for person, key in open_envelopes(envelopes, scope_key).items()],
                ).rowcount
        return taken

    def _open(self, scope: bytes, shelved: Shelved) -> bool:
        """Put the changes of a segment into the log and fold them; False where it cannot be opened."""
        opened = self._opened(scope, shelved)
        if opened is None and self._membership.is_before_us(scope, shelved.epoch):
            opened = []
        if opened is None:
            return False
        with self._transaction():
            version = self._log.version()
            self._log.append_opened(shelved.stream, opened)
            changes = [one.change for one in opened if one.change]
            self._fold(changes, version)
            self._shelf.set_folded(shelved.stream, shelved.seq)
            self._eraser.cross_off(scope, shelved.stream, opened)
            if self._eraser.take(scope, changes):
                self._reread()
        return True

    def _reread(self) -> None:
        """Try again what could not be read, because keys of people have come."""
        for scope, shelved in self._shelf.with_unreadable():
            unread = self._log.unreadable_of(shelved.stream)
            opened = self._opened(scope, shelved) or []
            readable = [(one.ordinal, one.change) for one in opened if one.change and one.ordinal in unread]
            version = self._log.version()
            self._log.reread(shelved.stream, readable)
            self._eraser.cross_off(scope, shelved.stream, opened)
            self._fold([change for _, change in readable], version)

    def _opened(self, scope: bytes, shelved: Shelved) -> list[Opened] | None:
        scope_key = self._device.scopes.key(scope, shelved.epoch)
        if scope_key is None:
            return None
        try:
            opened = open_segment(
                shelved.data, scope_key=scope_key.key, keys_of=lambda persons: self._person_keys(scope, persons)
            )
        except UnreadableSegment:
            return None
        # A record belongs to one scope, or another station could write into ours. Its id says to which.
        prefix = b"" if scope == self.scope else prefix_of(scope)
        return [one if prefix_in(one.record) == prefix else one._replace(change=None, person=EMPTIED) for one in opened]

    def _fold(self, changes: Sequence[Change], version: int) -> None:
        """Bring the records of changes that are new in the log, beyond row `version`, up to date."""
        for change in changes:
            self._witness(change.time)
        self._refold({change.record for change in changes}, version)

    # ---- revoked devices ----

    def _obey(self, scope: bytes) -> None:
        """Set apart what revoked devices wrote beyond their ends, and take back what the county lets count after all."""
        for stream, point in self._cut(scope):
            self._cut_off(stream, point)
        gate = self._gate(scope)
        for segment in self._quarantine.of_revoked():
            if read_header(segment.data).scope == scope:
                verdict = gate.examine(segment)
                if verdict == KNOWN or not (isinstance(verdict, str) or self._keep(segment, *verdict)):
                    self._quarantine.remove(segment)

    def _cut(self, scope: bytes) -> list[tuple[bytes, Point]]:
        """The streams that have come further than their revoked devices' ends, and these."""
        ends = self._membership.ends(scope)
        cut = []
        for stream, point in self._shelf.vector(scope).items():
            end = end_of(ends, stream)
            if end is None or point.seq < end.seq:
                continue
            # With another segment at its end it is not the stream that the county has: nothing of it counts.
            last = end if not end.seq or self.mark(stream, end.seq) == end.mark else NOWHERE
            if point.seq > last.seq:
                cut.append((stream, last))
        return cut

    def _cut_off(self, stream: bytes, end: Point) -> None:
        number = self._shelf.number(stream)
        for segment in self._shelf.take_beyond(number, end.seq):
            self._quarantine.keep(segment, REVOKED)
            self._connection.executemany(
                "UPDATE person_key SET published = -1 WHERE person = ? AND scope = ?",
                [(one.person, read_header(segment.data).scope) for one in read_envelopes(segment.envelopes)],
            )
        first = self._shelf.tail(stream).next_ordinal
        self._eraser.refold_without(self._log.records_from(number, first), lambda: self._log.remove(number, first))
