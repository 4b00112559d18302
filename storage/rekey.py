"""A new raw key for an archive: a verified copy under the new key takes the place of the old file.

The steps, and what is found after an interruption at each: docs/archive-format.md, Changing the raw key.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from storage import database
from storage.accounts import Accounts
from storage.database import Connection
from storage.errors import EnvironmentProblem, Problem
from storage.keys import Unlocked
from storage.lock import Lock
from sync.crypto import KEY_SIZE
from sync.files import sync_folder


def rekey(path: Path, unlocked: Unlocked) -> Unlocked:
    """Give the closed archive at `path` a new raw key; returns what opens it from now on.

    Raises:
        Problem: somebody has it open, it is damaged, or there is no room for a second copy. It opens as before then.
    """
    lock = Lock(path)
    try:
        unlocked = settle(path, unlocked)
        new = secrets.token_bytes(KEY_SIZE)
        accounts = Accounts(path, unlocked)
        accounts.set_keys(new, unlocked.key)
        try:
            _copy(path, unlocked.key, new)
        except BaseException:
            Accounts(path, unlocked._replace(key=new, old_key=unlocked.key)).set_keys(unlocked.key)
            _fresh(path).unlink(missing_ok=True)
            raise
        _fresh(path).replace(path)
        sync_folder(path.parent)
        return accounts.set_keys(new)
    finally:
        lock.release()


def settle(path: Path, unlocked: Unlocked) -> Unlocked:
    """Finish or undo a change of the raw key that was interrupted; nothing to do for an archive with one key."""
    if not unlocked.old_key:
        return unlocked
    right = [key for key in (unlocked.key, unlocked.old_key) if _opens(path, key)]
    if not right:  # neither key may be thrown away as long as nobody knows what is wrong with the file
        raise Problem("archive.damaged", file=path.name)
    settled = Accounts(path, unlocked).set_keys(right[0])
    _fresh(path).unlink(missing_ok=True)
    return settled


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + ".rekey")


def _opens(path: Path, key: bytes) -> bool:
    try:
        connection = database.connect(path, key)
    except EnvironmentProblem:
        raise
    except Problem:
        return False
    connection.close()
    return True


def _copy(path: Path, old: bytes, new: bytes) -> None:
    """Write and verify the copy under the new key."""
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    with database.errors_explained(path.name):
        connection = database.connect(path, old)
        try:
            database.check_format(connection, path.name)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute(f"ATTACH ? AS fresh KEY {database.raw_key(new)}", (str(fresh),))
            connection.execute("SELECT sqlcipher_export('fresh')").fetchall()
            for name in ("application_id", "user_version"):
                (value,) = connection.execute(f"PRAGMA main.{name}").fetchone()
                connection.execute(f"PRAGMA fresh.{name} = {value}")
            counts = _counts(connection)
            connection.execute("DETACH fresh")
        finally:
            connection.close()
        _check(fresh, new, counts, path.name)


def _check(fresh: Path, key: bytes, counts: dict[str, int], name: str) -> None:
    connection = database.connect(fresh, key)
    try:
        database.check_format(connection, name)
        sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        damaged = connection.execute("PRAGMA cipher_integrity_check").fetchall()
        if not sound or damaged or _counts(connection) != counts:
            raise Problem("archive.damaged", file=name)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    descriptor = os.open(fresh, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _counts(connection: Connection) -> dict[str, int]:
    names = [row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
    return {name: connection.execute(f'SELECT count(*) FROM main."{name}"').fetchone()[0] for name in names}  # noqa: S608
