"""What the server says of its work: one JSON object in each line, without names, bodies or addresses of people."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import msgspec
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

LIBRARIES = ("uvicorn", "asyncio")
"""Libraries that have something to say about connections; their warnings become lines like ours."""


class Log:
    """Writes lines to a stream, standard error unless another is given."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def write(self, level: str, event: str, **fields: object) -> None:
        """Write a line. Each goes out in one piece, so that lines of several processes do not mix."""
        line = {"time": _now(), "level": level, "event": event, **fields}
        self._stream.write(msgspec.json.encode(line).decode() + "\n")
        self._stream.flush()

    def failure(self, error: Exception, **fields: object) -> bool:
        """Write down that something failed; returns whether the database did, which is no bug of ours.

        What an error says stays out: messages of databases quote what they hold.
        """
        # A broken constraint is a bug; everything else that a database raises is its own trouble.
        if isinstance(error, SQLAlchemyError) and not isinstance(error, IntegrityError):
            self.write("error", "database", error=_kind(getattr(error, "orig", None) or error), **fields)
            return True
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        self.write("error", "bug", error=_kind(error), where=where, **fields)
        return False


@contextmanager
def libraries_write_to(log: Log) -> Iterator[None]:
    """While the server runs, warnings of its libraries come out as lines of the log."""
    handler = _Lines(log)
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # The template of the message, not its values: those may be anything that came over the line.
        text = str(record.msg).split("\n", maxsplit=1)[0]
        fields = {"source": record.name, "message": text}
        if error:
            fields["error"] = _kind(error)
        self._log.write(record.levelname.lower(), "library", **fields)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
