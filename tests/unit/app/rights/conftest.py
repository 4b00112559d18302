"""An archive whose clock a test can set, with people in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.service import People
from app.records import CATALOGUE, Kept, Person
from app.rights.service import Rights
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names

TODAY, START = dt.date(2026, 9, 20), dt.date(2020, 9, 1)


class Office:
    """A station at work: what tests of rights need."""

    today = TODAY

    def __init__(self, folder: Path) -> None:
        # Stamps never go back: whoever needs a later day moves on to it.
        self.now = START
        self.ticks = 0
        owner = Owner("王老师", "correct horse", Names("前台", "示范中学"))
        self.archive = Archive.create(folder / "a.xinyi", owner, CATALOGUE, wall=self._wall)
        register_user(self.archive, "王老师")
        self.people = People(self.archive)
        self.rights = Rights(self.archive)
        self.library = Library.load()
        self.screenings = Screenings(self.archive, self.library, AlertRules.load())

    def _wall(self) -> int:
        self.ticks += 1
        noon = dt.datetime.combine(self.now, dt.time(12)).astimezone()
        return int(noon.timestamp() * 1000) + self.ticks

    def add(self, name: str, birth_date: str = "2010-03-01", **more: str) -> Kept[Person]:
        return self.people.get(self.people.add(PersonFields(name, birth_date=birth_date, **more)))  # type: ignore[arg-type]

    def screen(self, person: Kept[Person], date: dt.date, last: int = 0) -> None:
        answers = dict.fromkeys(map(str, range(1, 9)), 0) | {"9": last}
        items = [item.id for item in self.library.get("phq-9").items]
        given = dict(zip(items, answers.values(), strict=False))
        self.screenings.record(Sheet(person, "phq-9", date, given, "typed"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    with made.archive:
        yield made
