"""How much a server lets itself be asked. Every number has its reason beside it; tests set small ones.

Counts and rates hold for one worker process: workers share nothing but the database.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a server. Sizes are bytes, times seconds.

    Attributes:
        body: of one request. Clients send about 1 MiB at once; the largest segment has to fit.
        ids: characters of a list of paper ids; a client asks for 500 papers at once, 33 characters each.
        head: of a request line with its headers, which that list has to fit into.
        patience: without a single byte from the other side while it is its turn. A line of 20 kbit/s that stalls for a
            few seconds now and then is far from it, whatever the size of the body.
        answer_patience: while an answer goes out. What the other side has read is seen in steps of the buffers between
            (see `send_buffer`), which take 50 s at 20 kbit/s.
        send_buffer: of a connection in the kernel; lets 64 kB/s through at a latency of 2 s and holds little memory.
        idle: between two requests on one connection; a client that meets several stores thinks in between.
        connections: open at once. Below the usual limit of 1,024 files, with room for the database.
        requests: under way at once, slow uploads included; a county has some hundred devices.
        requests_of_device: under way at once from one device and address. A client sends one after the other; a line
            that broke leaves some behind until they are noticed.
        held: bodies and answers in memory at once, so that a worker stays far below 250 MB.
        device_burst, device_rate: calls of one device, and how many come back each second. A large archive that is put
            back asks for some hundred batches in a row; nobody works at 20 calls each second for long.
        stranger_burst, stranger_rate: calls of one address that prove nothing. A whole county may come from one
            address, and a device that was not admitted yet may ask now and then; guessing keys is hopeless anyway.
        grace: for requests under way when the server is told to stop. What is cut goes on from where it was.
        refusals: kept for the administrator.
        seen_every: when a device was here is noted at most so often; nobody needs it to the second, and each note
            costs a commit.
    """

    body: int = 8 * 1024 * 1024
    ids: int = 40_000
    head: int = 64 * 1024
    patience: float = 60.0
    answer_patience: float = 300.0
    send_buffer: int = 128 * 1024
    idle: int = 75
    connections: int = 800
    requests: int = 400
    requests_of_device: int = 8
    held: int = 64 * 1024 * 1024
    device_burst: int = 1000
    device_rate: float = 20.0
    stranger_burst: int = 60
    stranger_rate: float = 1.0
    grace: int = 10
    refusals: int = 10_000
    seen_every: float = 60.0


class Buckets:
    """A bucket of tokens for each key: every call takes one, and they come back at a steady rate.

    Args:
        burst: tokens in a full bucket.
        rate: tokens that come back each second.
        size: keys that are remembered; the one that called longest ago is forgotten first.
        clock: seconds that only go forward.
    """

    def __init__(
        self, burst: int, rate: float, size: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._rate = rate
        self._size = size
        self._clock = clock
        self._levels: OrderedDict[bytes | str, tuple[float, float]] = OrderedDict()

    def take(self, key: bytes | str) -> float:
        """Take a token; 0 where there was one, else after how many seconds there will be."""
        now = self._clock()
        level, at = self._levels.pop(key, (float(self._burst), now))
        level = min(float(self._burst), level + (now - at) * self._rate)
        taken = level >= 1
        self._levels[key] = (level - 1 if taken else level, now)
        if len(self._levels) > self._size:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate


class Busy(Exception):
    """The server has as much in its hands as it may."""


class Load:
    """What a worker has in its hands: requests, and the bytes of their bodies and answers."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._requests: dict[bytes | str, int] = {}
        self.bytes = 0

    @property
    def requests(self) -> int:
        """How many requests are under way."""
        return sum(self._requests.values())

    @contextmanager
    def request(self, key: bytes | str) -> Iterator[Hold]:
        """While a request is under way. Raises Busy."""
        mine = self._requests.get(key, 0)
        if mine >= self._limits.requests_of_device or self.requests >= self._limits.requests:
            raise Busy
        self._requests[key] = mine + 1
        hold = Hold(self, self._limits.held)
        try:
            yield hold
        finally:
            self.bytes -= hold.size
            self._requests[key] -= 1
            if not self._requests[key]:
                del self._requests[key]


class Hold:
    """The bytes that one request holds."""

    def __init__(self, load: Load, limit: int) -> None:
        self._load = load
        self._limit = limit
        self.size = 0

    def add(self, size: int) -> None:
        """Hold more. Raises Busy."""
        if self._load.bytes + size > self._limit:
            raise Busy
        self.size += size
        self._load.bytes += size


def neighbourhood(address: str) -> str:
    """Where an address belongs for counting: IPv6 gives everybody 2⁶⁴ of them, so these count by their network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return address
