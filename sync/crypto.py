"""Suite 1 of the protocol: which primitives, with which labels. Nothing here is home-made.

Ed25519 signs, AES-256-GCM-SIV seals, HKDF-SHA256 derives, HPKE with ML-KEM-768+X25519 wraps a key to a device.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync.ids import ID_SIZE

SUITE = 1
KEY_SIZE = 32
NONCE_SIZE = 12
SIGNATURE_SIZE = 64
_ZERO_NONCE = bytes(NONCE_SIZE)
_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Unsealed(Exception):
    """A seal or a signature does not hold: wrong key, or bytes that somebody changed."""


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def key_id(public_key: bytes) -> bytes:
    """The id of whoever signs with `public_key` (raw Ed25519): device, server or county."""
    return digest(public_key)[:ID_SIZE]


def derive(key: bytes, *, salt: bytes, info: bytes) -> bytes:
    """A key for one purpose, from a key for several."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=salt, info=info).derive(key)


def seal(key: bytes, plain: bytes, bound: bytes, nonce: bytes = _ZERO_NONCE) -> bytes:
    """Encrypt `plain` and bind it to `bound`. With the zero nonce the key must be for this one use."""
    return AESGCMSIV(key).encrypt(nonce, plain, bound)


def unseal(key: bytes, sealed: bytes, bound: bytes, nonce: bytes = _ZERO_NONCE) -> bytes:
    """The inverse of `seal`. Raises Unsealed."""
    try:
        return AESGCMSIV(key).decrypt(nonce, sealed, bound)
    except (InvalidTag, ValueError) as error:
        raise Unsealed from error


class Signer:
    """A private Ed25519 key and what follows from it."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.private_key = private_key
        self.public_key = self._key.public_key().public_bytes_raw()
        self.id = key_id(self.public_key)

    @classmethod
    def generate(cls) -> Signer:
        """A new key."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, label: bytes, data: bytes) -> bytes:
        """Sign `data` for the purpose that `label` names."""
        return self._key.sign(label + b"\0" + data)


def verify(public_key: bytes, signature: bytes, label: bytes, data: bytes) -> None:
    """Raise Unsealed unless `signature` is by `public_key` over `data` for the purpose `label`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, label + b"\0" + data)
    except (InvalidSignature, ValueError) as error:
        raise Unsealed from error


_MLKEM_SEED_SIZE = 64
_MLKEM_PUBLIC_SIZE = 1184


class Recipient:
    """A private HPKE key: what is wrapped to its public key, only its holder can read.

    Raw form: ML-KEM-768 seed (64 bytes) then X25519 key (32 bytes); the public key likewise, 1184 and 32 bytes.
    """

    def __init__(self, private_key: bytes) -> None:
        lattice = MLKEM768PrivateKey.from_seed_bytes(private_key[:_MLKEM_SEED_SIZE])
        curve = X25519PrivateKey.from_private_bytes(private_key[_MLKEM_SEED_SIZE:])
        self._key = MLKEM768X25519PrivateKey(lattice, curve)
        self.private_key = private_key
        self.public_key = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Recipient:
        """A new key."""
        lattice, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        return cls(lattice.private_bytes_raw() + curve.private_bytes_raw())

    def unwrap(self, wrapped: bytes, info: bytes) -> bytes:
        """Open what `wrap` made for this key. Raises Unsealed."""
        try:
            return _HPKE.decrypt(wrapped, self._key, info=info)
        except (InvalidTag, ValueError) as error:
            raise Unsealed from error


def wrap(public_key: bytes, plain: bytes, info: bytes) -> bytes:
    """Encrypt `plain` to the holder of `public_key`. Raises Unsealed where that is not a key."""
    try:
        lattice = MLKEM768PublicKey.from_public_bytes(public_key[:_MLKEM_PUBLIC_SIZE])
        curve = X25519PublicKey.from_public_bytes(public_key[_MLKEM_PUBLIC_SIZE:])
        return _HPKE.encrypt(plain, MLKEM768X25519PublicKey(lattice, curve), info=info)
    except ValueError as error:
        raise Unsealed from error
