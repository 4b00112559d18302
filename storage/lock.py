"""One program at a time has an archive open; a small file beside it says which one."""

from __future__ import annotations

import datetime as dt
import errno
import getpass
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from storage.database import file_errors_explained
from storage.errors import EnvironmentProblem, Problem
from sync.wire import UNDECODABLE

_MAX_FILE = 4096

Name = Annotated[str, msgspec.Meta(max_length=256)]


class Holder(msgspec.Struct, frozen=True):
    """Who has an archive open. The system's user, never the archive's.

    Attributes:
        host: name of the computer.
        user: of the system.
        since: with the offset of the local time.
        pid: of the program.
    """

    host: Name
    user: Name
    since: dt.datetime
    pid: int


class Lock:
    """Held from construction to `release`; the operating system lets go of it when the program dies."""

    def __init__(self, archive: Path) -> None:
        path = archive.with_name(archive.name + ".lock")
        try:
            # Opened for appending: who holds it must not be wiped by an attempt.
            self._file: BinaryIO = path.open("ab+", buffering=0)
        except OSError as error:
            raise EnvironmentProblem("archive.cannot_read", file=archive.name) from error
        try:
            self._take(archive.name)
        except BaseException:
            self._file.close()
            raise

    def release(self) -> None:
        """Let the archive go."""
        if not self._file.closed:
            with suppress(OSError):  # what is left behind says who had it last, and holds nobody up
                self._file.truncate(0)
        self._file.close()

    def _take(self, archive: str) -> None:
        try:
            _lock(self._file)
        except OSError as error:
            if error.errno in _HELD:
                raise _in_use(archive, _holder(self._file)) from error
            raise EnvironmentProblem("archive.cannot_lock", file=archive) from error
        with file_errors_explained(archive):
            self._file.truncate(0)
            self._file.write(msgspec.json.encode(_present()))


def _in_use(archive: str, holder: Holder | None) -> Problem:
    if holder is None:
        return Problem("archive.in_use", file=archive)
    since = holder.since.astimezone().strftime("%Y-%m-%d %H:%M")
    if holder.host == platform.node():
        return Problem("archive.in_use_here", file=archive, since=since, user=holder.user)
    return Problem("archive.in_use_elsewhere", file=archive, since=since, user=holder.user, host=holder.host)


def _present() -> Holder:
    """This program."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a system account without a name
        user = "?"
    return Holder(platform.node(), user, dt.datetime.now().astimezone().replace(microsecond=0), os.getpid())


def _holder(file: BinaryIO) -> Holder | None:
    """Who wrote the file; None where it does not say, for instance because they are just writing it."""
    try:
        file.seek(0)
        holder = msgspec.json.decode(file.read(_MAX_FILE), type=Holder)
        holder.since.astimezone()
    except (OSError, OverflowError, ValueError, *UNDECODABLE):
        return None
    return holder


_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
"""What systems say where somebody else has the lock; anything else says that there are no locks here."""

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """The byte that is locked lies behind what is written: nobody could read it otherwise."""

    def _lock(file: BinaryIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
