"""What is written into an archive: changes into the log, and what they amount to into the projection."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
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
from sync.crypto import KEY_SIZE, derive
from sync.ids import new_id
from sync.scopes import new_record, prefix_in

_SHARED_KEY = b"xinyi shared person 1"

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

    def new_id(self, scope: bytes | None = None) -> bytes:
        """An id for a new record: one of the station's own, or one in a shared scope."""
        shared = scope is not None and scope != self.device.scope
        return new_record(scope, self._clock.wall()) if scope and shared else new_id(self._clock.wall())

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
            version = self._log.version()
            for (scope, urgent), batch in self._lanes(drafts).items():
                self._append(self.device.scopes.stream(scope, urgent=urgent), batch, known)
            self._refold(known, version)

    def _append(self, own: tuple[int, bytes], drafts: Sequence[Draft], known: Collection[bytes]) -> None:
        """Write drafts into one of our streams, and those that are single changes into the projection."""
        number, stream = own
        ordinal = self._log.next_ordinal(number)
        for start in range(0, len(drafts), BATCH):
            changes = [self._change(draft) for draft in drafts[start : start + BATCH]]
            row = self._log.append(number, ordinal, changes)
            self._projection.add(
                (
                    row + offset,
                    stream,
                    ordinal + offset,
                    one.record,
                    one.time,
                    one.type,
                    one.schema,
                    one.person,
                    one.fields,
                )
                for offset, one in enumerate(changes)
                if one.record not in known
            )
            ordinal += len(changes)

    def _lanes(self, drafts: Sequence[Draft]) -> dict[tuple[bytes, bool], list[Draft]]:
        """Drafts by the scope that they belong to and whether they are urgent. Raises Problem where a scope is unknown."""
        lanes: dict[tuple[bytes, bool], list[Draft]] = {}
        home = self.device.scope
        for draft in drafts:
            scope = self.device.scopes.of_record(draft.record) if prefix_in(draft.record) else home
            if scope is None:
                raise Problem("archive.no_such_scope")
            urgent = self._catalogue[draft.type].urgent
            lanes.setdefault((scope, bool(urgent and urgent(draft.fields))), []).append(draft)
        return lanes

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
        home = self.device.scope
        new = [draft.record for draft in drafts if self._catalogue[draft.type].person and not draft.seen]
        self._make_keys(home, new)
        known = {draft.person for draft in drafts if draft.person and not prefix_in(draft.record)}.difference(new)
        for batch in batches(known):
            marks = ", ".join("?" * len(batch))
            statement = f"SELECT 1 FROM person_key WHERE person IN ({marks}) AND scope = ? AND length(key) > 0"  # noqa: S608
            if len(self._connection.execute(statement, (*batch, home)).fetchall()) != len(batch):
                raise Problem("archive.no_such_person")
        for draft in drafts:
            scope = self.device.scopes.of_record(draft.record) if prefix_in(draft.record) else None
            if draft.person and scope:
                self._share_key(draft.person, scope)

    def _make_keys(self, scope: bytes, persons: Sequence[bytes]) -> None:
        keys = secrets.token_bytes(KEY_SIZE * len(persons))
        self._keep_keys(scope, {one: keys[at * KEY_SIZE : (at + 1) * KEY_SIZE] for at, one in enumerate(persons)})

    def _keep_keys(self, scope: bytes, keys: Mapping[bytes, bytes]) -> None:
        self._connection.executemany(
            "INSERT INTO person_key (person, scope, key, published) VALUES (?, ?, ?, 0)",
            [(person, scope, key) for person, key in keys.items()],
        )

    def _share_key(self, person: bytes, scope: bytes) -> None:
        """Give a person a key of their own in a scope: what is shared opens nothing else.

        It follows from the one at home. Colleagues who begin to write about the person there, without having heard of each
        other, must come to the same one.
        """
        keys = dict(
            self._connection.execute("SELECT scope, key FROM person_key WHERE person = ?", (person,)).fetchall()
        )
        if not any(keys.values()) or keys.get(scope) == b"":
            raise Problem("archive.no_such_person")
        if scope not in keys:
            own = keys.get(self.device.scope)
            key = derive(own, salt=scope, info=_SHARED_KEY) if own else secrets.token_bytes(KEY_SIZE)
            self._keep_keys(scope, {person: key})

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
        """Throw the projection away and fold the whole log again. Interrupted, it is done anew at the next opening."""
        # What is thrown away is not overwritten first: it comes back at once. Erasing somebody writes the whole file anew.
        self._connection.execute("PRAGMA secure_delete = FAST")
        try:
            # On its own: pages that are taken again by the transaction that freed them are read and deciphered before.
            with self.transaction():
                self._projection.drop_tables()
            with _uncollected():
                self._fold_everything()
        finally:
            self._connection.execute("PRAGMA secure_delete = ON")

    def _fold_everything(self) -> None:
        with self.transaction():
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


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage in circles: folding makes millions of objects and none, and the looking takes time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _known(drafts: Sequence[Draft]) -> set[bytes]:
    """The records of which there is more than one draft, or something already; every other one is a single change."""
    once: set[bytes] = set()
    known: set[bytes] = set()
    for draft in drafts:
        (known if draft.seen or draft.record in once else once).add(draft.record)
    return known
