"""Somebody at the page of sync, for the tests of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from sync.county.office import County
from ui.desktop.desk import Desk
from ui.desktop.screens.syncing import SyncPage
from ui.desktop.window import Window

T = TypeVar("T")
TIMEOUT_MS = 30_000


def said_by(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


class Syncing:
    """Somebody at the page of sync."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self._qtbot = window, qtbot
        assert window.work is not None
        self.work = window.work
        self.work.show_page("sync")
        self.wait()
        page = self.work.page()
        assert isinstance(page, SyncPage)
        self.page = page

    def wait(self) -> None:
        self._qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        # What is laid out anew shows itself with the next round of events.
        QApplication.processEvents()

    def said(self) -> str:
        return said_by(self.page)

    def join(self, county: Path, folder: Path) -> None:
        """Write the request, have it admitted, take the answer in."""
        self.page.joining.write_request(folder / "request.txt")
        self.wait()
        office = County(county)
        answer = office.admit((folder / "request.txt").read_text("utf-8"), "示范中学", "station", "request.txt")
        office.close()
        (folder / "answer.txt").write_text(answer, "utf-8")
        self.page.joining.read_admission(folder / "answer.txt")
        self.wait()

    def ask(self, question: Callable[[Desk], T]) -> T:
        """Ask the archive that is open in the window."""
        return self.window.tasks.ask_archive(question)

    def meet(self, url: str) -> None:
        self.page.meet_server(url)
        self.wait()

    def until(self, condition: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(condition, timeout=TIMEOUT_MS)

    def save(self, change: Callable[[Desk], object]) -> None:
        """Save something, as a page does."""
        self.ask(change)
        self.work.context.signals.changed.emit()

    def status(self) -> str:
        """What the line at the bottom says of sync."""
        return self.work.status._state.text()

    def waiting(self) -> int:
        return self.ask(lambda desk: desk.archive.meeting.backlog().waiting)
