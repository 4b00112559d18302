"""The one way off the UI thread.

Two kinds of work: `on_archive` runs on the one thread that owns the archive, in the order it was asked for; `aside` runs
on others (files, network, pictures). Success and failure come back on the UI thread, and only while their owner lives.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from storage.database import explained
from storage.errors import Problem
from ui.desktop.desk import Desk
from ui.faults import write_report

T = TypeVar("T")
Failure = Callable[[Problem], None]
Progress = Callable[[int, int], None]

_OTHERS = 5
"""Threads for work that is not about the archive."""


class Task(QObject):
    """Work that is under way. Belongs to the UI thread; its signals may be emitted from any."""

    progressed = Signal(int, int)
    ended = Signal(object, object)

    def __init__(self, owner: QObject, success: Callable[[Any], None], failure: Failure) -> None:
        super().__init__()
        self._owner = owner
        self._success = success
        self._failure = failure
        self._cancelled = threading.Event()
        self.done = False
        self.ended.connect(self._end, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        """Ask the work to stop; neither success nor failure will be called."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Whether the work should stop; asked by long operations between steps."""
        return self._cancelled.is_set()

    def run(self, operation: Callable[[], object]) -> None:
        """Run the operation on the present thread and send word of its end."""
        if self.is_cancelled():
            self.ended.emit(None, None)
            return
        try:
            result = operation()
        except Exception as error:  # noqa: BLE001 -- the edge of a thread: everything is reported, nothing swallowed
            self.ended.emit(None, _problem(error))
        else:
            self.ended.emit(result, None)

    def _end(self, result: object, problem: Problem | None) -> None:
        self.done = True
        if self.is_cancelled() or not shiboken6.isValid(self._owner):
            return
        if problem is None:
            self._success(result)
        else:
            self._failure(problem)


def _problem(error: Exception) -> Problem:
    known = explained(error)
    return known if known is not None else Problem("desktop.bug", file=write_report(error))


class Tasks:
    """Runs work for the window.

    Args:
        report: told of problems for which the asker has no place of its own.
    """

    def __init__(self, report: Callable[[QObject, Problem], None]) -> None:
        self._report = report
        self._archive = ThreadPoolExecutor(1, thread_name_prefix="archive")
        # A meeting over a slow line and the waiting for a neighbour may hold threads for minutes: others stay free.
        self._others = ThreadPoolExecutor(_OTHERS, thread_name_prefix="aside")
        self._desk: Desk | None = None
        self._running: dict[int, Task] = {}
        self._numbers = itertools.count()

    def open(self, owner: QObject, make: Callable[[], Desk], success: Callable[[Desk], None], failure: Failure) -> Task:
        """Open an archive on its thread; the desk that `make` gives serves all later work."""

        def opened(desk: Desk) -> None:
            self._desk = desk
            success(desk)

        return self._start(self._archive, Task(owner, opened, failure), make)

    def on_archive(
        self,
        owner: QObject,
        operation: Callable[[Desk], T],
        success: Callable[[T], None],
        failure: Failure | None = None,
    ) -> Task:
        """Do something with the archive."""
        desk = self._desk
        task = Task(owner, success, failure or (lambda problem: self._report(owner, problem)))
        if desk is None:
            task.cancel()
            return task
        return self._start(self._archive, task, lambda: operation(desk))

    def aside(
        self,
        owner: QObject,
        operation: Callable[[Task], T],
        success: Callable[[T], None],
        failure: Failure | None = None,
    ) -> Task:
        """Do something long that is not about the archive; it may emit `progressed` and ask `is_cancelled`."""
        task = Task(owner, success, failure or (lambda problem: self._report(owner, problem)))
        return self._start(self._others, task, lambda: operation(task))

    def ask_archive(self, operation: Callable[[Desk], T]) -> T:
        """From another thread than the UI's: do something with the archive and wait for it."""
        desk = self._desk
        if desk is None:
            raise Problem("desktop.locked_meanwhile")
        try:
            future: Future[T] = self._archive.submit(operation, desk)
        except RuntimeError as error:  # the window was closed since the line above
            raise Problem("desktop.locked_meanwhile") from error
        return future.result()

    def close_archive(self, owner: QObject, success: Callable[[object], None]) -> None:
        """Let the archive go once everything that was asked for is done."""
        desk, self._desk = self._desk, None
        if desk is None:
            success(None)
            return
        self._start(
            self._archive, Task(owner, success, lambda problem: self._report(owner, problem)), desk.archive.close
        )

    def shut_down(self) -> None:
        """Finish everything and end the threads; the archive is closed first."""
        desk, self._desk = self._desk, None
        if desk is not None:
            self._archive.submit(desk.archive.close)
        self._archive.shutdown(wait=True)
        self._others.shutdown(wait=True, cancel_futures=True)

    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._running

    def _start(self, executor: ThreadPoolExecutor, task: Task, operation: Callable[[], object]) -> Task:
        number = next(self._numbers)
        self._running[number] = task  # keeps the task alive until word of its end has been delivered
        task.ended.connect(lambda *_: self._running.pop(number, None), Qt.ConnectionType.QueuedConnection)
        executor.submit(task.run, operation)
        return task
