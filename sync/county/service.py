"""The HTTP face of the county server. Calls and their proof: docs/sync-protocol.md, County server."""

from __future__ import annotations

from typing import Annotated, NamedTuple, NoReturn

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from sync.county.store import CountyStore, Member
from sync.ids import ID_SIZE, STREAM_ID_SIZE
from sync.requests import Call, claimed_device, is_genuine
from sync.segments import UnreadableSegment, read_envelopes
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments

MAX_BODY = 8 * 1024 * 1024
MAX_IDS = 40_000
"""Characters of a list of paper ids."""

BINARY = "application/octet-stream"
_HEX_SCOPE = f"^[0-9a-f]{{{2 * ID_SIZE}}}$"
_HEX_STREAM = f"^[0-9a-f]{{{2 * STREAM_ID_SIZE}}}$"
_HEX_IDS = f"^([0-9a-f]{{{2 * ID_SIZE}}}(,|$))*$"

router = APIRouter(prefix="/v1", default_response_class=Response)


class Served(NamedTuple):
    """What the calls work on."""

    store: CountyStore
    server: bytes
    server_paper: bytes


class Caller(NamedTuple):
    """A request that a member of the scope proved to have sent."""

    store: CountyStore
    scope: bytes
    device: bytes
    body: bytes


def create_service(store: CountyStore, server: bytes, server_paper: bytes) -> FastAPI:
    """The application for a county.

    Args:
        store: where segments are kept.
        server: the server's id, part of what devices sign.
        server_paper: what anybody may know of this server.
    """
    service = FastAPI(title="Xinyi county server", version="1", docs_url=None, redoc_url=None)
    service.state.served = Served(store, server, server_paper)
    for refused in (HTTPException, RequestValidationError):
        service.add_exception_handler(refused, _as_problem)
    service.include_router(router)
    return service


def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


async def _caller(
    request: Request,
    scope: Annotated[str, Path(pattern=_HEX_SCOPE)],
    served: Annotated[Served, Depends(_served)],
) -> Caller:
    claimed = claimed_device(request.headers.get("authorization", ""))
    if claimed is None:
        _refuse(401, "sync.unknown_device")
    device, signature = claimed
    member: Member | None = await run_in_threadpool(served.store.member, device)
    if member is None:
        _refuse(401, "sync.unknown_device")
    # Only a device that we know may make us hold so many bytes.
    call = Call(served.server, request.method, _target(request), await _limited_body(request))
    if not is_genuine(call, signature, member.signing_key):
        _refuse(401, "sync.unknown_device")
    if member.revoked:
        _refuse(403, "sync.revoked")
    if not await run_in_threadpool(served.store.is_member, member, bytes.fromhex(scope)):
        _refuse(403, "sync.not_a_member")
    await run_in_threadpool(served.store.touch, device)
    return Caller(served.store, bytes.fromhex(scope), device, call.body)


CallerOf = Annotated[Caller, Depends(_caller)]


@router.get("/hello")
async def hello(served: Annotated[Served, Depends(_served)]) -> Response:
    """Who this server is."""
    return _binary(served.server_paper)


@router.get("/scopes/{scope}")
async def overview(caller: CallerOf) -> Response:
    """What is here of a scope, with a receipt."""
    return _packed(await run_in_threadpool(caller.store.overview, caller.scope))


@router.get("/scopes/{scope}/segments")
async def read(
    caller: CallerOf,
    stream: Annotated[str, Query(pattern=_HEX_STREAM)],
    start: Annotated[int, Query(ge=1, lt=2**62)],
) -> Response:
    """Segments of a stream from seq `start`."""
    segments = await run_in_threadpool(caller.store.read, caller.scope, bytes.fromhex(stream), start)
    return _binary(join_segments(segments))


@router.post("/scopes/{scope}/segments")
async def append(caller: CallerOf) -> Response:
    """Take segments in; answers after the commit."""
    try:
        segments = split_segments(caller.body)
        for one in segments:
            read_envelopes(one.envelopes)
    except (BrokenFrames, UnreadableSegment):
        _refuse(422, "sync.refused_unreadable")
    return _packed(await run_in_threadpool(caller.store.append, caller.scope, segments))


@router.get("/scopes/{scope}/papers")
async def read_papers(caller: CallerOf, ids: Annotated[str, Query(pattern=_HEX_IDS, max_length=MAX_IDS)]) -> Response:
    """Papers by their ids, separated by commas."""
    wanted = [bytes.fromhex(one) for one in ids.split(",") if one]
    return _binary(join(await run_in_threadpool(caller.store.read_papers, caller.scope, wanted)))


@router.post("/scopes/{scope}/papers")
async def add_papers(caller: CallerOf) -> Response:
    """Take papers in."""
    try:
        papers = split(caller.body)
    except BrokenFrames:
        _refuse(422, "sync.refused_unreadable")
    await run_in_threadpool(caller.store.add_papers, caller.scope, papers)
    return _binary(b"")


def _refuse(status: int, problem: str) -> NoReturn:
    raise HTTPException(status, problem)


def _as_problem(_request: Request, error: Exception) -> Response:
    """Refusals as the documented JSON; a call that is none of ours gets no text key."""
    status, problem = (error.status_code, error.detail) if isinstance(error, HTTPException) else (422, "")
    return JSONResponse({"problem": problem}, status_code=status)


def _target(request: Request) -> str:
    """Path and query as they were sent. The URL that Starlette composes depends on the Host header as well."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            _refuse(413, "sync.too_large")
    return bytes(body)


def _binary(data: bytes) -> Response:
    return Response(data, media_type=BINARY)


def _packed(value: object) -> Response:
    return _binary(msgspec.msgpack.encode(value))
