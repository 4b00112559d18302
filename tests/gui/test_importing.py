"""The dialog that takes lists of people and files of answers in."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
import xlsxwriter
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.people.identity import resident_id_checksum
from app.screening.service import Sheet
from app.spreadsheets import read_sheets
from ui.desktop.desk import Desk
from ui.desktop.screens.importing import CHOOSE, DONE, PLAN, ImportDialog, open_answers_import, open_roster_import
from ui.desktop.window import Window

TIMEOUT_MS = 20_000
FIRST17 = "99000020130506022"
NUMBER = FIRST17 + resident_id_checksum(FIRST17)
ROSTER_HEAD = ("序号", "姓名", "性别", "班级", "学号", "监护人电话", "住宿")
ANSWERS_HEAD = ("学号", "姓名", *(f"第{number}题" for number in range(1, 10)))

T = TypeVar("T")


def write(path: Path, *rows: Sequence[object], name: str = "七年级") -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


class Clerk:
    """Somebody in front of the dialog."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        assert window.work is not None
        self.window, self.qtbot = window, qtbot
        window.work.show_page("people")
        self.page = window.work.page()
        self.context = self.page.context
        self.wait()

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()  # what was put in the dialog is shown with the next events

    def ask(self, question: Callable[[Desk], T]) -> T:
        answers: list[T] = []
        self.window.tasks.on_archive(self.window, question, answers.append)
        self.wait()
        return answers[0]

    def dialog(self) -> ImportDialog:
        (found,) = (one for one in self.window.findChildren(ImportDialog) if one.isVisible())
        return found

    def is_open(self) -> bool:
        return any(one.isVisible() for one in self.window.findChildren(ImportDialog))

    def roster(self, file: Path) -> ImportDialog:
        open_roster_import(self.context, self.page)
        return self.read(file)

    def answers(self, file: Path) -> ImportDialog:
        open_answers_import(self.context, self.page)
        instruments = self.dialog()._kind.options()[0][1]
        instruments.setCurrentIndex(instruments.findData("phq-9"))  # type: ignore[attr-defined] # a combo box
        return self.read(file)

    def read(self, file: Path) -> ImportDialog:
        dialog = self.dialog()
        dialog.read(file)
        self.wait()
        return dialog

    def press(self, text: str) -> None:
        (found,) = (one for one in self.dialog().findChildren(QPushButton) if one.isVisible() and one.text() == text)
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.wait()

    def go(self) -> None:
        dialog = self.dialog()
        self.qtbot.mouseClick(dialog._go, Qt.MouseButton.LeftButton)
        self.wait()

    def texts(self) -> str:
        QApplication.processEvents()
        return "\n".join(label.text() for label in self.dialog().findChildren(QLabel) if label.isVisible())

    def tabs(self) -> list[str]:
        tabs = self.dialog()._plan._tabs
        return [tabs.tabText(place) for place in range(tabs.count())]

    def lines(self, fate: str) -> list[list[str]]:
        model = self.dialog()._plan._models[fate]  # type: ignore[index] # one of the fates
        return [[model.text(row, column) for column in range(model.columnCount())] for row in range(model.rowCount())]

    def people(self) -> int:
        return self.ask(lambda desk: desk.people.count())


@pytest.fixture
def clerk(opened: Window, qtbot: QtBot) -> Clerk:
    return Clerk(opened, qtbot)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """One new, one changed, one unchanged, one doubtful (no number, known name), one without a name."""
    return write(
        tmp_path / "名单.xlsx",
        ROSTER_HEAD,
        (1, "新来的", "男", "七年级3班", "G9900000101", "", "是"),
        (2, "李芳", "女", "七年级2班", "G9900000001", "13900000001", "否"),
        (3, "单雄信", "男", "七年级1班", "G9900000002", "", ""),
        (4, "仇英", "男", "七年级2班", "", "", ""),
        (5, "", "男", "七年级2班", "G9900000105", "", ""),
    )


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """One quiet, one critical, one answered already, one who is not in the archive and critical, one unfinished."""
    return write(
        tmp_path / "答卷.xlsx",
        ANSWERS_HEAD,
        ("G9900000002", "单雄信", *([0] * 9)),
        ("G9900000004", "阿依古丽·买买提", *([1] * 8), 2),
        ("G9900000000", "张三丰", *([0] * 9)),
        ("", "没有此人", *([0] * 8), 3),
        ("G9900000005", "", 1, "", "", "", "", "", "", "", ""),
        name="答卷",
    )


@pytest.fixture
def files(roster: Path, answers: Path) -> tuple[Path, Path]:
    return roster, answers


# ---- lists of people ----


def test_a_plan_is_shown_and_nothing_is_saved(clerk: Clerk, roster: Path) -> None:
    before = clerk.people()
    dialog = clerk.roster(roster)
    assert dialog._stack.currentIndex() == PLAN
    assert clerk.tabs() == ["可导入 3", "待确认 1", "不能导入 1"]
    assert "还没有保存任何内容" in clerk.texts()
    dialog.reject()
    assert not clerk.is_open()
    assert clerk.people() == before


def test_every_line_says_what_becomes_of_it_and_why(clerk: Clerk, roster: Path) -> None:
    clerk.roster(roster)
    assert clerk.lines("taken") == [
        ["2", "新来的", "七年级3班　G9900000101", "新增", ""],
        ["3", "李芳", "七年级2班　G9900000001", "更新", "班级：七年级1班 → 七年级2班；监护人电话：空 → 13900000001"],
        ["4", "单雄信", "七年级1班　G9900000002", "没有变化", ""],
    ]
    ((line, name, *_, reason),) = clerk.lines("doubtful")
    assert (line, name) == ("5", "仇英")
    assert "档案中有 1 位同名的人" in reason
    assert clerk.lines("refused") == [["6", "", "", "", "这一行没有姓名，没有导入"]]


def test_columns_that_were_recognised_and_columns_that_were_not_are_told(clerk: Clerk, roster: Path) -> None:
    clerk.roster(roster)
    texts = clerk.texts()
    assert "姓名（B 列）、性别（C 列）、班级（D 列）、学号（E 列）、监护人电话（F 列）" in texts
    assert "没有用到的列：A 列“序号”（不需要）、G 列“住宿”（不认识）" in texts


def test_the_button_takes_in_what_is_fine_and_leaves_out_what_is_doubtful(
    clerk: Clerk, roster: Path, qtbot: QtBot
) -> None:
    dialog = clerk.roster(roster)
    assert dialog._go.text() == "导入 2 人"
    with qtbot.waitSignal(clerk.context.signals.changed, timeout=TIMEOUT_MS):
        clerk.go()
    clerk.wait()
    assert dialog._stack.currentIndex() == DONE
    texts = clerk.texts()
    assert "新增 1 人，更新 1 人，没有变化 1 人。\n新建了班级：七年级3班" in texts
    assert "有 2 行没有导入" in texts
    assert clerk.people() == 9
    assert len(clerk.ask(lambda desk: desk.people.namesakes("仇英"))) == 1


def test_a_doubtful_line_is_taken_in_once_it_is_ticked(clerk: Clerk, roster: Path, qtbot: QtBot) -> None:
    dialog = clerk.roster(roster)
    table = dialog._plan._tables["doubtful"]
    model = table.model()
    table.selectRow(0)
    table.setFocus()
    assert model.index(0, 0).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert model.index(0, 0).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert dialog._plan.chosen == set()
    assert model.setData(model.index(0, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert dialog._plan.chosen == {3}
    clerk.go()
    assert "有 1 行没有导入" in clerk.texts()


def test_all_doubtful_lines_can_be_ticked_at_once(clerk: Clerk, tmp_path: Path) -> None:
    rows = [(number, f"新{sign}", "男", "", "", "", "") for number, sign in enumerate("甲乙丙")]
    dialog = clerk.roster(write(tmp_path / "没有班级.xlsx", ROSTER_HEAD, *rows, name="Sheet1"))
    assert clerk.tabs() == ["可导入 0", "待确认 3", "不能导入 0"]
    assert not dialog._go.isEnabled()
    clerk.press("全部勾选")
    assert dialog._go.text() == "导入 3 人"
    clerk.press("全部不选")
    assert not dialog._go.isEnabled()


def test_people_without_a_class_can_be_given_one(clerk: Clerk, tmp_path: Path) -> None:
    file = write(tmp_path / "没有班级.xlsx", ("姓名",), ("新甲",), ("新乙",), name="Sheet1")
    open_roster_import(clerk.context, clerk.page)
    clerk.dialog()._kind.options()[0][1].setText("七年级9班")  # type: ignore[attr-defined] # a line edit
    clerk.read(file)
    assert clerk.tabs()[0] == "可导入 2"
    clerk.go()
    group = clerk.ask(lambda desk: desk.people.group_named("七年级9班").id)
    assert clerk.ask(lambda desk: desk.people.group_sizes())[group] == 2


def test_numbers_of_documents_are_masked_in_the_table_and_full_for_the_line_one_looks_at(
    clerk: Clerk, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "号码.xlsx",
        ("姓名", "班级", "学号", "身份证号"),
        ("单雄信", "七年级1班", "G9900000002", NUMBER),
    )
    dialog = clerk.roster(file)
    fate = "doubtful" if clerk.lines("doubtful") else "taken"
    (line,) = clerk.lines(fate)
    assert NUMBER not in "".join(line)
    assert "*" * 14 + NUMBER[-4:] in line[-1]
    dialog._plan._tables[fate].selectRow(0)  # type: ignore[index] # one of the fates
    assert f"证件号码：空 → {NUMBER}" in clerk.texts()


def test_several_sheets_say_which_line_is_whose(clerk: Clerk, tmp_path: Path) -> None:
    path = tmp_path / "两张.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, person in (("七年级5班", "新甲"), ("七年级6班", "新乙")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ("姓名",))
            sheet.write_row(1, 0, (person,))
        book.add_worksheet("说明").write_row(0, 0, ("请如实填写",))
    clerk.roster(path)
    assert [line[0] for line in clerk.lines("taken")] == ["七年级5班 第 2 行", "七年级6班 第 2 行"]
    assert "没有读取的工作表：说明" in clerk.texts()


def test_a_file_that_is_no_list_is_refused_in_a_sentence_and_another_can_be_chosen(
    clerk: Clerk, tmp_path: Path, roster: Path
) -> None:
    wrong = tmp_path / "照片.xlsx"
    wrong.write_bytes(b"%PDF-1.7")
    dialog = clerk.roster(wrong)
    assert dialog._stack.currentIndex() == CHOOSE
    assert "这个文件不是电子表格" in clerk.texts()
    clerk.read(roster)
    assert dialog._stack.currentIndex() == PLAN
    assert "这个文件不是电子表格" not in clerk.texts()
    clerk.press("换一个文件")
    assert dialog._stack.currentIndex() == CHOOSE


def test_a_file_can_be_dropped(clerk: Clerk, roster: Path, qapp: QApplication) -> None:
    open_roster_import(clerk.context, clerk.page)
    dialog = clerk.dialog()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(roster))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(99, 99).toPoint(), copy, data, left, none)
    qapp.sendEvent(dialog, enter)
    assert enter.isAccepted()
    qapp.sendEvent(dialog, QDropEvent(QPointF(99, 99), copy, data, left, none))
    clerk.wait()
    assert clerk.tabs() == ["可导入 3", "待确认 1", "不能导入 1"]


def test_two_files_at_once_are_not_welcome(clerk: Clerk, roster: Path, qapp: QApplication) -> None:
    open_roster_import(clerk.context, clerk.page)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(roster))] * 2)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(99, 99).toPoint(), copy, data, left, none)
    qapp.sendEvent(clerk.dialog(), enter)
    assert not enter.isAccepted()


def test_escape_stops_reading_and_goes_back(clerk: Clerk, roster: Path, qtbot: QtBot) -> None:
    open_roster_import(clerk.context, clerk.page)
    dialog = clerk.dialog()
    goes_on = threading.Event()
    # The archive's thread is busy: reading waits for it to say who is known.
    clerk.window.tasks.on_archive(clerk.window, lambda _desk: goes_on.wait(TIMEOUT_MS / 1000), lambda _done: None)
    dialog.read(roster)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog._stack.currentIndex() == CHOOSE
    goes_on.set()
    clerk.wait()
    assert dialog._stack.currentIndex() == CHOOSE
    assert dialog._prepared is None


def test_what_is_being_saved_is_saved_to_the_end(clerk: Clerk, roster: Path, qtbot: QtBot) -> None:
    dialog = clerk.roster(roster)
    goes_on = threading.Event()
    clerk.window.tasks.on_archive(clerk.window, lambda _desk: goes_on.wait(TIMEOUT_MS / 1000), lambda _done: None)
    qtbot.mouseClick(dialog._go, Qt.MouseButton.LeftButton)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not dialog._cancel.isEnabled()
    assert "正在保存" in clerk.texts()
    goes_on.set()
    clerk.wait()
    assert dialog._stack.currentIndex() == DONE


def test_the_lines_left_out_become_a_spreadsheet(clerk: Clerk, roster: Path, tmp_path: Path) -> None:
    dialog = clerk.roster(roster)
    clerk.go()
    place = tmp_path / "没有导入的行.xlsx"
    dialog.save_left_out(place)
    clerk.wait()
    assert "没有加密，用完请删除" in clerk.texts()
    (sheet,) = read_sheets(place)
    assert sheet.rows[0] == ["工作表", "行号", "结果", "原因"]
    assert [row[:3] for row in sheet.rows[1:]] == [["七年级", 5, "待确认"], ["七年级", 6, "不能导入"]]
    assert sheet.rows[2][3] == "这一行没有姓名，没有导入"
    assert "仇英" not in str(sheet.rows), "the list says where to look, and names nobody"


def test_a_list_that_cannot_be_written_is_told_and_can_be_saved_elsewhere(
    clerk: Clerk, roster: Path, tmp_path: Path
) -> None:
    dialog = clerk.roster(roster)
    clerk.go()
    dialog.save_left_out(tmp_path / "没有这个文件夹" / "x.xlsx")
    clerk.wait()
    assert "写不了 x.xlsx" in clerk.texts()
    dialog.save_left_out(tmp_path / "y.xlsx")
    clerk.wait()
    assert (tmp_path / "y.xlsx").exists()


# ---- answers ----


def test_answers_are_taken_in_with_their_alerts(clerk: Clerk, answers: Path) -> None:
    clerk.answers(answers)
    assert clerk.tabs() == ["可导入 3", "待确认 0", "不能导入 2"]
    assert "按学号、姓名认人；找到 9 / 10 题；没有日期列" in clerk.texts()
    clerk.go()
    texts = clerk.texts()
    assert "已保存 3 份答卷。\n其中 1 份触发了预警，请尽快查看。" in texts
    levels = clerk.ask(
        lambda desk: {line.person.fields.name: line.alert.fields.level for line in desk.alerts.standing()}
    )
    assert levels == {"张三丰": "red", "阿依古丽·买买提": "red", "李芳": "orange"}


def test_a_person_known_by_a_number_alone_is_named(clerk: Clerk, answers: Path) -> None:
    clerk.answers(answers)
    assert [line[1] for line in clerk.lines("taken")] == ["单雄信", "阿依古丽·买买提", "王𬱖"]
    assert "还有 8 题没有答" in clerk.lines("taken")[2][-1]


def test_a_critical_answer_in_a_line_that_is_left_out_is_not_buried(clerk: Clerk, answers: Path) -> None:
    clerk.answers(answers)
    assert "有 1 行不会导入，但其中的回答需要当面了解，请不要漏掉：第 5 行。" in clerk.texts()
    clerk.go()
    assert "其中的回答需要当面了解，请今天就去看一看：第 5 行。" in clerk.texts()


def test_a_doubtful_line_with_a_critical_answer_is_warned_of_until_it_is_ticked(clerk: Clerk, tmp_path: Path) -> None:
    rows = [(f"G990000000{number}", "", *([1] * 9)) for number in (1, 2, 3, 4, 5, 6)]
    dialog = clerk.answers(write(tmp_path / "没有零.xlsx", ANSWERS_HEAD, *rows, name="答卷"))
    waiting = [line for line in clerk.lines("doubtful") if "没有一个 0" in line[-1]]
    assert waiting
    assert f"有 {len(waiting) + len(clerk.lines('refused'))} 行不会导入" in clerk.texts()
    clerk.press("全部勾选")
    assert f"有 {len(waiting)} 行不会导入" not in clerk.texts()
    assert dialog._go.text() == f"导入 {len(waiting)} 份"


def test_answers_that_arrived_while_the_plan_was_looked_at_are_not_doubled(clerk: Clerk, answers: Path) -> None:
    clerk.answers(answers)
    today = dt.datetime.now().astimezone().date()
    clerk.ask(
        lambda desk: desk.screenings.record(
            Sheet(desk.people.namesakes("单雄信")[0], "phq-9", today, {str(item): 0 for item in range(1, 10)}, "typed")
        )
    )
    clerk.go()
    assert "已保存 2 份答卷" in clerk.texts()
    assert "有 3 行没有导入" in clerk.texts()


def test_the_alerts_are_one_click_away(clerk: Clerk, answers: Path, qtbot: QtBot) -> None:
    clerk.answers(answers)
    clerk.go()
    with qtbot.waitSignal(clerk.context.signals.page_wanted) as wanted:
        clerk.press("查看预警")
    assert wanted.args == ["alerts"]
    assert not clerk.is_open()


def test_another_instrument_than_the_one_chosen_is_refused_in_a_sentence(clerk: Clerk, tmp_path: Path) -> None:
    file = write(tmp_path / "gad.xlsx", ANSWERS_HEAD[:9], ("G9900000002", "单雄信", *([0] * 7)), name="答卷")
    dialog = clerk.answers(file)
    assert dialog._stack.currentIndex() == CHOOSE
    assert "找不到 PHQ-9 的第 8、9 题" in clerk.texts()


@pytest.mark.parametrize("said", [("en", "light"), ("zh-CN", "dark")], ids="-".join)
def test_both_imports_work_in_every_language_and_look(
    make_window: Callable[..., Window],
    archive_path: Path,
    files: tuple[Path, Path],
    qtbot: QtBot,
    said: tuple[str, str],
) -> None:
    window = make_window(archive_path, language=said[0], look=said[1])
    window.unlock(archive_path, "王老师", "correct horse")
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    clerk = Clerk(window, qtbot)
    for take, file in zip((clerk.roster, clerk.answers), files, strict=True):
        dialog = take(file)
        clerk.go()
        assert dialog._stack.currentIndex() == DONE
        clerk.go()
        assert not clerk.is_open()
