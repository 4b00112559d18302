"""Telephone numbers for help: `resources/rules/helplines.json`."""

from __future__ import annotations

import msgspec

from app import resources


class Helpline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, what it is, and when to call it, by language."""

    number: str
    title: dict[str, str]
    when: dict[str, str]
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    source: str
    lines: tuple[Helpline, ...]


def load_helplines() -> tuple[Helpline, ...]:
    """The numbers to print, the first to call first."""
    return msgspec.json.decode(resources.path("rules", "helplines.json").read_bytes(), type=_File).lines
