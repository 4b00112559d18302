"""Who works with this archive, and what one's own password opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.access import Roles, may
from app.errors import Problem
from app.records import User, typed
from app.texts import Texts
from app.users import Account, Users
from storage import device_secret
from storage.archive import system_clock
from storage.keys import open_slots, slots_path
from storage.waiting import Waiting
from ui.desktop.desk import Desk
from ui.desktop.widgets import tables

COLUMNS = ("name", "roles", "opens")

Binding = Literal["unknown", "bound", "free"]
"""Whether a password is bound to this computer."""

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class AccountsData(msgspec.Struct, frozen=True):
    """What the page shows.

    Attributes:
        archive: id of the archive.
        path: of its file.
        user: id of whoever opened it.
        name: of whoever opened it.
        roles: of whoever opened it.
        manages: whether they manage the accounts of others too.
        has_recovery: whether there is a recovery code.
        accounts: everybody; nobody for those who do not manage them.
        groups: names of classes by id, for those who manage accounts.
        with_notes: whether the user works with session notes.
    """

    archive: bytes
    path: Path
    user: bytes
    name: str
    roles: tuple[str, ...]
    manages: bool
    has_recovery: bool
    accounts: list[Account]
    groups: dict[bytes, str]
    with_notes: bool


def read_accounts(desk: Desk) -> AccountsData:
    """Gather what the page shows."""
    archive = desk.archive
    # Everybody may know who they are, whatever their role shows of others.
    record = archive.whole.get("user", archive.user)
    own = typed(record, User).fields if record else User("")
    manages = may(archive, "accounts")
    return AccountsData(
        archive=archive.id,
        path=archive.path,
        user=archive.user,
        name=own.name,
        roles=own.roles,
        manages=manages,
        has_recovery=archive.accounts.has_recovery(),
        accounts=Users(archive).listed() if manages else [],
        groups={group.id: group.fields.name for group in desk.people.groups()} if manages else {},
        with_notes=may(archive, "notes"),
    )


def own_secret(data: AccountsData, password: str) -> bytes:
    """Try the password of whoever opened the archive; returns the device secret that it needs, empty for none.

    Takes as long as a password does, and counts wrong ones as opening does: the screen may have been left alone.

    Raises:
        Problem: the password is wrong, it is too early for another try, or the device secret is missing.
    """
    needed = b""

    def secret(archive: bytes) -> bytes:
        nonlocal needed
        needed = device_secret.read(archive)
        return needed

    waiting = Waiting(data.path)
    waiting.refuse_early(system_clock())
    try:
        open_slots(slots_path(data.path), data.name, password, secret)
    except Problem as problem:
        if problem.key != "archive.wrong_password":
            raise
        waiting.failed(system_clock())
        raise Problem("desktop_accounts.wrong_password") from problem
    waiting.passed()
    return needed


def binding(data: AccountsData, password: str) -> Binding:
    """How the password is. Raises Problem where it is wrong, or is free and cannot be bound."""
    if own_secret(data, password):
        return "bound"
    device_secret.check()
    return "free"


def role_words(texts: Texts, roles: Sequence[str]) -> str:
    """Titles of roles in a row. One that only a newer version knows is called that."""
    titles = {role.id: role.title[texts.language] for role in Roles.load().roles}
    unknown = texts("desktop_accounts.unknown_role")
    return texts("words.separator").join(titles.get(role, unknown) for role in roles)


class AccountsModel(QAbstractTableModel):
    """Users, one row each."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        self._user = b""
        self._accounts: list[Account] = []

    def show(self, data: AccountsData) -> None:
        """Take over what was read."""
        if (data.user, data.accounts) == (self._user, self._accounts):
            return
        self.beginResetModel()
        self._user, self._accounts = data.user, data.accounts
        self.endResetModel()

    def account(self, row: int) -> Account | None:
        """Who is in a row."""
        return self._accounts[row] if 0 <= row < len(self._accounts) else None

    def row_of(self, user: bytes) -> int:
        """The row of a user, -1 where they are not in the list."""
        return next((row for row, one in enumerate(self._accounts) if one.id == user), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """One row for each user."""
        return 0 if parent.isValid() else len(self._accounts)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's name and default
        """As `COLUMNS`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Texts; whether somebody can open the archive is a chip."""
        account, column = self._accounts[index.row()], COLUMNS[index.column()]
        match role:
            case Role.DisplayRole:
                return self._text(account, column)
            case Role.ToolTipRole:
                key = "opens" if account.here else "closed"
                is_chip = column == "opens"
                return self._texts(f"desktop_accounts.{key}_about") if is_chip else self._text(account, column)
            case tables.CHIP_ROLE if column == "opens":
                return "green" if account.here else "plain"
        return None

    def _text(self, account: Account, column: str) -> str:
        match column:
            case "name":
                own = account.id == self._user
                return self._texts("desktop_accounts.own_name", name=account.name) if own else account.name
            case "roles":
                return role_words(self._texts, account.roles)
        return self._texts("desktop_accounts.opens" if account.here else "desktop_accounts.closed")

    def headerData(  # noqa: N802 -- Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if role != Role.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._texts(f"desktop_accounts.column_{COLUMNS[section]}")
