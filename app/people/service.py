"""People of one archive: finding them, their groups, taking a roster in, and the timeline of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.roster import KnownPerson, RosterPlan, RosterRow, plan_roster
from app.people.roster_rows import Reason, identifying_student_number
from app.people.search_terms import query_terms
from app.records import LEVELS, Group, Kept, Level, Person, plain, typed
from app.rights.service import refuse_restricted, restricted
from app.risk.alerts import STANDING
from app.spreadsheets import read_sheets
from storage.archive import Archive
from storage.records import OTHER, Draft, Record

TimelineKind = Literal["screening", "session", "alert", "alert_step", "referral"]

LISTED = 500
"""More lines than this help nobody to find somebody."""

_MOMENTS: dict[TimelineKind, str] = {
    "screening": "date",
    "session": "date",
    "alert": "raised",
    "alert_step": "at",
    "referral": "sent",
}
"""The field of each type that says when it was."""


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing in a person's life with the station. `at` in milliseconds since 1970."""

    at: int
    kind: TimelineKind
    record: Record


class PersonLine(msgspec.Struct, frozen=True):
    """A person in a list. `level` is the gravest of their alerts that are not closed, None where there is none."""

    person: Kept[Person]
    level: Level | None


class Listing(msgspec.Struct, frozen=True):
    """The first lines of a list, and how many there are in all: None where there are more than were looked for."""

    lines: list[PersonLine]
    total: int | None


class Applied(msgspec.Struct, frozen=True):
    """What taking a roster in did, in people; `groups` are those that were new."""

    added: int
    updated: int
    unchanged: int
    left_out: int
    groups: tuple[str, ...]


class People:
    """People and groups of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    # ---- finding ----

    def find(self, text: str, limit: int = 50) -> list[Kept[Person]]:
        """People by characters, pinyin, initials or digits; nobody where the text asks for nothing."""
        match = query_terms(text)
        return [typed(record, Person) for record in self._archive.search("person", match, limit)] if match else []

    def get(self, person: bytes) -> Kept[Person]:
        """One person. Raises Problem where there is none of this id."""
        record = self._archive.get("person", person)
        if record is None:
            raise Problem("archive.no_such_person")
        return typed(record, Person)

    def numbered(self, number: str) -> Kept[Person] | None:
        """Who has this identity number or student number, or None."""
        for field in ("id_number", "student_number"):
            found = self._archive.find("person", {field: number.strip().upper()}, limit=1)
            if found:
                return typed(found[0], Person)
        return None

    def of_group(self, group: bytes) -> list[Kept[Person]]:
        """The people of a group, by student number, then as they came."""
        return [
            typed(record, Person) for record in self._archive.find("person", {"group": group}, order="student_number")
        ]

    def listing(self, text: str = "", group: bytes | None = None, limit: int = LISTED) -> Listing:
        """People of a group, or of all, who match `text`; without a text everybody, in the order of a class list."""
        where = {"group": group} if group else {}
        total: int | None
        if text.strip():
            match = query_terms(text)
            # The index knows no groups: within one, whoever matches is looked at.
            found = self._archive.search("person", match, -1 if group else limit + 1) if match else []
            records = [record for record in found if group is None or record.fields.get("group") == group]
            total = len(records) if group or len(records) <= limit else None
        else:
            records = self._archive.find("person", where, order="student_number" if group else "", limit=limit)
            total = self._archive.tally("person", where=where)[()]
        shown = records[:limit]
        levels = self._levels([record.id for record in shown])
        return Listing([PersonLine(typed(record, Person), levels.get(record.id)) for record in shown], total)

    def _levels(self, people: Sequence[bytes]) -> dict[bytes, Level]:
        """The gravest level of the alerts that are not closed, for those who have one."""
        levels: dict[bytes, Level] = {}
        if not self._archive.may_read("alert"):
            return levels
        for record in self._archive.find("alert", {"status": STANDING, "person": people}):
            level, known = record.fields["level"], levels.get(record.person or b"")
            if record.person and (known is None or LEVELS.index(level) > LEVELS.index(known)):
                levels[record.person] = level
        return levels

    def namesakes(self, name: str) -> list[Kept[Person]]:
        """Everybody of exactly this normalised name."""
        return [typed(record, Person) for record in self._archive.find("person", {"name": name})]

    def count(self) -> int:
        """How many people the archive holds."""
        return self._archive.tally("person")[()]

    # ---- groups ----

    def groups(self) -> list[Kept[Group]]:
        """All groups, as they came."""
        return [typed(record, Group) for record in self._archive.find("group")]

    def group_sizes(self) -> dict[bytes, int]:
        """How many people each group has."""
        return {key[0]: count for key, count in self._archive.tally("person", ("group",)).items() if key[0]}

    def group_named(self, name: str) -> Kept[Group]:
        """The group of this name. Raises Problem that names what there is."""
        found = self._archive.find("group", {"name": name.strip()}, limit=1)
        if not found:
            names = "、".join(group.fields.name for group in self.groups()[:20])
            raise Problem("people.no_such_group", name=name, groups=names or "—")
        return typed(found[0], Group)

    # ---- one person ----

    def timeline(self, person: bytes) -> list[TimelineEntry]:
        """Everything about a person, the newest first.

        Records are given as they are: one that a newer version made may have a form that this version cannot read.
        """
        entries = [
            TimelineEntry(_moment(kind, record), kind, record)
            for kind in _MOMENTS
            if self._archive.may_read(kind)
            for record in self._archive.find(kind, {"person": person})
        ]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    def unknown_records(self, person: bytes) -> int:
        """How many records about a person are of types that only a newer version of the program knows."""
        return self._archive.tally(OTHER, where={"person": person})[()] if self._archive.may_read(OTHER) else 0

    def authors(self, records: Iterable[bytes]) -> dict[bytes, str]:
        """The names of the users who made these records, as far as their names have arrived here."""
        names = {record.id: str(record.fields["name"]) for record in self._archive.find("user")}
        histories = {record: self._archive.history(record) for record in records}
        return {
            record: names[changes[0].actor]
            for record, changes in histories.items()
            if changes and changes[0].actor in names
        }

    def described(self, person: Kept[Person]) -> PersonFields:
        """A person as a form asks about them."""
        group = self._archive.get("group", person.fields.group) if person.fields.group else None
        return _listed(person.fields, {group.id: group.fields["name"]} if group else {})

    def add(self, fields: PersonFields) -> bytes:
        """Save a new person, and their group where it is new; returns the person's id.

        Raises:
            Problem: somebody else has the identity number or the student number.
        """
        self._refuse_taken(fields, None)
        record = self._archive.new_id()
        groups = self._group_ids()
        drafts, _ = self._group_drafts([fields], groups)
        drafts.append(Draft.new("person", record, _stored(fields, groups), person=record))
        self._archive.save(drafts)
        return record

    def change(self, person: Kept[Person], fields: PersonFields) -> None:
        """Save what `fields` say otherwise than `person`, as it was seen; what they leave out is taken away.

        A field that was set in two places at once is saved even where it stays as it is shown: that settles it.

        Raises:
            Problem: somebody else has the identity number or the student number, or the records may only be read.
        """
        refuse_restricted(self._archive, [person.id])
        self._refuse_taken(fields, person)
        groups = self._group_ids()
        drafts, _ = self._group_drafts([fields], groups)
        stored, before = _stored(fields, groups), person.record
        changed = {
            name: stored.get(name)
            for name in _FORM_FIELDS
            if stored.get(name) != before.fields.get(name) or name in before.conflicts
        }
        if changed:
            self._archive.save([*drafts, Draft.edit(before, changed)])

    def _refuse_taken(self, fields: PersonFields, person: Kept[Person] | None) -> None:
        """Raise Problem where a number that `person` does not have already is somebody else's."""
        numbers = {"id_number": fields.id_number, "student_number": identifying_student_number(fields)}
        for field, number in numbers.items():
            if not number or (person and getattr(person.fields, field) == number):
                continue
            # Whoever may not see numbers must not give one away twice either.
            for record in self._archive.whole.find("person", {field: number}, limit=1):
                raise Problem(f"people.{field}_taken", name=record.fields["name"])

    # ---- rosters ----

    def known(self) -> KnownPeople:
        """Everybody in the archive, as a roster is compared with them."""
        return KnownPeople(self._archive)

    def plan(self, file: Path, *, group: str | None, today: dt.date) -> RosterPlan:
        """Read a roster and say what taking it in would do. Raises Problem where it is not a roster at all."""
        plan = plan_roster(read_sheets(file), known=self.known(), group=group, today=today)
        fixed = restricted(self._archive, {row.known for row in plan.rows if row.known})
        return msgspec.structs.replace(plan, rows=[_refused(row) if row.known in fixed else row for row in plan.rows])

    def apply(self, plan: RosterPlan, *, doubtful: Iterable[int] = ()) -> Applied:
        """Take the rows of a plan in, in one step.

        Args:
            plan: from `app.people.roster.plan_roster`.
            doubtful: positions in `plan.rows` of doubtful rows that a person decided to take as well.
        """
        chosen = set(doubtful)
        rows = [
            row
            for position, row in enumerate(plan.rows)
            if row.fate == "taken" or (row.fate == "doubtful" and position in chosen and row.person)
        ]
        groups = self._group_ids()
        drafts, fresh = self._group_drafts([row.person for row in rows if row.person], groups)
        counts = {"new": 0, "update": 0, "same": 0}
        for row in rows:
            counts[row.action] += 1
            draft = self._person_draft(row, groups)
            if draft:
                drafts.append(draft)
        self._archive.save(drafts)
        left_out = len(plan.rows) - len(rows)
        return Applied(counts["new"], counts["update"], counts["same"], left_out, tuple(fresh))

    def _group_ids(self) -> dict[str, bytes]:
        return {group.fields.name: group.id for group in self.groups()}

    def _group_drafts(self, people: Iterable[PersonFields], groups: dict[str, bytes]) -> tuple[list[Draft], list[str]]:
        """Drafts for groups that are new, and their names; adds them to `groups`."""
        drafts = []
        fresh = []
        for person in people:
            name = person.group_name
            if not name or name in groups:
                continue
            groups[name] = self._archive.new_id()
            drafts.append(Draft.new("group", groups[name], plain(Group(name, person.grade))))
            fresh.append(name)
        return drafts, fresh

    def _person_draft(self, row: RosterRow, groups: dict[str, bytes]) -> Draft | None:
        if row.person is None or row.action == "same":
            return None
        fields = _stored(row.person, groups)
        if row.known is None:
            record = self._archive.new_id()
            return Draft.new("person", record, fields, person=record)
        current = self.get(row.known).record
        changed = {name: value for name, value in fields.items() if current.fields.get(name) != value}
        return Draft.edit(current, changed) if changed else None


class KnownPeople:
    """The people of an archive, for `app.people.roster.plan_roster`; read once, then looked up in memory."""

    def __init__(self, archive: Archive) -> None:
        names = {record.id: record.fields["name"] for record in archive.find("group")}
        self._by_id_number: dict[str, KnownPerson] = {}
        self._by_student_number: dict[str, KnownPerson] = {}
        self._by_name: dict[str, list[KnownPerson]] = {}
        for record in archive.find("person"):
            person = KnownPerson(record.id, _listed(typed(record, Person).fields, names))
            self._by_name.setdefault(person.fields.name, []).append(person)
            if person.fields.id_number:
                self._by_id_number.setdefault(person.fields.id_number, person)
            if person.fields.student_number:
                self._by_student_number.setdefault(person.fields.student_number, person)

    def by_id_number(self, number: str) -> KnownPerson | None:
        """Who has this number."""
        return self._by_id_number.get(number)

    def by_student_number(self, number: str) -> KnownPerson | None:
        """Who has this student number."""
        return self._by_student_number.get(number)

    def by_name(self, name: str) -> Sequence[KnownPerson]:
        """Everybody of this name."""
        return self._by_name.get(name, [])


def _refused(row: RosterRow) -> RosterRow:
    """A row about somebody whose records may only be read."""
    reason = Reason("rights.row_restricted", "refusal")
    return msgspec.structs.replace(row, fate="refused", reasons=[*row.reasons, reason])


_FORM_FIELDS = tuple(name for name in Person.__struct_fields__ if name != "flags")
"""Fields of a person that a list or a form says something about."""


def _listed(person: Person, groups: dict[bytes, str]) -> PersonFields:
    """A stored person as a list would describe them."""
    content = {name: getattr(person, name) for name in person.__struct_fields__ if name not in {"group", "flags"}}
    return PersonFields(**content, group_name=groups.get(person.group) if person.group else None)


def _stored(person: PersonFields, groups: dict[str, bytes]) -> dict[str, object]:
    """A listed person as the archive keeps them."""
    content = {name: getattr(person, name) for name in person.__struct_fields__ if name not in {"group_name", "grade"}}
    return plain(Person(**content, group=groups[person.group_name] if person.group_name else None))


def _moment(kind: TimelineKind, record: Record) -> int:
    """When something was, 0 where this version cannot read it."""
    said = record.fields.get(_MOMENTS[kind])
    if isinstance(said, int):
        return said
    try:
        return _beginning(said) if isinstance(said, str) else 0
    except ValueError:
        return 0


def _beginning(date: str) -> int:
    """When an ISO day begins here: of answers only the day is known, and whatever they led to came after them."""
    return int(dt.datetime.combine(dt.date.fromisoformat(date), dt.time()).astimezone().timestamp() * 1000)
