"""The county server as a store, over HTTPS with the certificate that was pinned at the admission.

Made for lines that break and lines that crawl. What is large goes in pieces which the server keeps, an answer that broke
off is asked for from where it stopped, and how much is sent at once follows from how fast the line has been.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from sync.crypto import Signer, digest
from sync.errors import EnvironmentProblem, Problem
from sync.ids import Id
from sync.papers import Server
from sync.requests import Call, authorization
from sync.segments import Segment
from sync.store import REFUSALS, Appended, Overview, state_digest
from sync.transports.calls import Broken, Caller, Patience, Refusal, problem_in
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments, whole_segments
from sync.wire import UNDECODABLE

MOST_AT_ONCE = 1024 * 1024
LEAST_AT_ONCE = 2 * 1024
"""Bytes that are sent with one call on a fast line, and on the worst one."""

FIRST_AT_ONCE = 16 * 1024
"""Before it is known how fast the line is: six seconds at 20 kbit/s."""

QUICK_SECONDS = 0.1
QUICK_AT_ONCE = 128 * 1024
"""Where an answer was there so soon, the line carries at least 35 kbit/s, and this much in half a minute."""

SECONDS_AT_ONCE = 10.0
"""What is sent with one call should take about so long: far from every timeout, long against the way there and back."""

IDS_AT_ONCE = 500
"""Papers that one request asks for; their ids stand in its address, whose length is limited."""

_KNOWN_REFUSALS = frozenset({"sync.unknown_device", "sync.revoked", "sync.not_a_member", "sync.too_large"})
_UNCOUNTED = frozenset({"sync.unknown_device", "sync.revoked"})
_BODIES = 3
"""How often a body is sent in pieces again, should they not make it up at the other end."""

T = TypeVar("T")


class HttpStore:
    """The scopes of a device at the county server.

    Args:
        url: where the server listens, ``https://host:port``.
        server: the server paper from the admission.
        signer: the key of this device.
        patience: how much to put up with.
        certificate: the county's paper about this device. A server that was put back from a backup may not know it.
    """

    def __init__(
        self, url: str, server: Server, signer: Signer, patience: Patience | None = None, *, certificate: bytes = b""
    ) -> None:
        self._server = server
        self._signer = signer
        self._certificate = certificate
        self._caller = Caller(*_origin(url), _pinned(server), patience or Patience())
        self._learnt = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._caller.close()

    def cancel(self) -> None:
        """Stop, from any thread: the call under way raises Problem. What has arrived stays."""
        self._caller.cancel()

    @property
    def beside(self) -> int | None:
        """How far the server's clock is ahead of this computer's, in milliseconds; None before it has answered."""
        return self._caller.beside

    # ---- SegmentStore ----

    def overview(self, scope: bytes) -> Overview:
        """What the server holds of one scope, with its receipt."""
        return self._decode(self._fetch(f"/v1/scopes/{scope.hex()}"), Overview)

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What the server holds of all scopes that this device takes part in; where that is `known`, in a few bytes."""
        data = self._fetch(f"/v1/scopes?{urlencode({'known': state_digest(known).hex()})}")
        agreement, overviews = self._decode(data, tuple[bytes, dict[bytes, Overview]])
        if not agreement:
            return overviews
        # One receipt for everything; it need not be noted several times.
        first = min(known, default=b"")
        return {
            scope: msgspec.structs.replace(one, receipt=agreement if scope == first else b"")
            for scope, one in known.items()
        }

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`; where the line breaks for good, those that came whole."""
        query = urlencode({"stream": stream.hex(), "start": start})
        arrived = bytearray()
        try:
            return self._split(self._fetch(f"/v1/scopes/{scope.hex()}/segments?{query}", arrived), split_segments)
        except EnvironmentProblem:
            segments = whole_segments(bytes(arrived))
            if not segments:
                raise
            return segments

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Hand segments in."""
        taken, receipt = 0, b""
        while taken < len(segments):
            batch = self._batch(segments[taken:], lambda one: len(one.data) + len(one.envelopes))
            data = self._post(f"/v1/scopes/{scope.hex()}/segments", join_segments(batch))
            count, reason, last = self._decode(data, Appended)
            taken += count
            receipt = last or receipt
            if reason or not count:
                # A newer server may have reasons for which this version has no words.
                return Appended(taken, reason if reason in REFUSALS else "sync.refused_other", receipt)
        return Appended(taken, "", receipt)

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        wanted = [paper.hex() for paper in ids]
        papers: list[bytes] = []
        for first in range(0, len(wanted), IDS_AT_ONCE):
            query = urlencode({"ids": ",".join(wanted[first : first + IDS_AT_ONCE])})
            papers += self._split(self._fetch(f"/v1/scopes/{scope.hex()}/papers?{query}"), split)
        return papers

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Hand papers in."""
        given, declined = 0, list[bytes]()
        while given < len(papers):
            batch = self._batch(papers[given:], len)
            declined += self._decode(self._post(f"/v1/scopes/{scope.hex()}/papers", join(batch)), list[bytes])
            given += len(batch)
        return declined

    # ---- beside it ----

    def stations(self) -> list[tuple[bytes, str]]:
        """Ids and names of the county's stations that something can be shared with. Nothing proves the list."""
        return list(self._decode(self._fetch("/v1/stations"), list[tuple[Id, str]]))

    # ---- calls ----

    def _fetch(self, target: str, arrived: bytearray | None = None) -> bytes:
        """An answer, whole: where the line breaks, its rest is asked for."""
        arrived = bytearray() if arrived is None else arrived
        joint = "&" if "?" in target else "?"

        def attempt() -> bytes:
            rest = urlencode({"skip": len(arrived), "seen": digest(bytes(arrived)).hex()}) if arrived else ""
            try:
                self._exchange("GET", f"{target}{joint}{rest}" if rest else target, into=arrived)
            except Refusal as refusal:
                if refusal.status != 412:
                    raise
                # There is another answer by now.
                arrived.clear()
                raise Broken from refusal
            return bytes(arrived)

        return self._persist(attempt)

    def _post(self, target: str, body: bytes) -> bytes:
        """Hand a body in: with the call where that takes no more than a few seconds, else in pieces before it."""
        name = digest(body).hex()
        lost = 0

        def attempt() -> bytes:
            nonlocal lost
            if len(body) <= self._at_once:
                return self._timed(len(body), lambda: self._exchange("POST", target, body))
            self._put(name, body)
            try:
                return self._exchange("POST", f"{target}?body={name}")
            except Refusal as refusal:
                lost += 1
                if refusal.status != 409 or lost == _BODIES:
                    raise
                # The server does not have the pieces any more.
                raise Broken from refusal

        return self._persist(attempt)

    def _put(self, name: str, body: bytes) -> None:
        """Bring a body to the server in pieces, from where an earlier try left off."""
        target = f"/v1/pieces/{name}"
        here = self._decode(self._exchange("GET", target), int)
        while here < len(body):
            piece, put = body[here : here + self._at_once], f"{target}?start={here}"
            start, here = here, self._decode(self._put_piece(put, piece), int)
            if here <= start:
                raise Broken
            self._caller.progress += 1

    def _put_piece(self, target: str, piece: bytes) -> bytes:
        return self._timed(len(piece), lambda: self._exchange("PUT", target, piece))

    def _persist(self, attempt: Callable[[], T]) -> T:
        try:
            return self._known(attempt)
        except ssl.SSLCertVerificationError as error:
            raise Problem("sync.not_our_server", county=self._server.county_name) from error
        except Refusal as refusal:
            raise self._problem(refusal) from refusal

    def _known(self, attempt: Callable[[], T]) -> T:
        """Make an attempt; where the server does not count us in, show it our certificate, once, and try again."""
        try:
            return self._caller.persist(attempt)
        except Refusal as refusal:
            certificate, self._certificate = self._certificate, b""
            if problem_in(refusal.content) not in _UNCOUNTED or not certificate:
                raise
            self._caller.persist(lambda: self._caller.exchange("POST", "/v1/devices", {}, certificate))
            return self._caller.persist(attempt)

    def _exchange(self, method: str, target: str, body: bytes = b"", into: bytearray | None = None) -> bytes:
        signed = b"" if method == "PUT" else body
        proof = authorization(Call(self._server.server, method, target, signed), self._signer)
        return self._caller.exchange(method, target, {"Authorization": proof}, body, into)

    @property
    def _at_once(self) -> int:
        """How many bytes to send with one call."""
        return self._learnt or (QUICK_AT_ONCE if self._caller.quickest < QUICK_SECONDS else FIRST_AT_ONCE)

    def _timed(self, size: int, send: Callable[[], T]) -> T:
        """Send something, and learn from it how much to send at once."""
        begin = time.monotonic()
        try:
            answer = send()
        except Broken:
            self._learnt = max(min(size, self._at_once) // 2, LEAST_AT_ONCE)
            raise
        # The way there and back takes its time whatever is sent; the quickest call so far says how long.
        seconds = max(time.monotonic() - begin - self._caller.quickest, 0.001)
        if size >= LEAST_AT_ONCE:
            wanted = int(size / seconds * SECONDS_AT_ONCE)
            self._learnt = min(max(wanted, LEAST_AT_ONCE), MOST_AT_ONCE, 8 * self._at_once)
        return answer

    def _batch(self, items: Sequence[T], size_of: Callable[[T], int]) -> list[T]:
        """As many as go at once, and at least one.

        One that is larger goes alone, so that it makes up the same body whenever the program was started again.
        """
        batch: list[T] = []
        size = 0
        for item in items:
            size += size_of(item)
            if batch and size > self._at_once:
                break
            batch.append(item)
        return batch

    # ---- answers ----

    def _problem(self, refusal: Refusal) -> Problem:
        key = problem_in(refusal.content)
        if key in _KNOWN_REFUSALS:
            return Problem(key, county=self._server.county_name)
        return EnvironmentProblem("sync.server_failed", status=refusal.status)

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except UNDECODABLE as error:
            raise Problem("sync.not_our_server", county=self._server.county_name) from error

    def _split(self, data: bytes, how: Callable[[bytes], list[T]]) -> list[T]:
        try:
            return how(data)
        except BrokenFrames as error:
            raise EnvironmentProblem("sync.broken_off") from error


_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def _origin(url: str) -> tuple[str, int]:
    """Host and port; what stands behind them does not matter. Raises Problem unless it is ``https://host[:port]``."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = 443 if parts.port is None else parts.port
        # As the system's resolver will do it; it has no sentence for what is no name.
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise Problem("sync.bad_address", url=url) from error
    whole = all(one.isprintable() and not one.isspace() for one in text)
    if not whole or parts.scheme != "https" or not _HOST.fullmatch(host) or port not in range(1, 2**16):
        raise Problem("sync.bad_address", url=url)
    return host, port


def _pinned(server: Server) -> ssl.SSLContext:
    """Trusts one certificate and nothing else; under whatever name the server is reached."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(server.tls_certificate))
    return context
