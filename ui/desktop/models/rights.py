"""What stands about one person: consent, holds, restriction, and how long the law has their records kept."""

from __future__ import annotations

import datetime as dt

import msgspec

from app.records import Consent, Hold, Kept, Person
from app.rights.consent import ConsentRules, Missing
from app.rights.retention import kept_until
from app.rights.service import restricted
from ui.desktop.desk import Desk
from ui.desktop.models.screening import today_of


class RightsData(msgspec.Struct, frozen=True):
    """What the dialog shows.

    Attributes:
        said: all that was said about consent, the last first.
        lacking: purpose → whose consent is missing.
        holds: those that stand.
        is_restricted: whether the records may only be read.
        kept_until: until when the law has them kept; None where none does.
    """

    person: Kept[Person]
    today: dt.date
    said: list[Kept[Consent]]
    lacking: dict[str, tuple[Missing, ...]]
    holds: list[Kept[Hold]]
    is_restricted: bool
    kept_until: dt.date | None


def read_rights(desk: Desk, person: bytes) -> RightsData:
    """Gather it. Raises Problem where the person is not in the archive."""
    today, rights = today_of(desk), desk.rights
    kept = desk.people.get(person)
    said = sorted(rights.consents(person), key=lambda one: (one.fields.date, one.record.created), reverse=True)
    purposes = ConsentRules.load().purposes
    return RightsData(
        person=kept,
        today=today,
        said=said,
        lacking={purpose.id: rights.missing(person, purpose.id, today) for purpose in purposes},
        holds=rights.holds(person, today),
        is_restricted=bool(restricted(desk.archive, [person])),
        kept_until=kept_until(desk.archive, person),
    )
