"""What the form for one person starts from, what there is to fill in, and saving it."""

from __future__ import annotations

import datetime as dt

import msgspec

from app.instruments.library import Head, Library
from app.records import Kept, Person
from app.risk.alerts import AlertLine
from app.screening.service import Sheet
from ui.desktop.desk import Desk
from ui.desktop.models.screening import today_of


class FillStart(msgspec.Struct, frozen=True):
    """Who a form is about, their class, and the day by the clock of the archive."""

    person: Kept[Person]
    group: str
    today: dt.date


class Clock:
    """How long the answers took, from the first to the last one, over several sittings.

    Args:
        spent: seconds before this sitting.
    """

    def __init__(self, spent: float = 0) -> None:
        self._before = spent
        self._first: float | None = None
        self._last: float | None = None

    def answered(self, now: float) -> None:
        """An answer was given; `now` in seconds of any clock that only goes on."""
        if self._first is None:
            self._first = now
        self._last = now

    @property
    def seconds(self) -> float:
        """So far."""
        if self._first is None or self._last is None:
            return self._before
        return round(self._before + self._last - self._first, 1)


def read_fill_start(desk: Desk, person: bytes) -> FillStart:
    """Gather it. Raises Problem where the person is not in the archive."""
    found = desk.people.get(person)
    groups = {group.id: group.fields.name for group in desk.people.groups()}
    return FillStart(found, groups.get(found.fields.group or b"", ""), today_of(desk))


def save_form(desk: Desk, sheet: Sheet) -> AlertLine | None:
    """Save a form; returns the alert that it raised, if any. Raises Problem."""
    recorded = desk.screenings.record(sheet)
    return desk.alerts.get(recorded.alert) if recorded.alert else None


def choices(library: Library, language: str) -> list[Head]:
    """What there is to fill in: record forms by title, then instruments by short title."""

    def order(one: Head) -> tuple[bool, str]:
        is_form = one.type == "form"
        return not is_form, (one.title[language] if is_form else one.short_title).casefold()

    return sorted(library.heads(), key=order)
