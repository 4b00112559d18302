"""Everything that an archive knows about one person, in words, for that person (个人信息保护法 art. 45)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.instruments.wording import Wording
from app.people.service import People
from app.records import (
    CATALOGUE,
    Alert,
    AlertStep,
    Consent,
    EmergencyReading,
    Handout,
    Kept,
    Person,
    Screening,
    Session,
    plain,
    typed,
)
from app.referrals.slip import Referral
from app.referrals.words import SlipWords
from app.rights.consent import ConsentRules
from app.rights.retention import MOMENT
from app.sessions.form import SessionForm
from app.texts import Texts
from app.words import Words
from storage.archive import Archive
from storage.records import OTHER, Draft, Record

FORMAT = 1
"""Raised when a field of the data changes its meaning."""


class Said(NamedTuple):
    """What something is called, and what it is."""

    field: str
    value: str


class Event(msgspec.Struct, frozen=True):
    """One change of a record: when, by whom, and what it set."""

    at: str
    by: str
    said: tuple[Said, ...]


class Entry(msgspec.Struct, frozen=True):
    """One record about a person.

    Attributes:
        id: of the record, as hexadecimal digits.
        kind: name of its type.
        title: what it is, in words.
        date: of what it tells (ISO), or when it was written down.
        said: its content.
        history: its changes, oldest first.
    """

    id: str
    kind: str
    title: str
    date: str
    said: tuple[Said, ...]
    history: tuple[Event, ...]


class OwnData(msgspec.Struct, frozen=True):
    """All about one person; `person` is their own record, `entries` all others by date."""

    station: str
    name: str
    made: dt.datetime
    person: Entry
    entries: tuple[Entry, ...]


def to_data(own: OwnData, language: str) -> dict[str, Any]:
    """The same as a JSON document."""
    data: dict[str, Any] = msgspec.to_builtins(own)
    for entry in (data["person"], *data["entries"]):
        for part in (entry, *entry["history"]):
            part["said"] = [{"field": field, "value": value} for field, value in part["said"]]
    made = own.made.isoformat(timespec="seconds")
    return {"document": "own_data", "format": FORMAT, "language": language, **data, "made": made}


def record_handout(archive: Archive, person: bytes, today: dt.date) -> None:
    """Write down that a copy was handed out."""
    fields = Handout("own_data", today.isoformat())
    archive.save([Draft.new("handout", archive.new_id(), plain(fields), person=person)])


class Gathering:
    """Gathers what is known about people.

    Args:
        archive: where it is.
        library: knows what was asked.
        words: puts values into words.
        texts: the same language.
    """

    def __init__(self, archive: Archive, library: Library, words: Words, texts: Texts) -> None:
        self._archive = archive
        self._library = library
        self._words = words
        self._texts = texts
        self._session_form = SessionForm.load()
        self._purposes = {one.id: one.title[texts.language] for one in ConsentRules.load().purposes}
        self._tellers: dict[str, Callable[[Record], Iterator[Said]]] = {
            "screening": self._screening,
            "alert": self._alert,
            "alert_step": self._step,
            "consent": self._consent,
            "session": self._session,
            "emergency_reading": self._emergency,
            "referral": self._referral,
        }

    def own_data(self, person: bytes, now: dt.datetime) -> OwnData:
        """All about a person. Raises Problem where there is nobody of this id."""
        kept = People(self._archive).get(person)
        kinds = [kind.name for kind in CATALOGUE if kind.name != "person"] + [OTHER]
        records = [record for kind in kinds for record in self._archive.find(kind, {"person": person})]
        # What was written down on one day stays in its order.
        records.sort(key=lambda record: record.created)
        entries = sorted(map(self._entry, records), key=lambda entry: entry.date)
        station = self._archive.device.names.station
        return OwnData(station, kept.fields.name, now, self._entry(kept.record), tuple(entries))

    def _entry(self, record: Record) -> Entry:
        tell = self._tellers.get(record.type, self._plain)
        try:
            said = tuple(tell(record))
        except (msgspec.ValidationError, Problem):
            # Made by a newer version, or about an instrument that is not here: as it stands is better than not at all.
            said = tuple(self._plain(record))
        date = next((value for name in ("date", "since") if isinstance(value := record.fields.get(name), str)), None)
        return Entry(
            id=record.id.hex(),
            kind=record.type,
            title=self._called("kind", record.type),
            date=date or self._moment(record.created)[:10],
            said=said,
            history=tuple(self._history(record)),
        )

    def _history(self, record: Record) -> Iterator[Event]:
        names = {user.id: str(user.fields["name"]) for user in self._archive.find("user")}
        for number, change in enumerate(self._archive.history(record.id)):
            # What a record said at first stands in the record, as far as it still holds; edits are told in full.
            later = number > 0
            # What came back about a referral is told with the slip, in words.
            hidden = {"seen", "reply"} if record.type == "referral" else set()
            fields = {name: value for name, value in change.fields.items() if name not in hidden}
            said = tuple(self._values(fields, record.type)) if later else ()
            yield Event(self._moment(change.time), names.get(change.actor, ""), said)

    def _moment(self, stamp: int) -> str:
        return self._words.moment(stamp // MOMENT)

    def _called(self, what: str, name: str) -> str:
        key = f"rights.{what}_{name}"
        return self._texts(key) if key in self._texts else name

    # ---- the types ----

    def _plain(self, record: Record) -> Iterator[Said]:
        yield from self._values(record.fields, record.type)
        for name, others in record.conflicts.items():
            for value in others:
                yield Said(self._texts("rights.also", field=self._called("field", name)), self._value(name, value))

    def _values(self, fields: Mapping[str, Any], kind: str) -> Iterator[Said]:
        order = Person.__struct_fields__ if kind == "person" else ()
        for name in sorted(fields, key=lambda name: order.index(name) if name in order else len(order)):
            value = fields[name]
            if value is None or value == [] or (kind != "person" and isinstance(value, bytes)):
                continue
            yield Said(self._called("field", name), self._value(name, value))

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, bytes):
            group = self._archive.get("group", value) if name == "group" else None
            return str(group.fields["name"]) if group else value.hex()
        if isinstance(value, list):
            return self._texts("words.separator").join(self._value(name, one) for one in value)
        if isinstance(value, str):
            key = f"rights.value_{name}_{value}"
            return self._texts(key) if key in self._texts else value
        return msgspec.json.encode(value).decode()

    def _screening(self, record: Record) -> Iterator[Said]:
        screening = typed(record, Screening).fields
        definition = self._words.definition(screening)
        if definition is None:
            raise Problem("instrument.unknown", id=screening.instrument)
        language = self._texts.language
        yield Said(self._called("field", "instrument"), definition.title[language])
        yield Said(self._called("field", "date"), screening.date)
        for score in definition.scores:
            yield Said(score.title[language], self._words.score(screening, definition, score))
        critical = [rule.title[language] for rule in definition.critical if rule.id in screening.critical]
        if critical:
            yield Said(self._called("field", "critical"), self._texts("words.separator").join(critical))
        yield from self._answers(screening, definition)

    def _answers(self, screening: Screening, definition: Definition) -> Iterator[Said]:
        wording = Wording(definition, self._texts)
        for item in definition.items:
            if item.id in screening.answers:
                yield Said(f"{item.id}. {wording.item(item)}", wording.answer(item, screening.answers[item.id]))

    def _alert(self, record: Record) -> Iterator[Said]:
        alert = typed(record, Alert).fields
        yield Said(self._called("field", "level"), self._words.level(alert.level))
        yield Said(self._called("field", "reason"), self._words.alert(alert))
        yield Said(self._called("field", "status"), self._words.alert_status(alert.status))
        yield Said(self._called("field", "raised"), self._words.moment(alert.raised))
        yield Said(self._called("field", "due"), self._words.moment(alert.due))

    def _step(self, record: Record) -> Iterator[Said]:
        step = typed(record, AlertStep).fields
        yield Said(self._called("field", "at"), self._words.moment(step.at))
        yield Said(self._called("field", "step"), self._words.step(step))

    def _consent(self, record: Record) -> Iterator[Said]:
        said: Kept[Consent] = typed(record, Consent)
        fields = {name: value for name, value in record.fields.items() if name != "purpose"}
        yield Said(self._called("field", "purpose"), self._purposes.get(said.fields.purpose, said.fields.purpose))
        yield from self._values(fields, record.type)

    def _session(self, record: Record) -> Iterator[Said]:
        """That it was. The note is closed to whoever makes the copy, unless they wrote it; the author hands it out."""
        session = typed(record, Session).fields
        yield Said(self._called("field", "date"), session.date)
        yield Said(self._called("field", "manner"), self._session_form.manner(session.manner, self._texts.language))
        if session.minutes is not None:
            yield Said(self._called("field", "minutes"), str(session.minutes))
        yield Said(self._called("field", "note"), self._texts("rights.sealed_note"))

    def _referral(self, record: Record) -> Iterator[Said]:
        """The slip as it went, and what came back."""
        words = SlipWords(self._texts)
        referral = typed(record, Referral).fields
        yield Said(self._called("field", "kind"), words.kind(referral))
        yield from (Said(*line) for line in words.lines(referral))
        for screening in referral.screenings:
            yield Said(self._texts("referral.screenings"), words.screening(screening))
        answer = words.reply(referral.reply) if referral.reply else words.status(referral.status)
        yield Said(self._called("field", "status"), answer)

    def _emergency(self, record: Record) -> Iterator[Said]:
        reading = typed(record, EmergencyReading).fields
        yield Said(self._called("field", "at"), self._words.moment(reading.at))
        yield Said(self._called("field", "reason"), reading.reason)
