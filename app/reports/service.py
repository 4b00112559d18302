"""Prints of one archive: gathers what a report needs, has it released, and makes PDF and data of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from app.access import require
from app.disclosure import Policy, release
from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.library import Library
from app.people.service import People
from app.records import Group, Kept, Person, Screening, typed
from app.reports.blocks import StatisticalPrint
from app.reports.catalogue import REPORTS
from app.reports.class_summary import Finding, Occasion, class_summary
from app.reports.empty_form import empty_form
from app.reports.filled_form import Answered, filled_form
from app.reports.form_blocks import FormPrint
from app.reports.helplines import load_helplines
from app.reports.style import Style
from app.risk.rules import AlertRules
from app.statistics.class_counts import banded_score, class_counts, latest_screenings
from app.statistics.periods import Period, Periods
from app.texts import Texts
from app.words import Words
from storage.archive import Archive

if TYPE_CHECKING:
    from app.reports.fonts import Fonts

__all__ = ["FILLED_FORM", "REPORTS", "Paper", "Report", "Reports"]


FILLED_FORM = "filled-form"
"""What the access log calls a printed form with somebody's answers."""


class Report(msgspec.Struct, frozen=True):
    """A finished print, in memory: writing it is the caller's.

    Attributes:
        title: in words.
        pdf: the file to print.
        data: the same numbers, and no others, as a JSON document.
        left_out: ids of instruments that were answered but are not in it, because too few people answered them or this
            program does not have them. For the person who prints, not for the print.
    """

    title: str
    pdf: bytes
    data: dict[str, Any]
    left_out: tuple[str, ...]


class Paper(msgspec.Struct, frozen=True):
    """A form as PDF, in memory: writing it, and writing down that it left the program, is the caller's.

    Attributes:
        title: of the form; it names nobody.
        pdf: the file to print.
        person: whose answers are on it; None for an empty form.
    """

    title: str
    pdf: bytes
    person: bytes | None = None


class Reports:
    """Makes the prints of one archive, in the language of `texts`.

    Args:
        archive: where people and screenings are kept.
        library: the instruments.
        texts: the language.
        fonts: of this machine; looked for when the first print is made if left out.
        policy: what may be released; the one for inside the station if left out.
    """

    def __init__(
        self,
        archive: Archive,
        library: Library,
        texts: Texts,
        *,
        fonts: Fonts | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._archive = archive
        self._library = library
        self._texts = texts
        self._fonts = fonts
        self._policy = policy or Policy.load()

    def make(self, name: str, group_name: str | None, period_text: str | None, now: dt.datetime) -> Report:
        """Make the report of this name.

        Args:
            name: one of `REPORTS`.
            group_name: the class.
            period_text: as `Periods.parse` reads it; the semester of the newest screening if left out.
            now: printed on it, with time zone.

        Raises:
            Problem: no right to statistics; no such report, class or period; nobody in the class; no screening; too few people; no font.
        """
        if name not in REPORTS:
            raise Problem("report.unknown", name=name, names="、".join(REPORTS))
        if not group_name or not group_name.strip():
            raise Problem("report.no_group")
        require(self._archive, "statistics")
        return self._class_summary(group_name, period_text, now)

    def empty_form(self, instrument: str, now: dt.datetime) -> Paper:
        """A form to fill in by hand. Raises Problem where there is none of this id, or no font."""
        form = empty_form(self._library.get(instrument), self._texts, self._archive.device.names.station, now)
        return Paper(form.title, self._pdf(form))

    def filled_form(self, screening: bytes, now: dt.datetime) -> Paper:
        """What somebody answered, for their file.

        Args:
            screening: id of the answers.
            now: printed on it, with time zone.

        Raises:
            Problem: whoever opened the archive sees no such answers, or their instrument is not here.
        """
        record = self._archive.get("screening", screening)
        if record is None or record.person is None:
            raise Problem("paper.no_answers")
        answers = typed(record, Screening).fields
        words = Words(self._texts, self._library, AlertRules.load())
        definition = words.definition(answers)
        if definition is None:
            raise Problem("instrument.unknown", id=answers.instrument)
        people = People(self._archive)
        person = people.get(record.person).fields
        answered = Answered(
            answers,
            person,
            next((group.fields.name for group in people.groups() if group.id == person.group), ""),
            definition,
            is_same=self._library.find(answers.instrument, answers.content) is not None,
        )
        form = filled_form(answered, words, self._texts, self._archive.device.names.station, now)
        return Paper(form.title, self._pdf(form), record.person)

    def _class_summary(self, group_name: str, period_text: str | None, now: dt.datetime) -> Report:
        # Whoever may print statistics need not see the records that they are made of.
        people = People(self._archive.whole)
        group = people.group_named(group_name)
        members = people.of_group(group.id)
        if not members:
            raise Problem("statistics.nobody_in_group", group=group.fields.name)
        screenings = self._screenings(members)
        period = self._period(period_text, group, screenings)
        used, left_out = self._used(screenings, period, group)
        findings = []
        for definition in used:
            counts = class_counts(members, screenings, definition, period, self._texts)
            findings.append(Finding(definition, release(counts, self._policy)))
        occasion = Occasion(self._archive.device.names.station, group.fields.name, period, now)
        summary = class_summary(occasion, findings, load_helplines(), self._texts)
        return Report(summary.content.title, self._pdf(summary.content), summary.data, left_out)

    def _screenings(self, members: Sequence[Kept[Person]]) -> list[Kept[Screening]]:
        people = tuple(member.id for member in members)
        return [typed(record, Screening) for record in self._archive.whole.find("screening", {"person": people})]

    def _period(self, text: str | None, group: Kept[Group], screenings: Sequence[Kept[Screening]]) -> Period:
        periods = Periods.load(self._texts)
        if text and text.strip():
            return periods.parse(text)
        if not screenings:
            raise Problem("statistics.no_screening_ever", group=group.fields.name)
        newest = max(screening.fields.date for screening in screenings)
        return periods.semester(dt.date.fromisoformat(newest))

    def _used(
        self, screenings: Sequence[Kept[Screening]], period: Period, group: Kept[Group]
    ) -> tuple[list[Definition], tuple[str, ...]]:
        """The instruments to print, and the ids of those that are left out.

        An instrument that only a few people of the class answered was not a screening of the class: that it stands in
        the print at all would tell that somebody was asked.
        """
        answered = {screening.fields.instrument for screening in screenings if period.covers(screening.fields.date)}
        if not answered:
            raise Problem("statistics.no_screening", group=group.fields.name, period=period.title)
        least = self._policy.minimum_persons
        used = [
            instrument
            for instrument in self._library.ids()
            if instrument in answered
            and banded_score(self._library.get(instrument))
            and len(latest_screenings(screenings, instrument, period)) >= least
        ]
        if not used:
            raise Problem("report.too_few", group=group.fields.name, period=period.title, least=least)
        return [self._library.get(instrument) for instrument in used], tuple(sorted(answered.difference(used)))

    def _pdf(self, content: StatisticalPrint | FormPrint) -> bytes:
        # The PDF library takes a while to load; a window that opens should not wait for the first print.
        from app.reports.fonts import Fonts  # noqa: PLC0415
        from app.reports.page import PagePrinter  # noqa: PLC0415

        style = Style.load()
        if self._fonts is None:
            self._fonts = Fonts.find(style.fonts)
        return PagePrinter(self._fonts, style, self._texts).render(content)
