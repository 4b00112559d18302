"""The code on the printed page that opens an archive when a password is forgotten. Layout: docs/archive-format.md."""

from __future__ import annotations

import secrets
import unicodedata

from storage.errors import Problem

GROUPS = 7
_CHARACTERS = 4
_BITS = 5
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_POLYNOMIAL = 0b100101  # x⁵ + x² + 1, over which g = x generates all non-zero values
CODE_BITS = GROUPS * _CHARACTERS * _BITS
CODE_SIZE = (CODE_BITS + 7) // 8
"""Bytes that the code is carried in."""


def new_code() -> bytes:
    """A random code."""
    return secrets.randbits(CODE_BITS).to_bytes(CODE_SIZE, "big")


def written(code: bytes) -> str:
    """The code as it stands on paper: seven groups of five characters, the last of each checks the group."""
    number = int.from_bytes(code, "big")
    values = [number >> _BITS * place & 31 for place in reversed(range(GROUPS * _CHARACTERS))]
    groups = [values[first : first + _CHARACTERS] for first in range(0, len(values), _CHARACTERS)]
    return "-".join(
        "".join(_ALPHABET[value] for value in (*group, _check(group, place))) for place, group in enumerate(groups, 1)
    )


def read(text: str) -> bytes:
    """The code that somebody typed: small letters, spaces and O for 0 do not matter.

    Raises:
        Problem: too long or too short, or it says which group is mistyped.
    """
    plain = unicodedata.normalize("NFKC", text).upper().translate(_READ_AS)
    characters = [character for character in plain if character.isalnum()]
    length = GROUPS * (_CHARACTERS + 1)
    if len(characters) != length:
        raise Problem("recovery.length", given=len(characters), length=length)
    number = 0
    for place in range(GROUPS):
        first = place * (_CHARACTERS + 1)
        values = [_ALPHABET.find(character) for character in characters[first : first + _CHARACTERS + 1]]
        if -1 in values or values[-1] != _check(values[:-1], place + 1):
            raise Problem("recovery.group", group=place + 1)
        for value in values[:-1]:
            number = number << _BITS | value
    return number.to_bytes(CODE_SIZE, "big")


def _check(values: list[int], group: int) -> int:
    """Differs for every single mistake and for every two neighbours exchanged, groups included."""
    check = group
    for place, value in enumerate(values, 1):
        for _ in range(place):
            value <<= 1  # noqa: PLW2901 -- times g
            if value > 31:
                value ^= _POLYNOMIAL  # noqa: PLW2901
        check ^= value
    return check
