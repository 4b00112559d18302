"""The archive as the network sees it from another thread: every call is done on the archive's own thread.

Between two calls the window can read and save, so a slow line never holds up anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from storage.errors import Problem
from storage.meeting import Meeting
from sync.engine import ServerState
from sync.segments import Segment
from sync.store import Appended, Overview
from ui.desktop.desk import Desk
from ui.desktop.tasks import Tasks

T = TypeVar("T")


class HomeElsewhere:
    """A `sync.engine.Home` for use on a thread of `Tasks.aside`.

    Args:
        tasks: the way to the archive.
        archive: its id. Should another one be open by now, in a window that was locked meanwhile, it is left alone.
        is_stopped: asked before every call; once it says so, the meeting ends with a Problem.
    """

    def __init__(self, tasks: Tasks, archive: bytes, is_stopped: Callable[[], bool]) -> None:
        self._tasks = tasks
        self._archive = archive
        self._is_stopped = is_stopped

    @property
    def scope(self) -> bytes:
        """The scope of the station's own records."""
        return self._ask(lambda meeting: meeting.scope)

    def overview(self, scope: bytes) -> Overview:
        """What is here now."""
        return self._ask(lambda meeting: meeting.overview(scope))

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What is here now, of all scopes."""
        return self._ask(lambda meeting: meeting.overviews(known))

    def scopes(self) -> list[bytes]:
        """All scopes that the archive meets others about."""
        return self._ask(lambda meeting: meeting.scopes())

    def read(self, scope: bytes, stream: bytes, start: int) -> Sequence[Segment]:
        """Segments of a stream from seq `start`."""
        return self._ask(lambda meeting: meeting.read(scope, stream, start))

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Take segments."""
        return self._ask(lambda meeting: meeting.append(scope, segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """Papers by their ids."""
        return self._ask(lambda meeting: meeting.read_papers(scope, ids))

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Take papers."""
        return self._ask(lambda meeting: meeting.add_papers(scope, papers))

    def set_aside(self, scope: bytes, ids: Sequence[bytes]) -> None:
        """Note papers about which the county and the archive differ."""
        self._ask(lambda meeting: meeting.set_aside(scope, ids))

    def seal(self) -> None:
        """Put what was saved into segments."""
        self._ask(lambda meeting: meeting.seal())

    def settle(self) -> bool:
        """Open what has arrived."""
        return self._ask(lambda meeting: meeting.settle())

    def acknowledge(self, receipt: bytes) -> ServerState:
        """Remember a receipt."""
        return self._ask(lambda meeting: meeting.acknowledge(receipt))

    def untold(self, scope: bytes) -> list[Segment]:
        """What is set apart and the county has not been shown."""
        return self._ask(lambda meeting: meeting.untold(scope))

    def told(self, segments: Sequence[Segment]) -> None:
        """Note that it has been."""
        self._ask(lambda meeting: meeting.told(segments))

    def _ask(self, operation: Callable[[Meeting], T]) -> T:
        if self._is_stopped():
            raise Problem("sync.stopped")

        def on_archive(desk: Desk) -> T:
            if desk.archive.id != self._archive:
                raise Problem("desktop.locked_meanwhile")
            return operation(desk.archive.meeting)

        return self._tasks.ask_archive(on_archive)
