"""The data dictionary: every type of record that an archive of ours holds, its fields, and how it is found.

A field is never given a new meaning; a type whose fields change their meaning gets a higher schema number.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from app.people.fields import IdType, Sex
from app.people.search_terms import index_terms
from app.referrals.slip import STATUS, is_urgent
from storage.records import Catalogue, Fields, Record, RecordType

LEVELS = ("blue", "yellow", "orange", "red")
"""Levels of an alert (DOMAIN: 蓝 黄 橙 红), the gravest last."""

TERMS_VERSION = 2
"""Raised when `app.people.search_terms` makes other terms; the archive then makes its search index again."""

Level = Literal["blue", "yellow", "orange", "red"]
AlertStatus = Literal["closed", "confirmed", "open"]
StepKind = Literal["confirmed", "note", "closed"]
EntryMode = Literal["file", "screen", "typed"]
"""How answers came in: from a file, filled in on the screen, typed in from paper."""


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who works with an archive of the station.

    Attributes:
        roles: ids from `resources/rules/access.json`.
        sealing: public key that session notes are sealed to.
        removed: may not open the archive any more.
        groups: ids of the groups that the user looks after; a class teacher sees no others.
    """

    name: str
    roles: tuple[str, ...] = ()
    sealing: bytes | None = None
    removed: bool = False
    groups: tuple[bytes, ...] = ()


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """People who are looked at together: a class, a village."""

    name: str
    grade: str | None = None


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person. Fields as in `app.people.fields.PersonFields`, with the group as a record.

    Attributes:
        group: id of the group.
        flags: key groups (重点人群), ids from `resources/people/key-groups.json`.
    """

    name: str
    sex: Sex | None = None
    birth_date: str | None = None
    id_type: IdType | None = None
    id_number: str | None = None
    student_number: str | None = None
    group: bytes | None = None
    ethnicity: str | None = None
    phone: str | None = None
    guardian_name: str | None = None
    guardian_phone: str | None = None
    address: str | None = None
    household: str | None = None
    flags: tuple[str, ...] = ()


class Campaign(msgspec.Struct, frozen=True, omit_defaults=True):
    """A round of screening: which groups answer which instruments, from day to day (ISO dates, both included)."""

    name: str
    instruments: tuple[str, ...]
    groups: tuple[bytes, ...]
    opens: str
    closes: str


class ScoreResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One score as it was computed with the definition of that day. It is never computed again.

    Attributes:
        value: of a score of an unfinished form the sum so far.
        norm: id of the norm that band and cut-off are from, None for the score's own.
        standard: the T score within that norm.
        prorated: whether the instrument's own rule stands in for missing answers.
    """

    value: int | float | None = None
    band: str | None = None
    positive: bool | None = None
    norm: str | None = None
    standard: float | None = None
    prorated: bool = False


class Screening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person's answers to one instrument. Immutable.

    Attributes:
        instrument: id of the definition; `version` and `content` (hash) say which wording was answered.
        date: ISO date of the answers.
        answers: item → answer, as `app.instruments.answers` has them.
        scores: score → result.
        critical: ids of critical rules that the answers touch.
        quality: ids of doubts about how the form was filled in.
        void: whether one of them says that the form does not count.
        seconds: how long it took to fill in, where that is known.
        campaign: id of the round, where there was one.
        mode: how the answers came in.
    """

    instrument: str
    version: str
    content: str
    date: str
    answers: dict[str, Any]
    status: Literal["complete", "unfinished"]
    scores: dict[str, ScoreResult]
    mode: EntryMode
    critical: tuple[str, ...] = ()
    campaign: bytes | None = None
    quality: tuple[str, ...] = ()
    void: bool = False
    seconds: float | None = None


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody must look at a person. Times are milliseconds since 1970.

    Attributes:
        source: id of the screening that raised it.
        reasons: ids of rules in `resources/rules/alerts.json`.
        rules_version: version of that file when it was raised.
        due: until when a person must have acted.
    """

    level: Level
    status: AlertStatus
    instrument: str
    source: bytes
    reasons: tuple[str, ...]
    rules_version: str
    raised: int
    due: int


class AlertStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a person did about an alert. Immutable. `at` in milliseconds since 1970."""

    alert: bytes
    step: StepKind
    text: str
    at: int


Giver = Literal["self", "guardian", "station"]
Decision = Literal["given", "refused", "withdrawn"]
Manner = Literal["paper", "electronic", "spoken"]
Ground = Literal["statutory_duty", "danger_to_life"]
ErasureReason = Literal["request", "retention", "mistake"]


class Consent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody said yes or no to something about a person, on a day. Immutable: who takes it back says so anew.

    Attributes:
        purpose: for what, an id from `resources/forms/consent.json`.
        giver: the person, a parent or guardian, or the station, which may go ahead without asking on a `ground`.
        date: ISO date.
        manner: how it was said.
        version: of the text that was shown.
        name: who it was, where that is not the person.
        ground: why the station did not ask (个人信息保护法 art. 13), with `reason` in words.
    """

    purpose: str
    giver: Giver
    decision: Decision
    date: str
    manner: Manner | None = None
    version: str | None = None
    name: str | None = None
    ground: Ground | None = None
    reason: str | None = None


class Hold(msgspec.Struct, frozen=True, omit_defaults=True):
    """Records of a person must be kept, as for a court. Dates are ISO.

    Attributes:
        by: who asked for it.
        until: the last day; without one it stands until it is released.
        released: the day on which it was, and why.
    """

    reason: str
    by: str
    since: str
    until: str | None = None
    released: str | None = None
    release_reason: str | None = None


class Restriction(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's records may be read, and nothing else (个人信息保护法 art. 47). Dates are ISO."""

    reason: str
    since: str
    lifted: str | None = None


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person was erased. Belongs to nobody: `storage.erase` acts on it. `erased` is the id that the person had."""

    erased: bytes
    reason: ErasureReason
    date: str


class Retention(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long this station keeps people's records: a rule of `resources/rules/retention.json`, and its own years."""

    rule: str
    date: str
    years: int | None = None


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """A counselling session. That it was can be seen; its note only by those whom the author lets. Immutable.

    Attributes:
        date: ISO date.
        manner: id of a manner in `resources/forms/session.json`.
        form: version of that file; its sections are what the note answers.
        notebook: id of the notebook that the note is in, `storage.notebook`.
        sealed: the note.
        minutes: how long it took.
        amends: id of the session whose note this one corrects.
    """

    date: str
    manner: str
    form: str
    notebook: bytes
    sealed: bytes
    minutes: int | None = None
    amends: bytes | None = None


class Notebook(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one user writes notes: `holder` is the id of the key pair that its key comes from. Immutable."""

    holder: bytes


class NotebookKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """The key of a notebook for one more reader. Immutable.

    Attributes:
        holder: id of the reader's key pair.
        archive: of a recovery code, the id of the archive that it belongs to; None for a user.
    """

    notebook: bytes
    holder: bytes
    wrapped: bytes
    archive: bytes | None = None


class EmergencyReading(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody read a note with the recovery code, without its author (紧急查看).

    Attributes:
        author: id of the user who wrote the note.
        at: milliseconds since 1970.
        noticed: when the author took note of it.
    """

    session: bytes
    author: bytes
    reason: str
    at: int
    noticed: int | None = None


class Handout(msgspec.Struct, frozen=True, omit_defaults=True):
    """A copy of a person's records was handed out on a day (ISO)."""

    what: Literal["own_data"]
    date: str


class KeptDefinition(msgspec.Struct, frozen=True):
    """A definition that was answered here, or that the station brought in. It is about no person. Immutable.

    Attributes:
        content: its content hash, `app.instruments.definition.content_hash`.
        file: the file.
    """

    instrument: str
    version: str
    content: str
    file: str


AccessKind = Literal["opened", "failed", "read", "printed", "exported", "erased", "checkpoint", "emergency", "backup"]


class Access(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a user did and that is not a change of a record. Immutable; who did it is the author of the change.

    Attributes:
        kind: what was done, an `AccessKind` or one that a newer version knows.
        at: when, in milliseconds since 1970.
        about: id of the person it was about.
        detail: a word about it that names nobody: which report, how many rows.
    """

    kind: str
    at: int
    about: bytes | None = None
    detail: str = ""


def _person_terms(fields: Fields) -> str:
    given = fields.get
    return index_terms(
        fields["name"], given("id_number") or "", given("student_number") or "", given("birth_date") or ""
    )


CATALOGUE = Catalogue(
    [
        RecordType(name="user", index=("name",)),
        RecordType(name="group", index=("name",)),
        RecordType(
            name="person",
            index=("name", "id_number", "student_number", "group"),
            lookups=(("name",), ("id_number",), ("student_number",), ("group", "student_number", "person")),
            person=True,
            terms=_person_terms,
            terms_version=TERMS_VERSION,
        ),
        RecordType(name="campaign", index=("opens",)),
        RecordType(
            name="screening",
            index=("instrument", "campaign", "date"),
            lookups=(("person",), ("campaign", "instrument", "person", "date")),
        ),
        RecordType(
            name="alert",
            index=("status", "level", "due", "source"),
            lookups=(("person",), ("status", "level")),
            ranked={"level": LEVELS, "status": ("closed", "confirmed", "open")},
            urgent=lambda fields: fields.get("level") == "red",
        ),
        RecordType(name="alert_step", index=("alert",)),
        RecordType(name="access", index=("kind", "at", "about")),
        RecordType(name="definition", index=("content",)),
        RecordType(name="consent", index=("purpose", "date")),
        RecordType(name="hold", index=("since",)),
        RecordType(name="restriction", index=("since",)),
        RecordType(name="erasure", index=("erased",)),
        RecordType(name="retention", index=("date",)),
        RecordType(name="handout", index=("date",)),
        RecordType(name="session", index=("date",)),
        RecordType(name="notebook", index=("holder",)),
        RecordType(name="notebook_key", index=("notebook", "holder")),
        RecordType(name="emergency_reading", index=("session", "author")),
        RecordType(name="referral", index=("status",), ranked={"status": STATUS}, shared=True, urgent=is_urgent),
    ]
)

F = TypeVar("F")


class Kept(msgspec.Struct, Generic[F], frozen=True):
    """A record together with its fields in their type."""

    record: Record
    fields: F

    @property
    def id(self) -> bytes:
        """The id of the record."""
        return self.record.id


def typed(record: Record, kind: type[F]) -> Kept[F]:
    """A record with typed fields. What a newer version added is left out here and stays in the record."""
    return Kept(record, msgspec.convert(record.fields, kind, strict=False))


def readable(record: Record, kind: type[F]) -> Kept[F] | None:
    """The same, None where a newer version gave the fields a shape that this one cannot read."""
    try:
        return typed(record, kind)
    except msgspec.ValidationError:
        return None


def plain(fields: msgspec.Struct) -> dict[str, Any]:
    """Typed fields as a draft takes them; what was not said is absent."""
    content: dict[str, Any] = msgspec.to_builtins(fields, builtin_types=(bytes,))
    return content
