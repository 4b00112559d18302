"""How a device proves each HTTP request to be its own. Rule: docs/sync-protocol.md, County server."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from sync.crypto import Signer, Unsealed, digest, verify

SCHEME = "Xinyi"
_LABEL = b"xinyi request 1"


class Call(NamedTuple):
    """A request as both ends see it. `target` is the path with its query."""

    server: bytes
    method: str
    target: str
    body: bytes

    def digest(self) -> bytes:
        """What is signed."""
        return self.server + digest(f"{self.method} {self.target}\n".encode() + self.body)


def authorization(call: Call, signer: Signer) -> str:
    """The value of the Authorization header."""
    signature = base64.b64encode(signer.sign(_LABEL, call.digest())).decode()
    return f"{SCHEME} {signer.id.hex()}:{signature}"


def claimed_device(header: str) -> tuple[bytes, bytes] | None:
    """The device and the signature in an Authorization header; None where it is not one of ours."""
    scheme, _, rest = header.partition(" ")
    device, _, signature = rest.partition(":")
    try:
        return (bytes.fromhex(device), base64.b64decode(signature, validate=True)) if scheme == SCHEME else None
    except (ValueError, binascii.Error):
        return None


def is_genuine(call: Call, signature: bytes, key: bytes) -> bool:
    """Whether the holder of `key` signed this call."""
    try:
        verify(key, signature, _LABEL, call.digest())
    except Unsealed:
        return False
    return True
