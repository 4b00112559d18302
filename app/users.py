"""The users of an archive: who can open it, and as what."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.access import Roles, require
from app.errors import Problem
from app.records import Kept, User, plain, typed
from app.sessions.notebooks import Notebooks
from storage.archive import Archive
from storage.escrow import agreed_public
from storage.records import Draft

FIRST_ROLES = ("administrator", "counsellor")
"""Of whoever makes an archive."""

ADMINISTRATOR = "administrator"
MIN_PASSWORD = 8
"""Characters of a password. Length is what counts (NIST SP 800-63B, section 5.1.1.2); no rules about kinds of signs."""


class Account(msgspec.Struct, frozen=True):
    """A user as administrators see them.

    Attributes:
        here: whether they can open this archive, not only one of the station's.
        groups: ids of the groups that they look after.
    """

    id: bytes
    name: str
    roles: tuple[str, ...]
    here: bool
    groups: tuple[bytes, ...] = ()


def register_user(archive: Archive, name: str, roles: Sequence[str] = FIRST_ROLES) -> None:
    """Write down who the first user of a new archive is, so that others can read who did what."""
    archive.save([Draft.new("user", archive.user, plain(User(name, tuple(roles), archive.public_key)))])


def check_password(password: str) -> None:
    """Raise Problem where a new password is too short."""
    if len(password) < MIN_PASSWORD:
        raise Problem("user.short_password", length=MIN_PASSWORD)


class Users:
    """Adds, changes and removes users. Every change needs the right to manage accounts, but for one's own password."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def listed(self) -> list[Account]:
        """Everybody who works or worked with the archives of this station, by name."""
        require(self._archive, "accounts")
        return sorted(map(self._account, self._all()), key=lambda one: (not one.here, one.name))

    def add(self, name: str, password: str, roles: Sequence[str], groups: Sequence[bytes] = ()) -> bytes:
        """Let somebody open this archive; returns their id. Raises Problem.

        Args:
            name: what they type to open it.
            password: their first one.
            roles: ids of roles.
            groups: those that they look after; a class teacher sees no others.
        """
        require(self._archive, "accounts")
        name = name.strip()
        if not name:
            raise Problem("user.no_name")
        if self._archive.accounts.public_key(name):
            raise Problem("user.exists", name=name)
        self._check_roles(roles, groups)
        check_password(password)
        user = self._archive.new_id()
        # First the record, which by itself opens nothing; then the slot, which by itself has no roles.
        draft = Draft.new("user", user, plain(User(name, tuple(roles), groups=tuple(groups))))
        self._archive.save([draft])
        self._give_key(user, name, password)
        return user

    def reset(self, name: str, password: str) -> None:
        """Give a user who forgot it a new password, and with it a new key pair: what was sealed to them stays closed."""
        require(self._archive, "accounts")
        check_password(password)
        self._give_key(self._here(name).id, name, password)

    def set_roles(self, name: str, roles: Sequence[str], groups: Sequence[bytes] = ()) -> None:
        """Change what somebody is, and whom they look after. Raises Problem for the last administrator."""
        require(self._archive, "accounts")
        self._check_roles(roles, groups)
        user = self._here(name)
        if ADMINISTRATOR not in roles:
            self._keep_an_administrator(user)
        self._archive.save([Draft.edit(user.record, {"roles": list(roles), "groups": list(groups)})])

    def remove(self, name: str) -> None:
        """Take somebody's way into this archive away; what they did stays. Raises Problem for the last administrator."""
        require(self._archive, "accounts")
        user = self._here(name)
        self._keep_an_administrator(user)
        self._archive.accounts.remove_user(name)
        self._archive.save([Draft.edit(user.record, {"removed": True})])

    def change_password(self, password: str, *, device_secret: bytes = b"") -> None:
        """Change the password of whoever opened the archive."""
        check_password(password)
        own = self._archive.whole.get("user", self._archive.user)
        if own is None:
            raise Problem("user.unknown", name="")
        self._archive.accounts.set_password(own.fields["name"], password, device_secret=device_secret)

    def set_recovery(self, code: bytes) -> None:
        """Let a new recovery code open the archive; the one before ends. Make it known on paper first.

        Where whoever makes it agreed that the county keeps it (`storage.escrow.agree`), the county does.
        """
        require(self._archive, "accounts")
        self._archive.accounts.set_recovery(code, agreed_public(self._archive))
        Notebooks(self._archive).settle()

    def doubts_recovery(self) -> bool:
        """Whether there is a recovery code that whoever opened the archive has not agreed to: somebody made a new one."""
        accounts = self._archive.accounts
        return accounts.has_recovery() and accounts.recovery_key() is None

    def trust_recovery(self) -> None:
        """Let the recovery code that there is now give one's own account back, and open one's notes in an emergency."""
        self._archive.accounts.trust_recovery()
        Notebooks(self._archive).settle()

    # ---- helpers ----

    def _all(self) -> list[Kept[User]]:
        return [typed(record, User) for record in self._archive.find("user")]

    def _account(self, user: Kept[User]) -> Account:
        here = self._opener(user.fields.name)
        is_here = here is not None and here.id == user.id
        return Account(user.id, user.fields.name, user.fields.roles, is_here, user.fields.groups)

    def _opener(self, name: str) -> Kept[User] | None:
        """Who opens this archive under a name. The name alone is no proof: other laptops may have namesakes."""
        public = self._archive.accounts.public_key(name)
        if public is None:
            return None
        named = [user for user in self._all() if user.fields.name == name and not user.fields.removed]
        proven = [user for user in named if user.fields.sealing == public]
        # Where the program ended between giving a key and writing it down, there is one of the name, without proof.
        return next(iter(proven or (named if len(named) == 1 else [])), None)

    def _here(self, name: str) -> Kept[User]:
        user = self._opener(name)
        if user is None:
            raise Problem("user.unknown", name=name)
        return user

    def _keep_an_administrator(self, leaving: Kept[User]) -> None:
        others = (user for user in self._all() if user.id != leaving.id and ADMINISTRATOR in user.fields.roles)
        if ADMINISTRATOR in leaving.fields.roles and not any(self._account(user).here for user in others):
            raise Problem("user.last_administrator", name=leaving.fields.name)

    def _check_roles(self, roles: Sequence[str], groups: Sequence[bytes]) -> None:
        if not roles:
            raise Problem("user.no_roles")
        rules = Roles.load()
        if any(rules.get(role).within for role in roles) and not groups:
            raise Problem("user.no_groups")

    def _give_key(self, user: bytes, name: str, password: str) -> None:
        public = self._archive.accounts.put_user(user, name, password)
        record = self._archive.get("user", user)
        if record is not None:
            self._archive.save([Draft.edit(record, {"sealing": public})])
