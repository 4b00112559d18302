"""When a screening raises an alert: a pure function of rules (data) and outcome."""

from __future__ import annotations

from typing import Self

import msgspec

from app import resources
from app.instruments.definition import Definition
from app.instruments.results import Outcome
from app.instruments.scales import Critical
from app.records import LEVELS, Level

HOUR_MS = 60 * 60 * 1000


class LevelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of urgency: within how many hours a person must act."""

    id: Level
    hours: int


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Raises an alert where a critical item is touched, or where a score of a finished form lies in one of some bands."""

    id: str
    title: dict[str, str]
    instrument: str
    level: Level
    critical: str = ""
    score: str = ""
    bands: tuple[str, ...] = ()

    def applies(self, instrument: str, outcome: Outcome) -> bool:
        """Whether this outcome calls for the alert. Critical items count on unfinished and void forms too."""
        if instrument != self.instrument:
            return False
        if self.critical:
            return self.critical in outcome.critical
        if outcome.void:
            return False
        return self.score in outcome.scores and outcome.scores[self.score].band in self.bands


class Urgency(msgspec.Struct, frozen=True):
    """What an outcome calls for.

    Attributes:
        level: the gravest of the rules that apply.
        reasons: ids of all rules that apply, the gravest first.
        due: until when a person must have acted, in milliseconds since 1970.
    """

    level: Level
    reasons: tuple[str, ...]
    due: int


class AlertRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of `resources/rules/alerts.json`."""

    version: str
    source: str
    levels: tuple[LevelRule, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "alerts.json").read_bytes(), type=cls)

    def hours(self, level: Level) -> int:
        """Within how many hours a person must act."""
        return next(rule.hours for rule in self.levels if rule.id == level)

    def assess(self, definition: Definition, outcome: Outcome, now: int) -> Urgency | None:
        """What an outcome calls for at the time `now` (milliseconds since 1970), or None.

        A critical answer that no rule here speaks of calls for what the definition says: an instrument that came as a
        file from elsewhere must not be silent.
        """
        applying = [(rule.level, rule.id) for rule in self.rules if rule.applies(definition.id, outcome)]
        spoken_of = {rule.critical for rule in self.rules if rule.instrument == definition.id}
        applying += [
            (rule.level, critical_reason(definition, rule))
            for rule in definition.critical
            if rule.id in outcome.critical and rule.id not in spoken_of
        ]
        if not applying:
            return None
        applying.sort(key=lambda one: -LEVELS.index(one[0]))
        level = applying[0][0]
        return Urgency(level, tuple(reason for _, reason in applying), now + self.hours(level) * HOUR_MS)


def critical_reason(definition: Definition, rule: Critical) -> str:
    """What stands in an alert for a critical rule of a definition."""
    return f"{definition.id}:{rule.id}"
