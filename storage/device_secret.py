"""The device secret: what ties a password to this account of this computer. It lives in the system's keyring alone.

The keyring is a convenience and a second lock, never the only copy of anything: where it is missing, locked, silent or
forgets, an archive opens with its recovery code.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from storage.errors import EnvironmentProblem

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "xinyi"
SECRET_SIZE = 32

PATIENCE = 60.0
"""Seconds for a keyring to answer: enough to notice its question and type a password, and not for ever."""

SAFE = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.macOS.Keyring",
)
"""The backends that leave the secret to the system, which encrypts it. Others, some of which write plain files, are not
used, whatever is installed beside the library."""

_CHOICE = "PYTHON_KEYRING_BACKEND"
"""The library's own variable for naming a backend; one that is not safe stands for none."""

State = Literal["none", "locked", "silent"]


class _Unusable(Exception):
    """The keyring cannot be asked, and why."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


def read(archive: bytes, patience: float = PATIENCE) -> bytes:
    """The secret of an archive.

    Raises:
        EnvironmentProblem: there is no keyring, it is locked, it does not answer within `patience` seconds, or it does
            not have the secret.
    """
    try:
        secret = _ask(lambda ring: _kept(ring, archive), patience)
    except _Unusable as error:
        raise EnvironmentProblem(f"archive.keyring_{error.state}") from error
    if secret is None:
        raise EnvironmentProblem("archive.no_device_secret")
    return secret


def create(archive: bytes, patience: float = PATIENCE) -> bytes:
    """The secret of an archive, made where there is none. Raises EnvironmentProblem where it cannot be kept."""

    def make(ring: KeyringBackend) -> bytes | None:
        known = _kept(ring, archive)
        if known:
            return known
        secret = secrets.token_bytes(SECRET_SIZE)
        ring.set_password(SERVICE, archive.hex(), secret.hex())
        return secret if _kept(ring, archive) == secret else None

    secret = _ask_to_bind(make, patience)
    if secret is None:
        raise EnvironmentProblem("keyring.forgets")
    return secret


def check(patience: float = PATIENCE) -> None:
    """Raise EnvironmentProblem unless there is a keyring here that can be used."""
    _ask_to_bind(lambda ring: ring.get_password(SERVICE, "state"), patience)


def _ask_to_bind(use: Callable[[KeyringBackend], T], patience: float) -> T:
    try:
        return _ask(use, patience)
    except _Unusable as error:
        raise EnvironmentProblem(f"keyring.{error.state}") from error


def _ask(use: Callable[[KeyringBackend], T], patience: float) -> T:
    """Use the keyring on a thread of its own, which is left behind where it never comes back. Raises _Unusable."""
    answer = Future[T]()

    def work() -> None:
        try:
            answer.set_result(use(_backend()))
        except BaseException as error:  # noqa: BLE001 -- handed to whoever waits
            answer.set_exception(error)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    try:
        return answer.result(patience)
    except _Unusable:
        raise
    except TimeoutError as error:
        raise _Unusable("silent") from error
    except Exception as error:
        # Backends let errors of their own libraries through, which are not all here to be imported.
        is_locked = type(error).__name__ in {"KeyringLocked", "LockedException"}
        raise _Unusable("locked" if is_locked else "none") from error


def _backend() -> KeyringBackend:
    """The best backend that can be used now: another service may have come or gone since the last time."""
    chosen = os.environ.get(_CHOICE)
    classes = [_class(name) for name in SAFE if chosen in {None, name}]
    usable = [one for one in classes if one.viable]
    if not usable:
        raise _Unusable("none")
    made: KeyringBackend = max(usable, key=lambda one: one.priority)()
    return made


def _class(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    return getattr(import_module(module), kind)


def _kept(ring: KeyringBackend, archive: bytes) -> bytes | None:
    """The secret that the keyring has; None where it has none, or what somebody else wrote there."""
    try:
        secret = bytes.fromhex(ring.get_password(SERVICE, archive.hex()) or "")
    except ValueError:
        return None
    return secret if len(secret) == SECRET_SIZE else None
