"""The container of old .xls files: Microsoft's Compound File Binary format ([MS-CFB]).

Our reader of workbooks trusts the sizes written in this container and ends the whole program when a damaged one asks
for more memory than there is. So streams are taken out here, with every number checked against the file, and the
workbook is handed on in a fresh container.
"""

from __future__ import annotations

import struct
from array import array

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_END_OF_CHAIN = 0xFFFFFFFE
_FREE = 0xFFFFFFFF
_FAT_SECTOR = 0xFFFFFFFD
_LAST_REGULAR = 0xFFFFFFFA
_DIFAT_IN_HEADER = 109
_ENTRY = 128
_ROOT = 5
_STREAM = 2
_NEW_SECTOR = 4096


class Damaged(ValueError):
    """The container contradicts itself."""


class CompoundFile:
    """The streams of a compound file.

    Args:
        data: the whole file.

    Raises:
        Damaged: the tables of the file contradict each other or point outside it.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(SIGNATURE):
            raise Damaged
        shift = struct.unpack_from("<H", data, 30)[0]
        if shift not in {9, 12}:
            raise Damaged
        self._data = data
        self._size = 1 << shift
        self._sectors = -(-len(data) // self._size) - 1
        first_directory, cutoff, first_mini_fat = struct.unpack_from("<I4xII", data, 48)
        self._cutoff: int = cutoff
        self._fat = _numbers(b"".join(self._sector(number) for number in self._fat_sectors()))
        self._mini_fat = _numbers(self._chain(first_mini_fat))
        self._entries: dict[str, tuple[int, int]] = {}
        self._mini_stream = b""
        self._read_directory(self._chain(first_directory), is_long=shift == 12)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries

    def read(self, name: str) -> bytes:
        """The content of the stream `name`; capitals do not matter. KeyError if there is none."""
        start, length = self._entries[name.lower()]
        if length >= self._cutoff:
            content = self._chain(start)
        else:
            content = b"".join(
                self._mini_stream[number * 64 : number * 64 + 64] for number in _walk(start, self._mini_fat)
            )
        if len(content) < length:
            raise Damaged
        return content[:length]

    def _sector(self, number: int) -> bytes:
        if number >= self._sectors:
            raise Damaged
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _walk(start, self._fat))

    def _fat_sectors(self) -> list[int]:
        """The sectors that hold the sector table: 109 numbers in the header, more in a chain of sectors."""
        numbers = list(struct.unpack_from(f"<{_DIFAT_IN_HEADER}I", self._data, 76))
        following = struct.unpack_from("<I", self._data, 68)[0]
        seen = set()
        while following <= _LAST_REGULAR:
            if following in seen:
                raise Damaged
            seen.add(following)
            *more, following = _numbers(self._sector(following))
            numbers.extend(more)
        used = [number for number in numbers if number <= _LAST_REGULAR]
        if len(used) > self._sectors:
            raise Damaged
        return used

    def _read_directory(self, directory: bytes, *, is_long: bool) -> None:
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            name_length, kind = struct.unpack_from("<HB", directory, at + 64)
            start, length = struct.unpack_from("<IQ" if is_long else "<II", directory, at + 116)
            if kind == _ROOT:
                self._mini_stream = self._chain(start) if length else b""
            elif kind == _STREAM:
                name = directory[at : at + min(name_length, 64)].decode("utf-16-le", "replace").rstrip("\0")
                # The workbook of a file is its first; copies in embedded objects come after it.
                self._entries.setdefault(name.lower(), (start, length))


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data[: len(data) // 4 * 4])
    return numbers


def _walk(start: int, table: array[int]) -> list[int]:
    """The chain that begins at `start`; Damaged if it leaves the table or never ends."""
    chain: list[int] = []
    number = start
    while number <= _LAST_REGULAR:
        if number >= len(table) or len(chain) >= len(table):
            raise Damaged
        chain.append(number)
        number = table[number]
    return chain


def write_workbook(stream: bytes) -> bytes:
    """A compound file that holds nothing but `stream`, under the name ``Workbook``."""
    body = stream.ljust(4096, b"\0")  # a shorter one would belong into a mini stream
    body_sectors = -(-len(body) // _NEW_SECTOR)
    table = [*range(1, body_sectors), _END_OF_CHAIN, _END_OF_CHAIN]  # the stream, then one sector of directory
    per_sector = _NEW_SECTOR // 4
    table_sectors = 1
    while table_sectors * per_sector < len(table) + table_sectors:
        table_sectors += 1
    first_table = len(table)
    table += [_FAT_SECTOR] * table_sectors
    table += [_FREE] * (table_sectors * per_sector - len(table))
    if table_sectors > _DIFAT_IN_HEADER:
        raise Damaged
    difat = [first_table + number for number in range(table_sectors)]
    difat += [_FREE] * (_DIFAT_IN_HEADER - table_sectors)
    header = struct.pack(
        "<8s16x5H6x9I",
        SIGNATURE,
        *(0x3E, 4, 0xFFFE, 12, 6),  # minor and major version, byte order, sizes of sectors and of mini sectors
        *(1, table_sectors, body_sectors, 0, 4096),  # directory, table; first of the directory; signature; cut-off
        *(_END_OF_CHAIN, 0, _END_OF_CHAIN, 0),  # no mini table, no table of tables
    )
    directory = _entry("Root Entry", _ROOT, 1, 0, 0) + _entry("Workbook", _STREAM, _FREE, 0, len(body))
    return b"".join(
        (
            (header + struct.pack(f"<{_DIFAT_IN_HEADER}I", *difat)).ljust(_NEW_SECTOR, b"\0"),
            body.ljust(body_sectors * _NEW_SECTOR, b"\0"),
            directory.ljust(_NEW_SECTOR, b"\0"),
            struct.pack(f"<{len(table)}I", *table),
        )
    )


def _entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
    text = name.encode("utf-16-le")
    head = struct.pack("<64sHBBIII", text, len(text) + 2, kind, 1, _FREE, _FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, length)
