"""What all parts of a definition are made of: ids, texts, the licence, and the options that answers are chosen from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

Text = dict[str, str]
"""A text in every language of the definition, keyed by BCP 47 tag."""

Number = int | float

# `\Z` and not `$`: the latter would let a line feed pass at the end of an id that becomes a file name.
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*\Z", max_length=64)]
Version = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}\Z")]
Written = Annotated[str, msgspec.Meta(min_length=1)]
Formula = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
"""An expression, `app.instruments.expressions`."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all parts of a definition share: they do not change, and they refuse fields they do not know."""


class Translation(Part, frozen=True, kw_only=True):
    """Who put the items into one language, where the wording was taken from, and how sure that is.

    Args:
        made_by: who made it, also for the parts that are our own.
        source: the document it was taken from.
        evidence: what was compared, when, and how sure it is.
    """

    made_by: Written
    source: Written
    evidence: Written


class Copyright(Part, frozen=True, kw_only=True):
    """Whose the instrument is and why it may be used.

    Args:
        owner: the rights-holder.
        wording: whether the words of the items are here (full), or, because their owner does not allow it, only numbers
            and option values (structure): the site then answers from its own licensed paper form.
        statement: the sentence of permission, word for word; of a structure, what is known of the owner's terms.
        evidence: where that sentence stands (document and address), and how it was read.
        evidence_date: the day it was looked up.
        translations: one entry for each language of the texts; none for a structure, which has no words of others.
    """

    owner: Written
    wording: Literal["full", "structure"]
    statement: Written
    evidence: Written
    evidence_date: dt.date
    translations: dict[str, Translation] = {}


class Option(Part, frozen=True, kw_only=True):
    """One answer a person can choose.

    Args:
        value: what is stored, and what it counts.
        text: its words. A structure may leave them out.
        codes: the option in other code systems, keyed by system (``"loinc"``).
    """

    value: int
    text: Text | None = None
    codes: dict[str, str] = {}


class Section(Part, frozen=True, kw_only=True):
    """A part of the form that stands under a heading, and by itself where a form is filled step by step.

    Args:
        id: named by its items.
        title: its heading.
        instruction: what is said before its items.
        layout: one item under the other (list), or items in rows and options in columns (grid).
    """

    id: Id
    title: Text
    instruction: Text | None = None
    layout: Literal["list", "grid"] = "list"


class Finding(Part, frozen=True, kw_only=True):
    """Something that was found out about the instrument, for its page.

    Args:
        text: what, in a sentence.
        source: the publication.
    """

    text: Text
    source: Written
