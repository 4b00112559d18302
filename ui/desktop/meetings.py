"""Meetings of the archive that is open, with the county's server, a stick or another laptop: one at a time.

Who wants to meet now comes before a meeting that the program began by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app.errors import Problem
from storage.archive import Archive
from sync.engine import Home, Progress, Transfer
from ui.desktop.desk import Desk
from ui.desktop.home import HomeElsewhere
from ui.desktop.tasks import Task, Tasks
from ui.meetings import Place, meet_folder, meet_server, note_failed, note_met, pass_of, require_county

_ENDED_BY_US = frozenset({"desktop.locked_meanwhile", "neighbour.stopped", "sync.stopped"})
"""Problems that are none: somebody locked the window, stopped the meeting or wanted another one."""

Meet = Callable[[Home, Progress], Transfer]
"""Meets somebody, on a thread of its own."""


class Brake:
    """Ends a meeting from another thread, wherever it waits."""

    def __init__(self) -> None:
        self._cancel: Callable[[], None] | None = None
        self._pulled = threading.Event()

    def fit(self, cancel: Callable[[], None]) -> None:
        """From now on this ends it; at once, where the brake was pulled before there was anything to end."""
        self._cancel = cancel
        if self.is_pulled():
            cancel()

    def pull(self) -> None:
        """End it."""
        self._pulled.set()
        if self._cancel is not None:
            self._cancel()

    def is_pulled(self) -> bool:
        """Whether it is to end."""
        return self._pulled.is_set()


class Company(msgspec.Struct, frozen=True):
    """Who is met, and how.

    Attributes:
        place: who it is; asked when the meeting is over, for a neighbour says its name first.
        meet: does it.
        brake: ends it.
        by_itself: whether the program began it.
    """

    place: Callable[[], Place]
    meet: Meet
    brake: Brake
    by_itself: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What came of a meeting: a transfer, or a problem. `has_moved`: whether anything may have come in or gone out."""

    company: Company
    place: Place
    transfer: Transfer | None = None
    problem: Problem | None = None
    has_moved: bool = False

    @property
    def was_stopped(self) -> bool:
        """Whether it ended because somebody here wanted that."""
        return self.problem is not None and self.problem.key in _ENDED_BY_US


class Meetings(QObject):
    """Runs meetings off the UI thread.

    Args:
        tasks: the way there.
        parent: lives as long as it, through locking and unlocking.

    Attributes:
        running: the company that is met now.

    Signals:
        changed: `running` is another.
        progressed: how many segments have moved, and how many there are.
        ended: an `Outcome`.
    """

    changed = Signal()
    progressed = Signal(int, int)
    ended = Signal(object)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self.running: Company | None = None
        self._tasks = tasks
        self._next: Company | None = None
        self._has_moved = False

    def meet_server(self, url: str, *, by_itself: bool = False) -> None:
        """Meet the county server."""

        def meet(home: Home, progress: Progress) -> Transfer:
            own = self._tasks.ask_archive(lambda desk: pass_of(desk.archive))
            return meet_server(home, url, own, progress, begun=brake.fit)

        brake = Brake()
        self.begin(Company(lambda: Place("server", url), meet, brake, by_itself))

    def meet_stick(self, folder: Path, name: str) -> None:
        """Meet a stick or a shared folder, which people know by this name."""

        def meet(home: Home, progress: Progress) -> Transfer:
            self._tasks.ask_archive(lambda desk: require_county(desk.archive))
            return meet_folder(home, folder, progress)

        self.begin(Company(lambda: Place("stick", name), meet, Brake()))

    def begin(self, company: Company) -> None:
        """Begin a meeting; where the program is at one by itself, as soon as that has stopped."""
        if self.running is None:
            self._start(company)
        elif (self.running.by_itself or self.running.brake.is_pulled()) and not company.by_itself:
            self._next = company
            self.stop_running()

    def stop(self) -> None:
        """Stop, because the window is locked or closed. What has moved is safe on both sides."""
        self._next = None
        self.stop_running()

    def stop_running(self) -> None:
        """Stop the meeting that is under way."""
        if self.running is not None:
            self.running.brake.pull()

    def _start(self, company: Company) -> None:
        self.running, self._has_moved = company, False
        task = self._tasks.aside(
            self,
            partial(self._work, company),
            partial(self._over, company),
            lambda problem: self._over(company, None, problem),
        )
        task.progressed.connect(self._progress)
        self.changed.emit()

    def _work(self, company: Company, task: Task) -> Transfer:
        archive = self._tasks.ask_archive(lambda desk: desk.archive.id)
        home = HomeElsewhere(self._tasks, archive, company.brake.is_pulled)
        try:
            transfer = company.meet(home, task.progressed.emit)
        except Problem as problem:
            if problem.key not in _ENDED_BY_US:
                with suppress(Problem):
                    self._note(archive, partial(note_failed, problem=problem), company)
            raise
        with suppress(Problem):  # locked in this very moment: what has moved is safe and shows itself
            self._note(archive, partial(note_met, transfer=transfer), company)
        return transfer

    def _note(self, archive: bytes, note: Callable[..., None], company: Company) -> None:
        def on_archive(desk: Desk) -> None:
            here: Archive = desk.archive
            if here.id == archive:
                note(here, company.place(), by_itself=company.by_itself)

        self._tasks.ask_archive(on_archive)

    def _progress(self, done: int, total: int) -> None:
        self._has_moved = self._has_moved or done > 0
        self.progressed.emit(done, total)

    def _over(self, company: Company, transfer: Transfer | None, problem: Problem | None = None) -> None:
        has_moved = self._has_moved or bool(transfer and (transfer.sent or transfer.received))
        self.running, following, self._next = None, self._next, None
        self.changed.emit()
        self.ended.emit(Outcome(company, company.place(), transfer, problem, has_moved))
        if following is not None:
            self.begin(following)
