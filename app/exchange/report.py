"""What an import or an export could not take over as it was. Nothing is left out or altered without a note."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.instruments.definition import Definition
from app.texts import Texts

Severity = Literal["refused", "lost", "open", "changed"]
"""Refused: nothing came of the whole, unless it is asked for without that part. Lost: left out, and it may matter. Open: to be
added by hand before it is used. Changed: taken over in other words."""

_SHOWN = 12
_KEPT = 200


class Note(msgspec.Struct, frozen=True):
    """One thing that the two formats do not share.

    Attributes:
        severity: how much it matters.
        key: of the sentence.
        places: where, in the words of the foreign file: link ids, rows.
        values: for the gaps of the sentence.
    """

    severity: Severity
    key: str
    places: tuple[str, ...]
    values: dict[str, str | int | float]


class Imported(msgspec.Struct, frozen=True):
    """What came of a foreign file.

    Attributes:
        definition: None where something was refused.
        notes: what was refused, left out or altered, the gravest first.
    """

    definition: Definition | None
    notes: tuple[Note, ...]


class Refusal(Exception):
    """A part of a form that has no counterpart. `key` is that of its note."""

    def __init__(self, key: str, **values: str | float) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values


class Report:
    """Collects notes; the same thing at many places is one note."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str, tuple[tuple[str, object], ...]], list[str]] = {}

    def add(self, severity: Severity, key: str, place: str = "", **values: str | float) -> None:
        """Write down one thing."""
        places = self._notes.setdefault((severity, key, tuple(sorted(values.items()))), [])
        if place and place not in places and len(places) < _KEPT:
            places.append(place)

    def notes(self) -> tuple[Note, ...]:
        """All of them, the gravest first, otherwise as they came."""
        order: list[Severity] = ["refused", "lost", "open", "changed"]
        notes = [
            Note(severity, key, tuple(places), dict(values))  # type: ignore[arg-type] # as they came in
            for (severity, key, values), places in self._notes.items()
        ]
        return tuple(sorted(notes, key=lambda note: order.index(note.severity)))


def said(note: Note, texts: Texts) -> str:
    """A note as a person reads it, with the places it is about."""
    sentence = texts(note.key, **note.values)
    if not note.places:
        return sentence
    shown = texts("words.separator").join(note.places[:_SHOWN])
    more = len(note.places) - _SHOWN
    if more > 0:
        shown = texts("exchange.and_more", places=shown, count=more)
    return texts("exchange.at", places=shown, sentence=sentence)
