"""An instrument as it stands in its file: items, options, scores, bands, critical items, licence, sources.

A definition is data that travels between stations, so reading one is strict: a field this program does not know, a
gap between two bands or a missing translation refuses the whole file, and the error says at which place. The classes
here are the shape; `app.instruments.check` holds the rules that a shape cannot express. Every class has its
counterpart in `resources/instruments/definition.schema.json`, and a test keeps the two together.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from app.errors import Problem
from app.instruments.check import check

FORMAT = 1
"""The newest definition format this program reads."""

Text = dict[str, str]
"""A text in every language of the definition, keyed by BCP 47 tag."""

# `\Z` and not `$`: the latter would let a line feed pass at the end of an id that becomes a file name.
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*\Z", max_length=64)]
Version = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}\Z")]
Written = Annotated[str, msgspec.Meta(min_length=1)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all parts of a definition share: they do not change, and they refuse fields they do not know."""


class Translation(_Part, frozen=True, kw_only=True):
    """Who put the items into one language, where the wording was taken from, and how sure that is."""

    made_by: Written
    source: Written
    evidence: Written


class Copyright(_Part, frozen=True, kw_only=True):
    """Whose the instrument is and why it may be used.

    Args:
        owner: the rights-holder.
        statement: the sentence of permission, word for word.
        evidence: where that sentence stands, and how it was read.
        evidence_date: the day it was looked up.
        translations: one entry for each language of the texts.
    """

    owner: Written
    statement: Written
    evidence: Written
    evidence_date: dt.date
    translations: dict[str, Translation]


class Option(_Part, frozen=True, kw_only=True):
    """One answer a person can choose. `value` is what is stored."""

    value: int
    text: Text
    codes: dict[str, str] = {}


class Item(_Part, frozen=True, kw_only=True):
    """One question.

    Args:
        id: the name under which the answer is stored.
        text: what is asked.
        options: names one of the definition's option sets.
        scored: whether a score counts this item; an item that is not scored never changes a result.
        required: whether the form is unfinished without it. A scored item is always required.
        reverse: whether it counts the other way round: lowest plus highest option value, minus the answer.
        codes: the item in other code systems, keyed by system (``"loinc"``).
    """

    id: Id
    text: Text
    options: Id
    scored: bool = True
    required: bool = True
    reverse: bool = False
    codes: dict[str, str] = {}


class Band(_Part, frozen=True, kw_only=True):
    """A stretch of a score, both ends included, and what it means in plain words.

    Args:
        id: stored with the result.
        low: the first value, ``from`` in the file.
        high: the last value, ``to`` in the file.
        title: two or three words, for a list or a chart.
        severity: rank for sorting and colouring, 0 for the least; it says nothing about an illness.
        action: what was found and what to do next, for the person. It never names a diagnosis (精神卫生法 art. 23).
    """

    id: Id
    low: int = msgspec.field(name="from")
    high: int = msgspec.field(name="to")
    title: Text
    severity: Annotated[int, msgspec.Meta(ge=0)]
    action: Text


class Score(_Part, frozen=True, kw_only=True):
    """A number made of items, with its bands and its cut-off.

    Args:
        id: stored with the result.
        title: what the number stands for.
        items: the items it adds up.
        method: how it is made; so far only the sum.
        range: lowest and highest possible value. Stated and not derived, so that a wrong option value shows.
        bands: together they cover the range, in rising order; none if the instrument has none.
        positive_from: the lowest value that counts as a positive screening, if the instrument has a cut-off.
        source: the publication the bands and the cut-off come from.
        codes: the score in other code systems.
    """

    id: Id
    title: Text
    items: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    method: Literal["sum"]
    range: tuple[int, int]
    bands: tuple[Band, ...] = ()
    positive_from: int | None = None
    source: Written
    codes: dict[str, str] = {}


class Critical(_Part, frozen=True, kw_only=True):
    """Answers that call for a person at once, whatever the scores and even on an unfinished form.

    Args:
        id: stored with the result.
        items: any one of them is enough.
        at_least: the lowest answer that counts, as it was given (before reversing).
        title: what the answer says.
        source: why this is critical.
    """

    id: Id
    items: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    at_least: int
    title: Text
    source: Written


class Definition(_Part, frozen=True, kw_only=True):
    """One instrument in one version.

    Args:
        format: the version of this file format.
        id: the instrument's name, also the name of its file.
        version: of this definition; every change of the file raises it.
        short_title: the same in every language (``"PHQ-9"``).
        title: the full name.
        copyright: licence and origin of the wording.
        population: for whom it was made and tried.
        mode: who fills it in: the person, an interviewer, or somebody who knows the person.
        recall: the time the questions look back on.
        instruction: what is said before the items.
        option_sets: answers by name, each in the order of the form.
        items: in the order of the form.
        scores: any number of them.
        critical: answers that alert.
    """

    format: Literal[1]
    id: Id
    version: Version
    short_title: Written
    title: Text
    copyright: Copyright
    population: Text
    mode: Literal["self", "interview", "informant"]
    recall: Text
    instruction: Text
    option_sets: dict[Id, Annotated[tuple[Option, ...], msgspec.Meta(min_length=2)]]
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1)]
    scores: tuple[Score, ...]
    critical: tuple[Critical, ...]


def parse_definition(raw: bytes) -> Definition:
    """Read a definition file.

    Args:
        raw: the bytes of the file, JSON in a Unicode encoding.

    Raises:
        Problem: it is not a definition; the values name the place and the reason.
    """
    data = _read(raw)
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise Problem("instrument.newer_format", format=data["format"], known=FORMAT)
    try:
        definition = msgspec.convert(data, Definition)
    except msgspec.ValidationError as error:
        _refuse(str(error))
    check(definition)
    return definition


def content_hash(raw: bytes) -> str:
    """SHA-256 over the content of a definition file, in hexadecimal.

    It is taken over canonical JSON (sorted keys, no spaces, UTF-8), so that line ends, indentation and the order of
    fields do not matter and every word does. A response is stored with it and can prove what was asked.

    Raises:
        Problem: the bytes are not JSON.
    """
    return hashlib.sha256(_canonical(_read(raw))).hexdigest()


def _canonical(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _read(raw: bytes) -> Any:
    """The JSON value in `raw`. A byte order mark, as some editors write it, does no harm."""
    try:
        data = json.loads(raw, object_pairs_hook=_object, parse_constant=_no_constant)
        # An unpaired surrogate (`"\ud800"`) is valid JSON that no file, database or screen can hold.
        _canonical(data)
    except json.JSONDecodeError as error:
        raise Problem("instrument.not_json", place=f"{error.lineno}:{error.colno}") from None
    except UnicodeDecodeError:
        raise Problem("instrument.not_unicode") from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, half a character, brackets without end.
        raise Problem("instrument.not_json", place="1:1") from None
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a field that stands twice: readers would disagree on which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise Problem("instrument.duplicate_field", field=twice)
    return found


def _no_constant(_name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError


def _refuse(message: str) -> NoReturn:
    """Raise the Problem behind a message of msgspec (``reason - at `$.items[0]` ``; no place for the file itself)."""
    reason, _, place = message.partition(" - at ")
    place = place.strip("`").removeprefix("$.") or "$"
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", reason):
        raise Problem("instrument.unknown_field", place=place, field=found[1])
    if found := re.fullmatch(r"Object missing required field `(.*)`", reason):
        raise Problem("instrument.missing_field", place=place, field=found[1])
    raise Problem("instrument.wrong_form", place=place, reason=reason)
