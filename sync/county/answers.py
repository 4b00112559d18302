"""What the calls take and answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from sync.county.calls import BINARY

Answers = dict[int | str, dict[str, Any]]

_BYTES = {BINARY: {"schema": {"type": "string", "format": "binary"}}}
_PROBLEM = {
    "type": "object",
    "properties": {
        "problem": {
            "type": "string",
            "description": "A key that clients have a sentence for; empty where the call is none of these.",
        }
    },
    "required": ["problem"],
    "additionalProperties": False,
}
_WAIT = {"Retry-After": {"description": "Seconds until another try is worth it.", "schema": {"type": "integer"}}}
_MEANINGS = {
    401: "The call is not proved by a device that the county knows.",
    403: "The device is revoked, or no member of the scope.",
    409: "The body that is named did not come whole; it has to come again.",
    412: "The answer is another one by now, and what was seen of it is no part of it.",
    413: "The body is too large.",
    422: "The call or its body is none that this server knows.",
    429: "Too many calls.",
    503: "The server is busy, or its database fails.",
}

BYTES: Answers = {200: {"description": "Frames, or a paper.", "content": _BYTES}}
PACKED: Answers = {200: {"description": "MessagePack.", "content": _BYTES}}
BYTES_IN: dict[str, Any] = {
    "requestBody": {"required": True, "description": "Frames, see docs/sync-protocol.md.", "content": _BYTES}
}


def refusals(*statuses: int) -> Answers:
    """What a call may answer instead: the statuses given, or all of them."""
    return {status: _refusal(status) for status in (*(statuses or (401, 403, 409, 412, 413, 422, 429)), 503)}


def _refusal(status: int) -> dict[str, Any]:
    refusal: dict[str, Any] = {
        "description": _MEANINGS[status],
        "content": {"application/json": {"schema": _PROBLEM}},
    }
    return refusal | {"headers": _WAIT} if status in {429, 503} else refusal


_GOOD: Answers = {
    200: {
        "description": "Server and database work.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"health": {"const": "good"}}, "required": ["health"]}
            }
        },
    }
}
_NUMBERS: Answers = {
    200: {"description": "Numbers for Prometheus.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
HEALTH = _GOOD | refusals(503)
NUMBERS = _NUMBERS | refusals(401, 429)
