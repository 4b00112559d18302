"""The errors of the archive. `app` takes the two base classes from here, because it does not know `sync`."""

from __future__ import annotations

from sync.errors import EnvironmentProblem, Problem

__all__ = ["EnvironmentProblem", "Problem"]
