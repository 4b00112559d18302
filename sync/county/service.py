"""The HTTP face of the county server. Calls and their proof: docs/sync-protocol.md, County server."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from sync.county import parts
from sync.county.answers import BYTES, BYTES_IN, HEALTH, NUMBERS, PACKED, refusals
from sync.county.calls import (
    CallerOf,
    FounderOf,
    Proven,
    ProvenOf,
    Served,
    ServedOf,
    binary,
    busy,
    greet_stranger,
    packed,
    problem_answer,
    read_body,
    refuse,
    refuse_stranger,
)
from sync.county.ledger import Ledger, Refused
from sync.county.limits import Busy, Limits
from sync.county.logs import Log
from sync.county.metrics import CONTENT_TYPE, Metrics
from sync.county.observed import Observed
from sync.county.parts import BodyOf, FounderBodyOf, RestOf
from sync.county.store import CountyStore
from sync.ids import ID_SIZE, STREAM_ID_SIZE
from sync.segments import Segment, UnreadableSegment, read_envelopes, read_header
from sync.store import READ_LIMIT, Overview, state_digest
from sync.transports.frames import BrokenFrames, join, join_segments, split, split_segments

MAX_CERTIFICATE = 16 * 1024
"""Bytes that somebody may show who is not known yet."""

_HEX_STREAM = f"^[0-9a-f]{{{2 * STREAM_ID_SIZE}}}$"
_HEX_STATE = "^[0-9a-f]{64}$"
_HEX_IDS = f"^([0-9a-f]{{{2 * ID_SIZE}}}(,|$))*$"

router = APIRouter(prefix="/v1", default_response_class=Response)
watching = APIRouter(default_response_class=Response)
"""For whoever looks after the server; not part of the protocol."""


def create_service(
    store: CountyStore,
    server: bytes,
    server_paper: bytes,
    *,
    limits: Limits | None = None,
    ledger: Ledger | None = None,
    log: Log | None = None,
    metrics_token: str = "",
) -> FastAPI:
    """The application for a county.

    Args:
        store: where segments are kept.
        server: the server's id, part of what devices sign.
        server_paper: what anybody may know of this server.
        limits: how much may be asked.
        ledger: where refusals are written and the county's numbers come from; without it there is no /health and no
            /metrics.
        log: where every call is written down.
        metrics_token: what opens /metrics; without one it stays closed.
    """
    service = FastAPI(title="Xinyi county server", version="1", docs_url=None, redoc_url=None)
    metrics = Metrics(ledger.totals) if ledger else None
    service.state.served = Served(store, server, server_paper, limits or Limits(), ledger)
    service.state.metrics = metrics
    service.state.metrics_token = metrics_token
    service.state.ledger = ledger
    for refused in (HTTPException, RequestValidationError):
        service.add_exception_handler(refused, _as_problem)
    service.add_exception_handler(Busy, busy)
    service.include_router(router)
    service.include_router(parts.router)
    if ledger:
        service.include_router(watching)
    if log:
        service.add_middleware(Observed, log=log, metrics=metrics)
    return service


@router.get("/hello", responses=BYTES | refusals(429))
async def hello(request: Request, served: ServedOf) -> Response:
    """Who this server is."""
    greet_stranger(request, served)
    return binary(served.server_paper)


@router.get("/scopes", responses=PACKED | refusals())
async def overviews(proven: ProvenOf, known: Annotated[str, Query(pattern=_HEX_STATE)], rest: RestOf) -> Response:
    """What is here of all the device's scopes, with receipts; or only that it is all that the device knows of."""
    return rest.packed(await run_in_threadpool(_overviews, proven, bytes.fromhex(known)))


def _overviews(proven: Proven, known: bytes) -> tuple[bytes, dict[bytes, Overview]]:
    store = proven.served.store
    here = store.holdings(store.scopes_of(proven.member))
    return (store.agree(known), {}) if state_digest(here) == known else (b"", store.overviews(here))


@router.get("/scopes/{scope}", responses=PACKED | refusals())
async def overview(caller: CallerOf, rest: RestOf) -> Response:
    """What is here of a scope, with a receipt."""
    return rest.packed(await run_in_threadpool(caller.store.overview, caller.scope))


@router.get("/scopes/{scope}/segments", responses=BYTES | refusals())
async def read(
    caller: CallerOf,
    stream: Annotated[str, Query(pattern=_HEX_STREAM)],
    start: Annotated[int, Query(ge=1, lt=2**62)],
    rest: RestOf,
) -> Response:
    """Segments of a stream from seq `start`."""
    caller.hold.add(READ_LIMIT)
    segments = await run_in_threadpool(caller.store.read, caller.scope, bytes.fromhex(stream), start)
    return rest.of(join_segments(segments))


@router.post("/scopes/{scope}/segments", responses=PACKED | refusals(), openapi_extra=BYTES_IN)
async def append(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    """Take segments in; answers after the commit."""
    try:
        segments = split_segments(body)
        for one in segments:
            read_envelopes(one.envelopes)
    except (BrokenFrames, UnreadableSegment):
        await _note_refusal(request, caller, None, "sync.refused_unreadable")
        refuse(422, "sync.refused_unreadable")
    appended = await run_in_threadpool(caller.store.append, caller.scope, segments)
    _count(request, segments[: appended.taken])
    if appended.reason:
        await _note_refusal(request, caller, segments[appended.taken], appended.reason)
    return packed(appended)


@router.get("/scopes/{scope}/papers", responses=BYTES | refusals())
async def read_papers(
    caller: CallerOf, ids: Annotated[str, Query(pattern=_HEX_IDS, max_length=Limits().ids)], rest: RestOf
) -> Response:
    """Papers by their ids, separated by commas."""
    wanted = [bytes.fromhex(one) for one in ids.split(",") if one]
    return rest.of(join(await run_in_threadpool(caller.store.read_papers, caller.scope, wanted)))


@router.post("/scopes/{scope}/papers", responses=PACKED | refusals(), openapi_extra=BYTES_IN)
async def add_papers(caller: FounderOf, body: FounderBodyOf) -> Response:
    """Take papers in; answers with the ids of those that are not kept."""
    try:
        papers = split(body)
    except BrokenFrames:
        refuse(422, "sync.refused_unreadable")
    return packed(await run_in_threadpool(caller.store.add_papers, caller.scope, papers))


@router.get("/stations", responses=PACKED | refusals())
async def stations(proven: ProvenOf, rest: RestOf) -> Response:
    """The stations of the county that something can be shared with: ids and names, by name."""
    return rest.packed(await run_in_threadpool(proven.store.stations))


@router.post("/devices", responses=BYTES | refusals(401, 403, 413, 422, 429), openapi_extra=BYTES_IN)
async def introduce(request: Request, served: ServedOf) -> Response:
    """Take a device in again by the county's certificate for it, after the server was put back from a backup."""
    greet_stranger(request, served)
    certificate = await read_body(request, MAX_CERTIFICATE)
    member = await run_in_threadpool(served.store.introduce, certificate)
    if member is None:
        refuse(401, "sync.unknown_device")
    if member.revoked:
        refuse(403, "sync.revoked")
    return binary(b"")


@watching.get("/health", responses=HEALTH)
async def health(request: Request) -> Response:
    """Whether the server and its database work."""
    # A database that fails raises, and the answer is 503 as for every other call.
    await run_in_threadpool(request.app.state.ledger.ask)
    return Response(b'{"health":"good"}', media_type="application/json")


@watching.get("/metrics", responses=NUMBERS)
async def metrics(request: Request, served: ServedOf) -> Response:
    """Numbers for Prometheus, for whoever has the token."""
    token: str = request.app.state.metrics_token
    shown = request.headers.get("authorization", "").encode()
    if not token or not hmac.compare_digest(shown, f"Bearer {token}".encode()):
        refuse_stranger(request, served)
    return Response(await run_in_threadpool(request.app.state.metrics.text), media_type=CONTENT_TYPE)


def _count(request: Request, segments: Sequence[Segment]) -> None:
    if request.app.state.metrics:
        request.app.state.metrics.took(len(segments), sum(read_header(one.data).count for one in segments))


async def _note_refusal(request: Request, caller: CallerOf, segment: Segment | None, reason: str) -> None:
    """Write down what was refused to a device that proved itself."""
    if request.app.state.metrics:
        request.app.state.metrics.refused(reason)
    if caller.served.ledger:
        stream, seq = _place_of(segment)
        refused = Refused(caller.device, caller.scope, stream, seq, reason)
        await run_in_threadpool(caller.served.ledger.refused, refused)


def _place_of(segment: Segment | None) -> tuple[bytes | None, int | None]:
    try:
        header = read_header(segment.data if segment else b"")
    except UnreadableSegment:
        return None, None
    return header.stream, header.seq


def _as_problem(request: Request, error: Exception) -> Response:
    """Refusals as the documented JSON; a call that is none of ours gets no text key."""
    if not isinstance(error, HTTPException):
        return problem_answer(422, "")
    if request.app.state.metrics and error.detail.startswith("sync."):
        request.app.state.metrics.refused(error.detail)
    return problem_answer(error.status_code, error.detail, error.headers)
