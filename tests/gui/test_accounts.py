"""账号: users, one's own password, the recovery code; and the way in for who forgot a password."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.access import Roles, enter
from app.errors import Problem
from app.records import CATALOGUE
from app.texts import LANGUAGES, Texts
from app.users import Users
from storage import device_secret
from storage.accounts import recover
from storage.archive import Archive
from storage.recovery_code import GROUPS, new_code, read, written
from storage.waiting import FREE_TRIES
from tests.keyring.secret_service import SecretService
from ui.desktop.screens.account_forms import (
    AccountForm,
    AddForm,
    BindingForm,
    OwnPasswordForm,
    RemoveForm,
    ResetForm,
    RolesForm,
)
from ui.desktop.screens.accounts import AccountsPage
from ui.desktop.screens.entrance import Entrance
from ui.desktop.screens.recovering import RecoveringDialog, RecoveryCodeDialog, in_groups, mistyped
from ui.desktop.theme import Theme
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
OTHER, TEACHER, NEW = "阿依古丽·买买提", "李老师", "a new long password"
TIMEOUT_MS = 20_000
# Qt's platform without a screen says so whenever a dialog opens.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

F = TypeVar("F", bound=AccountForm)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keyring the system has, no test writes to it."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def service(no_keyring: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SecretService]:
    """A keyring of the system that lasts as long as the test."""
    made = SecretService(tmp_path / "keyring")
    made.enter(monkeypatch)
    yield made
    made.stop()


@pytest.fixture
def path(archive_path: Path) -> Path:
    """The archive, with two more users."""
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        users = Users(enter(archive))
        users.add(OTHER, PASSWORD, ["counsellor"])
        users.add(TEACHER, PASSWORD, ["class_teacher"], [archive.find("group")[0].id])
    return archive_path


class Visitor:
    """Somebody in front of the page."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        assert window.work is not None
        self.window, self.qtbot = window, qtbot
        context = window.work.context
        self.told: list[str] = []
        context.signals.told.connect(self.told.append)
        self.page = AccountsPage(context)
        context.signals.changed.connect(self.page.refresh)
        qtbot.addWidget(self.page)
        self.page.resize(1180, 640)
        self.page.show()
        self.page.refresh()
        self.wait()

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()

    def lines(self) -> dict[str, tuple[str, str]]:
        model = self.page._model
        rows = [[model.index(row, column).data() for column in range(3)] for row in range(model.rowCount())]
        return {name: (roles, opens) for name, roles, opens in rows}

    def choose(self, name: str) -> None:
        self.page._table.selectRow([*self.lines()].index(name))

    def buttons(self) -> dict[str, QPushButton]:
        QApplication.processEvents()
        return {one.text(): one for one in self.page.findChildren(QPushButton) if one.isVisible()}

    def press(self, text: str) -> None:
        self.qtbot.mouseClick(self.buttons()[text], Qt.MouseButton.LeftButton)
        self.wait()

    def form(self, kind: type[F]) -> F:
        (found,) = (one for one in self.page.findChildren(kind) if one.isVisible())
        return found

    def is_open(self, kind: type[AccountForm]) -> bool:
        return any(one.isVisible() for one in self.page.findChildren(kind))

    def submit(self, form: AccountForm) -> None:
        self.qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
        self.wait()

    def texts(self) -> str:
        QApplication.processEvents()
        return said(self.page)


def said(widget: AccountsPage | AccountForm | Entrance) -> str:
    QApplication.processEvents()
    return "\n".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


def fill(form: AccountForm, *texts: str) -> None:
    """Type into the fields, from the first on."""
    for field, text in zip(form.findChildren(QLineEdit), texts, strict=True):
        field.setText(text)
        field.textEdited.emit(text)


def tick(form: AccountForm, *titles: str) -> None:
    for box in form.findChildren(QCheckBox):
        box.setChecked(box.text() in titles)


def opens(path: Path, user: str, password: str) -> bool:
    try:
        Archive.open(path, user, password, CATALOGUE, device_secret=device_secret.read).close()
    except Problem as problem:
        if problem.key != "archive.wrong_password":
            raise
        return False
    return True


Entering = Callable[..., Visitor]


@pytest.fixture
def as_user(make_window: Callable[..., Window], path: Path, qtbot: QtBot) -> Entering:
    """Opens the archive in the window as one of its users."""

    def enter_as(name: str, password: str = PASSWORD) -> Visitor:
        window = make_window(path)
        window.unlock(path, name, password)
        qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
        return Visitor(window, qtbot)

    return enter_as


@pytest.fixture
def visitor(as_user: Entering) -> Visitor:
    return as_user(USER)


# ---- users ----


def test_users_are_listed_with_their_roles_in_words(visitor: Visitor) -> None:
    assert visitor.lines() == {
        "王老师（我）": ("站点管理员；心理教师", "可以打开"),
        TEACHER: ("班主任", "可以打开"),
        OTHER: ("心理教师", "可以打开"),
    }


def test_a_user_who_was_added_opens_the_archive(visitor: Visitor, path: Path) -> None:
    visitor.press("添加用户")
    form = visitor.form(AddForm)
    fill(form, " 赵医生 ", NEW, NEW)
    tick(form, "精防医生或公卫医生", "站点管理员")
    visitor.submit(form)
    assert not visitor.is_open(AddForm)
    assert visitor.told == ["已添加“赵医生”，现在可以打开这个档案。"]
    assert visitor.lines()["赵医生"] == ("站点管理员；精防医生或公卫医生", "可以打开")
    visitor.window.lock()
    visitor.wait()
    assert opens(path, "赵医生", NEW)


@pytest.mark.parametrize(
    ("name", "role", "passwords", "sentence"),
    [
        ("", "心理教师", (NEW, NEW), "没有填写用户名"),
        ("赵医生", "", (NEW, NEW), "没有选择角色"),
        ("赵医生", "心理教师", ("1234567", "1234567"), "密码太短"),
        ("赵医生", "心理教师", (NEW, NEW + "r"), "两次输入的密码不一样"),
        (OTHER, "心理教师", (NEW, NEW), "已经有叫"),
    ],
)
def test_what_is_wrong_with_a_new_user_is_said_in_the_form(
    visitor: Visitor, name: str, role: str, passwords: tuple[str, str], sentence: str
) -> None:
    before = visitor.lines()
    visitor.press("添加用户")
    form = visitor.form(AddForm)
    fill(form, name, *passwords)
    tick(form, role)
    visitor.submit(form)
    assert sentence in form.banner.text()
    assert [one.text() for one in form.findChildren(QLineEdit)] == [name, *passwords]
    assert form.go.isEnabled()
    assert visitor.lines() == before


def test_a_new_password_is_judged_by_its_length_and_its_repetition_alone(visitor: Visitor) -> None:
    visitor.press("添加用户")
    form = visitor.form(AddForm)
    for typed, sentence in (
        (("12345", ""), "还差 3 个字符"),
        (("11111111", ""), "✓ 长度够了"),
        (("11111111", "1111"), "和上面的一样"),
        (("11111111", "1112"), "和上面的不一样"),
        (("11111111", "11111111"), "✓ 两次一样"),
    ):
        fill(form, "赵医生", *typed)
        assert sentence in said(form).splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_every_role_it_is_said_what_it_sees(language: str) -> None:
    texts = Texts.load(language)
    assert all(f"desktop_accounts.sees_{role.id}" in texts for role in Roles.load().roles)


def test_changed_roles_are_shown(visitor: Visitor) -> None:
    visitor.choose(TEACHER)
    visitor.press("更改角色…")
    form = visitor.form(RolesForm)
    ticked = [box.text() for box in form.findChildren(QCheckBox) if box.checkState() == Qt.CheckState.Checked]
    assert ticked == ["班主任", "七年级1班"]
    tick(form, "心理教师")
    visitor.submit(form)
    assert visitor.lines()[TEACHER] == ("心理教师", "可以打开")


def test_who_was_chosen_stays_chosen_when_the_list_changes(visitor: Visitor) -> None:
    visitor.choose(OTHER)
    visitor.press("更改角色…")
    tick(visitor.form(RolesForm), "筛查员")
    visitor.submit(visitor.form(RolesForm))
    account = visitor.page._account()
    assert account is not None
    assert account.name == OTHER


def test_a_class_teacher_is_given_classes_and_sees_no_others(visitor: Visitor, path: Path) -> None:
    visitor.choose(OTHER)
    visitor.press("更改角色…")
    form = visitor.form(RolesForm)
    classes = [box for box in form.findChildren(QCheckBox) if box.text() == "七年级2班"]
    assert not classes[0].isVisible()
    tick(form, "班主任")
    assert classes[0].isVisible()
    visitor.submit(form)
    assert "要选择班级" in form.banner.text()
    tick(form, "班主任", "七年级2班")
    visitor.submit(form)
    assert not visitor.is_open(RolesForm)
    visitor.window.lock()
    visitor.wait()
    with Archive.open(path, OTHER, PASSWORD, CATALOGUE) as archive:
        seen = enter(archive)
        assert {record.fields["name"] for record in seen.find("person")} == {"王𬱖", "仇英", "解珍"}


def test_enter_in_the_table_changes_roles(visitor: Visitor) -> None:
    visitor.choose(OTHER)
    visitor.qtbot.keyClick(visitor.page._table, Qt.Key.Key_Return)
    assert OTHER in said(visitor.form(RolesForm))


def test_a_reset_says_what_it_costs_and_sets_the_password(visitor: Visitor, path: Path) -> None:
    visitor.choose(OTHER)
    visitor.press("重设密码…")
    form = visitor.form(ResetForm)
    assert "以前写的咨询记录，用新密码打不开" in said(form)
    fill(form, NEW, NEW)
    visitor.submit(form)
    visitor.window.lock()
    visitor.wait()
    assert opens(path, OTHER, NEW)
    assert not opens(path, OTHER, PASSWORD)


def test_ones_own_password_cannot_be_reset(visitor: Visitor) -> None:
    visitor.choose("王老师（我）")
    assert not visitor.buttons()["重设密码…"].isEnabled()
    visitor.choose(OTHER)
    assert visitor.buttons()["重设密码…"].isEnabled()


def test_a_removed_user_opens_the_archive_no_more_and_stays_in_the_list(visitor: Visitor, path: Path) -> None:
    visitor.choose(OTHER)
    visitor.press("移除…")
    visitor.submit(visitor.form(RemoveForm))
    assert visitor.lines()[OTHER] == ("心理教师", "不能打开")
    assert not any(visitor.buttons()[name].isEnabled() for name in ("更改角色…", "重设密码…", "移除…"))
    visitor.window.lock()
    visitor.wait()
    assert not opens(path, OTHER, PASSWORD)


def test_a_hasty_enter_removes_nobody(visitor: Visitor) -> None:
    visitor.choose(OTHER)
    visitor.press("移除…")
    form = visitor.form(RemoveForm)
    focus = form.focusWidget()
    assert focus is not None
    visitor.qtbot.keyClick(focus, Qt.Key.Key_Return)
    visitor.wait()
    assert not visitor.is_open(RemoveForm)
    assert visitor.lines()[OTHER] == ("心理教师", "可以打开")


def test_the_last_administrator_stays(visitor: Visitor) -> None:
    visitor.choose("王老师（我）")
    visitor.press("移除…")
    removing = visitor.form(RemoveForm)
    visitor.submit(removing)
    assert "最后一位管理员" in removing.banner.text()
    removing.reject()
    visitor.press("更改角色…")
    form = visitor.form(RolesForm)
    tick(form, "心理教师")
    visitor.submit(form)
    assert "最后一位管理员" in form.banner.text()
    form.reject()
    assert visitor.lines()["王老师（我）"] == ("站点管理员；心理教师", "可以打开")


@pytest.mark.parametrize("name", [OTHER, TEACHER])
def test_who_does_not_manage_accounts_sees_only_their_own(as_user: Entering, name: str) -> None:
    visitor = as_user(name)
    notes = {"谁能读我的记录…"} if name == OTHER else set()
    assert {*visitor.buttons()} == {"修改密码…", "绑定到这台电脑…"} | notes
    assert name in visitor.texts()
    assert USER not in visitor.texts()
    assert not visitor.page._table.isVisible()
    assert not visitor.page.banner.isVisible()


# ---- one's own password ----


def test_changing_ones_own_password_needs_the_one_before(as_user: Entering, path: Path) -> None:
    visitor = as_user(TEACHER)
    visitor.press("修改密码…")
    form = visitor.form(OwnPasswordForm)
    fill(form, "wrong password", NEW, NEW)
    visitor.submit(form)
    assert "现在的密码不对" in form.banner.text()
    fill(form, PASSWORD, NEW, NEW)
    visitor.submit(form)
    assert not visitor.is_open(OwnPasswordForm)
    visitor.window.lock()
    visitor.wait()
    assert opens(path, TEACHER, NEW)
    assert not opens(path, TEACHER, PASSWORD)


def test_guessing_at_a_screen_that_was_left_alone_has_to_wait(visitor: Visitor) -> None:
    visitor.press("修改密码…")
    form = visitor.form(OwnPasswordForm)
    for _ in range(FREE_TRIES):
        fill(form, "wrong password", NEW, NEW)
        visitor.submit(form)
    fill(form, PASSWORD, NEW, NEW)
    visitor.submit(form)
    assert "再试" in form.banner.text()
    assert visitor.is_open(OwnPasswordForm)


def test_binding_and_freeing_a_password(visitor: Visitor, path: Path, service: SecretService) -> None:
    visitor.press("绑定到这台电脑…")
    form = visitor.form(BindingForm)
    fill(form, PASSWORD)
    visitor.submit(form)
    assert "现在没有绑定" in said(form)
    visitor.submit(form)
    assert visitor.told == ["密码已绑定到这台电脑。"]
    service.log_out()
    with pytest.raises(Problem, match="keyring_none"):
        opens(path, USER, PASSWORD)
    service.log_in()
    visitor.press("绑定到这台电脑…")
    form = visitor.form(BindingForm)
    fill(form, PASSWORD)
    visitor.submit(form)
    assert "现在已绑定" in said(form)
    visitor.submit(form)
    visitor.window.lock()
    visitor.wait()
    service.forget()
    assert opens(path, USER, PASSWORD)


def test_a_bound_password_is_bound_after_it_was_changed(visitor: Visitor, path: Path, service: SecretService) -> None:
    visitor.press("绑定到这台电脑…")
    form = visitor.form(BindingForm)
    fill(form, PASSWORD)
    visitor.submit(form)
    visitor.submit(form)
    visitor.press("修改密码…")
    own = visitor.form(OwnPasswordForm)
    fill(own, PASSWORD, NEW, NEW)
    visitor.submit(own)
    visitor.window.lock()
    visitor.wait()
    assert opens(path, USER, NEW)
    service.forget()
    with pytest.raises(Problem, match="no_device_secret"):
        opens(path, USER, NEW)


def test_without_a_keyring_nothing_is_bound(visitor: Visitor, path: Path) -> None:
    visitor.press("绑定到这台电脑…")
    form = visitor.form(BindingForm)
    fill(form, PASSWORD)
    visitor.submit(form)
    assert "没有可用的系统钥匙串" in form.banner.text()
    form.reject()
    visitor.window.lock()
    visitor.wait()
    assert opens(path, USER, PASSWORD)


def test_a_password_typed_anew_is_looked_at_before_anything_is_bound(visitor: Visitor, service: SecretService) -> None:
    visitor.press("绑定到这台电脑…")
    form = visitor.form(BindingForm)
    fill(form, PASSWORD)
    visitor.submit(form)
    fill(form, "wrong password")
    visitor.submit(form)
    assert "现在的密码不对" in form.banner.text()
    assert visitor.told == []


# ---- the recovery code ----


def shown_code(dialog: RecoveryCodeDialog) -> str:
    return "".join(one.text() for one in dialog.findChildren(QLabel) if one.property("role") == "number")


def prove(visitor: Visitor, dialog: RecoveryCodeDialog, code: str) -> None:
    """Go on to the proof and type the group that is asked for."""
    visitor.submit(dialog)
    fill(dialog, in_groups(code)[dialog.asked].lower())
    visitor.submit(dialog)


def test_the_code_that_was_shown_and_proved_recovers_an_account(visitor: Visitor, path: Path) -> None:
    assert "还没有恢复码" in visitor.texts()
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    code = shown_code(dialog)
    prove(visitor, dialog, code)
    assert not visitor.is_open(RecoveryCodeDialog)
    assert "恢复码已核对，现在生效" in visitor.page.banner.text()
    assert "已经有恢复码" in visitor.texts()
    visitor.window.lock()
    visitor.wait()
    recover(path, read(code), USER, NEW)
    assert opens(path, USER, NEW)


def test_the_code_is_not_to_be_seen_while_a_group_of_it_is_asked_for(visitor: Visitor) -> None:
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    groups = in_groups(shown_code(dialog))
    assert all(group in said(dialog) for group in groups)
    visitor.submit(dialog)
    assert not any(group in said(dialog) for group in groups)


def test_another_group_is_no_proof(visitor: Visitor) -> None:
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    groups = in_groups(shown_code(dialog))
    visitor.submit(dialog)
    fill(dialog, groups[(dialog.asked + 1) % GROUPS])
    visitor.submit(dialog)
    assert f"第 {dialog.asked + 1} 组对不上" in dialog.banner.text()
    assert not visitor.page.banner.isVisible()


def test_after_another_look_another_group_is_asked_for(visitor: Visitor) -> None:
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    for _ in range(5):
        visitor.submit(dialog)
        asked = dialog.asked
        (again,) = (one for one in dialog.findChildren(QPushButton) if one.text() == "再看一遍恢复码")
        visitor.qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
        visitor.submit(dialog)
        assert dialog.asked != asked
        visitor.qtbot.mouseClick(again, Qt.MouseButton.LeftButton)


def test_closing_a_code_that_was_not_proved_takes_a_second_escape(visitor: Visitor) -> None:
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    visitor.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert "还没有生效" in dialog.banner.text()
    visitor.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    visitor.wait()
    assert not visitor.is_open(RecoveryCodeDialog)
    assert "还没有恢复码" in visitor.texts()


def test_a_code_counts_once_it_is_proved_and_ends_the_one_before(visitor: Visitor, path: Path) -> None:
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    first = shown_code(dialog)
    prove(visitor, dialog, first)
    visitor.press("设新的恢复码…")
    dialog = visitor.form(RecoveryCodeDialog)
    assert "旧的恢复码随即作废" in said(dialog)
    second = shown_code(dialog)
    recover(path, read(first), USER, PASSWORD)
    with pytest.raises(Problem, match=r"recovery\.wrong"):
        recover(path, read(second), USER, PASSWORD)
    prove(visitor, dialog, second)
    recover(path, read(second), USER, PASSWORD)
    with pytest.raises(Problem, match=r"recovery\.wrong"):
        recover(path, read(first), USER, PASSWORD)


# ---- the way in for who forgot ----


@pytest.fixture
def code(path: Path) -> str:
    """The recovery code of the archive."""
    with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
        made = new_code()
        archive.accounts.set_recovery(made)
        return written(made)


@pytest.fixture
def closed(make_window: Callable[..., Window], path: Path) -> Window:
    """The window at its entrance."""
    return make_window(path)


@pytest.fixture
def recovering(closed: Window, path: Path) -> RecoveringDialog:
    entrance = closed.findChild(Entrance)
    assert isinstance(entrance, Entrance)
    dialog = RecoveringDialog(Texts.load(), Theme("light"), closed.tasks, path, entrance)
    dialog.recovered.connect(entrance.recovered)
    dialog.open()
    return dialog


def submit(dialog: RecoveringDialog, qtbot: QtBot) -> None:
    tasks = dialog._tasks
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(tasks.idle, timeout=TIMEOUT_MS)
    QApplication.processEvents()


def test_the_entrance_hands_the_chosen_archive_and_name_on(closed: Window, path: Path, qtbot: QtBot) -> None:
    entrance = closed.findChild(Entrance)
    assert isinstance(entrance, Entrance)
    field, _password = (one for one in entrance.findChildren(QLineEdit) if one.isVisible())
    field.setText(f" {USER} ")
    (link,) = (one for one in entrance.findChildren(QPushButton) if one.text() == "忘记密码")
    with qtbot.waitSignal(entrance.recover_wanted) as wanted:
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert wanted.args == [path, USER]


def test_with_the_code_a_new_password_opens_the_archive(
    recovering: RecoveringDialog, closed: Window, path: Path, code: str, qtbot: QtBot
) -> None:
    for _ in range(FREE_TRIES):
        assert not opens(path, USER, "forgotten")
    fill(recovering, USER, code.lower().replace("0", "o"), NEW, NEW)
    submit(recovering, qtbot)
    entrance = closed.findChild(Entrance)
    assert isinstance(entrance, Entrance)
    assert f"“{USER}”的新密码已设好" in said(entrance)
    # Nobody waits for the tries of before.
    assert opens(path, USER, NEW)


@pytest.mark.parametrize(
    "case",
    [
        ("", "", NEW, "请输入用户名"),
        ("不认识", "", NEW, "没有叫“不认识”的用户"),
        (TEACHER, "", NEW, "还没有打开过档案"),
        (USER, "short", NEW, "恢复码应有 35 个字母和数字"),
        (USER, "other", NEW, "不是这个档案现在的恢复码"),
        (USER, "", "1234567", "密码太短"),
    ],
)
def test_what_does_not_recover_is_told_and_changes_nothing(
    recovering: RecoveringDialog, path: Path, code: str, qtbot: QtBot, case: tuple[str, str, str, str]
) -> None:
    user, change, password, sentence = case
    typed = {"": code, "short": code[:-1], "other": written(new_code())}[change]
    fill(recovering, user, typed, password, password)
    submit(recovering, qtbot)
    assert sentence in recovering.banner.text()
    assert recovering.code.line.text() == typed
    assert recovering.go.isEnabled()
    assert opens(path, USER, PASSWORD)


def test_a_mistyped_group_is_named_as_soon_as_it_is_complete(
    recovering: RecoveringDialog, code: str, qtbot: QtBot
) -> None:
    line = recovering.code.line
    first, second, *_ = code.split("-")
    wrong = (
        second[1] + second[0] + second[2:]
        if second[0] != second[1]
        else ("1" if second[0] == "0" else "0") + second[1:]
    )
    qtbot.keyClicks(line, first + wrong[:-1])
    assert "已输入 1 组，共 7 组" in said(recovering)
    qtbot.keyClicks(line, wrong[-1])
    assert "第 2 组输错了" in said(recovering)
    assert line.text() == f"{first}-{wrong}"
    for _ in wrong:
        qtbot.keyClick(line, Qt.Key.Key_Backspace)
    qtbot.keyClicks(line, second.lower())
    assert "已输入 2 组，共 7 组" in said(recovering)


def test_a_whole_code_is_said_to_be_whole_and_a_longer_one_not(recovering: RecoveringDialog, code: str) -> None:
    fill(recovering, USER, code, "", "")
    assert "各组都没有输错" in said(recovering)
    fill(recovering, USER, code + "7", "", "")
    assert "多出了字符" in said(recovering)


@pytest.mark.parametrize("place", range(GROUPS))
def test_every_group_is_checked_by_itself(place: int) -> None:
    groups = written(new_code()).split("-")
    assert mistyped(groups) == []
    replacement = "7" if groups[place][2] != "7" else "8"
    groups[place] = groups[place][:2] + replacement + groups[place][3:]
    assert mistyped(groups) == [place + 1]


@pytest.mark.parametrize(
    ("typed", "groups"),
    [("", []), ("ab c-de", ["ABCDE"]), ("ＡＢＣＤＥ１", ["ABCDE", "1"]), ("abcde—fg。", ["ABCDE", "FG"])],
)
def test_spaces_dashes_and_wide_letters_do_not_matter(typed: str, groups: list[str]) -> None:
    assert in_groups(typed) == groups
