"""Around every call: it is timed, counted and written down, and whatever goes wrong has a documented answer."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.county.logs import Log
from sync.county.metrics import Metrics

BROKEN_OFF = 499
"""Stands in log and metrics for a call whose other side went away before there was an answer."""

CHUNK = 64 * 1024
"""Bytes of an answer that are handed to the connection at once."""

FAILED = b'{"problem":"sync.server_failed"}'


class Observed:
    """Middleware around the whole service."""

    def __init__(self, app: ASGIApp, log: Log, metrics: Metrics | None) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Observation(receive, send)
        try:
            await self._app(scope, call.receive, call.send)
        except (ClientDisconnect, asyncio.CancelledError) as error:
            call.status = BROKEN_OFF
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:  # noqa: BLE001 -- the edge of the server: no traceback reaches anybody
            await self._fail(scope, call, error)
        finally:
            self._note(scope, call)

    async def _fail(self, scope: Scope, call: _Observation, error: Exception) -> None:
        troubled = self._log.failure(error, route=_route(scope))
        if not call.status:
            status = 503 if troubled else 500
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(FAILED)).encode())]
            await call.send({"type": "http.response.start", "status": status, "headers": headers})
            await call.send({"type": "http.response.body", "body": FAILED})

    def _note(self, scope: Scope, call: _Observation) -> None:
        seconds = time.monotonic() - call.began
        status, route = call.status or BROKEN_OFF, _route(scope)
        fields: dict[str, Any] = {
            "method": scope["method"][:10],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "received": call.received,
            "sent": call.sent,
        }
        device = scope.get("state", {}).get("device")
        if device:
            fields["device"] = device.hex()[:8]
        self._log.write("info" if status < 500 else "warning", "request", **fields)
        if self._metrics:
            self._metrics.answered(scope["method"], route, status, seconds, (call.received, call.sent))


class _Observation:
    """One call: counts what passes."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.began = time.monotonic()
        self.status = 0
        self.received = 0
        self.sent = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        body = message.get("body", b"")
        self.sent += len(body)
        if len(body) > CHUNK:
            # Each part waits for the one before it to leave, so a call lasts, and is counted, as long as its answer.
            for start in range(0, len(body), CHUNK):
                await self._send({**message, "body": body[start : start + CHUNK], "more_body": True})
            message = {**message, "body": b""}
        await self._send(message)


def _route(scope: Scope) -> str:
    """The template of the path, ``/v1/scopes/{scope}``; paths that are none of ours count together."""
    return getattr(scope.get("route"), "path", "none")
