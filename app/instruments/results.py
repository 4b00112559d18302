"""What the answers to a form come to. Neither class can be part of a circle, so the garbage collector need not look."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.instruments.parts import Number


class ScoreOutcome(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One score of one form.

    Args:
        value: the score; on an unfinished form the sum so far, or None if there is none.
        answered: how many of its items are answered.
        of: how many items it has.
        band: the id of the band, None if the form is unfinished or the score has no bands.
        positive: whether the cut-off is reached, None if the form is unfinished or there is no cut-off.
        norm: id of the norm that band and cut-off are taken from, None for the score's own.
        standard: the T score within that norm, if it has a mean.
        prorated: whether the instrument's own rule stands in for missing answers.
    """

    value: Number | None
    answered: int
    of: int
    band: str | None
    positive: bool | None
    norm: str | None = None
    standard: float | None = None
    prorated: bool = False


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the answers to one form say.

    Args:
        status: unfinished as long as a required item is missing.
        scores: by score id.
        critical: ids of the critical rules that the answers trigger, in the definition's order.
        missing: ids of the required items without an answer, in the definition's order.
        quality: ids of the doubts about how the form was filled in, in the definition's order.
        void: whether one of these says that the form does not count.
    """

    status: Literal["complete", "unfinished"]
    scores: dict[str, ScoreOutcome]
    critical: tuple[str, ...]
    missing: tuple[str, ...]
    quality: tuple[str, ...] = ()
    void: bool = False
