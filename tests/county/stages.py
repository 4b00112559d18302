"""Processes that die at a named stage of a meeting: a device that meets its county's server, or that server."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal, NamedTuple

from storage.archive import Archive
from storage.keys import Unlocked
from sync.county import tables
from sync.county.office import County
from sync.county.server import serve
from sync.engine import Transfer, meet
from sync.transports.http import HttpStore
from tests.conftest import Wall
from tests.county.served import IMPATIENT
from tests.property.meeting_world import CATALOGUE
from ui.meetings import pass_of

Part = Literal["archive", "line", "server"]
"""The device's own half of a meeting, its calls to the server, and the server's store."""

When = Literal["before", "before commit", "after commit", "after"]


class Stage(NamedTuple):
    """A moment of a meeting: in which part, about which call of which method, and where in it.

    Before it begins, before or after a transaction that it makes is committed, and after it has ended, when whoever asked
    for it has not been told. `nth` counts from 1: such a call, or such a transaction, since the process began.
    """

    part: Part
    method: str
    when: When
    nth: int = 1

    def __str__(self) -> str:
        """How tests are named by it."""
        return " ".join([self.part, self.method, self.when, *([str(self.nth)] if self.nth > 1 else [])])


class Doom:
    """Knows which stages have been reached, and at one of them kills the process that it is in.

    Args:
        stage: the last one; None to go on.
    """

    def __init__(self, stage: Stage | None = None) -> None:
        self._stage = stage
        self._inside: list[tuple[Part, str]] = []
        self.reached: Counter[tuple[Part, str, When]] = Counter()

    def reach(self, part: Part, method: str, when: When) -> None:
        self.reached[part, method, when] += 1
        if Stage(part, method, when, self.reached[part, method, when]) == self._stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def call(self, part: Part, method: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """A method whose calls are stages."""

        def watched(*arguments: Any, **named: Any) -> Any:
            self.reach(part, method, "before")
            self._inside.append((part, method))
            try:
                done = real(*arguments, **named)
            finally:
                self._inside.pop()
            self.reach(part, method, "after")
            return done

        return watched

    def calls(self, part: Part, real: object) -> Any:
        """The same thing, where every call from outside is a stage."""
        return _Watched(self, part, real)

    def commits(self, real: Callable[..., AbstractContextManager[Any]]) -> Any:
        """What makes transactions, where every commit is a stage of the call that it is made in."""

        @contextmanager
        def transaction(*arguments: Any) -> Iterator[Any]:
            with real(*arguments) as connection:
                yield connection
                if self._inside:
                    self.reach(*self._inside[-1], "before commit")
            if self._inside:
                self.reach(*self._inside[-1], "after commit")

        return transaction


class _Watched:
    def __init__(self, doom: Doom, part: Part, real: object) -> None:
        self._doom = doom
        self._part = part
        self._real = real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._doom.call(self._part, name, found) if callable(found) else found


def meet_server(archive: Archive, url: str, doom: Doom) -> Transfer:
    """What the command line and the window do, stage by stage."""
    meeting: Any = archive.meeting
    meeting._transaction = doom.commits(meeting._transaction)
    meeting._eraser.scrub_if_possible = doom.call("archive", "scrub", meeting._eraser.scrub_if_possible)
    own = pass_of(archive)
    with HttpStore(url, own.server, own.signer, IMPATIENT, certificate=own.certificate) as line:
        return meet(doom.calls("archive", meeting), doom.calls("line", line))


# ---- processes ----


def begin_meeting(path: Path, unlocked: Unlocked, url: str, stage: Stage) -> ForkServerProcess:
    """A device in a process of its own; what it opens its archive with goes to it through a pipe."""
    return _begin(_device, path, unlocked, url, stage)


def _device(path: Path, unlocked: Unlocked, url: str, stage: Stage) -> None:
    with Archive.open_unlocked(path, unlocked, CATALOGUE, wall=Wall()) as archive:
        meet_server(archive, url, Doom(stage))


@contextmanager
def begun_server(folder: Path, stage: Stage) -> Iterator[tuple[ForkServerProcess, str]]:
    """A server in a process of its own, and its address; it is gone afterwards, whatever it came to."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = _begin(_server, folder, stage, theirs)
    theirs.close()
    try:
        with ours:
            yield process, ours.recv()
    finally:
        process.kill()
        process.join()


def _server(folder: Path, stage: Stage, announce: Connection) -> None:
    with (folder.parent / "server.log").open("w") as log:
        os.dup2(log.fileno(), 2)
    county = County(folder)
    watch_server(county, Doom(stage))
    serve(county, "127.0.0.1", 0, announce.send)


def watch_server(county: County, doom: Doom) -> None:
    """Make stages of what the store of a county does, in this whole process."""
    module: Any = tables
    module.writing = doom.commits(tables.writing)
    county.store = doom.calls("server", county.store)


def _begin(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    # Most of what a short process costs is loading the program.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "ui.cli.main", "ui.__main__", "ui.cli.command", "app.records"])
    process = context.Process(target=target, args=arguments)
    process.start()
    return process
