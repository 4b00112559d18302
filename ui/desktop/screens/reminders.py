"""What is put off too easily, or must be known: a recovery code, a backup, that somebody read one's note in an emergency.

Stands above everything else until it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.access import may
from app.sessions.service import Notice, notice_words
from app.users import Users
from storage.recovery_code import new_code
from sync.clock import Doubt
from ui.desktop.backing_up import BackupState
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.screens.recovering import RecoveryCodeDialog
from ui.desktop.widgets.basics import button, clear, label, row


class Needs(msgspec.Struct, frozen=True):
    """What the archive says.

    Attributes:
        code: there is no recovery code, and the user may make one.
        doubted: somebody made a new one, which the user has not agreed to.
        notices: emergencies in which somebody read what the user wrote.
        clock: what speaks against the computer's clock.
    """

    code: bool = False
    doubted: bool = False
    notices: tuple[Notice, ...] = ()
    clock: Doubt = ""


class Reminders(QWidget):
    """One line each, with a button that does it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._needs = Needs()
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(context.theme.size("space"))
        context.backups.changed.connect(self._show)
        self.hide()

    def refresh(self) -> None:
        """See anew what is missing."""
        self._context.tasks.on_archive(self, read_needs, self._take)

    def _take(self, needs: Needs) -> None:
        self._needs = needs
        self._show()

    def _show(self) -> None:
        clear(self._lines)
        texts, late = self._context.texts, self._late()
        for notice in self._needs.notices:
            self._add(notice_words(notice, texts), "notice_seen", partial(self._seen, notice.reading.id))
        if self._needs.clock:
            self._lines.addWidget(label(texts(f"words.clock_{self._needs.clock}"), "warning", wrap=True))
        if self._needs.doubted:
            self._add(texts("desktop.doubted_code"), "trust_code", self._trust)
        if self._needs.code:
            self._add(texts("desktop.no_recovery_code"), "make_recovery_code", self._make_code)
        if late:
            state = self._context.backups.state
            chosen = state is not None and bool(state.plan.folder)
            self._add(late, "backup_see" if chosen else "backup_set_up", self._go_to_backup)
        self.setVisible(self._needs != Needs() or bool(late))

    def _late(self) -> str:
        """What there is to say about backups; nothing where there is a good one of the last days, or one is being made."""
        backups = self._context.backups
        state = backups.state
        if state is None or backups.is_running or not state.plan.is_late(state.now, backups.rules):
            return ""
        plan = state.plan
        days = plan.days_without(state.now)
        return self._context.texts(f"desktop.backup_late{_why(state)}", count=days, name=plan.name)

    def _add(self, text: str, act: str, do: Callable[[], object]) -> None:
        line = row(spacing=self._context.theme.size("gap"))
        line.addWidget(label(text, "warning", wrap=True), 1)
        line.addWidget(button(self._context.texts(f"desktop.{act}"), do))
        self._lines.addLayout(line)

    def _make_code(self) -> None:
        RecoveryCodeDialog(self._context, new_code(), self, replaces=False).open()

    def _seen(self, reading: bytes) -> None:
        self._do(lambda desk: desk.sessions.notice(reading))

    def _trust(self) -> None:
        self._do(lambda desk: Users(desk.archive).trust_recovery())

    def _do(self, operation: Callable[[Desk], object]) -> None:
        self._context.tasks.on_archive(self, operation, lambda _: self.refresh())

    def _go_to_backup(self) -> None:
        self._context.signals.page_wanted.emit("backup")


def read_needs(desk: Desk) -> Needs:
    """See what is missing, and what has to be told."""
    with_notes = may(desk.archive, "notes")
    return Needs(
        may(desk.archive, "accounts") and not desk.archive.accounts.has_recovery(),
        Users(desk.archive).doubts_recovery(),
        tuple(desk.sessions.notices()) if with_notes else (),
        desk.archive.clock_doubt(),
    )


def _why(state: BackupState) -> str:
    """Which sentence it is."""
    if not state.plan.folder:
        return "_no_folder"
    if not state.is_there:
        return ""
    return "_failed" if state.plan.problem else "_waiting"
