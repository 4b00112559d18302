"""What a fault of ours leaves behind: where in the program it was, and nothing of what the program was working on."""

from __future__ import annotations

import ctypes
import datetime as dt
import platform
import sys
from pathlib import Path

KEPT_REPORTS = 20
_PR_SET_DUMPABLE = 4


if sys.platform == "win32":

    def keep_memory_private() -> None:
        """Nothing to do: Windows writes no such file unless its owner has asked for one."""

else:
    import resource

    def keep_memory_private() -> None:
        """No core file of this program: it would hold keys, names and answers as they stood in memory."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            # The limit alone does not hold where cores are handed to another program, as systemd and Ubuntu do.
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def describe(error: BaseException) -> str:
    """Type of the error and places in the code. Messages and values are left out: they may be about a person."""
    # Needed when something went wrong, and slow to load for all the times when nothing does. (So below.)
    import traceback  # noqa: PLC0415
    from importlib.metadata import version  # noqa: PLC0415

    lines = [
        f"xinyi {version('xinyi')}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
    ]
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        lines += [
            f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(cause.__traceback__)
        ]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines) + "\n"


def write_report(error: BaseException, folder: Path | None = None) -> Path:
    """Write the report, and drop the oldest ones; returns its path."""
    import platformdirs  # noqa: PLC0415

    place = folder or Path(platformdirs.user_log_dir("xinyi", appauthor=False))
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    path = place / f"fault-{stamp}.txt"
    place.mkdir(parents=True, exist_ok=True)
    path.write_text(describe(error), "utf-8")
    for old in sorted(place.glob("fault-*.txt"))[:-KEPT_REPORTS]:
        old.unlink(missing_ok=True)
    return path
