"""Lines that do not get on: a connection whose other side neither speaks nor listens is dropped.

Progress decides, not the total time: 1 MiB over 20 kbit/s takes seven minutes and is welcome.
"""

from __future__ import annotations

import asyncio
import asyncio.sslproto
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from sync.county.limits import Limits
from sync.county.observed import CHUNK

TLS_BUFFER = 32 * 1024

_LOOKS = 4
"""A line is looked at so many times within its patience."""


class Line(H11Protocol):
    """A connection of the server that is watched. Subclasses set `limits`; `lines_within` makes them."""

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        """Begin to watch."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=CHUNK)
        self._moved = self.loop.time()
        self._unsent = 0
        self._ignored = 0
        self._look()

    def data_received(self, data: bytes) -> None:
        """Something came."""
        self._moved = self.loop.time()
        super().data_received(data)
        # A call that was refused early may finish its body, so that the answer is heard; it may not go on for ever.
        refused = self.cycle is not None and self.cycle.response_complete and self.cycle.more_body
        self._ignored = self._ignored + len(data) if refused else 0
        if self._ignored > self.limits.body:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        self._watch.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: what nobody is using is cut, because a client that thinks would not answer a farewell."""
        unused = self.cycle is None or self.cycle.response_complete
        if unused and not self.transport.is_closing() and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def _look(self) -> None:
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or self._is_our_turn(unsent):
            self._moved = now
        self._unsent = unsent
        patience = self.limits.answer_patience if unsent else self.limits.patience
        if now - self._moved > patience:
            self.transport.abort()
            return
        shorter = min(self.limits.patience, self.limits.answer_patience)
        self._watch = self.loop.call_later(shorter / _LOOKS, self._look)

    def _is_our_turn(self, unsent: int) -> bool:
        """Whether a whole request is here and nothing of its answer waits for the other side."""
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete and not unsent


def keep_buffers_small() -> None:
    """Let every TLS connection hold 32 KiB for what it reads, two records of TLS, instead of 256 KiB.

    A holiday ends for three hundred stations at once; the difference is 65 MB. asyncio has no official way to say so: a
    test sees that this one still works.
    """
    asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER


def lines_within(limits: Limits) -> type[asyncio.Protocol]:
    """The class of connections that keep within `limits`."""
    return cast("type[asyncio.Protocol]", type("LineWithin", (Line,), {"limits": limits}))
