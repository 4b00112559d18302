"""人员: the list, the person, the form."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app.people.fields import PersonFields
from app.people.identity import resident_id_checksum
from app.people.service import People
from app.records import CATALOGUE, Person, plain
from app.screening.service import Sheet
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Catalogue, Draft, RecordType
from ui.desktop.desk import Desk
from ui.desktop.screens.answered import AnsweredSheet
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.person_form import PersonForm
from ui.desktop.widgets.curve import CurveChart
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
FIRST17 = "99000020130506022"
NUMBER = FIRST17 + resident_id_checksum(FIRST17)

T = TypeVar("T")
D = TypeVar("D", bound=QDialog)


class Visitor:
    """Somebody in front of the page."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        assert window.work is not None
        self.window, self.qtbot, self.work = window, qtbot, window.work
        self.work.show_page("people")
        self.wait()
        page = self.work.page()
        assert isinstance(page, PeoplePage)
        self.page = page
        self.signals = page.context.signals

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()  # what was put on the page is shown with the next events

    def ask(self, question: Callable[[Desk], T]) -> T:
        answers: list[T] = []
        self.window.tasks.on_archive(self.window, question, answers.append)
        self.wait()
        return answers[0]

    def table(self) -> QTableView:
        (table,) = (one for one in self.page.findChildren(QTableView) if not isinstance(one.parent(), QComboBox))
        return table

    def lines(self) -> list[list[str]]:
        model = self.table().model()
        rows, columns = range(model.rowCount()), range(model.columnCount())
        return [[model.index(row, column).data() for column in columns] for row in rows]

    def names(self) -> list[str]:
        return [line[0] for line in self.lines()]

    def field(self) -> QLineEdit:
        return self.page._filter

    def find(self, text: str) -> None:
        """Type into the field and wait for the list that answers it."""
        before = self.page._task
        self.field().setText(text)
        self.qtbot.waitUntil(lambda: self.page._task is not before and not self.page._pause.isActive())
        self.wait()

    def choose(self, name: str) -> None:
        self.table().selectRow(self.names().index(name))
        self.wait()

    def texts(self, widget: QWidget | None = None) -> str:
        QApplication.processEvents()
        within = widget or self.page
        return "\n".join(label.text() for label in within.findChildren(QLabel) if label.isVisible())

    def press(self, text: str, within: QWidget | None = None) -> None:
        (found, *_) = (
            one for one in (within or self.page).findChildren(QPushButton) if one.isVisible() and one.text() == text
        )
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.wait()

    def dialog(self, kind: type[D]) -> D:
        (found,) = (one for one in self.window.findChildren(kind) if one.isVisible())
        return found

    def is_open(self, kind: type[QDialog]) -> bool:
        return any(one.isVisible() for one in self.window.findChildren(kind))

    def id_of(self, name: str) -> bytes:
        return self.ask(lambda desk: desk.people.namesakes(name)[0].id)

    def form(self) -> PersonForm:
        self.wait()
        return self.dialog(PersonForm)


def fill(form: PersonForm, **texts: str) -> None:
    """Type into the form, as the keyboard does: what is said about a field is said when it is left."""
    for name, text in texts.items():
        editor = form._fields[name].editor
        if isinstance(editor, QComboBox):
            editor.setEditText(text)
            continue
        assert isinstance(editor, QLineEdit)
        editor.setText(text)
        editor.textEdited.emit(text)
        editor.editingFinished.emit()


def said(form: PersonForm, field: str) -> str:
    return form._fields[field]._said.text()


@pytest.fixture
def visitor(opened: Window, qtbot: QtBot) -> Visitor:
    return Visitor(opened, qtbot)


# ---- the list ----


def test_everybody_is_listed_with_class_age_and_number(visitor: Visitor) -> None:
    today = dt.datetime.now().astimezone().date()
    age = today.year - 2013 - ((today.month, today.day) < (2, 12))
    assert visitor.lines()[1] == ["李芳", "橙", "女", f"{age} 岁", "七年级1班", "G9900000001"]
    assert "共 8 人" in visitor.texts()


def test_the_list_marks_who_has_a_standing_alert(visitor: Visitor) -> None:
    marks = {line[0]: line[1] for line in visitor.lines()}
    assert (marks["张三丰"], marks["李芳"], marks["曾静"], marks["王𬱖"]) == ("红", "橙", "", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [("zsf", ["张三丰"]), ("𬱖", ["王𬱖"]), ("买提", ["阿依古丽·买买提"]), ("0003", ["曾静"]), ("qiu", ["仇英"])],
)
def test_the_list_answers_while_one_types(visitor: Visitor, text: str, found: list[str]) -> None:
    visitor.find(text)
    assert visitor.names() == found
    assert "找到 1 人" in visitor.texts()


def test_nobody_found_says_what_to_try(visitor: Visitor) -> None:
    visitor.find("欧阳")
    assert visitor.names() == []
    assert "没有找到" in visitor.texts()


def test_a_class_can_be_chosen_and_searched(visitor: Visitor) -> None:
    combo = visitor.page._groups
    assert [combo.itemText(place) for place in range(combo.count())] == [
        "全部（8 人）",
        "七年级1班（5 人）",
        "七年级2班（3 人）",
    ]
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    visitor.wait()
    assert visitor.names() == ["王𬱖", "仇英", "解珍"]
    visitor.find("zhang")
    assert visitor.names() == []


def test_escape_empties_the_field_and_enter_leads_to_the_first_found(visitor: Visitor, qtbot: QtBot) -> None:
    visitor.find("zs")
    qtbot.keyClick(visitor.field(), Qt.Key.Key_Return)
    visitor.wait()
    assert visitor.page._person.person == visitor.id_of("张三丰")
    qtbot.keyClick(visitor.field(), Qt.Key.Key_Escape)
    assert visitor.field().text() == ""


def test_a_long_list_is_cut_and_says_so(visitor: Visitor) -> None:
    def add(desk: Desk) -> None:
        drafts = []
        for number in range(600):
            record = desk.archive.new_id()
            fields = Person("新生甲", student_number=f"G880000{number:05}")
            drafts.append(Draft.new("person", record, plain(fields), person=record))
        desk.archive.save(drafts)

    visitor.ask(add)
    visitor.signals.changed.emit()
    visitor.wait()
    assert len(visitor.names()) == 500
    assert "共 608 人，显示前 500 人" in visitor.texts()
    visitor.find("新生")
    assert len(visitor.names()) == 500
    assert "只显示最近登记的 500 人" in visitor.texts()


def test_a_change_elsewhere_keeps_what_is_typed_and_who_is_shown(visitor: Visitor) -> None:
    visitor.find("李")
    visitor.choose("李芳")
    visitor.ask(lambda desk: desk.people.add(PersonFields("李新")))
    visitor.signals.changed.emit()
    visitor.wait()
    assert visitor.field().text() == "李"
    assert visitor.names() == ["李新", "李芳"]
    assert visitor.table().currentIndex().row() == 1
    assert visitor.page._person.person == visitor.id_of("李芳")


def test_an_empty_archive_says_where_to_begin(make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "empty.xinyi"
    with Archive.create(path, Owner(USER, PASSWORD, Names("x", "新站")), CATALOGUE) as archive:
        register_user(archive, USER)
    window = make_window(path)
    window.unlock(path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    visitor = Visitor(window, qtbot)
    assert "还没有人员" in visitor.texts()
    visitor.press("逐个添加")
    fill(visitor.form(), name="张三")
    visitor.press("保存", visitor.form())
    assert "还没有人员" not in visitor.texts()
    assert visitor.names() == ["张三"]


# ---- the person ----


def test_somebody_wanted_elsewhere_is_shown_even_if_the_list_is_narrowed(visitor: Visitor) -> None:
    visitor.find("zs")
    visitor.signals.person_wanted.emit(visitor.id_of("阿依古丽·买买提"))
    visitor.wait()
    assert "阿依古丽·买买提" in visitor.texts()
    assert visitor.names() == ["张三丰"]
    assert not visitor.table().selectionModel().hasSelection()


def test_the_number_of_the_card_is_masked_and_shown_for_a_moment(visitor: Visitor, qtbot: QtBot) -> None:
    person = visitor.ask(lambda desk: desk.people.add(PersonFields("钱一", id_type="resident_id", id_number=NUMBER)))
    visitor.signals.person_wanted.emit(person)
    visitor.wait()
    hidden = "*" * 14 + NUMBER[-4:]
    assert hidden in visitor.texts()
    assert NUMBER not in visitor.texts()
    visitor.press("显示")
    assert NUMBER in visitor.texts()
    visitor.press("隐藏")
    assert NUMBER not in visitor.texts()
    visitor.press("显示")
    visitor.work.show_page("today")
    visitor.work.show_page("people")
    visitor.wait()
    assert hidden in visitor.texts()


def test_a_standing_alert_leads_to_itself(visitor: Visitor, qtbot: QtBot) -> None:
    visitor.choose("张三丰")
    alert = visitor.ask(lambda desk: desk.alerts.of_person(desk.people.namesakes("张三丰")[0].id)[0].id)
    with qtbot.waitSignal(visitor.signals.alert_wanted) as wanted:
        visitor.press("红色预警 · 待查看")
    assert wanted.args == [alert]


def test_what_was_done_stands_in_the_timeline_with_who_did_it(visitor: Visitor) -> None:
    person = visitor.id_of("张三丰")

    def note(desk: Desk) -> None:
        alert = desk.alerts.of_person(person)[0].id
        desk.alerts.note(alert, "已联系家长")
        desk.alerts.close(alert, "已面谈")

    visitor.ask(note)
    visitor.choose("张三丰")
    texts = visitor.texts()
    assert texts.index("结束：已面谈") < texts.index("记录：已联系家长") < texts.index("PHQ-9  1 分（很少）")
    assert USER in texts
    assert "红色预警 · 已结束" in texts
    assert "需要处理的预警" not in texts


def test_answers_are_not_in_the_timeline_and_a_click_shows_them(visitor: Visitor) -> None:
    visitor.choose("张三丰")
    assert "不如死掉或用某种方式伤害自己" not in visitor.texts()
    visitor.press("看答卷")
    sheet = visitor.dialog(AnsweredSheet)
    texts = visitor.texts(sheet)
    assert "张三丰" in texts
    assert "有不如死掉或用某种方式伤害自己的念头\n需要当面了解" in texts
    assert texts.count("0　完全不会") == 8
    assert texts.count("1　好几天") == 1
    assert "情绪低落相关困扰：1 分（很少）" in texts
    assert "不论总分高低，都要有人当面了解这个回答。" in texts
    assert "这方面的困扰很少" not in texts, "what a low band advises must not be read beside such an answer"
    assert sheet.windowTitle() == "答卷"


def test_an_unfinished_form_has_no_band_on_its_sheet(visitor: Visitor) -> None:
    visitor.choose("曾静")
    assert "未完成（已答部分 1 分）" in visitor.texts()
    visitor.press("看答卷")
    texts = visitor.texts(visitor.dialog(AnsweredSheet))
    assert texts.count("没有答") == 8 + 1  # eight items, and the sentence that says why there is no band
    assert "这方面的困扰很少" not in texts


def test_there_is_a_curve_for_each_score(visitor: Visitor) -> None:
    person = visitor.id_of("李芳")
    day = dt.date(2025, 3, 1)

    def answer(desk: Desk) -> None:
        found = desk.people.get(person)
        desk.screenings.record(Sheet(found, "phq-9", day, {str(item): 0 for item in range(1, 10)}, "typed"))
        desk.screenings.record(Sheet(found, "gad-7", day, {"1": 3}, "typed"))

    visitor.ask(answer)
    visitor.choose("李芳")
    described = {one.accessibleName(): one.accessibleDescription() for one in visitor.page.findChildren(CurveChart)}
    assert list(described) == ["GAD-7  紧张担忧相关困扰", "PHQ-9  情绪低落相关困扰"]
    assert described["GAD-7  紧张担忧相关困扰"] == "2025-03-01：未完成（已答部分 3 分）"
    assert described["PHQ-9  情绪低落相关困扰"].startswith("2025-03-01：0 分（很少）；")


def test_a_conflict_is_told_in_words_and_saving_the_form_settles_it(visitor: Visitor) -> None:
    person = visitor.id_of("李芳")

    def disagree(desk: Desk) -> None:
        seen = desk.people.get(person).record
        for phone in ("13900000001", "13900000002"):
            desk.archive.save([Draft.edit(seen, {"guardian_phone": phone})])

    visitor.ask(disagree)
    visitor.choose("李芳")
    sentence = "两处同时修改：监护人电话。现在显示“13900000002”，另一个值：13900000001。"
    assert sentence in visitor.texts()
    visitor.press("修改")
    assert "另一处写的是：13900000001" in said(visitor.form(), "guardian_phone")
    visitor.press("保存", visitor.form())
    assert sentence not in visitor.texts()


def test_what_a_newer_version_wrote_is_told_and_hides_nothing_else(
    make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "newer.xinyi"
    newer = Catalogue(
        [
            *(one for one in CATALOGUE if one.name != "person"),
            RecordType(name="person", schema=2, index=CATALOGUE["person"].index, person=True),
            RecordType(name="lesson"),
        ]
    )
    with Archive.create(path, Owner(USER, PASSWORD, Names("x", "站")), newer) as archive:
        register_user(archive, USER)
        person = People(archive).add(PersonFields("张三"))
        archive.save([Draft.new("lesson", archive.new_id(), {"text": "…"}, person=person)])
        archive.save([Draft.new("session", archive.new_id(), {"text": "…", "date": ["2027"]}, person=person)])
        archive.save([Draft.new("alert", archive.new_id(), {"raised": 1_790_000_000_000}, person=person)])
    window = make_window(path)
    window.unlock(path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    visitor = Visitor(window, qtbot)
    visitor.signals.person_wanted.emit(person)
    visitor.wait()
    texts = visitor.texts()
    assert "张三" in texts
    assert "更新版本的程序改过这个人的信息" in texts
    assert "2026-09-21" in texts
    assert "这条记录由更新版本的程序写成，这里看不了" in texts
    assert "另有 1 条记录由更新版本的程序写成" in texts


def test_names_are_shown_as_they_are_and_never_as_markup(visitor: Visitor) -> None:
    def add(desk: Desk) -> bytes:
        record = desk.archive.new_id()
        fields = Person("<b>张三</b>", guardian_name="<img src=x>")
        desk.archive.save([Draft.new("person", record, plain(fields), person=record)])
        return record

    visitor.signals.person_wanted.emit(visitor.ask(add))
    visitor.wait()
    assert "<b>张三</b>" in visitor.texts()
    formats = {label.textFormat() for label in visitor.page.findChildren(QLabel)}
    assert formats == {Qt.TextFormat.PlainText}


def test_a_person_who_is_gone_leaves_nothing_of_the_one_before(visitor: Visitor) -> None:
    visitor.choose("李芳")
    visitor.signals.person_wanted.emit(b"\0" * 16)
    visitor.wait()
    assert "李芳" not in visitor.texts()
    assert "档案里已经没有这个人" in visitor.texts()


# ---- the form ----


def test_a_valid_number_fills_in_birth_and_sex(visitor: Visitor) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    fill(form, name="孙 二", id_number=NUMBER, group_name="七年级（2）班")
    assert said(form, "id_number").startswith("✓")
    assert not form._sex.isEnabled()
    visitor.press("保存", form)
    added = visitor.ask(lambda desk: desk.people.namesakes("孙二")[0].fields)
    assert (added.sex, added.birth_date, added.id_number) == ("female", "2013-05-06", NUMBER)
    assert added.group == visitor.ask(lambda desk: desk.people.group_named("七年级2班").id)
    assert "孙二" in visitor.texts()


def test_the_number_is_checked_while_one_types(visitor: Visitor) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    form._id_number.setText(NUMBER[:10])
    form._id_number.textEdited.emit(NUMBER[:10])
    assert said(form, "id_number") == "已输入 10 位，共 18 位"
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    form._id_number.setText(wrong)
    form._id_number.textEdited.emit(wrong)
    assert "最后一位校验不符" in said(form, "id_number")
    assert form._sex.isEnabled()


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(visitor: Visitor) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    fill(form, birth_date="昨天")
    visitor.press("保存", form)
    assert "没有填写姓名" in said(form, "name")
    assert "看不懂这个日期" in said(form, "birth_date")
    assert form._name.hasFocus()
    assert visitor.ask(lambda desk: desk.people.count()) == 8


def test_namesakes_are_told_and_do_not_stand_in_the_way(visitor: Visitor) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    fill(form, name="李芳")
    visitor.wait()
    assert "档案里已有 1 位同名的人：七年级1班　G9900000001" in said(form, "name")
    visitor.press("保存", form)
    assert visitor.ask(lambda desk: len(desk.people.namesakes("李芳"))) == 2


def test_a_number_of_somebody_else_keeps_the_form_open_and_says_whose_it_is(visitor: Visitor) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    fill(form, name="孙二", student_number="G9900000001")
    visitor.press("保存", form)
    assert "这个学号在档案中属于“李芳”" in visitor.texts(form)
    fill(form, student_number="G9900000099")
    visitor.press("保存", form)
    assert "孙二" in visitor.names()


def test_changing_a_person_saves_only_what_was_changed(visitor: Visitor) -> None:
    visitor.choose("李芳")
    visitor.press("修改")
    form = visitor.form()
    fill(form, guardian_name="李大", guardian_phone="139 0000 0001")
    visitor.press("保存", form)
    assert "李大　13900000001" in visitor.texts()
    person = visitor.id_of("李芳")
    last = visitor.ask(lambda desk: desk.archive.history(person))[-1]
    assert last.fields == {"guardian_name": "李大", "guardian_phone": "13900000001"}


def test_escape_does_not_throw_away_what_was_typed(visitor: Visitor, qtbot: QtBot) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    fill(form, name="孙二")
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert form.isVisible()
    assert "还没有保存" in visitor.texts(form)
    fill(form, phone="139")
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert form.isVisible(), "what was typed since is asked about again"
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert not visitor.is_open(PersonForm)
    assert visitor.ask(lambda desk: desk.people.namesakes("孙二")) == []


def test_escape_closes_an_untouched_form_at_once(visitor: Visitor, qtbot: QtBot) -> None:
    visitor.choose("李芳")
    visitor.press("修改")
    form = visitor.form()
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert not visitor.is_open(PersonForm)


def test_enter_saves_the_form(visitor: Visitor, qtbot: QtBot, qapp: QApplication) -> None:
    visitor.press("添加人员")
    form = visitor.form()
    form._name.setText("孙二")
    qapp.sendEvent(form._name, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier))
    visitor.wait()
    assert "孙二" in visitor.names()


@pytest.mark.parametrize(("language", "look"), [("en", "light"), ("zh-CN", "dark"), ("en", "dark")])
def test_the_page_works_in_every_language_and_look(
    make_window: Callable[..., Window], archive_path: Path, qtbot: QtBot, language: str, look: str
) -> None:
    window = make_window(archive_path, language=language, look=look)
    window.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    visitor = Visitor(window, qtbot)
    visitor.choose("张三丰")
    visitor.press("See answers" if language == "en" else "看答卷")
    visitor.dialog(AnsweredSheet).accept()
    visitor.press("Edit" if language == "en" else "修改")
    visitor.form().reject()
    assert "张三丰" in visitor.texts()
