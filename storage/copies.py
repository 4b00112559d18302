"""Copies of an archive: how one is made of an open archive, and how it becomes an archive that goes on by itself."""

from __future__ import annotations

from pathlib import Path

from storage import database
from storage.database import Connection, Meta, errors_explained
from storage.device import Device
from storage.errors import Problem
from storage.verify import damaged_pages

MARK = "copied"
"""In `meta` of a copy: whoever opens it is another incarnation of the device than the one that went on."""


def write_copy(connection: Connection, key: bytes, path: Path) -> None:
    """Write a copy of an open archive to `path`, where an empty file may be; encrypted with the same key, and checked.

    The copy is marked as one. It is not synced to the disk.

    Raises:
        Problem: no room, nothing may be written there, or what was written does not read as it should.
    """
    with errors_explained(path.name):
        connection.execute("VACUUM INTO ?", (str(path),))
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
            if damaged_pages(copy) or _content(copy) != _content(connection):
                raise Problem("backup.not_as_written")
        finally:
            copy.close()


def _content(connection: Connection) -> list[object]:
    meta = Meta(connection)
    counts = "SELECT (SELECT count(*) FROM change), (SELECT count(*) FROM segment), (SELECT count(*) FROM person_key)"
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
    device.begin_stream()
    connection.execute("DELETE FROM meta WHERE name = ?", (MARK,))
