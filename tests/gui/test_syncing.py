"""同步: joining a county and meeting its real server, in the window."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.access import Rights, Roles
from app.opportunities import metered_choice
from sync.county.office import County
from tests.gui.at_sync import Syncing, said_by
from tests.processes import serve_county
from ui.demo.server import ServerProcess
from ui.desktop.models.meetings import waiting_of
from ui.desktop.window import Window


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    County.init(folder, "示范县").close()
    return folder


@pytest.fixture
def syncing(opened: Window, qtbot: QtBot) -> Syncing:
    return Syncing(opened, qtbot)


@pytest.fixture
def second(empty_archive: Path, open_window: Callable[[Path], Window], qtbot: QtBot) -> Syncing:
    """Somebody at the second laptop of the school, whose archive is empty."""
    return Syncing(open_window(empty_archive), qtbot)


def test_joining_and_meeting_the_server(syncing: Syncing, second: Syncing, county: Path, tmp_path: Path) -> None:
    assert "还没有加入县级中心" in syncing.said()
    syncing.join(county, tmp_path)
    assert "已加入县级中心" in syncing.said()
    assert "示范县" in syncing.said()
    with ServerProcess(county) as server:
        syncing.meet(server.url)
        assert "发出" in syncing.said()
        syncing.meet(server.url)
        assert "两边内容一致" in syncing.said()
        assert "0 条待上传" in syncing.work.status._state.text()
        # The second laptop of the school gets everything.
        second.join(county, tmp_path)
        second.meet(server.url)
        assert "请让站里先加入的那台电脑同步一次" in second.said()
        syncing.meet(server.url)  # hands the key of the station over
        second.meet(server.url)
        assert "请让站里先加入的那台电脑同步一次" not in second.said()
        syncing.meet(server.url)
    here, there = (one.ask(lambda desk: (desk.archive.state_hash(), desk.people.count())) for one in (syncing, second))
    assert here == there
    assert here[1] == 8


def test_a_server_that_is_not_there_is_told_and_the_work_goes_on(
    syncing: Syncing, county: Path, tmp_path: Path
) -> None:
    syncing.join(county, tmp_path)
    with serve_county(county) as server:
        url = server.url
    syncing.meet(url)
    assert "连不上" in syncing.said()
    assert syncing.page._server_button.isEnabled()
    syncing.work.show_page("today")
    syncing.wait()
    assert "张三丰" in "\n".join(label.text() for label in syncing.work.page().findChildren(QLabel))


def test_the_server_of_another_county_is_not_ours(syncing: Syncing, county: Path, tmp_path: Path) -> None:
    syncing.join(county, tmp_path)
    other = tmp_path / "other"
    County.init(other, "别的县").close()
    with serve_county(other) as server:
        syncing.meet(server.url)
    assert "不是" in syncing.said()
    assert "发出" not in syncing.said()


@pytest.mark.parametrize("content", [b"", b"dear all", b"\xff\xfe\x00", b"-----BEGIN XINYI ADMISSION-----\nAAAA\n"])
def test_a_file_that_is_no_answer_is_refused(syncing: Syncing, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answer.txt").write_bytes(content)
    syncing.page.joining.read_admission(tmp_path / "answer.txt")
    syncing.wait()
    assert "回执" in syncing.page.banner.text()
    assert "还没有加入县级中心" in syncing.said()


def test_meeting_a_stick(syncing: Syncing, county: Path, tmp_path: Path) -> None:
    syncing.join(county, tmp_path)
    stick = tmp_path / "stick"
    stick.mkdir()
    syncing.page.meet_stick(stick)
    syncing.wait()
    assert "发出" in syncing.said()
    assert list(stick.rglob("*.seg"))
    syncing.page.meet_stick(stick)
    syncing.wait()
    assert "两边内容一致" in syncing.said()


def test_an_empty_address_is_asked_for(syncing: Syncing, county: Path, tmp_path: Path) -> None:
    syncing.join(county, tmp_path)
    syncing.page._address.clear()
    syncing.page._meet_server()
    assert "请先填写县服务器地址" in syncing.said()


def test_request_and_answer_travel_as_text_too(syncing: Syncing, county: Path) -> None:
    syncing.page.joining.copy_request()
    syncing.wait()
    office = County(county)
    answer = office.admit(QApplication.clipboard().text(), "示范中学", "station", "request.txt")
    office.close()
    QApplication.clipboard().setText(f"王老师您好：\n\n{answer}\n示范县")
    syncing.page.joining.paste_admission()
    syncing.wait()
    assert "已加入：示范县" in syncing.said()


@pytest.mark.parametrize("text", ["", "您好", "-----BEGIN XINYI ADMISSION-----\nAAAA"])
def test_a_clipboard_without_an_answer_is_told(syncing: Syncing, text: str) -> None:
    QApplication.clipboard().setText(text)
    syncing.page.joining.paste_admission()
    syncing.wait()
    assert "剪贴板里没有回执" in syncing.page.banner.text()


def test_what_waits_is_told_by_kind_and_the_rest_as_other_to_whoever_may_not_see_it(
    syncing: Syncing, county: Path, tmp_path: Path
) -> None:
    syncing.join(county, tmp_path)
    assert "答卷 3" in syncing.said()
    assert "预警 2" in syncing.said()
    teacher = Rights([role for role in Roles.load().roles if role.id == "class_teacher"])
    seen = syncing.ask(lambda desk: waiting_of(desk.archive.as_seen_by(teacher)))
    assert "alert" not in {line.kind for line in seen}
    assert sum(line.count for line in seen) == syncing.waiting()


def test_a_person_shows_what_the_county_does_not_have_yet(syncing: Syncing, county: Path, tmp_path: Path) -> None:
    def show() -> str:
        person = syncing.ask(lambda desk: desk.people.find("张三丰")[0].id)
        syncing.work.context.signals.person_wanted.emit(person)
        syncing.wait()
        return said_by(syncing.work.page())

    assert "待上传" not in show()
    syncing.join(county, tmp_path)
    assert "待上传" in show()
    with serve_county(county) as server:
        syncing.meet(server.url)
    assert "待上传" not in show()
    tips = [label.toolTip() for label in syncing.work.page().findChildren(QLabel)]
    assert "县里已收到。" in tips


def test_meetings_that_were_are_listed(syncing: Syncing, county: Path, tmp_path: Path) -> None:
    syncing.join(county, tmp_path)
    with serve_county(county) as server:
        syncing.meet(server.url)
    syncing.meet(server.url)
    model = syncing.page._history.model
    rows = [[model.index(row, column).data() for column in range(1, 6)] for row in range(model.rowCount())]
    assert rows[1][:2] == ["县服务器", "手动"]
    assert int(rows[1][2]) > 0
    assert rows[1][4] == "完成"
    assert "连不上" in rows[0][4]
    assert rows[0][2:4] == ["", ""]


def test_the_choice_for_networks_paid_by_volume_is_kept(
    syncing: Syncing, county: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    syncing.join(county, tmp_path)
    choice = syncing.page._self_sync.choice
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    syncing.wait()
    assert syncing.ask(lambda desk: metered_choice(desk.archive)) == "never"
