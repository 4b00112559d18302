"""When the program meets the county's server by itself: a class without a clock, a timer or a network.

How long it waits, and what is urgent, is data in `resources/rules/sync.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal, Self

import msgspec

from app import resources
from app.records import Level
from app.referrals.slip import MOST_URGENT
from app.risk.alerts import STANDING
from storage.archive import Archive

Metered = Literal["never", "urgent", "always"]
"""What somebody chose for networks that are paid by volume."""

METERED: tuple[Metered, ...] = ("urgent", "never", "always")
"""The first is what holds until somebody chooses."""

_METERED = "metered"
_SECOND_MS = 1000
_NEWEST = 200
"""Alerts, and referrals, that are looked at after every save: what was not sent with these has been waiting since long before them."""


class SyncRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `resources/rules/sync.json`.

    Attributes:
        first_seconds: so long after unlocking the first try is made.
        urgent_seconds: so long after something urgent was saved.
        network_seconds: so long after a network has come up.
        interval_minutes: from a meeting to the next.
        pause_seconds: after the first failure; it doubles with each further one.
        longest_minutes: no pause is longer.
        jitter: the part of a pause that chance may take off.
        urgent_levels: of alerts that are not closed.
        history: how many meetings are remembered.
        stick_seconds: how often sticks are looked for while somebody looks at the page.
    """

    version: str
    source: str
    first_seconds: float
    urgent_seconds: float
    network_seconds: float
    interval_minutes: float
    pause_seconds: float
    longest_minutes: float
    jitter: float
    urgent_levels: list[Level]
    history: int
    stick_seconds: float

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "sync.json").read_bytes(), type=cls)


class Opportunity:
    """Knows when the next try is. All times are milliseconds on any clock that goes forward; each call names the present.

    Args:
        rules: how long to wait.
        chance: gives a number from 0 to 1, another each time.

    Attributes:
        at: when to try next.
        failures: how many tries have failed since the last good one, or since a network came.
        is_pressing: whether something urgent waits.
    """

    def __init__(self, rules: SyncRules, chance: Callable[[], float], now: int) -> None:
        self._rules = rules
        self._chance = chance
        self._known: set[bytes] = set()
        self.at = now + _milliseconds(rules.first_seconds)
        self.failures = 0
        self.is_pressing = False

    def saw(self, urgent: Collection[bytes], now: int) -> None:
        """These urgent records wait. One that has not been seen before is tried at once, each of them only once."""
        if not self._known.issuperset(urgent):
            self._sooner(now + _milliseconds(self._rules.urgent_seconds))
        self._known = set(urgent)
        self.is_pressing = bool(urgent)

    def cleared(self, now: int) -> None:
        """What stood in the way is gone: a network came up, or somebody allowed to use it."""
        self.failures = 0
        self._sooner(now + _milliseconds(self._rules.network_seconds))

    def put_off(self, now: int) -> None:
        """It was not allowed to try this time."""
        self.at = now + self._pause(_milliseconds(60 * self._rules.interval_minutes))

    def succeeded(self, now: int) -> None:
        """A meeting with the server came to its end, whoever began it."""
        self.failures = 0
        self.put_off(now)

    def failed(self, now: int, *, lasting: bool) -> None:
        """It did not; `lasting` where trying again soon is of no use, because a person has to mend something."""
        self.failures += 1
        doubled = _milliseconds(self._rules.pause_seconds) * 2 ** min(self.failures - 1, 20)
        self.at = now + self._pause(self._longest if lasting else min(doubled, self._longest))

    def may_use(self, choice: Metered) -> bool:
        """Whether to meet over a network that is paid by volume."""
        return choice == "always" or (choice == "urgent" and self.is_pressing)

    @property
    def _longest(self) -> int:
        return _milliseconds(60 * self._rules.longest_minutes)

    def _pause(self, milliseconds: int) -> int:
        return int(milliseconds * (1 - self._rules.jitter * self._chance()))

    def _sooner(self, at: int) -> None:
        self.at = min(self.at, at)


def _milliseconds(seconds: float) -> int:
    return int(seconds * _SECOND_MS)


def urgent_waiting(archive: Archive, rules: SyncRules) -> set[bytes]:
    """The ids of urgent alerts and referrals of which the county has not heard everything, whoever may see them."""
    where = {"status": STANDING, "level": tuple(rules.urgent_levels)}
    whole = archive.whole
    urgent = whole.find("alert", where, order="changed", descending=True, limit=_NEWEST)
    referrals = whole.find("referral", order="changed", descending=True, limit=_NEWEST)
    urgent += [one for one in referrals if one.fields.get("urgency") == MOST_URGENT]
    fates = archive.fates.of_all(one.id for one in urgent)
    return {record for record, fate in fates.items() if fate.state != "received"}


def metered_choice(archive: Archive) -> Metered:
    """What was chosen on this device."""
    said = archive.local(_METERED)
    return next((choice for choice in METERED if choice == said), METERED[0])


def choose_metered(archive: Archive, choice: Metered) -> None:
    """Remember what somebody chose."""
    archive.remember(_METERED, choice)
