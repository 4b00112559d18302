"""Who calls: what every call of the server has to prove, and how it is refused. Rules: docs/sync-protocol.md."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn

import msgspec
from fastapi import Depends, Path, Request, Response, Security
from fastapi.security import APIKeyHeader
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from sync.county.ledger import Ledger
from sync.county.limits import Buckets, Hold, Limits, Load, neighbourhood
from sync.county.store import CountyStore, Member
from sync.ids import ID_SIZE
from sync.requests import Call, claimed_device, is_genuine

BINARY = "application/octet-stream"
RETRY_SECONDS = 5
"""When somebody may ask again whom a busy server sent away."""

_HEX_SCOPE = f"^[0-9a-f]{{{2 * ID_SIZE}}}$"
_proof = APIKeyHeader(
    name="Authorization",
    scheme_name="device",
    description="`Xinyi <device id>:<Base64 of an Ed25519 signature over the call>`, see docs/sync-protocol.md",
    auto_error=False,
)


class Served:
    """What the calls of one worker work on.

    Args:
        store: where segments are kept.
        server: the server's id, part of what devices sign.
        server_paper: what anybody may know of this server.
        limits: how much may be asked.
        ledger: where refusals are written; None keeps no account of them.
    """

    def __init__(
        self, store: CountyStore, server: bytes, server_paper: bytes, limits: Limits, ledger: Ledger | None
    ) -> None:
        self.store = store
        self.server = server
        self.server_paper = server_paper
        self.limits = limits
        self.ledger = ledger
        self.load = Load(limits)
        self.devices = Buckets(limits.device_burst, limits.device_rate)
        self.strangers = Buckets(limits.stranger_burst, limits.stranger_rate)
        self._seen: dict[bytes, float] = {}

    def note_visit(self, device: bytes) -> None:
        """Write down that a device was here, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._seen.get(device, -math.inf) >= self.limits.seen_every:
            self.store.touch(device)
            self._seen[device] = now


class Proven(msgspec.Struct, frozen=True):
    """A device that proved a call to be its own. `hold` is told how many bytes the call keeps in memory."""

    served: Served
    member: Member
    hold: Hold

    @property
    def device(self) -> bytes:
        """Its id."""
        return self.member.device

    @property
    def store(self) -> CountyStore:
        """Where segments are kept."""
        return self.served.store


class Caller(Proven, frozen=True):
    """A member of a scope that proved to have sent a request with this body."""

    scope: bytes
    body: bytes


async def served_of(request: Request) -> Served:  # what is not async gets a thread, which costs more than it does
    """What a request works on."""
    served: Served = request.app.state.served
    return served


ServedOf = Annotated[Served, Depends(served_of)]
Proof = Annotated[str | None, Security(_proof)]
HexScope = Annotated[str, Path(pattern=_HEX_SCOPE)]


async def proven(request: Request, proof: Proof, served: ServedOf) -> AsyncIterator[Proven]:
    """A device whose signature covers method and target; the body, if any, is not read and not covered."""
    member, signature = await _claim(request, proof, served)
    with served.load.request(_place(request, member.device)) as hold:
        await _prove(request, served, member, signature, b"")
        yield Proven(served, member, hold)


async def called(request: Request, proof: Proof, scope: HexScope, served: ServedOf) -> AsyncIterator[Caller]:
    """A member of the scope whose signature covers the whole call."""
    async with _calling(request, proof, served, scope, served.store.is_member) as caller:
        yield caller


async def called_or_founding(
    request: Request, proof: Proof, scope: HexScope, served: ServedOf
) -> AsyncIterator[Caller]:
    """The same; or any device where there is no such scope, because it may found it."""
    store = served.store

    def may(member: Member, scope: bytes) -> bool:
        return store.is_member(member, scope) or not store.is_founded(scope)

    async with _calling(request, proof, served, scope, may) as caller:
        yield caller


@asynccontextmanager
async def _calling(
    request: Request, proof: str | None, served: Served, scope: str, may: Callable[[Member, bytes], bool]
) -> AsyncIterator[Caller]:
    member, signature = await _claim(request, proof, served)
    wanted = bytes.fromhex(scope)
    # Only a device that we know may make us hold so many bytes.
    with served.load.request(_place(request, member.device)) as hold:
        body = await read_body(request, served.limits.body, hold.add)
        if not await _prove(request, served, member, signature, body, may=lambda: may(member, wanted)):
            refuse(403, "sync.not_a_member")
        yield Caller(served, member, hold, wanted, body)


ProvenOf = Annotated[Proven, Depends(proven)]
CallerOf = Annotated[Caller, Depends(called)]
FounderOf = Annotated[Caller, Depends(called_or_founding)]


def refuse(status: int, problem: str, wait: float = 0) -> NoReturn:
    """Answer with a refusal; `wait` says after how many seconds it is worth another try."""
    raise HTTPException(status, problem, {"Retry-After": str(math.ceil(wait))} if wait else None)


def refuse_stranger(request: Request, served: Served) -> NoReturn:
    """Refuse a call that proves nothing; too many from one address are told to wait."""
    greet_stranger(request, served)
    refuse(401, "sync.unknown_device")


def greet_stranger(request: Request, served: Served) -> None:
    """Count a call that proves nothing."""
    wait = served.strangers.take(neighbourhood(request.client.host if request.client else ""))
    if wait:
        refuse(429, "sync.busy", wait)


def binary(data: bytes) -> Response:
    """An answer in bytes."""
    return Response(data, media_type=BINARY)


def packed(value: object) -> Response:
    """An answer in MessagePack."""
    return binary(msgspec.msgpack.encode(value))


async def _claim(request: Request, proof: str | None, served: Served) -> tuple[Member, bytes]:
    claimed = claimed_device(proof or "")
    if claimed is None:
        refuse_stranger(request, served)
    device, signature = claimed
    member: Member | None = await run_in_threadpool(served.store.member, device)
    if member is None:
        refuse_stranger(request, served)
    return member, signature


async def _prove(
    request: Request,
    served: Served,
    member: Member,
    signature: bytes,
    body: bytes,
    *,
    may: Callable[[], bool] = lambda: True,
) -> bool:
    """See that the member signed this call, and whether it may call; a thread does it all, because each hop costs."""
    call = Call(served.server, request.method, _target(request), body)

    def examine() -> tuple[bool, bool]:
        if not is_genuine(call, signature, member.signing_key):
            return False, False
        if member.revoked:
            return True, False
        served.note_visit(member.device)
        return True, may()

    genuine, allowed = await run_in_threadpool(examine)
    if not genuine:
        refuse_stranger(request, served)
    request.state.device = member.device
    if member.revoked:
        refuse(403, "sync.revoked")
    wait = served.devices.take(member.device)
    if wait:
        refuse(429, "sync.busy", wait)
    return allowed


async def read_body(request: Request, most: int, note: Callable[[int], None] = lambda _size: None) -> bytes:
    """The body of a call, refused beyond `most` bytes; `note` is told what arrives."""
    if _declared(request) > most:
        refuse(413, "sync.too_large")
    body = bytearray()
    async for chunk in request.stream():
        note(len(chunk))
        body += chunk
        if len(body) > most:
            refuse(413, "sync.too_large")
    return bytes(body)


def _declared(request: Request) -> int:
    """The length that the request says it has; the HTTP library has checked that it is one."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _place(request: Request, device: bytes) -> str:
    """Whom requests under way are counted for. Without the address, whoever claims to be a device could keep it out."""
    return f"{device.hex()} {request.client.host if request.client else ''}"


def _target(request: Request) -> str:
    """Path and query as they were sent. The URL that Starlette composes depends on the Host header as well."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def busy(_request: Request, _error: Exception) -> Response:
    """The answer where the server has its hands full."""
    return problem_answer(503, "sync.busy", {"Retry-After": str(RETRY_SECONDS)})


def problem_answer(status: int, problem: str, headers: Any = None) -> Response:
    """A refusal as the documented JSON."""
    content = msgspec.json.encode({"problem": problem})
    return Response(content, status, headers, media_type="application/json")
