"""The SQLCipher connection: how it is opened, how a transaction is made, and what its errors mean to a person."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from storage.errors import EnvironmentProblem, Problem
from sync.crypto import derive

FORMAT = 1
"""Raised when an older program could not read what a newer one wrote."""

APPLICATION_ID = 0x58594152
"""In the file's header page, which is encrypted too: tells our archive from another SQLCipher file."""

SALT_SIZE = 16

Connection = Any
"""sqlcipher3 has no type information."""


def _as_it_is(value: Any) -> Any:
    return value


# For every value that is not int, float, str or bytearray the library looks for a way to make one of these of it, in vain
# and for ten times as long as the value then takes. Told that there is nothing to do, it asks no further.
sqlcipher.register_adapter(bytes, bytes)
sqlcipher.register_adapter(type(None), _as_it_is)

_BATCH = 500
"""How many values one statement asks for."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE scope_key (scope BLOB, epoch INTEGER, key BLOB NOT NULL, PRIMARY KEY (scope, epoch)) WITHOUT ROWID;
CREATE TABLE stream (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    scope BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    next_ordinal INTEGER NOT NULL,
    folded INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE segment (
    stream INTEGER,
    seq INTEGER,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    envelopes BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (stream, seq)
);
CREATE TABLE paper (
    scope BLOB, id BLOB, kind INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (scope, id)
) WITHOUT ROWID;
CREATE TABLE paper_aside (scope BLOB, id BLOB, PRIMARY KEY (scope, id)) WITHOUT ROWID;
CREATE TABLE person_key (
    person BLOB, scope BLOB, key BLOB NOT NULL, published INTEGER NOT NULL, PRIMARY KEY (person, scope)
) WITHOUT ROWID;
CREATE TABLE change (
    no INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    record BLOB NOT NULL,
    time INTEGER,
    body BLOB
);
CREATE UNIQUE INDEX change_place ON change (stream, ordinal);
CREATE INDEX change_record ON change (record);
CREATE INDEX change_unreadable ON change (stream, ordinal) WHERE body IS NULL;
CREATE TABLE shared (id BLOB PRIMARY KEY, kind TEXT NOT NULL, prefix BLOB NOT NULL UNIQUE);
CREATE TABLE quarantine (
    hash BLOB PRIMARY KEY,
    stream BLOB NOT NULL,
    seq INTEGER NOT NULL,
    reason TEXT NOT NULL,
    data BLOB NOT NULL,
    envelopes BLOB NOT NULL
);
"""


_FILE_ERRORS = {
    errno.ENOSPC: "archive.disk_full",
    errno.EDQUOT: "archive.disk_full",
    errno.EROFS: "archive.read_only",
    errno.EACCES: "archive.read_only",
    errno.EPERM: "archive.read_only",
    errno.EIO: "archive.disk_error",
}

_OUTERMOST = "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)
_INNER = "SAVEPOINT inside", "RELEASE inside", ("ROLLBACK TO inside", "RELEASE inside")


def batches(values: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Values in order, as many at a time as one statement may ask for."""
    ordered = sorted(values)
    for first in range(0, len(ordered), _BATCH):
        yield ordered[first : first + _BATCH]


@contextmanager
def errors_explained(file: str) -> Iterator[None]:
    """Turn what SQLite says about the surroundings into a sentence; anything else stays a bug."""
    try:
        yield
    except sqlcipher.DatabaseError as error:
        problem = _explain(str(error), file)
        if problem is None:
            raise
        raise problem from error


@contextmanager
def file_errors_explained(file: str) -> Iterator[None]:
    """The same for what the system says about files."""
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(_FILE_ERRORS.get(error.errno or 0, "archive.cannot_read"), file=file) from error


def explained(error: Exception) -> Problem | None:
    """What a person is told about an error that left the storage: a sentence, or None where it is a bug of ours."""
    if isinstance(error, Problem):
        return error
    return _explain(str(error), "") if isinstance(error, sqlcipher.DatabaseError) else None


def _explain(message: str, file: str) -> Problem | None:
    explained: list[tuple[str, type[Problem], str]] = [
        ("disk is full", EnvironmentProblem, "archive.disk_full"),
        ("readonly database", EnvironmentProblem, "archive.read_only"),
        ("disk I/O error", EnvironmentProblem, "archive.disk_error"),
        ("unable to open", EnvironmentProblem, "archive.cannot_read"),
        ("database is locked", Problem, "archive.in_use"),
        ("not a database", Problem, "archive.not_an_archive"),
        ("malformed", Problem, "archive.damaged"),
        ("Could not decode", Problem, "archive.damaged"),
    ]
    return next((kind(key, file=file) for part, kind, key in explained if part in message), None)


def file_salt(key: bytes) -> bytes:
    """The salt of the file that has a raw key; SQLCipher makes the key of its page checks with it.

    It stands in the first 16 bytes too, for others. We follow it from the key, which is random itself: were those bytes
    damaged, every page would seem to be.
    """
    return derive(key, salt=b"", info=b"xinyi salt 1")[:SALT_SIZE]


def raw_key(key: bytes) -> str:
    """A raw key with its salt, as SQLCipher's statements take it."""
    return f"\"x'{key.hex()}{file_salt(key).hex()}'\""


def connect(path: Path, key: bytes) -> Connection:
    """Open the file at `path` with a raw key of 32 bytes. Every commit is on disk when it returns.

    Changes nothing in the file: whether it is ours is not known yet.
    """
    with errors_explained(path.name):
        connection = sqlcipher.connect(str(path), isolation_level=None)
        try:
            # It would write what it dislikes about a file to standard error, where people expect our own sentence.
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = {raw_key(key)}")
            connection.execute("PRAGMA cipher_memory_security = OFF")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -32000")
        except BaseException:
            connection.close()
            raise
    return connection


def use_wal(connection: Connection) -> None:
    """Make a new file one with a write-ahead log, for ever: a commit appends, whatever the size of the archive."""
    connection.execute("PRAGMA journal_mode = WAL")


def create_tables(connection: Connection) -> None:
    """Make the tables that every archive has. Tables of record types are made by the projection."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def check_format(connection: Connection, file: str) -> None:
    """Raise Problem unless this version of the program can work with the archive."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise Problem("archive.not_an_archive", file=file)
    if version > FORMAT:
        raise Problem("archive.newer")


@contextmanager
def transaction(connection: Connection, file: str) -> Iterator[None]:
    """All or nothing: durable when the block is left, undone when it raises.

    Inside another one, an inner block is undone by itself where it raises, and durable with the outermost.
    """
    begin, commit, undo = _INNER if connection.in_transaction else _OUTERMOST
    with errors_explained(file):
        connection.execute(begin)
        try:
            yield
            connection.execute(commit)
        except BaseException:
            # SQLite has already rolled back everything by itself where the disk was full.
            for statement in undo if connection.in_transaction else ():
                connection.execute(statement)
            raise


class Meta:
    """Small named values of the archive, kept in the table `meta`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Any:
        """The value, or None."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def put(self, name: str, value: bytes | int | str) -> None:
        """Set a value, inside the caller's transaction."""
        self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))
