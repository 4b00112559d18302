"""The archive as a `SegmentStore`: what it gives to others, what it takes from them, and how that becomes records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager

import msgspec

from storage.database import Connection
from storage.device import Device
from storage.log import Log
from storage.shelf import Shelf, Unfolded
from sync.crypto import Unsealed
from sync.papers import (
    Certificate,
    Grant,
    Receipt,
    UnreadablePaper,
    open_certificate,
    open_grant,
    open_paper,
    paper_kind,
    read_paper,
    write_grant,
)
from sync.segments import (
    MAX_CHANGES,
    ScopeKey,
    Segment,
    UnreadableSegment,
    open_envelopes,
    open_segment,
    seal_envelopes,
    seal_segment,
)
from sync.store import KNOWN, Appended, Gate, Overview

SEAL_BYTES = 1024 * 1024
"""A segment is closed when its changes come to about this many bytes before compression."""

Transaction = Callable[[], AbstractContextManager[None]]
Refold = Callable[[Iterable[bytes], int], None]


class Backlog(msgspec.Struct, frozen=True):
    """What still has to happen.

    Attributes:
        waiting: changes that no server has acknowledged (待上传).
        locked: segments that arrived and cannot be opened, because the station's key is not here yet.
        unreadable: changes whose person's key is not here.
    """

    waiting: int
    locked: int
    unreadable: int


class Meeting:
    """The archive's side of a meeting; a `sync.engine.Home`.

    Args:
        connection: the archive's.
        device: who we are.
        log: where opened changes go.
        transaction: makes one.
        refold: brings records up to date with what the log holds beyond a version.
        witness: told the stamp of each change that arrives.
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
    ) -> None:
        self._connection = connection
        self._device = device
        self._log = log
        self._shelf = Shelf(connection)
        self._transaction = transaction
        self._refold = refold
        self._witness = witness

    @property
    def scope(self) -> bytes:
        """The scope that this archive meets others about."""
        return self._device.scope

    def backlog(self) -> Backlog:
        """What still has to happen."""
        own, _ = self._device.stream
        return Backlog(self._shelf.waiting(self.scope), self._shelf.locked(self.scope, own), self._log.unreadable())

    # ---- SegmentStore ----

    def overview(self, scope: bytes) -> Overview:
        """What is here now."""
        papers = self._connection.execute("SELECT id FROM paper WHERE scope = ? ORDER BY id", (scope,))
        return Overview(self._shelf.vector(scope), [row[0] for row in papers])

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        return self._shelf.read(scope, stream, start)

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Keep segments from elsewhere; they are opened by `settle`."""
        gate = Gate(scope, tail_of=self._shelf.tail, key_of=self._keys(scope).get, stored=self._shelf.stored)
        with self._transaction():
            for taken, segment in enumerate(segments):
                verdict = gate.examine(segment)
                if isinstance(verdict, str) and verdict != KNOWN:
                    return Appended(taken, verdict)
                if not isinstance(verdict, str):
                    self._shelf.keep(segment, verdict[1], scope)
        return Appended(len(segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        wanted = set(ids)
        rows = self._connection.execute("SELECT id, data FROM paper WHERE scope = ? ORDER BY id", (scope,))
        return [data for paper, data in rows if paper in wanted]

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Keep certificates that our county signed, and grants by the devices that they name."""
        server = self._device.server
        if server is None:
            return
        with self._transaction():
            # Certificates first: a grant is believed by its sender's certificate.
            for kind in (Certificate.KIND, Grant.KIND):
                for data in papers:
                    try:
                        if paper_kind(data) == kind:
                            self._add_paper(scope, data, server.county_key)
                    except UnreadablePaper:
                        continue

    def _add_paper(self, scope: bytes, data: bytes, county_key: bytes) -> None:
        body: Certificate | Grant
        if paper_kind(data) == Certificate.KIND:
            body = open_certificate(data, county_key)
        else:
            body = open_paper(data, Grant, self._sender_key(read_paper(data, Grant)))
        if body.scope == scope:
            self._device.keep_paper(data, body)

    def _keys(self, scope: bytes) -> dict[bytes, bytes]:
        """The signing keys of the members of a scope, by device."""
        if scope != self.scope:
            return {}
        members = {member.device: member.signing_key for member in self._device.papers(Certificate)}
        return {**members, self._device.id: self._device.signer.public_key}

    def _sender_key(self, grant: Grant) -> bytes:
        key = self._keys(grant.scope).get(grant.sender)
        if key is None:
            raise UnreadablePaper
        return key

    def acknowledge(self, receipt: bytes) -> None:
        """Take a server's receipt; one that our county's server did not sign changes nothing."""
        server = self._device.server
        if server is None or not receipt:
            return
        try:
            body = open_paper(receipt, Receipt, server.server_key)
        except UnreadablePaper:
            return
        with self._transaction():
            self._shelf.acknowledge(body.scope, body.vector)

    # ---- what was saved here goes into segments ----

    def seal(self, *, full_only: bool = False) -> None:
        """Put what was saved since the last time into segments; with `full_only` only where it fills one."""
        scope_key = self._device.scope_key()
        if scope_key is None:
            return
        number, stream = self._device.stream
        while True:
            tail = self._shelf.tail(stream)
            changes = self._log.of_stream(number, tail.next_ordinal, MAX_CHANGES, SEAL_BYTES)
            if not changes or (full_only and len(changes) < MAX_CHANGES):
                return
            keys, fresh = self._person_keys({change.person for change in changes if change.person})
            data = seal_segment(
                changes, tail, scope_key=scope_key, signer=self._device.signer, person_key=keys.__getitem__
            )
            with self._transaction():
                self._shelf.keep(Segment(data, seal_envelopes(fresh, scope_key)), tail, scope_key.scope)
                self._connection.executemany(
                    "UPDATE person_key SET published = 1 WHERE person = ?", [(person,) for person in fresh]
                )

    def _person_keys(self, persons: set[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        """The content keys of these people, and those of them that no segment has carried yet."""
        rows = [
            self._connection.execute(
                "SELECT person, key, published FROM person_key WHERE person = ?", (person,)
            ).fetchone()
            for person in persons
        ]
        return {row[0]: row[1] for row in rows}, {row[0]: row[1] for row in rows if not row[2]}

    # ---- what came from others becomes records ----

    def settle(self) -> bool:
        """Take keys out of grants, open segments, hand the station's key on, seal what waited for it."""
        before = self.overview(self.scope)
        with self._transaction():
            self._take_keys()
        own, _ = self._device.stream
        while sum(self._open(one) for one in self._shelf.next_unfolded(self.scope, own)):
            pass
        with self._transaction():
            self._grant()
        self.seal()
        return self.overview(self.scope) != before

    def _take_keys(self) -> None:
        for grant, data in self._device.papers_with_data(Grant):
            if grant.recipient != self._device.id or self._device.scope_key(grant.epoch):
                continue
            try:
                self._device.add_scope_key(open_grant(data, self._sender_key(grant), self._device.recipient))
            except UnreadablePaper:
                continue

    def _open(self, unfolded: Unfolded) -> bool:
        """Put the changes of a segment into the log and fold them; False where it cannot be opened."""
        scope_key = self._device.scope_key(unfolded.epoch)
        if scope_key is None:
            return False
        try:
            keys = open_envelopes(unfolded.segment.envelopes, scope_key)
            with self._transaction():
                self._connection.executemany(
                    "INSERT OR IGNORE INTO person_key (person, key, published) VALUES (?, ?, 1)", keys.items()
                )
                opened = open_segment(unfolded.segment.data, scope_key=scope_key.key, person_key=self._person_key)
                version = self._log.version()
                self._log.append_opened(unfolded.stream, opened)
                for one in opened:
                    if one.change:
                        self._witness(one.change.time)
                self._refold({one.record for one in opened if one.change}, version)
                self._shelf.set_folded(unfolded.stream, unfolded.seq)
        except UnreadableSegment:
            return False
        return True

    def _person_key(self, person: bytes) -> bytes | None:
        row = self._connection.execute("SELECT key FROM person_key WHERE person = ?", (person,)).fetchone()
        return row[0] if row else None

    def _grant(self) -> None:
        """Hand the scope's newest key to every member that has no grant for it."""
        scope_key: ScopeKey | None = self._device.scope_key()
        if scope_key is None:
            return
        served = {grant.recipient for grant in self._device.papers(Grant) if grant.epoch == scope_key.epoch}
        served.add(self._device.id)
        for member in self._device.papers(Certificate):
            if member.device in served:
                continue
            served.add(member.device)
            try:
                data = write_grant(scope_key, member, self._device.signer)
            except Unsealed:
                continue
            self._device.keep_paper(data, read_paper(data, Grant))
