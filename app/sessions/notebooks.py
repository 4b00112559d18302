"""The notebooks of whoever opened the archive: the keys to notes, and who else has them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import msgspec

from app.access import Roles, require
from app.errors import Problem
from app.records import Kept, Notebook, NotebookKey, User, plain, readable
from storage.archive import Archive
from storage.keys import recovery_holder
from storage.notebook import Recipient, Unsealed, fingerprint, hand_on, holder_id, own_key, take
from storage.records import Draft


class Reader(msgspec.Struct, frozen=True):
    """Somebody who could read one's notes.

    Attributes:
        user: id; None for the recovery code of this archive.
        name: of the user.
        supervises: has the role that is meant for it.
        fingerprint: of their key, to be compared before it is trusted.
        allowed: whether they can.
    """

    user: bytes | None
    name: str
    supervises: bool
    fingerprint: str
    allowed: bool


class Notebooks:
    """Finds and makes keys. Reads and writes the archive without a guard: keys are shown to nobody."""

    def __init__(self, archive: Archive) -> None:
        self._guarded = archive
        self._archive = archive.whole
        self._own = archive.accounts.own_key
        self._holder = holder_id(self._own.public_key)

    # ---- keys ----

    def keys(self, notebook: bytes) -> list[bytes]:
        """What could be the key of a notebook, for whoever opened the archive; nothing where it was not handed on.

        More than one only where somebody forged one: a note tells which is right.
        """
        record = self._archive.get("notebook", notebook)
        own = readable(record, Notebook) if record else None
        if own and own.fields.holder == self._holder:
            return [own_key(self._own, notebook)]
        return _taken(self._own, [grant for grant in self._grants([notebook]) if grant.holder == self._holder])

    def keys_by_code(self, notebook: bytes, code: bytes) -> list[bytes]:
        """The same for the holder of a recovery code. Raises Problem where it opens nothing."""
        grants = [grant for grant in self._grants([notebook]) if grant.archive]
        if not grants:
            raise Problem("session.no_code")
        keys: list[bytes] = []
        for grant in grants:
            holder = recovery_holder(grant.archive or b"", code)
            if holder_id(holder.public_key) == grant.holder:
                keys += _taken(holder, [grant])
        if not keys:
            raise Problem("session.wrong_code")
        return keys

    def current(self) -> bytes:
        """The notebook that is written in now; made where there is none."""
        own = self._written()
        return own[-1] if own else self._begin(())

    # ---- readers ----

    @property
    def own_fingerprint(self) -> str:
        """The key of whoever opened the archive, as others see it."""
        return fingerprint(self._own.public_key)

    def readers(self) -> list[Reader]:
        """Everybody who could read one's notes, and whether they can: the recovery code first, then supervisors.

        Raises:
            Problem: whoever opened the archive does not work with notes.
        """
        require(self._guarded, "notes")
        own = self._written()
        holders = {grant.holder for grant in self._grants(own[-1:])}
        readers = [self._reader(user, holders) for user in self._candidates()]
        code = self._archive.accounts.recovery_key()
        if code:
            is_allowed = holder_id(code) in holders
            readers.append(Reader(None, "", supervises=False, fingerprint=fingerprint(code), allowed=is_allowed))
        return sorted(readers, key=lambda one: (one.user is not None, not one.supervises, one.name))

    def allow(self, user: bytes) -> None:
        """Let a user read all that one has written and will write. Raises Problem."""
        public = self._public(user)
        self.current()
        self._hand_on(self._written(), [(public, None)])

    def withdraw(self, user: bytes) -> None:
        """Let a user read nothing of what is written from now on; what was, they may have read. Raises Problem."""
        public = self._public(user)
        own = self._written()
        holders = {grant.holder for grant in self._grants(own[-1:])}
        if holder_id(public) not in holders:
            return
        staying = [key for one in self._candidates() if one.id != user and (key := one.fields.sealing)]
        self._begin([(key, None) for key in staying if holder_id(key) in holders])

    def settle(self) -> None:
        """Let the recovery code read what one has written, where one trusts it and it cannot yet."""
        code = self._archive.accounts.recovery_key()
        if code:
            self._hand_on(self._written(), [(code, self._archive.id)])

    # ---- helpers ----

    def _written(self) -> list[bytes]:
        """One's own notebooks, the last begun last. One that somebody else slipped in is harmless: its key is ours."""
        own = self._archive.find("notebook", {"holder": self._holder}, order="created")
        return [record.id for record in own]

    def _begin(self, readers: Iterable[tuple[bytes, bytes | None]]) -> bytes:
        notebook = self._archive.new_id()
        with self._archive.transaction():
            fields = Notebook(self._holder)
            self._archive.save([Draft.new("notebook", notebook, plain(fields))])
            self._hand_on([notebook], readers)
            self.settle()
        return notebook

    def _hand_on(self, notebooks: Iterable[bytes], readers: Iterable[tuple[bytes, bytes | None]]) -> None:
        drafts = []
        for notebook in notebooks:
            holders = {grant.holder for grant in self._grants([notebook])}
            for public, archive in readers:
                if holder_id(public) in holders:
                    continue
                try:
                    wrapped = hand_on(own_key(self._own, notebook), notebook, public)
                except Unsealed as error:
                    raise Problem("session.no_key") from error
                grant = NotebookKey(notebook, holder_id(public), wrapped, archive)
                drafts.append(Draft.new("notebook_key", self._archive.new_id(), plain(grant)))
        self._archive.save(drafts)

    def _grants(self, notebooks: list[bytes]) -> list[NotebookKey]:
        found = self._archive.find("notebook_key", {"notebook": notebooks}) if notebooks else []
        return [grant.fields for record in found if (grant := readable(record, NotebookKey))]

    def _candidates(self) -> list[Kept[User]]:
        """Other users who have a key and a role that works with notes."""
        may = {role.id for role in Roles.load().roles if "notes" in role.may}
        users = (readable(record, User) for record in self._archive.find("user"))
        return [
            user
            for user in users
            if user
            and user.id != self._archive.user
            and user.fields.sealing
            and not user.fields.removed
            and may & {*user.fields.roles}
        ]

    def _reader(self, user: Kept[User], holders: set[bytes]) -> Reader:
        public = user.fields.sealing or b""
        supervises = "supervisor" in user.fields.roles
        return Reader(user.id, user.fields.name, supervises, fingerprint(public), holder_id(public) in holders)

    def _public(self, user: bytes) -> bytes:
        for one in self._candidates():
            if one.id == user and one.fields.sealing:
                return one.fields.sealing
        raise Problem("session.no_reader")


def _taken(reader: Recipient, grants: Iterable[NotebookKey]) -> list[bytes]:
    """The keys that a reader gets out of what was handed on; what was forged may give none."""
    keys = []
    for grant in grants:
        with suppress(Unsealed):
            keys.append(take(reader, grant.notebook, grant.wrapped))
    return keys
