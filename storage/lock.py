"""One program at a time has an archive open."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from storage.database import file_errors_explained
from storage.errors import EnvironmentProblem, Problem


class Lock:
    """Held from construction to `release`; the operating system lets go of it when the program dies."""

    def __init__(self, archive: Path) -> None:
        path = archive.with_name(archive.name + ".lock")
        try:
            # Opened for appending: the number of whoever holds it must not be wiped by an attempt.
            self._file: BinaryIO = path.open("ab+", buffering=0)
        except OSError as error:
            raise EnvironmentProblem("archive.cannot_read", file=archive.name) from error
        if not _try_lock(self._file):
            self._file.close()
            raise Problem("archive.in_use", file=archive.name)
        try:
            with file_errors_explained(archive.name):
                self._file.truncate(0)
                self._file.write(str(os.getpid()).encode())
        except EnvironmentProblem:
            self._file.close()
            raise

    def release(self) -> None:
        """Let the archive go."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
