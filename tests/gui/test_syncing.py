"""同步: joining a county and meeting its real server, in the window."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from sync.county.office import County
from ui.demo.server import ServerProcess
from ui.desktop.desk import Desk
from ui.desktop.screens.syncing import SyncPage
from ui.desktop.window import Window

T = TypeVar("T")
TIMEOUT_MS = 30_000


class Syncing:
    """Somebody at the page of sync."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self._qtbot = window, qtbot
        assert window.work is not None
        self.work = window.work
        self.work.show_page("sync")
        self.wait()
        page = self.work.page()
        assert isinstance(page, SyncPage)
        self.page = page

    def wait(self) -> None:
        self._qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        # What is laid out anew shows itself with the next round of events.
        QApplication.processEvents()

    def said(self) -> str:
        return "\n".join(label.text() for label in self.page.findChildren(QLabel) if label.isVisible())

    def join(self, county: Path, folder: Path) -> None:
        """Write the request, have it admitted, take the answer in."""
        self.page.write_request(folder / "request.txt")
        self.wait()
        office = County(county)
        answer = office.admit((folder / "request.txt").read_text("utf-8"), "示范中学", "station", "request.txt")
        office.close()
        (folder / "answer.txt").write_text(answer, "utf-8")
        self.page.read_admission(folder / "answer.txt")
        self.wait()

    def ask(self, question: Callable[[Desk], T]) -> T:
        """Ask the archive that is open in the window."""
        return self.window.tasks.ask_archive(question)

    def meet(self, url: str) -> None:
        self.page.meet_server(url)
        self.wait()


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
    with ServerProcess(county) as server:
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
    with ServerProcess(other) as server:
        syncing.meet(server.url)
    assert "不是" in syncing.said()
    assert "发出" not in syncing.said()


@pytest.mark.parametrize("content", [b"", b"dear all", b"\xff\xfe\x00", b"-----BEGIN XINYI ADMISSION-----\nAAAA\n"])
def test_a_file_that_is_no_answer_is_refused(syncing: Syncing, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answer.txt").write_bytes(content)
    syncing.page.read_admission(tmp_path / "answer.txt")
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
