"""备份: where backups go, which there are and whether they are good; whether this archive is sound."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStorageInfo
from PySide6.QtWidgets import QFileDialog, QFrame, QProgressBar, QVBoxLayout

from app.errors import Problem
from storage.backup import Found, found
from storage.verify import Finding
from ui.desktop.backing_up import BackupState
from ui.desktop.context import Context
from ui.desktop.models.backups import BackupsModel, Verdict, check_all, finding_words
from ui.desktop.page import Page
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, label, row, scrolled
from ui.desktop.widgets.status import backup_words
from ui.desktop.widgets.tables import table

LEAST_ROWS = 4
FILE_COLUMN = 2


class BackupPage(Page):
    """The page."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_backup")
        self._listing: Task | None = None
        self._checking: Task | None = None
        self._was_running = False
        self._model = BackupsModel(self.texts)
        layout = QVBoxLayout()
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        for part in (self._state_card(), self._list_card(), self._archive_card(), self._restoring_card()):
            layout.addWidget(part)
        layout.addStretch(1)
        self.body.addWidget(scrolled(layout))
        context.backups.changed.connect(self._show_state)
        context.backups.failed.connect(self._backup_failed)
        self._show_state()

    def refresh(self) -> None:
        """See anew how things stand."""
        self.context.backups.look()

    # ---- parts ----

    def _state_card(self) -> QFrame:
        frame, layout = card()
        self._state = label(role="heading", wrap=True)
        self._folder = label(wrap=True)
        self._beside = label(self.texts("desktop_backup.beside"), "doubt", wrap=True)
        self._trouble = Banner()
        self._progress = _progress()
        keep = self.context.backups.rules.keep
        kept = self.texts("desktop_backup.kept", last=keep.last, weekly=keep.weekly, monthly=keep.monthly)
        about = label(f"{self.texts('desktop_backup.about')}\n{kept}", "muted", wrap=True)
        for part in (self._state, self._folder, self._beside, self._trouble, self._progress, about):
            layout.addWidget(part)
        self._now = button(self.texts("desktop_backup.back_up"), self.back_up, "primary")
        self._stop = button(self.texts("desktop_backup.stop"), self.context.backups.stop)
        self._choose = button(self.texts("desktop_backup.choose"), self._choose_folder)
        layout.addLayout(row(self._now, self._stop, self._choose, None))
        return frame

    def _list_card(self) -> QFrame:
        self._list, layout = card()
        layout.addWidget(label(self.texts("desktop_backup.there"), "heading"))
        self._none = label(self.texts("desktop_backup.none_there"), "muted", wrap=True)
        self._table = table(self._model, self.context.theme, self.texts("desktop_backup.there"), stretch=FILE_COLUMN)
        self._table.horizontalHeader().setDefaultAlignment(label().alignment())
        self._table.setMinimumHeight((LEAST_ROWS + 1) * self.context.theme.size("row") + 4)
        self._checked = Banner()
        self._check_progress = _progress()
        for part in (self._none, self._table, self._check_progress, self._checked):
            layout.addWidget(part)
        self._check_all = button(self.texts("desktop_backup.check_all"), self.check_all)
        self._stop_checking = button(self.texts("desktop_backup.stop_checking"), self._end_checking)
        self._stop_checking.hide()
        layout.addLayout(row(self._check_all, self._stop_checking, None))
        return self._list

    def _archive_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("desktop_backup.archive"), "heading"))
        layout.addWidget(label(self.texts("desktop_backup.archive_about"), "muted", wrap=True))
        self._verify_progress = _progress()
        self._verified = Banner()
        self._what_now = label(self.texts("desktop_backup.what_now"), wrap=True)
        self._what_now.hide()
        self._verify = button(self.texts("desktop_backup.check_archive"), self.check_archive)
        self._salvage = button(self.texts("desktop_backup.salvage_lock"), self.context.signals.salvage_wanted.emit)
        self._salvage.hide()
        for part in (self._verify_progress, self._verified, self._what_now):
            layout.addWidget(part)
        layout.addLayout(row(self._verify, self._salvage, None))
        return frame

    def _restoring_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("desktop_backup.restoring"), "heading"))
        layout.addWidget(label(self.texts("desktop_backup.restoring_about"), "muted", wrap=True))
        return frame

    # ---- how backups stand ----

    def _show_state(self) -> None:
        state, running = self.context.backups.state, self.context.backups.is_running
        self._progress.setVisible(running)
        self._stop.setVisible(running)
        self._choose.setEnabled(not running)
        if running and not self._was_running:
            self.banner.clear()
        self._was_running = running
        self._state.setText(backup_words(self.context))
        has_folder = state is not None and bool(state.plan.folder)
        self._now.setEnabled(has_folder and not running)
        self._list.setVisible(state is not None and state.is_there)
        if state is not None:
            self._show_plan(state)
            self._list_backups(state)

    def _show_plan(self, state: BackupState) -> None:
        plan = state.plan
        place = self.texts("desktop_backup.folder", folder=plan.folder)
        self._folder.setText(place if plan.folder else self.texts("desktop_backup.no_folder"))
        self._beside.setVisible(state.is_beside)
        if plan.folder and not state.is_there:
            self._trouble.say(self.texts("desktop_backup.gone", name=plan.name), "warning")
        elif plan.problem:
            self._trouble.say(self.texts(plan.problem, file=plan.name, folder=plan.folder), "warning")
        else:
            self._trouble.clear()

    def _list_backups(self, state: BackupState) -> None:
        if self._listing is not None:
            self._listing.cancel()
        folder = Path(state.plan.folder)
        if state.is_there:
            self._listing = self.context.tasks.aside(self, lambda _task: found(folder, state.archive), self._show_list)
        else:
            self._show_list([])

    def _show_list(self, backups: list[Found]) -> None:
        if self._model.show(backups):
            self._checked.clear()
        self._none.setVisible(not backups)
        self._table.setVisible(bool(backups))
        self._check_all.setEnabled(bool(backups))

    # ---- making ----

    def back_up(self) -> None:
        """Make a backup now."""
        self.context.backups.make()

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.texts("desktop_backup.choose_title"))
        if chosen:
            self.choose(Path(chosen))

    def choose(self, folder: Path) -> None:
        """Make backups into this folder from now on, and the first one at once."""
        volume = QStorageInfo(str(folder))
        # The stick has the name that people know it by; a folder of this computer its own.
        name = folder.name if volume.isRoot() or not volume.name() else volume.name()
        self.context.backups.choose(self, folder, name or str(folder))

    def _backup_failed(self, problem: Problem) -> None:
        self.banner.say(self.texts.problem(problem))

    # ---- checking ----

    def check_all(self) -> None:
        """Read every backup from beginning to end."""
        files = self._model.files
        self._checked.clear()
        self._show_checking(is_checking=True)
        task = self.context.tasks.aside(
            self,
            lambda task: check_all(task, files, task.progressed.emit),
            self._show_verdicts,
            self._checking_failed,
        )
        task.progressed.connect(self._show_progress)
        self._checking = task

    def _show_progress(self, done: int, total: int) -> None:
        self._check_progress.setRange(0, total)
        self._check_progress.setValue(done)

    def _end_checking(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        self._show_checking(is_checking=False)

    def _show_checking(self, *, is_checking: bool) -> None:
        self._check_progress.setRange(0, 0)
        self._check_progress.setVisible(is_checking)
        self._stop_checking.setVisible(is_checking)
        self._check_all.setVisible(not is_checking)

    def _show_verdicts(self, verdicts: dict[Path, Verdict]) -> None:
        self._show_checking(is_checking=False)
        self._model.judge(verdicts)
        damaged = sum(verdict == "damaged" for verdict in verdicts.values())
        if damaged:
            self._checked.say(self.texts("desktop_backup.checked_damaged", count=damaged), "warning")
        else:
            self._checked.say(self.texts("desktop_backup.checked", count=len(verdicts)), "done")

    def _checking_failed(self, problem: Problem) -> None:
        self._show_checking(is_checking=False)
        self.banner.say(self.texts.problem(problem))

    def check_archive(self) -> None:
        """See whether this archive is sound."""
        self._verified.clear()
        self._show_verifying(is_verifying=True)
        self.context.tasks.on_archive(
            self, lambda desk: desk.archive.verify(), self._show_findings, self._verifying_failed
        )

    def _show_verifying(self, *, is_verifying: bool) -> None:
        self._verify_progress.setVisible(is_verifying)
        self._verify.setEnabled(not is_verifying)
        self._verify.setText(self.texts(f"desktop_backup.{'checking' if is_verifying else 'check_archive'}"))

    def _show_findings(self, findings: list[Finding]) -> None:
        self._show_verifying(is_verifying=False)
        # What is named and not here may still come; there is nothing to save.
        self._offer_salvage(offered=any(finding.kind != "reference" for finding in findings))
        if findings:
            lines = [self.texts("desktop_backup.archive_damaged"), *finding_words(self.texts, findings)]
            self._verified.say("\n".join(lines))
        else:
            self._verified.say(self.texts("desktop_backup.archive_sound"), "done")

    def _verifying_failed(self, problem: Problem) -> None:
        self._show_verifying(is_verifying=False)
        self._offer_salvage(offered=problem.key == "archive.damaged")
        self.banner.say(self.texts.problem(problem))

    def _offer_salvage(self, *, offered: bool) -> None:
        self._what_now.setVisible(offered)
        self._salvage.setVisible(offered)


def _progress() -> QProgressBar:
    made = QProgressBar()
    made.setTextVisible(False)
    made.setRange(0, 0)
    made.hide()
    return made
