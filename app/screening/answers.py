"""What importing a file of answers would do, line by line, before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.quick import is_critical
from app.people.names import NameFault, normalise_name
from app.people.roster import Fate, KnownPeople, KnownPerson
from app.people.roster_rows import Reason
from app.people.values import is_blank, read_birth_date, read_grade, read_group, read_number
from app.screening.answer_cells import BLANK, AnswerCells, can_stand_in_a_cell
from app.screening.answer_columns import AnswerColumns, find_answer_columns
from app.spreadsheets import Cell, Sheet, cell_text

ENOUGH_FOR_DOUBT = 5
"""So many forms without a single lowest answer are more likely coded from 1 than filled in that way."""


class AnswerRow(msgspec.Struct, frozen=True):
    """What becomes of a line.

    Attributes:
        sheet: name of its sheet.
        line: its number, as a spreadsheet program shows it.
        fate: ``taken``; ``doubtful``, to be taken only if a person says so; ``refused``.
        name: as written in the line.
        person: the person in the archive whose answers these are.
        date: the day of the answers.
        answers: item → answer; empty where the line is refused for them.
        reasons: what was noticed; taken lines can have notes.
    """

    sheet: str
    line: int
    fate: Fate
    name: str
    person: bytes | None
    date: date
    answers: dict[str, Any]
    reasons: list[Reason]


class AnswerPlan(msgspec.Struct, frozen=True):
    """What importing a file would do: every line that is not blank, in the order of the file."""

    instrument: str
    rows: list[AnswerRow]


class Day(msgspec.Struct, frozen=True):
    """The day of answers whose line does not say it, and the present day: no answers are later."""

    default: date
    today: date


def touches_critical(row: AnswerRow, definition: Definition) -> bool:
    """Whether an answer in a line calls for a person, be the line saved or not."""
    return any(reason.key == "answers.critical_in_refused_line" for reason in row.reasons) or any(
        is_critical(rule, row.answers) for rule in definition.critical
    )


def plan_answers(sheets: Sequence[Sheet], definition: Definition, *, known: KnownPeople, day: Day) -> AnswerPlan:
    """Decide about every line of `sheets`.

    Doubles within the file are refused here; whether somebody has answered before is for the archive to say.

    Raises:
        Problem: no sheet with people and items, or answers that are coded 1 to n where the instrument counts from 0.
    """
    rows: list[AnswerRow] = []
    problems: list[Problem] = []
    found = 0
    for sheet in sheets:
        try:
            columns = find_answer_columns(sheet, definition)
        except Problem as problem:
            problems.append(problem)
            continue
        found += 1
        reader = _Reader(definition, columns, known, day)
        _refuse_other_coding(sheet, definition, columns)
        rows += [row for index in range(columns.first_row, len(sheet.rows)) if (row := reader.row(sheet, index))]
    if not found:
        raise problems[0]
    return AnswerPlan(definition.id, refuse_doubles(_doubt_other_coding(rows, definition)))


class _Reader:
    """Reads the lines of one sheet."""

    def __init__(self, definition: Definition, columns: AnswerColumns, known: KnownPeople, day: Day) -> None:
        self._definition = definition
        self._columns = columns
        self._known = known
        self._day = day
        self._cells = {
            item.id: AnswerCells(item, definition, day.today) for item in definition.items if can_stand_in_a_cell(item)
        }

    def row(self, sheet: Sheet, index: int) -> AnswerRow | None:
        """What becomes of a line; None for a blank one."""
        cells = sheet.rows[index]
        if all(is_blank(cell_text(cell)) for cell in cells):
            return None
        reasons: list[Reason] = []
        answers = self._answers(cells, reasons)
        person = self._person(cells, reasons)
        answered = self._date(cells, reasons)
        weights = {reason.weight for reason in reasons}
        if "refusal" in weights:
            reasons += self._overlooked(cells)
        return AnswerRow(
            sheet=sheet.name,
            line=sheet.line(index),
            fate="refused" if "refusal" in weights else "doubtful" if "doubt" in weights else "taken",
            name=self._text(cells, "name"),
            person=person.id if person else None,
            date=answered,
            answers=answers,
            reasons=reasons,
        )

    def _cell(self, cells: Sequence[Cell], column: int | None) -> Cell:
        return cells[column] if column is not None and column < len(cells) else ""

    def _text(self, cells: Sequence[Cell], field: str) -> str:
        return cell_text(self._cell(cells, self._columns.who.get(field)))

    # ---- answers ----

    def _answers(self, cells: Sequence[Cell], reasons: list[Reason]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for item, column in self._columns.items.items():
            cell = self._cell(cells, column)
            value = self._cells[item].value(cell)
            if value is BLANK:
                continue
            if value is None:
                reasons.append(Reason("answers.not_an_option", "refusal", {"item": item, "value": cell_text(cell)}))
            else:
                answers[item] = value
        required = [item.id for item in self._definition.items if item.required]
        blank = [item for item in required if item not in answers]
        if not answers:
            reasons.append(Reason("answers.none", "refusal"))
        elif blank and not reasons:
            reasons.append(Reason("answers.unfinished", "note", {"count": len(blank), "items": "、".join(blank)}))
        return answers

    def _overlooked(self, cells: Sequence[Cell]) -> list[Reason]:
        """A refused line must not bury a critical answer: it is named, so that somebody asks."""
        critical = []
        for rule in self._definition.critical:
            for item in rule.items:
                cell = self._cell(cells, self._columns.items.get(item))
                value = self._cells[item].value(cell)
                if value is not BLANK and is_critical(rule, {item: value}):
                    critical.append(Reason("answers.critical_in_refused_line", "refusal", {"item": item}))
        return critical

    # ---- who and when ----

    def _person(self, cells: Sequence[Cell], reasons: list[Reason]) -> KnownPerson | None:
        name = self._name(cells)
        found = self._by_number(cells, reasons)
        if found is None and not any(reason.key == "answers.nobody_numbered" for reason in reasons):
            found = self._by_name(name, self._group(cells), reasons)
        elif found is not None and name and found.fields.name != name:
            reasons.append(Reason("answers.other_name", "refusal", {"name": found.fields.name}))
            return None
        return found

    def _name(self, cells: Sequence[Cell]) -> str:
        text = self._text(cells, "name")
        try:
            return normalise_name(text) if text else ""
        except NameFault:
            return text

    def _group(self, cells: Sequence[Cell]) -> str | None:
        return read_group(self._text(cells, "group_name"), read_grade(self._text(cells, "grade")))

    def _by_number(self, cells: Sequence[Cell], reasons: list[Reason]) -> KnownPerson | None:
        """The person with the numbers of the line; a number that nobody has is a reason to refuse."""
        id_number = read_number(self._text(cells, "id_number"))
        student_number = read_number(self._text(cells, "student_number"))
        found = [
            person
            for person in (
                self._known.by_id_number(id_number) if id_number else None,
                self._known.by_student_number(student_number) if student_number else None,
            )
            if person
        ]
        if len({person.id for person in found}) > 1:
            reasons.append(Reason("answers.numbers_disagree", "refusal"))
            return None
        if not found and (id_number or (student_number and "name" not in self._columns.who)):
            reasons.append(Reason("answers.nobody_numbered", "refusal"))
        return found[0] if found else None

    def _by_name(self, name: str, group: str | None, reasons: list[Reason]) -> KnownPerson | None:
        if any(reason.key == "answers.numbers_disagree" for reason in reasons):
            return None
        if not name:
            reasons.append(Reason("answers.no_person", "refusal"))
            return None
        found = [person for person in self._known.by_name(name) if group is None or person.fields.group_name == group]
        if len(found) == 1:
            return found[0]
        if found:
            reasons.append(Reason("answers.several_of_this_name", "refusal", {"count": len(found)}))
        elif group and self._known.by_name(name):
            reasons.append(Reason("answers.not_in_this_group", "refusal", {"group": group}))
        else:
            reasons.append(Reason("answers.nobody", "refusal"))
        return None

    def _date(self, cells: Sequence[Cell], reasons: list[Reason]) -> date:
        text = cell_text(self._cell(cells, self._columns.date))
        try:
            day = read_birth_date(text, self._day.today)
            return date.fromisoformat(day) if day else self._day.default
        except ValueError:
            reasons.append(Reason("answers.wrong_date", "refusal", {"value": text}))
            return self._day.default


# ---- the file as a whole ----


def _refuse_other_coding(sheet: Sheet, definition: Definition, columns: AnswerColumns) -> None:
    """Refuse a sheet in which answers run from 1 to n + 1 instead of from 0 to n: every score would be wrong."""
    for item in definition.items:
        values = {option.value for option in definition.options(item)} if isinstance(item, Choice) else set()
        if item.id not in columns.items or min(values, default=1) != 0:
            continue
        column = columns.items[item.id]
        # With their types, because True equals 1.
        cells = {(type(row[column]), row[column]) for row in sheet.rows[columns.first_row :] if column < len(row)}
        texts = {cell_text(cell, as_half_width=True) for _, cell in cells}
        if str(max(values) + 1) in texts and not _zero_anywhere(sheet, columns):
            raise Problem("answers.coded_from_one", sheet=sheet.name, low=0, high=max(values))


def _zero_anywhere(sheet: Sheet, columns: AnswerColumns) -> bool:
    return any(
        cell_text(row[column], as_half_width=True) == "0"
        for row in sheet.rows[columns.first_row :]
        for column in columns.items.values()
        if column < len(row)
    )


def _doubt_other_coding(rows: list[AnswerRow], definition: Definition) -> list[AnswerRow]:
    """Doubt all lines where, in many forms, nobody ever gave the lowest answer 0."""
    answered = [row for row in rows if row.answers]
    lowest = min((option.value for options in definition.option_sets.values() for option in options), default=1)
    if lowest != 0 or len(answered) < ENOUGH_FOR_DOUBT or any(0 in row.answers.values() for row in answered):
        return rows
    doubt = Reason("answers.no_zero", "doubt", {"count": len(answered)})
    return [
        msgspec.structs.replace(row, fate="doubtful", reasons=[*row.reasons, doubt]) if row.fate == "taken" else row
        for row in rows
    ]


def refuse_doubles(rows: list[AnswerRow]) -> list[AnswerRow]:
    """Refuse the second form of a person on one day; the first one stands."""
    first: dict[tuple[bytes, date], AnswerRow] = {}
    kept = []
    for row in rows:
        earlier = first.setdefault((row.person, row.date), row) if row.person and row.fate != "refused" else row
        if earlier is row:
            kept.append(row)
            continue
        reason = Reason("answers.double", "refusal", {"sheet": earlier.sheet, "line": earlier.line})
        kept.append(msgspec.structs.replace(row, fate="refused", reasons=[*row.reasons, reason]))
    return kept
