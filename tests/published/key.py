"""The shape of an independent key: how an instrument is scored by its publication, without the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Number = int | float

Scored = dict[str, tuple[Number | None, str | None, bool | None]]
"""Score id → value, id of the band, positive or not."""


def _none(_answers: Mapping[str, Any]) -> list[str]:
    """An instrument without critical items."""
    return []


def _no_norm(_answers: Mapping[str, Any], _facts: Mapping[str, Any]) -> dict[str, str]:
    """An instrument whose bands hold for everybody."""
    return {}


@dataclass(frozen=True)
class Key:
    """How an instrument is scored.

    Attributes:
        values: item id → the answers that are allowed; of a number item a range of integers.
        score: answers and facts of a complete form → score id → value, id of the band, positive or not.
        critical: answers → ids of the critical rules that they trigger.
        facts: people to try, as far as the key asks who somebody is.
        norm: answers and facts of a complete form → score id → id of the norm that band and cut-off are from.
        doubts: answers of a complete form → ids of the reasons to doubt how it was filled in.
        void: those of them for which the form does not count.
        optional: items that may be left blank.
        asked: answers → items that are asked; None where all are.
        unfinished: answers of an unfinished form → what the instrument's own rule for missing answers makes of the
            scores that it allows; None where there is no such rule.
    """

    values: dict[str, tuple[int, ...]]
    score: Callable[[dict[str, Any], dict[str, Any]], Scored]
    critical: Callable[[dict[str, Any]], list[str]] = _none
    facts: tuple[dict[str, Any], ...] = ({},)
    norm: Callable[[dict[str, Any], dict[str, Any]], dict[str, str]] = _no_norm
    doubts: Callable[[dict[str, Any]], list[str]] = _none
    void: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    asked: Callable[[dict[str, Any]], list[str]] | None = None
    unfinished: Callable[[dict[str, Any]], Scored] | None = None
