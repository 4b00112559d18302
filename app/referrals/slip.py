"""A slip to another station as a record: its fields, and what happens to it. Written in `app.referrals.writing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from app.people.fields import Sex

ReferralKind = Literal["referral", "transfer"]
ReferralStatus = Literal["sent", "seen", "accepted", "refused"]
ReferralAnswer = Literal["accepted", "refused"]
ReferralGround = Literal["consent", "statutory_duty", "danger_to_life"]
Titles = dict[str, str]
"""By language: whoever reads a slip may read another one than its writer, and lack the instrument."""

STATUS: tuple[ReferralStatus, ...] = ("sent", "seen", "accepted", "refused")
"""In a merge the later wins: of two who answered at once, the one who refused leaves the sender something to do."""

MOST_URGENT = "today"
"""The urgency in `resources/rules/referral.json` that goes first over a slow line."""


class GivenScore(msgspec.Struct, frozen=True, omit_defaults=True):
    """One score of a screening that goes along with a referral. `band` is its title, empty where it has none."""

    title: Titles
    value: int | float | None = None
    band: Titles = {}


class GivenScreening(msgspec.Struct, frozen=True, omit_defaults=True):
    """What another station learns of one screening: scores and what must not be overlooked, no answers.

    Attributes:
        instrument: id of the definition.
        title: the short title of it.
        date: ISO date of the answers.
        status: whether everything was answered; void, where it was filled in so that it does not count.
        critical: titles of the critical rules that the answers touch.
    """

    instrument: str
    title: str
    date: str
    status: Literal["complete", "unfinished", "void"]
    scores: tuple[GivenScore, ...] = ()
    critical: tuple[Titles, ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """What the station that received a referral answered. `at` in milliseconds since 1970, `by` a user's name."""

    decision: ReferralAnswer
    text: str
    at: int
    by: str


class Referral(msgspec.Struct, frozen=True, omit_defaults=True):
    """A slip (转介单) to another station, and what that answered. In a scope of its own, which only the two can open.

    The slip is immutable; `status`, `seen` and `reply` are what happens to it. The record's person is that of the sender:
    the receiver has nobody of this id.

    Attributes:
        kind: a transfer hands the person over for good, with all complete screenings.
        from_station: name of the sender, `from_user` of who wrote it; `to_station` of the receiver.
        urgency: an id in `resources/rules/referral.json`.
        reason: why, in words; `done` is what the sender has done so far.
        sent: when it was written, likewise `seen`; milliseconds since 1970.
        ground: on what the sender relies (个人信息保护法 art. 13, 23); the reason for it stays at home.
        birth_date: as in `Person`, likewise what follows up to `screenings`, which are the agreed extract.
    """

    kind: ReferralKind
    status: ReferralStatus
    from_station: str
    from_user: str
    to_station: str
    urgency: str
    reason: str
    name: str
    sent: int
    ground: ReferralGround | None = None
    done: str = ""
    sex: Sex | None = None
    birth_date: str | None = None
    phone: str | None = None
    guardian_name: str | None = None
    guardian_phone: str | None = None
    screenings: tuple[GivenScreening, ...] = ()
    seen: int | None = None
    reply: Reply | None = None


def is_urgent(fields: Mapping[str, Any]) -> bool:
    """Whether a slip with these fields goes first over a slow line."""
    return fields.get("urgency") == MOST_URGENT
