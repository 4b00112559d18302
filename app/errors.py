"""The errors of the work itself. See `sync.errors` for the three kinds."""

from __future__ import annotations

from storage.errors import EnvironmentProblem, Problem

__all__ = ["EnvironmentProblem", "Problem"]
