"""录入 a form with items of every kind for a class: as quick as an instrument of choices, and nothing gets lost."""

import datetime as dt
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.records import Campaign
from app.screening.service import Sheet
from tests.gui.forms import KEY, TODAY, VISIT, definition, item
from tests.gui.forms import raw as written
from ui.desktop.desk import Desk
from ui.desktop.screens.entry import EntryView
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000


class Clerk:
    """Somebody at the keyboard, in 七年级2班 with the form for visits."""

    def __init__(self, window: Window, qtbot: QtBot, instrument: str = "visit") -> None:
        self.window, self.qtbot = window, qtbot
        self.wait()
        assert window.work is not None
        window.work.show_page("screening")
        self.wait()
        page = window.work.page()
        assert isinstance(page, ScreeningPage)
        data = page._data
        assert data is not None
        page._choose(next(one.id for one in data.rounds if instrument in one.fields.instruments))
        self.wait()
        (group,) = [record for record, name in data.groups.items() if name == "七年级2班"]
        page._open_entry(group, instrument)
        self.wait()
        self.view: EntryView = page.entry
        self.sheet = self.view.pane.sheet

    def wait(self) -> None:
        self.qtbot.waitUntil(lambda: self.window.work is not None and self.window.tasks.idle(), timeout=TIMEOUT_MS)
        QApplication.processEvents()

    def focus(self) -> QWidget:
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    def type(self, text: str) -> None:
        for letter in text:
            self.qtbot.keyClicks(self.focus(), letter)

    def press(self, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            self.qtbot.keyClick(self.focus(), key, held)

    def save(self) -> None:
        self.press(KEY.Key_Return, held=Qt.KeyboardModifier.ControlModifier)
        self.wait()

    @property
    def name(self) -> str:
        return self.view.pane._name.text()

    def states(self) -> list[str]:
        model = self.view._model
        return [str(model.index(row, 1).data()) for row in range(model.rowCount())]

    def texts(self) -> str:
        QApplication.processEvents()
        return "\n".join(one.text() for one in self.window.findChildren(QLabel) if one.isVisible())


def begin_round(window: Window, *forms: dict[str, object]) -> None:
    """Have forms at hand, and a round of them for 七年级2班 that runs today."""
    assert window.work is not None
    for form in forms:
        window.work.context.library.keep(str(form["id"]), "1.0.0", written(form))

    def begin(desk: Desk) -> None:
        (group,) = [one.id for one in desk.people.groups() if one.fields.name == "七年级2班"]
        ids = tuple(str(form["id"]) for form in forms)
        closes = (TODAY + dt.timedelta(days=1)).isoformat()
        desk.screenings.start_campaign(Campaign("走访", ids, (group,), TODAY.isoformat(), closes))

    window.tasks.ask_archive(begin)


@pytest.fixture
def clerk(opened: Window, qtbot: QtBot) -> Clerk:
    begin_round(opened, VISIT)
    return Clerk(opened, qtbot)


def test_saving_goes_to_the_next_person_with_the_keyboard_in_the_first_item(clerk: Clerk) -> None:
    assert clerk.name == "王𬱖"
    clerk.type("11")
    clerk.press(KEY.Key_Return)
    clerk.type("20260901")
    clerk.save()
    assert "再保存一次" in clerk.texts()
    clerk.save()
    assert clerk.states() == ["△ 未完成", "○ 未录", "○ 未录"]
    assert clerk.name == "仇英"
    clerk.type("2")
    assert clerk.sheet.answers == {"way": 2}


def test_what_was_typed_into_an_editor_is_kept_while_others_are_looked_at(clerk: Clerk) -> None:
    clerk.type("2")
    clerk.type("Main Street")
    clerk.press(KEY.Key_PageDown)
    assert clerk.name == "仇英"
    assert clerk.sheet.draft == {}
    assert clerk.states()[0] == "● 未保存"
    clerk.press(KEY.Key_PageUp)
    assert clerk.sheet.draft == {"way": 2, "address": "Main Street"}


def test_making_the_rows_opens_no_window(clerk: Clerk) -> None:
    """A part that is shown before it has its place would be a window for a moment, and take the keyboard away."""
    assert [one for one in QApplication.topLevelWidgets() if one.isVisible()] == [clerk.window]
    assert clerk.window.isActiveWindow()
    assert clerk.focus() is clerk.sheet


def test_digits_go_to_the_editor_that_has_the_keyboard(clerk: Clerk) -> None:
    clerk.sheet.go_to(5)
    clerk.type("123")
    assert clerk.sheet.answers == {"height": 123}
    assert clerk.sheet.position == 4


def test_a_draft_with_what_cannot_be_an_answer_survives_locking(clerk: Clerk, archive_path: Path) -> None:
    clerk.type("2")
    clerk.type("Main Street")
    clerk.press(KEY.Key_Up)
    clerk.type("1")
    clerk.sheet.go_to(5)
    clerk.type("3x")
    draft = clerk.sheet.draft
    window = clerk.window
    window.lock()
    clerk.qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    window.unlock(archive_path, USER, PASSWORD)
    clerk.wait()
    assert window.work is not None
    window.work.context.library.keep("visit", "1.0.0", written(VISIT))
    again = Clerk(window, clerk.qtbot)
    assert again.sheet.draft == draft == {"way": 1, "address": "Main Street", "height": {"unread": "3x"}}
    again.save()
    assert "第 5 题填的内容不能作为答案" in again.texts()


def test_a_saved_draft_is_recognised_although_it_holds_more_than_was_saved(clerk: Clerk) -> None:
    """The power may go between the saving of a form and the forgetting of its draft."""
    clerk.type("2")
    clerk.type("Main Street")
    clerk.press(KEY.Key_Up)
    clerk.type("1")

    def save(desk: Desk) -> None:
        desk.screenings.record(Sheet(desk.people.find("王𬱖")[0], "visit", TODAY, {"way": 1}, "typed"))

    clerk.window.tasks.ask_archive(save)
    clerk.view.refresh()
    clerk.wait()
    assert clerk.states()[0] == "△ 未完成"


def test_a_saved_form_is_shown_and_cannot_be_changed(clerk: Clerk) -> None:
    clerk.type("2")
    clerk.type("Main Street")
    clerk.save()
    clerk.save()
    clerk.view._list.setCurrentIndex(clerk.view._model.index(0, 0))
    assert "已保存：走访记录  未填完" in clerk.texts()
    assert not clerk.sheet.editable
    clerk.sheet.setFocus()
    clerk.type("1")
    assert clerk.sheet.answers == {"way": 2, "address": "Main Street"}


def test_nothing_is_asked_after_an_answer_that_ends_the_form(opened: Window, qtbot: QtBot) -> None:
    items = [
        item("choice", "there", "在家吗", options="way", scored=False, stop_if="${there} = 3"),
        item("text", "said", "说了什么"),
    ]
    begin_round(opened, definition("stopping", items=items))
    clerk = Clerk(opened, qtbot, "stopping")
    clerk.type("3")
    assert clerk.focus().text() == "保存"  # type: ignore[attr-defined] # the button
    clerk.press(KEY.Key_Return)
    clerk.wait()
    assert clerk.states()[0] == "✓ 已录"
