"""Counselling sessions of one archive: writing and reading their notes, and reading in an emergency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from app.access import require
from app.audit import Audit
from app.errors import Problem
from app.records import EmergencyReading, Kept, Session, plain, readable
from app.rights.service import refuse_restricted
from app.sessions.form import SessionForm, SessionNote, checked
from app.sessions.notebooks import Notebooks
from app.texts import Texts
from app.words import moment
from storage.archive import Archive
from storage.notebook import Unsealed, open_note, seal_note
from storage.records import Draft

MIN_REASON = 8
"""Characters of a reason for an emergency: fewer say nothing."""


class SessionLine(msgspec.Struct, frozen=True):
    """A session in a list.

    Attributes:
        session: the record.
        author: name of who wrote it.
        readable: whether whoever opened the archive has the key to its note.
        amended: whether a later one corrects it.
    """

    session: Kept[Session]
    author: str
    readable: bool
    amended: bool


class Notice(msgspec.Struct, frozen=True):
    """Somebody read a note in an emergency. Names are empty where they are not known here."""

    reading: Kept[EmergencyReading]
    person: str
    reader: str
    session_date: str


class Sessions:
    """The sessions of one archive, as its user may see them."""

    def __init__(self, archive: Archive, form: SessionForm | None = None) -> None:
        self._archive = archive
        self._form = form or SessionForm.load()
        self.notebooks = Notebooks(archive)

    # ---- writing ----

    def write(self, person: bytes, note: SessionNote, today: dt.date, *, amends: bytes | None = None) -> bytes:
        """Save a session and its note, sealed; returns the session's id.

        Args:
            person: whom it is about.
            note: what was written.
            today: the day.
            amends: a session about the same person that this one corrects; it stays as it was.

        Raises:
            Problem: no right to it, the note is not complete, or the person is not here or may only be read about.
        """
        require(self._archive, "notes")
        refuse_restricted(self._archive, [person])
        note = checked(note, self._form, today)
        if amends and self._get(amends).record.person != person:
            raise Problem("session.unknown")
        record = self._archive.new_id()
        with self._archive.transaction():
            notebook = self.notebooks.current()
            self.notebooks.settle()
            (key,) = self.notebooks.keys(notebook)
            fields = Session(
                date=note.date.isoformat(),
                manner=note.manner,
                form=self._form.version,
                notebook=notebook,
                sealed=seal_note(key, record, person, msgspec.msgpack.encode(note.sections)),
                minutes=note.minutes,
                amends=amends,
            )
            self._archive.save([Draft.new("session", record, plain(fields), person=person)])
        return record

    # ---- reading ----

    def of(self, person: bytes) -> list[SessionLine]:
        """The sessions with a person, the newest first. That there were any is told to those who see sessions at all."""
        found = (readable(record, Session) for record in self._archive.find("session", {"person": person}))
        sessions = [one for one in found if one]
        sessions.sort(key=lambda one: (one.fields.date, one.record.created), reverse=True)
        amended = {one.fields.amends for one in sessions}
        may = {notebook: bool(self.notebooks.keys(notebook)) for notebook in {s.fields.notebook for s in sessions}}
        users = self._users()
        return [
            SessionLine(one, users.get(self._actor(one.id), ""), may[one.fields.notebook], one.id in amended)
            for one in sessions
        ]

    def read(self, session: bytes) -> SessionNote:
        """A note. Raises Problem where it is sealed to others."""
        require(self._archive, "notes")
        kept = self._get(session)
        keys = self.notebooks.keys(kept.fields.notebook)
        if not keys:
            raise Problem("session.sealed", author=self._users().get(self._actor(session), "—"))
        note = _opened(kept, keys)
        Audit(self._archive).note("read", about=kept.record.person, detail="session")
        return note

    def is_own(self, session: bytes) -> bool:
        """Whether whoever opened the archive wrote it."""
        return self._actor(session) == self._archive.user

    # ---- emergencies ----

    def read_in_emergency(self, session: bytes, code: bytes, reason: str) -> SessionNote:
        """A note that is sealed to others, with the recovery code. It is written down first; its author is told.

        Raises:
            Problem: no right to notes, no reason, or the code does not open this one.
        """
        require(self._archive, "notes")
        if len(reason.strip()) < MIN_REASON:
            raise Problem("session.no_reason", length=MIN_REASON)
        kept = self._get(session)
        note = _opened(kept, self.notebooks.keys_by_code(kept.fields.notebook, code))
        person, author = kept.record.person, self._actor(session)
        reading = EmergencyReading(session, author, reason.strip(), self._archive.now())
        whole = self._archive.whole
        with whole.transaction():
            whole.save([Draft.new("emergency_reading", self._archive.new_id(), plain(reading), person=person)])
            Audit(self._archive).note("emergency", about=person)
        return note

    def notices(self) -> list[Notice]:
        """Emergencies in which somebody read what whoever opened the archive wrote, and that they have not noticed.

        Raises:
            Problem: whoever opened the archive does not work with notes.
        """
        require(self._archive, "notes")
        whole = self._archive.whole
        found = whole.find("emergency_reading", {"author": self._archive.user})
        readings = (readable(one, EmergencyReading) for one in found)
        fresh = [one for one in readings if one and one.fields.noticed is None]
        people = whole.get_all("person", {one.record.person for one in fresh if one.record.person})
        sessions = whole.get_all("session", {one.fields.session for one in fresh})
        users = self._users()
        return [
            Notice(
                one,
                str(people[one.record.person].fields["name"]) if one.record.person in people else "",
                users.get(self._actor(one.id), ""),
                str(sessions[one.fields.session].fields["date"]) if one.fields.session in sessions else "",
            )
            for one in fresh
        ]

    def notice(self, reading: bytes) -> None:
        """Take note of an emergency. Only the author can."""
        record = self._archive.whole.get("emergency_reading", reading)
        if record is None or record.fields.get("author") != self._archive.user:
            raise Problem("session.not_yours")
        self._archive.whole.save([Draft.edit(record, {"noticed": self._archive.now()})])

    # ---- helpers ----

    def _get(self, session: bytes) -> Kept[Session]:
        record = self._archive.get("session", session)
        if record is None:
            raise Problem("session.unknown")
        kept = readable(record, Session)
        if kept is None:
            raise Problem("session.newer")
        return kept

    def _users(self) -> dict[bytes, str]:
        return {record.id: str(record.fields["name"]) for record in self._archive.whole.find("user")}

    def _actor(self, record: bytes) -> bytes:
        history = self._archive.whole.history(record)
        return history[0].actor if history else b""


def _opened(kept: Kept[Session], keys: Sequence[bytes]) -> SessionNote:
    date = dt.date.fromisoformat(kept.fields.date)
    for key in keys:
        try:
            opened = open_note(key, kept.id, kept.record.person or b"", kept.fields.sealed)
            sections = msgspec.msgpack.decode(opened, type=dict[str, str])
        except (Unsealed, msgspec.DecodeError):
            continue
        return SessionNote(date, kept.fields.manner, sections, kept.fields.minutes)
    raise Problem("session.damaged")


def notice_words(notice: Notice, texts: Texts) -> str:
    """A notice as a sentence."""
    fields = notice.reading.fields
    return texts(
        "session.notice",
        at=moment(fields.at),
        reader=notice.reader or "—",
        person=notice.person or "—",
        date=notice.session_date or "—",
        reason=fields.reason,
    )
