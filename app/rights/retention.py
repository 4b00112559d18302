"""How long records are kept: what the law asks, what the station decided, and whose time is over. Erases nothing."""

from __future__ import annotations

import datetime as dt
from typing import Self

import msgspec

from app import resources
from app.errors import Problem
from app.records import Kept, Person, Retention, typed
from app.risk.alerts import STANDING
from storage.archive import Archive
from storage.projection import Between
from storage.records import OTHER, Draft

MOMENT = 65536
"""Stamps of changes are milliseconds since 1970 times this (docs/sync-protocol.md)."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of station.

    Attributes:
        least_years: what the law asks; None where it leaves that to the station.
        keeps: the types of records whose last day counts.
    """

    id: str
    title: dict[str, str]
    least_years: int | None
    source: dict[str, str]
    keeps: tuple[str, ...]


class Logs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long records of who looked at what are kept. They belong to no person, and nothing here erases them."""

    least_months: int
    source: dict[str, str]


class RetentionRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `resources/rules/retention.json`."""

    version: str
    source: str
    rules: tuple[Rule, ...]
    logs: Logs

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "retention.json").read_bytes(), type=cls)

    def get(self, rule: str) -> Rule:
        """A rule by its id. Raises Problem for one that there is not."""
        for one in self.rules:
            if one.id == rule:
                return one
        raise Problem("rights.no_rule", rule=rule, rules="、".join(one.id for one in self.rules))


class Term(msgspec.Struct, frozen=True):
    """What holds at this station: its rule, and the years after a person's last record."""

    rule: Rule
    years: int


def decide(archive: Archive, rule_id: str, years: int | None, today: dt.date) -> Term:
    """Write down how long the station keeps records.

    Raises:
        Problem: no such rule, fewer years than the law asks, or none where only the station can say them.
    """
    rule = RetentionRules.load().get(rule_id)
    if years is None and rule.least_years is None:
        raise Problem("rights.years_needed")
    term = Term(rule, rule.least_years or 0 if years is None else years)
    if term.years < max(1, rule.least_years or 0):
        raise Problem("rights.too_few_years", years=max(1, rule.least_years or 0))
    fields = {"rule": rule.id, "years": term.years, "date": today.isoformat()}
    archive.save([Draft.new("retention", archive.new_id(), fields)])
    return term


def term(archive: Archive) -> Term | None:
    """What the station decided last; None where it has not, or by a rule that only a newer version knows."""
    records = archive.whole.find("retention", order="created", descending=True, limit=1)
    if not records:
        return None
    said = typed(records[0], Retention).fields
    rule = next((one for one in RetentionRules.load().rules if one.id == said.rule), None)
    if rule is None:
        return None
    return Term(rule, max(said.years or 0, rule.least_years or 0))


def due(archive: Archive, today: dt.date) -> list[Kept[Person]]:
    """People whose records may be erased: the time has passed since the last thing that happened with them.

    Nobody who has an alert that is not closed, and nobody about whom a newer version wrote something: it may be a
    reason to keep. Holds are `app.rights.service`'s.

    Raises:
        Problem: the station has not decided how long it keeps records.
    """
    kept = term(archive)
    if kept is None:
        raise Problem("rights.retention_undecided")
    since = years_before(today, kept.years)
    later = Between(_stamp(since + dt.timedelta(days=1)), None)
    whole = archive.whole
    busy = {person for (person,) in whole.tally(OTHER, ("person",))}
    busy |= {person for (person,) in whole.tally("alert", ("person",), {"status": STANDING})}
    for kind in kept.rule.keeps:
        busy |= {person for (person,) in whole.tally(kind, ("person",), {"changed": later})}
    # Answers can be older than the day they were typed in, and never younger; one of tomorrow is a slip.
    busy |= {person for (person,) in whole.tally("screening", ("person",), {"date": Between(_after(since), None)})}
    before = Between(None, _stamp(since + dt.timedelta(days=1)) - 1)
    records = archive.find("person", {"changed": before}, order="changed")
    return [typed(record, Person) for record in records if record.id not in busy]


def kept_until(archive: Archive, person: bytes) -> dt.date | None:
    """Until when the law has the station keep a person's records; None where no law does."""
    kept = term(archive)
    if kept is None or not kept.rule.least_years:
        return None
    stamps = [record.changed for kind in kept.rule.keeps for record in archive.whole.find(kind, {"person": person})]
    if not stamps:
        return None
    last = dt.datetime.fromtimestamp(max(stamps) // MOMENT / 1000).astimezone().date()
    return years_before(last, -kept.rule.least_years)


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day of another year; 1 March for a 29 February that is not there."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return dt.date(day.year - years, 3, 1)


def _after(day: dt.date) -> str:
    return (day + dt.timedelta(days=1)).isoformat()


def _stamp(day: dt.date) -> int:
    """When a day begins here, as the stamps of changes are written."""
    return int(dt.datetime.combine(day, dt.time()).astimezone().timestamp() * 1000) * MOMENT
