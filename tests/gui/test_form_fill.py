"""填写表单: a form with items of every kind, filled in about one person."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from tests.gui.forms import KEY, TODAY, VISIT, Filler, definition, item, options
from ui.desktop.preferences import Preferences
from ui.desktop.screens.form_choice import FormChoice
from ui.desktop.widgets.group_row import GroupRow
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|grabbing the keyboard)")


@pytest.fixture
def filler(opened: Window, qtbot: QtBot) -> Filler:
    """At 单雄信, with the form for visits open."""
    found = Filler(opened, qtbot)
    found.open(VISIT)
    return found


def test_a_form_of_every_kind_is_filled_in_by_keyboard_alone(filler: Filler) -> None:
    filler.type("1")
    filler.type("12")
    filler.press(KEY.Key_Return)
    filler.type("20260901")
    filler.press(KEY.Key_Return)
    filler.type("150")
    filler.press(KEY.Key_Tab)
    filler.type("45.5")
    filler.press(KEY.Key_Down)
    filler.type("in bed")
    filler.press(KEY.Key_Tab)
    filler.type("23")
    filler.type("A")
    filler.press(KEY.Key_Tab)
    filler.type("20")
    filler.save()
    (saved,) = filler.saved("visit")
    assert saved.answers == {
        "way": 1,
        "who": [1, 2],
        "day": "2026-09-01",
        "height": 150,
        "weight": 45.5,
        "notes": "in bed",
        "sleep": 2,
        "food": 3,
        "drugs": [{"name": "A", "dose": 20}],
    }
    assert (saved.status, saved.mode, saved.scores) == ("complete", "screen", {})


def test_an_item_appears_with_the_answer_that_asks_for_it_and_goes_with_it(filler: Filler) -> None:
    rows = {row.item.id: row for row in filler.sheet._rows}
    assert rows["address"].isHidden()
    filler.type("2")
    assert not rows["address"].isHidden()
    assert filler.current == "address"
    filler.type("Main Street")
    filler.press(KEY.Key_Up)
    filler.type("3")
    assert rows["address"].isHidden()
    assert filler.current == "who"


def test_what_was_answered_to_an_item_that_went_is_kept_and_not_saved(filler: Filler) -> None:
    filler.type("2")
    filler.type("Main Street")
    filler.press(KEY.Key_Up)
    filler.type("1")
    assert filler.sheet.draft["address"] == "Main Street"
    assert "address" not in filler.sheet.given
    filler.press(KEY.Key_Up)
    filler.type("2")
    assert filler.sheet.given["address"] == "Main Street"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("3x", "“3x”不是数字。请填 40 到 230 的整数 cm。"),
        ("231", "请填 40 到 230 的整数 cm。"),
        ("150.5", "请填 40 到 230 的整数 cm。"),
        ("-5", "“-”不是数字"),
    ],
)
def test_a_number_that_cannot_be_is_refused_at_once(filler: Filler, typed: str, words: str) -> None:
    filler.sheet.go_to(5)
    filler.type(typed[0])
    first = filler.texts()
    filler.type(typed[1:])
    assert words in first + filler.texts()
    assert "height" not in filler.sheet.given


def test_a_number_that_may_still_become_right_is_told_only_when_it_is_left(filler: Filler) -> None:
    filler.sheet.go_to(5)
    filler.type("1")
    assert "请填 40 到 230" not in filler.texts()
    filler.press(KEY.Key_Return)
    assert "请填 40 到 230" in filler.texts()
    filler.press(KEY.Key_Up)
    filler.type("150")
    assert "请填 40 到 230" not in filler.texts()
    assert filler.sheet.given["height"] == 150


def test_full_width_digits_are_digits(filler: Filler) -> None:
    filler.sheet.go_to(6)
    field = filler.focus()
    assert isinstance(field, QLineEdit)
    field.insert("４５。５")
    field.textEdited.emit(field.text())
    assert filler.sheet.given["weight"] == 45.5


@pytest.mark.parametrize("typed", ["20260901", "2026-9-1", "2026.09.01", "2026/9/1"])
def test_a_day_can_be_written_in_several_ways(filler: Filler, typed: str) -> None:
    filler.sheet.go_to(4)
    filler.type(typed)
    filler.press(KEY.Key_Return)
    assert filler.sheet.given["day"] == "2026-09-01"
    filler.press(KEY.Key_Up)
    field = filler.focus()
    assert isinstance(field, QLineEdit)
    assert field.text() == "2026-09-01"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("20260230", "没有“20260230”这一天"),
        (f"{TODAY + dt.timedelta(days=1):%Y%m%d}", "这个日期在今天"),
        ("2026-9x", "“2026-9x”不是完整的日期"),
    ],
)
def test_a_day_that_cannot_be_is_refused_at_once(filler: Filler, typed: str, words: str) -> None:
    filler.sheet.go_to(4)
    filler.type(typed)
    assert words in filler.texts()
    assert "day" not in filler.sheet.given


def test_a_day_is_chosen_in_the_calendar_too(filler: Filler) -> None:
    filler.sheet.go_to(4)
    filler.press(KEY.Key_F4)
    calendar = filler.focus()
    filler.qtbot.keyClick(calendar, KEY.Key_Return)
    assert filler.sheet.given["day"] == TODAY.isoformat()


def test_a_text_of_several_lines_keeps_its_keys(filler: Filler) -> None:
    filler.sheet.go_to(8)
    filler.type("1 / 2")
    filler.press(KEY.Key_Return)
    filler.type("3-4")
    filler.press(KEY.Key_Up, KEY.Key_Home, KEY.Key_Delete)
    assert filler.current == "notes"
    assert filler.sheet.given == {"notes": "/ 2\n3-4"}


def test_a_text_that_is_too_long_is_kept_and_told_and_not_saved(filler: Filler) -> None:
    filler.type("1")
    filler.sheet.go_to(8)
    field = filler.focus()
    assert isinstance(field, QPlainTextEdit)
    field.setPlainText("x" * 43)
    assert "最多 40 个字，现在多了 3 个" in filler.texts()
    filler.save()
    assert "第 8 题填的内容不能作为答案" in filler.texts()
    assert filler.saved("visit") == []
    assert field.toPlainText() == "x" * 43


def test_several_options_are_ticked_by_digits_and_by_the_arrows(filler: Filler) -> None:
    filler.sheet.go_to(3)
    filler.type("13")
    assert filler.sheet.given["who"] == [1, 3]
    filler.press(KEY.Key_Right, KEY.Key_Space)
    assert filler.sheet.given["who"] == [3]
    filler.type("3")
    assert "who" not in filler.sheet.given
    filler.type("0")
    assert filler.sheet.given["who"] == []
    filler.type("2")
    assert filler.sheet.given["who"] == [2]


def test_what_does_not_apply_is_a_stroke_and_no_blank(filler: Filler) -> None:
    filler.sheet.go_to(6)
    filler.type("/")
    assert filler.sheet.given["weight"] is None
    filler.sheet.go_to(9)
    filler.type("/")
    assert filler.sheet.given["sleep"] is None
    assert filler.current == "food"
    filler.type("/")
    assert "food" not in filler.sheet.given


def test_a_computed_value_follows_its_answers_and_is_nobody_s_item(filler: Filler) -> None:
    filler.sheet.go_to(5)
    filler.type("200")
    filler.press(KEY.Key_Return)
    filler.type("80")
    row = filler.sheet._rows[6]
    assert "20" in filler.texts(row)
    filler.press(KEY.Key_Return)
    assert filler.current == "notes"
    filler.press(KEY.Key_Backtab)
    filler.type("100")
    assert "25" in filler.texts(row)


def test_rows_are_added_and_removed_and_brought_back(filler: Filler) -> None:
    filler.sheet.go_to(11)
    filler.type("A")
    filler.button("＋ 添加一项").click()
    filler.type("B")
    assert filler.sheet.given["drugs"] == [{"name": "A"}, {"name": "B"}]
    first = next(one for one in filler.form.findChildren(QPushButton) if one.text() == "删除")
    first.click()
    assert filler.sheet.given["drugs"] == [{"name": "B"}]
    filler.button("恢复刚删除的一项").click()
    assert filler.sheet.given["drugs"] == [{"name": "B"}, {"name": "A"}]


def test_a_row_in_which_nothing_stands_does_not_count_and_none_can_be_said(filler: Filler) -> None:
    filler.sheet.go_to(11)
    filler.button("＋ 添加一项").click()
    assert "drugs" not in filler.sheet.given
    filler.button("没有").click()
    assert filler.sheet.given["drugs"] == []


def test_a_cell_that_cannot_be_holds_the_form_back(filler: Filler) -> None:
    filler.type("1")
    filler.sheet.go_to(11)
    filler.type("A")
    filler.press(KEY.Key_Tab)
    filler.type("9999")
    assert "请填 0 到 2000 的整数 mg。" in filler.texts()
    filler.save()
    assert filler.saved("visit") == []
    assert "第 11 题填的内容不能作为答案" in filler.texts()


def test_tab_goes_through_the_cells_of_a_row_and_back(filler: Filler) -> None:
    filler.sheet.go_to(11)
    row = filler.sheet._rows[10]
    assert isinstance(row, GroupRow)
    parts = row.parts()
    for part in parts[1:]:
        filler.press(KEY.Key_Tab)
        assert filler.focus() is part
    filler.press(KEY.Key_Tab)
    assert filler.focus() is filler.button("保存")
    filler.press(KEY.Key_Backspace)
    filler.press(KEY.Key_Backtab)
    assert filler.current == "food"


def test_before_the_first_item_tab_goes_back_to_the_day(filler: Filler) -> None:
    filler.press(KEY.Key_Backtab)
    assert filler.focus() is filler.form.pane._day


def test_blanks_are_asked_about_once_and_may_then_stay(filler: Filler) -> None:
    filler.type("1")
    filler.save()
    assert "还有 6 题没有填（第 3、4、5、6、9、10 题）" in filler.texts()
    assert filler.current == "who"
    assert filler.saved("visit") == []
    filler.save()
    (saved,) = filler.saved("visit")
    assert (saved.status, saved.answers) == ("unfinished", {"way": 1})


def test_an_empty_form_is_not_saved(filler: Filler) -> None:
    filler.save()
    assert "还没有填写任何内容" in filler.texts()


def test_closing_what_is_not_saved_takes_a_second_time(filler: Filler) -> None:
    filler.type("1")
    filler.press(KEY.Key_Escape)
    assert filler.is_open
    assert "内容还没有保存" in filler.texts()
    filler.press(KEY.Key_Escape)
    assert not filler.is_open


def test_locking_keeps_every_kind_of_answer_and_what_is_none_yet(
    filler: Filler, archive_path: Path, qtbot: QtBot
) -> None:
    filler.type("2")
    filler.type("Main Street")
    filler.sheet.go_to(5)
    filler.type("3x")
    filler.sheet.go_to(11)
    filler.type("A")
    filler.press(KEY.Key_Tab)
    filler.type("9999")
    draft = filler.sheet.draft
    window = filler.window
    window.lock()
    filler.wait()
    window.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=20_000)
    # A definition from elsewhere comes with the archive; this one was never saved in it.
    assert window.work is not None
    kept = msgspec.json.decode(window.tasks.ask_archive(lambda desk: desk.archive.draft()))["people"]
    assert (kept["instrument"], kept["answers"]) == ("visit", draft)
    again = Filler(window, qtbot)
    again.know(VISIT)
    again.page.take_back(kept)
    assert again.sheet.draft == draft
    assert "“3x”不是数字" in again.texts()
    assert "请填 0 到 2000 的整数 mg。" in again.texts()


def test_how_long_it_took_is_saved_where_it_was_filled_in_on_the_screen(filler: Filler) -> None:
    filler.type("1")
    filler.type("1")
    filler.save()
    filler.save()
    (saved,) = filler.saved("visit")
    assert saved.seconds is not None
    assert 0 <= saved.seconds < 60


def test_how_long_typing_from_paper_took_says_nothing_about_the_person(filler: Filler) -> None:
    filler.form._mode.setCurrentIndex(1)
    filler.type("1")
    filler.save()
    filler.save()
    (saved,) = filler.saved("visit")
    assert (saved.mode, saved.seconds) == ("typed", None)


def test_somebody_can_be_visited_twice_on_a_day(filler: Filler) -> None:
    for time in range(2):
        if time:
            filler.open(VISIT)
        filler.type("1")
        filler.save()
        filler.save()
    assert len(filler.saved("visit")) == 2


def test_a_record_form_is_listed_without_a_word_about_points(filler: Filler) -> None:
    filler.type("1")
    filler.save()
    filler.save()
    listed = [line for line in filler.texts(filler.window).splitlines() if "走访记录" in line]
    assert listed
    assert "分" not in "".join(listed)


def test_only_one_section_is_shown_where_that_was_chosen(filler: Filler) -> None:
    filler.form.pane.steps.switch.click()
    assert "第 1 / 3 部分　走访" in filler.texts()
    shown = [row.item.id for row in filler.sheet._rows if not row.isHidden()]
    assert shown == ["way", "who", "day", "height", "weight", "bmi", "notes"]
    filler.button("下一部分").click()
    assert [row.item.id for row in filler.sheet._rows if not row.isHidden()] == ["sleep", "food"]
    assert filler.current == "sleep"
    filler.type("12")
    assert "第 3 / 3 部分　用药" in filler.texts()


def test_the_choice_between_steps_and_a_page_is_remembered(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot
) -> None:
    window = make_window(archive_path)
    remembered: list[Preferences] = []
    window._remember = remembered.append
    window.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=20_000)
    filler = Filler(window, qtbot)
    filler.open(VISIT)
    filler.form.pane.steps.switch.click()
    assert remembered[-1].form_layout == "steps"


def test_a_grid_says_its_options_once_above_their_columns(filler: Filler) -> None:
    rows = {row.item.id: row for row in filler.sheet._rows}
    cells = [one.text() for one in rows["food"].findChildren(QPushButton)]
    assert cells == ["1", "2", "3"]
    assert filler.texts(filler.sheet).count("经常") == 2  # one heading for rows with "does not apply", one without
    assert "由检查者填写" in filler.texts(rows["food"])


def test_a_screen_reader_is_told_what_is_wanted_and_what_is_wrong(filler: Filler) -> None:
    filler.sheet.go_to(5)
    field = filler.focus()
    assert field.accessibleName() == "身高"
    assert field.accessibleDescription() == "请填 40 到 230 的整数 cm。"
    filler.type("x")
    assert "“x”不是数字" in field.accessibleDescription()


def test_a_value_of_two_digits_waits_for_the_second_one(opened: Window, qtbot: QtBot) -> None:
    months = [{"value": value, "text": {"zh-CN": f"{value} 个月", "en": str(value)}} for value in (3, 12, 18, 36)]
    two = [item("choice", name, "月龄", options="months", scored=False) for name in ("a", "b")]
    filler = Filler(opened, qtbot)
    filler.open(definition(option_sets={"months": months}, items=two))
    filler.type("1")
    assert filler.current == "a"
    assert "接着按后面的数字，可选 12、18" in filler.texts()
    filler.type("8")
    assert (filler.sheet.answers, filler.current) == ({"a": 18}, "b")
    filler.type("3")
    assert (filler.sheet.answers, filler.current) == ({"a": 18, "b": 3}, "b")
    filler.type("6")
    assert filler.sheet.answers == {"a": 18, "b": 36}


def test_ticks_of_two_digits_and_of_one_are_both_typed(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    twelve = options(*"甲乙丙丁戊己庚辛壬癸子丑")
    filler.open(definition(option_sets={"signs": twelve}, items=[item("multiple", "signs", "表现", options="signs")]))
    filler.type("12")
    assert filler.sheet.answers == {"signs": [12]}
    filler.type("13")
    assert filler.sheet.answers == {"signs": [1, 3, 12]}
    filler.type("1")
    filler.press(KEY.Key_Return)
    assert filler.sheet.answers == {"signs": [3, 12]}


def test_of_an_instrument_whose_words_may_not_be_here_numbers_are_shown(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.page.fill(filler.person, "epds")
    assert "题目文字受版权保护" in filler.texts()
    assert "第 1 题" in filler.texts()
    assert filler.form._mode.currentData() == "typed"


def test_a_long_form_is_ready_for_typing_before_all_of_it_is_made(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.page.fill(filler.person, "mht")
    form = filler.form
    library = filler.work.context.library
    form.pane.sheet.show_instrument(library.get("scl-90"))
    assert len(form.pane.sheet._rows) < 20
    form.pane.sheet.setFocus()
    filler.press(KEY.Key_End)
    filler.type("5")
    assert form.pane.sheet.answers == {"90": 5}
    filler.qtbot.waitUntil(lambda: len(form.pane.sheet._rows) == 90, timeout=20_000)


def test_what_there_is_to_fill_in_is_found_while_one_types(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.button("填写表单", filler.page).click()
    choice = filler.dialog(FormChoice)
    qtbot.waitUntil(lambda: choice._list.count() > 20, timeout=20_000)
    assert "家访" in {choice._list.item(at).text()[:2] for at in range(8)}
    filler.type("phq-9")
    shown = [choice._list.item(at).text() for at in range(choice._list.count()) if not choice._list.item(at).isHidden()]
    assert shown == ["PHQ-9　9项患者健康问卷"]
    filler.press(KEY.Key_Return)
    assert filler.form.pane.sheet.definition is filler.work.context.library.get("phq-9")


def test_an_alert_is_told_where_it_was_typed_from_paper(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.page.fill(filler.person, "phq-9")
    form = filler.form
    filler.type("0000000020")
    filler.save()
    assert filler.is_open
    assert "单雄信 的答卷发出了预警" in filler.texts()
    assert not form.pane.sheet.editable
    filler.button("查看预警").click()
    filler.wait()
    assert not filler.is_open


def test_no_alert_is_shown_to_whoever_filled_it_in_on_the_screen(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.page.fill(filler.person, "phq-9")
    form = filler.form
    form._mode.setCurrentIndex(0)
    form.pane.sheet.setFocus()
    filler.type("0000000020")
    filler.save()
    assert not filler.is_open
    assert "需要处理的预警" in filler.texts(filler.window)


def test_what_is_known_of_the_day_follows_the_day_of_the_form(filler: Filler) -> None:
    filler.sheet.go_to(4)
    filler.type(f"{TODAY:%Y%m%d}")
    assert filler.sheet.given["day"] == TODAY.isoformat()
    filler.form.pane._day.setDate(filler.form.pane._day.date().addDays(-3))
    filler.sheet.setFocus()
    filler.sheet.go_to(4)
    filler.press(KEY.Key_End, KEY.Key_Backspace)
    filler.type(str(TODAY.day % 10))
    assert "这个日期在今天" in filler.texts()


def test_control_and_enter_do_not_save_twice(filler: Filler) -> None:
    filler.type("1")
    filler.save()
    filler.press(KEY.Key_Return, KEY.Key_Return, held=Qt.KeyboardModifier.ControlModifier)
    filler.wait()
    assert len(filler.saved("visit")) == 1
