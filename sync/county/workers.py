"""Several processes that serve on one socket. One that dies is started again; all end with the one that started them."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from sync.county.limits import Limits
from sync.county.logs import Log

PAUSE_SECONDS = 1.0
"""Before a worker that died is started again: one that cannot start must not keep the machine busy."""

KILL_SECONDS = 5.0
"""After the grace that requests under way have, a worker that still runs is killed."""


class Place(NamedTuple):
    """What a worker process has to know."""

    folder: Path
    database_url: str
    limits: Limits


Work = Callable[[Place, socket.socket], None]


class Crew:
    """Worker processes. They are started new, not forked: a fork would share connections to the database.

    Args:
        work: what each does until it gets SIGTERM; a function of a module.
        place: what each has to know.
        listener: the socket that they share.
        count: how many.
        log: where the deaths of workers are written down.
    """

    def __init__(self, work: Work, place: Place, listener: socket.socket, count: int, log: Log) -> None:
        self._work = work
        self._place = place
        self._listener = listener
        self._count = count
        self._log = log
        self._processes: list[SpawnProcess] = []

    def __enter__(self) -> Self:
        self._processes = [self._start() for _ in range(self._count)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(self._place.limits.grace + KILL_SECONDS)
            if process.exitcode is None:
                process.kill()
                process.join()

    def keep_going(self, stop: socket.socket) -> None:
        """Start again whoever dies, until `stop` can be read."""
        while stop not in wait([stop, *(process.sentinel for process in self._processes)]):
            dead = [process for process in self._processes if process.exitcode is not None]
            for process in dead:
                self._log.write("error", "worker_died", exit=process.exitcode)
            if stop in wait([stop], PAUSE_SECONDS):
                return
            alive = [process for process in self._processes if process not in dead]
            self._processes = alive + [self._start() for _ in dead]

    def _start(self) -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=_begin, args=(self._work, self._place, self._listener)
        )
        process.start()
        return process


def _begin(work: Work, place: Place, listener: socket.socket) -> None:
    # Ctrl+C goes to all processes of a terminal; the one that started us passes it on as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work(place, listener)
    except Exception as error:  # noqa: BLE001 -- the edge of a process: it is written down and started again
        Log().failure(error)
        raise SystemExit(1) from None


def follow(stop: Callable[[], None]) -> None:
    """Call `stop` when the process that started this one is gone, however it went."""
    leader = multiprocessing.parent_process()
    if leader is None:
        return

    def watch() -> None:
        wait([leader.sentinel])
        stop()

    threading.Thread(target=watch, daemon=True).start()
