"""Opening, making and locking an archive."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000


def visible_texts(window: Window) -> str:
    QApplication.processEvents()  # what is laid out anew shows itself with the next round of events
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def type_and_submit(window: Window, qtbot: QtBot, user: str, password: str) -> None:
    fields = [field for field in window.findChildren(QLineEdit) if field.isVisible()]
    for field, text in zip(fields, (user, password), strict=True):
        field.clear()
        field.insert(text)  # as an input method does; simulated keys know no Chinese
    qtbot.keyClick(fields[-1], Qt.Key.Key_Return)
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    QApplication.processEvents()


def test_a_wrong_password_is_told_and_the_right_one_then_opens(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    window = make_window(archive_path)
    type_and_submit(window, qtbot, USER, "wrong")
    assert "用户名或密码不对" in visible_texts(window)
    assert window.work is None
    type_and_submit(window, qtbot, USER, PASSWORD)
    assert window.work is not None


def test_locking_takes_everything_off_the_screen(opened: Window, qtbot: QtBot) -> None:
    assert "张三丰" in visible_texts(opened)
    qtbot.keyClick(opened, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    QApplication.processEvents()
    assert opened.work is None
    assert "张三丰" not in visible_texts(opened)


def test_after_locking_the_archive_opens_again(opened: Window, archive_path: Path, qtbot: QtBot) -> None:
    opened.lock()
    opened.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: opened.work is not None and opened.tasks.idle(), timeout=TIMEOUT_MS)


def test_the_title_names_nobody(opened: Window) -> None:
    assert opened.windowTitle() == "心驿"


def test_a_first_archive_is_made_in_the_window(
    make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(None)
    place = tmp_path / "first.xinyi"
    fields = [field for field in window.findChildren(QLineEdit) if field.isVisible()]
    for field, text in zip(
        fields, ("示范中学", "李老师", "eight characters", "eight characters", str(place)), strict=True
    ):
        field.setText(text)
    (create,) = [one for one in window.findChildren(QPushButton) if one.isVisible() and one.text() == "新建档案"]
    qtbot.mouseClick(create, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    assert place.exists()
    qtbot.waitUntil(lambda: "从这里开始" in visible_texts(window), timeout=TIMEOUT_MS)
