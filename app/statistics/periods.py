"""The time that a statistic looks back on: a year, a month, a semester, or any days."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Literal, Self

import msgspec

from app import resources
from app.errors import Problem
from app.texts import Texts

_YEAR = re.compile("([0-9]{4})")
_MONTH = re.compile("([0-9]{4})-([0-9]{2})")
_SEMESTER = re.compile("([0-9]{4})-([0-9]{4})-([0-9])")
_DAYS = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2}) *[.]{2} *([0-9]{4}-[0-9]{2}-[0-9]{2})")
_ONE_DAY = dt.timedelta(days=1)


class Period(msgspec.Struct, frozen=True):
    """A stretch of days.

    Attributes:
        start: the first day.
        end: the last day; it belongs to the period.
        title: how people call it.
    """

    start: dt.date
    end: dt.date
    title: str

    def covers(self, date: str) -> bool:
        """Whether an ISO date lies in the period."""
        return self.start.isoformat() <= date <= self.end.isoformat()


class SemesterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A semester of every school year: its number and the month and day it starts on (``08-01``)."""

    number: Literal[1, 2]
    starts: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}-[0-9]{2}\Z")]

    def in_year(self, year: int) -> dt.date:
        """Its first day in a calendar year."""
        return dt.date.fromisoformat(f"{year:04}-{self.starts}")


class SchoolYear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a school year is divided: `resources/rules/periods.json`.

    Each semester lasts until the next one starts. The first one opens the school year.
    """

    version: str
    source: str
    semesters: Annotated[tuple[SemesterRule, ...], msgspec.Meta(min_length=1)]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rule."""
        return msgspec.json.decode(resources.path("rules", "periods.json").read_bytes(), type=cls)

    def starts(self, year: int) -> list[dt.date]:
        """The first days of the semesters of the school year that begins in `year`, and of the next school year."""
        opening = self.semesters[0].starts
        days = [rule.in_year(year if rule.starts >= opening else year + 1) for rule in self.semesters]
        return [*days, self.semesters[0].in_year(year + 1)]

    def year_of(self, date: dt.date) -> int:
        """The calendar year in which the school year of `date` began."""
        return date.year if date >= self.semesters[0].in_year(date.year) else date.year - 1


class Periods:
    """Makes periods, with titles in one language."""

    def __init__(self, school_year: SchoolYear, texts: Texts) -> None:
        self._school_year = school_year
        self._texts = texts

    @classmethod
    def load(cls, texts: Texts) -> Self:
        """With the bundled rule about semesters."""
        return cls(SchoolYear.load(), texts)

    def parse(self, text: str) -> Period:
        """The period that a person asked for.

        Args:
            text: ``2026``, ``2026-10``, ``2026-2027-1`` (first semester of that school year) or
                ``2026-09-01..2027-01-31``. Full-width digits and spaces at the ends or about the dots do no harm.

        Raises:
            Problem: it is none of these, there is no such day, or it ends before it begins.
        """
        asked = unicodedata.normalize("NFKC", text).strip()
        try:
            period = self._read(asked)
        except (ValueError, OverflowError):
            period = None
        if period is None or period.end < period.start:
            raise Problem("statistics.wrong_period", text=asked)
        return period

    def semester(self, date: dt.date) -> Period:
        """The semester that contains `date`."""
        year = self._school_year.year_of(date)
        starts = self._school_year.starts(year)
        at = max(place for place, start in enumerate(starts) if start <= date)
        return self._semester(year, at)

    def _read(self, text: str) -> Period | None:
        """The period that `text` writes down, or None where it is written otherwise. No such day: ValueError or OverflowError."""
        if found := _YEAR.fullmatch(text):
            return self._year(int(found[1]))
        if found := _MONTH.fullmatch(text):
            return self._month(int(found[1]), int(found[2]))
        if found := _SEMESTER.fullmatch(text):
            first, second, number = map(int, found.groups())
            numbers: list[int] = [rule.number for rule in self._school_year.semesters]
            return self._semester(first, numbers.index(number)) if second == first + 1 else None
        if found := _DAYS.fullmatch(text):
            start, end = map(dt.date.fromisoformat, found.groups())
            return Period(start, end, self._days(start, end))
        return None

    def _year(self, year: int) -> Period:
        title = self._texts("statistics.year", year=year)
        return Period(dt.date(year, 1, 1), dt.date(year, 12, 31), title)

    def _month(self, year: int, month: int) -> Period:
        start = dt.date(year, month, 1)
        end = (start.replace(day=28) + 4 * _ONE_DAY).replace(day=1) - _ONE_DAY
        return Period(start, end, self._texts("statistics.month", year=year, month=month))

    def _semester(self, year: int, at: int) -> Period:
        starts = self._school_year.starts(year)
        start, end = starts[at], starts[at + 1] - _ONE_DAY
        semester = self._texts(f"statistics.semester_{self._school_year.semesters[at].number}")
        days = self._days(start, end)
        title = self._texts("statistics.semester", year=year, next=year + 1, semester=semester, days=days)
        return Period(start, end, title)

    def _days(self, start: dt.date, end: dt.date) -> str:
        first, last = (
            self._texts("statistics.day", year=day.year, month=day.month, day=day.day) for day in (start, end)
        )
        return self._texts("statistics.days", first=first, last=last) if start != end else first
