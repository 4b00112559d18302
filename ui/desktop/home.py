"""The archive as the network sees it from another thread: every call is done on the archive's own thread.

Between two calls the window can read and save, so a slow line never holds up anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sync.segments import Segment
from sync.store import Appended, Overview
from ui.desktop.tasks import Tasks


class HomeElsewhere:
    """A `sync.engine.Home` for use on a thread of `Tasks.aside`."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    @property
    def scope(self) -> bytes:
        """The scope that the archive meets others about."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.scope)

    def overview(self, scope: bytes) -> Overview:
        """What is here now."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.overview(scope))

    def read(self, scope: bytes, stream: bytes, start: int) -> Sequence[Segment]:
        """Segments of a stream from seq `start`."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.read(scope, stream, start))

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Take segments."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.append(scope, segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """Papers by their ids."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.read_papers(scope, ids))

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Take papers."""
        self._tasks.ask_archive(lambda desk: desk.archive.meeting.add_papers(scope, papers))

    def seal(self) -> None:
        """Put what was saved into segments."""
        self._tasks.ask_archive(lambda desk: desk.archive.meeting.seal())

    def settle(self) -> bool:
        """Open what has arrived."""
        return self._tasks.ask_archive(lambda desk: desk.archive.meeting.settle())

    def acknowledge(self, receipt: bytes) -> None:
        """Remember a receipt."""
        self._tasks.ask_archive(lambda desk: desk.archive.meeting.acknowledge(receipt))
