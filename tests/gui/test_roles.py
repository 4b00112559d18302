"""What the window shows to those who may not see everything."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE
from app.users import Users
from storage.archive import Archive
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.window import Window, Work

USER, PASSWORD = "王老师", "correct horse"
SCREENER, TEACHER, ADMINISTRATOR = "村医小刘", "班主任孙老师", "站长"
TIMEOUT_MS = 20_000


@pytest.fixture
def station(archive_path: Path) -> Path:
    """The archive with a field screener, the class teacher of one class, and an administrator."""
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        users = Users(archive)
        users.add(SCREENER, PASSWORD, ["screener"])
        users.add(TEACHER, PASSWORD, ["class_teacher"], [archive.find("group", {"name": "七年级2班"})[0].id])
        users.add(ADMINISTRATOR, PASSWORD, ["administrator"])
    return archive_path


Entering = Callable[[str], tuple[Window, Work]]


@pytest.fixture
def enter(make_window: Callable[..., Window], station: Path, qtbot: QtBot) -> Entering:
    """Opens the archive in the window as one of them."""

    def open_as(user: str) -> tuple[Window, Work]:
        window = make_window(station)
        window.unlock(station, user, PASSWORD)
        settle(window, qtbot)
        assert window.work is not None
        return window, window.work

    return open_as


def settle(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    QApplication.processEvents()


def said(widget: QWidget) -> str:
    """Everything that can be read on it, in tables too."""
    parts = [one.text() for one in widget.findChildren(QLabel) if one.isVisible()]
    parts += [one.text() for one in widget.findChildren(QPushButton) if one.isVisible()]
    for view in widget.findChildren(QTableView):
        model = view.model()
        for row in range(model.rowCount()):
            parts += [str(model.index(row, column).data()) for column in range(model.columnCount())]
    return "\n".join(parts)


def look_at(window: Window, work: Work, name: str, qtbot: QtBot) -> PeoplePage:
    page = work.page("people")
    assert isinstance(page, PeoplePage)
    work.show_page("people")
    found: list[bytes] = []
    window.tasks.on_archive(page, lambda desk: desk.people.find(name)[0].id, found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=TIMEOUT_MS)
    work.context.signals.person_wanted.emit(found[0])
    settle(window, qtbot)
    return page


def test_a_field_screener_sees_who_is_missing_and_nobody_else_s_answers(enter: Entering, qtbot: QtBot) -> None:
    window, work = enter(SCREENER)
    pages = {"today", "people", "screening", "sync", "backup", "accounts"}
    assert {name for name in pages if work.page(name)} == pages
    with pytest.raises(KeyError):
        work.page("alerts")
    assert "PHQ-9" not in said(work.page("today"))
    assert "张三丰" not in said(work.page("today"))  # whose alert is red

    shown = said(look_at(window, work, "张三丰", qtbot))
    assert "张三丰" in shown
    assert "PHQ-9" not in shown
    assert "红" not in shown
    assert "写咨询记录" not in shown
    assert "权利…" not in shown

    work.show_page("screening")
    settle(window, qtbot)
    page = work.page("screening")
    assert isinstance(page, ScreeningPage)
    assert page._data is not None
    (group,) = [record for record, name in page._data.groups.items() if name == "七年级1班"]
    page._open_entry(group, "phq-9")
    settle(window, qtbot)
    entry = said(page)
    assert entry.count("✓ 他人已录") == 3
    model = page.entry._model
    (row,) = [row for row in range(model.rowCount()) if model.person_at(row).fields.name == "张三丰"]
    page.entry._list.setCurrentIndex(model.index(row, 0))
    settle(window, qtbot)
    assert "其他人已经录入" in said(page)
    assert not page.entry.pane.sheet.editable
    assert not page.entry.pane.sheet.answers


def test_a_class_teacher_sees_the_own_class_and_no_result(enter: Entering, qtbot: QtBot) -> None:
    window, work = enter(TEACHER)
    page = look_at(window, work, "王", qtbot)
    shown = said(page)
    assert "王𬱖" in shown
    assert "张三丰" not in shown
    assert not any(word in shown for word in ("PHQ", "红", "橙", "写咨询记录", "权利…"))
    for name in ("today", "screening", "alerts", "prints", "audit"):
        with pytest.raises(KeyError):
            work.page(name)


def test_an_administrator_sees_accounts_and_no_people(enter: Entering) -> None:
    _, work = enter(ADMINISTRATOR)
    for name in ("today", "people", "screening", "alerts"):
        with pytest.raises(KeyError):
            work.page(name)
    assert work.page("accounts")
    assert work.page("audit")
