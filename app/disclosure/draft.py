"""A print before the audit."""

from __future__ import annotations

from app.disclosure.released import Content
from app.disclosure.tables import Confidential


class Draft(Confidential, frozen=True):
    """A print that has not been audited.

    Args:
        content: what would be read.
        members: for each printed row, the positions of the rows of the table it is made of.
        places: for each printed column, its position in the table.
    """

    content: Content
    members: tuple[tuple[int, ...], ...] = ()
    places: tuple[int, ...] = ()
