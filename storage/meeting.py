"""The archive as a `SegmentStore`: what it gives to others, what it takes from them, and how that becomes records."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager

import msgspec

from storage.database import Connection
from storage.device import Device
from storage.erase import Eraser
from storage.log import EMPTIED, Log
from storage.shelf import Shelf, Shelved
from sync.changes import Change
from sync.crypto import KEY_SIZE, Unsealed, digest
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
    MARK_SIZE,
    MAX_CHANGES,
    Header,
    Opened,
    ScopeKey,
    Segment,
    Tail,
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
Refold = Callable[[Collection[bytes], int], None]


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
        self._transaction = transaction
        self._refold = refold
        self._witness = witness
        self._eraser = eraser

    @property
    def scope(self) -> bytes:
        """The scope that this archive meets others about."""
        return self._device.scope

    def backlog(self) -> Backlog:
        """What still has to happen."""
        return Backlog(self._shelf.waiting(self.scope), self._shelf.locked(self.scope), self._log.unreadable())

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
        gate = Gate(scope, tail_of=self._shelf.tail, key_of=self.keys(scope).get, stored=self._shelf.stored)
        with self._transaction():
            for taken, segment in enumerate(segments):
                verdict = gate.examine(segment)
                if verdict == KNOWN:
                    continue
                reason = verdict if isinstance(verdict, str) else self._keep(segment, *verdict)
                if reason:
                    return Appended(taken, reason)
        return Appended(len(segments))

    def _keep(self, segment: Segment, header: Header, tail: Tail) -> str:
        """Keep a segment that passed the gate; returns why it was refused after all, or nothing."""
        number, stream = self._device.stream
        if header.stream == stream:
            # Only we write this stream, and yet others know more of it: this is an older copy of the archive, put back.
            # Ordinals must never be given twice, so what is saved from now on goes into a new stream.
            if header.first != self._log.next_ordinal(number):
                return "sync.refused_fork"
            self._device.begin_stream()
        envelopes = self._eraser.without_erased(segment.envelopes)
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

    def keys(self, scope: bytes) -> dict[bytes, bytes]:
        """The signing keys of the members of a scope, by device."""
        if scope != self.scope:
            return {}
        members = {member.device: member.signing_key for member in self._device.papers(Certificate)}
        return {**members, self._device.id: self._device.signer.public_key}

    def _sender_key(self, grant: Grant) -> bytes:
        key = self.keys(grant.scope).get(grant.sender)
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
        for number, stream in self._device.streams:
            self._seal_stream(number, stream, scope_key, full_only=full_only)

    def _seal_stream(self, number: int, stream: bytes, scope_key: ScopeKey, *, full_only: bool) -> None:
        while True:
            tail = self._shelf.tail(stream)
            changes = self._log.of_stream(number, tail.next_ordinal, MAX_CHANGES, SEAL_BYTES)
            if not changes or (full_only and len(changes) < MAX_CHANGES):
                return
            persons = {change.person for change in changes if change.person}
            fresh = self._person_keys(persons, unpublished=True)
            # What was emptied goes out under a key that nobody has.
            keys = {EMPTIED: secrets.token_bytes(KEY_SIZE), **self._person_keys(persons)}
            data = seal_segment(changes, tail, scope_key=scope_key, signer=self._device.signer, keys=keys)
            with self._transaction():
                self._shelf.keep(Segment(data, seal_envelopes(fresh, scope_key)), tail, scope_key.scope)
                self._shelf.set_folded(number, tail.seq + 1)
                self._connection.executemany(
                    "UPDATE person_key SET published = 1 WHERE person = ?", [(person,) for person in fresh]
                )

    def _person_keys(self, persons: Collection[bytes], *, unpublished: bool = False) -> dict[bytes, bytes]:
        """The content keys of these people, as far as they are here; or only those that no segment has carried yet."""
        marks = ", ".join("?" * len(persons))
        rows = self._connection.execute(
            f"SELECT person, key FROM person_key WHERE person IN ({marks}) AND published <= ?"  # noqa: S608 -- only marks
            " AND length(key) > 0",
            (*persons, 0 if unpublished else 1),
        )
        return dict(rows.fetchall())

    # ---- what came from others becomes records ----

    def settle(self) -> bool:
        """Take keys out of grants, open segments, hand the station's key on, seal what waited for it."""
        before = self.overview(self.scope)
        with self._transaction():
            new_key = self._take_scope_keys()
            if self._take_person_keys():
                self._reread()
        while sum(self._open(one) for one in self._shelf.next_unfolded(self.scope)):
            pass
        with self._transaction():
            self._grant()
        if new_key:
            self.seal()
        self._eraser.scrub_if_possible()
        return self.overview(self.scope) != before

    def _take_scope_keys(self) -> bool:
        """Whether there was a new one."""
        new = False
        for grant, data in self._device.papers_with_data(Grant):
            if grant.recipient != self._device.id or self._device.scope_key(grant.epoch):
                continue
            try:
                self._device.add_scope_key(open_grant(data, self._sender_key(grant), self._device.recipient))
            except UnreadablePaper:
                continue
            new = True
        return new

    def _take_person_keys(self) -> int:
        """Take the content keys out of the envelopes of all new segments; returns how many are new.

        Before any of them is opened: people may be written about in another stream than the one that introduced them.
        """
        taken = 0
        for epoch, envelopes in self._shelf.unfolded_envelopes(self.scope):
            scope_key = self._device.scope_key(epoch)
            if scope_key:
                taken += self._connection.executemany(
                    "INSERT OR IGNORE INTO person_key (person, key, published) VALUES (?, ?, 1)",
                    open_envelopes(envelopes, scope_key).items(),
                ).rowcount
        return taken

    def _open(self, shelved: Shelved) -> bool:
        """Put the changes of a segment into the log and fold them; False where it cannot be opened."""
        opened = self._opened(shelved)
        if opened is None:
            return False
        with self._transaction():
            version = self._log.version()
            self._log.append_opened(shelved.stream, opened)
            changes = [one.change for one in opened if one.change]
            self._fold(changes, version)
            self._shelf.set_folded(shelved.stream, shelved.seq)
            self._eraser.cross_off(shelved.stream, opened)
            if self._eraser.take(changes):
                self._reread()
        return True

    def _reread(self) -> None:
        """Try again what could not be read, because keys of people have come."""
        for shelved in self._shelf.with_unreadable():
            unread = self._log.unreadable_of(shelved.stream)
            opened = self._opened(shelved) or []
            readable = [(one.ordinal, one.change) for one in opened if one.change and one.ordinal in unread]
            version = self._log.version()
            self._log.reread(shelved.stream, readable)
            self._eraser.cross_off(shelved.stream, opened)
            self._fold([change for _, change in readable], version)

    def _opened(self, shelved: Shelved) -> list[Opened] | None:
        scope_key = self._device.scope_key(shelved.epoch)
        if scope_key is None:
            return None
        try:
            return open_segment(shelved.data, scope_key=scope_key.key, keys_of=self._person_keys)
        except UnreadableSegment:
            return None

    def _fold(self, changes: Sequence[Change], version: int) -> None:
        """Bring the records of changes that are new in the log, beyond row `version`, up to date."""
        for change in changes:
            self._witness(change.time)
        self._refold({change.record for change in changes}, version)

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
