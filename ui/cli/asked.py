"""What commands about one person share: whom they mean, and which day."""

from __future__ import annotations

import datetime as dt

from app.errors import Problem
from app.people.service import People
from app.records import Kept, Person
from storage.archive import Archive


def today() -> dt.date:
    """The day, here."""
    return dt.datetime.now().astimezone().date()


def day(text: str | None) -> dt.date | None:
    """A day as it was given, None for none. Raises Problem."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Problem("rights.not_a_day", text=text) from error


def named_person(archive: Archive, text: str) -> Kept[Person]:
    """A person by record id, identity number or student number. Raises Problem."""
    people = People(archive)
    try:
        return people.get(bytes.fromhex(text))
    except (ValueError, Problem):
        person = people.numbered(text)
    if person is None:
        raise Problem("cli.no_such_person", text=text)
    return person
