"""How this device meets others, for the command line and the window alike: where, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path

from storage.archive import Archive
from storage.errors import Problem
from sync.crypto import Signer
from sync.engine import Home, Progress, Transfer, meet
from sync.papers import Server
from sync.transports.folder import FolderStore

ADDRESS = "county address"
MET = "last meeting"


def require_county(archive: Archive) -> Server:
    """The county's server as the admission named it. Raises Problem where the device has not joined."""
    server = archive.device.server
    if server is None:
        raise Problem("sync.not_enrolled")
    return server


def meet_server(home: Home, url: str, server: Server, signer: Signer, progress: Progress | None = None) -> Transfer:
    """Meet the county server. Raises Problem, EnvironmentProblem."""
    # Only this way to meet needs the HTTP client, which takes a while to load.
    from sync.transports.http import HttpStore  # noqa: PLC0415

    with HttpStore(url, server, signer) as store:
        return meet(home, store, progress)


def meet_folder(home: Home, folder: Path, progress: Progress | None = None) -> Transfer:
    """Meet a stick or a shared folder. Raises Problem, EnvironmentProblem."""
    return meet(home, FolderStore(folder), progress)


def note_meeting(archive: Archive, url: str | None = None) -> None:
    """Remember that a meeting with the county's server was finished just now, and where. A stick is no server."""
    if url:
        archive.remember(ADDRESS, url)
        archive.remember(MET, str(archive.now()))


def county_address(archive: Archive) -> str:
    """Where the county's server was met last; empty before the first time."""
    return archive.local(ADDRESS) or ""


def last_meeting(archive: Archive) -> int:
    """When the county's server was met last, in milliseconds since 1970; 0 for never."""
    return int(archive.local(MET) or 0)
