"""When a screening raises an alert: a pure function of rules (data) and outcome."""

from __future__ import annotations

from typing import Self

import msgspec

from app import resources
from app.instruments.scoring import Outcome
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
        """Whether this outcome calls for the alert. Critical items count on unfinished forms too."""
        if instrument != self.instrument:
            return False
        if self.critical:
            return self.critical in outcome.critical
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

    def assess(self, instrument: str, outcome: Outcome, now: int) -> Urgency | None:
        """What an outcome calls for at the time `now` (milliseconds since 1970), or None."""
        applying = [rule for rule in self.rules if rule.applies(instrument, outcome)]
        if not applying:
            return None
        applying.sort(key=lambda rule: -LEVELS.index(rule.level))
        level = applying[0].level
        return Urgency(level, tuple(rule.id for rule in applying), now + self.hours(level) * HOUR_MS)
