"""How soon another station should look at a slip: `resources/rules/referral.json`."""

from __future__ import annotations

from typing import Self

import msgspec

from app import resources


class Urgency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Within how many hours the receiver should have answered. `title` by language."""

    id: str
    title: dict[str, str]
    hours: int


class ReferralRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file.

    Attributes:
        stations_days: after so many days the list of stations is fetched anew.
        alone_days: likewise as long as it names nobody but ourselves.
        urgencies: the most urgent first.
    """

    version: str
    source: str
    stations_days: int
    alone_days: int
    urgencies: tuple[Urgency, ...]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "referral.json").read_bytes(), type=cls)

    def ids(self) -> list[str]:
        """The ids of all urgencies, the most urgent first."""
        return [one.id for one in self.urgencies]

    def urgency(self, urgency: str) -> Urgency | None:
        """An urgency by its id; None for one that only a newer version knows."""
        return next((one for one in self.urgencies if one.id == urgency), None)
