"""Roles: the one place that decides who sees and does what. The rights of each role are data in `resources/rules`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, Self

import msgspec

from app import resources
from app.errors import Problem
from app.records import User, typed
from storage.archive import Archive

ALL = "*"

Right = Literal["accounts", "statistics", "audit", "notes"]
"""What a role may do beyond reading and writing records."""


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes with a role.

    Attributes:
        id: names it in records.
        title: by language.
        reads: record type → ``*`` or the fields that are seen; the type ``*`` stands for all.
        writes: record types, ``*`` for all.
        may: other rights.
    """

    id: str
    title: dict[str, str]
    reads: dict[str, str | list[str]]
    writes: list[str]
    may: list[Right]


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `resources/rules/access.json`."""

    version: str
    source: str
    roles: list[Role]

    @classmethod
    def load(cls) -> Self:
        """Read the bundled rules."""
        return msgspec.json.decode(resources.path("rules", "access.json").read_bytes(), type=cls)

    def get(self, role: str) -> Role:
        """A role by its id. Raises Problem for one that there is not."""
        for one in self.roles:
            if one.id == role:
                return one
        raise Problem("access.no_role", role=role, roles="、".join(one.id for one in self.roles))


class Rights:
    """The rights of somebody with several roles: all that one of them gives. A `storage.guard.Guard`."""

    def __init__(self, roles: Iterable[Role]) -> None:
        self._roles = tuple(roles)

    def fields(self, kind: str) -> Collection[str] | None:
        """The fields of a record type that may be seen; None for all, empty for not even the records."""
        seen: set[str] = set()
        for role in self._roles:
            given = role.reads.get(kind, role.reads.get(ALL, []))
            if given == ALL:
                return None
            seen.update(given)
        return seen

    def may_write(self, kind: str) -> bool:
        """Whether records of a type may be made and changed."""
        return any({kind, ALL} & {*role.writes} for role in self._roles)

    def may(self, right: Right) -> bool:
        """Whether somebody has one of the other rights."""
        return any(right in role.may for role in self._roles)


def rights_of(archive: Archive) -> Rights:
    """The rights of whoever opened the archive."""
    rules = Roles.load()
    record = archive.whole.get("user", archive.user)
    roles = typed(record, User).fields.roles if record else ()
    known = {role.id: role for role in rules.roles}
    # A role that only a newer version knows gives nothing here.
    return Rights(known[role] for role in roles if role in known)


def may(archive: Archive, right: Right) -> bool:
    """Whether whoever the archive is shown to has a right. Without a guard it is shown to the program itself."""
    return not isinstance(archive.guard, Rights) or archive.guard.may(right)


def require(archive: Archive, right: Right) -> None:
    """Raise Problem unless whoever the archive is shown to has the right."""
    if not may(archive, right):
        raise Problem(f"access.{right}")


def enter(archive: Archive) -> Archive:
    """The archive as whoever opened it may see it."""
    return archive.as_seen_by(rights_of(archive))
