"""The bare library, doing the least that could be called the same, and how times are taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher


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
    return connection


def insert(connection: Any, bodies: Sequence[bytes]) -> None:
    """Insert records, each beginning with its id of 16 bytes, in one durable transaction."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO t (id, body) VALUES (?, ?)", ((body[:16], body) for body in bodies))
    connection.execute("COMMIT")
