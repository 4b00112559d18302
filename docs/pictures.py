"""Makes the pictures of README and docs: the demonstration county, opened in the real window, page by page.

Run by ``python3 dev.py pictures``. Pictures go to ``docs/pictures``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QSize, QTimer
from PySide6.QtPdf import QPdfDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QTableView, QWidget

from app.records import Alert, Kept
from app.texts import Texts
from ui.demo.server import ServerProcess
from ui.demo.story import PASSWORD, STATIONS, Story
from ui.desktop.preferences import Preferences
from ui.desktop.screens.fill_form import FillForm
from ui.desktop.screens.importing import ImportDialog, open_roster_import
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.prints import PrintsPage
from ui.desktop.screens.referral_form import ReferralForm
from ui.desktop.screens.session_form import SessionForm
from ui.desktop.theme import Mode, Theme
from ui.desktop.window import Window, Work

FOLDER = Path(__file__).resolve().parent / "pictures"
SIZE = (1366, 768)
SETTLE_MS = 350
LOOKS: tuple[tuple[str, Mode], ...] = (("zh-CN", "light"), ("zh-CN", "dark"), ("en", "light"))
PAGE_WIDTH = 900


def wait_until(done: Callable[[], bool]) -> None:
    """Let the window work until `done`, and then draw."""
    loop = QEventLoop()

    def look() -> None:
        if done():
            QTimer.singleShot(SETTLE_MS, loop.quit)
        else:
            QTimer.singleShot(30, look)

    look()
    loop.exec()


class Photographer:
    """Goes through the window on the archive of the first school, in one language and one look.

    Args:
        story: the demonstration.
        language: of the window.
        look: light or dark.
    """

    def __init__(self, story: Story, language: str, look: Mode) -> None:
        self._story = story
        self._ending = f"{language.split('-', maxsplit=1)[0]}-{look}"
        self.window = Window(Texts.load(language), Theme(look), Preferences(archive=str(story.archive)), lambda _: None)
        self.window.resize(*SIZE)
        self.window.show()

    def take_all(self) -> None:
        """Every page, as somebody meets them who opens the archive and looks around."""
        self._take("entrance")
        self.window.unlock(self._story.archive, STATIONS[0].user, PASSWORD)
        wait_until(lambda: self.window.work is not None)
        work = self._work
        self._take("today")
        alert = self._first_alert()
        work.show_page("people")
        work.context.signals.person_wanted.emit(alert.record.person)
        self._take("people")
        self._take_note(alert)
        self._take_import()
        self._take_screening()
        work.context.signals.alert_wanted.emit(alert.id)
        self._take("alerts")
        prints = work.page("prints")
        work.show_page("prints")
        self._settle()
        if isinstance(prints, PrintsPage):
            prints.make()
        self._take("prints")
        work.show_page("sync")
        self._take("sync")
        self._take_instrument("gds-15")
        self._take_form(alert, "home-visit")
        for name in ("referrals", "backup", "accounts", "audit"):
            work.show_page(name)
            self._take(name)
        self.window.close()
        self._settle()

    @property
    def _work(self) -> Work:
        if self.window.work is None:
            raise RuntimeError
        return self.window.work

    def _settle(self) -> None:
        wait_until(self.window.tasks.idle)

    def _take(self, name: str, widget: QWidget | None = None) -> None:
        """Save what the window shows."""
        self._settle()
        file = FOLDER / f"{name}-{self._ending}.png"
        (widget or self.window).grab().save(str(file))
        print(f"docs/pictures/{file.name}")

    def _first_alert(self) -> Kept[Alert]:
        found: list[Kept[Alert]] = []
        self._work.context.tasks.on_archive(
            self.window, lambda desk: [line.alert for line in desk.alerts.standing()], found.extend
        )
        self._settle()
        return found[0]

    def _take_note(self, alert: Kept[Alert]) -> None:
        """A session note that is being written, about whoever the alert is about."""
        page = self._work.page("people")
        if not isinstance(page, PeoplePage) or alert.record.person is None:
            raise RuntimeError
        page.write_note(alert.record.person)
        self._settle()
        form = self.window.findChild(SessionForm)
        if form is None:
            raise RuntimeError
        self._take("session", form)
        form.done(0)

    def _take_instrument(self, instrument: str) -> None:
        page = self._work.page("instruments")
        self._work.show_page("instruments")
        self._settle()
        for table in page.findChildren(QTableView):
            for row in range(table.model().rowCount()):
                if self._work.context.library.get(instrument).short_title in table.model().index(row, 0).data():
                    table.selectRow(row)
                    break
        self._take("instruments")

    def _take_form(self, alert: Kept[Alert], definition: str) -> None:
        """A record form that is being filled in, and a referral, about whoever the alert is about."""
        page = self._work.page("people")
        if not isinstance(page, PeoplePage) or alert.record.person is None:
            raise RuntimeError
        page.fill(alert.record.person, definition)
        self._settle()
        form = self.window.findChild(FillForm)
        if form is None:
            raise RuntimeError
        self._take("form", form)
        form.done(0)
        page.refer(alert.record.person)
        self._settle()
        slip = self.window.findChild(ReferralForm)
        if slip is None:
            raise RuntimeError
        self._take("referral", slip)
        slip.done(0)

    def _take_import(self) -> None:
        """The roster of the second school, as the first would see it."""
        open_roster_import(self._work.context, self._work.page("people"))
        dialog = self.window.findChild(ImportDialog)
        if dialog is None:
            raise RuntimeError
        dialog.read(self._story.folder / "files" / "school-2-roster.xlsx")
        self._take("import", dialog)
        dialog.reject()

    def _take_screening(self) -> None:
        page = self._work.page("screening")
        self._work.show_page("screening")
        self._take("screening")
        for made in page.findChildren(QPushButton):
            if made.isVisible() and made.isEnabled() and made.property("role") == "primary":
                made.click()
                break
        self._settle()
        for digit in "0121":
            QTest.keyClicks(self.window.focusWidget() or page, digit)
        self._take("entry")


def take_print(story: Story) -> None:
    """The first page of a class summary."""
    pdf = next(iter(sorted((story.folder / "prints").glob("school-1-*.pdf")))).read_bytes()
    buffer = QBuffer()
    buffer.setData(QByteArray(pdf))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    document = QPdfDocument()
    document.load(buffer)
    size = document.pagePointSize(0)
    image = document.render(0, QSize(PAGE_WIDTH, round(PAGE_WIDTH * size.height() / size.width())))
    image.save(str(FOLDER / "class-summary.png"))
    print("docs/pictures/class-summary.png")


def main() -> int:
    """Make the demonstration, then all pictures of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, help="a folder for the demonstration; a temporary one if left out")
    arguments = parser.parse_args()
    application = QApplication(sys.argv[:1])
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        story = Story(arguments.demo or Path(folder) / "demo", 1, Texts.load(), lambda step: print(step.what))
        story.prepare()
        with ServerProcess(story.make_county()) as server:
            story.run(server)
        for language, look in LOOKS:
            Theme(look).apply(application)
            Photographer(story, language, look).take_all()
        take_print(story)
    return 0


if __name__ == "__main__":
    sys.exit(main())
