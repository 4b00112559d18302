"""Messages over a socket: u32 length, bytes. Knows when the other side has gone, and can be given up from elsewhere."""

from __future__ import annotations

import contextlib
import socket
import time

MAX_MESSAGE = 16 * 1024 * 1024
"""Above the largest batch of segments that one call carries."""

_READ_BYTES = 256 * 1024
_WRITE_BYTES = 64 * 1024
_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""A laptop that was closed says nothing any more: the system finds that out within half a minute."""


class Broken(Exception):
    """The line is cut, or what came is no message."""


class Silent(Exception):
    """Nothing whole has come in time."""


class Line:
    """One connection.

    Args:
        connection: connected, with or without TLS.
        limit: bytes of a message that is taken, at most; small until it is known who is there.
    """

    def __init__(self, connection: socket.socket, limit: int = MAX_MESSAGE) -> None:
        self._socket = connection
        self._arrived = bytearray()
        self.limit = limit
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def send(self, message: bytes, seconds: float) -> None:
        """Send a message; `seconds` without any progress are too many. Raises Broken."""
        rest = memoryview(len(message).to_bytes(4, "big") + message)
        try:
            self._socket.settimeout(seconds)
            while rest:
                rest = rest[self._socket.send(rest[:_WRITE_BYTES]) :]
        except OSError as error:
            raise Broken from error

    def receive(self, seconds: float) -> bytes:
        """The next message; what has come of it stays when the time is over. Raises Silent, Broken."""
        end = time.monotonic() + seconds
        while True:
            message = self._whole()
            if message is not None:
                return message
            try:
                self._socket.settimeout(max(0.001, end - time.monotonic()))
                data = self._socket.recv(_READ_BYTES)
            except TimeoutError as error:
                raise Silent from error
            except OSError as error:
                raise Broken from error
            if not data:
                raise Broken
            self._arrived += data

    def _whole(self) -> bytes | None:
        """The message at the front, None where it has not come whole."""
        size = int.from_bytes(self._arrived[:4], "big")
        if len(self._arrived) < 4:
            return None
        if size > self.limit:
            raise Broken
        if len(self._arrived) < 4 + size:
            return None
        message = bytes(self._arrived[4 : 4 + size])
        del self._arrived[: 4 + size]
        return message

    def cut(self) -> None:
        """End the connection from any thread: whoever waits for it gets Broken."""
        with contextlib.suppress(OSError):
            # Past the TLS layer, which another thread may be using just now.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the connection go."""
        self._socket.close()
