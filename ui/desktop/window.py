"""The window: entrance while no archive is open, else navigation, search, pages and status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.errors import Problem
from app.instruments.library import Library
from app.people.service import register_user
from app.records import CATALOGUE
from app.risk.rules import AlertRules
from app.texts import LANGUAGES, Texts
from app.words import Words
from storage.archive import Archive, Owner
from ui.desktop.context import Context, Signals
from ui.desktop.desk import Desk
from ui.desktop.navigation import PAGES, Navigation
from ui.desktop.page import Page
from ui.desktop.preferences import Preferences
from ui.desktop.screens import PAGE_TYPES
from ui.desktop.screens.entrance import Entrance
from ui.desktop.tasks import Tasks
from ui.desktop.theme import Theme
from ui.desktop.widgets.basics import label
from ui.desktop.widgets.search import SearchBox
from ui.desktop.widgets.status import SyncStatus

CLOCK_MS = 60_000
"""How often what depends on the time of day is shown anew."""


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
        self._library = Library.load()
        self._rules = AlertRules.load()
        self._work: Work | None = None
        # The title says nothing about whom the window shows: it appears in task bars and screen shares.
        self.setWindowTitle(texts("desktop.name"))
        self.setMinimumSize(1024, 640)
        self._stack = QStackedWidget()
        self.setCentralWidget(self._stack)
        self._entrance = self._show_entrance()
        shortcut = QShortcut(QKeySequence("Ctrl+L"), self)
        shortcut.activated.connect(self.lock)

    # ---- opening and locking ----

    def unlock(self, path: Path, user_name: str, password: str) -> None:
        """Open an archive and show its pages."""
        self.tasks.open(
            self,
            lambda: self._desk(Archive.open(path, user_name, password, CATALOGUE)),
            lambda desk: self._opened(desk, path),
            self._not_opened,
        )

    def create_archive(self, path: Path, owner: Owner) -> None:
        """Make an archive and show its pages."""

        def make() -> Desk:
            archive = Archive.create(path, owner, CATALOGUE)
            register_user(archive, owner.user_name)
            return self._desk(archive)

        self.tasks.open(self, make, lambda desk: self._opened(desk, path), self._not_opened)

    def lock(self) -> None:
        """Close the archive and ask for the password again."""
        if self._work is None:
            return
        self._show_entrance()
        self.tasks.close_archive(self, lambda _: None)

    def _desk(self, archive: Archive) -> Desk:
        return Desk(archive, self._library, self._rules, self._texts)

    def _opened(self, _desk: Desk, path: Path) -> None:
        self._change(archive=str(path))
        context = Context(
            self._texts,
            Words(self._texts, self._library, self._rules),
            self._theme,
            self.tasks,
            Signals(self),
            self._library,
            self._rules,
        )
        self._work = Work(context, self._menu(), self.lock)
        self._replace(self._work)
        self._work.show_page("today")

    def _not_opened(self, problem: Problem) -> None:
        self._entrance.fail(self._texts.problem(problem))

    def _show_entrance(self) -> Entrance:
        remembered = Path(self._preferences.archive) if self._preferences.archive else None
        self._entrance = Entrance(self._texts, self._theme, remembered)
        self._entrance.unlock_wanted.connect(self.unlock)
        self._entrance.create_wanted.connect(self.create_archive)
        self._work = None
        self._replace(self._entrance)
        if remembered:
            self._entrance.show_unlock()
        return self._entrance

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

    def _change(self, **changes: str) -> None:
        preferences = Preferences(
            language=changes.get("language", self._preferences.language),
            look=changes.get("look", self._preferences.look),  # type: ignore[arg-type] # one of the three names
            archive=changes.get("archive", self._preferences.archive),
        )
        if preferences != self._preferences:
            self._preferences = preferences
            self._remember(preferences)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 -- Qt's name
        """Finish what is under way, then close the archive."""
        self.tasks.shut_down()
        super().closeEvent(event)


class Work(QWidget):
    """Navigation, search, the pages and the status line, while an archive is open.

    Attributes:
        context: what the pages were given; its signals lead from page to page.
    """

    def __init__(self, context: Context, menu: QMenu, lock: Callable[[], None]) -> None:
        super().__init__()
        self.context = context
        texts, theme = context.texts, context.theme
        self.navigation = Navigation(texts, theme)
        self.navigation.chosen.connect(self.show_page)
        self._add_foot(menu, lock)
        self.search = SearchBox(context)
        self._stack = QStackedWidget()
        self._pages: dict[str, Page] = {}
        self._shown = PAGES[0]
        for name in PAGES:
            self._pages[name] = PAGE_TYPES[name](context)
            self._stack.addWidget(self._pages[name])
        self.status = SyncStatus(context)
        self._lay_out()
        signals = context.signals
        signals.page_wanted.connect(self.show_page)
        signals.person_wanted.connect(lambda _person: self.show_page("people"))
        signals.alert_wanted.connect(lambda _alert: self.show_page("alerts"))
        signals.changed.connect(self._after_change)
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._after_change)
        self._clock.start()

    def page(self, name: str = "") -> Page:
        """A page by its name, or the one that is shown."""
        return self._pages[name or self._shown]

    def show_page(self, name: str) -> None:
        """Go to a page."""
        self._shown = name
        self.navigation.show_chosen(name)
        self._stack.setCurrentWidget(self._pages[name])
        self._pages[name].setFocus()
        self._after_change()

    def _after_change(self) -> None:
        self.page().refresh()
        self.status.refresh()
        self.context.tasks.on_archive(
            self,
            lambda desk: len(desk.alerts.standing()),
            lambda count: self.navigation.show_count("alerts", count),
        )

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
