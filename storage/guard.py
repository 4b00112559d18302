"""What an archive asks before it shows or saves anything; who may what is decided in `app.access`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from storage.errors import Problem
from storage.records import COLUMNS


class Guard(Protocol):
    """The rights of one user."""

    def fields(self, kind: str) -> Collection[str] | None:
        """The fields of a record type that may be seen; None for all of them, empty for not even the records."""

    def may_write(self, kind: str) -> bool:
        """Whether records of a type may be made and changed."""


class Everything:
    """For the program's own purposes, and before anybody's rights are known."""

    def fields(self, _kind: str) -> None:
        """All."""

    def may_write(self, _kind: str) -> bool:
        """Yes."""
        return True


def check_read(guard: Guard, kind: str, asked: Collection[str] = ()) -> Collection[str] | None:
    """The visible fields of a type, as `Guard.fields`.

    Raises:
        Problem: none are, or it is asked by a field that is not: the answer would tell.
    """
    visible = guard.fields(kind)
    if visible is not None and (not visible or not {*asked} <= {*visible, *COLUMNS, ""}):
        raise Problem("access.read")
    return visible


def check_write(guard: Guard, kinds: Collection[str]) -> None:
    """Raise Problem unless records of all these types may be written."""
    if not all(map(guard.may_write, kinds)):
        raise Problem("access.write")
