"""Everything about one person, read from the archive in one go, and the curves of their scores."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

import msgspec

from app.access import may
from app.errors import Problem
from app.instruments.definition import Definition
from app.people.service import TimelineEntry
from app.records import Alert, Kept, Person, readable
from app.referrals.service import Slip
from app.risk.alerts import STANDING
from app.sessions.service import SessionLine
from storage.fates import Fate
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.meetings import device_names

F = TypeVar("F")


class PersonData(msgspec.Struct, frozen=True):
    """What the page shows about a person.

    Attributes:
        groups: names by id.
        timeline: the newest first.
        authors: names of those who made the steps, by step.
        unknown: how many more records there are that only a newer version knows.
        day: today, for the age.
        overdue: ids of alerts that nobody closed in time.
        sessions: counselling sessions, by id, where the user works with notes.
        may_note: whether the user may write one.
        may_fill: whether the user may fill in forms about the person.
        may_refer: whether the user may send the person to another station.
        slips: referrals of the person, by id.
        may_decide: whether the user writes down what the person or the law says about the records.
        fates: how far each entry has come on its way to the county, by record; empty before the device has joined one.
        devices: names of the devices of the station, by id.
    """

    person: Kept[Person]
    groups: dict[bytes, str]
    timeline: list[TimelineEntry]
    authors: dict[bytes, str]
    unknown: int
    day: dt.date
    overdue: frozenset[bytes]
    sessions: dict[bytes, SessionLine]
    may_note: bool
    may_fill: bool
    may_refer: bool
    slips: dict[bytes, Slip]
    may_decide: bool
    fates: dict[bytes, Fate]
    devices: dict[bytes, str]

    @property
    def group(self) -> str:
        """The name of the person's group."""
        return self.groups.get(self.person.fields.group or b"", "")

    @property
    def standing(self) -> list[Kept[Alert]]:
        """Alerts that are not closed, the one that is due first first."""
        alerts = (readable(entry.record, Alert) for entry in self.timeline if entry.kind == "alert")
        return sorted(
            (alert for alert in alerts if alert and alert.fields.status in STANDING), key=lambda one: one.fields.due
        )


def read_person(desk: Desk, person: bytes) -> PersonData:
    """Gather what the page shows. Raises Problem where the person is not in the archive."""
    found = desk.people.get(person)
    desk.audit.read(person)
    timeline = desk.people.timeline(person)
    now = desk.archive.now()
    alerts = (readable(entry.record, Alert) for entry in timeline if entry.kind == "alert")
    with_notes = may(desk.archive, "notes")
    has_joined = desk.archive.device.server is not None
    return PersonData(
        person=found,
        groups={group.id: group.fields.name for group in desk.people.groups()},
        timeline=timeline,
        authors=desk.people.authors(entry.record.id for entry in timeline if entry.kind == "alert_step"),
        unknown=desk.people.unknown_records(person),
        day=dt.datetime.fromtimestamp(now / 1000).astimezone().date(),
        overdue=frozenset(
            alert.id for alert in alerts if alert and alert.fields.status in STANDING and alert.fields.due < now
        ),
        sessions={line.session.id: line for line in desk.sessions.of(person)} if with_notes else {},
        may_note=with_notes and desk.archive.guard.may_write("session"),
        may_fill=desk.archive.guard.may_write("screening"),
        may_refer=desk.archive.guard.may_write("referral"),
        slips=desk.referrals.of_person(person) if desk.archive.may_read("referral") else {},
        may_decide=desk.archive.guard.may_write("erasure"),
        fates=desk.archive.fates.of_all(entry.record.id for entry in timeline) if has_joined else {},
        devices=device_names(desk.archive) if has_joined else {},
    )


def definition_of(context: Context, instrument: str) -> Definition | None:
    """The definition of an instrument, None where this program does not have it."""
    try:
        return context.library.get(instrument)
    except Problem:
        return None
