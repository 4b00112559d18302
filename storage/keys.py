"""The key-slot file: what turns a password or a recovery code into the archive's raw key.

Layout: docs/archive-format.md. Who may do what to it: `storage.accounts`.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from storage.errors import Problem
from sync.crypto import KEY_SIZE, Recipient, Unsealed, derive, digest, seal, unseal, wrap
from sync.files import replace_file
from sync.ids import ID_SIZE, Id
from sync.wire import UNDECODABLE

MAGIC = b"XYK1"
USER_SLOT, RECOVERY_SLOT, ESCROW_SLOT = 1, 2, 3
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


class PasswordLock(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a password opens: the user's id and private key."""

    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_SIZE, max_length=SALT_SIZE)]
    cost: Cost
    bound: bool
    sealed: bytes


class Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The secret of a slot, wrapped to the key of another slot."""

    slot: Id
    wrapped: bytes


class Slot(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One way to the raw key.

    Attributes:
        trust: of a user, which recovery code may give the private key back (`trust_mark`): only its holder can say so.
    """

    kind: int
    tag: Id
    public: bytes
    wrapped: bytes
    lock: PasswordLock | None = None
    kept: Kept | None = None
    trust: bytes = b""


class SlotFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All ways to the raw key of one archive."""

    archive: Id
    slots: list[Slot]

    def of_user(self, user_name: str) -> Slot | None:
        """The slot of a user."""
        tag = user_tag(self.archive, user_name)
        return next((slot for slot in self.slots if (slot.kind, slot.tag) == (USER_SLOT, tag)), None)

    def of_kind(self, kind: int) -> Slot | None:
        """The only slot of a kind that there is at most one of."""
        return next((slot for slot in self.slots if slot.kind == kind), None)

    def with_slot(self, new: Slot) -> SlotFile:
        """The file with a slot put in, in the place of the one with its kind and tag."""
        others = [slot for slot in self.slots if (slot.kind, slot.tag) != (new.kind, new.tag)]
        return SlotFile(self.archive, [*others, new])

    def without(self, kind: int, tag: bytes = b"") -> SlotFile:
        """The file without a slot; without a tag, without all of the kind."""
        return SlotFile(self.archive, [one for one in self.slots if one.kind != kind or (tag and one.tag != tag)])


class Unlocked(NamedTuple):
    """What a slot gives.

    Attributes:
        archive: id of the archive.
        key: its raw key.
        user: id of who opened it; empty for a recovery code.
        private: the private key of the slot.
        old_key: the raw key before, while it is being changed.
    """

    archive: bytes
    key: bytes
    user: bytes
    private: bytes
    old_key: bytes = b""


DeviceSecret = Callable[[bytes], bytes]
"""Gives the device secret of an archive; raises Problem where the system does not."""


def no_device_secret(_archive: bytes) -> bytes:
    """For archives that are not bound to a device."""
    raise Problem("archive.no_device_secret")


def slots_path(archive: Path) -> Path:
    """The key-slot file of an archive."""
    return archive.with_name(archive.name + ".keys")


def user_tag(archive: bytes, user_name: str) -> bytes:
    """What finds the slot of a user and names nobody."""
    return digest(b"xinyi user 1" + archive + _normal(user_name))[:ID_SIZE]


# ---- making slots ----


def user_slot(
    unlocked: Unlocked, user_name: str, password: str, *, device_secret: bytes = b"", recovery: Slot | None = None
) -> Slot:
    """A slot for the user of `unlocked`.

    Args:
        unlocked: the raw key, and the user's id and private key.
        user_name: who types the password.
        password: of the user.
        device_secret: needed besides the password from now on; empty for none.
        recovery: the slot of the recovery code that shall be able to give id and private key back.
    """
    archive, key, user, private, _ = unlocked
    tag, salt = user_tag(archive, user_name), secrets.token_bytes(SALT_SIZE)
    public = Recipient(private).public_key
    bound = _bound(archive, tag, salt, COST, public, is_bound=bool(device_secret))
    sealed = seal(_password_key(password, salt, COST, device_secret), msgspec.msgpack.encode([user, private]), bound)
    return Slot(
        USER_SLOT,
        tag,
        public,
        wrap_keys(archive, tag, public, [key]),
        PasswordLock(salt, COST, bool(device_secret), sealed),
        kept(archive, tag, user + private, recovery) if recovery else None,
        trust_mark(archive, private, recovery) if recovery else b"",
    )


def recovery_slot(archive: bytes, key: bytes, code: bytes) -> Slot:
    """A slot that a recovery code opens."""
    public = recovery_holder(archive, code).public_key
    tag = digest(public)[:ID_SIZE]
    return Slot(RECOVERY_SLOT, tag, public, wrap_keys(archive, tag, public, [key]))


def wrap_keys(archive: bytes, tag: bytes, public: bytes, keys: list[bytes]) -> bytes:
    """The raw key, or two of them, for the holder of a slot's private key."""
    return wrap(public, msgspec.msgpack.encode(keys), _KEYS + archive + tag)


def kept(archive: bytes, tag: bytes, secret: bytes, by: Slot) -> Kept:
    """The secret of the slot `tag`, for the holder of another slot."""
    return Kept(by.tag, wrap(by.public, secret, _KEPT + archive + tag))


def trust_mark(archive: bytes, private: bytes, recovery: Slot) -> bytes:
    """What a user's slot says when its holder agreed that a recovery code may give the private key back.

    Everybody who opens the archive can write into the key-slot file, and could put a code of their own there. Nobody
    else has the private key that this mark is made with.
    """
    return hmac.digest(derive(private, salt=archive, info=b"xinyi trust 1"), recovery.tag, "sha256")


def give_back(archive: bytes, slot: Slot, holder: Recipient) -> bytes:
    """The secret that `kept` wrapped. Raises Unsealed."""
    if slot.kept is None:
        raise Unsealed
    return holder.unwrap(slot.kept.wrapped, _KEPT + archive + slot.tag)


_KEYS, _KEPT = b"xinyi raw key 1", b"xinyi kept 1"


def recovery_holder(archive: bytes, code: bytes) -> Recipient:
    """The key pair that a recovery code is, in an archive."""
    parts = [derive(code, salt=archive, info=f"xinyi recovery {part}".encode()) for part in (1, 2, 3)]
    return Recipient(b"".join(parts))


# ---- opening ----


def open_slots(path: Path, user_name: str, password: str, device_secret: DeviceSecret = no_device_secret) -> Unlocked:
    """Open the slot of a user.

    Raises:
        Problem: no such file, not a key-slot file, a newer or weakened one, wrong user name or password, or the device
            secret that the slot needs is not there.
    """
    data = _read(path)
    slots = _decode(data, path.name)
    slot = slots.of_user(user_name)
    if slot is None or slot.lock is None:
        # As slow as a wrong password, so that waiting does not tell which names exist.
        _password_key(password, bytes(SALT_SIZE), COST, b"")
        raise Problem("archive.wrong_password")
    lock = slot.lock
    if not all(low <= given <= high for low, given, high in zip(COST, lock.cost, MAX_COST, strict=True)):
        raise Problem("archive.keys_damaged", file=path.name)
    secret = device_secret(slots.archive) if lock.bound else b""
    bound = _bound(slots.archive, slot.tag, lock.salt, lock.cost, slot.public, is_bound=lock.bound)
    try:
        plain = unseal(_password_key(password, lock.salt, lock.cost, secret), lock.sealed, bound)
    except Unsealed as error:
        raise Problem("archive.wrong_password") from error
    user, private = msgspec.msgpack.decode(plain, type=tuple[bytes, bytes])
    return _unlocked(data, path, slots, slot, user=user, private=private)


def open_recovery(path: Path, code: bytes) -> Unlocked:
    """Open the slot of the recovery code. Raises Problem as `open_slots`, and where the code is not that of the archive."""
    data = _read(path)
    slots = _decode(data, path.name)
    slot = slots.of_kind(RECOVERY_SLOT)
    if slot is None:
        raise Problem("recovery.none")
    holder = recovery_holder(slots.archive, code)
    if holder.public_key != slot.public:
        raise Problem("recovery.wrong")
    return _unlocked(data, path, slots, slot, user=b"", private=holder.private_key)


def _unlocked(data: bytes, path: Path, slots: SlotFile, slot: Slot, *, user: bytes, private: bytes) -> Unlocked:
    try:
        keys = Recipient(private).unwrap(slot.wrapped, _KEYS + slots.archive + slot.tag)
        key, *old = msgspec.msgpack.decode(keys, type=list[bytes])
    except (Unsealed, *UNDECODABLE, ValueError) as error:
        raise Problem("archive.keys_damaged", file=path.name) from error
    if not hmac.compare_digest(_mac(data[:-MAC_SIZE], key), data[-MAC_SIZE:]):
        raise Problem("archive.keys_damaged", file=path.name)
    return Unlocked(slots.archive, key, user, private, old[0] if old else b"")


def _normal(text: str) -> bytes:
    # A command line hands on bytes that are no text as lone surrogates; they are a wrong password, not a crash.
    return unicodedata.normalize("NFC", text).encode(errors="surrogatepass")


def _password_key(password: str, salt: bytes, cost: Cost, device_secret: bytes) -> bytes:
    key = Argon2id(
        salt=salt, length=KEY_SIZE, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory
    ).derive(_normal(password))
    return derive(key, salt=device_secret, info=b"xinyi bound 1") if device_secret else key


def _bound(archive: bytes, tag: bytes, salt: bytes, cost: Cost, public: bytes, *, is_bound: bool) -> bytes:
    return msgspec.msgpack.encode([archive, tag, salt, cost, is_bound, public])


# ---- the file ----


def read_slots(path: Path, key: bytes) -> SlotFile:
    """All slots, for somebody who has the raw key. Raises Problem where the file is not as its writer left it."""
    data = _read(path)
    slots = _decode(data, path.name)
    if not hmac.compare_digest(_mac(data[:-MAC_SIZE], key), data[-MAC_SIZE:]):
        raise Problem("archive.keys_damaged", file=path.name)
    return slots


def write_slots(path: Path, slots: SlotFile, key: bytes) -> None:
    """Replace the key-slot file at `path`; a crash leaves the old one or the new one."""
    data = MAGIC + msgspec.msgpack.encode(slots)
    replace_file(path, data + _mac(data, key))


def _mac(data: bytes, key: bytes) -> bytes:
    return hmac.digest(derive(key, salt=b"", info=b"xinyi slots 1"), data, "sha256")


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
