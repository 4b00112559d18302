"""The line at the bottom: how sync and backups stand, in words, and what was done last."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout

from app.errors import EnvironmentProblem
from storage.meeting import Backlog
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.widgets.basics import button, label
from ui.meetings import last_meeting

TOLD_MS = 8000


class SyncStatus(QFrame):
    """Always says when the last sync and the last backup were, and what waits; a click goes to their pages."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setProperty("role", "status")
        self._state = button("", lambda: context.signals.page_wanted.emit("sync"), "link")
        self._backup = button("", lambda: context.signals.page_wanted.emit("backup"), "link")
        self._told = label(role="small")
        self._read_last: tuple[bool, int, int, Backlog] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(context.theme.size("page") - 4, 2, context.theme.size("page"), 2)
        layout.addWidget(self._state)
        layout.addWidget(self._backup)
        layout.addStretch(1)
        layout.addWidget(self._told)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOLD_MS)
        self._timer.timeout.connect(self._told.clear)
        context.signals.told.connect(self._tell)
        context.backups.changed.connect(self._show_backup)
        context.self_sync.changed.connect(self._show_sync)
        context.meetings.changed.connect(self._meetings_changed)

    def refresh(self) -> None:
        """Ask the archive how things stand."""
        self._context.tasks.on_archive(self, read_state, self._read)
        self._show_backup()

    def _show_backup(self) -> None:
        self._backup.setText(backup_words(self._context))

    def _read(self, state: tuple[bool, int, int, Backlog]) -> None:
        self._read_last = state
        self._show_sync()

    def _show_sync(self) -> None:
        if self._read_last is None:
            return
        enrolled, last, now, backlog = self._read_last
        stands = sync_words(self._context, enrolled=enrolled, last=last, now=now, waiting=backlog.waiting)
        more = self_sync_words(self._context) if enrolled else ""
        self._state.setText(self._context.texts("desktop.sync_and", state=stands, more=more) if more else stands)

    def _meetings_changed(self) -> None:
        self._show_sync()
        if self._context.meetings.running is None:
            self.refresh()

    def _tell(self, text: str) -> None:
        self._told.setText(text)
        self._timer.start()


def read_state(desk: Desk) -> tuple[bool, int, int, Backlog]:
    """Whether the device has joined a county, its last sync and the present (milliseconds), and what still waits."""
    archive = desk.archive
    return archive.device.server is not None, last_meeting(archive), archive.now(), archive.meeting.backlog()


def sync_words(context: Context, *, enrolled: bool, last: int, now: int, waiting: int) -> str:
    """3 天前已同步，128 条待上传."""
    texts = context.texts
    if not enrolled:
        return texts("desktop.sync_not_joined")
    when = texts("desktop.sync_never") if not last else texts("desktop.sync_last", ago=context.words.ago(last, now))
    return texts("desktop.sync_state", when=when, count=waiting)


def self_sync_words(context: Context) -> str:
    """What the program is doing about it, in a few words; empty where there is nothing to say."""
    texts, self_sync = context.texts, context.self_sync
    if context.meetings.running is not None:
        return texts("desktop.sync_running")
    if self_sync.standing == "metered":
        return texts("desktop.sync_metered")
    if self_sync.standing != "failing":
        return ""
    if self_sync.network.is_away:
        return texts("desktop.sync_offline")
    return texts(
        "desktop.sync_failing" if isinstance(self_sync.problem, EnvironmentProblem) else "desktop.sync_needs_you"
    )


def backup_words(context: Context) -> str:
    """9 天前已备份，“小王的U盘”没有插上."""
    texts, backups = context.texts, context.backups
    if backups.is_running:
        return texts("desktop.backup_running")
    state = backups.state
    if state is None:
        return ""
    plan = state.plan
    if not plan.folder:
        return texts("desktop.backup_not_chosen")
    when = texts("desktop.backup_last", ago=context.words.ago(plan.last, state.now)) if plan.last else ""
    when = when or texts("desktop.backup_never")
    if not state.is_there:
        return texts("desktop.backup_gone", when=when, name=plan.name)
    return texts("desktop.backup_failed", when=when) if plan.problem else when
