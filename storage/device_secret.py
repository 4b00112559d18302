"""The device secret: what ties a password to this account of this computer. It lives in the system's keyring alone.

The keyring is a convenience and a second lock, never the only copy of anything: where it is missing, locked or forgets,
an archive opens with its recovery code.
"""

from __future__ import annotations

import secrets
from typing import Literal

from storage.errors import EnvironmentProblem

SERVICE = "xinyi"
SECRET_SIZE = 32

State = Literal["ready", "locked", "none"]


def state() -> State:
    """Whether there is a keyring here that can be used."""
    import keyring  # noqa: PLC0415 -- looks for the desktop's services, which takes a while
    from keyring import errors  # noqa: PLC0415

    try:
        keyring.get_password(SERVICE, "state")
    except errors.KeyringLocked:
        return "locked"
    except errors.KeyringError:
        return "none"
    return "ready"


def read(archive: bytes) -> bytes | None:
    """The secret of an archive; None where there is no keyring, it is locked, or it has forgotten."""
    import keyring  # noqa: PLC0415
    from keyring import errors  # noqa: PLC0415

    try:
        said = keyring.get_password(SERVICE, archive.hex())
    except errors.KeyringError:
        return None
    try:
        secret = bytes.fromhex(said or "")
    except ValueError:
        return None
    return secret if len(secret) == SECRET_SIZE else None


def create(archive: bytes) -> bytes:
    """The secret of an archive, made where there is none. Raises EnvironmentProblem where it cannot be kept."""
    import keyring  # noqa: PLC0415
    from keyring import errors  # noqa: PLC0415

    known = read(archive)
    if known:
        return known
    secret = secrets.token_bytes(SECRET_SIZE)
    try:
        keyring.set_password(SERVICE, archive.hex(), secret.hex())
    except errors.KeyringLocked as error:
        raise EnvironmentProblem("keyring.locked") from error
    except errors.KeyringError as error:
        raise EnvironmentProblem("keyring.none") from error
    if read(archive) != secret:
        raise EnvironmentProblem("keyring.forgets")
    return secret
