"""The answers of an archive to one instrument, for statistics elsewhere: CSV, XLSX, FHIR.

Nobody is named unless it is asked for. Then a random number stands for each person, another one in every export; what people
wrote in their own words stays behind, and so do days, because both can say who it is. Every export is written down in the
access log before it is made.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.audit import Audit
from app.errors import Problem
from app.exchange.answer_table import Cell, Columns, Row
from app.exchange.fhir_responses import Filled, write_responses
from app.exchange.fhir_terms import Json
from app.instruments.definition import Definition
from app.instruments.flow import Facts
from app.instruments.items import Day, Group, Words
from app.instruments.library import Library
from app.people.identity import age
from app.records import Kept, Person, Screening, typed
from app.rights.service import restricted
from app.spreadsheets.writing import Table
from app.texts import Texts
from storage.archive import Archive

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"
_LOWEST, _BEYOND = 10_000_000, 100_000_000


class Gathered(NamedTuple):
    """The forms of an export.

    Attributes:
        rows: one for each form.
        who: headings of their first cells.
        definitions: in whose versions they were answered, the newest first.
        people: how many people they are of.
        left_out: forms of people whose records may not be used.
    """

    rows: list[Row]
    who: tuple[str, ...]
    definitions: list[Definition]
    people: int
    left_out: int


class Answers:
    """Exports answers of one archive.

    Args:
        archive: as its user may see it.
        library: with the definitions of the archive.
        texts: the language of headings and codebook.
        chance: where the numbers of people come from.
    """

    def __init__(self, archive: Archive, library: Library, texts: Texts, chance: random.Random | None = None) -> None:
        self._archive = archive
        self._library = library
        self._texts = texts
        self._chance = chance or secrets.SystemRandom()

    def gather(self, instrument: str, campaign: bytes | None = None, *, identified: bool = False) -> Gathered:
        """The forms, after writing down that they leave.

        Args:
            instrument: its id.
            campaign: only those of this round.
            identified: whether names, student numbers and groups go along.

        Raises:
            Problem: there is no such instrument, or there are no answers to it that the user may see.
        """
        newest = self._library.get(instrument)
        where: dict[str, object] = {"instrument": instrument, **({"campaign": campaign} if campaign else {})}
        found = [typed(record, Screening) for record in self._archive.find("screening", where, order="date")]
        kept = {one.record.person for one in found if one.record.person}
        closed = restricted(self._archive, kept)
        rows = [one for one in found if one.record.person and one.record.person not in closed]
        if not rows:
            raise Problem("exchange.no_answers_here", instrument=newest.short_title)
        Audit(self._archive).note("exported", detail="answers-identified" if identified else "answers")
        people = self._archive.get_all("person", kept - closed)
        known = {person: typed(record, Person) for person, record in people.items()}
        numbers = self._numbers(sorted(kept - closed))
        lines = [self._row(one, numbers, known, newest, identified=identified) for one in rows]
        definitions = {one.version: one for row in lines if (one := row.definition)}
        older = sorted(
            definitions.values(), key=lambda one: [int(part) for part in one.version.split(".")], reverse=True
        )
        return Gathered(
            sorted(lines, key=lambda row: (row.who[0], row.screening.date)),
            _WHO_IDENTIFIED if identified else _WHO,
            [newest, *(one for one in older if one.version != newest.version)],
            len(kept - closed),
            len(found) - len(rows),
        )

    def _numbers(self, people: Sequence[bytes]) -> dict[bytes, int]:
        """A number for each person that says nothing about them, not even who came first."""
        drawn = self._chance.sample(range(_LOWEST, _BEYOND), len(people))
        return dict(zip(people, drawn, strict=True))

    def _row(
        self,
        one: Kept[Screening],
        numbers: dict[bytes, int],
        people: dict[bytes, Kept[Person]],
        newest: Definition,
        *,
        identified: bool,
    ) -> Row:
        screening, subject = one.fields, one.record.person or b""
        person = people[subject].fields if subject in people else None
        facts = _facts(person, screening)
        who: tuple[Cell, ...] = (numbers[subject], facts.sex or "", "" if facts.age is None else facts.age)
        if identified:
            who = (*who, *self._named(person))
        definition = self._library.find(screening.instrument, screening.content)
        if definition is None and newest.version == screening.version:
            definition = newest
        return Row(who, screening, definition, facts)

    def _named(self, person: Person | None) -> tuple[str, str, str]:
        if person is None:
            return "", "", ""
        group = self._archive.get("group", person.group) if person.group else None
        return person.name, person.student_number or "", str(group.fields["name"]) if group else ""

    # ---- files ----

    def tables(self, gathered: Gathered, *, identified: bool) -> tuple[Table, Table]:
        """The answers and the codebook."""
        columns = Columns(gathered.definitions, self._texts, with_words=identified)
        return columns.tables(gathered.rows, gathered.who)

    def resources(self, gathered: Gathered, *, identified: bool) -> Json:
        """The same as a FHIR Bundle. A form of another version than the newest is left out: its questionnaire is another."""
        newest = gathered.definitions[0]
        forms = [
            Filled(
                subject=str(row.who[_STUDENT_NUMBER] or row.who[0]) if identified else str(row.who[0]),
                date=row.screening.date,
                answers=row.screening.answers if identified else _without_words(row.screening.answers, newest),
                is_complete=row.screening.status == "complete",
                scores=row.screening.scores,
                facts=row.facts,
            )
            for row in gathered.rows
            if row.definition and row.definition.version == newest.version
        ]
        return write_responses(newest, forms, self._texts.language)


_WHO = ("person", "sex", "age")
_WHO_IDENTIFIED = (*_WHO, "name", "student_number", "group")
_STUDENT_NUMBER = _WHO_IDENTIFIED.index("student_number")


def delimited(table: Table) -> bytes:
    """A table as CSV in UTF-8, with the mark by which spreadsheet programs know that.

    A text that such a program would compute gets an apostrophe before it; numbers stay numbers.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(_harmless, table.header))
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    return (_BOM + text.getvalue()).encode()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _facts(person: Person | None, screening: Screening) -> Facts:
    day = dt.date.fromisoformat(screening.date)
    if person is None:
        return Facts(today=day)
    return Facts(age(person.birth_date, day), person.sex, day, screening.seconds)


def _without_words(answers: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Answers without those that can say who somebody is."""
    kept = {}
    for item in definition.items:
        if item.id not in answers or isinstance(item, Day | Words):
            continue
        answer = answers[item.id]
        if isinstance(item, Group) and isinstance(answer, list | tuple):
            shown = {cell.id for cell in item.items if not isinstance(cell, Day | Words)}
            answer = [{name: value for name, value in row.items() if name in shown} for row in answer]
        kept[item.id] = answer
    return kept
