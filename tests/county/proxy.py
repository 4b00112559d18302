"""A line between a device and the server that can be cut at any byte, be slow and far, and fall silent.

It loses, reorders and changes nothing: that is TCP's business. What TCP makes of lost packets, a pause until they have
been sent again, is given as `stalls`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import NamedTuple
from urllib.parse import urlsplit

PACKET = 1460
_HELD = 16 * 1024
"""Bytes on their way at once; a sender with more has to wait."""


class Speed(NamedTuple):
    """How fast a line is. Seconds and bytes per second; `stalls` is the part of packets that need `stall` longer."""

    rate: float = 0.0
    latency: float = 0.0
    stalls: float = 0.0
    stall: float = 0.0


class Proxy:
    """Passes bytes on.

    Attributes:
        up: bytes from devices to the server, since the beginning.
        down: bytes from the server to devices.
        turns: how often the line turned round, which is twice for each call.
        cuts: what is left of the plan: after how many bytes of a connection it is cut, in the order of connections.
    """

    def __init__(self, url: str, speed: Speed = Speed(), seed: int = 0) -> None:  # noqa: B008 -- it does not change
        parts = urlsplit(url)
        self._server = (str(parts.hostname), parts.port or 443)
        self._speed = speed
        self._dice = Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _HELD)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._last = ""
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.up = self.down = self.turns = self.connections = 0
        self.cuts: deque[tuple[str, int]] = deque()
        self.silent = False
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                far = socket.create_connection(self._server)
                far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _HELD)
                with self._lock:
                    self._open |= {near, far}
                    self.connections += 1
                    cut = self.cuts.popleft() if self.cuts else ("", 0)
                connection = _Connection(near, far)
                for way in ("up", "down"):
                    self._start(self._read, connection, way, cut[1] if cut[0] == way else None)
                    self._start(self._write, connection, way)

    def _read(self, connection: _Connection, way: str, left: int | None) -> None:
        source, queue = connection.source(way), connection.queues[way]
        free = 0.0
        with contextlib.suppress(OSError):
            while left != 0:
                data = source.recv(PACKET if left is None else min(PACKET, left))
                if not data:
                    break
                left = None if left is None else left - len(data)
                now = time.monotonic()
                free = max(now, free) + (len(data) / self._speed.rate if self._speed.rate else 0.0)
                if self._dice.random() < self._speed.stalls:
                    free += self._speed.stall
                queue.put(free + self._speed.latency, data)
        queue.put(free + self._speed.latency, b"", cut=left == 0)

    def _write(self, connection: _Connection, way: str) -> None:
        target, queue = connection.target(way), connection.queues[way]
        with contextlib.suppress(OSError):
            while True:
                data, cut = queue.get()
                if not data:
                    break
                self._count(way, len(data))
                while self.silent:
                    time.sleep(0.01)
                target.sendall(data)
            if cut:
                connection.cut()
            else:
                target.shutdown(socket.SHUT_WR)
        queue.abandon()
        if connection.ended():
            with self._lock:
                self._open -= {connection.near, connection.far}
            connection.close()

    def _count(self, way: str, size: int) -> None:
        with self._lock:
            self.turns += way != self._last
            self._last = way
            if way == "up":
                self.up += size
            else:
                self.down += size

    def close(self) -> None:
        """End everything."""
        self.silent = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for end in left:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


class _Queue:
    """What is on its way in one direction."""

    def __init__(self) -> None:
        self._items: deque[tuple[float, bytes, bool]] = deque()
        self._changed = threading.Condition()
        self._held = 0
        self._abandoned = False

    def abandon(self) -> None:
        """Nobody takes anything out any more."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def put(self, due: float, data: bytes, *, cut: bool = False) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._held < _HELD or self._abandoned)
            self._items.append((due, data, cut))
            self._held += len(data)
            self._changed.notify_all()

    def get(self) -> tuple[bytes, bool]:
        with self._changed:
            self._changed.wait_for(lambda: self._items)
            due, data, cut = self._items[0]
        time.sleep(max(0.0, due - time.monotonic()))
        with self._changed:
            self._items.popleft()
            self._held -= len(data)
            self._changed.notify_all()
        return data, cut


class _Connection:
    """The two ends of one connection, and what is between them."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.queues = {"up": _Queue(), "down": _Queue()}
        self._lock = threading.Lock()
        self._ends = 0

    def source(self, way: str) -> socket.socket:
        return self.near if way == "up" else self.far

    def target(self, way: str) -> socket.socket:
        return self.far if way == "up" else self.near

    def cut(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def ended(self) -> bool:
        """Whether both directions have ended."""
        with self._lock:
            self._ends += 1
            return self._ends == 2

    def close(self) -> None:
        self.near.close()
        self.far.close()


@contextmanager
def line_to(url: str, speed: Speed | None = None, seed: int = 0) -> Iterator[Proxy]:
    """A line to the server at `url`."""
    proxy = Proxy(url, speed or Speed(), seed)
    try:
        yield proxy
    finally:
        proxy.close()
