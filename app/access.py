"""Roles: the one place that decides who sees and does what. The rights of each role are data in `resources/rules`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
        own: record types of which whoever made a record sees the whole of it.
        within: record type → its index field that must be one of the user's groups, for a record to be seen at all.
    """

    id: str
    title: dict[str, str]
    reads: dict[str, str | list[str]]
    writes: list[str]
    may: list[Right]
    own: list[str] = []
    within: dict[str, str] = {}

    def seen(self, kind: str) -> str | list[str]:
        """What is seen of a record type: ``*`` or fields."""
        return self.reads.get(kind, self.reads.get(ALL, []))


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
    """The rights of somebody with several roles: all that one of them gives. A `storage.guard.Guard`.

    Args:
        roles: of the user.
        groups: ids of the groups that the user looks after, for roles that see no others.
    """

    def __init__(self, roles: Iterable[Role], groups: Iterable[bytes] = ()) -> None:
        self._roles = tuple(roles)
        self._groups = tuple(groups)

    def fields(self, kind: str) -> Collection[str] | None:
        """The fields of a record type that may be seen; None for all, empty for not even the records."""
        seen: set[str] = set()
        for role in self._roles:
            given = role.seen(kind)
            if given == ALL:
                return None
            seen.update(given)
        return seen

    def within(self, kind: str) -> Mapping[str, Collection[bytes]]:
        """A role that sees everybody lifts the limits of one that does not."""
        limits = [role.within.get(kind) for role in self._roles if role.seen(kind)]
        return {field: self._groups for field in limits if field} if all(limits) else {}

    def sees_own(self, kind: str) -> bool:
        """Whether whoever made a record of a type sees the whole of it."""
        return any({kind, ALL} & {*role.own} for role in self._roles)

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
    user = typed(record, User).fields if record else User("")
    known = {role.id: role for role in rules.roles}
    # A role that only a newer version knows gives nothing here.
    return Rights((known[role] for role in user.roles if role in known), user.groups)


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
