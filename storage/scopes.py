"""The scopes that an archive takes part in: its station's own (home), and what is shared with other stations."""

from __future__ import annotations

from storage.database import Connection, Meta
from sync.ids import device_of, new_stream_id
from sync.scopes import KINDS, STATION, prefix_in, prefix_of
from sync.segments import CHAIN_START, ScopeKey

FIRST_EPOCH = 1


class Scopes:
    """Reads and writes the tables `shared`, `scope_key` and, as far as streams are this device's own, `stream`.

    Args:
        connection: the archive's.
        device: the id of this device.
    """

    def __init__(self, connection: Connection, device: bytes) -> None:
        self._connection = connection
        self._meta = Meta(connection)
        self._device = device

    # ---- which there are ----

    @property
    def home(self) -> bytes:
        """The scope of the station's records."""
        return bytes(self._meta.get("scope"))

    def set_home(self, scope: bytes) -> None:
        """Make a scope the station's."""
        self._meta.put("scope", scope)

    def all(self) -> list[bytes]:
        """All of them, those first whose turn it is first when a line is slow."""
        kinds = {self.home: STATION, **self.shared()}
        return sorted(kinds, key=lambda scope: (KINDS[kinds[scope]].turn, scope))

    def shared(self) -> dict[bytes, str]:
        """What is shared with other stations: scope → kind."""
        return dict(self._connection.execute("SELECT id, kind FROM shared ORDER BY id").fetchall())

    def join(self, scope: bytes, kind: str) -> None:
        """Take part in a scope that a paper names us in."""
        self._connection.execute(
            "INSERT OR IGNORE INTO shared (id, kind, prefix) VALUES (?, ?, ?)", (scope, kind, prefix_of(scope))
        )

    def of_record(self, record: bytes) -> bytes | None:
        """The scope that a record belongs to; None where it is none of ours."""
        prefix = prefix_in(record)
        if not prefix:
            return self.home
        row = self._connection.execute("SELECT id FROM shared WHERE prefix = ?", (prefix,)).fetchone()
        return row[0] if row else None

    # ---- their keys ----

    def add_key(self, scope_key: ScopeKey) -> None:
        """Keep a key of a scope; the first one for an epoch stays."""
        self._connection.execute("INSERT OR IGNORE INTO scope_key (scope, epoch, key) VALUES (?, ?, ?)", scope_key)

    def keys(self, scope: bytes) -> dict[int, ScopeKey]:
        """The keys of a scope that are here, by epoch, the newest last."""
        rows = self._connection.execute(
            "SELECT scope, epoch, key FROM scope_key WHERE scope = ? ORDER BY epoch", (scope,)
        )
        return {row[1]: ScopeKey(*row) for row in rows}

    def key(self, scope: bytes, epoch: int | None = None) -> ScopeKey | None:
        """The key of an epoch, or the newest; None where it is not here."""
        row = self._connection.execute(
            "SELECT scope, epoch, key FROM scope_key WHERE scope = ? AND epoch = coalesce(?, epoch) ORDER BY epoch DESC",
            (scope, epoch),
        ).fetchone()
        return ScopeKey(*row) if row else None

    # ---- this device's own streams in them ----

    def stream(self, scope: bytes, *, urgent: bool = False) -> tuple[int, bytes]:
        """The stream that this incarnation writes: its local number and its id. Made where there is none yet.

        What is urgent has a stream of its own: short as it is, it goes first over a slow line.
        """
        stream = self._meta.get(self._name(scope, urgent=urgent)) or self.begin_stream(scope, urgent=urgent)
        (number,) = self._connection.execute("SELECT no FROM stream WHERE id = ?", (stream,)).fetchone()
        return number, stream

    def is_written_here(self, scope: bytes, stream: bytes) -> bool:
        """Whether this incarnation writes a stream."""
        return stream in {self._meta.get(self._name(scope, urgent=urgent)) for urgent in (False, True)}

    def is_urgent(self, scope: bytes, stream: bytes) -> bool:
        """Whether a stream is the one for what is urgent."""
        return bool(stream == self._meta.get(self._name(scope, urgent=True)))

    def begin_stream(self, scope: bytes, *, urgent: bool = False) -> bytes:
        """Write into a new stream from now on, as a new incarnation."""
        stream = new_stream_id(self._device)
        self._connection.execute(
            "INSERT INTO stream (id, scope, seq, hash, next_ordinal) VALUES (?, ?, 0, ?, 1)",
            (stream, scope, CHAIN_START),
        )
        self._meta.put(self._name(scope, urgent=urgent), stream)
        return stream

    def begin_streams(self) -> None:
        """Write into new streams from now on, in every scope: a copy must not go on where the original does."""
        for scope in self.all():
            for urgent in (False, True):
                if self._meta.get(self._name(scope, urgent=urgent)):
                    self.begin_stream(scope, urgent=urgent)

    def streams(self, scope: bytes) -> list[tuple[int, bytes]]:
        """The streams of all incarnations of this device, the oldest first: local number and id."""
        rows = self._connection.execute("SELECT no, id FROM stream WHERE scope = ? ORDER BY no", (scope,))
        return [(number, stream) for number, stream in rows if device_of(stream) == self._device]

    def _name(self, scope: bytes, *, urgent: bool) -> str:
        words = ["stream", *([scope.hex()] if scope != self.home else []), *(["urgent"] if urgent else [])]
        return " ".join(words)
