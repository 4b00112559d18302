"""今日: what is urgent, who is still to be screened, how sync stands."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ui.desktop.window import Window

TIMEOUT_MS = 20_000


def said(widget: QWidget) -> str:
    QApplication.processEvents()  # what is laid out anew shows itself with the next round of events
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    found = [one for one in widget.findChildren(QPushButton) if one.isVisible() and one.text() == text]
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def test_the_most_urgent_stands_first_and_a_click_leads_to_it(opened: Window, qtbot: QtBot) -> None:
    work = opened.work
    assert work is not None
    page = work.page("today")
    words = said(page)
    assert words.index("张三丰") < words.index("李芳")  # self-harm before a severe score
    press(page, "查看", qtbot)
    assert work.page() is work.page("alerts")
    qtbot.waitUntil(lambda: "张三丰" in said(work.page()), timeout=TIMEOUT_MS)


def test_who_is_still_to_be_screened_is_counted_by_class(opened: Window) -> None:
    assert opened.work is not None
    words = said(opened.work.page("today")).split("\n")
    # Nobody has answered both questionnaires of the round.
    assert {"七年级1班", "七年级2班", "0 / 5", "0 / 3"} <= set(words)


def test_a_device_without_a_county_is_told_so_everywhere(opened: Window) -> None:
    assert opened.work is not None
    assert "加入县级中心" in [one.text() for one in opened.work.page("today").findChildren(QPushButton)]
    assert opened.work.status._state.text() in said(opened.work.page("today"))


def test_an_empty_archive_shows_the_first_steps(
    empty_archive: Path, open_window: Callable[[Path], Window], qtbot: QtBot
) -> None:
    window = open_window(empty_archive)
    work = window.work
    assert work is not None
    qtbot.waitUntil(lambda: "从这里开始" in said(work.page()), timeout=TIMEOUT_MS)
    press(work.page(), "去做", qtbot)
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    assert work.page() is work.page("people")


def test_the_search_box_finds_by_initials_and_leads_to_the_person(opened: Window, qtbot: QtBot) -> None:
    work = opened.work
    assert work is not None
    qtbot.keyClick(opened, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert work.search.hasFocus() or work.search.isAncestorOf(opened.focusWidget())
    field = opened.focusWidget()
    qtbot.keyClicks(field, "sxx")
    found = work.search._found.list
    qtbot.waitUntil(lambda: opened.tasks.idle() and found.count() > 0, timeout=TIMEOUT_MS)
    assert "单雄信" in found.item(0).text()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert work.page() is work.page("people")
    qtbot.waitUntil(lambda: "单雄信" in said(work.page()), timeout=TIMEOUT_MS)
