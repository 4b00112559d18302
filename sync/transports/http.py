"""The county server as a store, over HTTPS with the certificate that was pinned at the admission."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from sync.crypto import Signer
from sync.errors import EnvironmentProblem, Problem
from sync.papers import Server
from sync.requests import Call, authorization
from sync.segments import Segment
from sync.store import Appended, Overview
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
POST_BYTES = 1024 * 1024
"""Segments are sent in requests of about this many bytes, so that a cut line costs little."""

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
        for batch in _batches(segments):
            data = self._call("POST", f"/v1/scopes/{scope.hex()}/segments", join_segments(batch))
            count, reason = self._decode(data, Appended)
            taken += count
            if reason:
                return Appended(taken, reason)
        return Appended(taken)

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        query = urlencode({"ids": ",".join(paper.hex() for paper in ids)})
        with _whole_frames():
            return split(self._call("GET", f"/v1/scopes/{scope.hex()}/papers?{query}"))

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Hand papers in."""
        self._call("POST", f"/v1/scopes/{scope.hex()}/papers", join(papers))

    def _call(self, method: str, target: str, body: bytes = b"") -> bytes:
        header = authorization(Call(self._server.server, method, target, body), self._signer)
        try:
            answer = self._client.request(method, target, content=body, headers={"Authorization": header})
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Problem("sync.not_our_server", county=self._server.county_name) from error
            raise EnvironmentProblem("sync.no_connection") from error
        except httpx.TransportError as error:
            raise EnvironmentProblem("sync.broken_off") from error
        if not answer.is_success:
            raise self._refusal(answer)
        return answer.content

    def _refusal(self, answer: httpx.Response) -> Problem:
        try:
            refusal = msgspec.json.decode(answer.content, type=dict[str, str]).get("problem", "")
        except msgspec.MsgspecError:
            refusal = ""
        known = {"sync.unknown_device", "sync.not_a_member", "sync.too_large"}
        if refusal in known:
            return Problem(refusal, county=self._server.county_name)
        return EnvironmentProblem("sync.server_failed", status=answer.status_code)

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except msgspec.MsgspecError as error:
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
        parts = urlsplit(url.strip())
        valid = parts.scheme == "https" and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise Problem("sync.bad_address", url=url)
    return f"https://{parts.netloc}"


def _pinned(server: Server) -> ssl.SSLContext:
    """Trusts one certificate and nothing else; under whatever name the server is reached."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(server.tls_certificate))
    return context


def _batches(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    batch: list[Segment] = []
    size = 0
    for segment in segments:
        batch.append(segment)
        size += len(segment.data) + len(segment.envelopes)
        if size >= POST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
