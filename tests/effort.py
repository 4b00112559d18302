"""How hard tests try. `dev.py test` is bounded; a soak (`dev.py soak`) tries many times as hard, anew in every round.

The environment variable XINYI_SOAK holds the seed of a round; the same seed tries the same things again. A usual run
tries the same examples every time: whether a change is sound must not hang on the luck of the day. What a soak finds
becomes an `@example`, so that every run tries it from then on.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import hypothesis

SEED = os.environ.get("XINYI_SOAK", "")
SOAK = bool(SEED)
TIMES = 8
"""In a soak a property is tried on so many times as many examples."""

_USUAL_EXAMPLES = 100


def load_profile() -> None:
    """Set Hypothesis up for properties that do not say how many examples they need."""
    # Machines that run tests are busy now and then; an example that takes its time is not a failure.
    hypothesis.settings.register_profile("usual", deadline=None, max_examples=_USUAL_EXAMPLES, derandomize=True)
    hypothesis.settings.register_profile("soak", deadline=None, max_examples=TIMES * _USUAL_EXAMPLES)
    hypothesis.settings.load_profile("soak" if SOAK else "usual")


def examples(count: int, **options: Any) -> hypothesis.settings:
    """Settings of a property whose examples are dear, or cheap: so many of them, and in a soak `TIMES` as many."""
    return hypothesis.settings(max_examples=count * (TIMES if SOAK else 1), **options)


def rounds(usual: int, soak: int) -> int:
    """How often a test without Hypothesis tries: kills, cuts, damaged pages. Such a test is marked `soak`."""
    return soak if SOAK else usual


def dice(name: str) -> Random:
    """Chance for such a test: the same in every usual run, that of the seed in a soak."""
    return Random(f"{name} {SEED}")
