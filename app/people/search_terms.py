"""How a person is found: the words a full-text index keeps of them, and the question asked of it.

The index is FTS5 with ``tokenize = 'ascii'``, of any detail; ``prefix = '1 2 3 4 5'`` makes short questions quick.
A person's text has these kinds of words, which cannot be mistaken for each other:

* every ideograph, or other letter that is not Latin, by itself and with the one after it: ``张 三 丰 张三 三丰``;
* spellings in letters a to z, for every reading: ``zhangsanfeng sanfeng feng`` and ``zsf sf``, in full and by initials
  from every syllable on, and ``zhangsf``, the surname in full and the rest by initials;
* ``0e`` and a number turned round, asked for by its end;
* ``0n`` and a short number or a date of birth, asked for by its beginning;
* ``0w`` and a long number, asked for by a long beginning, and ``0b`` and its shorter beginnings of 6, 8, 10 and 12: everybody
  in a county has the same first six digits, and to gather all who share a beginning would take too long. A beginning of 7,
  9 or 11 is asked for with every character that can follow.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice, pairwise
from operator import itemgetter

from app.people.names import IDEOGRAPHS, PRIVATE_USE, VARIANTS
from app.people.pinyin import fold_letters, readings
from app.spreadsheets import cell_text

# Longer spellings are cut, in the index and in the question alike.
_LONGEST = 32
# The index grows with the number of ways to read a name. These bounds leave ordinary names whole: of three characters
# with three readings each, 19 ways are indexed.
_MOST_WAYS = 48
_SHORT_NAME = 4
# What is typed beyond this is not looked at: it is a page that was pasted by mistake.
_LONGEST_QUESTION = 100
_SHORTEST_END = 3
_SHORTEST_BEGINNING = 6
_LONG_NUMBER = 14

_LONGEST_MARKED = 12
_marked_beginnings = itemgetter(
    *(slice(len("0b") + length) for length in range(_SHORTEST_BEGINNING, _LONGEST_MARKED + 1, 2))
)

_LATIN_WORD = re.compile("[a-z]+")
_PLAIN_NAME = re.compile("[\u4e00-\u9fff]+")  # nearly every name: nothing in it to be cleaned or folded
_NO_NUMBER = re.compile("[^0-9a-z]+")
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
_VARIANT = re.compile(f"[{VARIANTS}]")
_CHARACTER = rf"(?:[^\W\d_a-z]|[{IDEOGRAPHS}{PRIVATE_USE}])"
_UNIT = re.compile(f"[a-z]+|{_CHARACTER}")
_NUMBER = "[0-9]+x?(?![a-z])"
_PIECE = re.compile(rf"(?<![a-z])[a-z]*{_NUMBER}|[0-9]+|[a-z]+|{_CHARACTER}+")
_LETTERS_AND_NUMBER = re.compile("([a-z]{2,})([0-9].*)")
_INSIDE_NUMBER = re.compile(r"(?<=[0-9])[-/.](?=[0-9])")
_RESIDENT_ID = re.compile("[0-9]{17}[0-9x]")


def index_terms(name: str, id_number: str = "", student_number: str = "", birth_date: str = "") -> str:
    """The words to be indexed for a person.

    Args:
        name: normalised (`app.people.names.normalise_name`).
        id_number: of any kind of document.
        student_number: 学籍号 or 学号.
        birth_date: ISO text; of an 18-digit resident number it is taken from there if not given.
    """
    id_number, student_number = _number(id_number), _number(student_number)
    birth = _number(birth_date)
    if not birth and _RESIDENT_ID.fullmatch(id_number):
        birth = id_number[6:14]
    numbers = [id_number, student_number] if id_number != student_number else [id_number]
    units = _units(name)
    characters = [unit for unit in units if not _is_word(unit)]
    words = [*dict.fromkeys(characters), *dict.fromkeys(map("".join, pairwise(characters))), *_spellings(units)]
    for number in filter(None, numbers):
        words.append(f"0e{number[::-1]}")
        words += _beginnings(number)
    if birth:
        words += _beginnings(birth)
    return " ".join(words)


def query_terms(text: str) -> str:
    """The FTS5 question for what a person typed; ``""`` if there is nothing to look for in it.

    The text is cut into pieces at spaces and signs, and between ideographs, letters and digits. A person is found if each
    piece is found, in any order: ideographs standing together as a run in the name; letters as the beginning of a
    spelling; digits as the last three or more of a number, the first six or more of one or of the date of birth, or the
    whole of a shorter number. Nothing that is typed acts as an operator.
    """
    pieces = _PIECE.findall(_INSIDE_NUMBER.sub("", fold_letters(_clean(text[:_LONGEST_QUESTION]))))
    return " AND ".join(_question(piece) for piece in _together(pieces))


def _together(pieces: Sequence[str]) -> list[str]:
    """`pieces` with one joined to the piece before it where it would say nothing by itself: the second li of "li li"."""
    joined: list[str] = []
    for piece in pieces:
        earlier = joined[-1] if joined else ""
        if earlier.startswith(piece) and piece.isalpha():
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _question(piece: str) -> str:
    if _LATIN_WORD.fullmatch(piece):
        return f'"{piece[:_LONGEST]}"*'
    if not any(character in "0123456789" for character in piece):
        return " AND ".join(f'"{pair}"' for pair in map("".join, pairwise(piece))) or f'"{piece}"'
    both = _LETTERS_AND_NUMBER.fullmatch(piece)
    if both:  # a name and a number (zsf1234), or a number that begins with letters (XS2021015)
        return f"(({_question(both[1])} AND {_question(both[2])}) OR {_number_question(piece)})"
    return _number_question(piece)


def _number_question(piece: str) -> str:
    if len(piece) < _SHORTEST_END:
        return f'"0n{piece}"'
    end = f'"0e{piece[::-1]}"*'
    if len(piece) < _SHORTEST_BEGINNING:
        return end
    if len(piece) <= _LONGEST_MARKED:
        following = [""] if len(piece) % 2 == 0 else string.digits + string.ascii_lowercase
        marked = " OR ".join(f'"0b{piece}{one}"' for one in following)
        return f'({end} OR {marked} OR "0n{piece}"*)'
    if len(piece) < _LONG_NUMBER:
        return f'({end} OR "0w{piece}"* OR "0n{piece}"*)'
    return f'({end} OR "0w{piece}"*)'


def _clean(text: str) -> str:
    return _VARIANT.sub("", cell_text(text, as_half_width=True).replace("'", "").replace("’", ""))


def _number(text: str) -> str:
    text = text.lower()
    return text if text.isascii() and text.isalnum() else _NO_NUMBER.sub("", text)


def _beginnings(number: str) -> list[str]:
    if len(number) < _LONG_NUMBER:
        return [f"0n{number}"]
    return [f"0w{number}", *_marked_beginnings(f"0b{number}")]


def _units(name: str) -> list[str]:
    """The parts of `name` that are read as one: an ideograph, another letter by itself, a word in Latin letters."""
    return list(name) if _PLAIN_NAME.fullmatch(name) else _UNIT.findall(fold_letters(_clean(name)))


def _spellings(units: Sequence[str]) -> list[str]:
    """Every spelling of a name in letters; one that begins another is left out, because beginnings are asked for."""
    spellings: set[str] = set()
    run: list[tuple[str, ...]] = []
    for unit in [*units, ""]:
        ways = _ways(unit)
        if ways:
            run.append(ways)
        elif run:
            for syllables in islice(_ways_to_read(run), _MOST_WAYS):
                _add_spellings(syllables, spellings)
            run = []
    ordered = sorted(spellings)
    return [one for one, following in pairwise([*ordered, ""]) if not following.startswith(one)]


@lru_cache(maxsize=8192)
def _ways(unit: str) -> tuple[str, ...]:
    """How one unit of a name is read: a word as it stands, an ideograph in several ways, anything else not at all."""
    if _is_word(unit):
        return (unit,)
    return readings(unit) if _IDEOGRAPH.fullmatch(unit) else ()


def _is_word(unit: str) -> bool:
    """Whether a unit is a word in Latin letters; whatever else there is stands outside ASCII."""
    return unit.isascii() and bool(unit)


def _ways_to_read(run: Sequence[tuple[str, ...]]) -> Iterator[list[str]]:
    """The commonest reading of each, then those with one uncommon reading; for a short name also those with two."""
    common = [ways[0] for ways in run]
    yield common
    places = [place for place, ways in enumerate(run) if len(ways) > 1]
    if not places:
        return
    for place in places:
        for reading in run[place][1:]:
            yield [*common[:place], reading, *common[place + 1 :]]
    if len(run) > _SHORT_NAME:
        return
    for one, other in combinations(places, 2):
        for reading in run[one][1:]:
            for following in run[other][1:]:
                yield [*common[:one], reading, *common[one + 1 : other], following, *common[other + 1 :]]


def _add_spellings(syllables: Sequence[str], spellings: set[str]) -> None:
    """Those of one way to read a name, but for some that always begin another."""
    full = syllables[-1]
    initials = full[0]
    spellings.add(full[:_LONGEST])
    for syllable in syllables[-2::-1]:
        full = syllable + full
        initials = syllable[0] + initials
        spellings.add(full[:_LONGEST])
        spellings.add(initials[:_LONGEST])
    # A surname of one or two syllables in full, then initials.
    for surname in range(1, min(3, len(syllables) - 1)):
        spellings.add(("".join(syllables[:surname]) + initials[surname:])[:_LONGEST])
