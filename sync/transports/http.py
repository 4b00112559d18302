"""The county server as a store, over HTTPS with the certificate that was pinned at the admission."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from sync.crypto import Signer
from sync.errors import EnvironmentProblem, Problem
from sync.papers import Server
from sync.requests import Call, authorization
from sync.segments import Segment
from sync.store import REFUSALS, Appended, Overview
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments
from sync.wire import UNDECODABLE

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
POST_BYTES = 1024 * 1024
"""Segments and papers are sent in requests of about this many bytes, so that a cut line costs little."""

IDS_AT_ONCE = 500
"""Papers that one request asks for; their ids stand in its address, whose length is limited."""

T = TypeVar("T")


class HttpStore:
    """The scope's streams at the county server.

    Args:
        url: where the server listens, ``https://host:port``.
        server: the server paper from the admission.
        signer: the key of this device.
    """

    def __init__(self, url: str, server: Server, signer: Signer) -> None:
        self._server = server
        self._signer = signer
        # A proxy from the environment has no business between a station and its county.
        self._client = httpx.Client(base_url=_origin(url), verify=_pinned(server), timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def overview(self, scope: bytes) -> Overview:
        """What the server holds, with its receipt."""
        return self._decode(self._call("GET", f"/v1/scopes/{scope.hex()}"), Overview)

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        query = urlencode({"stream": stream.hex(), "start": start})
        with _whole_frames():
            return split_segments(self._call("GET", f"/v1/scopes/{scope.hex()}/segments?{query}"))

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Hand segments in."""
        taken = 0
        for batch in _batches(segments, lambda one: len(one.data) + len(one.envelopes)):
            data = self._call("POST", f"/v1/scopes/{scope.hex()}/segments", join_segments(batch))
            count, reason = self._decode(data, Appended)
            taken += count
            if reason:
                # A newer server may have reasons for which this version has no words.
                return Appended(taken, reason if reason in REFUSALS else "sync.refused_other")
        return Appended(taken)

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        wanted = [paper.hex() for paper in ids]
        papers: list[bytes] = []
        for first in range(0, len(wanted), IDS_AT_ONCE):
            query = urlencode({"ids": ",".join(wanted[first : first + IDS_AT_ONCE])})
            with _whole_frames():
                papers += split(self._call("GET", f"/v1/scopes/{scope.hex()}/papers?{query}"))
        return papers

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Hand papers in."""
        for batch in _batches(papers, len):
            self._call("POST", f"/v1/scopes/{scope.hex()}/papers", join(batch))

    def _call(self, method: str, target: str, body: bytes = b"") -> bytes:
        header = authorization(Call(self._server.server, method, target, body), self._signer)
        try:
            answer = self._client.request(method, target, content=body, headers={"Authorization": header})
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Problem("sync.not_our_server", county=self._server.county_name) from error
            raise EnvironmentProblem("sync.no_connection") from error
        except httpx.ConnectTimeout as error:
            raise EnvironmentProblem("sync.no_connection") from error
        except httpx.TransportError as error:
            raise EnvironmentProblem("sync.broken_off") from error
        if not answer.is_success:
            raise self._refusal(answer)
        return answer.content

    def _refusal(self, answer: httpx.Response) -> Problem:
        try:
            refusal = msgspec.json.decode(answer.content, type=dict[str, str]).get("problem", "")
        except UNDECODABLE:
            refusal = ""
        known = {"sync.unknown_device", "sync.revoked", "sync.not_a_member", "sync.too_large"}
        if refusal in known:
            return Problem(refusal, county=self._server.county_name)
        return EnvironmentProblem("sync.server_failed", status=answer.status_code)

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except UNDECODABLE as error:
            raise Problem("sync.not_our_server", county=self._server.county_name) from error


@contextmanager
def _whole_frames() -> Iterator[None]:
    """Turns frames that end too early into a sentence."""
    try:
        yield
    except BrokenFrames as error:
        raise EnvironmentProblem("sync.broken_off") from error


def _origin(url: str) -> str:
    """The address without anything behind it. Raises Problem unless it is ``https://host[:port]``."""
    try:
        parts = httpx.URL(url.strip())
        # As the system's resolver will do it; it has no sentence for what is no name.
        parts.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Problem("sync.bad_address", url=url) from error
    port = 443 if parts.port is None else parts.port
    if parts.scheme != "https" or not parts.host or "%" in parts.host or port not in range(1, 2**16):
        raise Problem("sync.bad_address", url=url)
    return f"https://{parts.netloc.decode()}"


def _pinned(server: Server) -> ssl.SSLContext:
    """Trusts one certificate and nothing else; under whatever name the server is reached."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(server.tls_certificate))
    return context


def _batches(items: Sequence[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    batch: list[T] = []
    size = 0
    for item in items:
        batch.append(item)
        size += size_of(item)
        if size >= POST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
