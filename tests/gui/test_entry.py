"""录入: typing in the answer sheets of a class."""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE, Campaign, Group, Kept, Person, Screening, plain
from app.screening.service import Sheet
from storage.archive import Archive
from storage.records import Draft
from ui.desktop.desk import Desk
from ui.desktop.screens.alerts import AlertsPage
from ui.desktop.screens.entry import EntryView
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.widgets.choice_rows import ChoiceRow
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
KEY = Qt.Key


class Clerk:
    """Somebody at the keyboard, in a class and an instrument of the round."""

    def __init__(self, window: Window, qtbot: QtBot, group: str, instrument: str) -> None:
        self.window = window
        self.qtbot = qtbot
        assert window.work is not None
        window.work.show_page("screening")
        self.wait()
        page = window.work.page()
        assert isinstance(page, ScreeningPage)
        self.page = page
        self.view: EntryView = page.entry
        data = page._data
        assert data is not None
        (group_id,) = [record for record, name in data.groups.items() if name == group]
        page._open_entry(group_id, instrument)
        self.wait()
        self.sheet = self.view.pane.sheet

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            self.qtbot.keyClick(self.focus(), key)

    def type(self, text: str) -> None:
        for letter in text:
            self.qtbot.keyClick(self.focus(), letter)

    def focus(self) -> QWidget:
        widget = self.window.focusWidget()
        assert widget is not None
        return widget

    def save(self) -> None:
        self.press(KEY.Key_Return)
        self.wait()

    def choose(self, name: str) -> None:
        (row,) = [row for row in range(self.view._model.rowCount()) if self.name_at(row) == name]
        self.view._list.setCurrentIndex(self.view._model.index(row, 0))

    def name_at(self, row: int) -> str:
        return str(self.view._model.index(row, 0).data())

    def states(self) -> dict[str, str]:
        model = self.view._model
        return {self.name_at(row): str(model.index(row, 1).data()) for row in range(model.rowCount())}

    @property
    def name(self) -> str:
        return self.view.pane._name.text()

    def texts(self) -> str:
        QApplication.processEvents()
        return "\n".join(one.text() for one in self.window.findChildren(QLabel) if one.isVisible())

    def button(self, text: str) -> QPushButton:
        (found,) = [one for one in self.window.findChildren(QPushButton) if one.isVisible() and one.text() == text]
        return found

    def archive(self, operation: Callable[[Desk], object]) -> None:
        """Do something that the page is not told of, as another laptop would by a sync."""
        self.window.tasks.on_archive(self.window, operation, lambda _: None)


@pytest.fixture
def clerk(opened: Window, qtbot: QtBot) -> Clerk:
    """In 七年级1班 with the PHQ-9; 单雄信 is the first without a sheet, 阿依古丽·买买提 the second and last one."""
    return Clerk(opened, qtbot, "七年级1班", "phq-9")


def saved_sheets(clerk: Clerk, name: str) -> list[Kept[Screening]]:
    found: list[Kept[Screening]] = []

    def read(desk: Desk) -> list[Kept[Screening]]:
        return desk.screenings.of_person(desk.people.find(name)[0].id)

    clerk.window.tasks.on_archive(clerk.window, read, found.extend)
    clerk.wait()
    return found


def test_entry_begins_with_the_first_person_who_has_no_sheet(clerk: Clerk) -> None:
    assert clerk.name == "单雄信"
    assert clerk.sheet.position == 0
    assert clerk.focus() is clerk.sheet


def test_how_each_sheet_stands_is_said_in_words(clerk: Clerk) -> None:
    assert clerk.states() == {
        "张三丰": "✓ 已录",
        "李芳": "✓ 已录",
        "单雄信": "○ 未录",
        "曾静": "△ 未完成",
        "阿依古丽·买买提": "○ 未录",
    }


def test_a_digit_answers_and_moves_on(clerk: Clerk) -> None:
    clerk.type("03")
    assert clerk.sheet.answers == {"1": 0, "2": 3}
    assert clerk.sheet.position == 2
    assert "已答 2 / 10" in clerk.texts()


def test_a_digit_that_is_no_option_changes_nothing_and_is_told(clerk: Clerk) -> None:
    clerk.type("17")
    assert clerk.sheet.answers == {"1": 1}
    assert clerk.sheet.position == 1
    assert "第 2 题没有 7 这个选项" in clerk.texts()


def test_backspace_goes_back_and_clears(clerk: Clerk) -> None:
    clerk.type("12")
    clerk.press(KEY.Key_Backspace)
    assert clerk.sheet.answers == {"1": 1}
    assert clerk.sheet.position == 1


@pytest.mark.parametrize("key", [" ", "-"])
def test_an_item_can_be_left_blank(clerk: Clerk, key: str) -> None:
    clerk.type(f"1{key}2")
    assert clerk.sheet.answers == {"1": 1, "3": 2}


def test_going_back_up_a_digit_replaces_the_answer(clerk: Clerk) -> None:
    clerk.type("111")
    clerk.press(KEY.Key_Up, KEY.Key_Up)
    clerk.type("3")
    assert clerk.sheet.answers == {"1": 1, "2": 3, "3": 1}
    assert clerk.sheet.position == 2


def test_options_can_be_reached_with_the_arrows_too(clerk: Clerk) -> None:
    clerk.press(KEY.Key_Right, KEY.Key_Right, KEY.Key_Right, KEY.Key_Left)
    assert clerk.sheet.answers == {"1": 1}
    assert clerk.sheet.position == 0


def test_a_key_that_is_held_down_answers_once(clerk: Clerk) -> None:
    for repeated in (False, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, KEY.Key_2, Qt.KeyboardModifier.NoModifier, "2", repeated)
        QApplication.sendEvent(clerk.sheet, event)
    assert clerk.sheet.answers == {"1": 2}


def test_control_and_a_digit_go_to_a_page_and_answer_nothing(clerk: Clerk) -> None:
    clerk.qtbot.keyClick(clerk.sheet, KEY.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert clerk.sheet.answers == {}


def test_a_click_answers_the_item_it_is_on(clerk: Clerk) -> None:
    row = clerk.sheet._rows[4]
    assert isinstance(row, ChoiceRow)
    clerk.qtbot.mouseClick(row._buttons[2], Qt.MouseButton.LeftButton)
    assert clerk.sheet.answers == {"5": 2}
    assert row._buttons[2].isChecked()
    assert clerk.sheet.position == 5
    assert clerk.focus() is clerk.sheet


def test_after_the_last_item_enter_saves_and_goes_to_the_next_without_a_sheet(clerk: Clerk) -> None:
    clerk.type("1111111101")
    assert clerk.focus() is clerk.button("保存")
    clerk.save()
    assert clerk.states()["单雄信"] == "✓ 已录"
    assert clerk.name == "阿依古丽·买买提"
    assert clerk.sheet.answers == {}
    assert clerk.focus() is clerk.sheet
    (saved,) = saved_sheets(clerk, "单雄信")
    assert saved.fields.answers == {**{str(item): 1 for item in range(1, 9)}, "9": 0, "difficulty": 1}
    assert saved.fields.mode == "typed"


def test_the_score_is_not_shown_before_saving_and_is_afterwards(clerk: Clerk) -> None:
    clerk.type("1111111101")
    assert " 分" not in clerk.texts()
    clerk.save()
    assert "已保存 单雄信：PHQ-9  8 分（轻度）" in clerk.texts()


def test_backspace_on_the_save_button_goes_back_into_the_sheet(clerk: Clerk) -> None:
    clerk.type("0000000000")
    clerk.press(KEY.Key_Backspace)
    assert clerk.focus() is clerk.sheet
    assert clerk.sheet.position == 9
    assert "difficulty" not in clerk.sheet.answers


def test_a_digit_too_many_is_told(clerk: Clerk) -> None:
    clerk.type("00000000002")
    assert "刚才按的 2 没有用上" in clerk.texts()
    assert clerk.sheet.answers["difficulty"] == 0


def test_an_unfinished_sheet_is_asked_about_once_and_then_saved(clerk: Clerk) -> None:
    clerk.type("11111 1")
    clerk.save()
    assert "还有 3 题没有答（第 6、8、9 题）" in clerk.texts()
    assert saved_sheets(clerk, "单雄信") == []
    assert clerk.sheet.position == 5
    clerk.save()
    assert clerk.states()["单雄信"] == "△ 未完成"
    (saved,) = saved_sheets(clerk, "单雄信")
    assert saved.fields.status == "unfinished"
    assert "未完成（已答部分 6 分）" in clerk.texts()


def test_after_typing_on_the_question_is_asked_again(clerk: Clerk) -> None:
    clerk.type("1")
    clerk.save()
    clerk.type("1")
    clerk.save()
    assert "还有 7 题没有答" in clerk.texts()
    assert saved_sheets(clerk, "单雄信") == []


def test_the_item_that_is_not_required_is_not_asked_about(clerk: Clerk) -> None:
    clerk.type("000000000")
    clerk.save()
    assert clerk.states()["单雄信"] == "✓ 已录"


def test_an_empty_sheet_is_not_saved(clerk: Clerk) -> None:
    clerk.save()
    assert "这份答卷还没有答案" in clerk.texts()
    assert clerk.name == "单雄信"


def test_an_alert_is_told_and_does_not_take_the_keyboard(clerk: Clerk) -> None:
    clerk.type("0000000010")
    clerk.save()
    assert "单雄信 的答卷发出了预警" in clerk.texts()
    clerk.type("12")
    assert clerk.sheet.answers == {"1": 1, "2": 2}
    clerk.button("查看预警").click()
    clerk.wait()
    work = clerk.window.work
    assert work is not None
    page = work.page()
    assert isinstance(page, AlertsPage)
    assert page.isVisible()
    assert "有不如死掉或用某种方式伤害自己的念头" in clerk.texts()
    assert "单雄信" in clerk.texts()


def test_what_was_typed_survives_other_people_other_pages_and_other_instruments(clerk: Clerk) -> None:
    clerk.type("123")
    clerk.choose("阿依古丽·买买提")
    assert clerk.sheet.answers == {}
    assert clerk.states()["单雄信"] == "● 未保存"
    work = clerk.window.work
    assert work is not None
    work.show_page("today")
    clerk.wait()
    work.show_page("screening")
    clerk.wait()
    clerk.view._instruments.setCurrentIndex(1)
    clerk.view._switch()
    clerk.wait()
    assert clerk.states()["单雄信"] == "○ 未录"
    clerk.view._instruments.setCurrentIndex(0)
    clerk.view._switch()
    clerk.wait()
    clerk.choose("单雄信")
    assert clerk.sheet.answers == {"1": 1, "2": 2, "3": 3}
    assert clerk.sheet.position == 3


def test_coming_back_from_another_page_the_keyboard_is_in_the_sheet(clerk: Clerk) -> None:
    work = clerk.window.work
    assert work is not None
    work.show_page("today")
    clerk.wait()
    work.show_page("screening")
    clerk.wait()
    clerk.type("2")
    assert clerk.sheet.answers == {"1": 2}


def test_a_refresh_changes_nothing_of_what_is_being_typed(clerk: Clerk) -> None:
    clerk.type("12")
    clerk.press(KEY.Key_Up)
    clerk.page.refresh()
    clerk.wait()
    assert clerk.sheet.answers == {"1": 1, "2": 2}
    assert clerk.sheet.position == 1
    assert clerk.focus() is clerk.sheet


def test_a_sheet_that_came_from_elsewhere_is_shown_when_it_arrives(clerk: Clerk) -> None:
    clerk.archive(lambda desk: record(desk, "单雄信", {str(item): 1 for item in range(1, 10)}))
    clerk.page.refresh()
    clerk.wait()
    assert clerk.states()["单雄信"] == "✓ 已录"
    assert clerk.sheet.answers == {str(item): 1 for item in range(1, 10)}
    clerk.type("3")
    assert clerk.sheet.answers["1"] == 1
    assert "这份答卷已经保存，不能改" in clerk.texts()


def record(desk: Desk, name: str, answers: dict[str, int]) -> None:
    day = dt.datetime.now().astimezone().date()
    desk.screenings.record(Sheet(desk.people.find(name)[0], "phq-9", day, answers, "typed"))


def test_a_sheet_that_could_not_be_saved_comes_back_as_it_was(clerk: Clerk) -> None:
    clerk.archive(lambda desk: record(desk, "单雄信", {"1": 0}))
    clerk.type("0120120100")
    clerk.press(KEY.Key_Return)
    clerk.wait()
    assert clerk.name == "单雄信"
    assert clerk.states()["单雄信"] == "● 未保存"
    assert list(clerk.sheet.answers.values()) == [0, 1, 2, 0, 1, 2, 0, 1, 0, 0]
    assert "单雄信 的答卷没有保存，答案还在" in clerk.texts()
    assert "没有重复保存" in clerk.texts()


def test_an_answer_that_must_not_be_overlooked_is_told_although_its_sheet_was_not_saved(clerk: Clerk) -> None:
    clerk.archive(lambda desk: record(desk, "单雄信", {"1": 0}))
    clerk.type("0000000020")
    clerk.press(KEY.Key_Return)
    clerk.wait()
    assert "没有发出预警，但答卷里有不能忽视的回答" in clerk.texts()


def test_a_failure_does_not_take_somebody_away_who_types_the_next_sheet(clerk: Clerk) -> None:
    go_on = threading.Event()
    clerk.archive(lambda desk: record(desk, "单雄信", {"1": 0}) if go_on.wait(TIMEOUT_MS) else None)
    clerk.type("0000000000")
    clerk.press(KEY.Key_Return)
    assert clerk.name == "阿依古丽·买买提"
    clerk.type("12")
    go_on.set()
    clerk.wait()
    clerk.type("3")
    assert clerk.name == "阿依古丽·买买提"
    assert clerk.sheet.answers == {"1": 1, "2": 2, "3": 3}
    assert clerk.states()["单雄信"] == "● 未保存"
    assert "单雄信 的答卷没有保存，答案还在" in clerk.texts()


def test_a_day_outside_the_round_is_refused_in_words(clerk: Clerk) -> None:
    clerk.view.pane._day.setDate(clerk.view.pane._day.date().addDays(-20))
    assert "答卷日期不在这一轮的起止日期内" in clerk.texts()
    clerk.sheet.setFocus()
    clerk.type("0000000000")
    clerk.save()
    assert saved_sheets(clerk, "单雄信") == []
    assert clerk.states()["单雄信"] == "● 未保存"


def test_a_day_to_come_is_refused_although_the_round_still_runs(clerk: Clerk) -> None:
    clerk.view.pane._day.setDate(clerk.view.pane._day.date().addDays(1))
    assert "答卷日期在今天以后" in clerk.texts()
    clerk.sheet.setFocus()
    clerk.type("0000000000")
    clerk.save()
    assert saved_sheets(clerk, "单雄信") == []


def test_a_chosen_day_is_saved_and_kept_for_the_next_sheet(clerk: Clerk) -> None:
    chosen = clerk.view.pane.day - dt.timedelta(days=3)
    clerk.view.pane._day.setDate(clerk.view.pane._day.date().addDays(-3))
    clerk.sheet.setFocus()
    clerk.type("0000000000")
    clerk.save()
    (saved,) = saved_sheets(clerk, "单雄信")
    assert saved.fields.date == chosen.isoformat()
    clerk.page.refresh()
    clerk.wait()
    assert clerk.view.pane.day == chosen


def test_clearing_can_be_taken_back(clerk: Clerk) -> None:
    clerk.type("123")
    clerk.button("清空").click()
    assert clerk.sheet.answers == {}
    assert clerk.states()["单雄信"] == "○ 未录"
    clerk.button("恢复").click()
    assert clerk.sheet.answers == {"1": 1, "2": 2, "3": 3}
    assert clerk.states()["单雄信"] == "● 未保存"


def test_a_saved_sheet_is_shown_with_its_score_and_cannot_be_changed(clerk: Clerk) -> None:
    clerk.choose("李芳")
    assert "已保存：PHQ-9  16 分（中重度）" in clerk.texts()
    assert not clerk.button("保存").isEnabled()
    clerk.sheet.setFocus()
    clerk.type("1")
    clerk.press(KEY.Key_Backspace)
    assert clerk.sheet.answers == {str(item): 2 for item in range(1, 9)} | {"9": 0}


def test_page_down_goes_to_the_next_person_in_the_list(clerk: Clerk) -> None:
    clerk.press(KEY.Key_PageDown)
    assert clerk.name == "曾静"
    clerk.press(KEY.Key_PageUp, KEY.Key_PageUp)
    assert clerk.name == "李芳"


def test_when_everybody_has_a_sheet_it_is_said(clerk: Clerk) -> None:
    for _ in range(2):
        clerk.type("0000000000")
        clerk.save()
    assert "这个班的这份量表已经全部录完" in clerk.texts()
    assert "○ 未录" not in clerk.states().values()


def test_a_whole_class_is_typed_without_touching_the_mouse(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        names = [family + given for family in "赵钱孙" for given in "甲乙丙丁戊己庚辛壬癸"]
        add_class(archive, "八年级1班", names)
    clerk = open_class(make_window, archive_path, qtbot, "八年级1班")
    for number in range(30):
        clerk.type("0000000000" if number % 2 else "1111111101")
        clerk.press(KEY.Key_Return)
    clerk.wait()
    assert set(clerk.states()) == set(names)
    assert set(clerk.states().values()) == {"✓ 已录"}
    assert saved_sheets(clerk, "孙壬")[0].fields.scores["total"].value == 8
    assert saved_sheets(clerk, "孙癸")[0].fields.scores["total"].value == 0


def test_people_of_one_name_are_told_apart_by_their_numbers(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        add_class(archive, "八年级1班", ["王𬱖", "王𬱖", "李<b>四</b>"])
    clerk = open_class(make_window, archive_path, qtbot, "八年级1班")
    assert list(clerk.states()) == ["王𬱖 8000", "王𬱖 8001", "李<b>四</b>"]
    assert "学号 G990008000" in clerk.texts()


def test_a_class_that_nobody_is_in_says_so(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        add_class(archive, "八年级1班", [])
    clerk = open_class(make_window, archive_path, qtbot, "八年级1班")
    assert "这个班还没有人" in clerk.texts()


def test_a_sheet_that_would_count_for_another_round_is_not_saved(clerk: Clerk) -> None:
    """Two laptops can each begin a round for the same class."""

    def begin_another(desk: Desk) -> None:
        today = dt.datetime.now().astimezone().date()
        groups = tuple(group.id for group in desk.people.groups())
        opens, closes = (today - dt.timedelta(days=1)).isoformat(), today.isoformat()
        desk.screenings.start_campaign(Campaign("另一轮", ("phq-9",), groups, opens, closes))

    clerk.archive(begin_another)
    clerk.type("0000000000")
    clerk.save()
    assert "这一天的答卷会算到另一轮“另一轮”里" in clerk.texts()
    assert clerk.states()["单雄信"] == "● 未保存"


def add_class(archive: Archive, name: str, people: list[str]) -> None:
    """A class with people, and a round of its own that runs today."""
    group = archive.new_id()
    drafts = [Draft.new("group", group, plain(Group(name)))]
    for number, person in enumerate(people):
        record = archive.new_id()
        fields = Person(person, student_number=f"G99000{8000 + number}", group=group)
        drafts.append(Draft.new("person", record, plain(fields), person=record))
    today = dt.datetime.now().astimezone().date().isoformat()
    round_of_it = Campaign("八年级筛查", ("phq-9",), (group,), today, today)
    archive.save([*drafts, Draft.new("campaign", archive.new_id(), plain(round_of_it))])


def open_class(make_window: Callable[..., Window], path: Path, qtbot: QtBot, group: str) -> Clerk:
    window = make_window(path)
    window.unlock(path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    return Clerk(window, qtbot, group, "phq-9")


@pytest.mark.qt_log_ignore("does not support propagateSizeHints")
def test_where_there_is_little_room_the_current_item_is_still_in_view(clerk: Clerk) -> None:
    clerk.window.setMinimumSize(0, 0)
    clerk.window.resize(683, 384)
    clerk.qtbot.waitUntil(lambda: clerk.window.width() == 683, timeout=TIMEOUT_MS)
    clerk.type("0000000")
    row = clerk.sheet._rows[7]
    top = row.mapTo(clerk.window, row.rect().topLeft()).y()
    assert clerk.page.mapTo(clerk.window, clerk.page.rect().topLeft()).y() <= top
    assert top + row.height() <= clerk.window.height()
    assert row.visibleRegion().boundingRect().height() == row.height()


def test_tab_leads_from_the_sheet_to_saving_and_clearing(clerk: Clerk) -> None:
    clerk.type("1")
    clerk.press(KEY.Key_Tab)
    assert clerk.focus() is clerk.button("保存")
    clerk.press(KEY.Key_Tab)
    assert clerk.focus() is clerk.button("清空")


def test_a_screen_reader_is_told_the_item_and_its_answer(clerk: Clerk) -> None:
    assert clerk.sheet.accessibleDescription() == "1 做事时提不起劲或没有兴趣 — 没有答"
    clerk.type("2")
    clerk.press(KEY.Key_Up)
    assert clerk.sheet.accessibleDescription() == "1 做事时提不起劲或没有兴趣 — 2 一半以上的天数"


def test_the_list_of_a_class_can_be_walked_and_left_by_keyboard(clerk: Clerk) -> None:
    table = clerk.view._list
    assert isinstance(table, QTableView)
    table.setFocus()
    clerk.press(KEY.Key_Down)
    assert clerk.name == "曾静"
    assert clerk.focus() is table
    clerk.press(KEY.Key_Return)
    assert clerk.focus() is clerk.sheet
