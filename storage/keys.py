"""The key-slot file: what turns a user's password into the archive's raw key. Layout: docs/archive-format.md."""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from storage.errors import Problem
from sync.crypto import KEY_SIZE, Unsealed, derive, digest, seal, unseal
from sync.files import replace_file
from sync.ids import ID_SIZE, Id
from sync.wire import UNDECODABLE

MAGIC = b"XYK1"
PASSWORD_SLOT = 1
MAC_SIZE = 32
SALT_SIZE = 16
MAX_FILE = 1024 * 1024


class Cost(NamedTuple):
    """Argon2id parameters: memory in KiB, passes, lanes."""

    memory: int
    passes: int
    lanes: int


COST = Cost(memory=64 * 1024, passes=3, lanes=4)
"""RFC 9106 section 4, second recommended option. Files below it are refused: somebody weakened them."""

MAX_COST = Cost(memory=1024 * 1024, passes=16, lanes=16)


class Slot(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One way to the raw key."""

    kind: int
    tag: Id
    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_SIZE, max_length=SALT_SIZE)]
    cost: Cost
    sealed: bytes


class SlotFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All ways to the raw key of one archive."""

    archive: Id
    slots: list[Slot]


class Unlocked(NamedTuple):
    """What a slot gives: the raw key of the archive, and who opened it."""

    archive: bytes
    key: bytes
    user: bytes


def slots_path(archive: Path) -> Path:
    """The key-slot file of an archive."""
    return archive.with_name(archive.name + ".keys")


def _normal(text: str) -> bytes:
    # A command line hands on bytes that are no text as lone surrogates; they are a wrong password, not a crash.
    return unicodedata.normalize("NFC", text).encode(errors="surrogatepass")


def _tag(archive: bytes, user_name: str) -> bytes:
    return digest(b"xinyi user 1" + archive + _normal(user_name))[:ID_SIZE]


def _password_key(password: str, salt: bytes, cost: Cost) -> bytes:
    return Argon2id(
        salt=salt, length=KEY_SIZE, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory
    ).derive(_normal(password))


def _bound(archive: bytes, kind: int, tag: bytes, salt: bytes, cost: Cost) -> bytes:
    return msgspec.msgpack.encode([archive, kind, tag, salt, cost])


def password_slot(unlocked: Unlocked, user_name: str, password: str) -> Slot:
    """A slot that `password` opens for the user of `unlocked`."""
    archive, key, user = unlocked
    tag, salt = _tag(archive, user_name), secrets.token_bytes(SALT_SIZE)
    plain = msgspec.msgpack.encode([key, user])
    bound = _bound(archive, PASSWORD_SLOT, tag, salt, COST)
    return Slot(PASSWORD_SLOT, tag, salt, COST, seal(_password_key(password, salt, COST), plain, bound))


def write_slots(path: Path, slots: SlotFile, key: bytes) -> None:
    """Replace the key-slot file at `path`; a crash leaves the old one or the new one."""
    data = MAGIC + msgspec.msgpack.encode(slots)
    replace_file(path, data + _mac(data, key))


def _mac(data: bytes, key: bytes) -> bytes:
    return hmac.digest(derive(key, salt=b"", info=b"xinyi slots 1"), data, "sha256")


def open_slots(path: Path, user_name: str, password: str) -> Unlocked:
    """Open the slot of a user.

    Raises:
        Problem: no such file, not a key-slot file, a newer or weakened one, wrong user name or password.
    """
    data = _read(path)
    slots = _decode(data, path.name)
    tag = _tag(slots.archive, user_name)
    slot = next((slot for slot in slots.slots if (slot.kind, slot.tag) == (PASSWORD_SLOT, tag)), None)
    if slot is None:
        # As slow as a wrong password, so that waiting does not tell which names exist.
        _password_key(password, bytes(SALT_SIZE), COST)
        raise Problem("archive.wrong_password")
    if not all(low <= given <= high for low, given, high in zip(COST, slot.cost, MAX_COST, strict=True)):
        raise Problem("archive.keys_damaged", file=path.name)
    bound = _bound(slots.archive, slot.kind, slot.tag, slot.salt, slot.cost)
    try:
        plain = unseal(_password_key(password, slot.salt, slot.cost), slot.sealed, bound)
    except Unsealed as error:
        raise Problem("archive.wrong_password") from error
    key, user = msgspec.msgpack.decode(plain, type=tuple[bytes, bytes])
    if not hmac.compare_digest(_mac(data[:-MAC_SIZE], key), data[-MAC_SIZE:]):
        raise Problem("archive.keys_damaged", file=path.name)
    return Unlocked(slots.archive, key, user)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise Problem("archive.keys_damaged", file=path.name)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Problem("archive.keys_missing", file=path.name) from error
    except OSError as error:
        raise Problem("archive.cannot_read", file=path.name) from error


def _decode(data: bytes, file: str) -> SlotFile:
    magic = data[: len(MAGIC)]
    if magic != MAGIC:
        ours = len(magic) == len(MAGIC) and magic[:-1] == MAGIC[:-1]
        raise Problem("archive.newer" if ours else "archive.keys_foreign")
    try:
        return msgspec.msgpack.decode(data[len(MAGIC) : -MAC_SIZE], type=SlotFile)
    except UNDECODABLE as error:
        raise Problem("archive.keys_damaged", file=file) from error
