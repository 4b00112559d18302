"""The prints there are, by the names that commands and other files use."""

from __future__ import annotations

from app.reports import class_summary

REPORTS = (class_summary.NAME,)
"""Names of reports. What people read in their place is the text ``report.<name>``, with ``_`` for ``-``."""
