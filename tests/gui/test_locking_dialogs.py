"""What the window shows beside itself when it locks: nothing of it stays, and what was being written comes back."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMenu, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from app.access import enter
from app.people.service import People
from app.records import CATALOGUE
from app.users import Users
from storage.archive import Archive
from ui.desktop.screens.account_forms import OwnPasswordForm
from ui.desktop.screens.accounts import AccountsPage
from ui.desktop.screens.alert_actions import AlertActions
from ui.desktop.screens.answered import AnsweredSheet
from ui.desktop.screens.entrance import Entrance
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.person_form import PersonForm
from ui.desktop.screens.recovering import RecoveringDialog, RecoveryCodeDialog
from ui.desktop.screens.round_form import RoundForm
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.window import Window, Work

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
# Qt's platform without a screen says so whenever a dialog or a menu opens.
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|grabbing the keyboard)")

D = TypeVar("D", bound=QDialog)


def beside(window: Window) -> list[QWidget]:
    """What can be seen in windows of their own."""
    QApplication.processEvents()
    return [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not window]


class Person:
    """Somebody in front of the window, who can lock it and come back."""

    def __init__(self, window: Window, archive: Path, qtbot: QtBot) -> None:
        self.window, self.archive, self.qtbot = window, archive, qtbot

    def settle(self) -> Work:
        self.qtbot.waitUntil(lambda: self.window.work is not None and self.window.tasks.idle(), timeout=TIMEOUT_MS)
        QApplication.processEvents()
        assert self.window.work is not None
        return self.window.work

    def lock(self) -> None:
        self.window.lock()
        assert beside(self.window) == []
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)

    def unlock(self, user: str = USER, password: str = PASSWORD) -> Work:
        self.window.unlock(self.archive, user, password)
        return self.settle()

    def page(self, name: str) -> QWidget:
        work = self.settle()
        work.show_page(name)
        self.settle()
        return work.page()

    def press(self, page: QWidget, text: str) -> None:
        (found,) = (one for one in page.findChildren(QPushButton) if one.text() == text and one.isVisible())
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.settle()

    def dialog(self, kind: type[D]) -> D:
        found: list[D] = []

        def look() -> bool:
            found[:] = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
            return len(found) == 1

        self.qtbot.waitUntil(look, timeout=TIMEOUT_MS)
        return found[0]

    def draft(self) -> bytes:
        data: bytes = self.window.tasks.ask_archive(lambda desk: desk.archive.draft())
        return data


@pytest.fixture
def person(opened: Window, archive_path: Path, qtbot: QtBot) -> Person:
    return Person(opened, archive_path, qtbot)


# ---- forms come back ----


def new_person(person: Person) -> PersonForm:
    person.press(person.page("people"), "添加人员")
    return person.dialog(PersonForm)


def test_half_a_new_person_comes_back_after_locking(person: Person) -> None:
    form = new_person(person)
    form._name.setText("阿依古丽·买买提")
    form._guardian_phone.setText("990-1234")
    form._group.setEditText("七年级2班")
    person.lock()
    person.unlock()
    again = person.dialog(PersonForm)
    typed = {"name": "阿依古丽·买买提", "guardian_phone": "990-1234", "group_name": "七年级2班"}
    assert again._written() == msgspec.structs.replace(again._at_first, **typed)
    assert isinstance(person.settle().page(), PeoplePage)


def give_phone(people: People, number: str) -> bytes:
    kept = people.find("李芳")[0]
    people.change(kept, msgspec.structs.replace(people.described(kept), phone=number))
    return kept.id


def test_of_a_person_who_is_corrected_only_what_was_typed_comes_back(person: Person) -> None:
    """Somebody else may have changed the rest meanwhile."""
    page = person.page("people")
    assert isinstance(page, PeoplePage)

    lifang: bytes = person.window.tasks.ask_archive(lambda desk: give_phone(desk.people, "1"))
    page._edit(lifang)
    form = person.dialog(PersonForm)
    assert form._phone.text() == "1"
    form._guardian.setText("李四")
    person.lock()
    with Archive.open(person.archive, USER, PASSWORD, CATALOGUE) as archive:
        give_phone(People(enter(archive)), "2")
    person.unlock()
    again = person.dialog(PersonForm)
    assert (again._guardian.text(), again._phone.text(), again._name.text()) == ("李四", "2", "李芳")
    person.press(again, "保存")
    described = person.window.tasks.ask_archive(lambda desk: desk.people.described(desk.people.get(lifang)))
    assert (described.guardian_name, described.phone) == ("李四", "2")
    person.settle().keep_unfinished()
    assert person.draft() == b""


def test_the_form_of_somebody_who_is_gone_stays_closed(person: Person) -> None:
    page = person.page("people")
    assert isinstance(page, PeoplePage)
    page.take_back({"person": "00" * 16, "typed": {"name": "无"}})
    person.settle()
    assert beside(person.window) == []


def test_a_form_in_which_nothing_was_typed_stays_closed(person: Person) -> None:
    new_person(person)
    person.lock()
    person.unlock()
    assert beside(person.window) == []


def test_a_form_that_was_left_does_not_come_back(person: Person) -> None:
    form = new_person(person)
    form._name.setText("某人")
    person.settle().keep_unfinished()
    form.reject()
    form.reject()
    person.lock()
    person.unlock()
    assert beside(person.window) == []


def test_a_saved_person_is_not_asked_for_again(person: Person) -> None:
    form = new_person(person)
    form._name.setText("某人")
    form._id_type.setCurrentIndex(form._id_type.findData("none"))
    form._save()
    # The window locks before word of the saving has come.
    person.lock()
    person.unlock()
    assert beside(person.window) == []
    assert person.window.tasks.ask_archive(lambda desk: len(desk.people.find("某人"))) == 1


def test_another_user_is_not_given_somebody_else_s_half_person(person: Person) -> None:
    person.window.tasks.ask_archive(lambda desk: Users(desk.archive).add("李老师", "another password", ["counsellor"]))
    new_person(person)._name.setText("某人")
    person.lock()
    person.unlock("李老师", "another password")
    assert beside(person.window) == []
    person.lock()
    person.unlock()
    assert person.dialog(PersonForm)._name.text() == "某人"


def new_round(person: Person) -> RoundForm:
    page = person.page("screening")
    assert isinstance(page, ScreeningPage)
    page._new_round()
    return person.dialog(RoundForm)


def test_half_a_round_comes_back_after_locking(person: Person) -> None:
    form = new_round(person)
    form._name.setText("补筛")
    form._instruments._boxes[0].setChecked(True)
    form._classes._boxes[1].setChecked(False)
    left = form.unfinished()
    person.lock()
    person.unlock()
    again = person.dialog(RoundForm)
    assert again.unfinished() == left
    assert (left["name"], len(left["instruments"]), len(left["groups"])) == ("补筛", 1, 1)


def test_a_class_that_is_new_since_is_not_ticked_in_a_round_that_comes_back(person: Person) -> None:
    form = new_round(person)
    form._name.setText("补筛")
    left = form.unfinished()
    form.reject()
    page = person.settle().page()
    assert isinstance(page, ScreeningPage)
    page.take_back({"sheets": [], "round": {**left, "groups": [*left["groups"][:1], "00" * 16]}})
    person.settle()
    assert person.dialog(RoundForm).unfinished()["groups"] == left["groups"][:1]


def test_a_reason_for_closing_an_alert_comes_back_too(person: Person) -> None:
    person.page("alerts")
    acting = person.settle().page().findChildren(AlertActions)[0]
    acting._begin_closing()
    acting._reason.setPlainText("家长已带去")
    person.lock()
    person.unlock()
    person.page("alerts")
    acting = person.settle().page().findChildren(AlertActions)[0]
    assert acting._reason.toPlainText() == "家长已带去"


# ---- nothing stays on the screen, no password is kept ----


def test_passwords_that_were_typed_go_with_their_dialog_and_are_kept_nowhere(person: Person) -> None:
    page = person.page("accounts")
    assert isinstance(page, AccountsPage)
    page._open_own()
    form = person.dialog(OwnPasswordForm)
    for field in form.findChildren(QLineEdit):
        field.setText("first password")
    person.settle().keep_unfinished()
    assert b"first password" not in person.settle()._kept
    person.lock()
    person.unlock()
    assert beside(person.window) == []
    assert person.draft() == b""


def test_a_recovery_code_goes_from_the_screen_without_asking_back(person: Person) -> None:
    page = person.page("accounts")
    assert isinstance(page, AccountsPage)
    page._make_code()
    person.dialog(RecoveryCodeDialog)
    person.lock()
    person.unlock()
    assert not person.window.tasks.ask_archive(lambda desk: desk.archive.accounts.has_recovery())


def test_an_answer_sheet_goes_from_the_screen(person: Person) -> None:
    work = person.settle()
    found = person.window.tasks.ask_archive(lambda desk: desk.people.find("李芳")[0].id)
    work.context.signals.person_wanted.emit(found)
    person.settle()
    look = work.context.texts("desktop_people.look_at_answers")
    button = next(one for one in work.page("people").findChildren(QPushButton) if one.text() == look)
    person.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    person.dialog(AnsweredSheet)
    person.lock()


def test_what_the_search_found_goes_from_the_screen(person: Person) -> None:
    search = person.settle().search
    search.setFocus()
    person.qtbot.keyClicks(search, "li")
    person.qtbot.waitUntil(search._found.isVisible, timeout=TIMEOUT_MS)
    person.lock()


def test_menus_go_from_the_screen(person: Person) -> None:
    menu = person.window.findChildren(QMenu)[0]
    menu.popup(person.window.mapToGlobal(person.window.rect().center()))
    person.qtbot.waitUntil(lambda: beside(person.window) == [menu], timeout=TIMEOUT_MS)
    person.lock()


def test_tips_go_from_the_screen(person: Person) -> None:
    QToolTip.showText(person.window.mapToGlobal(person.window.rect().center()), "张三丰", person.window)
    person.qtbot.waitUntil(QToolTip.isVisible, timeout=TIMEOUT_MS)
    person.window.lock()
    person.qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=TIMEOUT_MS)


@pytest.mark.parametrize("choose", [QFileDialog.getOpenFileName, QFileDialog.getExistingDirectory])
def test_choosing_a_file_ends_when_the_window_locks(
    person: Person, choose: Callable[[QWidget], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page goes with the lock, while the choice is still waited for below."""
    page = person.page("sync")
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    locked: list[bool] = []

    def lock() -> None:
        person.dialog(QFileDialog)
        person.window.lock()
        locked.append(beside(person.window) == [])

    QTimer.singleShot(0, lock)
    answer = choose(page)
    assert locked == [True]
    assert answer in {"", ("", "")}
    person.qtbot.waitUntil(person.window.tasks.idle, timeout=TIMEOUT_MS)
    person.unlock()


def test_at_the_entrance_a_typed_password_does_not_wait_for_the_next_one(person: Person) -> None:
    person.lock()
    entrance = person.window.findChildren(Entrance)[-1]
    fields = [one for one in entrance.findChildren(QLineEdit) if one.echoMode() == QLineEdit.EchoMode.Password]
    for field in fields:
        field.setText("secret")
    person.window.lock()
    assert {field.text() for field in fields} == {""}


def test_at_the_entrance_a_typed_recovery_code_does_not_stay_on_the_screen(person: Person) -> None:
    person.lock()
    person.window._recover(person.archive, USER)
    dialog = person.dialog(RecoveringDialog)
    dialog.code.line.setText("ABCDE")
    dialog.set_busy(busy=True)
    person.window.lock()
    assert dialog.isVisible()  # whoever waits for the new password is told how that went
    dialog.set_busy(busy=False)
    person.lock()
