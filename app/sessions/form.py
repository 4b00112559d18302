"""What a session is asked about: `resources/forms/session.json`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Self

import msgspec

from app import resources
from app.errors import Problem
from app.records import Session
from app.texts import Texts

MAX_MINUTES = 24 * 60


class Manner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a session is held. `title` by language."""

    id: str
    title: dict[str, str]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a note. `title` and `hint` by language."""

    id: str
    title: dict[str, str]
    hint: dict[str, str]


class SessionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form."""

    version: str
    source: str
    manners: tuple[Manner, ...]
    sections: tuple[Section, ...]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled form."""
        return msgspec.json.decode(resources.path("forms", "session.json").read_bytes(), type=cls)

    def manner(self, manner: str, language: str) -> str:
        """A manner in words; the id of one that only another version knows."""
        return next((one.title[language] for one in self.manners if one.id == manner), manner)

    def section(self, section: str, language: str) -> str:
        """The title of a section; the id of one that only another version knows."""
        return next((one.title[language] for one in self.sections if one.id == section), section)

    def words(self, session: Session, texts: Texts) -> str:
        """A session in one line, without its note."""
        manner = self.manner(session.manner, texts.language)
        if session.minutes is None:
            return texts("session.line", manner=manner)
        return texts("session.line_minutes", manner=manner, minutes=session.minutes)


class SessionNote(msgspec.Struct, frozen=True):
    """What is written about a session.

    Attributes:
        date: on which day it was.
        manner: id of a manner of the form.
        sections: id of a section → text.
        minutes: how long it took.
    """

    date: dt.date
    manner: str
    sections: Mapping[str, str]
    minutes: int | None = None


def checked(note: SessionNote, form: SessionForm, today: dt.date) -> SessionNote:
    """The note as it is saved, without empty sections.

    Raises:
        Problem: a day to come, a length that no session has, an unknown manner or section, or no text at all.
    """
    if note.date > today:
        raise Problem("session.future_day")
    if note.minutes is not None and not 0 < note.minutes <= MAX_MINUTES:
        raise Problem("session.minutes")
    if note.manner not in {one.id for one in form.manners}:
        raise Problem("session.no_manner", manner=note.manner, manners="、".join(one.id for one in form.manners))
    known = [one.id for one in form.sections]
    for section in note.sections:
        if section not in known:
            raise Problem("session.no_section", section=section, sections="、".join(known))
    sections = {name: text for name in known if (text := note.sections.get(name, "").strip())}
    if not sections:
        raise Problem("session.empty")
    return msgspec.structs.replace(note, sections=sections)
