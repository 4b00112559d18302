"""Where the data files are. The one place that knows how `resources/` is found."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "resources"


def path(*parts: str) -> Path:
    """The path of a data file or folder under `resources/`."""
    return ROOT.joinpath(*parts)
