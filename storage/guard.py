"""What an archive asks before it shows or saves anything; who may what is decided in `app.access`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from storage.errors import Problem
from storage.records import COLUMNS


class Guard(Protocol):
    """The rights of one user."""

    def fields(self, kind: str) -> Collection[str] | None:
        """The fields of a record type that may be seen; None for all of them, empty for not even the records."""

    def within(self, kind: str) -> Mapping[str, Collection[bytes]]:
        """Index fields of a type, each with the values that a record must have to be seen at all."""

    def sees_own(self, kind: str) -> bool:
        """Whether records of a type are seen, and seen whole, by the user who made them."""

    def may_write(self, kind: str) -> bool:
        """Whether records of a type may be made and changed."""


class Everything:
    """For the program's own purposes, and before anybody's rights are known."""

    def fields(self, _kind: str) -> None:
        """All."""

    def within(self, _kind: str) -> Mapping[str, Collection[bytes]]:
        """Any."""
        return {}

    def sees_own(self, _kind: str) -> bool:
        """They are seen anyway."""
        return False

    def may_write(self, _kind: str) -> bool:
        """Yes."""
        return True


def check_read(guard: Guard, kind: str, asked: Collection[str] = ()) -> Collection[str] | None:
    """The fields of a type that are visible in every record, as `Guard.fields`.

    Raises:
        Problem: none are, or it is asked by a field that is not: the answer would tell.
    """
    visible = guard.fields(kind)
    if visible is None or (not visible and guard.sees_own(kind)):
        return visible
    if not visible or not {*asked} <= {*visible, *COLUMNS, ""}:
        raise Problem("access.read")
    return visible


def check_write(guard: Guard, kinds: Collection[str]) -> None:
    """Raise Problem unless records of all these types may be written."""
    if not all(map(guard.may_write, kinds)):
        raise Problem("access.write")
