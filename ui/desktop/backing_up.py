"""Backups that make themselves, at quiet moments: a while after unlocking, when the window is locked, when it is closed.

The copy is made on a thread of its own from a connection of its own, so nobody has to wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app.backups import (
    BackupRules,
    Plan,
    begin_backup,
    choose_folder,
    note_found,
    note_made,
    note_problem,
    planned_folder,
    read_plan,
)
from app.errors import Problem
from storage.archive import Archive
from storage.backup import Source, found, make
from ui.desktop.desk import Desk
from ui.desktop.tasks import Tasks

_MINUTE_MS = 60_000


class BackupState(msgspec.Struct, frozen=True):
    """How things stand.

    Attributes:
        plan: what the archive remembers.
        now: when this was read, in milliseconds since 1970.
        is_there: whether the folder is; its stick may not be plugged in.
        is_beside: whether it is on the same disk as the archive: both go when that does.
        archive: id of the archive.
        path: of its file.
    """

    plan: Plan
    now: int
    is_there: bool = False
    is_beside: bool = False
    archive: bytes = b""
    path: Path = Path()


class Backups(QObject):
    """Looks after the backups of the archive that is open. One backup at a time.

    Args:
        tasks: the way off the UI thread.
        parent: lives as long as it, through locking and unlocking.

    Attributes:
        rules: how often, and how many stay.
        state: as it was seen last; nothing before the first look.

    Signals:
        changed: `state` or `is_running` is another.
        failed: a backup could not be made, and the problem.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self.rules = BackupRules.load()
        self.state: BackupState | None = None
        self._tasks = tasks
        self._idle, self._stop = threading.Event(), threading.Event()
        self._idle.set()
        self._closed = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._time_has_come)

    @property
    def is_running(self) -> bool:
        """Whether a backup is being made."""
        return not self._idle.is_set()

    # ---- the moments ----

    def opened(self) -> None:
        """An archive was opened: see how things stand, and come again in a while."""
        self.state = None
        self._timer.start(self.rules.quiet_minutes * _MINUTE_MS)
        self.look()

    def look(self) -> None:
        """See how things stand."""
        self._tasks.on_archive(self, _read, self._read, _no_matter)

    def locking(self) -> None:
        """The window is being locked; called while the archive is still open. What is begun now goes on behind the lock."""
        self._timer.stop()
        self._begin_if_due()
        self.state = None

    def closing(self) -> None:
        """The program ends: make what is due, and wait for it, but not for long."""
        self._timer.stop()
        if self._is_due() and not self._closed:
            self._start()
        self._closed = True
        if not self._idle.wait(self.rules.closing_seconds):
            self._stop.set()

    def _time_has_come(self) -> None:
        self._timer.start(self.rules.again_minutes * _MINUTE_MS)
        self._tasks.on_archive(self, _read, partial(self._read, then_begin=True), _no_matter)

    # ---- looking ----

    def _read(self, state: BackupState, *, then_begin: bool = False) -> None:
        if self._closed:
            return
        # Files on a stick that does not answer may take their time: not on the archive's thread.
        self._tasks.aside(self, lambda _task: _look(state), partial(self._looked, then_begin=then_begin), _no_matter)

    def _looked(self, seen: tuple[BackupState, int], *, then_begin: bool) -> None:
        self.state, newest = seen
        if newest > self.state.plan.last:
            archive = self.state.archive
            self._tasks.on_archive(self, lambda desk: _note_found(desk, archive, newest), self._planned, _no_matter)
        self.changed.emit()
        if then_begin:
            self._begin_if_due()

    def _planned(self, plan: Plan | None) -> None:
        if plan is not None and self.state is not None:
            self.state = msgspec.structs.replace(self.state, plan=plan)
            self.changed.emit()

    # ---- making ----

    def choose(self, owner: QObject, folder: Path, name: str) -> None:
        """Make backups into this folder from now on, and the first one at once; `name` is what people call it."""
        self._tasks.on_archive(owner, lambda desk: choose_folder(desk.archive, folder, name), self._chosen)

    def _chosen(self, plan: Plan) -> None:
        self._planned(plan)
        self.make()

    def make(self) -> None:
        """Make a backup now, whether or not one is due."""
        self._start()

    def stop(self) -> None:
        """Stop the backup that is being made; nothing of it is left."""
        self._stop.set()

    def _is_due(self) -> bool:
        state = self.state
        return state is not None and state.is_there and state.plan.is_due(state.now, self.rules)

    def _begin_if_due(self) -> None:
        if self._is_due() and not self.is_running:
            self._tasks.on_archive(self, _begin, self._start, _no_matter)

    def _start(self, begun: tuple[Source, Plan] | None = None) -> None:
        """Make one; of an archive that is being locked all that is needed was taken before."""
        if self.is_running:
            return
        self._idle.clear()
        self._stop.clear()
        self._tasks.aside(self, lambda _task: self._work(begun), lambda _: self._over(), self._over)
        self.changed.emit()

    def _work(self, begun: tuple[Source, Plan] | None) -> None:
        try:
            source, plan = begun or self._begin()
            try:
                make(source, Path(plan.folder), self.rules.keep, self._stop.is_set)
            except Problem as problem:
                if problem.key != "backup.stopped":
                    self._note(source, partial(note_problem, problem=problem.key))
                raise
            self._note(source, partial(note_made, made=source.now))
        finally:
            self._idle.set()

    def _begin(self) -> tuple[Source, Plan]:
        # Nothing is written down of a backup whose stick is not plugged in.
        planned_folder(self._tasks.ask_archive(lambda desk: read_plan(desk.archive)))
        return self._tasks.ask_archive(_begin)

    def _note(self, source: Source, note: Callable[[Archive], Plan]) -> None:
        """Have the archive remember something, where it is still open. Where not, the backup itself tells later."""
        with suppress(Problem):
            self._tasks.ask_archive(lambda desk: note(desk.archive) if desk.archive.id == source.archive else None)

    def _over(self, problem: Problem | None = None) -> None:
        if self._closed:
            return
        self.look()
        self.changed.emit()
        if problem is not None and problem.key != "backup.stopped":
            self.failed.emit(problem)


def _read(desk: Desk) -> BackupState:
    archive = desk.archive
    return BackupState(read_plan(archive), archive.now(), archive=archive.id, path=archive.path)


def _look(state: BackupState) -> tuple[BackupState, int]:
    """Whether the folder is there, and when the newest backup in it was made."""
    folder = Path(state.plan.folder)
    if not state.plan.folder or not folder.is_dir():
        return state, 0
    there = found(folder, state.archive)
    is_beside = folder.stat().st_dev == state.path.stat().st_dev
    state = msgspec.structs.replace(state, is_there=True, is_beside=is_beside)
    return state, there[0].made if there else 0


def _note_found(desk: Desk, archive: bytes, made: int) -> Plan | None:
    return note_found(desk.archive, made) if desk.archive.id == archive else None


def _begin(desk: Desk) -> tuple[Source, Plan]:
    plan = read_plan(desk.archive)
    return begin_backup(desk.archive, plan.name), plan


def _no_matter(_problem: Problem) -> None:
    """Nobody asked for it; what came of it is shown as it stands, and it is tried again."""
