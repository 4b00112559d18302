"""Copies of an archive: how one is made of an open archive, and how it becomes an archive that goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlcipher3 import dbapi2 as sqlcipher

from storage import database
from storage.database import Connection, Meta, errors_explained
from storage.device import Device
from storage.errors import EnvironmentProblem, Problem
from storage.verify import damaged_pages

MARK = "copied"
"""In `meta` of a copy: whoever opens it is another incarnation of the device than the one that went on."""

Stopped = Callable[[], bool]
"""Asked now and then during long work: whether it shall stop."""

_LOOK = 200
"""After so many steps of a statement in SQLite's machine it is asked.

More than it takes to begin a copy, and fewer than it takes to list the tables, which is what comes next.
"""

_PATIENCE_MS = 60_000
"""So long a copy waits for somebody who is saving much at once."""


def never() -> bool:
    """Nobody stops it."""
    return False


def write_copy(
    connection: Connection, key: bytes, path: Path, stopped: Stopped = never, holder: Connection | None = None
) -> None:
    """Write a copy of an archive to `path`, where an empty file may be; encrypted with the same key, and checked.

    The copy is marked as one. It is not synced to the disk.

    Args:
        connection: the archive's own, or one of its own beside it.
        key: of the archive.
        path: where to.
        stopped: asked now and then whether to stop.
        holder: another connection to the archive, where it is in use meanwhile: keeps everybody from saving for the few
            milliseconds until the moment is fixed that the copy shows.

    Raises:
        Problem: no room, nothing may be written there, what was written does not read as it should, or it was stopped.
    """
    with errors_explained(path.name):
        with _held(holder) as let_go, _stoppable(connection, stopped, let_go):
            content = _content(connection)
            connection.execute("VACUUM INTO ?", (str(path),))
        if _check_copy(path, key, stopped) != content:
            raise Problem("backup.not_as_written")


@contextmanager
def _held(holder: Connection | None) -> Iterator[Callable[[], None]]:
    """Nobody saves until what this gives is called, or the block is left."""

    def let_go() -> None:
        if holder is not None and holder.in_transaction:
            holder.execute("ROLLBACK")

    if holder is not None:
        holder.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        # Where nothing can be written, nobody saves anyway.
        with suppress(EnvironmentProblem), errors_explained(""):
            holder.execute("BEGIN IMMEDIATE")
    try:
        yield let_go
    finally:
        let_go()


def _nothing() -> None:
    """Nobody is kept waiting."""


@contextmanager
def _stoppable(connection: Connection, stopped: Stopped, looked: Callable[[], None] = _nothing) -> Iterator[None]:
    def look() -> bool:
        # SQLite fixes the moment that a copy shows in its first steps, before the first look.
        looked()
        return stopped()

    connection.set_progress_handler(look, _LOOK)
    try:
        yield
    except sqlcipher.OperationalError as error:
        if not stopped():
            raise
        raise Problem("backup.stopped") from error
    finally:
        connection.set_progress_handler(None, 0)


def _check_copy(path: Path, key: bytes, stopped: Stopped) -> list[object]:
    """Mark a copy as one and read all of it; returns what it holds."""
    copy = database.connect(path, key)
    try:
        # No file beside it, whose loss would matter: the whole copy is thrown away where this does not succeed.
        copy.execute("PRAGMA journal_mode = MEMORY")
        mark_copy(copy)
    finally:
        copy.close()
    # Opened again, so that what is checked comes from the file and not out of a cache.
    copy = database.connect(path, key)
    try:
        with _stoppable(copy, stopped):
            if damaged_pages(copy):
                raise Problem("backup.not_as_written")
            return _content(copy)
    finally:
        copy.close()


def _content(connection: Connection) -> list[object]:
    meta = Meta(connection)
    # Numbers that need no walk through the whole log: somebody may be waiting to save.
    counts = "SELECT (SELECT max(no) FROM change), (SELECT count(*) FROM segment), (SELECT count(*) FROM person_key)"
    return [meta.get("archive"), meta.get("state"), *connection.execute(counts).fetchone()]


def mark_copy(connection: Connection) -> None:
    """Say in a copy that it is one."""
    Meta(connection).put(MARK, 1)


def is_copy(connection: Connection) -> bool:
    """Whether this is a copy that has not begun an incarnation of its own."""
    return Meta(connection).get(MARK) is not None


def begin_incarnation(connection: Connection, device: Device) -> None:
    """Let a copy write into a stream of its own, within the caller's transaction.

    What the device wrote after the copy was made may be with others already; no ordinal may be given to anything else.
    """
    device.scopes.begin_streams()
    connection.execute("DELETE FROM meta WHERE name = ?", (MARK,))
