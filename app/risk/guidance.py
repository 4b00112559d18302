"""What to say and do about self-harm, for staff: `resources/help/self-harm.json`. General guidance, no rule."""

from __future__ import annotations

from typing import Self

import msgspec

from app import resources


class GuidanceSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that the guidance follows, and where it was read."""

    id: str
    title: str
    evidence: str


class GuidanceSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A title and some sentences, by language; `sources` are ids."""

    id: str
    title: dict[str, str]
    sources: tuple[str, ...]
    lines: tuple[dict[str, str], ...]


class Guidance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in the order of doing it. `about` says what the guidance is and is not."""

    version: str
    source: str
    sources: tuple[GuidanceSource, ...]
    about: dict[str, str]
    sections: tuple[GuidanceSection, ...]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled guidance."""
        return msgspec.json.decode(resources.path("help", "self-harm.json").read_bytes(), type=cls)
