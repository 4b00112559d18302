"""The bare library, doing the least that could be called the same, and how times are taken.

It works in a process of its own (`Bare`), so that nothing which this program tells the library to make it quicker does.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlcipher3 import dbapi2 as sqlcipher

WORDS = (
    "CREATE VIRTUAL TABLE s USING fts5(terms, content='', contentless_delete=1, tokenize='ascii', detail=none,"
    " prefix='1 2 3 4 5')"
)
"""As `storage.projection` declares it: the same bytes in the same index."""


def timed(work: Callable[[], object]) -> float:
    """Seconds on the wall."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def least(works: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """The shortest time of several, in seconds on the wall and of this process' processor time."""
    times = []
    for work in works:
        begin = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    return min(wall for wall, _ in times), min(processor for _, processor in times)


def bare(path: Path) -> Any:
    """A SQLCipher file with one table that has one unique index, written as durably as an archive."""
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{'42' * 32}'\"")
    connection.execute("PRAGMA cipher_memory_security = OFF")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("CREATE TABLE t (no INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB)")
    connection.execute(WORDS)
    return connection


def insert(connection: Any, bodies: Sequence[bytes], words: Sequence[str] = ()) -> None:
    """Insert records, each beginning with its id of 16 bytes, and words to find them by, in one durable transaction."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO t (id, body) VALUES (?, ?)", ((body[:16], body) for body in bodies))
    if words:
        connection.executemany("INSERT INTO s (terms) VALUES (?)", ((one,) for one in words))
    connection.execute("COMMIT")


class Bare:
    """The bare library in a process that knows nothing of this program."""

    def __init__(self, path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, path))
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.close()
        self._process.join()

    def insert(self, bodies: Sequence[bytes], words: Sequence[str] = ()) -> tuple[float, float]:
        """Insert in one transaction; seconds on the wall and of processor time."""
        self._pipe.send((bodies, words))
        times: tuple[float, float] = self._pipe.recv()
        return times


def _work(pipe: Connection, path: Path) -> None:
    connection = bare(path)
    with suppress(EOFError):
        while True:
            bodies, words = pipe.recv()
            pipe.send(least([partial(insert, connection, bodies, words)]))
    connection.close()
