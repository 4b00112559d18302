"""The two kinds of files that are taken in: lists of people, and answers to one instrument."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from app.errors import Problem
from app.instruments.definition import Definition
from app.people.headers import column_letter
from app.people.identity import mask
from app.people.roster import KnownPeople, RosterPlan, RosterRow, plan_roster
from app.people.roster_rows import Reason
from app.screening.answer_columns import find_answer_columns
from app.screening.answers import AnswerPlan, AnswerRow, Day, plan_answers, touches_critical
from app.spreadsheets import Sheet, read_sheets
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.fields import field_title, field_value
from ui.desktop.models.plan import PlanLine
from ui.desktop.tasks import Task
from ui.desktop.widgets.day_field import DayField

STEPS = 3
"""Reading the file, reading who is known, deciding about every line."""


class Prepared(msgspec.Struct, frozen=True):
    """A file as it would be taken in: the plan, its lines in words, and what was made of its columns."""

    plan: RosterPlan | AnswerPlan
    lines: list[PlanLine]
    columns: list[str]


class Done(msgspec.Struct, frozen=True):
    """What taking a file in did, in sentences; which lines were left out; how many alerts were raised."""

    sentences: list[str]
    left_out: list[PlanLine]
    alerts: int = 0


class ImportKind(Protocol):
    """What differs between the kinds of files."""

    name: str
    """Names the texts of the dialog: ``roster`` or ``answers``."""

    def options(self) -> list[tuple[str, QWidget]]:
        """What is asked before a file is read: titles and editors."""

    def reader(self) -> Callable[[Task, Path], Prepared | None]:
        """The reading of a file, aside, with the options as they are now; None where it was cancelled."""

    def applier(self, prepared: Prepared, chosen: set[int]) -> Callable[[Desk], Done]:
        """The taking in, with these positions of doubtful lines, on the archive's thread."""


class RosterKind:
    """Lists of people."""

    name = "roster"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._group = QLineEdit()
        self._group.setPlaceholderText(context.texts("desktop_people.default_group_hint"))

    def options(self) -> list[tuple[str, QWidget]]:
        """The class of lines that name none."""
        return [(self._context.texts("desktop_people.default_group"), self._group)]

    def reader(self) -> Callable[[Task, Path], Prepared | None]:
        """See `ImportKind`."""
        group = self._group.text().strip() or None

        def read(task: Task, file: Path) -> Prepared | None:
            gathered = _gather(self._context, task, file)
            if gathered is None:
                return None
            plan = plan_roster(gathered.sheets, known=gathered.known, group=group, today=today())
            return Prepared(plan, self._lines(plan), self._columns(plan))

        return read

    def applier(self, prepared: Prepared, chosen: set[int]) -> Callable[[Desk], Done]:
        """See `ImportKind`."""
        plan, texts = prepared.plan, self._context.texts
        assert isinstance(plan, RosterPlan)  # noqa: S101 -- made by this kind
        left_out = [line for line in prepared.lines if line.fate != "taken" and line.position not in chosen]

        def apply(desk: Desk) -> Done:
            done = desk.people.apply(plan, doubtful=chosen)
            sentences = [
                texts("desktop_people.roster_done", added=done.added, updated=done.updated, unchanged=done.unchanged)
            ]
            if done.groups:
                names = texts("desktop_people.list_comma").join(done.groups)
                sentences.append(texts("desktop_people.groups_made", groups=names))
            return Done(sentences, left_out)

        return apply

    def _lines(self, plan: RosterPlan) -> list[PlanLine]:
        return [self._line(position, row) for position, row in enumerate(plan.rows)]

    def _line(self, position: int, row: RosterRow) -> PlanLine:
        texts, person = self._context.texts, row.person
        about = (person.group_name, person.student_number or mask(person.id_number or "")) if person else ()
        reasons = reason_words(self._context, row.reasons)
        changes, unmasked = (
            tuple(
                texts(
                    "desktop_people.change",
                    field=field_title(self._context, field),
                    before=field_value(self._context, field, difference.before, {}, masked=masked),
                    after=field_value(self._context, field, difference.after, {}, masked=masked),
                )
                for field, difference in row.differences.items()
            )
            for masked in (True, False)
        )
        return PlanLine(
            position=position,
            sheet=row.sheet,
            line=row.line,
            fate=row.fate,
            name=person.name if person else "",
            about="　".join(part for part in about if part),
            effect="" if row.fate == "refused" else texts(f"desktop_people.effect_{row.action}"),
            reasons=reasons,
            changes=changes,
            details=(*reasons, *unmasked),
            is_change=row.action != "same",
        )

    def _columns(self, plan: RosterPlan) -> list[str]:
        """What each sheet's columns were taken for, and what was not read."""
        texts, comma = self._context.texts, self._context.texts("desktop_people.list_comma")
        sentences = []
        for sheet, columns in plan.columns.items():
            taken = (
                texts("desktop_people.column", field=field_title(self._context, field), letter=column_letter(column))
                for field, column in sorted(columns.fields.items(), key=lambda one: one[1])
            )
            sentences.append(texts("desktop_people.columns_taken", sheet=sheet, columns=comma.join(taken)))
            unused = [
                texts(f"desktop_people.unused_{one.reason}", heading=one.heading, letter=one.column)
                for one in columns.unused
            ]
            if unused:
                sentences.append(texts("desktop_people.columns_unused", columns=comma.join(unused)))
        if plan.skipped_sheets:
            sentences.append(texts("desktop_people.sheets_skipped", sheets=comma.join(plan.skipped_sheets)))
        return sentences


class AnswersKind:
    """Answers to one instrument."""

    name = "answers"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._instrument = QComboBox()
        for head in context.library.heads():
            if head.type == "instrument":
                self._instrument.addItem(f"{head.short_title}　{head.title[context.texts.language]}", head.id)
        self._date = DayField(context, today(), context.texts("desktop_people.default_date"))
        self._date.setMaximumDate(self._date.date())

    def options(self) -> list[tuple[str, QWidget]]:
        """The instrument, and the day of answers whose line does not say it."""
        texts = self._context.texts
        return [
            (texts("desktop_people.instrument"), self._instrument),
            (texts("desktop_people.default_date"), self._date),
        ]

    def reader(self) -> Callable[[Task, Path], Prepared | None]:
        """See `ImportKind`."""
        definition = self._context.library.get(self._instrument.currentData())
        day = Day(self._date.day, today())

        def read(task: Task, file: Path) -> Prepared | None:
            gathered = _gather(self._context, task, file)
            if gathered is None:
                return None
            planned = plan_answers(gathered.sheets, definition, known=gathered.known, day=day)
            plan, names = self._context.tasks.ask_archive(lambda desk: _checked(desk, planned))
            return Prepared(plan, self._lines(plan, names), self._columns(gathered.sheets, definition, day))

        return read

    def applier(self, prepared: Prepared, chosen: set[int]) -> Callable[[Desk], Done]:
        """See `ImportKind`."""
        plan, texts = prepared.plan, self._context.texts
        assert isinstance(plan, AnswerPlan)  # noqa: S101 -- made by this kind

        def apply(desk: Desk) -> Done:
            # Somebody's answers may have arrived while the plan was looked at.
            present, names = _checked(desk, plan)
            recorded = desk.screenings.apply(present, doubtful=chosen)
            alerts = sum(one.alert is not None for one in recorded)
            left_out = [
                line
                for line in self._lines(present, names)
                if line.fate == "refused" or (line.fate == "doubtful" and line.position not in chosen)
            ]
            sentences = [texts("desktop_people.answers_done", count=len(recorded))]
            if alerts:
                sentences.append(texts("desktop_people.alerts_raised", count=alerts))
            return Done(sentences, left_out, alerts)

        return apply

    def _lines(self, plan: AnswerPlan, names: dict[bytes, str]) -> list[PlanLine]:
        definition = self._context.library.get(plan.instrument)
        return [
            self._line(position, row, row.name or names.get(row.person or b"", ""), definition)
            for position, row in enumerate(plan.rows)
        ]

    def _line(self, position: int, row: AnswerRow, name: str, definition: Definition) -> PlanLine:
        texts = self._context.texts
        reasons = reason_words(self._context, row.reasons)
        is_critical = touches_critical(row, definition)
        if is_critical and row.fate == "doubtful":
            reasons = (*reasons, texts("desktop_people.critical_if_left_out"))
        answered = texts("desktop_people.answered_items", count=len(row.answers), total=len(definition.items))
        return PlanLine(
            position=position,
            sheet=row.sheet,
            line=row.line,
            fate=row.fate,
            name=name,
            about=row.date.isoformat(),
            effect="" if row.fate == "refused" else answered,
            reasons=reasons,
            details=reasons,
            is_critical=is_critical,
        )

    def _columns(self, sheets: Sequence[Sheet], definition: Definition, day: Day) -> list[str]:
        """How each sheet says who answered, which items it has, and where its dates come from."""
        texts, comma = self._context.texts, self._context.texts("desktop_people.list_comma")
        sentences = []
        skipped = []
        for sheet in sheets:
            try:
                columns = find_answer_columns(sheet, definition)
            except Problem:
                skipped.append(sheet.name)
                continue
            who = comma.join(field_title(self._context, field) for field in columns.who)
            items = texts("desktop_people.items_found", count=len(columns.items), total=len(definition.items))
            date = (
                texts("desktop_people.date_column", letter=column_letter(columns.date))
                if columns.date is not None
                else texts("desktop_people.no_date_column", date=day.default.isoformat())
            )
            sentences.append(texts("desktop_people.answer_columns", sheet=sheet.name, who=who, items=items, date=date))
        if skipped:
            sentences.append(texts("desktop_people.answer_sheets_skipped", sheets=comma.join(skipped)))
        return sentences


def reason_words(context: Context, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """What was noticed about a line, in sentences."""
    return tuple(context.texts(reason.key, **reason.values) for reason in reasons)


def _checked(desk: Desk, plan: AnswerPlan) -> tuple[AnswerPlan, dict[bytes, str]]:
    """A plan without rows of people who have answered already, and names of people whom it knows by a number only."""
    numbered = {row.person for row in plan.rows if row.person and not row.name}
    return desk.screenings.checked(plan), {person: desk.people.get(person).fields.name for person in numbered}


class _Gathered(NamedTuple):
    sheets: list[Sheet]
    known: KnownPeople


def _gather(context: Context, task: Task, file: Path) -> _Gathered | None:
    """The sheets of a file, read off the archive's thread, and everybody who is known; None where it was cancelled."""
    task.progressed.emit(0, STEPS)
    sheets = read_sheets(file)
    task.progressed.emit(1, STEPS)
    if task.is_cancelled():
        return None
    known = context.tasks.ask_archive(lambda desk: desk.people.known())
    task.progressed.emit(2, STEPS)
    return None if task.is_cancelled() else _Gathered(sheets, known)


def today() -> dt.date:
    """The day on this computer's calendar."""
    return dt.datetime.now().astimezone().date()
