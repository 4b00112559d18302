"""Session notes in the window: written, sealed, read, corrected, opened in an emergency, kept when the window locks."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE
from app.sessions.service import Sessions
from app.users import Users
from storage.archive import Archive
from storage.recovery_code import new_code, written
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.readers import ReadersDialog
from ui.desktop.screens.session_form import SessionForm
from ui.desktop.screens.session_sheet import EmergencyForm, SessionSheet
from ui.desktop.window import Window, Work

USER, OTHER, SUPERVISOR, PASSWORD = "王老师", "李老师", "赵督导", "correct horse"
TIMEOUT_MS = 20_000
SECRET = "他说父亲喝酒以后打他"
D = TypeVar("D", bound=QDialog)


@pytest.fixture
def station(archive_path: Path) -> tuple[Path, bytes]:
    """The archive with a recovery code, a colleague and a supervisor."""
    code = new_code()
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        users = Users(archive)
        users.set_recovery(code)
        users.add(OTHER, PASSWORD, ["counsellor"])
        users.add(SUPERVISOR, PASSWORD, ["supervisor"])
    return archive_path, code


def settle(window: Window, qtbot: QtBot) -> Work:
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    QApplication.processEvents()
    assert window.work is not None
    return window.work


def dialog(kind: type[D], window: Window, qtbot: QtBot) -> D:
    """The open dialog of a kind."""
    found: list[D] = []

    def look() -> bool:
        found[:] = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
        return bool(found) and window.tasks.idle()

    qtbot.waitUntil(look, timeout=TIMEOUT_MS)
    QApplication.processEvents()
    return found[0]


def gone(kind: type[QDialog]) -> bool:
    """Whether no dialog of a kind is on the screen."""
    return not any(isinstance(one, kind) and one.isVisible() for one in QApplication.topLevelWidgets())


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    (found,) = [one for one in widget.findChildren(QPushButton) if one.text() == text and one.isVisible()]
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def texts_of(widget: QWidget) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


def show_person(window: Window, qtbot: QtBot, name: str = "张三丰") -> PeoplePage:
    work = settle(window, qtbot)
    page = work.page("people")
    assert isinstance(page, PeoplePage)
    work.show_page("people")
    found: list[bytes] = []
    window.tasks.on_archive(page, lambda desk: desk.people.find(name)[0].id, found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=TIMEOUT_MS)
    work.context.signals.person_wanted.emit(found[0])
    settle(window, qtbot)
    return page


def as_user(make_window: Callable[..., Window], path: Path, user: str, qtbot: QtBot) -> Window:
    window = make_window(path)
    window.unlock(path, user, PASSWORD)
    settle(window, qtbot)
    return window


def write(window: Window, qtbot: QtBot, text: str = SECRET) -> None:
    page = show_person(window, qtbot)
    press(page, "写咨询记录", qtbot)
    form = dialog(SessionForm, window, qtbot)
    form.findChildren(QPlainTextEdit)[0].setPlainText(text)
    press(form, "密封并保存", qtbot)
    qtbot.waitUntil(lambda: gone(SessionForm), timeout=TIMEOUT_MS)
    settle(window, qtbot)


def leave(window: Window, qtbot: QtBot) -> None:
    window.lock()
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)


def test_a_note_is_written_and_read_by_its_author(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    window = as_user(make_window, station[0], USER, qtbot)
    write(window, qtbot)
    page = show_person(window, qtbot)
    assert "咨询（面谈）" in texts_of(page)
    assert SECRET not in texts_of(page)
    press(page, "读记录", qtbot)
    sheet = dialog(SessionSheet, window, qtbot)
    assert SECRET in texts_of(sheet)
    assert "张" not in sheet.windowTitle()
    sheet.accept()


def test_a_correction_stands_beside_what_it_corrects(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    window = as_user(make_window, station[0], USER, qtbot)
    write(window, qtbot)
    page = show_person(window, qtbot)
    press(page, "读记录", qtbot)
    press(dialog(SessionSheet, window, qtbot), "更正…", qtbot)
    form = dialog(SessionForm, window, qtbot)
    first = form.findChildren(QPlainTextEdit)[0]
    assert first.toPlainText() == SECRET
    form.reject()
    assert gone(SessionForm)  # nothing was changed, so nothing is asked

    press(page, "读记录", qtbot)
    press(dialog(SessionSheet, window, qtbot), "更正…", qtbot)
    form = dialog(SessionForm, window, qtbot)
    form.findChildren(QPlainTextEdit)[0].setPlainText("更正：是继父")
    press(form, "密封并保存", qtbot)
    qtbot.waitUntil(lambda: gone(SessionForm), timeout=TIMEOUT_MS)
    settle(window, qtbot)
    shown = texts_of(show_person(window, qtbot))
    assert shown.count("咨询（面谈）") == 2
    assert shown.count("已更正") == 1


def test_an_empty_note_is_refused_and_a_half_written_one_is_asked_about(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    window = as_user(make_window, station[0], USER, qtbot)
    press(show_person(window, qtbot), "写咨询记录", qtbot)
    form = dialog(SessionForm, window, qtbot)
    assert "同意" in texts_of(form)  # nobody has said yes to counselling
    press(form, "密封并保存", qtbot)
    qtbot.waitUntil(lambda: "还没有写任何内容" in texts_of(form), timeout=TIMEOUT_MS)
    form.findChildren(QPlainTextEdit)[0].setPlainText("…")
    form.reject()
    assert form.isVisible()
    assert "还没有保存" in texts_of(form)
    form.reject()
    assert gone(SessionForm)


def test_a_half_written_note_comes_back_after_locking(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    window = as_user(make_window, station[0], USER, qtbot)
    press(show_person(window, qtbot), "写咨询记录", qtbot)
    form = dialog(SessionForm, window, qtbot)
    form.findChildren(QPlainTextEdit)[0].setPlainText(SECRET)
    leave(window, qtbot)
    assert gone(SessionForm)

    window.unlock(station[0], OTHER, PASSWORD)
    settle(window, qtbot)
    assert gone(SessionForm)
    leave(window, qtbot)
    window.unlock(station[0], USER, PASSWORD)
    form = dialog(SessionForm, window, qtbot)
    assert form.findChildren(QPlainTextEdit)[0].toPlainText() == SECRET
    assert "张三丰" in texts_of(form)
    form.done(0)


def test_a_colleague_opens_it_only_in_an_emergency_and_the_author_is_told(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    path, code = station
    window = as_user(make_window, path, USER, qtbot)
    write(window, qtbot)
    leave(window, qtbot)
    window.unlock(path, OTHER, PASSWORD)
    page = show_person(window, qtbot)
    assert "已密封" in texts_of(page)
    press(page, "紧急查看…", qtbot)
    form = dialog(EmergencyForm, window, qtbot)
    form.code.line.setText(written(code))
    press(form, "记下理由并打开", qtbot)
    assert "理由" in texts_of(form)
    form.reason.setPlainText("该生今晚失联，家长来电")
    press(form, "记下理由并打开", qtbot)
    sheet = dialog(SessionSheet, window, qtbot)
    assert SECRET in texts_of(sheet)
    assert not [one for one in sheet.findChildren(QPushButton) if one.text() == "更正…"]
    sheet.accept()
    leave(window, qtbot)

    window.unlock(path, USER, PASSWORD)
    work = settle(window, qtbot)
    qtbot.waitUntil(lambda: "该生今晚失联" in texts_of(work), timeout=TIMEOUT_MS)
    assert OTHER in texts_of(work)
    press(work, "知道了", qtbot)
    settle(window, qtbot)
    qtbot.waitUntil(lambda: "该生今晚失联" not in texts_of(work), timeout=TIMEOUT_MS)


def test_a_supervisor_is_let_and_no_longer(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    path, _ = station
    window = as_user(make_window, path, USER, qtbot)
    press(show_person(window, qtbot), "写咨询记录", qtbot)
    form = dialog(SessionForm, window, qtbot)
    assert SUPERVISOR not in texts_of(form)
    press(form, "谁能读…", qtbot)
    readers = dialog(ReadersDialog, window, qtbot)
    qtbot.waitUntil(lambda: SUPERVISOR in texts_of(readers), timeout=TIMEOUT_MS)
    allow = [one for one in readers.findChildren(QPushButton) if one.text() == "允许对方阅读" and one.isVisible()]
    assert len(allow) == 2
    qtbot.mouseClick(allow[0], Qt.MouseButton.LeftButton)  # supervisors stand first
    qtbot.waitUntil(
        lambda: "以后不再允许" in [one.text() for one in readers.findChildren(QPushButton)], timeout=TIMEOUT_MS
    )
    readers.accept()
    assert SUPERVISOR in texts_of(form)
    form.findChildren(QPlainTextEdit)[0].setPlainText(SECRET)
    press(form, "密封并保存", qtbot)
    qtbot.waitUntil(lambda: gone(SessionForm), timeout=TIMEOUT_MS)
    leave(window, qtbot)
    with Archive.open(path, SUPERVISOR, PASSWORD, CATALOGUE) as archive:
        (record,) = archive.find("session")
        assert Sessions(archive).read(record.id).sections["problem"] == SECRET


def test_a_new_recovery_code_is_asked_about(
    make_window: Callable[..., Window], station: tuple[Path, bytes], qtbot: QtBot
) -> None:
    path, _ = station
    with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
        Users(archive).set_recovery(new_code())
    window = as_user(make_window, path, OTHER, qtbot)
    work = settle(window, qtbot)
    qtbot.waitUntil(lambda: "恢复码" in texts_of(work.page("today")), timeout=TIMEOUT_MS)
    press(work, "我同意", qtbot)
    settle(window, qtbot)
    leave(window, qtbot)
    with Archive.open(path, OTHER, PASSWORD, CATALOGUE) as archive:
        assert not Users(archive).doubts_recovery()
