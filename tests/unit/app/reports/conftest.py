"""Fonts are opened once for all tests of prints."""

import pytest

from app.reports.fonts import Fonts


@pytest.fixture(scope="session")
def fonts() -> Fonts:
    """The fonts of this machine."""
    return Fonts.find()
