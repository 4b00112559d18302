"""Who can open an archive: adding and removing users, passwords, the recovery code, escrow, a new raw key.

Every function replaces the key-slot file atomically. Whether the one who asks may do so is for the caller to know.
"""

from __future__ import annotations

import hmac
from pathlib import Path

import msgspec

from storage.errors import Problem
from storage.keys import (
    ESCROW_SLOT,
    RECOVERY_SLOT,
    USER_SLOT,
    Slot,
    SlotFile,
    Unlocked,
    give_back,
    kept,
    open_recovery,
    read_slots,
    recovery_slot,
    slots_path,
    trust_mark,
    user_slot,
    user_tag,
    wrap_keys,
    write_slots,
)
from storage.waiting import Waiting
from sync.crypto import Recipient, Unsealed, digest
from sync.ids import ID_SIZE


class Accounts:
    """The key-slot file of an archive, for somebody who has opened it.

    Args:
        archive: path of the archive.
        unlocked: what opened it.
    """

    def __init__(self, archive: Path, unlocked: Unlocked) -> None:
        self._path = slots_path(archive)
        self._unlocked = unlocked

    @property
    def own_key(self) -> Recipient:
        """The private key of whoever opened the archive."""
        return Recipient(self._unlocked.private)

    def public_key(self, user_name: str) -> bytes | None:
        """The public key of the user who opens this archive under a name; None for nobody."""
        slot = self._read().of_user(user_name)
        return slot.public if slot else None

    def is_bound(self, user_name: str) -> bool:
        """Whether this user needs the device secret besides the password."""
        slot = self._read().of_user(user_name)
        return bool(slot and slot.lock and slot.lock.bound)

    def has_recovery(self) -> bool:
        """Whether there is a recovery code."""
        return self._read().of_kind(RECOVERY_SLOT) is not None

    def put_user(self, user: bytes, user_name: str, password: str, *, device_secret: bytes = b"") -> bytes:
        """Give a user a password and a new key pair; returns the public key.

        For a user who is there already that is a reset: what was sealed to their old key stays closed to the new one.
        """
        slots = self._read()
        private = Recipient.generate().private_key
        slot = self._user_slot(
            slots, self._unlocked._replace(user=user, private=private), user_name, password, device_secret
        )
        self._write(slots.with_slot(slot))
        return slot.public

    def set_password(self, user_name: str, password: str, *, device_secret: bytes = b"") -> None:
        """Change the password of the user who opened the archive; their key pair stays."""
        slots = self._read()
        if slots.of_user(user_name) is None:
            raise Problem("user.unknown", name=user_name)
        self._write(slots.with_slot(self._user_slot(slots, self._unlocked, user_name, password, device_secret)))

    def remove_user(self, user_name: str) -> None:
        """Take a user's slot away. They may still know the raw key: `storage.rekey` changes it."""
        slots = self._read()
        self._write(slots.without(USER_SLOT, user_tag(slots.archive, user_name)))

    # ---- recovery and escrow ----

    def set_recovery(self, code: bytes, escrow: bytes = b"") -> None:
        """Let a recovery code open the archive, in the place of the one before. The code itself is kept nowhere.

        Args:
            code: from `storage.recovery_code.new_code`.
            escrow: public key of the county, which shall be able to find the code out; empty for none.
        """
        slots = self._read().without(RECOVERY_SLOT).without(ESCROW_SLOT)
        recovery = recovery_slot(slots.archive, self._unlocked.key, code)
        if escrow:
            holder = Slot(ESCROW_SLOT, digest(escrow)[:ID_SIZE], escrow, b"")
            slots = slots.with_slot(holder)
            recovery = msgspec.structs.replace(recovery, kept=kept(slots.archive, recovery.tag, code, holder))
        self._write(slots.with_slot(recovery))
        self.trust_recovery()

    def recovery_key(self) -> bytes | None:
        """Public key of the recovery code, if whoever opened the archive trusts it.

        A new code opens the archive at once, but with the private key of its maker only: everybody else is asked, or
        whoever makes a code could read what is sealed to others.
        """
        slots = self._read()
        own, recovery = self._own(slots), slots.of_kind(RECOVERY_SLOT)
        if own is None or recovery is None:
            return None
        trusted = hmac.compare_digest(own.trust, trust_mark(slots.archive, self._unlocked.private, recovery))
        return recovery.public if trusted else None

    def trust_recovery(self) -> None:
        """Let the recovery code that there is now give the private key of whoever opened the archive back."""
        slots = self._read()
        own, recovery = self._own(slots), slots.of_kind(RECOVERY_SLOT)
        if own is None or recovery is None:
            return
        secret = self._unlocked.user + self._unlocked.private
        trusting = msgspec.structs.replace(
            own,
            kept=kept(slots.archive, own.tag, secret, recovery),
            trust=trust_mark(slots.archive, self._unlocked.private, recovery),
        )
        self._write(slots.with_slot(trusting))

    def _own(self, slots: SlotFile) -> Slot | None:
        public = self.own_key.public_key
        return next((slot for slot in slots.slots if slot.kind == USER_SLOT and slot.public == public), None)

    # ---- a new raw key ----

    def set_keys(self, *keys: bytes) -> Unlocked:
        """Wrap other raw keys, the one to use first, to every slot; returns what opens the archive from now on."""
        slots = self._read()
        changed = [
            msgspec.structs.replace(slot, wrapped=wrap_keys(slots.archive, slot.tag, slot.public, list(keys)))
            if slot.wrapped
            else slot
            for slot in slots.slots
        ]
        self._unlocked = self._unlocked._replace(key=keys[0], old_key=keys[1] if len(keys) > 1 else b"")
        self._write(SlotFile(slots.archive, changed))
        return self._unlocked

    # ---- the file ----

    def _user_slot(
        self, slots: SlotFile, unlocked: Unlocked, user_name: str, password: str, device_secret: bytes
    ) -> Slot:
        recovery = slots.of_kind(RECOVERY_SLOT)
        # Of somebody's own slot, a recovery code that they have not been asked about stays as it is.
        asked = unlocked is not self._unlocked or self.recovery_key() is not None
        return user_slot(
            unlocked, user_name, password, device_secret=device_secret, recovery=recovery if asked else None
        )

    def _read(self) -> SlotFile:
        return read_slots(self._path, self._unlocked.key)

    def _write(self, slots: SlotFile) -> None:
        write_slots(self._path, slots, self._unlocked.key)


def recover(archive: Path, code: bytes, user_name: str, password: str) -> None:
    """Give a user who forgot the password a new one, with the recovery code. What was sealed to them stays readable.

    Raises:
        Problem: the code is not that of the archive, or there is no such user.
    """
    path = slots_path(archive)
    opened = open_recovery(path, code)
    slots = read_slots(path, opened.key)
    slot, recovery = slots.of_user(user_name), slots.of_kind(RECOVERY_SLOT)
    if slot is None or recovery is None:
        raise Problem("user.unknown", name=user_name)
    try:
        secret = give_back(slots.archive, slot, Recipient(opened.private))
    except Unsealed as error:
        raise Problem("recovery.not_kept", name=user_name) from error
    unlocked = opened._replace(user=secret[:ID_SIZE], private=secret[ID_SIZE:])
    write_slots(path, slots.with_slot(user_slot(unlocked, user_name, password, recovery=recovery)), opened.key)
    # Wrong passwords led here; the new one need not wait for them.
    Waiting(archive).passed()
