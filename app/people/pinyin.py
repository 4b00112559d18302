"""How characters are read, without tones, as people type it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache

import msgspec

from app import resources


class _SurnameReadings(msgspec.Struct):
    version: str
    source: str
    readings: dict[str, list[str]]


@lru_cache(maxsize=8192)
def readings(character: str) -> tuple[str, ...]:
    """Every reading of `character`, the commonest first; empty where none is known.

    Small letters a to z. After l and n, ü stands once as v and once as u, because both are typed.
    """
    found = [*_dictionary()(character), *_surname_readings().get(character, ())]
    # The dictionary writes v for ü, and a few interjections with letters that nobody types.
    spelled = [reading.replace("v", vowel) for vowel in "vu" for reading in found]
    return tuple(dict.fromkeys(reading for reading in spelled if reading.isascii() and reading.isalpha()))


def fold_letters(text: str) -> str:
    """`text` in small letters without diacritics, for search only: some rare ideographs are exchanged too."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@cache
def _dictionary() -> Callable[[str], list[str]]:
    # Loaded when the first name is indexed, not when the program starts. The dictionary of phrases is of no use for
    # single characters and costs 40 MB; the library documents this switch to leave it out.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin  # noqa: PLC0415

    def look_up(character: str) -> list[str]:
        found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
        return list(found[0]) if found else []

    return look_up


@cache
def _surname_readings() -> dict[str, list[str]]:
    data = resources.path("people", "surname-readings.json").read_bytes()
    return msgspec.json.decode(data, type=_SurnameReadings).readings
