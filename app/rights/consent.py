"""Consent: what was said, what stands, and what is missing, by age. Pure rules; the archive is in `app.rights.service`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal, Self

import msgspec

from app import resources
from app.errors import Problem
from app.people.identity import age
from app.records import Consent, Giver, Kept

Lack = Literal["never", "refused", "withdrawn"]


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For what consent is asked. `version` is that of the text people are shown."""

    id: str
    title: dict[str, str]
    version: str


class ConsentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `resources/forms/consent.json`.

    Attributes:
        guardian_under: years of age below which a guardian consents and the child assents.
        purposes: for what.
    """

    version: str
    source: str
    guardian_under: int
    purposes: tuple[Purpose, ...]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("forms", "consent.json").read_bytes(), type=cls)

    def purpose(self, purpose: str) -> Purpose:
        """A purpose by its id. Raises Problem for one that there is not."""
        for one in self.purposes:
            if one.id == purpose:
                return one
        raise Problem("rights.no_purpose", purpose=purpose, purposes="、".join(one.id for one in self.purposes))

    def asked(self, birth_date: str | None, day: dt.date) -> tuple[Giver, ...]:
        """Who must have agreed by a day. Where the age is not known, as for a child."""
        years = age(birth_date, day)
        return ("self",) if years is not None and years >= self.guardian_under else ("guardian", "self")


class Missing(msgspec.Struct, frozen=True):
    """Whose consent is missing, and why."""

    giver: Giver
    why: Lack


def standing(said: Iterable[Kept[Consent]], purpose: str, day: dt.date) -> Mapping[Giver, Consent]:
    """What stands on a day: the last word of each giver. On one day a no outweighs a yes, whatever came first here."""
    until = day.isoformat()
    words = sorted(
        (one.fields for one in said if one.fields.purpose == purpose and one.fields.date <= until),
        key=lambda one: (one.date, one.decision != "given"),
    )
    return {one.giver: one for one in words}


def missing(
    birth_date: str | None, said: Iterable[Kept[Consent]], purpose: str, day: dt.date, rules: ConsentRules
) -> tuple[Missing, ...]:
    """Whose consent is missing on a day.

    Nobody's is where a statutory duty or danger to somebody's life makes it unnecessary (个人信息保护法 art. 13).
    """
    found = standing(said, purpose, day)
    station = found.get("station")
    if station and station.decision == "given":
        return ()
    lacks = []
    for giver in rules.asked(birth_date, day):
        word = found.get(giver)
        if word is None:
            lacks.append(Missing(giver, "never"))
        elif word.decision != "given":
            lacks.append(Missing(giver, word.decision))
    return tuple(lacks)
