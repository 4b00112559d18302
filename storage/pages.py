"""Reads the pages of an archive one by one, without SQLite, which stops at the first one that is damaged.

Every page of SQLCipher 4 is encrypted and authenticated by itself, so a page is either exactly what was written or known to
be damaged. File formats: https://www.sqlite.org/fileformat2.html and https://www.zetetic.net/sqlcipher/design/.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from storage.database import SALT_SIZE, file_salt

PAGE = 4096
_IV, _MAC = 16, 64
_USABLE = PAGE - _IV - _MAC
_PLAIN_START = b"SQLite format 3\0"
_WAL_HEADER, _FRAME_HEADER = 32, 24
_INDEX_INTERIOR, _INDEX_LEAF, _TABLE_LEAF = 0x02, 0x0A, 0x0D


class Pages(NamedTuple):
    """The pages that are as they were written, by number, and the numbers of those that are not."""

    good: dict[int, bytes]
    damaged: list[int]


class Row(NamedTuple):
    """A row or an index entry: its row number (None in an index or a table without row numbers) and its values."""

    number: int | None
    values: tuple[Any, ...]


# ---- pages ----


def read_pages(path: Path, key: bytes) -> Pages:
    """Decrypt what lies in a database file and the write-ahead log beside it. Raises OSError."""
    data = path.read_bytes()
    log = path.with_name(path.name + "-wal")
    frames = list(_frames(log.read_bytes())) if log.exists() else []
    opener = _Opener(key, file_salt(key))
    good: dict[int, bytes] = {}
    damaged: set[int] = set()
    count = frames[-1].size if frames else -(-len(data) // PAGE)
    stored = ((number, data[(number - 1) * PAGE : number * PAGE]) for number in range(1, count + 1))
    for number, page in (*stored, *((frame.number, frame.page) for frame in frames)):
        plain = opener.open(number, page)
        if plain is None:
            # An older version of the page is still true of everything that is only ever added.
            damaged.add(number)
        else:
            good[number] = plain
            damaged.discard(number)
    if 1 in good:
        # The header knows how long the file was before it was cut short.
        damaged.update(number for number in range(count + 1, _number(good[1], 28) + 1) if number not in good)
    return Pages({number: page for number, page in good.items() if number <= max(count, 1)}, sorted(damaged))


class _Frame(NamedTuple):
    number: int
    size: int
    page: bytes


def _frames(data: bytes) -> Iterator[_Frame]:
    """The frames of all transactions that were committed to a write-ahead log."""
    waiting: list[_Frame] = []
    for start in range(_WAL_HEADER, len(data) - _FRAME_HEADER - PAGE + 1, _FRAME_HEADER + PAGE):
        header = data[start : start + _FRAME_HEADER]
        if header[8:16] != data[16:24]:
            return
        waiting.append(_Frame(_number(header, 0), _number(header, 4), data[start + _FRAME_HEADER :][:PAGE]))
        if waiting[-1].size:
            yield from waiting
            waiting.clear()


class _Opener:
    def __init__(self, key: bytes, salt: bytes) -> None:
        self._key = key
        self._mac_key = hashlib.pbkdf2_hmac("sha512", key, bytes(byte ^ 0x3A for byte in salt), 2, len(key))

    def open(self, number: int, page: bytes) -> bytes | None:
        if len(page) != PAGE:
            return None
        start = SALT_SIZE if number == 1 else 0
        sealed, mac = page[start:-_MAC], page[-_MAC:]
        if not hmac.compare_digest(hmac.digest(self._mac_key, sealed + number.to_bytes(4, "little"), "sha512"), mac):
            return None
        decryptor = Cipher(algorithms.AES(self._key), modes.CBC(sealed[-_IV:])).decryptor()
        plain = decryptor.update(sealed[:-_IV]) + decryptor.finalize()
        return (_PLAIN_START if number == 1 else b"") + plain


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 4], "big")


# ---- rows ----


def rows(pages: Mapping[int, bytes]) -> Iterator[Row]:
    """All rows and index entries on the pages that are in use, whatever table they belong to."""
    free = _free(pages)
    for number in sorted(pages.keys() - free):
        page = pages[number]
        start = 100 if number == 1 else 0
        kind = page[start]
        if kind not in {_INDEX_INTERIOR, _INDEX_LEAF, _TABLE_LEAF}:
            continue
        cells = start + (12 if kind == _INDEX_INTERIOR else 8)
        for cell in range(int.from_bytes(page[start + 3 : start + 5], "big")):
            place = int.from_bytes(page[cells + 2 * cell : cells + 2 * cell + 2], "big")
            try:
                row = _row(pages, page, place + (4 if kind == _INDEX_INTERIOR else 0), table=kind == _TABLE_LEAF)
            except (IndexError, ValueError):
                continue
            if row:
                yield row


def _free(pages: Mapping[int, bytes]) -> set[int]:
    """Pages that hold nothing any more, as far as the list of them can be read."""
    free: set[int] = set()
    trunk = _number(pages[1], 32) if 1 in pages else 0
    while trunk in pages and trunk not in free:
        page = pages[trunk]
        free.add(trunk)
        free.update(_number(page, 8 + 4 * leaf) for leaf in range(min(_number(page, 4), _USABLE // 4 - 2)))
        trunk = _number(page, 0)
    return free


def _row(pages: Mapping[int, bytes], page: bytes, place: int, *, table: bool) -> Row | None:
    size, place = _varint(page, place)
    number = None
    if table:
        number, place = _varint(page, place)
    most = _USABLE - 35 if table else (_USABLE - 12) * 64 // 255 - 23
    if size <= most:
        return Row(number, _values(page[place : place + size]))
    least = (_USABLE - 12) * 32 // 255 - 23
    here = least + (size - least) % (_USABLE - 4)
    here = here if here <= most else least
    parts = [page[place : place + here]]
    left, following = size - here, _number(page, place + here)
    while left > 0:
        if following not in pages:
            return None
        parts.append(pages[following][4 : 4 + min(left, _USABLE - 4)])
        left -= _USABLE - 4
        following = _number(pages[following], 0)
    return Row(number, _values(b"".join(parts)))


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = data[place + step]
        if step == 8:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + step + 1
    raise ValueError


def _values(record: bytes) -> tuple[Any, ...]:
    end, place = _varint(record, 0)
    start = end
    values: list[Any] = []
    while place < end:
        kind, place = _varint(record, place)
        value, start = _value(record, kind, start)
        values.append(value)
    if start != len(record):
        raise ValueError
    return tuple(values)


_INTEGER_SIZES = (0, 1, 2, 3, 4, 6, 8)


def _value(record: bytes, kind: int, start: int) -> tuple[Any, int]:
    if kind in {8, 9}:
        return kind - 8, start
    if kind < len(_INTEGER_SIZES):
        end = start + _INTEGER_SIZES[kind]
        return (int.from_bytes(record[start:end], "big", signed=True) if kind else None), end
    if kind == 7:
        # A measured number: no table of the truth has one.
        return None, start + 8
    end = start + (kind - 12) // 2
    content = record[start:end]
    return (content if kind % 2 == 0 else content.decode("utf-8")), end
