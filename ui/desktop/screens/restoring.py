"""From the entrance: an archive out of a backup, and what can be saved of a damaged one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.backups import salvage_words
from app.errors import Problem
from app.records import CATALOGUE
from app.texts import Texts
from storage import device_secret
from storage.archive import Archive, system_clock
from storage.backup import ENDING, restore
from storage.salvage import Salvaged, salvage, unlock
from ui.desktop.screens.account_forms import AccountForm, LineField
from ui.desktop.tasks import Tasks
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import button, clear, label, row

WIDTH = 560
ARCHIVES = "*.xinyi"


class NewArchiveForm(AccountForm):
    """Makes an archive at a new place, says what came of it, and offers to open it.

    Args:
        texts: the language.
        theme: for sizes.
        tasks: the way off the UI thread.
        name: ``restore`` or ``salvage``; begins the keys of the words.
        parent: what it belongs to.

    Signals:
        open_wanted: path, user name, password.
    """

    open_wanted = Signal(Path, str, str)

    def __init__(self, texts: Texts, theme: Theme, tasks: Tasks, name: str, parent: QWidget) -> None:
        super().__init__(texts, theme, texts(f"desktop_backup.{name}_title"), parent)
        self._tasks = tasks
        self._name = name
        self._made: tuple[Path, str, str] | None = None

    def add_path(self, key: str, choose: Callable[[str], str]) -> LineField:
        """A line for a path, and a button to choose it."""
        field = self.add_field(key)

        def take() -> None:
            chosen = choose(field.line.text())
            if chosen:
                field.line.setText(chosen)

        browse = button(self.texts("desktop_backup.browse"), take)
        browse.setAutoDefault(False)
        self.content.removeWidget(field)
        line = row()
        line.addWidget(field, 1)
        line.addWidget(browse, alignment=Qt.AlignmentFlag.AlignTop)
        self.content.addLayout(line)
        return field

    def add_fields(self, user_name: str = "") -> None:
        """Where to, who, and the password."""
        self.place = self.add_path("desktop_backup.new_place", self._choose_place)
        self.user = self.add_field("desktop_accounts.name")
        self.user.line.setText(user_name)
        self.password = self.add_field("desktop_accounts.password", secret=True)
        self.add_text(self.texts(f"desktop_backup.{self._name}_password"), "small")
        self.go.setText(self.texts(f"desktop_backup.{self._name}_go"))
        self.fit(WIDTH)

    def submit(self) -> None:
        """Make it; when it is made, open it."""
        if self._made:
            self.open_wanted.emit(*self._made)
            self.accept()
            return
        for field in (self.place, self.user, self.password):
            self.require(field)
        path, user = Path(self.place.line.text().strip()).expanduser(), self.user.line.text().strip()
        password = self.password.line.text()
        self.make(path, user, password)
        self.set_busy(busy=True)
        self.go.setText(self.texts("desktop_backup.working"))

    def require(self, field: LineField) -> None:
        """Raise Problem where nothing is typed."""
        if not field.line.text().strip():
            field.setFocus()
            raise Problem("desktop_backup.fill_everything")

    def make(self, path: Path, user: str, password: str) -> None:
        """Start the task; `show_made` is told of its end, or `fail`."""
        raise NotImplementedError

    def fail(self, problem: Problem) -> None:
        """Say what went wrong; what was typed stays."""
        super().fail(problem)
        self.go.setText(self.texts(f"desktop_backup.{self._name}_go"))

    def show_made(self, made: tuple[Path, str, str], lines: Sequence[str], *, role: str = "done") -> None:
        """Say what came of it, in the place of the fields; the first line stands out."""
        self.set_busy(busy=False)
        self._made = made
        clear(self.content)
        first, *others = lines
        self.content.addWidget(label(first, role, wrap=True))
        for line in others:
            self.content.addWidget(label(line, wrap=True))
        self.content.addStretch(1)
        self.cancel.setText(self.texts("desktop_backup.close"))
        self.go.setText(self.texts("desktop_backup.open_made"))
        self.go.setFocus()

    def _choose_place(self, before: str) -> str:
        title = self.texts("desktop_backup.new_place")
        return QFileDialog.getSaveFileName(self, title, before or str(Path.home()), ARCHIVES)[0]


class RestoreDialog(NewArchiveForm):
    """Makes an archive out of a backup and opens it once, to see that it can be."""

    def __init__(self, texts: Texts, theme: Theme, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(texts, theme, tasks, "restore", parent)
        self._restored: Path | None = None
        self.add_text(texts("desktop_backup.restore_about"))
        self.file = self.add_path("desktop_backup.file", self._choose_backup)
        self.add_fields()
        self.file.setFocus()

    def make(self, path: Path, user: str, password: str) -> None:
        """Restore it, where that is not done yet, and try the password."""
        self.require(self.file)
        file = Path(self.file.line.text().strip()).expanduser()
        if self._restored is not None:
            path = self._restored

        def work(_task: object) -> None:
            if self._restored is None:
                restore(file, path)
                self._restored = path
            Archive.open(path, user, password, CATALOGUE, device_secret=device_secret.read).close()

        self._tasks.aside(self, work, lambda _: self._show(path, user, password), self.fail)

    def fail(self, problem: Problem) -> None:
        """Where only the password is wrong, the archive is there already."""
        super().fail(problem)
        if self._restored is not None:
            for field in (self.file, self.place):
                field.setEnabled(False)
            said = self.texts("desktop_backup.restored_but", file=self._restored)
            self.banner.say(f"{said}\n{self.texts.problem(problem)}", "warning")

    def _show(self, path: Path, user: str, password: str) -> None:
        lines = [self.texts("desktop_backup.restored", file=path)]
        lines += [self.texts(f"desktop_backup.restored_{name}") for name in ("sync", "identity", "old", "next")]
        self.show_made((path, user, password), lines)

    def _choose_backup(self, before: str) -> str:
        title = self.texts("desktop_backup.file")
        return QFileDialog.getOpenFileName(self, title, before, f"*{ENDING}")[0]


class SalvageDialog(NewArchiveForm):
    """Saves all that can still be read of a damaged archive into a new one, and says what is missing.

    Args:
        texts: the language.
        theme: for sizes.
        tasks: the way off the UI thread.
        archive: the damaged one, closed; nothing of it is changed.
        parent: what it belongs to.
        user_name: what was typed already.
    """

    def __init__(
        self, texts: Texts, theme: Theme, tasks: Tasks, archive: Path, parent: QWidget, *, user_name: str = ""
    ) -> None:
        super().__init__(texts, theme, tasks, "salvage", parent)
        self._archive = archive
        self.add_text(texts("desktop_backup.salvage_about", file=archive.name))
        self.add_fields(user_name)
        self.place.setFocus()

    def make(self, path: Path, user: str, password: str) -> None:
        """Salvage it."""
        damaged = self._archive

        def work(_task: object) -> Salvaged:
            unlocked = unlock(damaged, user, password, system_clock(), device_secret.read)
            return salvage(damaged, unlocked, path, CATALOGUE)

        self._tasks.aside(self, work, lambda saved: self._show(saved, (path, user, password)), self.fail)

    def _show(self, saved: Salvaged, made: tuple[Path, str, str]) -> None:
        lines, complete = salvage_words(saved, made[0], self.texts)
        if not complete:
            lines.append(self.texts("backup.salvage_incomplete"))
        self.show_made(made, lines, role="done" if complete else "warning")
