"""Backups: an archive and its key-slot file in one file, and how they become an archive again. Layout: docs/backup.md."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from storage import database
from storage.archive import Archive
from storage.copies import Stopped, never, write_copy
from storage.database import Meta, file_errors_explained
from storage.errors import EnvironmentProblem, Problem
from storage.keys import read_slots, slots_path
from storage.rotation import Keep, surplus
from sync.files import sync_folder

ENDING = ".xinyi-backup"
KEEP = 10
"""How many backups of an archive stay in a folder, unless somebody says otherwise."""

FORMAT = 1
DATABASE, KEYS, MANIFEST = "archive", "keys", "manifest.json"
_MAX_MANIFEST = 4096
_CHUNK = 1024 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)

# Bytes that are no container make the library raise any of these.
_NOT_A_CONTAINER = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    msgspec.MsgspecError,
    KeyError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)

_SENTENCES = {
    "archive.disk_full": "backup.disk_full",
    "archive.read_only": "backup.cannot_write",
    "archive.cannot_read": "backup.cannot_write",
    "archive.disk_error": "backup.disk_error",
}
"""What the archive says about a disk speaks of the last step of the work; a backup is no such step."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself; nothing about people, and nobody's name.

    Attributes:
        format: of the container.
        archive: id of the archive, in hexadecimal.
        made: milliseconds since 1970.
        state: state hash of the archive at that moment, in hexadecimal.
        digests: SHA-256 of the members, in hexadecimal.
    """

    format: int
    archive: str
    made: int
    state: str
    digests: dict[str, str]


class Made(msgspec.Struct, frozen=True):
    """A backup that was made.

    Attributes:
        path: where it is.
        removed: older ones of the same archive that gave way.
        broken: others of the same archive that are damaged; they were left as they are and not counted.
    """

    path: Path
    removed: list[Path]
    broken: list[Path]


class Source(NamedTuple):
    """An archive that shall be backed up, on any thread, while it goes on being used on its own.

    Attributes:
        archive: id of the archive.
        path: of its file.
        key: its raw key.
        now: when the backup begins, in milliseconds since 1970.
    """

    archive: bytes
    path: Path
    key: bytes
    now: int


class Found(msgspec.Struct, frozen=True):
    """A backup that lies in a folder. `made` in milliseconds since 1970, `size` in bytes."""

    path: Path
    made: int
    size: int


# ---- making ----


def backup(archive: Archive, folder: Path, keep: int = KEEP) -> Made:
    """Write a backup of an open archive into a folder, check it, and let the oldest beyond `keep` go. See `make`."""
    return make(source(archive), folder, Keep(keep))


def source(archive: Archive) -> Source:
    """What `make` needs; called on the archive's own thread."""
    # Others can only be sent what is in segments. Where there is no room for them, a copy is needed all the more.
    with suppress(EnvironmentProblem):
        archive.meeting.seal()
    return Source(archive.id, archive.path, archive.raw_key, archive.now())


def make(source: Source, folder: Path, keep: Keep, stopped: Stopped = never) -> Made:
    """Write a backup into a folder, check it, and let those go that are not to be kept.

    Args:
        source: from the function of this name. The archive may be used, locked and opened meanwhile.
        folder: where to.
        keep: how many of this archive stay; the one that is made now always does.
        stopped: asked now and then whether to stop.

    Raises:
        Problem: no room, nothing may be written there, the folder is gone, the archive or its keys are damaged, or it was
            stopped. Nothing is left behind, and earlier backups are as they were.
    """
    with _sentences(folder):
        names = [folder / f"~{source.archive.hex()}.{part}.tmp" for part in ("copy", "whole")]
        copy, whole = names
        try:
            # What a backup that was cut off by a kill or a pulled stick left here.
            _remove(names)
            for name in names:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            keys, state = _copy(source, copy, stopped)
            _pack(whole, copy, keys, Manifest(FORMAT, source.archive.hex(), source.now, state.hex(), {}), stopped)
            check(whole, stopped)
            path = _free_name(folder, source.path.stem, source.now)
            whole.rename(path)
        finally:
            _remove(names)
        sync_folder(folder)
        removed, broken = _rotate(folder, path, source.archive, keep, stopped)
    return Made(path, removed, broken)


def _copy(source: Source, path: Path, stopped: Stopped) -> tuple[bytes, bytes]:
    """Write a copy of the database; returns the bytes of the key-slot file, and the state hash of the copy."""
    slots = slots_path(source.path)
    # With the key: a file that somebody changed behind our back must be noticed while there are better ones.
    read_slots(slots, source.key)
    with (
        closing(database.connect(source.path, source.key)) as connection,
        closing(database.connect(source.path, source.key)) as holder,
    ):
        write_copy(connection, source.key, path, stopped, holder)
    with closing(database.connect(path, source.key)) as connection:
        state = bytes(Meta(connection).get("state"))
    with file_errors_explained(source.path.name):
        return slots.read_bytes(), state


def _pack(whole: Path, copy: Path, keys: bytes, manifest: Manifest, stopped: Stopped) -> None:
    digests = {KEYS: hashlib.sha256(keys).hexdigest()}
    with whole.open("r+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as container:
            with copy.open("rb") as source, container.open(_member(DATABASE), "w", force_zip64=True) as target:
                digests[DATABASE] = _pour(source, target, stopped)
            container.writestr(_member(KEYS), keys)
            container.writestr(
                _member(MANIFEST), msgspec.json.encode(msgspec.structs.replace(manifest, digests=digests))
            )
        file.flush()
        os.fsync(file.fileno())


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _LONG_AGO)


def _pour(source: IO[bytes], target: IO[bytes] | None = None, stopped: Stopped = never) -> str:
    """Copy what can be read to `target`, if there is one; returns its SHA-256."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        if stopped():
            raise Problem("backup.stopped")
        digest.update(chunk)
        if target:
            target.write(chunk)
    return digest.hexdigest()


def _free_name(folder: Path, name: str, made: int) -> Path:
    moment = datetime.fromtimestamp(made // 1000, UTC)
    while (path := folder / f"{name}-{moment:%Y%m%dT%H%M%SZ}{ENDING}").exists():
        moment += timedelta(seconds=1)
    return path


def _rotate(folder: Path, newest: Path, archive: bytes, keep: Keep, stopped: Stopped) -> tuple[list[Path], list[Path]]:
    """Remove sound backups of the archive that are not to be kept; returns them, and the damaged ones, which stay.

    The newest, which was made just now, stays whatever the clock said. Stopped, it leaves everything to the next time.
    """
    sound: list[tuple[int, Path]] = []
    broken: list[Path] = []
    for one in found(folder, archive):
        if one.path == newest:
            continue
        try:
            check(one.path, stopped)
        except Problem as problem:
            if problem.key == "backup.stopped":
                return [], []
            broken.append(one.path)
        else:
            sound.append((one.made, one.path))
    removed = surplus(sound, msgspec.structs.replace(keep, last=keep.last - 1))
    for path in removed:
        path.unlink()
    return removed, broken


# ---- looking ----


def found(folder: Path, archive: bytes) -> list[Found]:
    """The backups of an archive in a folder, the newest first; none where the folder is not there.

    They have their names because they were whole once; whether they still are, `check` says.
    """
    there: list[Found] = []
    with suppress(OSError):
        for path in sorted(folder.glob(f"*{ENDING}"), reverse=True):
            with suppress(Problem, OSError):
                manifest = read_manifest(path)
                if manifest.archive == archive.hex():
                    there.append(Found(path, manifest.made, path.stat().st_size))
    return sorted(there, key=lambda one: one.made, reverse=True)


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself. Raises Problem where it is none, or was made by a newer version."""
    with _opened(path) as container:
        return _manifest(container, path)


def check(path: Path, stopped: Stopped = never) -> Manifest:
    """Read a whole backup; returns what it says of itself. Raises Problem where it is damaged, or it was stopped."""
    with _opened(path) as container:
        manifest = _manifest(container, path)
        for name, expected in manifest.digests.items():
            with container.open(name) as member:
                if _pour(member, None, stopped) != expected:
                    raise Problem("backup.damaged", file=path.name)
    return manifest


def _manifest(container: zipfile.ZipFile, path: Path) -> Manifest:
    if container.getinfo(MANIFEST).file_size > _MAX_MANIFEST:
        raise Problem("backup.damaged", file=path.name)
    manifest = msgspec.json.decode(container.read(MANIFEST), type=Manifest)
    if manifest.format > FORMAT:
        raise Problem("archive.newer")
    if set(manifest.digests) != {DATABASE, KEYS}:
        raise Problem("backup.damaged", file=path.name)
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as container:
            yield container
    except FileNotFoundError as error:
        raise Problem("backup.not_there", file=path.name) from error
    except OSError as error:
        raise EnvironmentProblem("backup.cannot_read", file=path.name) from error
    except _NOT_A_CONTAINER as error:
        raise Problem("backup.damaged", file=path.name) from error


# ---- putting back ----


def restore(file: Path, path: Path) -> None:
    """Put the archive of a backup to a new path. Whoever opens it first begins a new incarnation of the device.

    Raises:
        Problem: there is something at the path, the backup is damaged, or there is no room. Nothing is left behind.
    """
    keys = slots_path(path)
    with _opened(file) as container:
        manifest = check(file)
        wanted = container.read(KEYS)
        with _sentences(path.parent):
            _refuse_existing(path, wanted)
            parts = {DATABASE: path.with_name(path.name + "~restored"), KEYS: path.with_name(keys.name + "~restored")}
            try:
                _remove(parts.values())
                for name, part in parts.items():
                    _extract(container, name, part, manifest.digests[name])
                # The archive counts as being there when its database is; keys alone are recognised at the next try.
                parts[KEYS].replace(keys)
                parts[DATABASE].replace(path)
            finally:
                _remove(parts.values())
            sync_folder(path.parent)


def _refuse_existing(path: Path, keys: bytes) -> None:
    others = [path.with_name(path.name + end) for end in ("", "-wal", "-shm", ".rekey")]
    slots = slots_path(path)
    if any(other.exists() for other in others) or (slots.exists() and slots.read_bytes() != keys):
        raise Problem("archive.exists", file=path.name)


def _extract(container: zipfile.ZipFile, name: str, part: Path, expected: str) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as target, container.open(name) as source:
        if _pour(source, target) != expected:
            raise Problem("backup.damaged", file=Path(str(container.filename)).name)
        target.flush()
        os.fsync(target.fileno())


# ---- surroundings ----


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + end).unlink(missing_ok=True)


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    """Say what a disk does to a backup in words of its own."""
    try:
        with file_errors_explained(folder.name):
            yield
    except EnvironmentProblem as problem:
        raise EnvironmentProblem(_SENTENCES.get(problem.key, problem.key), file=folder.name) from problem
