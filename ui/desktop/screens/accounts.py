"""账号: who can open this archive and as what; one's own password; the recovery code."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QDialog, QFrame, QHeaderView, QPushButton, QTableView, QVBoxLayout

from app.users import Account
from storage.recovery_code import new_code
from ui.desktop.context import Context
from ui.desktop.models.accounts import AccountsData, AccountsModel, read_accounts, role_words
from ui.desktop.page import Page
from ui.desktop.screens.account_forms import (
    AddForm,
    BindingForm,
    OpenForm,
    OwnPasswordForm,
    RemoveForm,
    ResetForm,
    RolesForm,
)
from ui.desktop.screens.readers import ReadersDialog
from ui.desktop.screens.recovering import RecoveryCodeDialog
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import button, card, label, row, scrolled
from ui.desktop.widgets.tables import table

LEAST_ROWS = 5


class AccountsPage(Page):
    """The page. Who does not manage accounts sees only what is their own."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_accounts")
        self._task: Task | None = None
        self._data: AccountsData | None = None
        self._model = AccountsModel(self.texts)
        self._table = self._users_table()
        self._acts = {
            name: self._act(name, make)
            for name, make in (("reset", self._reset), ("change_roles", self._roles), ("remove", self._remove))
        }
        self._add = button(self.texts("desktop_accounts.add"), self._open_add, "primary")
        self.tools.addWidget(self._add)
        self._own = label(role="strong", wrap=True)
        self._readers = button(self.texts("desktop_session.readers_open"), self._open_readers)
        self._recovery_state = label(role="muted", wrap=True)
        self._users, self._recovery = self._users_card(), self._recovery_card()
        layout = QVBoxLayout()
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        layout.addWidget(self._users, 1)
        layout.addWidget(self._own_card())
        layout.addWidget(self._recovery)
        layout.addStretch()
        self.body.addWidget(scrolled(layout))
        self._show_managing(shown=False)

    def refresh(self) -> None:
        """Read anew; who is chosen stays chosen."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.context.tasks.on_archive(self, read_accounts, self._show)

    # ---- parts ----

    def _users_table(self) -> QTableView:
        made = table(self._model, self.context.theme, self.texts("desktop_accounts.users"), stretch=1)
        header = made.horizontalHeader()
        header.setDefaultAlignment(label().alignment())
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        made.setMinimumHeight((LEAST_ROWS + 1) * self.context.theme.size("row") + 4)
        made.selectionModel().currentRowChanged.connect(self._chosen)
        made.activated.connect(lambda _index: self._roles())
        return made

    def _act(self, name: str, act: Callable[[], None]) -> QPushButton:
        return button(self.texts(f"desktop_accounts.{name}_open"), act, "danger" if name == "remove" else "")

    def _users_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("desktop_accounts.users"), "heading"))
        layout.addWidget(self._table, 1)
        layout.addLayout(row(self._acts["change_roles"], self._acts["reset"], None, self._acts["remove"]))
        return frame

    def _own_card(self) -> QFrame:
        frame, layout = card()
        text = QVBoxLayout()
        text.addWidget(label(self.texts("desktop_accounts.own"), "heading"))
        text.addWidget(self._own)
        line = row(spacing=12)
        line.addLayout(text, 1)
        line.addWidget(self._readers)
        line.addWidget(button(self.texts("desktop_accounts.own_password_open"), self._open_own))
        line.addWidget(button(self.texts("desktop_accounts.binding_open"), self._open_binding))
        layout.addLayout(line)
        return frame

    def _recovery_card(self) -> QFrame:
        frame, layout = card()
        text = QVBoxLayout()
        text.addWidget(label(self.texts("desktop_accounts.recovery"), "heading"))
        text.addWidget(self._recovery_state)
        line = row(spacing=12)
        line.addLayout(text, 1)
        line.addWidget(button(self.texts("desktop_accounts.make_code"), self._make_code))
        layout.addLayout(line)
        return frame

    # ---- what is shown ----

    def _show(self, data: AccountsData) -> None:
        chosen = self._account()
        self._data = data
        self._model.show(data)
        # The table forgets who was chosen when its rows are others.
        self._choose(chosen.id if chosen else data.user)
        self._own.setText(
            self.texts("desktop_accounts.own_line", name=data.name, roles=role_words(self.texts, data.roles))
        )
        state = "recovery_there" if data.has_recovery else "recovery_missing"
        self._recovery_state.setText(self.texts(f"desktop_accounts.{state}"))
        self._show_managing(shown=data.manages)
        self._readers.setVisible(data.with_notes)

    def _show_managing(self, *, shown: bool) -> None:
        for part in (self._users, self._recovery, self._add):
            part.setVisible(shown)

    def _choose(self, user: bytes) -> None:
        found = self._model.row_of(user)
        if found >= 0 and found != self._table.currentIndex().row():
            self._table.selectRow(found)
        self._chosen()

    def _chosen(self, _current: QModelIndex | None = None) -> None:
        account = self._account()
        here, own = account is not None and account.here, self._is_own(account)
        for name, act in self._acts.items():
            act.setEnabled(here and not (own and name == "reset"))
        self._acts["reset"].setToolTip(self.texts("desktop_accounts.reset_not_own") if own else "")

    def _account(self) -> Account | None:
        return self._model.account(self._table.currentIndex().row())

    def _is_own(self, account: Account | None) -> bool:
        return account is not None and self._data is not None and account.id == self._data.user

    # ---- doing ----

    def _open(self, form: QDialog) -> None:
        self.banner.clear()
        form.open()

    def _open_add(self) -> None:
        if self._data is not None:
            self._open(AddForm(self.context, self._data, self))

    def _roles(self) -> None:
        data = self._data
        if data is not None:
            self._open_about(lambda account: RolesForm(self.context, account, data, self))

    def _remove(self) -> None:
        self._open_about(lambda account: RemoveForm(self.context, account, self, own=self._is_own(account)))

    def _reset(self) -> None:
        has_recovery = self._data is not None and self._data.has_recovery
        self._open_about(lambda account: ResetForm(self.context, account, self, has_recovery=has_recovery))

    def _open_about(self, make: Callable[[Account], OpenForm]) -> None:
        account = self._account()
        if account is not None and account.here:
            self._open(make(account))

    def _open_own(self) -> None:
        if self._data is not None:
            self._open(OwnPasswordForm(self.context, self._data, self))

    def _open_readers(self) -> None:
        self._open(ReadersDialog(self.context, self))

    def _open_binding(self) -> None:
        if self._data is not None:
            self._open(BindingForm(self.context, self._data, self))

    # ---- the recovery code ----

    def _make_code(self) -> None:
        replaces = self._data is not None and self._data.has_recovery
        dialog = RecoveryCodeDialog(self.context, new_code(), self, replaces=replaces)
        dialog.accepted.connect(lambda: self.banner.say(self.texts("desktop_accounts.code_proved"), "done"))
        self._open(dialog)
