"""筛查: rounds, their progress, beginning a new one."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE, Campaign, Group, Person, plain
from app.texts import Texts
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from ui.desktop.screens.round_form import RoundForm, default_end, default_name
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
# Qt's platform without a screen says so whenever a dialog opens.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
TODAY = dt.datetime.now().astimezone().date()


def iso(days: int) -> str:
    return (TODAY + dt.timedelta(days=days)).isoformat()


def show(window: Window, qtbot: QtBot) -> ScreeningPage:
    assert window.work is not None
    window.work.show_page("screening")
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    page = window.work.page()
    assert isinstance(page, ScreeningPage)
    return page


def unlocked(make_window: Callable[..., Window], path: Path, qtbot: QtBot) -> Window:
    window = make_window(path)
    window.unlock(path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    return window


def visible_texts(window: Window) -> str:
    QApplication.processEvents()  # what is laid out anew shows itself with the next round of events
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def buttons(window: Window) -> dict[str, QPushButton]:
    QApplication.processEvents()
    return {one.text(): one for one in window.findChildren(QPushButton) if one.isVisible()}


def rounds(page: ScreeningPage) -> dict[str, str]:
    model = page._rounds._model
    return {str(model.index(row, 0).data()): str(model.index(row, 1).data()) for row in range(model.rowCount())}


def progress(page: ScreeningPage) -> list[list[str]]:
    model = page._rounds._progress
    columns = range(model.columnCount())
    return [[str(model.index(row, column).data()) for column in columns] for row in range(model.rowCount())]


@pytest.fixture
def page(opened: Window, qtbot: QtBot) -> ScreeningPage:
    return show(opened, qtbot)


@pytest.fixture
def form(page: ScreeningPage, opened: Window, qtbot: QtBot) -> RoundForm:
    """The form for a new round. The round that there is reaches from ten days ago to sixty days on."""
    buttons(opened)["新建一轮"].click()
    (found,) = page.findChildren(RoundForm)
    qtbot.waitUntil(found.isVisible, timeout=TIMEOUT_MS)
    return found


def submit(form: RoundForm, qtbot: QtBot) -> None:
    tasks = form._context.tasks
    qtbot.mouseClick(form._save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(tasks.idle, timeout=TIMEOUT_MS)


def test_progress_says_for_each_class_and_instrument_who_has_answered(page: ScreeningPage) -> None:
    assert progress(page) == [["七年级1班", "5", "3 / 5", "0 / 5"], ["七年级2班", "3", "0 / 3", "0 / 3"]]


def test_a_class_that_is_done_has_a_sign_and_not_only_a_full_bar(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        for person in archive.find("person"):
            if person.fields["name"] in {"单雄信", "阿依古丽·买买提"}:
                archive.save([Draft.edit(person, {"group": None})])
    page = show(unlocked(make_window, archive_path, qtbot), qtbot)
    assert progress(page)[0] == ["七年级1班", "3", "✓ 3 / 3", "0 / 3"]


def test_rounds_that_run_stand_above_those_to_come_and_those_that_are_over(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        group = archive.find("group")[0].id
        for name, opens, closes in (("去年", -400, -300), ("今年春季", -200, -100), ("下一轮", 70, 90)):
            campaign = Campaign(name, ("gad-7",), (group,), iso(opens), iso(closes))
            archive.save([Draft.new("campaign", archive.new_id(), plain(campaign))])
    page = show(unlocked(make_window, archive_path, qtbot), qtbot)
    assert list(rounds(page).items()) == [
        ("秋季筛查", "进行中"),
        ("下一轮", "未开始"),
        ("今年春季", "已结束"),
        ("去年", "已结束"),
    ]


def test_the_progress_of_a_chosen_round_is_shown_and_stays_chosen(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        group = archive.find("group")[1].id
        campaign = Campaign("春季", ("gad-7",), (group,), iso(-200), iso(-100))
        archive.save([Draft.new("campaign", archive.new_id(), plain(campaign))])
    window = unlocked(make_window, archive_path, qtbot)
    page = show(window, qtbot)
    page._rounds._list.setCurrentIndex(page._rounds._model.index(1, 0))
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    assert progress(page) == [["七年级2班", "3", "0 / 3"]]
    page.refresh()
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    assert progress(page) == [["七年级2班", "3", "0 / 3"]]


def test_a_refresh_keeps_the_chosen_cell(page: ScreeningPage, opened: Window, qtbot: QtBot) -> None:
    page._rounds._table.setCurrentIndex(page._rounds._progress.index(1, 3))
    page.refresh()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    assert "录入 七年级2班 · GAD-7" in buttons(opened)


def test_the_first_cell_that_lacks_somebody_is_offered_for_entry(page: ScreeningPage, opened: Window) -> None:
    assert "录入 七年级1班 · PHQ-9" in buttons(opened)


def test_enter_on_a_cell_opens_its_sheets_and_back_leads_back(
    page: ScreeningPage, opened: Window, qtbot: QtBot
) -> None:
    table = page._rounds._table
    table.setCurrentIndex(page._rounds._progress.index(1, 3))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    assert page.entry.isVisible()
    assert page.entry._groups.currentText() == "七年级2班"
    assert page.entry._instruments.currentText() == "GAD-7"
    assert "新建一轮" not in buttons(opened)
    buttons(opened)["返回"].click()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    assert table.isVisible()
    assert "新建一轮" in buttons(opened)


def test_on_a_class_the_instrument_that_lacks_most_is_offered(page: ScreeningPage, opened: Window) -> None:
    page._rounds._table.setCurrentIndex(page._rounds._progress.index(0, 0))
    assert "录入 七年级1班 · GAD-7" in buttons(opened)


def test_sheets_that_were_not_saved_are_told_among_the_rounds(
    page: ScreeningPage, opened: Window, qtbot: QtBot
) -> None:
    buttons(opened)["录入 七年级1班 · PHQ-9"].click()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    qtbot.keyClicks(page.entry.pane.sheet, "12")
    buttons(opened)["返回"].click()
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    assert "有 1 份答卷录了一半还没有保存（七年级1班 · PHQ-9）" in visible_texts(opened)


def test_answers_can_be_imported_from_here(page: ScreeningPage, opened: Window, qtbot: QtBot) -> None:
    buttons(opened)["导入答卷"].click()
    (dialog,) = page.findChildren(QDialog)
    qtbot.waitUntil(dialog.isVisible, timeout=TIMEOUT_MS)


# ---- nothing there yet ----


def first_archive(path: Path, *, with_people: bool) -> None:
    with Archive.create(path, Owner(USER, PASSWORD, Names("laptop", "示范中学")), CATALOGUE) as archive:
        register_user(archive, USER)
        if with_people:
            group, person, other = archive.new_id(), archive.new_id(), archive.new_id()
            fields = Person("李芳", group=group)
            archive.save(
                [
                    Draft.new("group", group, plain(Group("七年级1班"))),
                    Draft.new("person", person, plain(fields), person=person),
                    Draft.new("person", other, plain(Person("张三丰")), person=other),
                ]
            )


def test_without_classes_the_page_leads_to_the_list_of_people(
    make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot
) -> None:
    first_archive(tmp_path / "a.xinyi", with_people=False)
    window = unlocked(make_window, tmp_path / "a.xinyi", qtbot)
    show(window, qtbot)
    assert "还没有班级" in visible_texts(window)
    assert window.work is not None
    with qtbot.waitSignal(window.work.context.signals.page_wanted, timeout=TIMEOUT_MS) as wanted:
        buttons(window)["去导入名单"].click()
    assert wanted.args == ["people"]


def test_without_a_round_the_page_begins_one(make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot) -> None:
    first_archive(tmp_path / "a.xinyi", with_people=True)
    window = unlocked(make_window, tmp_path / "a.xinyi", qtbot)
    page = show(window, qtbot)
    assert "还没有筛查" in visible_texts(window)
    buttons(window)["新建一轮"].click()
    (form,) = page.findChildren(RoundForm)
    assert "另有 1 人没有班级" in "\n".join(label.text() for label in form.findChildren(QLabel))
    form._instruments._boxes[0].click()
    submit(form, qtbot)
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
    assert list(rounds(page).values()) == ["进行中"]
    assert progress(page) == [["七年级1班", "1", "0 / 1"]]


# ---- a new round ----


def test_a_new_round_is_saved_as_it_was_filled_in_and_shown(
    form: RoundForm, page: ScreeningPage, opened: Window, qtbot: QtBot
) -> None:
    form._name.setText("  复查 ")
    form._opens.setDate(QDate.currentDate().addDays(61))
    form._closes.setDate(QDate.currentDate().addDays(70))
    form._instruments._boxes[0].click()
    form._classes._boxes[0].click()
    submit(form, qtbot)
    qtbot.waitUntil(opened.tasks.idle, timeout=TIMEOUT_MS)
    assert page.findChildren(RoundForm) == []
    assert rounds(page) == {"秋季筛查": "进行中", "复查": "未开始"}
    assert progress(page) == [["七年级2班", "3", "0 / 3"]]
    assert page._rounds._name.text() == "复查"


def test_a_round_without_an_instrument_is_refused_in_words(form: RoundForm, qtbot: QtBot) -> None:
    submit(form, qtbot)
    assert "还没有选量表，没有保存" in form._banner.text()
    assert form.isVisible()


def test_a_round_without_a_class_is_refused_in_words(form: RoundForm, qtbot: QtBot) -> None:
    form._instruments._boxes[0].click()
    form._classes._all.click()
    submit(form, qtbot)
    assert "还没有选班级，没有保存" in form._banner.text()


def test_a_round_without_a_name_is_refused_in_words(form: RoundForm, qtbot: QtBot) -> None:
    form._name.setText("　 ")
    submit(form, qtbot)
    assert "还没有写名称" in form._banner.text()


def test_a_round_that_ends_before_it_begins_is_refused_in_words(form: RoundForm, qtbot: QtBot) -> None:
    form._closes.setDate(form._opens.date().addDays(-1))
    submit(form, qtbot)
    assert "结束日期早于开始日期" in form._banner.text()


def test_a_round_that_shares_a_class_an_instrument_and_a_day_with_another_is_refused(
    form: RoundForm, page: ScreeningPage, qtbot: QtBot
) -> None:
    form._instruments._boxes[0].click()
    submit(form, qtbot)
    assert "“秋季筛查”" in form._banner.text()
    assert form.isVisible()
    assert list(rounds(page)) == ["秋季筛查"]
    form._opens.setDate(QDate.currentDate().addDays(61))
    form._closes.setDate(QDate.currentDate().addDays(61))
    submit(form, qtbot)
    assert page.findChildren(RoundForm) == []


def test_one_tick_chooses_all_classes_and_the_next_none(form: RoundForm) -> None:
    classes = form._classes
    assert classes.chosen() == [0, 1]
    classes._boxes[0].click()
    assert classes._all.checkState() == Qt.CheckState.PartiallyChecked
    classes._all.click()
    assert classes.chosen() == [0, 1]
    assert classes._all.checkState() == Qt.CheckState.Checked
    classes._all.click()
    assert classes.chosen() == []


def test_escape_leaves_the_form_without_saving(form: RoundForm, page: ScreeningPage, qtbot: QtBot) -> None:
    form._instruments._boxes[0].click()
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: page.findChildren(RoundForm) == [], timeout=TIMEOUT_MS)
    assert list(rounds(page)) == ["秋季筛查"]


@pytest.mark.parametrize(
    ("day", "name", "english"),
    [
        ("2026-08-31", "2026年秋季学期筛查", "Autumn semester 2026"),
        ("2026-11-21", "2026年秋季学期筛查", "Autumn semester 2026"),
        ("2027-01-15", "2026年秋季学期筛查", "Autumn semester 2026"),
        ("2027-02-20", "2027年春季学期筛查", "Spring semester 2027"),
        ("2027-07-01", "2027年春季学期筛查", "Spring semester 2027"),
    ],
)
def test_a_new_round_is_offered_the_name_of_the_semester(day: str, name: str, english: str) -> None:
    assert default_name(Texts.load(), dt.date.fromisoformat(day)) == name
    assert default_name(Texts.load("en"), dt.date.fromisoformat(day)) == english


def test_a_new_round_is_offered_four_weeks_but_not_beyond_the_semester() -> None:
    assert default_end(Texts.load(), dt.date(2026, 11, 2)) == dt.date(2026, 11, 30)
    assert default_end(Texts.load(), dt.date(2027, 1, 20)) == dt.date(2027, 1, 31)
