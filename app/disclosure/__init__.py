"""Prints that give nobody away: from exact counts of people to tables that may leave the station.

A `CountTable` is confidential, a `ReleasedTable` may be printed, and `release` is the only way from one to the other.
What it promises, why, and what it does not promise: `docs/decisions/0003-disclosure-control.md`.
"""

from __future__ import annotations

from app.disclosure.policy import Policy
from app.disclosure.released import Reason, ReleasedTable
from app.disclosure.releasing import release
from app.disclosure.tables import Category, CountTable, Group, Merge

__all__ = ["Category", "CountTable", "Group", "Merge", "Policy", "Reason", "ReleasedTable", "release"]
