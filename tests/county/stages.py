"""Processes that die at a named stage of a meeting: a device that meets its county's server, or that server."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection
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

PATIENCE = 60.0
"""Seconds. What takes longer hangs."""

Part = Literal["archive", "line", "server"]
"""The device's own half of a meeting, its calls to the server, and the server's store."""

When = Literal["before", "before commit", "after commit", "after"]

STEPS: dict[Part, dict[str, int]] = {
    "archive": {
        "seal": 2,
        "overviews": 0,
        "scopes": 0,
        "acknowledge": 4,
        "read_papers": 0,
        "add_papers": 1,
        "read": 0,
        "append": 1,
        "set_aside": 1,
        "untold": 0,
        "told": 1,
        "settle": 5,
        "scrub": 0,
    },
    "line": {"overviews": 0, "read_papers": 0, "add_papers": 0, "append": 0, "read": 0},
    "server": {
        "member": 0,
        "touch": 1,
        "scopes_of": 0,
        "is_member": 0,
        "holdings": 0,
        "overviews": 0,
        "agree": 0,
        "read_papers": 0,
        "add_papers": 1,
        "append": 4,
        "read": 0,
    },
}
"""What a meeting consists of: the methods that are called in each part, and how many transactions they make in all."""

_WHO = frozenset({"scopes", "member", "scopes_of", "is_member"})
"""Ask only who somebody is: nothing comes of it that is not asked for next."""


class Stage(NamedTuple):
    """A moment of a meeting: in which part, at which method, and where in it.

    Before it begins; before or after the commit of a transaction that it makes; after it has ended, while whoever asked for
    it has not been told. `nth` counts from 1: such a call, or such a commit, since the process began.
    """

    part: Part
    method: str
    when: When
    nth: int = 1

    def __str__(self) -> str:
        """As it stands in the names of tests."""
        return f"{self.part} {self.method} {self.when} {self.nth}"


def stages(*parts: Part, every: bool) -> list[Stage]:
    """The stages of some parts: around every commit, and around the first call of each method.

    Unless `every` one is wanted, without those that differ from another in nothing that anybody keeps.
    """
    listed: list[Stage] = []
    for part in parts:
        for method, commits in STEPS[part].items():
            for nth in range(1, commits + 1):
                listed += [Stage(part, method, "before commit", nth), Stage(part, method, "after commit", nth)]
            if every:
                listed.append(Stage(part, method, "before"))
            if every or not (commits or method in _WHO):
                listed.append(Stage(part, method, "after"))
    return listed


class Doom:
    """Knows which stages a process has come to, and kills it at one of them.

    Args:
        stage: the last one; None to go on.
    """

    def __init__(self, stage: Stage | None = None) -> None:
        self._stage = stage
        self._inside: list[tuple[Part, str]] = []
        self.reached: Counter[tuple[Part, str, When]] = Counter()

    def steps(self) -> dict[Part, dict[str, int]]:
        """What has been reached, in the form of `STEPS`."""
        steps: dict[Part, dict[str, int]] = {}
        for part, method, _ in self.reached:
            steps.setdefault(part, {})[method] = self.reached[part, method, "after commit"]
        return steps

    def _reach(self, part: Part, method: str, when: When) -> None:
        place = (part, method, when)
        self.reached[place] += 1
        if Stage(*place, self.reached[place]) == self._stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def call(self, part: Part, method: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """A method whose calls are stages."""

        def watched(*arguments: Any, **named: Any) -> Any:
            self._reach(part, method, "before")
            self._inside.append((part, method))
            try:
                done = real(*arguments, **named)
            finally:
                self._inside.pop()
            self._reach(part, method, "after")
            return done

        return watched

    def calls(self, part: Part, real: object) -> Any:
        """The same object, where every call from outside is a stage."""
        return _Watched(self, part, real)

    def commits(self, real: Callable[..., AbstractContextManager[Any]]) -> Callable[..., AbstractContextManager[Any]]:
        """What makes transactions, where every commit is a stage of the call that it is made in."""

        @contextmanager
        def transaction(*arguments: Any) -> Iterator[Any]:
            with real(*arguments) as connection:
                yield connection
                if self._inside:
                    self._reach(*self._inside[-1], "before commit")
            if self._inside:
                self._reach(*self._inside[-1], "after commit")

        return transaction


class _Watched:
    def __init__(self, doom: Doom, part: Part, real: object) -> None:
        self._doom = doom
        self._part = part
        self._real = real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._doom.call(self._part, name, found) if callable(found) else found


def meet_watched(archive: Archive, url: str, doom: Doom) -> Transfer:
    """Let a device meet the server over HTTPS, stage by stage."""
    meeting: Any = archive.meeting
    meeting._transaction = doom.commits(meeting._transaction)
    meeting._eraser.scrub_if_possible = doom.call("archive", "scrub", meeting._eraser.scrub_if_possible)
    own = pass_of(archive)
    with HttpStore(url, own.server, own.signer, IMPATIENT, certificate=own.certificate) as line:
        return meet(doom.calls("archive", meeting), doom.calls("line", line))


@contextmanager
def watched(county: County, doom: Doom) -> Iterator[None]:
    """While it lasts, what the store of a county does is done stage by stage."""
    module: Any = tables
    real, store = tables.writing, county.store
    module.writing, county.store = doom.commits(real), doom.calls("server", store)
    try:
        yield
    finally:
        module.writing, county.store = real, store


# ---- processes ----

Announce = Callable[[object], None]


def device(_announce: Announce, path: Path, unlocked: Unlocked, url: str, stage: Stage) -> None:
    """A program that opens the archive of a device, meets the server, and ends."""
    with Archive.open_unlocked(path, unlocked, CATALOGUE, wall=Wall()) as archive:
        meet_watched(archive, url, Doom(stage))


def server(announce: Announce, folder: Path, stage: Stage) -> None:
    """A program that serves a county; it announces its address."""
    county = County(folder)
    with watched(county, Doom(stage)):
        serve(county, "127.0.0.1", 0, announce)


class Nursery:
    """A process that has loaded the program and of which others are made: loading it is most of what they would cost.

    Whatever they have to know goes to them through a pipe.

    Args:
        log: a file for what they write to standard error.
    """

    def __init__(self, log: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_nurse, args=(theirs, log))
        self._process.start()
        theirs.close()
        self._log = log

    def close(self) -> None:
        """End it; those that it made are gone by then."""
        self._line.close()
        self._process.join()

    def heard(self) -> Any:
        """The next thing that a process announces."""
        assert self._line.poll(PATIENCE), self.text()
        return self._line.recv()

    def text(self) -> str:
        """The last lines that a process wrote."""
        return "\n".join(self._log.read_text().splitlines()[-20:])

    @contextmanager
    def run(self, program: Callable[..., None], *arguments: Any) -> Iterator[Callable[[], int]]:
        """A new process, and what waits for its end and gives its exit code. Whatever it came to, it is gone afterwards."""
        self._line.send((program, arguments))
        process: int = self.heard()
        codes: list[int] = []

        def end() -> int:
            self._line.send(process)
            codes.append(self.heard())
            return codes[0]

        try:
            yield end
        finally:
            if not codes:
                os.kill(process, signal.SIGKILL)
                end()


def _nurse(line: Connection, log: Path) -> None:
    with log.open("w") as file:
        os.dup2(file.fileno(), 2)
    # What all of them have in common is not copied where one of them looks for what can go.
    gc.freeze()
    with suppress(EOFError):
        while True:
            asked = line.recv()
            if isinstance(asked, int):
                line.send(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]))
            elif not os.fork():
                program, arguments = asked
                line.send(os.getpid())
                program(line.send, *arguments)
                return
