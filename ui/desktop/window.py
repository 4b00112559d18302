"""The window: entrance while no archive is open, else navigation, search, pages and status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.access import enter
from app.errors import Problem
from app.instruments.shelf import fill, library_of
from app.records import CATALOGUE
from app.risk.rules import AlertRules
from app.texts import LANGUAGES, Texts
from app.users import register_user
from app.words import Words
from storage import device_secret
from storage.archive import Archive, Owner
from storage.recovery_code import new_code
from ui.desktop.backing_up import Backups
from ui.desktop.clipboard import ClipboardWatch
from ui.desktop.context import Context, Signals
from ui.desktop.desk import COUNTS, Desk
from ui.desktop.form_layout import FormLayout
from ui.desktop.idle import IdleWatch
from ui.desktop.meetings import Meetings, Outcome
from ui.desktop.navigation import Navigation
from ui.desktop.opportunity import SelfSync
from ui.desktop.page import Page
from ui.desktop.preferences import LOCK_AFTER, Preferences
from ui.desktop.screens import PAGE_TYPES
from ui.desktop.screens.entrance import Entrance
from ui.desktop.screens.recovering import RecoveringDialog, RecoveryCodeDialog
from ui.desktop.screens.restoring import RestoreDialog, SalvageDialog
from ui.desktop.system_lock import SystemLock
from ui.desktop.tasks import Tasks
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label
from ui.desktop.widgets.dialogs import clear_screen, forget_secrets
from ui.desktop.widgets.search import SearchBox
from ui.desktop.widgets.status import SyncStatus

CLOCK_MS = 60_000
"""How often what depends on the time of day is shown anew."""

KEEP_MS = 5_000
"""How often what is unfinished is kept: so much typing a power cut can cost."""


class Window(QMainWindow):
    """The whole program as people see it.

    Args:
        texts: the language.
        theme: the look.
        preferences: what was chosen before.
        remember: keeps changed preferences; the caller rebuilds the window where that changes how it looks.
    """

    def __init__(
        self, texts: Texts, theme: Theme, preferences: Preferences, remember: Callable[[Preferences], None]
    ) -> None:
        super().__init__()
        self._texts = texts
        self._theme = theme
        self._preferences = preferences
        self._remember = remember
        self.tasks = Tasks(self._report)
        self.backups = Backups(self.tasks, self)
        self.meetings = Meetings(self.tasks, self)
        self.meetings.ended.connect(self._take_in_published)
        self.self_sync = SelfSync(self.meetings, self.tasks, self)
        self._rules = AlertRules.load()
        self._form_layout = FormLayout(self, stepwise=preferences.form_layout == "steps")
        self._form_layout.changed.connect(self._remember_layout)
        self._work: Work | None = None
        # The title says nothing about whom the window shows: it appears in task bars and screen shares.
        self.setWindowTitle(texts("desktop.name"))
        self.setMinimumSize(1024, 640)
        self._stack = QStackedWidget()
        self.setCentralWidget(self._stack)
        self._entrance = self._show_entrance()
        shortcut = QShortcut(QKeySequence("Ctrl+L"), self)
        shortcut.activated.connect(self.lock)
        self.idle_watch = IdleWatch(self)
        self.idle_watch.patience = 60 * int(preferences.lock_after)
        self.idle_watch.left_alone.connect(self.lock)
        self._clipboard = ClipboardWatch(self)
        self._system_lock = SystemLock(self)
        self._system_lock.locked.connect(self.lock)

    # ---- opening and locking ----

    def unlock(self, path: Path, user_name: str, password: str) -> None:
        """Open an archive and show its pages."""
        self.tasks.open(
            self,
            lambda: self._desk(Archive.open(path, user_name, password, CATALOGUE, device_secret=device_secret.read)),
            lambda desk: self._opened(desk, path),
            self._not_opened,
        )

    def create_archive(self, path: Path, owner: Owner) -> None:
        """Make an archive and show its pages."""

        def make() -> Desk:
            archive = Archive.create(path, owner, CATALOGUE)
            register_user(archive, owner.user_name)
            return self._desk(archive)

        def made(desk: Desk) -> None:
            self._opened(desk, path)
            if self._work is not None:
                self._work.offer_recovery_code()

        self.tasks.open(self, make, made, self._not_opened)

    def lock(self) -> None:
        """Close the archive and ask for the password again; nothing of it stays on the screen or in the clipboard."""
        self._clipboard.clear()
        if self._work is None:
            forget_secrets(self)
            self._system_lock.settled()
            return
        self._work.keep_unfinished()
        self.self_sync.locking()
        self.backups.locking()
        clear_screen(self)
        self._show_entrance()
        self.tasks.close_archive(self, lambda _: self._locked())

    def _locked(self) -> None:
        self.repaint()  # the computer may sleep with what is on the screen now
        self._system_lock.settled()

    def _desk(self, archive: Archive) -> Desk:
        desk = Desk(enter(archive), library_of(archive), self._rules, self._texts)
        desk.audit.opened()
        return desk

    def _opened(self, desk: Desk, path: Path) -> None:
        self._change(archive=str(path))
        context = Context(
            self._texts,
            Words(self._texts, desk.library, self._rules),
            self._theme,
            self.tasks,
            self.backups,
            self.meetings,
            self.self_sync,
            Signals(self),
            desk.library,
            self._rules,
            self._form_layout,
        )
        self._work = Work(context, desk.pages, self._menu(), self.lock)
        self._replace(self._work)
        self._work.show_page(desk.pages[0])
        self._work.take_back_unfinished()
        context.signals.salvage_wanted.connect(lambda: self._lock_and_salvage(path))
        self.backups.opened()
        context.signals.changed.connect(self.self_sync.look)
        self.self_sync.opened()

    def _take_in_published(self, outcome: Outcome) -> None:
        """What the county published, and colleagues brought in, can be filled in from now on."""
        if outcome.has_moved and self._work is not None:
            self.tasks.on_archive(self, lambda desk: fill(desk.library, desk.archive), lambda _: None)

    def _not_opened(self, problem: Problem) -> None:
        self._entrance.fail(self._texts.problem(problem))

    def _show_entrance(self) -> Entrance:
        remembered = Path(self._preferences.archive) if self._preferences.archive else None
        self._entrance = Entrance(self._texts, self._theme, remembered)
        self._entrance.unlock_wanted.connect(self.unlock)
        self._entrance.create_wanted.connect(self.create_archive)
        self._entrance.recover_wanted.connect(self._recover)
        self._entrance.restore_wanted.connect(self._restore)
        self._entrance.salvage_wanted.connect(self._salvage)
        self._work = None
        self._replace(self._entrance)
        if remembered:
            self._entrance.show_unlock()
        return self._entrance

    def _recover(self, path: Path, user_name: str) -> None:
        """Let somebody who forgot the password set a new one with the recovery code."""
        dialog = RecoveringDialog(self._texts, self._theme, self.tasks, path, self._entrance, user_name=user_name)
        dialog.recovered.connect(self._entrance.recovered)
        dialog.open()

    def _restore(self) -> None:
        """Make an archive out of a backup."""
        dialog = RestoreDialog(self._texts, self._theme, self.tasks, self._entrance)
        dialog.open_wanted.connect(self._entrance.open)
        dialog.open()

    def _salvage(self, path: Path, user_name: str) -> None:
        """Save what can be read in a damaged archive into a new one."""
        dialog = SalvageDialog(self._texts, self._theme, self.tasks, path, self._entrance, user_name=user_name)
        dialog.open_wanted.connect(self._entrance.open)
        dialog.open()

    def _lock_and_salvage(self, path: Path) -> None:
        self.lock()
        self._salvage(path, "")

    def _replace(self, widget: QWidget) -> None:
        """Show one widget and forget the one before, with all that it showed."""
        before = self._stack.currentWidget()
        self._stack.addWidget(widget)
        self._stack.setCurrentWidget(widget)
        if before is not None:
            self._stack.removeWidget(before)
            before.deleteLater()

    # ---- the rest ----

    @property
    def work(self) -> Work | None:
        """The pages, while an archive is open."""
        return self._work

    def _report(self, owner: QObject, problem: Problem) -> None:
        """Show a problem on the page that it happened on."""
        asker: QObject | None = owner
        while asker is not None and not isinstance(asker, Page):
            asker = asker.parent()
        page = asker if isinstance(asker, Page) else self._work.page() if self._work else None
        if page is not None:
            page.banner.say(self._texts.problem(problem))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for title, names, current, change in (
            (
                "desktop.appearance",
                ("system", "light", "dark"),
                self._preferences.look,
                lambda name: self._change(look=name),
            ),
            ("desktop.language", LANGUAGES, self._preferences.language, lambda name: self._change(language=name)),
            ("desktop.lock_after", LOCK_AFTER, self._preferences.lock_after, self._lock_after),
        ):
            menu.addSection(self._texts(title))
            group = QActionGroup(menu)
            for name in names:
                action = QAction(self._texts(f"{title}_{name.lower().replace('-', '_')}"), menu)
                action.setCheckable(True)
                action.setChecked(name == current)
                action.triggered.connect(lambda _checked, name=name, change=change: change(name))
                group.addAction(action)
                menu.addAction(action)
        return menu

    def _remember_layout(self) -> None:
        self._change(form_layout="steps" if self._form_layout.stepwise else "page")

    def _lock_after(self, minutes: str) -> None:
        self.idle_watch.patience = 60 * int(minutes)
        self._change(lock_after=minutes)

    def _change(self, **changes: str) -> None:
        preferences = msgspec.convert({**msgspec.structs.asdict(self._preferences), **changes}, Preferences)
        if preferences != self._preferences:
            self._preferences = preferences
            self._remember(preferences)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 -- Qt's name
        """Finish what is under way, then close the archive."""
        if self._work is not None:
            self._work.keep_unfinished()
        clear_screen(self)
        self._clipboard.clear()
        self._system_lock.close()
        # A backup that is due may take some seconds; nobody has to look at a window meanwhile.
        self.hide()
        self.self_sync.locking()
        self.backups.closing()
        self.tasks.shut_down()
        super().closeEvent(event)


class Work(QWidget):
    """Navigation, search, the pages and the status line, while an archive is open.

    Attributes:
        context: what the pages were given; its signals lead from page to page.
    """

    def __init__(self, context: Context, pages: Sequence[str], menu: QMenu, lock: Callable[[], None]) -> None:
        super().__init__()
        self.context = context
        texts, theme = context.texts, context.theme
        self.navigation = Navigation(texts, theme, pages)
        self.navigation.chosen.connect(self.show_page)
        self._add_foot(menu, lock)
        self.search = SearchBox(context)
        if "people" not in pages:
            self.search.hide()
        self._stack = QStackedWidget()
        self._pages: dict[str, Page] = {}
        self._shown = pages[0]
        for name in pages:
            self._pages[name] = PAGE_TYPES[name](context)
            self._stack.addWidget(self._pages[name])
        self.status = SyncStatus(context)
        self._lay_out()
        signals = context.signals
        signals.page_wanted.connect(self.show_page)
        signals.person_wanted.connect(lambda _person: self.show_page("people"))
        signals.alert_wanted.connect(lambda _alert: self.show_page("alerts"))
        signals.referral_wanted.connect(lambda _referral: self.show_page("referrals"))
        signals.changed.connect(self._after_change)
        context.self_sync.arrived.connect(self._arrived)
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._after_change)
        self._clock.start()
        self._kept = b""
        self._keeping = QTimer(self)
        self._keeping.setInterval(KEEP_MS)
        self._keeping.timeout.connect(self.keep_unfinished)

    def keep_unfinished(self) -> None:
        """Have the archive keep what somebody is in the middle of, where that has changed."""
        said = {name: page.unfinished() for name, page in self._pages.items()}
        unfinished = {name: one for name, one in said.items() if one}
        data = msgspec.json.encode({"page": self._shown, **unfinished}) if unfinished else b""
        if data != self._kept:
            self._kept = data
            self.context.tasks.on_archive(self, lambda desk: desk.archive.keep_draft(data), lambda _: None)

    def take_back_unfinished(self) -> None:
        """Go on where this user stopped; from now on what is unfinished is kept every few seconds."""
        self.context.tasks.on_archive(self, lambda desk: desk.archive.draft(), self._take_back)

    def _take_back(self, data: bytes) -> None:
        self._keeping.start()
        if not data:
            return
        self._kept = data
        unfinished = msgspec.json.decode(data)
        shown = unfinished.pop("page", "")
        for name, one in unfinished.items():
            if name in self._pages:
                self._pages[name].take_back(one)
        self.show_page(shown)

    def offer_recovery_code(self) -> None:
        """Show a recovery code for a new archive; who puts it off is reminded of it."""
        RecoveryCodeDialog(self.context, new_code(), self, replaces=False).open()

    def page(self, name: str = "") -> Page:
        """A page by its name, or the one that is shown."""
        return self._pages[name or self._shown]

    def show_page(self, name: str) -> None:
        """Go to a page, where there is one of this name for the user."""
        if name not in self._pages:
            return
        self._shown = name
        self.navigation.show_chosen(name)
        self._stack.setCurrentWidget(self._pages[name])
        self._pages[name].setFocus()
        self._after_change()

    def _arrived(self) -> None:
        self.context.signals.changed.emit()

    def _after_change(self) -> None:
        self.page().refresh()
        self.status.refresh()
        for name, count in COUNTS.items():
            if name in self._pages:
                self.context.tasks.on_archive(self, count, partial(self.navigation.show_count, name))

    def _add_foot(self, menu: QMenu, lock: Callable[[], None]) -> None:
        theme, texts = self.context.theme, self.context.texts
        settings = QPushButton(texts("desktop.settings"))
        settings.setIcon(theme.icon("settings"))
        settings.clicked.connect(lambda _checked: menu.popup(settings.mapToGlobal(settings.rect().topRight())))
        locking = QPushButton(texts("desktop.lock"))
        locking.setIcon(theme.icon("lock"))
        locking.setToolTip("Ctrl+L")
        locking.clicked.connect(lambda _checked: lock())
        for made in (settings, locking):
            made.setProperty("role", "nav")
            self.navigation.add_below(made)

    def _lay_out(self) -> None:
        theme = self.context.theme
        top = QFrame()
        top.setProperty("role", "bar")
        top_layout = QHBoxLayout(top)
        top_layout.setContentsMargins(theme.size("page"), 8, theme.size("page"), 8)
        top_layout.addWidget(self.search, 1)
        self._station = label(role="muted")
        top_layout.addWidget(self._station, alignment=Qt.AlignmentFlag.AlignRight)
        self.context.tasks.on_archive(self, lambda desk: desk.archive.device.names.station, self._station.setText)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(top)
        right.addWidget(self._stack, 1)
        right.addWidget(self.status)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.navigation)
        layout.addLayout(right, 1)
