"""Consent and rights in the window: what is said is written down, held, restricted, handed out, erased."""

import datetime as dt
import json
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.records import CATALOGUE
from storage.archive import Archive
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.rights import RightsDialog
from ui.desktop.screens.rights_forms import ConsentForm, EraseForm, HoldForm, ReasonForm
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 20_000
D = TypeVar("D", bound=QDialog)


class Visitor:
    """Somebody in front of the dialog about one person."""

    def __init__(self, window: Window, qtbot: QtBot, name: str) -> None:
        assert window.work is not None
        self.window, self.qtbot, self.work = window, qtbot, window.work
        page = self.work.page("people")
        assert isinstance(page, PeoplePage)
        self.work.show_page("people")
        found: list[bytes] = []
        window.tasks.on_archive(page, lambda desk: desk.people.find(name)[0].id, found.append)
        qtbot.waitUntil(lambda: bool(found), timeout=TIMEOUT_MS)
        self.person = found[0]
        self.work.context.signals.person_wanted.emit(self.person)
        self.wait()
        self.press(page, "权利…")
        self.dialog = self.form(RightsDialog)

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()

    def form(self, kind: type[D]) -> D:
        self.wait()
        (found,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
        return found

    def is_open(self, kind: type[QDialog]) -> bool:
        return any(isinstance(one, kind) and one.isVisible() for one in QApplication.topLevelWidgets())

    def press(self, widget: QWidget, text: str) -> None:
        (found,) = [one for one in widget.findChildren(QPushButton) if one.text() == text and one.isVisible()]
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.wait()

    def said(self, widget: QWidget | None = None) -> str:
        QApplication.processEvents()
        return "\n".join(one.text() for one in (widget or self.dialog).findChildren(QLabel) if one.isVisible())


@pytest.fixture
def visitor(opened: Window, qtbot: QtBot) -> Visitor:
    return Visitor(opened, qtbot, "曾静")


def test_consent_is_written_down_and_withdrawn(visitor: Visitor) -> None:
    assert visitor.said().count("监护人：还没有同意") == 3
    visitor.press(visitor.dialog, "记下同意或不同意…")
    form = visitor.form(ConsentForm)
    assert form.giver.currentData() == "guardian"  # who is missing is offered first
    form.who.line.setText("曾母")
    visitor.press(form, "保存")
    assert "监护人（曾母）　同意　心理健康筛查（纸质）" in visitor.said()
    assert visitor.said().count("监护人：还没有同意") == 2

    visitor.press(visitor.dialog, "记下同意或不同意…")
    form = visitor.form(ConsentForm)
    form.purpose.setCurrentIndex(form.purpose.findData("screening"))
    form.giver.setCurrentIndex(form.giver.findData("guardian"))
    form.decision.setCurrentIndex(form.decision.findData("withdrawn"))
    visitor.press(form, "保存")
    assert "监护人：已撤回同意" in visitor.said()


def test_a_station_without_a_reason_is_refused(visitor: Visitor) -> None:
    visitor.press(visitor.dialog, "记下同意或不同意…")
    form = visitor.form(ConsentForm)
    form.giver.setCurrentIndex(form.giver.findData("station"))
    assert not form.manner.isEnabled()
    assert form.ground.isEnabled()
    visitor.press(form, "保存")
    assert form.banner.isVisible()
    form.reason.line.setText("学校统一筛查")
    visitor.press(form, "保存")
    assert not visitor.is_open(ConsentForm)
    assert "学校统一筛查" in visitor.said()


def test_held_records_cannot_be_erased_until_they_are_released(visitor: Visitor) -> None:
    def erase() -> QPushButton:
        (found,) = [
            one for one in visitor.dialog.findChildren(QPushButton) if one.text() == "永久删除…" and one.isVisible()
        ]
        return found

    assert erase().isEnabled()
    visitor.press(visitor.dialog, "依法保全…")
    form = visitor.form(HoldForm)
    visitor.press(form, "保全")
    assert form.banner.isVisible()
    form.by.line.setText("某某法院")
    form.reason.line.setText("调取")
    visitor.press(form, "保全")
    assert "某某法院：调取" in visitor.said()
    assert not erase().isEnabled()
    visitor.press(visitor.dialog, "解除保全…")
    release = visitor.form(ReasonForm)
    assert release.reason is not None
    release.reason.line.setText("案件已结")
    visitor.press(release, "解除保全")
    assert "没有保全" in visitor.said()
    assert erase().isEnabled()


def test_restricted_records_can_be_read_and_nothing_else(visitor: Visitor) -> None:
    visitor.press(visitor.dialog, "限制处理…")
    form = visitor.form(ReasonForm)
    assert form.reason is not None
    form.reason.line.setText("本人有异议")
    visitor.press(form, "限制")
    assert "只能看" in visitor.said()
    visitor.press(visitor.dialog, "解除限制…")
    visitor.press(visitor.form(ReasonForm), "解除限制")
    assert "没有限制" in visitor.said()


@pytest.mark.parametrize("ending", ["pdf", "json"])
def test_a_copy_is_handed_out_and_that_is_written_down(visitor: Visitor, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"copy.{ending}"
    visitor.dialog.save_copy(file)
    visitor.qtbot.waitUntil(lambda: "已保存到" in visitor.said(), timeout=TIMEOUT_MS)
    if ending == "pdf":
        assert file.read_bytes().startswith(b"%PDF")
    else:
        assert json.loads(file.read_text("utf-8"))["name"] == "曾静"
    counted: list[int] = []
    visitor.window.tasks.on_archive(
        visitor.dialog,
        lambda desk: desk.archive.tally("access", where={"kind": "exported", "about": visitor.person})[()],
        counted.append,
    )
    visitor.qtbot.waitUntil(lambda: bool(counted), timeout=TIMEOUT_MS)
    assert counted == [1]


def test_a_copy_that_cannot_be_written_is_told(visitor: Visitor, tmp_path: Path) -> None:
    visitor.dialog.save_copy(tmp_path / "nowhere" / "copy.pdf")
    visitor.qtbot.waitUntil(visitor.dialog.banner.isVisible, timeout=TIMEOUT_MS)
    assert "copy.pdf" in visitor.dialog.banner.text()


def test_nobody_is_erased_by_a_slip(visitor: Visitor, archive_path: Path) -> None:
    visitor.press(visitor.dialog, "永久删除…")
    form = visitor.form(EraseForm)
    visitor.qtbot.keyClick(form, Qt.Key.Key_Return)
    assert not visitor.is_open(EraseForm)
    visitor.press(visitor.dialog, "永久删除…")
    form = visitor.form(EraseForm)
    form.name.line.setText("曾")
    visitor.press(form, "永久删除")
    assert "姓名不一致" in form.banner.text()
    form.name.line.setText(" 曾 静 ")
    visitor.press(form, "永久删除")
    assert not visitor.is_open(EraseForm)
    assert not visitor.is_open(RightsDialog)
    assert "曾静" not in visitor.said(visitor.work)
    visitor.window.lock()
    visitor.wait()
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        assert not archive.find("person", {"name": "曾静"})
        assert archive.find("erasure")[0].fields["date"] == dt.datetime.now().astimezone().date().isoformat()
