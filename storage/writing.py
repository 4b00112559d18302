"""What is written into an archive: changes into the log, and what they amount to into the projection."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from storage import database
from storage.database import Connection, Meta, batches
from storage.device import Device
from storage.errors import Problem
from storage.fold import Folded, fold, replaces
from storage.guard import check_write
from storage.log import Logged
from storage.projection import Refolded
from storage.reading import Reading
from storage.records import Catalogue, Draft
from sync.changes import Change
from sync.clock import HybridClock
from sync.crypto import KEY_SIZE
from sync.ids import new_id

BATCH = 500
"""Records that a save or a rebuild works on at once: few enough to be gone before Python looks for what can go."""


class Writing(Reading):
    """The writing half of an archive."""

    path: Path
    user: bytes
    device: Device
    _connection: Connection
    _catalogue: Catalogue
    _meta: Meta
    _clock: HybridClock

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
            Problem: disk full, a draft about a person who is not (or no longer) in the archive, or one that the user
                has no right to.
        """
        if not drafts:
            return
        check_write(self._guard, {draft.type for draft in drafts})
        with self.transaction():
            self._keep_person_keys(drafts)
            known = _known(drafts)
            number, stream = self.device.stream
            version = self._log.version()
            ordinal = self._log.next_ordinal(number)
            for start in range(0, len(drafts), BATCH):
                changes = [self._change(draft) for draft in drafts[start : start + BATCH]]
                row = self._log.append(number, ordinal, changes)
                self._projection.add(
                    (row + offset, stream, ordinal + offset, change)
                    for offset, change in enumerate(changes)
                    if change.record not in known
                )
                ordinal += len(changes)
            self._refold(known, version)

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
        keys = secrets.token_bytes(KEY_SIZE * len(new))
        self._connection.executemany(
            "INSERT INTO person_key (person, key, published) VALUES (?, ?, 0)",
            ((person, keys[at : at + KEY_SIZE]) for at, person in zip(range(0, len(keys), KEY_SIZE), new, strict=True)),
        )
        known = {draft.person for draft in drafts if draft.person}.difference(new)
        for batch in batches(known):
            marks = ", ".join("?" * len(batch))
            statement = f"SELECT count(*) FROM person_key WHERE person IN ({marks}) AND length(key) > 0"  # noqa: S608
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
            repeated = self._log.repeated()
            alone = self._log.alone(repeated)
            while batch := list(islice(alone, BATCH)):
                self._projection.add(batch)
            refolded = map(self._folded, self._log.of_records(repeated))
            while several := list(islice(refolded, BATCH)):
                # By place: pages fill from one end.
                self._projection.write(sorted(several, key=lambda one: one.place))
            self._projection.create_indexes()


def _known(drafts: Sequence[Draft]) -> set[bytes]:
    """The records of which there is more than one draft, or something already; every other one is a single change."""
    once: set[bytes] = set()
    known: set[bytes] = set()
    for draft in drafts:
        (known if draft.seen or draft.record in once else once).add(draft.record)
    return known
