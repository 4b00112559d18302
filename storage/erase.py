"""Erasing a person: what is destroyed, what stays, and why nothing brings it back. Why so: docs/decisions/0004-erasure.md.

Which changes can be read is a function of the changes that are here and of the people who are erased, and who is erased
is a function of the changes too. So the order in which they arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from storage.database import Connection, Meta, batches, errors_explained, transaction
from storage.errors import EnvironmentProblem
from storage.log import EMPTIED, Log, Logged
from storage.projection import Projection, Refolded
from sync.changes import Change
from sync.ids import ID_SIZE
from sync.segments import Opened, read_envelopes, without_envelopes

ERASURE = "erasure"
"""The type of the record that says that a person is erased. It belongs to nobody, so that everybody can read it."""

ERASED = "erased"
"""Its field with the id of the person."""

_PENDING = "scrub"


def erased_by(change: Change) -> bytes | None:
    """Whom a change erases, or None.

    One that itself belongs to a person does nothing: it could become unreadable, and what it did would then depend on
    what came first.
    """
    person = change.fields.get(ERASED)
    if change.type != ERASURE or change.person is not None or not isinstance(person, bytes):
        return None
    return person if len(person) == ID_SIZE else None


class Eraser:
    """Erases people in one archive.

    Args:
        connection: the archive's.
        log: holds what people's changes say.
        projection: what they amount to.
        folded: folds the changes of a record.
        file: the archive's name, for sentences about the disk.
    """

    def __init__(
        self,
        connection: Connection,
        log: Log,
        projection: Projection,
        folded: Callable[[Sequence[Logged]], Refolded],
        file: str,
    ) -> None:
        self._connection = connection
        self._log = log
        self._projection = projection
        self._folded = folded
        self._file = file
        self._meta = Meta(connection)

    # ---- who is erased ----

    def erased(self, scope: bytes, people: Iterable[bytes]) -> set[bytes]:
        """Those of the people who are erased in a scope. They keep a place among the keys, with an empty key."""
        asked = set(people)
        found = asked & {EMPTIED}
        for batch in batches(asked):
            marks = ", ".join("?" * len(batch))
            rows = self._connection.execute(
                f"SELECT person FROM person_key WHERE person IN ({marks}) AND scope = ? AND length(key) = 0",  # noqa: S608
                (*batch, scope),
            )
            found.update(row[0] for row in rows)
        return found

    def scopes_of(self, person: bytes) -> list[bytes]:
        """The scopes in which somebody of this id is here and not erased."""
        rows = self._connection.execute(
            "SELECT scope FROM person_key WHERE person = ? AND length(key) > 0 ORDER BY scope", (person,)
        )
        return [row[0] for row in rows]

    def without_erased(self, scope: bytes, envelopes: bytes) -> bytes:
        """Envelopes from elsewhere without those of erased people, so that they are neither used nor handed on."""
        return without_envelopes(envelopes, self.erased(scope, (one.person for one in read_envelopes(envelopes))))

    # ---- erasing, within the caller's transaction ----

    def take(self, scope: bytes, changes: Iterable[Change]) -> bool:
        """Erase everybody whom these changes of a scope erase there, and who is not erased yet; whether there was somebody."""
        named = {person for person in map(erased_by, changes) if person}
        people = named - self.erased(scope, named)
        for person in people:
            self._destroy_keys(scope, person)
            self._empty_changes(scope, person)
        if people:
            self._meta.put(_PENDING, 1)
        return bool(people)

    def _destroy_keys(self, scope: bytes, person: bytes) -> None:
        self._connection.execute(
            "INSERT INTO person_key (person, scope, key, published) VALUES (?, ?, x'', 1)"
            " ON CONFLICT (person, scope) DO UPDATE SET key = x'', published = 1",
            (person, scope),
        )
        rows = self._connection.execute(
            "SELECT stream, seq, envelopes FROM segment WHERE instr(envelopes, ?) > 0"
            " AND stream IN (SELECT no FROM stream WHERE scope = ?)",
            (person, scope),
        ).fetchall()
        self._connection.executemany(
            "UPDATE segment SET envelopes = ? WHERE stream = ? AND seq = ?",
            [(self.without_erased(scope, envelopes), stream, seq) for stream, seq, envelopes in rows],
        )

        kept = self._connection.execute(
            "SELECT hash, envelopes FROM quarantine WHERE instr(envelopes, ?) > 0", (person,)
        ).fetchall()
        self._connection.executemany(
            "UPDATE quarantine SET envelopes = ? WHERE hash = ?",
            [(self.without_erased(scope, envelopes), whole) for whole, envelopes in kept],
        )

    def _empty_changes(self, scope: bytes, person: bytes) -> None:
        places = self._log.of_person(person, scope)
        # Somebody else's change in a record of the person's is only ever forged, but it must stay wherever it is.
        self.refold_without({record for _, record in places}, lambda: self._log.empty([number for number, _ in places]))

    def refold_without(self, records: Collection[bytes], take_out: Callable[[], None]) -> None:
        """Fold records again around something that takes changes of theirs out of the log."""
        before = [self._folded(logged) for logged in self._log.of_records(records)]
        take_out()
        left = [self._folded(logged) for logged in self._log.of_records(records)]
        self._projection.remove(before)
        self._projection.write(left)

    def cross_off(self, scope: bytes, stream: int, opened: Iterable[Opened]) -> None:
        """Note which of the changes from a segment that cannot be read never will be: their people are erased."""
        unread = {one.ordinal: one.person for one in opened if one.change is None and one.person}
        erased = self.erased(scope, unread.values())
        self._log.cross_off(stream, [ordinal for ordinal, person in unread.items() if person in erased])

    # ---- cleaning up, afterwards ----

    def scrub(self) -> None:
        """Leave no byte of the people who were erased in the file; does nothing where that is done.

        The search index keeps the words of a deleted row until it is merged, SQLite keeps the content of a deleted row
        until its page is written again, and the write-ahead log keeps old pages. Interrupted, it begins anew at the
        next opening or meeting.

        Raises:
            EnvironmentProblem: no room on the disk. The person is erased and cannot be found; old pages still hold them.
        """
        if not self._meta.get(_PENDING) or self._connection.in_transaction:
            return
        with transaction(self._connection, self._file):
            self._projection.merge_terms()
        with errors_explained(self._file):
            self._connection.execute("VACUUM")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            with transaction(self._connection, self._file):
                self._meta.put(_PENDING, 0)

    def scrub_if_possible(self) -> None:
        """`scrub`, where something else is what a person is doing: a full disk must not keep them from their work.

        Nothing is lost by waiting: it stays noted, and is tried at every opening and every meeting.
        """
        try:
            self.scrub()
        except EnvironmentProblem:
            return
