"""备份: backups that make themselves, what is said about them, and the way back from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.access import enter
from app.backups import choose_folder, note_made, read_plan
from app.people.service import People
from app.records import CATALOGUE
from app.users import Users
from storage.archive import Archive, Owner
from storage.backup import make, source
from storage.database import connect
from storage.device import Names
from storage.keys import open_slots, slots_path
from storage.rotation import Keep
from storage.verify import Finding
from ui.desktop.models.backups import finding_words
from ui.desktop.screens.backup import BackupPage
from ui.desktop.screens.recovering import RecoveryCodeDialog
from ui.desktop.screens.restoring import NewArchiveForm, RestoreDialog, SalvageDialog
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TEACHER = "李老师"
DAY_MS = 24 * 60 * 60 * 1000
TIMEOUT_MS = 30_000
# Qt's platform without a screen says so whenever a dialog opens.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

W = TypeVar("W", bound=QWidget)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "小王的U盘").mkdir()
    return tmp_path / "小王的U盘"


def wait(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.tasks.idle() and not window.backups.is_running, timeout=TIMEOUT_MS)
    QApplication.processEvents()
    qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)


def said(widget: QWidget) -> str:
    QApplication.processEvents()
    labels = [one.text() for one in widget.findChildren(QLabel) if one.isVisible()]
    return "\n".join([*labels, *(one.text() for one in widget.findChildren(QPushButton) if one.isVisible())])


def is_locked(window: Window) -> bool:
    return window.work is None


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    QApplication.processEvents()
    (found_one,) = (one for one in widget.findChildren(QPushButton) if one.isVisible() and one.text() == text)
    qtbot.mouseClick(found_one, Qt.MouseButton.LeftButton)


def dialog(window: Window, kind: type[W]) -> W:
    QApplication.processEvents()
    (shown,) = (one for one in window.findChildren(kind) if one.isVisible())
    return shown


def plan_with(path: Path, folder: Path, days_ago: int) -> None:
    """As if the last backup had been made some days ago."""
    with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
        choose_folder(archive, folder, folder.name)
        note_made(archive, archive.now() - days_ago * DAY_MS)


class Keeper:
    """Somebody at the page."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        assert window.work is not None
        window.work.show_page("backup")
        self.wait()
        page = window.work.page()
        assert isinstance(page, BackupPage)
        self.page = page

    def wait(self) -> None:
        wait(self.window, self.qtbot)

    def choose(self, folder: Path) -> None:
        self.page.choose(folder)
        self.wait()

    def press(self, text: str) -> None:
        press(self.page, text, self.qtbot)
        self.wait()

    def refresh(self) -> None:
        self.page.refresh()
        self.wait()

    def said(self) -> str:
        return said(self.page)

    def rows(self) -> list[list[str]]:
        model = self.page._model
        return [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]

    def status(self) -> str:
        assert self.window.work is not None
        return said(self.window.work.status)


@pytest.fixture
def keeper(opened: Window, qtbot: QtBot) -> Keeper:
    return Keeper(opened, qtbot)


# ---- making ----


def test_without_a_folder_it_says_what_to_do(keeper: Keeper) -> None:
    assert "还没有选放备份的地方" in keeper.said()
    assert "还没有设自动备份" in keeper.status()
    (now,) = (one for one in keeper.page.findChildren(QPushButton) if one.text() == "立即备份")
    assert not now.isEnabled()


def test_a_chosen_folder_has_a_backup_at_once_and_the_window_says_so(keeper: Keeper, stick: Path) -> None:
    keeper.choose(stick)
    assert len(list(stick.iterdir())) == 1
    assert "刚刚已备份" in keeper.status()
    assert [row[3] for row in keeper.rows()] == ["做好时检查过"]
    keeper.press("立即备份")
    assert len(keeper.rows()) == 2
    kinds = [entry.kind for entry in keeper.window.tasks.ask_archive(lambda desk: desk.audit.listed())]
    assert kinds.count("backup") == 2


def test_a_stick_that_is_not_plugged_in_is_said_without_an_error(keeper: Keeper, stick: Path) -> None:
    keeper.choose(stick)
    stick.rename(stick.with_name("shelf"))
    keeper.refresh()
    assert "“小王的U盘”没有插上" in keeper.status()
    assert not keeper.page.banner.isVisible()
    assert not keeper.page._list.isVisible()
    keeper.press("立即备份")
    assert "不在，没有备份" in keeper.page.banner.text()
    assert keeper.window.backups.state is not None
    assert keeper.window.backups.state.plan.problem == ""
    stick.with_name("shelf").rename(stick)
    keeper.refresh()
    assert len(keeper.rows()) == 1


def test_what_went_wrong_stays_on_the_page_until_there_is_a_good_one(keeper: Keeper, stick: Path) -> None:
    keeper.choose(stick)
    state = keeper.window.backups.state
    assert state is not None
    # Something that cannot be put out of the way lies where the backup would be made.
    half = stick / f"~{state.archive.hex()}.whole.tmp"
    half.mkdir()
    keeper.press("立即备份")
    assert "没有完成" in keeper.page.banner.text()
    assert "最近一次没有成功" in keeper.status()
    assert [one.suffix for one in stick.iterdir() if one.is_file()] == [".xinyi-backup"]
    half.rmdir()
    keeper.press("立即备份")
    assert "没有成功" not in keeper.status()
    assert not keeper.page._trouble.isVisible()


# ---- by itself ----


def test_what_is_due_is_made_while_the_window_is_locked(
    open_window: Callable[[Path], Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, stick, days_ago=2)
    window = open_window(archive_path)
    wait(window, qtbot)
    window.lock()
    assert is_locked(window)
    wait(window, qtbot)
    (made,) = stick.iterdir()
    window.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None, timeout=TIMEOUT_MS)
    wait(window, qtbot)
    assert window.work is not None
    assert "已备份" in said(window.work.status)
    assert "天前" not in said(window.work.status)
    with_entry = window.tasks.ask_archive(lambda desk: [entry.kind for entry in desk.audit.listed()])
    assert "backup" in with_entry
    assert made.name.endswith(".xinyi-backup")


def test_what_is_due_is_made_when_the_window_is_closed(
    open_window: Callable[[Path], Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, stick, days_ago=2)
    window = open_window(archive_path)
    wait(window, qtbot)
    window.close()
    assert len(list(stick.iterdir())) == 1
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        assert archive.now() - read_plan(archive).last < DAY_MS


def test_what_is_not_due_is_not_made(
    open_window: Callable[[Path], Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, stick, days_ago=0)
    window = open_window(archive_path)
    wait(window, qtbot)
    window.backups._time_has_come()
    wait(window, qtbot)
    window.lock()
    wait(window, qtbot)
    assert list(stick.iterdir()) == []


def test_a_stick_that_is_plugged_in_later_gets_its_backup(
    open_window: Callable[[Path], Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, stick, days_ago=2)
    shelf = stick.rename(stick.with_name("shelf"))
    window = open_window(archive_path)
    window.backups._time_has_come()
    wait(window, qtbot)
    assert window.work is not None
    assert "2 天前已备份，“小王的U盘”没有插上" in said(window.work.status)
    shelf.rename(stick)
    window.backups._time_has_come()
    wait(window, qtbot)
    wait(window, qtbot)
    assert len(list(stick.iterdir())) == 1


def test_a_week_without_a_backup_is_told_on_the_first_page(
    open_window: Callable[[Path], Window], archive_path: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, tmp_path / "pulled", days_ago=9)
    window = open_window(archive_path)
    wait(window, qtbot)
    assert window.work is not None
    assert "已经 9 天没有完好的备份了，“pulled”没有插上" in said(window.work.page("today"))
    press(window.work.page("today"), "去备份", qtbot)
    wait(window, qtbot)
    assert isinstance(window.work.page(), BackupPage)


def test_a_backup_of_yesterday_is_no_reminder(
    open_window: Callable[[Path], Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    plan_with(archive_path, stick, days_ago=1)
    window = open_window(archive_path)
    wait(window, qtbot)
    assert window.work is not None
    assert "备份" not in said(window.work.page("today"))


# ---- checking ----


def test_every_backup_is_checked_and_a_damaged_one_is_named(keeper: Keeper, stick: Path) -> None:
    keeper.choose(stick)
    keeper.press("立即备份")
    keeper.press("全部检查")
    assert "检查了 2 份，全部完好" in keeper.said()
    assert [row[3] for row in keeper.rows()] == ["完好", "完好"]
    damaged = keeper.page._model.files[1]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    keeper.press("全部检查")
    assert "有 1 份已损坏" in keeper.said()
    assert [row[3] for row in keeper.rows()] == ["完好", "已损坏"]


def test_a_sound_archive_is_said_to_be_sound(keeper: Keeper) -> None:
    keeper.press("检查档案")
    assert "档案完好" in keeper.said()
    assert "锁定并抢救到新文件…" not in keeper.said()


def test_a_damaged_archive_is_told_in_words_and_saved_into_a_new_file(
    open_window: Callable[[Path], Window], archive_path: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    key = open_slots(slots_path(archive_path), USER, PASSWORD).key
    connection = connect(archive_path, key)
    connection.execute("UPDATE meta SET value = zeroblob(32) WHERE name = 'state'")
    connection.close()
    keeper = Keeper(open_window(archive_path), qtbot)
    keeper.press("检查档案")
    assert "有 1 条记录与日志不一致：state" in keeper.said()
    keeper.press("锁定并抢救到新文件…")
    assert keeper.window.work is None
    form = dialog(keeper.window, SalvageDialog)
    new = tmp_path / "saved.xinyi"
    fill(form, new, USER, PASSWORD)
    submit(form, keeper.window, qtbot)
    assert "没有缺失任何变更" in said(form)
    submit(form, keeper.window, qtbot)
    qtbot.waitUntil(lambda: keeper.window.work is not None, timeout=TIMEOUT_MS)
    wait(keeper.window, qtbot)
    assert keeper.window.tasks.ask_archive(lambda desk: (desk.archive.path, desk.archive.verify())) == (new, [])


def test_what_may_still_come_with_the_next_meeting_is_nothing_to_salvage(keeper: Keeper) -> None:
    keeper.page._show_findings([Finding("reference", f"alert/{number}") for number in range(5)])
    assert "有 5 条记录指向这里没有的内容，也许下次同步会收到：alert/0；alert/1；alert/2…" in keeper.said()
    assert "锁定并抢救到新文件…" not in keeper.said()
    assert finding_words(keeper.page.texts, []) == []


# ---- back from one ----


def fill(form: NewArchiveForm, place: Path, user: str, password: str) -> None:
    form.place.line.setText(str(place))
    form.user.line.setText(user)
    form.password.line.setText(password)


def submit(form: NewArchiveForm, window: Window, qtbot: QtBot) -> None:
    qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
    wait(window, qtbot)


@pytest.fixture
def backup_file(archive_path: Path, stick: Path) -> Path:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        return make(source(archive), stick, Keep(1)).path


def test_a_backup_is_restored_from_the_entrance_and_opened(
    make_window: Callable[..., Window], backup_file: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    press(window, "从备份恢复", qtbot)
    form = dialog(window, RestoreDialog)
    submit(form, window, qtbot)
    assert "没填的内容" in form.banner.text()
    new = tmp_path / "again.xinyi"
    form.file.line.setText(str(backup_file))
    fill(form, new, USER, "wrong password")
    submit(form, window, qtbot)
    assert "档案已恢复到" in form.banner.text()
    assert "密码不对" in form.banner.text()
    assert not form.place.isEnabled()
    form.password.line.setText(PASSWORD)
    submit(form, window, qtbot)
    assert "已恢复到" in said(form)
    assert "旧电脑找回来了" in said(form)
    submit(form, window, qtbot)
    qtbot.waitUntil(lambda: window.work is not None, timeout=TIMEOUT_MS)
    wait(window, qtbot)
    assert window.tasks.ask_archive(lambda desk: (desk.archive.path, People(desk.archive).count())) == (new, 8)


def test_no_archive_is_overwritten(
    make_window: Callable[..., Window], backup_file: Path, archive_path: Path, qtbot: QtBot
) -> None:
    before = archive_path.read_bytes()
    window = make_window(archive_path)
    press(window, "从备份恢复", qtbot)
    form = dialog(window, RestoreDialog)
    form.file.line.setText(str(backup_file))
    fill(form, archive_path, USER, PASSWORD)
    submit(form, window, qtbot)
    assert archive_path.name in form.banner.text()
    assert form.place.isEnabled()
    assert archive_path.read_bytes() == before
    form.reject()


# ---- whose page it is ----


def test_who_only_looks_at_names_has_no_page_of_backups_but_gets_backups(
    make_window: Callable[..., Window], archive_path: Path, stick: Path, qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        group = archive.find("group")[0].id
        Users(enter(archive)).add(TEACHER, PASSWORD, ["class_teacher"], [group])
    plan_with(archive_path, stick, days_ago=2)
    window = make_window(archive_path)
    window.unlock(archive_path, TEACHER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None, timeout=TIMEOUT_MS)
    wait(window, qtbot)
    assert window.work is not None
    assert not {"backup", "audit"} & set(window.work._pages)
    window.backups._time_has_come()
    wait(window, qtbot)
    wait(window, qtbot)
    assert len(list(stick.iterdir())) == 1


# ---- a new archive ----


def test_a_new_archive_is_followed_by_its_recovery_code_and_who_puts_it_off_is_reminded(
    make_window: Callable[..., Window], tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    window.create_archive(tmp_path / "new.xinyi", Owner(USER, PASSWORD, Names("laptop", "示范中学")))
    qtbot.waitUntil(lambda: window.work is not None, timeout=TIMEOUT_MS)
    wait(window, qtbot)
    assert window.work is not None
    form = dialog(window, RecoveryCodeDialog)
    file = tmp_path / "code.pdf"
    form.save(file)
    wait(window, qtbot)
    assert file.read_bytes().startswith(b"%PDF")
    assert "请打印、封存，然后删除这个文件" in form.banner.text()
    form.reject()
    form.reject()
    today = window.work.page("today")
    assert "还没有恢复码" in said(today)
    press(today, "现在就设", qtbot)
    form = dialog(window, RecoveryCodeDialog)
    qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
    form._answer.line.setText(form._groups[form.asked])
    qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
    wait(window, qtbot)
    assert "恢复码" not in said(today)
