"""Waiting after wrong passwords: against somebody at the desk, not against a thief. Layout: docs/archive-format.md."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from storage.errors import Problem
from sync.files import replace_file

FREE_TRIES = 5
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000


class _Tries(msgspec.Struct, frozen=True):
    failed: int = 0
    last: int = 0


class Waiting:
    """Counts wrong passwords of an archive, across restarts."""

    def __init__(self, archive: Path) -> None:
        self._path = archive.with_name(archive.name + ".wait")

    def refuse_early(self, now: int) -> None:
        """Raise Problem where it is too early for another try at `now`, in milliseconds."""
        tries = self._read()
        if tries.failed < FREE_TRIES:
            return
        wait = min(FIRST_WAIT_MS << min(tries.failed - FREE_TRIES, 10), LONGEST_WAIT_MS)
        # A clock that was put back has not made anybody wait.
        passed = max(0, now - tries.last)
        if passed < wait:
            raise Problem("archive.wait", seconds=-(-(wait - passed) // 1000))

    def failed(self, now: int) -> None:
        """Count a wrong password. Where it cannot be written down, for instance on a read-only disk, nobody waits."""
        tries = _Tries(self._read().failed + 1, now)
        with suppress(OSError):
            replace_file(self._path, msgspec.json.encode(tries))

    def passed(self) -> int:
        """Forget the wrong ones after a right one; returns how many there were."""
        failed = self._read().failed
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        return failed

    def _read(self) -> _Tries:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Tries)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return _Tries()
