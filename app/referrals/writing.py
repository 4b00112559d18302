"""What goes onto a slip, and what is missing before it may go. Pure: the archive is in `app.referrals.service`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from app.instruments.definition import Definition
from app.instruments.library import Library
from app.records import Consent, Kept, Person, Screening
from app.referrals.slip import (
    GivenScore,
    GivenScreening,
    Referral,
    ReferralGround,
    ReferralKind,
    Titles,
)
from app.referrals.stations import Station
from app.rights.consent import ConsentRules, Missing, missing
from app.words import find_band

PURPOSE = "transfer"
"""Id of the purpose in `resources/forms/consent.json`."""

Contact = Literal["phone", "guardian"]
CONTACTS: tuple[Contact, ...] = ("phone", "guardian")

Lack = Literal["to", "urgency", "reason", "ground", "ground_reason"]


class Order(msgspec.Struct, frozen=True):
    """What somebody wants to send.

    Attributes:
        to: None as long as no station is chosen, likewise `urgency` and `ground`.
        screenings: ids of those that go along; those proposed where None. A transfer takes all complete ones.
        contacts: which numbers go along.
        ground_reason: why that ground, where it is not consent.
    """

    kind: ReferralKind = "referral"
    to: Station | None = None
    urgency: str | None = None
    reason: str = ""
    done: str = ""
    screenings: frozenset[bytes] | None = None
    contacts: frozenset[Contact] = frozenset(CONTACTS)
    ground: ReferralGround | None = None
    ground_reason: str = ""


class Choice(msgspec.Struct, frozen=True):
    """A screening that can go along. `proposed`: whether it does unless somebody says otherwise."""

    id: bytes
    given: GivenScreening
    proposed: bool


class Extract(msgspec.Struct, frozen=True):
    """What there is to send about a person.

    Attributes:
        screenings: those that can go along, the newest first.
        lacking: whose consent to it is missing, whatever the station decided on other grounds.
    """

    person: Kept[Person]
    screenings: tuple[Choice, ...]
    lacking: tuple[Missing, ...]


class Sender(NamedTuple):
    """Names of the station and of the user who write a slip."""

    station: str
    user: str


def choices(screenings: Iterable[Kept[Screening]], kind: ReferralKind, library: Library) -> tuple[Choice, ...]:
    """The screenings that can go along, the newest first; of each instrument the newest is proposed.

    A form that records (a home visit, a crisis) measures nothing: what stands in it does not travel as a score.
    """
    measured = [one for one in screenings if not _is_form(one.fields, library)]
    newest = sorted(measured, key=lambda one: (one.fields.date, one.record.created), reverse=True)
    offered: list[Choice] = []
    for one in newest:
        if kind == "transfer":
            if one.fields.status == "complete":
                offered.append(Choice(one.id, given(one.fields, library), proposed=True))
            continue
        first = all(other.given.instrument != one.fields.instrument for other in offered)
        offered.append(Choice(one.id, given(one.fields, library), proposed=first))
    return tuple(offered)


def lacking(
    birth_date: str | None, said: Sequence[Kept[Consent]], day: dt.date, rules: ConsentRules
) -> tuple[Missing, ...]:
    """Whose consent to handing records on is missing. What the station went ahead with once, without asking, is none."""
    people = [one for one in said if one.fields.giver != "station"]
    return missing(birth_date, people, PURPOSE, day, rules)


def lacks(order: Order, extract: Extract) -> tuple[Lack, ...]:
    """What is missing before the slip may go."""
    agreed = order.ground == "consent" and not extract.lacking
    other = order.ground not in {None, "consent"}
    said: dict[Lack, bool] = {
        "to": order.to is not None,
        "urgency": bool(order.urgency),
        "reason": bool(order.reason.strip()),
        "ground": agreed or other,
        "ground_reason": not other or bool(order.ground_reason.strip()),
    }
    return tuple(one for one, is_said in said.items() if not is_said)


def chosen(order: Order, extract: Extract) -> list[Choice]:
    """The screenings that go along."""
    if order.kind == "transfer" or order.screenings is None:
        return [one for one in extract.screenings if one.proposed]
    return [one for one in extract.screenings if one.id in order.screenings]


def write(order: Order, extract: Extract, sender: Sender, now: int) -> Referral:
    """The slip as it is sent; what is still missing stands as nothing. `now` in milliseconds since 1970."""
    person = extract.person.fields
    return Referral(
        kind=order.kind,
        status="sent",
        from_station=sender.station,
        from_user=sender.user,
        to_station=order.to.name if order.to else "",
        urgency=order.urgency or "",
        reason=order.reason.strip(),
        name=person.name,
        sent=now,
        ground=order.ground,
        done=order.done.strip(),
        sex=person.sex,
        birth_date=person.birth_date,
        phone=_if("phone", order.contacts, person.phone),
        guardian_name=_if("guardian", order.contacts, person.guardian_name),
        guardian_phone=_if("guardian", order.contacts, person.guardian_phone),
        screenings=tuple(one.given for one in chosen(order, extract)),
    )


def _if(contact: Contact, contacts: Collection[Contact], value: str | None) -> str | None:
    return value if contact in contacts else None


def given(screening: Screening, library: Library) -> GivenScreening:
    """What another station learns of a screening, in words of its own: it may not have the instrument."""
    status = "void" if screening.void else screening.status
    result = GivenScreening(screening.instrument, screening.instrument, screening.date, status)
    definition = library.answered(screening.instrument, screening.content)
    if definition is None:
        # An instrument that only a newer version has. Its numbers go along under the names that they have.
        scores = tuple(GivenScore({"": name}, one.value) for name, one in screening.scores.items())
        return msgspec.structs.replace(result, scores=scores, critical=tuple({"": one} for one in screening.critical))

    titles: dict[str, Titles] = {rule.id: dict(rule.title) for rule in definition.critical}
    return msgspec.structs.replace(
        result,
        title=definition.short_title,
        scores=tuple(
            GivenScore(dict(score.title), screening.scores[score.id].value, _band(definition, screening, score.id))
            for score in definition.scores
            if score.id in screening.scores
        ),
        critical=tuple(titles.get(one, {"": one}) for one in screening.critical),
    )


def _is_form(screening: Screening, library: Library) -> bool:
    definition = library.answered(screening.instrument, screening.content)
    return definition is not None and definition.type == "form"


def _band(definition: Definition, screening: Screening, score: str) -> Titles:
    """The title of a score's band; none where its number means nothing, as that of a form that was not finished."""
    result = screening.scores[score]
    counts = not screening.void and (screening.status == "complete" or result.prorated)
    if result.band is None or not counts:
        return {}
    found = find_band(definition, score, result.band, result.norm)
    return dict(found.title) if found else {"": result.band}
