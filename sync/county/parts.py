"""Calls that go on where a broken line left them: bodies that come in pieces, answers of which a part is here already.

Rules: docs/sync-protocol.md, County server.
"""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from sync.county.answers import BYTES_IN, PACKED, refusals
from sync.county.calls import Caller, CallerOf, FounderOf, Proven, ProvenOf, binary, packed, refuse
from sync.crypto import digest

KEPT_BYTES = 256 * 1024
KEPT_SECONDS = 1.0
"""What has come of a piece is written down this often: a connection may hang for minutes before anybody notices, and
another one must find what it brought. Each time costs a commit."""

_HEX_DIGEST = "^[0-9a-f]{64}$"

router = APIRouter(prefix="/v1/pieces", default_response_class=Response)

Digest = Annotated[str, Path(pattern=_HEX_DIGEST)]


@router.get("/{digest}", responses=PACKED | refusals())
async def size(proven: ProvenOf, digest: Digest) -> Response:
    """How many bytes of a body are here; it is named by its SHA-256."""
    return packed(await run_in_threadpool(proven.served.store.pieces.size, proven.device, bytes.fromhex(digest)))


@router.put("/{digest}", responses=PACKED | refusals(), openapi_extra=BYTES_IN)
async def put(
    request: Request, proven: ProvenOf, digest: Digest, start: Annotated[int, Query(ge=0, lt=2**31)]
) -> Response:
    """Take bytes of a body from position `start` on; answers how many are here. What has come of a broken line stays."""
    proven.hold.add(KEPT_BYTES)
    body = bytes.fromhex(digest)
    arrived, kept = bytearray(), time.monotonic()
    try:
        async for chunk in request.stream():
            arrived += chunk
            if start + len(arrived) > proven.served.store.pieces.limit:
                refuse(413, "sync.too_large")
            if len(arrived) >= KEPT_BYTES or time.monotonic() - kept >= KEPT_SECONDS:
                await _keep(proven, body, start, arrived)
                start += len(arrived)
                arrived, kept = bytearray(), time.monotonic()
    except ClientDisconnect:
        # Nobody hears the answer any more; whoever comes again asks how far this one came.
        pass
    return packed(await _keep(proven, body, start, arrived))


async def _keep(proven: Proven, body: bytes, start: int, data: bytearray) -> int:
    return await run_in_threadpool(proven.served.store.pieces.add, proven.device, body, start, bytes(data))


Named = Annotated[str | None, Query(pattern=_HEX_DIGEST, description="SHA-256 of a body that came in pieces before.")]


async def _whole(caller: Caller, name: str | None) -> bytes:
    if name is None:
        return caller.body
    caller.hold.add(caller.store.pieces.limit)
    whole: bytes | None = await run_in_threadpool(caller.store.pieces.whole, caller.device, bytes.fromhex(name))
    if whole is None:
        refuse(409, "sync.not_whole")
    return whole


async def _body(caller: CallerOf, body: Named = None) -> bytes:
    return await _whole(caller, body)


async def _founder_body(caller: FounderOf, body: Named = None) -> bytes:
    return await _whole(caller, body)


BodyOf = Annotated[bytes, Depends(_body)]
"""The body of a call: what came with it, or the one that came in pieces before and is named by `body`."""

FounderBodyOf = Annotated[bytes, Depends(_founder_body)]
"""Likewise, of a call that may be about a scope which is not there yet."""


class Rest:
    """Leaves out of an answer what the caller has already.

    Args:
        skip: how many bytes the caller has.
        seen: their SHA-256; the answer may be another one by now, and then they are no part of it.
    """

    def __init__(
        self,
        skip: Annotated[int, Query(ge=0, lt=2**31)] = 0,
        seen: Annotated[str | None, Query(pattern=_HEX_DIGEST)] = None,
    ) -> None:
        self._skip = skip
        self._seen = seen

    def of(self, answer: bytes) -> Response:
        """The rest of an answer."""
        if self._seen is not None and digest(answer[: self._skip]).hex() != self._seen:
            refuse(412, "sync.not_the_same")
        return binary(answer[self._skip :] if self._seen is not None else answer)

    def packed(self, value: object) -> Response:
        """The rest of an answer in MessagePack."""
        return self.of(msgspec.msgpack.encode(value))


RestOf = Annotated[Rest, Depends(Rest)]
