"""Without a network: sticks that are plugged in and pulled out, and the laptop next to this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.records import Group, plain
from storage.records import Draft
from sync.county.office import County
from sync.crypto import digest
from sync.transports.folder import CHECK_SIZE
from tests.gui.at_sync import Syncing, said_by
from ui.desktop.desk import Desk
from ui.desktop.screens.neighbour_dialog import NeighbourDialog
from ui.desktop.sticks import Stick, is_removable
from ui.desktop.window import Window
from ui.meetings import meetings

HERE = "127.0.0.1"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    County.init(folder, "示范县").close()
    return folder


@pytest.fixture
def syncing(opened: Window, county: Path, tmp_path: Path, qtbot: QtBot) -> Syncing:
    made = Syncing(opened, qtbot)
    made.join(county, tmp_path)
    return made


@pytest.fixture
def other(
    empty_archive: Path, open_window: Callable[[Path], Window], county: Path, tmp_path: Path, qtbot: QtBot
) -> Syncing:
    made = Syncing(open_window(empty_archive), qtbot)
    made.join(county, tmp_path)
    return made


def add_group(desk: Desk) -> None:
    desk.archive.save([Draft.new("group", desk.archive.new_id(), plain(Group("八年级1班", "八年级")))])


# ---- sticks ----


def buttons(syncing: Syncing) -> list[QPushButton]:
    return [one for one in syncing.page.ways.findChildren(QPushButton) if "U 盘" in one.text() and one.isVisible()]


def plug(syncing: Syncing, *sticks: Stick) -> None:
    syncing.page.ways.look = lambda: list(sticks)
    syncing.page.ways.look_for_sticks()
    syncing.wait()


def test_a_stick_that_is_plugged_in_gets_a_button_with_its_name(syncing: Syncing, tmp_path: Path, qtbot: QtBot) -> None:
    assert "没有发现 U 盘" in syncing.said()
    (tmp_path / "stick").mkdir()
    plug(syncing, Stick("A&B 的 U 盘", tmp_path / "stick"))
    (made,) = buttons(syncing)
    assert made.text() == "与 U 盘“A&&B 的 U 盘”同步"
    qtbot.mouseClick(made, Qt.MouseButton.LeftButton)
    syncing.wait()
    assert "发出" in syncing.said()
    assert list((tmp_path / "stick").rglob("*.seg"))
    assert "已经放到 U 盘" in syncing.said()
    assert syncing.ask(lambda desk: meetings(desk.archive)[0].place.name) == "A&B 的 U 盘"


def test_a_stick_that_is_pulled_out_takes_its_button_along(syncing: Syncing, tmp_path: Path) -> None:
    plug(syncing, Stick("甲", tmp_path), Stick("乙", tmp_path))
    assert len(buttons(syncing)) == 2
    plug(syncing)
    assert buttons(syncing) == []
    assert "没有发现 U 盘" in syncing.said()


def test_a_stick_pulled_out_midway_is_told_and_goes_on_later(syncing: Syncing, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    syncing.save(add_group)
    aside = tmp_path / "elsewhere"
    stick.rename(aside)
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    assert "请检查 U 盘是否插好" in syncing.page.banner.text()
    assert syncing.ask(lambda desk: meetings(desk.archive)[0].problem) == "sync.no_folder"
    aside.rename(stick)
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    assert "发出 1 条" in syncing.said()


def spoil(segment: Path) -> None:
    """Change a bit of a segment, and have the stick believe that it is whole."""
    envelopes = segment.with_suffix(".env").read_bytes()[CHECK_SIZE:]
    data = bytearray(segment.read_bytes())
    data[-100] ^= 1
    segment.write_bytes(data)
    segment.with_suffix(".env").write_bytes(digest(bytes(data) + envelopes) + envelopes)


def test_what_was_refused_stays_on_the_page_with_the_reason_and_what_to_do(
    syncing: Syncing, other: Syncing, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    other.page.meet_stick(stick, "蓝色")
    other.wait()
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    syncing.save(add_group)
    syncing.page.meet_stick(stick, "蓝色")
    syncing.wait()
    spoil(max(stick.rglob("*00000002.seg")))
    other.page.meet_stick(stick, "蓝色")
    other.wait()
    other.page.refresh()
    other.wait()
    assert "没有被接受的记录" in other.said()
    assert "本机没有接受：设备“laptop”的第 2 包，签名不对" in other.said()
    assert "请不要再用这个 U 盘" in other.said()


@pytest.mark.parametrize(
    ("root", "removable"),
    [
        ("/media/nurse/KINGSTON", True),
        ("/run/media/nurse/U盘", True),
        ("/Volumes/STICK", True),
        ("/", False),
        ("/home", False),
        ("/mediafiles", False),
    ],
)
def test_what_desktops_mount_is_taken_for_a_stick(root: str, removable: bool) -> None:
    assert is_removable(root) is removable


# ---- the laptop next to this one ----


def dialog_of(syncing: Syncing) -> NeighbourDialog:
    made = NeighbourDialog(syncing.page.context, syncing.page, HERE)
    made.open()
    return made


def address_in(dialog: NeighbourDialog) -> str:
    return next((word for word in said_by(dialog).split() if word.startswith(HERE)), "")


def come_together(syncing: Syncing, other: Syncing) -> tuple[NeighbourDialog, NeighbourDialog]:
    """Open both dialogs and go from one to the other."""
    waiting, visiting = dialog_of(syncing), dialog_of(other)
    syncing.until(lambda: bool(address_in(waiting)))
    visiting.address.setText(address_in(waiting))
    visiting.go.click()
    syncing.until(lambda: waiting.code.isVisible() and visiting.code.isVisible())
    return waiting, visiting


def test_two_laptops_become_equal_after_both_have_said_that_the_digits_agree(
    syncing: Syncing, other: Syncing, qtbot: QtBot
) -> None:
    waiting, visiting = come_together(syncing, other)
    assert waiting.code.text() == visiting.code.text()
    assert len(waiting.code.text().replace(" ", "")) == 6
    assert "second laptop" in said_by(waiting)
    waiting.same.click()
    assert other.ask(lambda desk: desk.people.count()) == 0
    visiting.same.click()
    syncing.until(lambda: "同步完了" in waiting.banner.text() and "同步完了" in visiting.banner.text())
    here, there = (one.ask(lambda desk: (desk.archive.state_hash(), desk.people.count())) for one in (syncing, other))
    assert here == there
    assert here[1] == 8
    assert syncing.ask(lambda desk: meetings(desk.archive)[0].place.name) == "second laptop"
    for one in (waiting, visiting):
        one.close()


def test_digits_that_differ_let_nothing_through(syncing: Syncing, other: Syncing) -> None:
    waiting, visiting = come_together(syncing, other)
    waiting.same.click()
    visiting.different.click()
    syncing.until(lambda: bool(waiting.banner.text()) and bool(visiting.banner.text()))
    assert "没有交换任何内容" in waiting.banner.text()
    assert "没有交换任何内容" in visiting.banner.text()
    assert other.ask(lambda desk: desk.people.count()) == 0
    for one in (waiting, visiting):
        one.close()


def test_nobody_says_yes_by_pressing_enter_without_looking(syncing: Syncing, other: Syncing, qtbot: QtBot) -> None:
    waiting, visiting = come_together(syncing, other)
    assert not waiting.same.hasFocus()
    assert not waiting.same.isDefault()
    for one in (waiting, visiting):
        one.close()


def test_closing_the_dialog_ends_the_waiting(syncing: Syncing) -> None:
    dialog = dialog_of(syncing)
    syncing.until(lambda: syncing.window.meetings.running is not None)
    dialog.close()
    syncing.until(lambda: syncing.window.meetings.running is None)
    syncing.wait()
    assert syncing.ask(lambda desk: meetings(desk.archive)) == []


def test_locking_ends_it_too_and_leaves_nothing_on_the_screen(syncing: Syncing) -> None:
    dialog_of(syncing)
    syncing.until(lambda: syncing.window.meetings.running is not None)
    syncing.window.lock()
    syncing.until(lambda: syncing.window.meetings.running is None)
    assert syncing.window.findChildren(NeighbourDialog, options=Qt.FindChildOption.FindChildrenRecursively) == []


def test_an_address_that_is_none_is_told_before_anything_is_tried(syncing: Syncing) -> None:
    dialog = dialog_of(syncing)
    dialog.address.setText("隔壁")
    dialog.go.click()
    assert "隔壁" in dialog.banner.text()
    dialog.close()


def test_nobody_at_an_address_is_told(syncing: Syncing) -> None:
    dialog = dialog_of(syncing)
    syncing.until(lambda: bool(address_in(dialog)))
    dialog.address.setText(f"{HERE}:1")
    dialog.go.click()
    syncing.until(lambda: "连不上另一台电脑" in dialog.banner.text())
    dialog.close()
