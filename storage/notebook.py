"""Notebooks: what one user writes and only those read whom the writer lets. Layout: docs/archive-format.md.

A notebook's key comes from its writer's private key, so nobody can make the writer use a key that somebody else knows. A
reader gets the key wrapped. Whoever has the raw key of the archive, and nothing else, reads none of it.
"""

from __future__ import annotations

from sync.crypto import Recipient, Unsealed, derive, digest, seal, unseal, wrap

_FINGERPRINT_DIGITS = 16


def holder_id(public_key: bytes) -> bytes:
    """What names a reader's key pair, 32 bytes: not the shape of a record's id, which it is not."""
    return digest(public_key)


def fingerprint(public_key: bytes) -> str:
    """A key in digits that two people can compare by telephone: four groups of four."""
    number = int.from_bytes(digest(b"xinyi fingerprint 1" + public_key), "big") % 10**_FINGERPRINT_DIGITS
    digits = f"{number:0{_FINGERPRINT_DIGITS}}"
    return " ".join(digits[start : start + 4] for start in range(0, _FINGERPRINT_DIGITS, 4))


def own_key(writer: Recipient, notebook: bytes) -> bytes:
    """The key of a notebook of the writer's own."""
    return derive(writer.private_key, salt=notebook, info=b"xinyi notebook 1")


def hand_on(key: bytes, notebook: bytes, public_key: bytes) -> bytes:
    """The key of a notebook, for one more reader. Raises Unsealed where `public_key` is not a key."""
    return wrap(public_key, key, b"xinyi notebook key 1" + notebook)


def take(reader: Recipient, notebook: bytes, wrapped: bytes) -> bytes:
    """The key of a notebook that was handed on. Raises Unsealed."""
    return reader.unwrap(wrapped, b"xinyi notebook key 1" + notebook)


def seal_note(key: bytes, note: bytes, person: bytes, plain: bytes) -> bytes:
    """A note of a notebook; `note` is an id that is used for this note alone, `person` whom it is about."""
    return seal(_note_key(key, note), plain, note + person)


def open_note(key: bytes, note: bytes, person: bytes, sealed: bytes) -> bytes:
    """The inverse of `seal_note`. Raises Unsealed, as where somebody put a note into another person's record."""
    return unseal(_note_key(key, note), sealed, note + person)


def _note_key(key: bytes, note: bytes) -> bytes:
    return derive(key, salt=note, info=b"xinyi note 1")


__all__ = ["Recipient", "Unsealed", "fingerprint", "hand_on", "holder_id", "open_note", "own_key", "seal_note", "take"]
