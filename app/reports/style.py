"""How prints look: `resources/rules/print.json`. Lengths are in points."""

from __future__ import annotations

from typing import Literal, Self

import msgspec

from app import resources

Size = Literal["title", "heading", "text", "note", "margin"]
Grey = Literal["text", "note", "line", "fill", "bar"]


class FontFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A font by the name of its file and, in a collection, by its PostScript name; the first one if that is empty."""

    file: str
    face: str = ""


class FontRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where fonts are looked for, and which are taken.

    Args:
        folders: with everything below them. ``~`` and ``$NAME`` stand for what they usually do.
        text: faces for text, the best first.
        heading: faces for headings; the system may have none, then headings are larger and not bolder.
        others: asked for a character that none of these has.
        packages: of Debian and its kin; a person is told to install them where there is no face for text.
    """

    folders: tuple[str, ...]
    text: tuple[FontFile, ...]
    heading: tuple[FontFile, ...]
    others: tuple[FontFile, ...]
    packages: tuple[str, ...]


class PageRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The margins of an upright A4 page, and how far from its edges header and footer stand."""

    left: float
    right: float
    top: float
    bottom: float
    header: float
    footer: float


class TightRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a form may be set so that it needs a page less.

    Args:
        leading: from line to line, as a multiple of the size.
        room: above and below what stands in a cell, as a part of the usual.
    """

    leading: float
    room: float


class Style(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    Args:
        sizes: of type.
        leading: from line to line, as a multiple of the size.
        tighter: for a form that would begin another page for a few lines; the first step that saves the most is taken.
        greys: 0 is black, 1 is white.
    """

    version: str
    source: str
    fonts: FontRule
    page: PageRule
    sizes: dict[Size, float]
    leading: float
    tighter: tuple[TightRule, ...]
    greys: dict[Grey, float]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled style."""
        return msgspec.json.decode(resources.path("rules", "print.json").read_bytes(), type=cls)
