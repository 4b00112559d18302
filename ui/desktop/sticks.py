"""The sticks that are plugged in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QStorageInfo

_MOUNTED_UNDER = ("/media/", "/run/media/", "/Volumes/")
"""Where desktops put what is plugged in, as users see it."""

_DRIVE_REMOVABLE = 2
"""What Windows' GetDriveTypeW says of a stick."""


class Stick(NamedTuple):
    """A stick: what people call it, and where its files are."""

    name: str
    folder: Path


def plugged_in() -> list[Stick]:
    """The sticks, by name. Asks the system about every disk, which takes its time where one does not answer."""
    volumes = [volume for volume in QStorageInfo.mountedVolumes() if volume.isValid() and volume.isReady()]
    sticks = [
        Stick(volume.name() or Path(volume.rootPath()).name or volume.rootPath(), Path(volume.rootPath()))
        for volume in volumes
        if is_removable(volume.rootPath())
    ]
    return sorted(sticks)


def is_removable(root: str) -> bool:
    """Whether what is mounted at `root` was plugged in, as far as can be told."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 -- there is nothing to ask elsewhere

        return bool(ctypes.windll.kernel32.GetDriveTypeW(root) == _DRIVE_REMOVABLE)
    return root.startswith(_MOUNTED_UNDER)
