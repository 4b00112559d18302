"""The recovery code: shown once when it is made, and typed in when a password was forgotten."""

from __future__ import annotations

import datetime as dt
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QFileDialog, QFrame, QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from app.errors import Problem
from app.reports.recovery_page import recovery_pdf
from app.texts import Texts
from app.users import Users
from storage.accounts import recover
from storage.recovery_code import CODE_SIZE, GROUPS, read, written
from storage.waiting import Waiting
from ui.desktop.context import Context
from ui.desktop.papers import choose_printer, print_paper, write_paper
from ui.desktop.screens.account_forms import AccountForm, LineField, NewPassword, OpenForm
from ui.desktop.tasks import Tasks
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import button, card, label, row

GROUP = 5
"""Characters of a group."""

COLUMNS = 4

CODE_WIDTH = 720
"""Room for groups in letters that can be read from a little further away."""


class RecoveryCodeDialog(OpenForm):
    """Shows a new recovery code, then has one of its groups typed from what was written down. Only then it counts.

    Closing it before that takes a second Escape: the paper would be worth nothing.

    Args:
        context: what pages are given.
        code: the new one, from `storage.recovery_code.new_code`.
        parent: what it belongs to.
        replaces: whether there is another one, which then ends.
    """

    def __init__(self, context: Context, code: bytes, parent: QWidget, *, replaces: bool) -> None:
        super().__init__(context, context.texts("desktop_accounts.code_title"), parent)
        self._code = code
        self._groups = written(code).split("-")
        self._warned = False
        self.asked = -1
        """Place of the group that is asked for, from 0."""
        self._stack = QStackedWidget()
        self._stack.addWidget(self._code_page(replaces=replaces))
        self._stack.addWidget(self._proof_page())
        self.content.addWidget(self._stack)
        self.cancel.setText(self.texts("desktop_accounts.code_leave"))
        self._show_code()
        self.fit(CODE_WIDTH)

    # ---- parts ----

    def _code_page(self, *, replaces: bool) -> QWidget:
        page, layout = _page()
        layout.addWidget(label(self.texts("desktop_accounts.code_about"), wrap=True))
        grid = QGridLayout()
        for place, group in enumerate(self._groups):
            grid.addWidget(self._group_card(place, group), place // COLUMNS, place % COLUMNS)
        layout.addLayout(grid)
        counts = "code_replaces" if replaces else "code_once"
        layout.addWidget(label(self.texts(f"desktop_accounts.{counts}"), "warning", wrap=True))
        layout.addWidget(label(self.texts("desktop_accounts.code_others"), "small", wrap=True))
        layout.addLayout(
            row(
                button(self.texts("desktop_accounts.code_print"), self._choose_printer),
                button(self.texts("desktop_accounts.code_save"), self._choose_file),
                None,
            )
        )
        layout.addStretch(1)
        return page

    def _group_card(self, place: int, group: str) -> QFrame:
        frame, layout = card(margin=8)
        layout.setSpacing(0)
        layout.addWidget(label(self.texts("desktop_accounts.group", number=place + 1), "small"))
        shown = label(group, "number")
        shown.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        # Letter by letter, as it is copied.
        shown.setAccessibleName(" ".join(group))
        layout.addWidget(shown)
        return frame

    def _proof_page(self) -> QWidget:
        page, layout = _page()
        self._question = label(wrap=True)
        layout.addWidget(self._question)
        self._answer = LineField(self.texts("desktop_accounts.code_group"))
        layout.addWidget(self._answer)
        layout.addWidget(button(self.texts("desktop_accounts.code_again"), self._show_code, "link"))
        layout.addStretch(1)
        return page

    # ---- the page for the envelope ----

    def _choose_file(self) -> None:
        name = f"{self.texts('recovery.page')}.pdf"
        chosen, _ = QFileDialog.getSaveFileName(self, self.texts("desktop_accounts.code_save"), name, "*.pdf")
        if chosen:
            self.save(Path(chosen))

    def _choose_printer(self) -> None:
        printer = choose_printer(self)
        if printer is not None:
            self.print_to(printer)

    def save(self, file: Path) -> None:
        """Write the page into a file, which has to go again once it is printed."""
        self._put_out(lambda pdf: write_paper(file, pdf), self.texts("desktop_accounts.code_saved", file=file))

    def print_to(self, printer: QPrinter) -> None:
        """Print the page."""
        self._put_out(lambda pdf: print_paper(printer, pdf), self.texts("desktop_accounts.code_printed"))

    def _put_out(self, out: Callable[[bytes], None], said: str) -> None:
        tasks, texts, code = self.context.tasks, self.texts, written(self._code)
        made = dt.datetime.now().astimezone()
        self.banner.clear()

        def work(_task: object) -> None:
            station, archive = tasks.ask_archive(
                lambda desk: (desk.archive.device.names.station, desk.archive.path.name)
            )
            out(recovery_pdf(code, station=station, archive=archive, made=made, texts=texts))
            tasks.ask_archive(lambda desk: desk.audit.note("printed", detail="recovery-code"))

        tasks.aside(self, work, lambda _: self.banner.say(said, "warning"), self.fail)

    # ---- steps ----

    def submit(self) -> None:
        """Go on to the proof; there, check it."""
        if self._stack.currentIndex() == 0:
            self._ask()
            return
        typed = [*self._groups]
        typed[self.asked] = self._answer.line.text()
        try:
            right = read("".join(typed)) == self._code
        except Problem:
            right = False
        if not right:
            self._answer.setFocus()
            self._answer.line.selectAll()
            raise Problem("desktop_accounts.code_not_that", group=self.asked + 1)
        code = self._code
        self.run(lambda desk: Users(desk.archive).set_recovery(code), self.texts("desktop_accounts.code_proved"))

    def _show_code(self) -> None:
        self.banner.clear()
        self._stack.setCurrentIndex(0)
        self.go.setText(self.texts("desktop_accounts.code_copied"))
        self.go.setFocus()

    def _ask(self) -> None:
        # Another one each time: who looks again shall not copy only the one that was asked for.
        self.asked = secrets.choice([place for place in range(GROUPS) if place != self.asked])
        self._question.setText(self.texts("desktop_accounts.code_prove", group=self.asked + 1))
        self._answer.line.clear()
        self._stack.setCurrentIndex(1)
        self.go.setText(self.texts("desktop_accounts.code_check"))
        self._answer.setFocus()

    def reject(self) -> None:
        """Leave, when asked a second time."""
        if not self._warned and not self.is_busy:
            self._warned = True
            self.banner.say(self.texts("desktop_accounts.code_not_proved"), "warning")
            return
        super().reject()


class RecoveringDialog(AccountForm):
    """Sets a new password with the recovery code, for an archive that is closed.

    Args:
        texts: the language.
        theme: for sizes.
        tasks: the way off the UI thread.
        archive: its file.
        user_name: what was typed already.
        parent: what it belongs to.

    Signals:
        recovered: the user who has a new password.
    """

    recovered = Signal(str)

    def __init__(
        self, texts: Texts, theme: Theme, tasks: Tasks, archive: Path, parent: QWidget, *, user_name: str = ""
    ) -> None:
        super().__init__(texts, theme, texts("desktop_accounts.recover_title"), parent)
        self._tasks = tasks
        self._archive = archive
        self.add_text(texts("desktop_accounts.recover_about", file=archive.name))
        self.user = self.add_field("desktop_accounts.name")
        self.user.line.setText(user_name)
        self.code = self.add_field("desktop_accounts.code")
        self.code.line.textEdited.connect(lambda _text: self._look_at_code())
        self.password = NewPassword(self, "desktop_accounts.new_password", "desktop_accounts.password_again")
        self._look_at_code()
        self.go.setText(texts("desktop_accounts.recover"))
        self.fit()
        (self.code if user_name else self.user).setFocus()

    def submit(self) -> None:
        """Set the password."""
        name = self.user.line.text().strip()
        if not name:
            self.user.setFocus()
            raise Problem("desktop_accounts.no_name")
        try:
            code = read(self.code.line.text())
        except Problem:
            self.code.setFocus()
            raise
        password, archive = self.password.read(), self._archive
        self.set_busy(busy=True)
        self.go.setText(self.texts("desktop_accounts.recovering"))
        self._tasks.aside(
            self, lambda _task: _recover(archive, code, name, password), lambda _: self._recovered(name), self.fail
        )

    def fail(self, problem: Problem) -> None:
        """Say what went wrong; what was typed stays."""
        super().fail(problem)
        self.go.setText(self.texts("desktop_accounts.recover"))

    def _recovered(self, name: str) -> None:
        self.set_busy(busy=False)
        self.recovered.emit(name)
        self.accept()

    def _look_at_code(self) -> None:
        """Write it in groups, and say which one is mistyped as soon as all of its characters are there."""
        line = self.code.line
        typed = in_groups(line.text())
        if line.cursorPosition() == len(line.text()):
            line.setText("-".join(typed))
        wrong = mistyped(typed)
        done = sum(len(group) == GROUP for group in typed)
        if len(typed) > GROUPS:
            self.code.say(self.texts("desktop_accounts.code_too_long", groups=GROUPS), "fault")
        elif wrong:
            self.code.say(self.texts("desktop_accounts.code_mistyped", group=wrong[0]), "fault")
        elif done == GROUPS:
            self.code.say(self.texts("desktop_accounts.code_whole"), "fine")
        else:
            self.code.say(self.texts("desktop_accounts.code_so_far", done=done, groups=GROUPS))


def in_groups(text: str) -> list[str]:
    """What was typed of a code, in groups as it stands on paper; the last one may be short."""
    plain = unicodedata.normalize("NFKC", text).upper()
    characters = "".join(character for character in plain if character.isalnum())
    return [characters[first : first + GROUP] for first in range(0, len(characters), GROUP)]


def mistyped(groups: list[str]) -> list[int]:
    """Numbers of the groups, from 1, that have all their characters and cannot be right."""
    # A group is checked by itself: with right ones in all other places.
    right = written(bytes(CODE_SIZE)).split("-")
    wrong = []
    for place, group in enumerate(groups[:GROUPS]):
        if len(group) < GROUP:
            continue
        try:
            read("".join([*right[:place], group, *right[place + 1 :]]))
        except Problem:
            wrong.append(place + 1)
    return wrong


def _recover(archive: Path, code: bytes, user_name: str, password: str) -> None:
    recover(archive, code, user_name, password)
    # Who has the code need not wait for the tries before.
    Waiting(archive).passed()


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    page.setProperty("role", "page")
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    return page, layout
