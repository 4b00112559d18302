"""预警: the list, one alert, and what can be done about it."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Alert, Group, Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive
from storage.records import Draft
from ui.desktop.desk import Desk
from ui.desktop.models.alerts import short_moment, time_left
from ui.desktop.screens.alerts import AlertsPage
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
HOUR_MS = 3_600_000
KEY = Qt.Key


class Reader:
    """Somebody who looks at the page of alerts."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window = window
        self.qtbot = qtbot
        assert window.work is not None
        self.signals = window.work.context.signals
        self.context = window.work.context
        window.work.show_page("alerts")
        self.wait()
        page = window.work.page()
        assert isinstance(page, AlertsPage)
        self.page = page

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        # What is laid out anew shows itself with the next round of events.
        QApplication.processEvents()

    def rows(self) -> list[list[str]]:
        """Level, time, name, class, reason, state of each alert."""
        model = self.page._model
        return [[str(model.index(row, column).data()) for column in range(6)] for row in range(model.rowCount())]

    def names(self) -> list[str]:
        return [row[2] for row in self.rows()]

    def choose(self, name: str) -> None:
        self.page._table.setCurrentIndex(self.page._model.index(self.names().index(name), 0))
        self.wait()

    def show_tab(self, tab: int) -> None:
        self.page._tabs.setCurrentIndex(tab)
        self.wait()

    def detail(self) -> str:
        return "\n".join(one.text() for one in self.page._detail.findChildren(QLabel) if one.isVisible())

    def buttons(self) -> dict[str, QPushButton]:
        QApplication.processEvents()
        return {one.text(): one for one in self.window.findChildren(QPushButton) if one.isVisible()}

    def press(self, text: str) -> None:
        self.buttons()[text].click()
        self.wait()

    def field(self) -> QPlainTextEdit:
        (found,) = [one for one in self.window.findChildren(QPlainTextEdit) if one.isVisible()]
        return found


@pytest.fixture
def reader(opened: Window, qtbot: QtBot) -> Reader:
    """张三丰 with a red alert about self-harm, 李芳 with an orange one."""
    return Reader(opened, qtbot)


def read_archive(make_window: Callable[..., Window], path: Path, qtbot: QtBot, *, language: str = "zh-CN") -> Reader:
    window = make_window(path, language=language)
    window.unlock(path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    return Reader(window, qtbot)


def hours_ago(hours: float) -> Callable[[], int]:
    """A wall clock that goes wrong by so many hours."""
    return lambda: time.time_ns() // 1_000_000 - int(hours * HOUR_MS)


def answer(archive: Archive, name: str, answers: dict[str, int]) -> None:
    day = dt.datetime.now().astimezone().date()
    person = People(archive).find(name)[0]
    Screenings(archive, Library.load(), AlertRules.load()).record(Sheet(person, "phq-9", day, answers, "typed"))


HARMED = {**{str(item): 0 for item in range(1, 9)}, "9": 2}
LOW = {str(item): 2 for item in range(1, 9)} | {"9": 0}


# ---- the list ----


def test_red_alerts_stand_on_top_although_another_one_is_due_sooner(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE, wall=hours_ago(200)) as archive:
        answer(archive, "单雄信", LOW)
    reader = read_archive(make_window, archive_path, qtbot)
    assert [row[:3] for row in reader.rows()] == [
        ["红", "还剩 23 小时", "张三丰"],
        ["橙", "已超时 32 小时", "单雄信"],
        ["橙", "还剩 6 天", "李芳"],
    ]


def test_an_overdue_alert_is_marked_and_one_in_time_is_not(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE, wall=hours_ago(30)) as archive:
        answer(archive, "单雄信", HARMED)
    reader = read_archive(make_window, archive_path, qtbot)
    chips = {
        reader.names()[row]: reader.page._model.index(row, 1).data(Qt.ItemDataRole.UserRole + 1) for row in range(3)
    }
    assert chips == {"单雄信": "red", "张三丰": None, "李芳": None}
    assert "已超时 6 小时" in reader.detail()


def test_the_last_hour_is_counted_in_minutes(reader: Reader) -> None:
    minute = HOUR_MS // 60
    assert time_left(reader.context, 100 * minute, 41 * minute) == "还剩 59 分钟"
    assert time_left(reader.context, 100 * minute, 100 * minute) == "还剩 0 分钟"
    assert time_left(reader.context, 100 * minute, 159 * minute) == "已超时 59 分钟"
    assert time_left(reader.context, 100 * minute, 160 * minute) == "已超时 1 小时"


def test_when_an_alert_was_raised_is_said_as_short_as_possible() -> None:
    def at(*moment: int) -> int:
        return int(dt.datetime(*moment).astimezone().timestamp() * 1000)  # type: ignore[arg-type]

    now = at(2026, 3, 2, 12, 0)
    assert short_moment(at(2026, 3, 2, 0, 5), now) == "00:05"
    assert short_moment(at(2026, 3, 1, 23, 59), now) == "03-01"
    assert short_moment(at(2025, 12, 31, 12, 0), now) == "2025-12-31"


def test_the_clock_runs_with_every_refresh(reader: Reader) -> None:
    data = reader.page._model._data
    later = type(data)(data.lines, data.groups, data.standing, data.closed, data.now + 30 * HOUR_MS)
    reader.page._model.show(later)
    assert reader.rows()[0][1] == "已超时 6 小时"
    reader.page.refresh()
    reader.wait()
    assert reader.rows()[0][1] == "还剩 23 小时"


def test_what_needs_somebody_is_counted_apart_from_what_is_closed(reader: Reader) -> None:
    tabs = reader.page._tabs
    assert [tabs.tabText(0), tabs.tabText(1)] == ["需要处理 2", "已结束 0"]
    reader.show_tab(1)
    assert "还没有结束的预警" in "\n".join(one.text() for one in reader.page.findChildren(QLabel) if one.isVisible())


def test_an_alert_of_an_instrument_that_only_a_newer_version_knows_is_listed_all_the_same(reader: Reader) -> None:
    def arrive(desk: Desk) -> None:
        archive = desk.archive
        person = desk.people.find("仇英")[0]
        due = archive.now() + HOUR_MS
        alert = Alert("red", "open", "new-2030", archive.new_id(), ("new-rule",), "9.0.0", archive.now(), due)
        archive.save([Draft.new("alert", archive.new_id(), plain(alert), person=person.id)])

    reader.window.tasks.on_archive(reader.window, arrive, lambda _: None)
    reader.page.refresh()
    reader.wait()
    assert reader.names() == ["仇英", "张三丰", "李芳"]
    reader.choose("仇英")
    assert "new-rule" in reader.detail()
    assert "还没有同步到这台电脑" in reader.detail()


def test_a_name_is_shown_as_it_is(make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        group, record = archive.new_id(), archive.new_id()
        person = Person("<b>𬱖</b>", group=group, guardian_name="王强", guardian_phone="13800000000")
        archive.save(
            [
                Draft.new("group", group, plain(Group("八年级1班"))),
                Draft.new("person", record, plain(person), person=record),
            ]
        )
        answer(archive, "𬱖", HARMED)
    reader = read_archive(make_window, archive_path, qtbot)
    reader.choose("<b>𬱖</b>")
    assert "<b>𬱖</b>" in reader.detail()
    assert "监护人：王强　13800000000" in reader.detail()


# ---- one alert ----


def test_the_most_urgent_alert_is_shown_at_once(reader: Reader) -> None:
    assert "张三丰" in reader.detail()


def test_why_is_said_with_the_question_the_answer_and_the_score(reader: Reader) -> None:
    detail = reader.detail()
    assert "第 9 题提到不如死掉或伤害自己的念头" in detail
    assert "有不如死掉或用某种方式伤害自己的念头" in detail
    assert "回答：1  好几天" in detail
    assert "情绪低落相关困扰：1 分（很少）" in detail
    assert "由 王老师 录入" in detail


def test_what_a_low_band_advises_is_not_said_beside_an_answer_about_self_harm(reader: Reader) -> None:
    assert "不论总分高低，都要有人当面了解" in reader.detail()
    assert "这方面的困扰很少" not in reader.detail()


def test_what_a_band_advises_is_said_where_nothing_critical_was_answered(reader: Reader) -> None:
    reader.choose("李芳")
    band = next(band for band in Library.load().get("phq-9").scores[0].bands if band.id == "moderately-severe")
    assert band.action["zh-CN"] in reader.detail()


def test_answers_to_another_wording_are_not_put_beside_the_questions_of_this_one(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        (screening,) = [one for one in archive.find("screening") if one.fields.get("critical")]
        archive.save([Draft.edit(screening, {"content": "another"})])
    reader = read_archive(make_window, archive_path, qtbot)
    assert "用的是另一个版本的量表" in reader.detail()
    assert "有不如死掉或用某种方式伤害自己的念头" not in reader.detail()


def test_how_to_talk_about_it_is_open_where_the_answers_call_for_it(reader: Reader) -> None:
    assert "平静、直接地问" in reader.detail()
    assert "12356" in reader.detail()
    assert "按预案做" in reader.detail()
    reader.choose("李芳")
    assert "平静、直接地问" not in reader.detail()
    reader.press("怎样谈自伤、自杀的念头，接下来做什么")
    assert "平静、直接地问" in reader.detail()


def test_the_person_is_one_click_away(reader: Reader) -> None:
    with reader.qtbot.waitSignal(reader.signals.person_wanted, timeout=TIMEOUT_MS) as wanted:
        reader.buttons()["查看档案"].click()
    assert wanted.args is not None
    assert bytes(wanted.args[0]) == reader.page._model._data.lines[0].person.id
    reader.wait()


def test_an_alert_that_is_wanted_elsewhere_is_shown(reader: Reader) -> None:
    work = reader.window.work
    assert work is not None
    work.show_page("today")
    reader.wait()
    reader.signals.alert_wanted.emit(reader.page._model.alert_at(1))
    reader.wait()
    assert work.page() is reader.page
    assert "李芳" in reader.detail()
    assert reader.page._table.currentIndex().row() == 1


def test_a_closed_alert_that_is_wanted_elsewhere_is_shown_among_the_closed(reader: Reader) -> None:
    alert = reader.page._model.alert_at(1)
    reader.window.tasks.on_archive(reader.window, lambda desk: desk.alerts.close(alert, "已转介"), lambda _: None)
    reader.signals.alert_wanted.emit(alert)
    reader.wait()
    assert reader.page._tabs.currentIndex() == 1
    assert reader.names() == ["李芳"]
    assert "已转介" in reader.detail()


# ---- acting ----


def test_taking_an_alert_on_is_kept_with_name_and_words(reader: Reader) -> None:
    reader.field().setPlainText("下午第一节课后见面")
    reader.press("接手")
    assert reader.rows()[0][5] == "已接手"
    assert "接手\n王老师" in reader.detail()
    assert "下午第一节课后见面" in reader.detail()
    assert reader.field().toPlainText() == ""
    assert "接手" not in reader.buttons()


def test_an_alert_can_be_taken_on_without_a_word(reader: Reader) -> None:
    reader.press("接手")
    assert reader.rows()[0][5] == "已接手"


def test_a_note_needs_words_and_changes_no_state(reader: Reader) -> None:
    assert not reader.buttons()["记录"].isEnabled()
    reader.field().setPlainText("  \n")
    assert not reader.buttons()["记录"].isEnabled()
    reader.field().setPlainText("已通知班主任")
    reader.press("记录")
    assert "已通知班主任" in reader.detail()
    assert reader.rows()[0][5] == "待查看"


def test_control_enter_does_the_first_thing(reader: Reader) -> None:
    reader.field().setFocus()
    reader.qtbot.keyClick(reader.field(), KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    reader.wait()
    assert reader.rows()[0][5] == "已接手"
    reader.qtbot.keyClicks(reader.field(), "seen")
    reader.qtbot.keyClick(reader.field(), KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    reader.wait()
    assert "记录\n王老师" in reader.detail()
    assert "seen" in reader.detail()


def test_closing_needs_a_reason_and_a_second_click(reader: Reader) -> None:
    reader.press("结束预警…")
    assert not reader.buttons()["确认结束这条预警"].isEnabled()
    reader.field().setPlainText("面谈后确认没有危险，班主任每周跟进")
    assert reader.names() == ["张三丰", "李芳"]
    reader.press("确认结束这条预警")
    assert reader.names() == ["李芳"]
    reader.show_tab(1)
    assert reader.names() == ["张三丰"]
    assert "面谈后确认没有危险，班主任每周跟进" in reader.detail()


def test_no_key_in_the_reason_closes_the_alert(reader: Reader) -> None:
    reader.press("结束预警…")
    field = reader.field()
    reader.qtbot.keyClicks(field, "done")
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        reader.qtbot.keyClick(field, KEY.Key_Return, modifier)
        reader.wait()
    assert reader.names() == ["张三丰", "李芳"]
    assert reader.field() is field


def test_escape_leaves_the_closing_and_keeps_what_was_written(reader: Reader) -> None:
    reader.press("结束预警…")
    reader.qtbot.keyClicks(reader.field(), "half")
    reader.qtbot.keyClick(reader.field(), KEY.Key_Escape)
    assert "接手" in reader.buttons()
    reader.press("结束预警…")
    assert reader.field().toPlainText() == "half"


def test_an_alert_that_was_just_closed_stays_to_be_read(reader: Reader) -> None:
    reader.press("结束预警…")
    reader.field().setPlainText("误报")
    reader.press("确认结束这条预警")
    assert "张三丰" in reader.detail()
    assert "误报" in reader.detail()
    assert not reader.page._table.currentIndex().isValid()
    assert "结束预警…" not in reader.buttons()


def test_what_is_being_written_survives_a_refresh_and_another_alert(reader: Reader) -> None:
    reader.field().setPlainText("写到一半")
    reader.page.refresh()
    reader.wait()
    assert reader.field().toPlainText() == "写到一半"
    reader.choose("李芳")
    assert reader.field().toPlainText() == ""
    reader.choose("张三丰")
    assert reader.field().toPlainText() == "写到一半"


def test_what_somebody_else_did_meanwhile_is_told_and_nothing_written_is_lost(reader: Reader) -> None:
    alert = reader.page._model.alert_at(0)
    reader.window.tasks.on_archive(reader.window, lambda desk: desk.alerts.confirm(alert), lambda _: None)
    reader.field().setPlainText("我来")
    reader.press("接手")
    assert "已经有人接手，没有改动" in reader.detail()
    assert reader.field().toPlainText() == "我来"
    assert reader.rows()[0][5] == "已接手"


def test_two_laptops_that_disagree_are_told_of_in_words(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        (alert,) = archive.find("alert", {"level": "red"})
        # Two changes made without knowing of each other.
        for status in ("closed", "confirmed"):
            archive.save([Draft.edit(alert, {"status": status})])
    reader = read_archive(make_window, archive_path, qtbot)
    assert reader.rows()[0][5] == "已接手"
    assert "两台电脑同时处理过这条预警：这里显示“已接手”，另一处是“已结束”" in reader.detail()
    reader.press("结束预警…")
    reader.field().setPlainText("核对过，已经转介")
    reader.press("确认结束这条预警")
    assert "两台电脑" not in reader.detail()
    assert reader.names() == ["李芳"]


def test_everything_is_there_in_english(make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot) -> None:
    reader = read_archive(make_window, archive_path, qtbot, language="en")
    assert reader.rows()[0] == [
        "red",
        "23 hours left",
        "张三丰",
        "七年级1班",
        "PHQ-9  item 9: thoughts of being better off dead or of hurting oneself",
        "to be looked at",
    ]
    assert "Answer: 1  Several days" in reader.detail()
    assert "Ask calmly and directly" in reader.detail()
