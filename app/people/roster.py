"""What putting a list of people into the archive would do, line by line, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, Protocol

import msgspec

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.headers import Columns, find_columns
from app.people.roster_rows import Line, Reason, identifying_student_number, read_lines
from app.spreadsheets import Sheet

Fate = Literal["taken", "doubtful", "refused"]
Action = Literal["new", "update", "same"]

# These do not change in a life, or change by an office's decision: a list does not change them by itself.
_LASTING_FIELDS = ("id_number", "birth_date", "sex")
# The grade is that of the class and follows from it.
_COMPARED_FIELDS = tuple(field for field in PersonFields.__struct_fields__ if field != "grade")


class KnownPerson(msgspec.Struct, frozen=True):
    """A person in the archive."""

    id: bytes
    fields: PersonFields


class KnownPeople(Protocol):
    """Who is in the archive already."""

    def by_id_number(self, number: str) -> KnownPerson | None:
        """The person with this number of an identity document."""

    def by_student_number(self, number: str) -> KnownPerson | None:
        """The person with this student number."""

    def by_name(self, name: str) -> Sequence[KnownPerson]:
        """Everybody of exactly this normalised name."""


class Difference(msgspec.Struct, frozen=True):
    """What a field of a known person is, and what it would be."""

    before: str | None
    after: str


class RosterRow(msgspec.Struct, frozen=True):
    """What becomes of a line.

    Attributes:
        sheet: name of its sheet.
        line: its number, as a spreadsheet program shows it.
        fate: ``taken``; ``doubtful``, to be taken only if a person says so; ``refused``.
        action: what taking it does: make a ``new`` person, ``update`` a known one, or nothing, because they are the
            ``same``.
        person: who is in it; None if nobody could be read. A number that is not valid is not among the fields.
        known: the person in the archive whom it is about, if there is one and only one.
        differences: of a known person, by field, without the grade. What the line leaves blank is never among them.
        reasons: what was noticed; taken lines can have notes.
    """

    sheet: str
    line: int
    fate: Fate
    action: Action
    person: PersonFields | None
    known: bytes | None
    differences: dict[str, Difference]
    reasons: list[Reason]


class Counts(msgspec.Struct, frozen=True):
    """How many lines have which fate; the taken ones by action."""

    new: int
    update: int
    same: int
    doubtful: int
    refused: int


class RosterPlan(msgspec.Struct, frozen=True):
    """What putting a file into the archive would do.

    Attributes:
        rows: every line that is not blank, in the order of the file.
        columns: by name of the sheet, what its columns were taken for.
        skipped_sheets: names of sheets without a column of names, in which nothing was read.
    """

    rows: list[RosterRow]
    columns: dict[str, Columns]
    skipped_sheets: list[str]

    @property
    def counts(self) -> Counts:
        """How many lines have which fate."""
        taken = [row.action for row in self.rows if row.fate == "taken"]
        fates = [row.fate for row in self.rows]
        return Counts(
            new=taken.count("new"),
            update=taken.count("update"),
            same=taken.count("same"),
            doubtful=fates.count("doubtful"),
            refused=fates.count("refused"),
        )


def plan_roster(sheets: Sequence[Sheet], *, known: KnownPeople, group: str | None, today: date) -> RosterPlan:
    """Decide about every line of `sheets`.

    A line is taken if its person is named and told from others by a number or a class, and nothing speaks against it.

    Args:
        sheets: of one file.
        known: who is in the archive.
        group: the class of lines that name none.
        today: no date of birth is later.

    Raises:
        Problem: ``roster.no_name_column`` if no sheet has a column of names; ``roster.two_name_columns``.
    """
    columns: dict[str, Columns] = {}
    lines: list[Line] = []
    skipped: list[Problem] = []
    for sheet in sheets:
        try:
            columns[sheet.name] = find_columns(sheet)
        except Problem as problem:
            if problem.key != "roster.no_name_column":
                raise
            skipped.append(problem)
            continue
        lines += read_lines(sheet, columns[sheet.name], group=group, today=today)
    if skipped and not columns:
        raise skipped[0]
    _refuse_repetitions(lines)
    _doubt_namesakes(lines)
    rows = [_decide(line, known) for line in lines]
    return RosterPlan(rows, columns, [sheet.name for sheet in sheets if sheet.name not in columns])


def _refuse_repetitions(lines: Iterable[Line]) -> None:
    """Refuse every line that says again what an earlier one said, or gives its identity number to somebody else."""
    contents: dict[tuple[str, tuple[str, ...]], Line] = {}
    numbers: dict[tuple[str, str], Line] = {}
    for line in lines:
        if line.person is None:
            continue
        earlier = contents.setdefault((line.sheet, line.content), line)
        if earlier is not line:
            line.reasons.append(_about(earlier, "roster.repeated_line", "refusal"))
            continue
        for kind, number in (("id", line.person.id_number), ("student", identifying_student_number(line.person))):
            earlier = numbers.setdefault((kind, number), line) if number else line
            if earlier is line or earlier.person is None:
                continue
            if earlier.person.name == line.person.name:
                line.reasons.append(_about(earlier, "roster.repeated_person", "refusal"))
                break
            if kind == "id":
                line.reasons.append(_about(earlier, "roster.number_taken", "refusal"))
            else:
                line.reasons.append(_about(earlier, "roster.student_number_taken", "doubt"))


def _doubt_namesakes(lines: Iterable[Line]) -> None:
    """Doubt lines of one name in one class that nothing tells apart; not the one that has a number, if only one has."""
    namesakes: dict[tuple[str, str | None], list[Line]] = {}
    for line in lines:
        if line.person and not any(reason.weight == "refusal" for reason in line.reasons):
            namesakes.setdefault((line.person.name, line.person.group_name), []).append(line)
    for same in namesakes.values():
        for line in same:
            if line.person is None or line.person.id_number or identifying_student_number(line.person):
                continue
            for other in same:
                if other is not line and other.person and _could_be_one(line.person, other.person):
                    line.reasons.append(_about(other, "roster.namesake_in_file", "doubt"))
                    break


def _about(other: Line, key: str, weight: Literal["doubt", "refusal"]) -> Reason:
    return Reason(key, weight, {"sheet": other.sheet, "line": other.number})


def _could_be_one(one: PersonFields, other: PersonFields) -> bool:
    """Whether two of one name could be one person: nothing that lasts is known of both and differs."""
    numbers = (identifying_student_number(one), identifying_student_number(other))
    return not _contradicts(one, other) and (None in numbers or numbers[0] == numbers[1])


def _contradicts(one: PersonFields, other: PersonFields) -> bool:
    """Whether something lasting differs; another student number is another school, not another person."""
    pairs = [(_lasting(one, field), _lasting(other, field)) for field in _LASTING_FIELDS]
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def _lasting(person: PersonFields, field: str) -> str | None:
    value: str | None = getattr(person, field)
    return None if value == "unknown" else value


def _decide(line: Line, known: KnownPeople) -> RosterRow:
    reasons = line.reasons
    found: KnownPerson | None = None
    weights = {reason.weight for reason in reasons}
    if line.person is not None and "refusal" not in weights:
        found = _recognise(line.person, known, reasons)
        if found is None and not line.person.group_name:
            _note_missing_group(reasons)
        weights = {reason.weight for reason in reasons}
    differences = _differences(line.person, found.fields) if line.person and found else {}
    return RosterRow(
        sheet=line.sheet,
        line=line.number,
        fate="refused" if "refusal" in weights else "doubtful" if "doubt" in weights else "taken",
        action="new" if found is None else "update" if differences else "same",
        person=line.person,
        known=found.id if found else None,
        differences=differences,
        reasons=reasons,
    )


def _note_missing_group(reasons: list[Reason]) -> None:
    if not any(reason.key == "roster.no_group" for reason in reasons):
        reasons.append(Reason("roster.without_group", "note"))


def _recognise(person: PersonFields, known: KnownPeople, reasons: list[Reason]) -> KnownPerson | None:
    """The known person whom `person` is, by a number or, doubtfully, by the name alone."""
    student_number = identifying_student_number(person)
    by_id = known.by_id_number(person.id_number) if person.id_number else None
    by_student_number = known.by_student_number(student_number) if student_number else None
    if by_id and by_student_number and by_id.id != by_student_number.id:
        reasons.append(Reason("roster.two_known_people", "doubt"))
    found = by_id or by_student_number
    if found is not None:
        if found.fields.name != person.name:
            reasons.append(Reason("roster.known_by_another_name", "doubt", {"name": found.fields.name}))
        elif _contradicts(person, found.fields):
            reasons.append(Reason("roster.contradicts_known", "doubt"))
        return found
    same_name = [one for one in known.by_name(person.name) if _could_be_one(person, one.fields)]
    if same_name:
        reasons.append(Reason("roster.known_by_name", "doubt", {"count": len(same_name)}))
    return same_name[0] if len(same_name) == 1 else None


def _differences(person: PersonFields, known: PersonFields) -> dict[str, Difference]:
    differences = {}
    for field in _COMPARED_FIELDS:
        before, after = getattr(known, field), getattr(person, field)
        is_silent = after is None or (before and after in {"unknown", "none"})
        if not is_silent and before != after:
            differences[field] = Difference(before, after)
    return differences
