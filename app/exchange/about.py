"""What a foreign form says about itself, and what whoever imports it knows besides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from app.instruments.parts import Text

MOST_QUESTIONS = 2000
"""Of a form. The longest questionnaire in use has 566."""


class Given(msgspec.Struct, frozen=True):
    """What whoever imports a file knows about it and the file does not say.

    Attributes:
        file: its name.
        today: the day.
        owner: whose the instrument is.
        licence: why it may be used.
        id: what it is to be called.
        leave_out: whether parts without a counterpart are left out; otherwise they refuse the whole.
    """

    file: str
    today: dt.date
    owner: str | None = None
    licence: str | None = None
    id: str | None = None
    leave_out: bool = False


class Source(msgspec.Struct, frozen=True):
    """What a file says about itself. Texts are in as many languages as there are.

    Attributes:
        format: its name, as people know it.
        names: what could become the id, the best first.
        title: of the form.
        version: of the form.
        owner: who published it.
        licence: what it says about that.
        texts: population, recall, administration, instruction.
        short_title: if it has one.
        respondent: if it says so.
        mode: if it says so.
        is_structure: whether it has no words because their owner does not allow it.
    """

    format: str
    names: tuple[str, ...]
    title: Mapping[str, str]
    version: str | None = None
    owner: str | None = None
    licence: str | None = None
    texts: Mapping[str, Mapping[str, str]] = {}
    short_title: str | None = None
    respondent: str | None = None
    mode: str | None = None
    is_structure: bool = False


class Heading(NamedTuple):
    """A group on the way to an item: its name in the file, what is written over it and below that."""

    name: str
    title: Text | None
    instruction: Text | None = None
