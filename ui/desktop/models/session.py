"""What the form for a session note starts from, and what stands in a note that is opened."""

from __future__ import annotations

import datetime as dt

import msgspec

from app.errors import Problem
from app.rights.consent import Missing
from app.rights.service import Rights
from app.sessions.form import SessionNote
from app.sessions.notebooks import Reader
from app.sessions.service import SessionLine
from ui.desktop.desk import Desk
from ui.desktop.models.screening import today_of

PURPOSE = "counselling"
"""Id of the purpose in `resources/forms/consent.json`."""


class NoteStart(msgspec.Struct, frozen=True):
    """What the form starts from.

    Attributes:
        person: id of whom it is about.
        name: of the person.
        today: the day.
        readers: who else could read what is written.
        lacking: whose consent to counselling is missing.
        amends: the session that is corrected.
        note: what was written there.
    """

    person: bytes
    name: str
    today: dt.date
    readers: list[Reader]
    lacking: tuple[Missing, ...]
    amends: bytes | None = None
    note: SessionNote | None = None


class OpenedNote(msgspec.Struct, frozen=True):
    """A note to read. `is_own` says whether whoever reads wrote it."""

    name: str
    line: SessionLine
    note: SessionNote
    is_own: bool


def read_start(desk: Desk, person: bytes, amends: bytes | None) -> NoteStart:
    """Gather it. Raises Problem where the person is not here, or the note to correct is sealed."""
    today = today_of(desk)
    return NoteStart(
        person=person,
        name=desk.people.get(person).fields.name,
        today=today,
        readers=desk.sessions.notebooks.readers(),
        lacking=Rights(desk.archive).missing(person, PURPOSE, today),
        amends=amends,
        note=desk.sessions.read(amends) if amends else None,
    )


def open_note(desk: Desk, person: bytes, session: bytes) -> OpenedNote:
    """Open a note that the user has the key to. Raises Problem."""
    return _opened(desk, person, session, desk.sessions.read(session))


def open_in_emergency(desk: Desk, person: bytes, session: bytes, code: bytes, reason: str) -> OpenedNote:
    """Open a note that is sealed to others. Raises Problem."""
    return _opened(desk, person, session, desk.sessions.read_in_emergency(session, code, reason))


def _opened(desk: Desk, person: bytes, session: bytes, note: SessionNote) -> OpenedNote:
    for line in desk.sessions.of(person):
        if line.session.id == session:
            return OpenedNote(desk.people.get(person).fields.name, line, note, desk.sessions.is_own(session))
    raise Problem("session.unknown")
