"""HTTPS calls on lines that break: one connection that is opened again, patience that is judged by progress."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import math
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from sync.errors import EnvironmentProblem, Problem

_CHUNK = 4096
"""Bytes that leave at once: what is in a TLS record that did not come whole is lost."""

_BUSY = frozenset({429, 503})
_GATEWAY = _BUSY | {502, 504}
"""Answers that say: not now."""

T = TypeVar("T")


class Patience(NamedTuple):
    """How much a meeting puts up with. Times are seconds.

    Attributes:
        tries: how often in a row something is tried that makes no progress at all.
        pause: before the second try; each further one waits twice as long.
        longest_pause: but never longer than this.
        connect: for a connection. A handshake over a line of 2 s latency that loses packets takes ten.
        stall: without a byte. A line of 20 kbit/s that loses packets is silent for half a minute at a time.
        deadline: for everything together.
    """

    tries: int = 6
    pause: float = 1.0
    longest_pause: float = 20.0
    connect: float = 20.0
    stall: float = 60.0
    deadline: float = math.inf


class Broken(Exception):
    """The line broke, or the server said that it is no good moment."""

    def __init__(self, wait: float = 0.0, status: int = 0) -> None:
        super().__init__()
        self.wait = wait
        self.status = status


class Unreachable(Broken):
    """There was no connection at all."""


class Refusal(Exception):
    """The server answered, and the answer is no."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


class Caller:
    """Makes calls to one server.

    Args:
        host: its name or address.
        port: its port.
        context: whom to trust.
        patience: how much to put up with.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext, patience: Patience) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._patience = patience
        self._end = time.monotonic() + patience.deadline
        self._connection: http.client.HTTPSConnection | None = None
        self._cancelled = threading.Event()
        self._reached = False
        self.progress = 0
        """Grows with everything that need not be done again."""

        self.quickest = math.inf
        """Seconds that the quickest call on an open connection has taken."""

        self.beside: int | None = None
        """How far the server's clock is ahead of ours, in milliseconds; None before it has answered."""

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def cancel(self) -> None:
        """Stop, from any thread; the call under way ends with a Problem."""
        self._cancelled.set()
        connection = self._connection
        line = connection.sock if connection is not None else None
        if line is not None:
            with contextlib.suppress(OSError):
                # Past the TLS layer, which another thread may be using just now.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def persist(self, attempt: Callable[[], T]) -> T:
        """Make an attempt, again and again while the line breaks and there is hope.

        Raises:
            Problem: stopped, or the line is too bad.
            Refusal: the server does not want to.
        """
        failures = 0
        while True:
            self._stop_if_cancelled()
            before = self.progress
            try:
                return attempt()
            except Broken as broken:
                self.close()
                self._stop_if_cancelled()
                failures = 1 if self.progress > before else failures + 1
                pause = self._pause(failures, broken)
                if pause is None:
                    raise self._problem(broken) from broken
                self._cancelled.wait(pause)

    def _pause(self, failures: int, broken: Broken) -> float | None:
        """Seconds until the next try, None where it is time to give up."""
        patience = self._patience
        if failures >= patience.tries or (isinstance(broken, Unreachable) and not self._reached):
            return None
        pause = min(max(patience.pause * 2 ** (failures - 1), broken.wait), patience.longest_pause)
        # Three hundred stations that were cut off at once must not come back at once.
        pause *= random.uniform(0.75, 1.25)  # noqa: S311 -- nothing secret
        return pause if time.monotonic() + pause < self._end else None

    def _problem(self, broken: Broken) -> Problem:
        if broken.status in _BUSY:
            return EnvironmentProblem("sync.busy")
        if broken.status:
            return EnvironmentProblem("sync.server_failed", status=broken.status)
        return EnvironmentProblem("sync.broken_off" if self._reached else "sync.no_connection")

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Problem("sync.stopped")

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", into: bytearray | None = None
    ) -> bytes:
        """One call, tried once. What comes of the answer is also put `into`, as far as it came.

        Raises:
            Broken: the line broke.
            Refusal: the server answered with something else than success.
        """
        content = bytearray() if into is None else into
        try:
            connection = self._connected()
            begin = time.monotonic()
            _send(connection, method, target, headers, body)
            answer = connection.getresponse()
            self.quickest = min(self.quickest, time.monotonic() - begin)
            self._reached = True
            self.beside = _beside(answer.getheader("Date", ""), self.beside)
            success = answer.status // 100 == 2
            arrived = content if success else bytearray()
            while data := answer.read1(_CHUNK * 16):
                arrived += data
                self.progress += into is not None
            if answer.length:
                raise Broken
            answer.close()
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Broken from error
        if answer.status in _GATEWAY:
            raise Broken(_seconds(answer.getheader("Retry-After", "")), answer.status)
        if not success:
            raise Refusal(answer.status, bytes(arrived))
        return bytes(arrived)

    def _connected(self) -> http.client.HTTPSConnection:
        if self._connection is not None and self._connection.sock is not None:
            return self._connection
        connection = http.client.HTTPSConnection(self._host, self._port, context=self._context)
        self._connection = connection
        try:
            plain = socket.create_connection((self._host, self._port), self._patience.connect)
        except (OSError, UnicodeError) as error:
            raise Unreachable from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(self._patience.stall)
            line = self._context.wrap_socket(plain, server_hostname=self._host, do_handshake_on_connect=False)
            connection.sock = line
            # Whoever cancelled a moment ago has not seen this line, and nobody would end what waits on it.
            self._stop_if_cancelled()
            line.do_handshake()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Broken from error
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            # Something else listens there.
            raise Unreachable from error
        return connection


def _send(
    connection: http.client.HTTPSConnection, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> None:
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body or method in {"POST", "PUT"}:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    try:
        for start in range(0, len(body), _CHUNK):
            connection.send(body[start : start + _CHUNK])
    except (BrokenPipeError, ConnectionResetError):
        # A server that does not want a body may say so before it has all of it: whatever it said is read next.
        return


def _beside(date: str, known: int | None) -> int | None:
    """How far an answer's date is ahead of the wall clock; what is known already where it has none."""
    try:
        said = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return known
    return int((said.timestamp() - time.time()) * 1000)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def problem_in(content: bytes) -> str:
    """The text key in a refusal; empty where there is none."""
    try:
        said = json.loads(content)
    except ValueError:
        return ""
    problem = said.get("problem", "") if isinstance(said, dict) else ""
    return problem if isinstance(problem, str) else ""
