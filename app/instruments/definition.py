"""An instrument or a form as it stands in its file: items, options, scores, bands, critical items, licence, sources.

A definition is data that travels between stations, so reading one is strict: a field this program does not know, a
gap between two bands or a missing translation refuses the whole file, and the error says at which place. The classes
here and in `parts`, `items` and `scales` are the shape; `app.instruments.check` holds the rules that a shape cannot
express. `resources/instruments/definition.schema.json` is made from the classes by `app.instruments.schema`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from app.errors import Problem
from app.instruments.check import check
from app.instruments.items import Chosen, Item
from app.instruments.parts import Copyright, Finding, Id, Option, Part, Section, Text, Version, Written
from app.instruments.scales import Critical, Quality, Score

FORMAT = 1
"""The newest definition format this program reads."""

LARGEST = 2 * 1024 * 1024
"""Bytes of a definition file. The longest questionnaire in use has 566 items."""


class Definition(Part, frozen=True, kw_only=True):
    """One instrument or form in one version.

    Args:
        format: the version of this file format.
        id: the instrument's name, also the name of its file.
        version: of this definition; every change of the file raises it.
        type: an instrument measures, a form records.
        short_title: the same in every language (``"PHQ-9"``).
        title: the full name.
        copyright: licence and origin of the wording.
        population: for whom it was made and tried.
        respondent: who answers: the person, a parent or guardian, a teacher, somebody else who knows the person, or the
            professional who sees the person.
        mode: filled in by the respondent, or asked by an interviewer.
        recall: the time the questions look back on, where there is one.
        instruction: what is said before the items.
        administration: what whoever gives the form has to know.
        sections: parts of the form under headings, in its order.
        option_sets: answers by name, each in the order of the form.
        items: in the order of the form.
        scores: any number of them.
        critical: answers that alert.
        quality: reasons to doubt how the form was filled in.
        findings: what is known of how well it measures.
    """

    format: Literal[1]
    id: Id
    version: Version
    type: Literal["instrument", "form"] = "instrument"
    short_title: Written
    title: Text
    copyright: Copyright
    population: Text
    respondent: Literal["self", "guardian", "teacher", "informant", "clinician"]
    mode: Literal["self", "interview"]
    recall: Text | None = None
    instruction: Text | None = None
    administration: Text | None = None
    sections: tuple[Section, ...] = ()
    option_sets: dict[Id, Annotated[tuple[Option, ...], msgspec.Meta(min_length=2)]] = msgspec.field(
        default_factory=dict
    )
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1)]
    scores: tuple[Score, ...] = ()
    critical: tuple[Critical, ...] = ()
    quality: tuple[Quality, ...] = ()
    findings: tuple[Finding, ...] = ()

    def item(self, name: str) -> Item | None:
        """An item by its id."""
        return next((one for one in self.items if one.id == name), None)

    def score(self, name: str) -> Score | None:
        """A score by its id."""
        return next((one for one in self.scores if one.id == name), None)

    def options(self, item: Item) -> tuple[Option, ...]:
        """What an item's answer is chosen from; nothing where it is not chosen."""
        return self.option_sets[item.options] if isinstance(item, Chosen) else ()


def parse_definition(raw: bytes) -> Definition:
    """Read a definition file.

    Args:
        raw: the bytes of the file, JSON in a Unicode encoding.

    Raises:
        Problem: it is not a definition; the values name the place and the reason.
    """
    if len(raw) > LARGEST:
        raise Problem("instrument.too_large", megabytes=LARGEST >> 20)
    data = _read(raw)
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise Problem("instrument.newer_format", format=data["format"], known=FORMAT)
    try:
        definition = msgspec.convert(data, Definition)
    except msgspec.ValidationError as error:
        _refuse(str(error))
    check(definition)
    return definition


def read_definition_file(file: Path) -> bytes:
    """The bytes of what should be a definition file. Raises Problem where it cannot be read, or is far too large."""
    try:
        if file.stat().st_size > LARGEST:
            raise Problem("instrument.too_large", megabytes=LARGEST >> 20)
        return file.read_bytes()
    except OSError as error:
        raise Problem("instrument.unreadable_file", file=file.name) from error


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
