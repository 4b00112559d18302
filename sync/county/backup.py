"""A county in one file, made while its server runs, and the way back.

A tar of `backup.json` (what is in it, with SHA-256), `county.db` (an SQLite database, wherever the tables came from) and
the files that make the server the one that devices know. The root key is not in it: it admits devices, it is not needed
to serve, and it belongs into a safe, not into a rotation of backups.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, insert, select, update
from sqlalchemy.exc import OperationalError

from sync.county import tables
from sync.county.condition import LAST_BACKUP
from sync.county.office import (
    DATABASE,
    DATABASE_URL,
    SERVER_KEY,
    TLS_CERTIFICATE,
    TLS_KEY,
    County,
    refuse_used,
    upgrade,
)
from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file, sync_folder
from sync.ids import ID_SIZE

FORMAT = 1
LIST = "backup.json"
KEYS = (TLS_KEY, TLS_CERTIFICATE, SERVER_KEY)
"""In the order in which they are put back: the last one says that the county is whole."""

TRANSIENT = frozenset({tables.piece.name, tables.visit.name})
"""Not backed up: half uploads, which clients begin anew, and the administrator's sign-ins, which must not come back."""

ROWS = 50
"""Copied at once: segments are up to 256 KB each."""

_BLOCK = 1024 * 1024


class Contents(msgspec.Struct, frozen=True):
    """What `backup.json` says.

    Attributes:
        format: 1.
        county: name of the county.
        made: seconds since 1970.
        files: SHA-256 of every other member, in hexadecimal.
    """

    format: int
    county: str
    made: int
    files: dict[str, str]


def back_up(county: County, file: Path) -> Contents:
    """Write a backup; the server may go on all the while, and what comes meanwhile is not in it.

    Raises:
        EnvironmentProblem: the file cannot be written, no room.
    """
    made = int(time.time())
    with _writing_to(file), tempfile.TemporaryDirectory(dir=file.parent, prefix="~") as name:
        database = Path(name) / DATABASE
        _copy_out(county.engine, database)
        sources = {DATABASE: database} | {key: county.folder / key for key in KEYS}
        contents = Contents(FORMAT, county.name, made, {one: _hash(path) for one, path in sources.items()})
        whole = Path(name) / "backup"
        with whole.open("xb") as out:
            whole.chmod(0o600)
            _pack(out, contents, sources)
            out.flush()
            os.fsync(out.fileno())
        whole.replace(file)
        sync_folder(file.parent)
    _remember(county.engine, made)
    return contents


def restore(file: Path, folder: Path, database_url: str | None = None) -> Contents:
    """Make a county out of a backup, in an empty or new folder and an empty database.

    The server gets a new incarnation. That tells every device to compare anew, and to send again what came after the backup.

    Raises:
        Problem: no backup, damaged, of a newer version, or something is in the folder or the database already.
        EnvironmentProblem: the folder cannot be written.
    """
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Problem("county.folder_in_use", folder=folder)
        folder.chmod(0o700)
        if database_url:
            refuse_used(database_url)
        with tempfile.TemporaryDirectory(dir=folder, prefix="~") as name:
            contents = _unpack(file, Path(name))
            _prepare(Path(name) / DATABASE, file)
            if database_url:
                _copy_in(Path(name) / DATABASE, database_url)
                replace_file(folder / DATABASE_URL, database_url.encode())
            else:
                (Path(name) / DATABASE).replace(folder / DATABASE)
            for key in KEYS:
                replace_file(folder / key, (Path(name) / key).read_bytes())
    return contents


def copy_tables(source: Connection, target: Connection) -> None:
    """Copy all rows that matter between databases of this version, whatever their dialects."""
    for table in tables.metadata.sorted_tables:
        if table.name not in TRANSIENT:
            _copy_table(table, source, target)


def _copy_table(table: Table, source: Connection, target: Connection) -> None:
    # Numbers that the database gives are given anew, in the same order: its counter must know of them.
    columns = [column for column in table.columns if column.autoincrement is not True]
    rows = source.execution_options(stream_results=True, yield_per=ROWS).execute(
        select(*columns).order_by(*table.primary_key.columns)
    )
    for some in rows.partitions():
        target.execute(insert(table), [dict(row._mapping) for row in some])  # noqa: SLF001 -- public, for all its name


# ---- backing up ----


def _copy_out(engine: Engine, path: Path) -> None:
    """Copy a county's tables, as they are at one moment, into a new SQLite file."""
    copy = tables.connect(tables.sqlite_url(path))
    try:
        with _moment(engine) as source, tables.writing(copy) as target:
            upgrade(target)
            copy_tables(source, target)
        _close_file(copy)
    finally:
        copy.dispose()


@contextmanager
def _moment(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database all the while, and lets others write."""
    # SQLite does by itself what PostgreSQL has to be asked for.
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection


def _close_file(engine: Engine) -> None:
    """Leave one file behind, without a log beside it."""
    connection = engine.raw_connection()
    connection.cursor().execute("PRAGMA journal_mode = DELETE")
    connection.close()
    engine.dispose()


def _pack(out: IO[bytes], contents: Contents, sources: dict[str, Path]) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        listed = msgspec.json.format(msgspec.json.encode(contents))
        _add(tar, LIST, io.BytesIO(listed), len(listed), contents.made)
        for name, path in sources.items():
            with path.open("rb") as data:
                _add(tar, name, data, path.stat().st_size, contents.made)


def _add(tar: tarfile.TarFile, name: str, data: IO[bytes], size: int, made: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, made, 0o600
    tar.addfile(member, data)


def _remember(engine: Engine, made: int) -> None:
    value = made.to_bytes(8, "big")
    columns = tables.setting.c
    with tables.writing(engine) as connection:
        known = connection.execute(update(tables.setting).where(columns.name == LAST_BACKUP).values(value=value))
        if not known.rowcount:
            connection.execute(tables.setting.insert().values(name=LAST_BACKUP, value=value))


# ---- restoring ----


def _unpack(file: Path, folder: Path) -> Contents:
    """Write the members into `folder`, as far as they are what the list says."""
    try:
        data = file.open("rb")
    except OSError as error:
        raise Problem("county.no_backup", file=file) from error
    try:
        with data, tarfile.open(fileobj=data, mode="r:") as tar:
            contents = _contents(tar, file)
            for name in (DATABASE, *KEYS):
                _extract(tar, name, folder / name)
                if _hash(folder / name) != contents.files.get(name):
                    raise Problem("county.backup_damaged", file=file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise Problem("county.backup_damaged", file=file) from error
    return contents


def _contents(tar: tarfile.TarFile, file: Path) -> Contents:
    member = tar.extractfile(LIST)
    try:
        contents = msgspec.json.decode(member.read(_BLOCK) if member else b"", type=Contents)
    except msgspec.MsgspecError as error:
        raise Problem("county.backup_damaged", file=file) from error
    if contents.format > FORMAT:
        raise Problem("county.backup_newer", file=file)
    return contents


def _extract(tar: tarfile.TarFile, name: str, path: Path) -> None:
    # Only members that we know by name, written where we say: nothing in a tar decides about a path.
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    with member, path.open("xb") as out:
        path.chmod(0o600)
        shutil.copyfileobj(member, out, _BLOCK)
        out.flush()
        os.fsync(out.fileno())


def _prepare(database: Path, file: Path) -> None:
    """Bring the tables to this version and the server to a new incarnation."""
    engine = tables.connect(tables.sqlite_url(database))
    try:
        with tables.writing(engine) as connection:
            upgrade(connection)
            incarnation = tables.setting.c.name == "incarnation"
            fresh = secrets.token_bytes(ID_SIZE)
            connection.execute(update(tables.setting).where(incarnation).values(value=fresh))
        _close_file(engine)
    except CommandError as error:
        raise Problem("county.backup_newer", file=file) from error
    finally:
        engine.dispose()


def _copy_in(path: Path, database_url: str) -> None:
    file, database = tables.connect(tables.sqlite_url(path)), tables.connect(database_url)
    try:
        with file.connect() as source, tables.writing(database) as target:
            upgrade(target)
            copy_tables(source, target)
    finally:
        file.dispose()
        database.dispose()


# ---- both ----


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _writing_to(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem("county.cannot_write_file", file=path) from error
    except OperationalError as error:
        # A file of SQLite that cannot grow is told like any other; another database has a sentence of its own.
        if isinstance(error.orig, sqlite3.Error):
            raise EnvironmentProblem("county.cannot_write_file", file=path) from error
        raise
