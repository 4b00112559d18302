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
from PySide6.QtWidgets import QApplication

from app.texts import Texts
from ui.demo.server import ServerProcess
from ui.demo.story import PASSWORD, STATIONS, Story
from ui.desktop.preferences import Preferences
from ui.desktop.theme import Mode, Theme
from ui.desktop.window import Window, Work

FOLDER = Path(__file__).resolve().parent / "pictures"
SIZE = (1366, 768)
PAGES = ("today", "people", "screening", "alerts", "prints", "sync")
SETTLE_MS = 350
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


def opened(application: QApplication, story: Story, language: str, look: Mode) -> tuple[Window, Work]:
    """The window on the archive of the first school."""
    theme = Theme(look)
    theme.apply(application)
    window = Window(Texts.load(language), theme, Preferences(archive=str(story.archive)), lambda _changed: None)
    window.resize(*SIZE)
    window.show()
    window.unlock(story.archive, STATIONS[0].user, PASSWORD)
    wait_until(lambda: window.work is not None and window.tasks.idle())
    if window.work is None:
        raise RuntimeError
    return window, window.work


def take(window: Window, name: str) -> None:
    """Save what the window shows."""
    window.grab().save(str(FOLDER / f"{name}.png"))
    print(f"docs/pictures/{name}.png")


def take_window(application: QApplication, story: Story, language: str, look: Mode) -> None:
    """Every page in one language and one look."""
    window, work = opened(application, story, language, look)
    ending = f"{language.split('-', maxsplit=1)[0]}-{look}"
    for page in PAGES:
        work.show_page(page)
        wait_until(window.tasks.idle)
        if page == "people":
            work.show_somebody()
        elif page == "prints":
            work.show_a_print()
        wait_until(window.tasks.idle)
        take(window, f"{page}-{ending}")
    window.close()
    wait_until(window.tasks.idle)


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
        for language, look in (("zh-CN", "light"), ("zh-CN", "dark"), ("en", "light")):
            take_window(application, story, language, look)  # type: ignore[arg-type] # the two modes
        take_print(story)
    return 0


if __name__ == "__main__":
    sys.exit(main())
