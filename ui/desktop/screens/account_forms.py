"""Forms about accounts: somebody new, a forgotten password, other roles, one's own password, this computer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.errors import Problem
from app.texts import Texts
from app.users import MIN_PASSWORD, Account, Users, check_password
from storage import device_secret
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.accounts import AccountsData, Binding, binding, own_secret, role_words
from ui.desktop.screens.person_form import Field
from ui.desktop.screens.role_choices import RoleChoices
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import Banner, button, label, row, scrolled
from ui.desktop.widgets.dialogs import give_size

WIDTH = 500

_AROUND = 210
"""Height of the title, the buttons, the margins and a sentence in the banner."""

_BESIDE = 44
"""Width of the margins."""


class LineField(Field):
    """A line to type into, and below it a sentence where there is something to say about it."""

    def __init__(self, title: str) -> None:
        line = QLineEdit()
        super().__init__(title, line)
        self.line = line


class AccountForm(QDialog):
    """A title, what is to be known, some fields and a button; closes once it is done.

    Escape closes it, but not while something is under way: then nobody would be told how that went.

    Args:
        texts: the language.
        theme: for sizes.
        title: also of the window; names nobody.
        parent: what it belongs to.

    Attributes:
        is_busy: whether something is under way.
    """

    def __init__(self, texts: Texts, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.texts = texts
        self.setWindowTitle(title)
        self.banner = Banner()
        self.is_busy = False
        self.content = QVBoxLayout()
        self.content.setContentsMargins(0, 0, 4, 0)
        self.content.setSpacing(theme.size("space"))
        scroll = scrolled(self.content)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cancel = button(texts("desktop_accounts.cancel"), self.reject)
        self.cancel.setAutoDefault(False)
        self.go = button("", self._submit, "primary")
        self.go.setDefault(True)
        layout = QVBoxLayout(self)
        margin = theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.setSpacing(theme.size("gap"))
        layout.addWidget(label(title, "title", wrap=True))
        layout.addWidget(self.banner)
        layout.addWidget(scroll, 1)
        layout.addLayout(row(None, self.cancel, self.go))

    def add_text(self, text: str, role: str = "") -> None:
        """Say something above the fields that come next."""
        self.content.addWidget(label(text, role, wrap=True))

    def add_field(self, key: str, *, secret: bool = False) -> LineField:
        """A line to type into, its title above it."""
        title = self.texts(key)
        made = LineField(title)
        if secret:
            made.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.content.addWidget(label(title, "muted"))
        self.content.addWidget(made)
        return made

    def fit(self, width: int = WIDTH) -> None:
        """Open with room for what is in it; called when everything is."""
        self.content.addStretch(1)
        give_size(self, width, self.content.totalHeightForWidth(width - _BESIDE) + _AROUND)

    def submit(self) -> None:
        """Do what the form is for, or start a task that does. Raises Problem for what is missing."""
        raise NotImplementedError

    def fail(self, problem: Problem) -> None:
        """It did not work; the form is ready for another try."""
        self.set_busy(busy=False)
        self.banner.say(self.texts.problem(problem))

    def set_busy(self, *, busy: bool) -> None:
        """Whether something is under way."""
        self.is_busy = busy
        self.go.setEnabled(not busy)

    def reject(self) -> None:
        """Leave."""
        if not self.is_busy:
            super().reject()

    def _submit(self) -> None:
        if self.is_busy:
            return
        self.banner.clear()
        try:
            self.submit()
        except Problem as problem:
            self.fail(problem)


class OpenForm(AccountForm):
    """A form about the archive that is open."""

    def __init__(self, context: Context, title: str, parent: QWidget) -> None:
        super().__init__(context.texts, context.theme, title, parent)
        self.context = context

    def run(self, operation: Callable[[Desk], object], sentence: str) -> None:
        """Do something with the archive and close; `sentence` tells that it was done."""
        self.set_busy(busy=True)
        self.context.tasks.on_archive(self, operation, lambda _: self.done_with(sentence), self.fail)

    def done_with(self, sentence: str) -> None:
        """Tell, have everything shown anew, and close."""
        self.set_busy(busy=False)
        self.context.signals.told.emit(sentence)
        self.context.signals.changed.emit()
        self.accept()


class NewPassword:
    """A new password, typed twice into a form. Below stands whether it is long enough, and the same twice."""

    def __init__(self, form: AccountForm, first: str, second: str) -> None:
        self._texts = form.texts
        self.first = form.add_field(first, secret=True)
        self.second = form.add_field(second, secret=True)
        for field in (self.first, self.second):
            field.line.textEdited.connect(lambda _text: self._say())
        self._say()

    def read(self) -> str:
        """The password. Raises Problem where it is too short or not the same twice."""
        password = self.first.line.text()
        try:
            check_password(password)
        except Problem:
            self.first.setFocus()
            raise
        if password != self.second.line.text():
            self.second.setFocus()
            raise Problem("desktop_accounts.passwords_differ")
        return password

    def _say(self) -> None:
        first, second = self.first.line.text(), self.second.line.text()
        missing, texts = MIN_PASSWORD - len(first), self._texts
        if not first:
            self.first.say(texts("desktop_accounts.password_rule", count=MIN_PASSWORD))
        elif missing > 0:
            self.first.say(texts("desktop_accounts.password_missing", count=missing), "doubt")
        else:
            self.first.say(texts("desktop_accounts.password_long_enough"), "fine")
        if second and second == first:
            self.second.say(texts("desktop_accounts.password_same"), "fine")
        elif not first.startswith(second):
            self.second.say(texts("desktop_accounts.password_other"), "fault")
        else:
            self.second.say(texts("desktop_accounts.password_twice"))


class AddForm(OpenForm):
    """Lets somebody else open the archive."""

    def __init__(self, context: Context, data: AccountsData, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_accounts.add"), parent)
        self._name = self.add_field("desktop_accounts.name")
        self._roles = RoleChoices(self.texts, data.groups)
        self.content.addWidget(self._roles)
        self._password = NewPassword(self, "desktop_accounts.first_password", "desktop_accounts.password_again")
        self.add_text(self.texts("desktop_accounts.first_password_about"), "small")
        self.go.setText(self.texts("desktop_accounts.add"))
        self.fit()
        self._name.setFocus()

    def submit(self) -> None:
        """Add the user."""
        name, roles = self._name.line.text().strip(), self._roles.chosen()
        if not name:
            self._name.setFocus()
            raise Problem("user.no_name")
        groups = self._roles.groups()
        password = self._password.read()
        self.run(
            lambda desk: Users(desk.archive).add(name, password, roles, groups),
            self.texts("desktop_accounts.added", name=name),
        )


class RolesForm(OpenForm):
    """Changes what somebody is."""

    def __init__(self, context: Context, account: Account, data: AccountsData, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_accounts.roles_title"), parent)
        self._account = account
        own = account.id == data.user
        self.add_text(account.name, "strong")
        self._roles = RoleChoices(self.texts, data.groups, account)
        self.content.addWidget(self._roles)
        self.add_text(self.texts("desktop_accounts.roles_own" if own else "desktop_accounts.roles_when"), "small")
        self.go.setText(self.texts("desktop_accounts.save"))
        self.fit()
        self._roles.set_focus()

    def submit(self) -> None:
        """Change the roles."""
        name, roles, groups = self._account.name, self._roles.chosen(), self._roles.groups()
        self.run(
            lambda desk: Users(desk.archive).set_roles(name, roles, groups),
            self.texts("desktop_accounts.roles_changed", name=name, roles=role_words(self.texts, roles)),
        )


class ResetForm(OpenForm):
    """Gives somebody who forgot it a new password, and says what that costs."""

    def __init__(self, context: Context, account: Account, parent: QWidget, *, has_recovery: bool) -> None:
        super().__init__(context, context.texts("desktop_accounts.reset_title"), parent)
        self._account = account
        self.add_text(account.name, "strong")
        self.add_text(self.texts("desktop_accounts.reset_cost"), "warning")
        if has_recovery:
            self.add_text(self.texts("desktop_accounts.reset_rather_recover"), "muted")
        self._password = NewPassword(self, "desktop_accounts.new_password", "desktop_accounts.password_again")
        self.go.setText(self.texts("desktop_accounts.reset"))
        self.fit()
        self._password.first.setFocus()

    def submit(self) -> None:
        """Set the password."""
        name, password = self._account.name, self._password.read()
        self.run(
            lambda desk: Users(desk.archive).reset(name, password),
            self.texts("desktop_accounts.was_reset", name=name),
        )


class RemoveForm(OpenForm):
    """Asks once whether somebody shall not open the archive any more."""

    def __init__(self, context: Context, account: Account, parent: QWidget, *, own: bool) -> None:
        super().__init__(context, context.texts("desktop_accounts.remove_title"), parent)
        self._account = account
        self.add_text(account.name, "strong")
        if own:
            self.add_text(self.texts("desktop_accounts.remove_own"), "warning")
        self.add_text(self.texts("desktop_accounts.remove_about"))
        self.go.setProperty("role", "danger")
        self.go.setText(self.texts("desktop_accounts.remove"))
        self.fit()
        # A hasty Enter shall take nobody's way in.
        self.cancel.setAutoDefault(True)
        self.cancel.setFocus()

    def submit(self) -> None:
        """Remove the user."""
        name = self._account.name
        self.run(
            lambda desk: Users(desk.archive).remove(name),
            self.texts("desktop_accounts.removed", name=name),
        )


class OwnPasswordForm(OpenForm):
    """Changes the password of whoever opened the archive; the one before is asked for."""

    def __init__(self, context: Context, data: AccountsData, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_accounts.own_password"), parent)
        self._data = data
        self._old = self.add_field("desktop_accounts.old_password", secret=True)
        self._password = NewPassword(self, "desktop_accounts.new_password", "desktop_accounts.password_again")
        self.go.setText(self.texts("desktop_accounts.change"))
        self.fit()
        self._old.setFocus()

    def submit(self) -> None:
        """Change the password; what it is bound to stays."""
        old, data, tasks = self._old.line.text(), self._data, self.context.tasks
        if not old:
            self._old.setFocus()
            raise Problem("desktop_accounts.no_old_password")
        new = self._password.read()

        def change(_task: object) -> None:
            secret = own_secret(data, old)
            tasks.ask_archive(lambda desk: Users(desk.archive).change_password(new, device_secret=secret))

        self.set_busy(busy=True)
        sentence = self.texts("desktop_accounts.password_changed")
        tasks.aside(self, change, lambda _: self.done_with(sentence), self.fail)


class BindingForm(OpenForm):
    """Binds one's password to this computer, or frees it. How it is now, only the password tells."""

    def __init__(self, context: Context, data: AccountsData, parent: QWidget) -> None:
        super().__init__(context, context.texts("desktop_accounts.binding"), parent)
        self._data = data
        self._state: Binding = "unknown"
        self.add_text(self.texts("desktop_accounts.binding_about"))
        if not data.has_recovery:
            self.add_text(self.texts("desktop_accounts.binding_no_recovery"), "warning")
        self._password = self.add_field("desktop_accounts.password", secret=True)
        self._password.line.textEdited.connect(lambda _text: self._show("unknown"))
        self._show("unknown")
        self.fit()
        self._password.setFocus()

    def submit(self) -> None:
        """First look how it is, then change that."""
        password, data, tasks, state = self._password.line.text(), self._data, self.context.tasks, self._state
        if not password:
            self._password.setFocus()
            raise Problem("desktop_accounts.no_password")
        self.set_busy(busy=True)
        if state == "unknown":
            tasks.aside(self, lambda _task: binding(data, password), self._show, self.fail)
            return

        def change(_task: object) -> None:
            own_secret(data, password)
            secret = b"" if state == "bound" else device_secret.create(data.archive)
            tasks.ask_archive(lambda desk: Users(desk.archive).change_password(password, device_secret=secret))

        sentence = self.texts(f"desktop_accounts.{'unbound' if state == 'bound' else 'bound'}")
        tasks.aside(self, change, lambda _: self.done_with(sentence), self.fail)

    def _show(self, state: Binding) -> None:
        self.set_busy(busy=False)
        self._state = state
        self._password.say(self.texts(f"desktop_accounts.binding_{state}"), "small" if state == "unknown" else "fine")
        self.go.setText(self.texts(f"desktop_accounts.binding_act_{state}"))
