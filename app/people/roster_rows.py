"""One line of a list: the person in it, and what is doubtful about them. Nothing here looks at other lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Literal

import msgspec

from app.people.fields import IdType, PersonFields, Sex
from app.people.headers import Columns, field_of_heading, vocabulary
from app.people.identity import IdentityFault, ResidentId, parse_resident_id
from app.people.names import NameFault, name_doubts, normalise_name
from app.people.values import (
    Unreadable,
    grade_of_sheet,
    is_blank,
    is_listed_ethnicity,
    is_spoiled,
    looks_like_a_class,
    read_birth_date,
    read_ethnicity,
    read_grade,
    read_group,
    read_id_type,
    read_number,
    read_sex,
)
from app.spreadsheets import Cell, Sheet, cell_text, half_width

Weight = Literal["note", "doubt", "refusal"]

# A number of up to three digits is a place in a class list, and every class has one of them.
_SHORTEST_STUDENT_NUMBER = 4
_RESIDENT_NUMBER_LENGTH = 18


class Reason(msgspec.Struct, frozen=True):
    """What was noticed about a line.

    Attributes:
        key: of the sentence.
        weight: ``note`` says what was left out, ``doubt`` asks a person to decide, ``refusal`` ends it.
        values: for the gaps of the sentence.
    """

    key: str
    weight: Weight
    values: dict[str, object] = {}


class Line(msgspec.Struct):
    """A line that is not blank.

    Attributes:
        sheet: name of its sheet.
        number: that a spreadsheet program shows beside it.
        content: of its cells; equal for lines that are equal throughout.
        person: who is in it; None if it holds nobody.
        reasons: what was noticed.
    """

    sheet: str
    number: int
    content: tuple[str, ...]
    person: PersonFields | None
    reasons: list[Reason]


def identifying_student_number(person: PersonFields) -> str | None:
    """The student number of `person` if it tells them from all others, not only within their class."""
    number = person.student_number
    return number if number and len(number) >= _SHORTEST_STUDENT_NUMBER else None


def read_lines(sheet: Sheet, columns: Columns, *, group: str | None, today: date) -> list[Line]:
    """Every line of `sheet` below its heading, but for blank ones; those may hold a running number and a class.

    Args:
        sheet: its name may stand in for a missing class.
        columns: of the sheet.
        group: the class of lines that name none.
        today: no date of birth is later.
    """
    group = read_group(group or "", None)
    prepared = {columns.fields.get("group_name"), columns.fields.get("grade")}
    found = []
    for index in range(columns.first_row, len(sheet.rows)):
        cells = sheet.rows[index]
        texts = tuple(map(cell_text, cells))
        reader = _LineReader(cells, texts, columns.fields, sheet_name=sheet.name, group=group, today=today)
        if _is_closing(texts) or reader.is_heading():
            person, reasons = None, [Reason("roster.not_a_person", "refusal")]
        elif all(
            is_blank(text) or column in prepared or (column in columns.numbering and text.isdigit())
            for column, text in enumerate(texts)
        ):
            continue
        else:
            person, reasons = reader.person(), reader.reasons
        found.append(Line(sheet.name, sheet.line(index), texts, person, reasons))
    return found


def _is_closing(texts: Sequence[str]) -> bool:
    """Whether the line closes or explains a list (合计：45人)."""
    first = next(filter(None, texts), "")
    return _closing_line().match(half_width(first).lower().replace(" ", "")) is not None


@cache
def _closing_line() -> re.Pattern[str]:
    words = "|".join(map(re.escape, vocabulary().not_people))
    return re.compile(rf"(?:{words})(?:签字|签名|签章|盖章)?(?:$|[:0-9共(])")


class _LineReader:
    """Reads one line, and gathers in `reasons` what is noticed on the way."""

    def __init__(
        self,
        cells: Sequence[Cell],
        texts: Sequence[str],
        fields: Mapping[str, int],
        *,
        sheet_name: str,
        group: str | None,
        today: date,
    ) -> None:
        self.reasons: list[Reason] = []
        self._cells = cells
        self._texts = texts
        self._fields = fields
        self._sheet_name = sheet_name
        self._sheet_grade = grade_of_sheet(sheet_name)
        self._group = group
        self._today = today

    def is_heading(self) -> bool:
        """Whether the heading is repeated here, as on every page of a printed list."""
        return field_of_heading(self._text("name")) == "name"

    def _text(self, field: str) -> str:
        column = self._fields.get(field, len(self._texts))
        return self._texts[column] if column < len(self._texts) else ""

    def _plain(self, field: str) -> str | None:
        text = self._text(field)
        return None if is_blank(text) else text

    def _is_spoiled(self, field: str) -> bool:
        return bool(self._text(field)) and is_spoiled(self._cells[self._fields[field]])

    def _add(self, key: str, weight: Weight, **values: object) -> None:
        self.reasons.append(Reason(key, weight, values))

    def person(self) -> PersonFields | None:
        """Who is in the line, None if nobody could be read."""
        name = self._name()
        if name is None:
            return None
        id_type, id_number, resident = self._identity()
        grade = read_grade(self._text("grade")) or self._sheet_grade
        person = PersonFields(
            name=name,
            sex=self._sex(resident),
            birth_date=self._birth_date(resident),
            id_type=id_type,
            id_number=id_number,
            student_number=self._student_number(),
            group_name=self._group_name(grade),
            grade=grade,
            ethnicity=self._ethnicity(),
            phone=self._phone("phone"),
            guardian_name=self._plain("guardian_name"),
            guardian_phone=self._phone("guardian_phone"),
            address=self._plain("address"),
            household=read_number(self._text("household")),
        )
        if not (person.group_name or person.id_number or identifying_student_number(person)):
            self._add("roster.no_group", "doubt")
        return person

    def _name(self) -> str | None:
        text = self._plain("name")
        if text is None:
            self._add("roster.no_name", "refusal")
            return None
        try:
            name = normalise_name(text)
        except NameFault as fault:
            self._add(fault.key, "refusal", **fault.values)
            return None
        for key in name_doubts(name):
            self._add(key, "doubt")
        return name

    def _identity(self) -> tuple[IdType | None, str | None, ResidentId | None]:
        """Kind, number, and what a resident number says. A number that is not right is left out."""
        kind = read_id_type(self._text("id_type"))
        number = read_number(self._text("id_number"))
        if number is None:
            return ("none" if kind == "none" else None), None, None
        if self._is_spoiled("id_number"):
            self._add("identity.spoiled", "doubt")
            return None, None, None
        has_form = kind in {"hk_macau_taiwan", "foreign_permit"} and len(number) == _RESIDENT_NUMBER_LENGTH
        if kind in {"passport", "other", "hk_macau_taiwan", "foreign_permit"} and not has_form:
            return kind, number, None
        try:
            resident = parse_resident_id(number, today=self._today)
        except IdentityFault as fault:
            self._add(fault.key, "doubt", **fault.values)
            return None, None, None
        return (kind if has_form else "resident_id"), resident.number, resident

    def _sex(self, resident: ResidentId | None) -> Sex | None:
        try:
            sex = read_sex(self._text("sex"))
        except Unreadable:
            self._add("roster.sex_unreadable", "note", text=self._text("sex"))
            sex = None
        if resident is None:
            return sex
        if sex in {"male", "female"} and sex != resident.sex:
            self._add("roster.sex_contradicts", "doubt")
        return resident.sex

    def _birth_date(self, resident: ResidentId | None) -> str | None:
        try:
            birth_date = read_birth_date(self._text("birth_date"), self._today)
        except Unreadable:
            self._add("roster.birth_date_unreadable", "note", text=self._text("birth_date"))
            birth_date = None
        if resident is not None:
            from_number = resident.birth_date.isoformat()
            if birth_date and not from_number.startswith(birth_date):
                self._add("roster.birth_date_contradicts", "doubt", text=birth_date)
            return from_number
        if birth_date and len(birth_date) == len("2012-03"):
            self._add("roster.birth_date_without_day", "note", text=birth_date)
            return None
        return birth_date

    def _student_number(self) -> str | None:
        if self._is_spoiled("student_number"):
            self._add("roster.student_number_spoiled", "doubt")
            return None
        return read_number(self._text("student_number"))

    def _group_name(self, grade: str | None) -> str | None:
        group = read_group(self._text("group_name"), grade) or self._group
        if group is None and looks_like_a_class(self._sheet_name):
            group = read_group(self._sheet_name, grade)
            self._add("roster.group_from_sheet", "note", group=group or "")
        return group

    def _ethnicity(self) -> str | None:
        ethnicity = read_ethnicity(self._text("ethnicity"))
        if ethnicity and not is_listed_ethnicity(ethnicity):
            self._add("roster.ethnicity_unlisted", "note", text=ethnicity)
        return ethnicity

    def _phone(self, field: str) -> str | None:
        if self._is_spoiled(field):
            self._add("roster.phone_spoiled", "note")
            return None
        return read_number(self._text(field))
