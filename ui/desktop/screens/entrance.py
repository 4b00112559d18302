"""Before an archive is open: unlocking one, or making the first one."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFormLayout, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.errors import Problem
from app.texts import Texts
from storage.archive import Owner
from storage.device import Names
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import Banner, button, card, label, row

MIN_PASSWORD = 8
FORM_WIDTH = 440


class Entrance(QWidget):
    """The unlock form and the form for a new archive, one at a time.

    Signals:
        unlock_wanted: path, user name, password.
        create_wanted: path, `Owner`.
        recover_wanted: path, user name if one was typed.
        restore_wanted: somebody has a backup.
        salvage_wanted: path, user name if one was typed.
    """

    unlock_wanted = Signal(Path, str, str)
    create_wanted = Signal(Path, Owner)
    recover_wanted = Signal(Path, str)
    restore_wanted = Signal()
    salvage_wanted = Signal(Path, str)

    def __init__(self, texts: Texts, theme: Theme, archive: Path | None) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stack = QStackedWidget()
        self._unlock = UnlockForm(texts, archive, self)
        self._create = CreateForm(texts, self)
        for form in (self._unlock, self._create):
            self._stack.addWidget(form)
        self._stack.setFixedWidth(FORM_WIDTH)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(label(texts("desktop.name"), "hero"), alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(label(texts("desktop.motto"), "muted"), alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(theme.size("page"))
        layout.addWidget(self._stack, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        if archive is None:
            self.show_create()

    def show_unlock(self) -> None:
        """Ask for user name and password."""
        self._stack.setCurrentWidget(self._unlock)
        self._unlock.begin()

    def show_create(self) -> None:
        """Ask what a new archive needs."""
        self._stack.setCurrentWidget(self._create)
        self._create.begin()

    def recovered(self, user_name: str) -> None:
        """A user has a new password, and can open the archive with it."""
        self._unlock.recovered(user_name)

    def open(self, path: Path, user_name: str, password: str) -> None:
        """Open another archive, for somebody who has said already how."""
        self._unlock.take(path, user_name)
        self.show_unlock()
        self.unlock_wanted.emit(path, user_name, password)

    def fail(self, sentence: str) -> None:
        """Opening or making did not work; the form is ready for another try."""
        for form in (self._unlock, self._create):
            if self._stack.currentWidget() is form:
                form.fail(sentence)


class UnlockForm(QWidget):
    """User name and password for an archive."""

    def __init__(self, texts: Texts, archive: Path | None, entrance: Entrance) -> None:
        super().__init__()
        self._texts = texts
        self._entrance = entrance
        self._archive = archive
        self._place = label(role="strong")
        self._banner = Banner()
        self._user = QLineEdit()
        self._password = QLineEdit()
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.returnPressed.connect(self._submit)
        self._user.returnPressed.connect(self._password.setFocus)
        self._open = button(texts("desktop.open"), self._submit, "primary")
        frame, layout = card(margin=24)
        layout.addWidget(label(texts("desktop.unlock_title"), "title"))
        layout.addLayout(row(self._place, None, button(texts("desktop.other_archive"), self._choose, "link")))
        layout.addWidget(self._banner)
        layout.addLayout(form((texts("desktop.user"), self._user), (texts("desktop.password"), self._password)))
        layout.addWidget(self._open)
        forgot = button(
            texts("desktop_accounts.forgot"), lambda: self._about_archive(entrance.recover_wanted.emit), "link"
        )
        damaged = button(
            texts("desktop_backup.salvage_open"), lambda: self._about_archive(entrance.salvage_wanted.emit), "link"
        )
        layout.addLayout(row(forgot, None, button(texts("desktop.new_archive"), entrance.show_create, "link")))
        layout.addLayout(
            row(button(texts("desktop_backup.restore_open"), entrance.restore_wanted.emit, "link"), None, damaged)
        )
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        outer.addStretch(1)
        self._show_place()

    def begin(self) -> None:
        """Put the cursor where typing starts."""
        self._password.clear()
        (self._password if self._user.text() else self._user).setFocus()

    def fail(self, sentence: str) -> None:
        """Say what went wrong and let the user try again."""
        self._set_busy(busy=False)
        self._banner.say(sentence)
        self._password.selectAll()
        self._password.setFocus()

    def recovered(self, user_name: str) -> None:
        """A user has a new password: ask for it."""
        self._user.setText(user_name)
        self._banner.say(self._texts("desktop_accounts.recovered", name=user_name), "done")
        self.begin()

    def take(self, archive: Path, user_name: str) -> None:
        """Show another archive, and who opens it."""
        self._archive = archive
        self._user.setText(user_name)
        self._show_place()

    def _about_archive(self, do: Callable[[Path, str], None]) -> None:
        if self._archive is None:
            self._banner.say(self._texts("desktop.choose_archive_first"))
            return
        self._banner.clear()
        do(self._archive, self._user.text().strip())

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self._texts("desktop.choose_archive"), filter="*")
        if chosen:
            self._archive = Path(chosen)
            self._show_place()
            self.begin()

    def _show_place(self) -> None:
        self._place.setText(self._archive.name if self._archive else self._texts("desktop.no_archive_chosen"))
        self._place.setToolTip(str(self._archive or ""))

    def _submit(self) -> None:
        if self._archive is None:
            self._banner.say(self._texts("desktop.choose_archive_first"))
        elif not self._user.text().strip() or not self._password.text():
            self._banner.say(self._texts("desktop.user_and_password"))
        else:
            self._banner.clear()
            self._set_busy(busy=True)
            self._entrance.unlock_wanted.emit(self._archive, self._user.text().strip(), self._password.text())

    def _set_busy(self, *, busy: bool) -> None:
        self._open.setEnabled(not busy)
        self._open.setText(self._texts("desktop.opening" if busy else "desktop.open"))


class CreateForm(QWidget):
    """What a new archive needs to know."""

    def __init__(self, texts: Texts, entrance: Entrance) -> None:
        super().__init__()
        self._texts = texts
        self._entrance = entrance
        self._banner = Banner()
        self._station = QLineEdit()
        self._station.setPlaceholderText(texts("desktop.station_example"))
        self._user = QLineEdit()
        self._passwords = (QLineEdit(), QLineEdit())
        for field in self._passwords:
            field.setEchoMode(QLineEdit.EchoMode.Password)
        self._passwords[0].setPlaceholderText(texts("desktop.password_rule", count=MIN_PASSWORD))
        self._path = QLineEdit(str(Path.home() / texts("desktop.default_file")))
        self._button = button(texts("desktop.create"), self._submit, "primary")
        browse = QPushButton("…")
        browse.setAccessibleName(texts("desktop.choose_place"))
        browse.clicked.connect(self._choose)
        place = QWidget()
        place_layout = row(self._path, browse)
        place_layout.setContentsMargins(0, 0, 0, 0)
        place.setLayout(place_layout)
        frame, layout = card(margin=24)
        layout.addWidget(label(texts("desktop.create_title"), "title"))
        layout.addWidget(label(texts("desktop.create_about"), "muted", wrap=True))
        layout.addWidget(self._banner)
        layout.addLayout(
            form(
                (texts("desktop.station"), self._station),
                (texts("desktop.user"), self._user),
                (texts("desktop.password"), self._passwords[0]),
                (texts("desktop.password_again"), self._passwords[1]),
                (texts("desktop.save_at"), place),
            )
        )
        layout.addWidget(self._button)
        have = button(texts("desktop.have_archive"), entrance.show_unlock, "link")
        layout.addLayout(
            row(have, None, button(texts("desktop_backup.restore_open"), entrance.restore_wanted.emit, "link"))
        )
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        outer.addStretch(1)

    def begin(self) -> None:
        """Put the cursor where typing starts."""
        self._station.setFocus()

    def fail(self, sentence: str) -> None:
        """Say what went wrong and let the user try again."""
        self._button.setEnabled(True)
        self._banner.say(sentence)

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, self._texts("desktop.choose_place"), self._path.text())
        if chosen:
            self._path.setText(chosen)

    def _submit(self) -> None:
        try:
            owner = self._owner()
        except Problem as problem:
            self._banner.say(self._texts.problem(problem))
            return
        self._banner.clear()
        self._button.setEnabled(False)
        self._entrance.create_wanted.emit(Path(self._path.text()).expanduser(), owner)

    def _owner(self) -> Owner:
        station, user = self._station.text().strip(), self._user.text().strip()
        first, second = (field.text() for field in self._passwords)
        if not station or not user or not self._path.text().strip():
            raise Problem("desktop.fill_everything")
        if len(first) < MIN_PASSWORD:
            raise Problem("desktop.password_too_short", count=MIN_PASSWORD)
        if first != second:
            raise Problem("desktop.passwords_differ")
        return Owner(user, first, Names(platform.node() or "xinyi", station))


def form(*fields: tuple[str, QWidget]) -> QFormLayout:
    """Labelled fields, the labels read by screen readers."""
    layout = QFormLayout()
    layout.setSpacing(10)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    for text, field in fields:
        field.setAccessibleName(text)
        layout.addRow(label(text, "muted"), field)
    return layout
