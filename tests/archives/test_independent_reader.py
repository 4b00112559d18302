"""An archive can be read without this program: docs/archive-format.md, To read an archive without this program.

Nothing below uses our own code to get from the password to the rows; it follows the document, with primitives alone.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import shutil
import sqlite3
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HERE = Path(__file__).resolve().parent
ARCHIVE = HERE / "1" / "station.xinyi"
SAID: dict[str, Any] = msgspec.json.decode((HERE / "1" / "contents.json").read_bytes())
USER: dict[str, Any] = SAID["users"][0]
PAGE, RESERVED, SALT = 4096, 80, 16


# ---- from the password to the raw key ----


def raw_key(keys: bytes, name: str, password: str) -> bytes:
    """Of an archive whose user is not bound to a device."""
    assert keys[:4] == b"XYK1"
    archive, slots = msgspec.msgpack.decode(keys[4:-32])
    normal = unicodedata.normalize("NFC", name).encode()
    tag = hashlib.sha256(b"xinyi user 1" + archive + normal).digest()[:16]
    (slot,) = [slot for slot in slots if (slot[0], slot[1]) == (1, tag)]
    _, _, public, wrapped, (salt, (memory, passes, lanes), bound, sealed), *_ = slot
    secret = unicodedata.normalize("NFC", password).encode()
    key = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(secret)
    about = msgspec.msgpack.encode([archive, tag, salt, [memory, passes, lanes], bound, public])
    _user, private = msgspec.msgpack.decode(AESGCMSIV(key).decrypt(bytes(12), sealed, about))
    raw = msgspec.msgpack.decode(hpke_open(private, wrapped, b"xinyi raw key 1" + archive + tag))[0]
    mac_key = hkdf_expand(hmac.digest(bytes(32), raw, "sha256"), b"xinyi slots 1", 32)
    assert hmac.digest(mac_key, keys[:-32], "sha256") == keys[-32:]
    return bytes(raw)


def hpke_open(private: bytes, wrapped: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode, single shot: encapsulation, then ciphertext."""
    lattice, curve = MLKEM768PrivateKey.from_seed_bytes(private[:64]), X25519PrivateKey.from_private_bytes(private[64:])
    lattice_part, curve_part, sealed = wrapped[:1088], wrapped[1088:1120], wrapped[1120:]
    shared = hashlib.sha3_256(
        lattice.decapsulate(lattice_part)
        + curve.exchange(X25519PublicKey.from_public_bytes(curve_part))
        + curve_part
        + curve.public_key().public_bytes_raw()
        + rb"\.//^\ "[:-1]
    ).digest()
    suite = b"HPKE" + bytes.fromhex("647a00010002")

    def extract(salt: bytes, label: bytes, key: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def expand(key: bytes, label: bytes, about: bytes, size: int) -> bytes:
        return hkdf_expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + about, size)

    about = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    key, nonce = expand(secret, b"key", about, 32), expand(secret, b"base_nonce", about, 12)
    return AESGCM(key).decrypt(nonce, sealed, b"")


def hkdf_expand(key: bytes, info: bytes, size: int) -> bytes:
    assert size <= 32
    return hmac.digest(key, info + b"\x01", "sha256")[:size]


# ---- from the raw key to the rows ----


def plain_database(data: bytes, raw: bytes) -> bytes:
    """The SQLite file inside; every page is checked first."""
    mac_key = hashlib.pbkdf2_hmac("sha512", raw, bytes(one ^ 0x3A for one in data[:SALT]), 2, 32)
    pages = []
    for number in range(1, len(data) // PAGE + 1):
        page = data[(number - 1) * PAGE : number * PAGE]
        start = SALT if number == 1 else 0
        sealed, vector, mac = page[start : PAGE - RESERVED], page[PAGE - RESERVED : PAGE - 64], page[PAGE - 64 :]
        assert hmac.digest(mac_key, sealed + vector + number.to_bytes(4, "little"), "sha512") == mac
        plain = Cipher(algorithms.AES256(raw), modes.CBC(vector)).decryptor().update(sealed)
        pages.append((b"SQLite format 3\0" if number == 1 else b"") + plain + bytes(RESERVED))
    whole = bytearray(b"".join(pages))
    whole[18:20] = b"\x01\x01"  # without a write-ahead log, which a database in memory cannot have
    return bytes(whole)


def fields_of(content: bytes | None, body: bytes) -> dict[str, Any]:
    """Of a record: kept folded, or where it is a single change, in that change."""
    inside = content or msgspec.msgpack.decode(body)[-1]
    fields: dict[str, Any] = msgspec.msgpack.decode(inside)[0]
    return fields


def test_the_document_suffices_to_get_from_the_password_to_the_rows() -> None:
    raw = raw_key(ARCHIVE.with_name("station.xinyi.keys").read_bytes(), USER["name"], USER["password"])
    database = sqlite3.connect(":memory:")
    database.deserialize(plain_database(ARCHIVE.read_bytes(), raw))
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("SELECT count(*) FROM change").fetchone() == (SAID["changes"],)
    rows = "SELECT content, body FROM r_person JOIN change ON change.no = version"
    names = {fields_of(content, body)["name"] for content, body in database.execute(rows)}
    assert names == {person["fields"]["name"] for person in SAID["records"]["person"]}
    database.close()


# ---- Debian's own SQLCipher ----


def debian(lines: list[str], path: Path) -> tuple[int, str]:
    """What Debian's `sqlcipher` says to these lines. The key goes in by standard input: no list of processes shows it."""
    done = subprocess.run(
        ["sqlcipher", "-batch", "-bail", str(path)],
        input="\n".join(lines) + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return Path(shutil.copy(ARCHIVE, tmp_path))


ROWS = ["SELECT 'changes ' || count(*) FROM change;", "PRAGMA integrity_check;"]


def keyed(key: bytes) -> list[str]:
    return [f"PRAGMA key = \"x'{key.hex()}'\";"]


def test_another_build_of_sqlcipher_reads_it_with_the_raw_key(archive: Path) -> None:
    """SQLCipher 4 does, with nothing but the key. Debian 12 has SQLCipher 3, which knows no HMAC-SHA512."""
    raw = raw_key(ARCHIVE.with_name("station.xinyi.keys").read_bytes(), USER["name"], USER["password"])
    _, said = debian(["PRAGMA cipher_version;"], Path(":memory:"))
    code, out = debian([*keyed(raw), *ROWS], archive)
    if int(said.partition(".")[0]) >= 4:
        assert (code, out.split("\n")[-3:]) == (0, [f"changes {SAID['changes']}", "ok", ""])
        _, damage = debian([*keyed(raw), "PRAGMA cipher_integrity_check;"], archive)
        assert damage in {"", "ok\n"}
    else:
        assert code != 0
        assert "not a database" in out


@pytest.mark.parametrize(
    "key", [[], keyed(bytes(32)), ["PRAGMA key = 'xinyi';"], [f"PRAGMA key = '{USER['password']}';"]]
)
def test_without_the_raw_key_it_is_no_database(archive: Path, key: list[str]) -> None:
    code, out = debian([*key, *ROWS], archive)
    assert code != 0
    assert "not a database" in out
    assert "changes" not in out
    assert archive.read_bytes() == ARCHIVE.read_bytes()


def test_the_file_is_noise_from_its_first_byte_to_its_last() -> None:
    data = ARCHIVE.read_bytes()
    assert data[:15] != b"SQLite format 3"
    counts = Counter(data)
    entropy = -sum(count / len(data) * math.log2(count / len(data)) for count in counts.values())
    assert entropy > 7.999
    # Chi-square over the 256 values, with 255 degrees of freedom: beyond 400 once in ten million.
    assert sum((counts[value] - len(data) / 256) ** 2 / (len(data) / 256) for value in range(256)) < 400
    blocks = [data[place : place + 16] for place in range(0, len(data), 16)]
    assert len({*blocks}) == len(blocks), "equal content under equal keys would show as equal blocks"
    words = {person["fields"]["name"] for person in SAID["records"]["person"]}
    words |= {"change", "r_person", "phq-9", USER["name"], "990000", "CREATE TABLE"}
    for word in words:
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert word.encode(encoding) not in data, word
