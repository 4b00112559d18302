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
from app.people.search_terms import query_terms
from app.records import Alert, AlertStep, Group, Kept, Person, Screening, User, plain, typed
from app.spreadsheets import read_sheets
from storage.archive import Archive
from storage.records import Draft, Record

TimelineKind = Literal["screening", "alert", "alert_step", "person"]


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing in a person's life with the station. `at` in milliseconds since 1970."""

    at: int
    kind: TimelineKind
    record: Record


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
        """Everything about a person, the newest first."""
        entries = [
            *(
                TimelineEntry(_noon(typed(record, Screening).fields.date), "screening", record)
                for record in self._archive.find("screening", {"person": person})
            ),
            *(
                TimelineEntry(typed(record, Alert).fields.raised, "alert", record)
                for record in self._archive.find("alert", {"person": person})
            ),
            *(
                TimelineEntry(typed(record, AlertStep).fields.at, "alert_step", record)
                for record in self._archive.find("alert_step", {"person": person})
            ),
        ]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    # ---- rosters ----

    def known(self) -> KnownPeople:
        """Everybody in the archive, as a roster is compared with them."""
        return KnownPeople(self._archive)

    def plan(self, file: Path, *, group: str | None, today: dt.date) -> RosterPlan:
        """Read a roster and say what taking it in would do. Raises Problem where it is not a roster at all."""
        return plan_roster(read_sheets(file), known=self.known(), group=group, today=today)

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
        groups = {group.fields.name: group.id for group in self.groups()}
        drafts, fresh = self._group_drafts(rows, groups)
        counts = {"new": 0, "update": 0, "same": 0}
        for row in rows:
            counts[row.action] += 1
            draft = self._person_draft(row, groups)
            if draft:
                drafts.append(draft)
        self._archive.save(drafts)
        left_out = len(plan.rows) - len(rows)
        return Applied(counts["new"], counts["update"], counts["same"], left_out, tuple(fresh))

    def _group_drafts(self, rows: Sequence[RosterRow], groups: dict[str, bytes]) -> tuple[list[Draft], list[str]]:
        """Drafts for groups that are new; adds them to `groups`."""
        drafts = []
        fresh = []
        for row in rows:
            if row.person is None or not row.person.group_name or row.person.group_name in groups:
                continue
            name = row.person.group_name
            groups[name] = self._archive.new_id()
            drafts.append(Draft.new("group", groups[name], plain(Group(name, row.person.grade))))
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


def register_user(archive: Archive, name: str) -> None:
    """Write down who the first user of a new archive is, so that others can read who did what."""
    archive.save([Draft.new("user", archive.user, plain(User(name)))])


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


def _listed(person: Person, groups: dict[bytes, str]) -> PersonFields:
    """A stored person as a list would describe them."""
    content = {name: getattr(person, name) for name in person.__struct_fields__ if name not in {"group", "flags"}}
    return PersonFields(**content, group_name=groups.get(person.group) if person.group else None)


def _stored(person: PersonFields, groups: dict[str, bytes]) -> dict[str, object]:
    """A listed person as the archive keeps them."""
    content = {name: getattr(person, name) for name in person.__struct_fields__ if name not in {"group_name", "grade"}}
    return plain(Person(**content, group=groups[person.group_name] if person.group_name else None))


def _noon(date: str) -> int:
    """An ISO day as a moment, so that it sorts among moments."""
    return int(dt.datetime.combine(dt.date.fromisoformat(date), dt.time(12), dt.UTC).timestamp() * 1000)
