"""Locking: by hand, when nobody is there, after sleep; and what somebody was in the middle of."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE
from storage.archive import Archive
from ui.desktop.idle import IDLE_SECONDS, LOOK_MS, SLEPT_SECONDS, IdleWatch
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.window import Window, Work

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
LOOK = LOOK_MS / 1000


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """An idle watch with a clock of its own."""

    def __init__(self, window: Window) -> None:
        self.clock = Clock()
        self.watch = IdleWatch(window, self.clock)
        self.times = 0
        self.watch.left_alone.connect(self._count)

    def _count(self) -> None:
        self.times += 1

    def wait(self, seconds: float) -> None:
        """Let time pass, with a look every few seconds as the timer has them."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + LOOK)
            self.watch.look()


@pytest.fixture
def watched(opened: Window) -> Watched:
    return Watched(opened)


def settle(window: Window, qtbot: QtBot) -> Work:
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    QApplication.processEvents()
    assert window.work is not None
    return window.work


def lock_and_open(window: Window, archive: Path, qtbot: QtBot) -> Work:
    window.lock()
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    window.unlock(archive, USER, PASSWORD)
    return settle(window, qtbot)


def test_nobody_there_for_a_while_locks(watched: Watched) -> None:
    watched.wait(IDLE_SECONDS - LOOK)
    assert watched.times == 0
    watched.wait(2 * LOOK)
    assert watched.times == 1


def test_how_long_is_chosen_in_the_settings(opened: Window) -> None:
    assert opened.idle_watch.patience == IDLE_SECONDS
    for action in opened._menu().actions():
        if action.text() == "2 分钟":
            action.trigger()
    assert opened.idle_watch.patience == 2 * 60
    assert opened._preferences.lock_after == "2"


def test_a_key_or_the_mouse_begins_the_wait_anew(watched: Watched, opened: Window) -> None:
    window = opened.windowHandle()
    touches: tuple[Callable[[], object], ...] = (
        lambda: QTest.keyClick(window, Qt.Key.Key_A),
        lambda: QTest.mouseClick(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(5, 5)),
        lambda: QTest.mouseMove(window, QPoint(50, 51)),
    )
    for touch in touches:
        watched.wait(IDLE_SECONDS - LOOK)
        touch()
    watched.wait(IDLE_SECONDS - LOOK)
    assert watched.times == 0


def test_keys_and_input_methods_in_a_dialog_begin_the_wait_anew(watched: Watched, opened: Window, qtbot: QtBot) -> None:
    dialog = QDialog(opened)
    field = QLineEdit(dialog)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    touches: tuple[Callable[[], object], ...] = (
        lambda: QTest.keyClick(dialog.windowHandle(), Qt.Key.Key_A),
        lambda: QApplication.sendEvent(field, QInputMethodEvent()),
    )
    for touch in touches:
        watched.wait(IDLE_SECONDS - LOOK)
        touch()
    watched.wait(IDLE_SECONDS - LOOK)
    dialog.close()
    assert watched.times == 0


def test_sleep_locks_however_short_nobody_was_there(watched: Watched, opened: Window, qtbot: QtBot) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_A)
    watched.clock.now += LOOK + SLEPT_SECONDS + 1
    watched.watch.look()
    assert watched.times == 1


def test_a_clock_that_is_put_back_locks(watched: Watched) -> None:
    watched.wait(60)
    watched.clock.now -= 3600
    watched.watch.look()
    assert watched.times == 1


def test_the_window_locks_when_it_is_left_alone(opened: Window, qtbot: QtBot) -> None:
    watch = opened.findChild(IdleWatch)
    assert watch is not None
    watch.left_alone.emit()
    qtbot.waitUntil(lambda: opened.work is None and opened.tasks.idle(), timeout=TIMEOUT_MS)
    assert "张三丰" not in "".join(label.text() for label in opened.findChildren(QLabel))


def type_a_sheet(work: Work, window: Window, qtbot: QtBot) -> ScreeningPage:
    work.show_page("screening")
    settle(window, qtbot)
    page = work.page()
    assert isinstance(page, ScreeningPage)
    qtbot.keyClick(page._rounds._table, Qt.Key.Key_Return)
    settle(window, qtbot)
    for digit in "012":
        qtbot.keyClick(page.entry.pane.sheet, digit)
    return page


def test_half_a_sheet_comes_back_after_locking(opened: Window, archive_path: Path, qtbot: QtBot) -> None:
    page = type_a_sheet(settle(opened, qtbot), opened, qtbot)
    typed = page.entry.unfinished()
    assert list(typed[0][3].values()) == [0, 1, 2]
    work = lock_and_open(opened, archive_path, qtbot)
    page = work.page("screening")  # type: ignore[assignment]
    assert work.page() is page
    assert page.entry.unfinished() == typed
    assert "1" in page._rounds._unsaved.text()


def test_half_a_note_comes_back_after_locking(opened: Window, archive_path: Path, qtbot: QtBot) -> None:
    def note(work: Work) -> QPlainTextEdit:
        work.show_page("alerts")
        settle(opened, qtbot)
        return next(one for one in work.page().findChildren(QPlainTextEdit) if one.isVisible())

    note(settle(opened, qtbot)).setPlainText("已经和家长约好，明天")
    work = lock_and_open(opened, archive_path, qtbot)
    assert note(work).toPlainText() == "已经和家长约好，明天"


def test_what_is_unfinished_is_kept_while_typing_and_sealed(opened: Window, archive_path: Path, qtbot: QtBot) -> None:
    work = settle(opened, qtbot)
    type_a_sheet(work, opened, qtbot)
    work.keep_unfinished()  # as every few seconds: then the power goes
    settle(opened, qtbot)
    kept = opened.tasks.ask_archive(lambda desk: (desk.archive.draft(), desk.archive.user))
    assert b'"1":0' in kept[0].replace(b" ", b"")
    raw = opened.tasks.ask_archive(lambda desk: desk.archive.local(f"draft {kept[1].hex()}"))
    assert raw
    assert kept[0].hex() not in raw


def test_a_saved_sheet_is_not_unfinished_any_more(opened: Window, archive_path: Path, qtbot: QtBot) -> None:
    page = type_a_sheet(settle(opened, qtbot), opened, qtbot)
    for digit in "0000000":
        qtbot.keyClick(page.entry.pane.sheet, digit)
    qtbot.keyClick(page.entry.pane.sheet, Qt.Key.Key_Return)
    qtbot.keyClick(page.entry.pane.sheet, Qt.Key.Key_Return)
    settle(opened, qtbot)
    assert page.entry.unfinished() == []
    opened.close()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        assert archive.draft() == b""


def test_another_user_is_not_given_what_somebody_else_began(
    opened: Window, archive_path: Path, qtbot: QtBot, make_window: Callable[..., Window]
) -> None:
    from app.users import Users

    opened.tasks.ask_archive(lambda desk: Users(desk.archive).add("李老师", "another password", ["counsellor"]))
    type_a_sheet(settle(opened, qtbot), opened, qtbot)
    opened.lock()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    opened.unlock(archive_path, "李老师", "another password")
    work = settle(opened, qtbot)
    page = work.page("screening")
    assert isinstance(page, ScreeningPage)
    assert page.entry.unfinished() == []
