"""访问记录: who did what, on the screen and on paper, and the checkpoint of the month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.audit import Audit
from app.checkpoints import pin
from app.people.service import People
from app.records import CATALOGUE, Access, plain
from storage.archive import Archive
from storage.database import connect
from storage.keys import open_slots, slots_path
from storage.records import Draft
from tests.printed import text_of
from ui.desktop.models.auditing import Days
from ui.desktop.screens.auditing import AuditPage, CompareDialog
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 30_000
# Qt's platform without a screen says so whenever a dialog opens.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


def add_entries(path: Path, days_ago: int, count: int) -> None:
    """Looks at one person, some days ago."""
    with Archive.open(path, USER, PASSWORD, CATALOGUE) as archive:
        at = archive.now() - days_ago * 24 * 60 * 60 * 1000
        person = People(archive).find("李芳")[0].id
        archive.save(
            [
                Draft.new("access", archive.new_id(), plain(Access("read", at + number, person)))
                for number in range(count)
            ]
        )
        Audit(archive).note("printed", detail="class-summary")


class Auditor:
    """Somebody at the page."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        assert window.work is not None
        window.work.show_page("audit")
        self.wait()
        page = window.work.page()
        assert isinstance(page, AuditPage)
        self.page = page

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)

    def ask(self, box: str, text: str) -> None:
        combo = getattr(self.page, f"_{box}")
        combo.setCurrentIndex(combo.findText(text))
        combo.activated.emit(combo.currentIndex())
        self.wait()

    def rows(self) -> list[list[str]]:
        model = self.page._model
        return [[model.index(row, column).data() for column in range(1, 5)] for row in range(model.rowCount())]

    def said(self) -> str:
        QApplication.processEvents()
        return "\n".join(one.text() for one in self.page.findChildren(QLabel) if one.isVisible())

    def compare(self, text: str) -> CompareDialog:
        self.page._compare()
        QApplication.processEvents()
        (form,) = (one for one in self.page.findChildren(CompareDialog) if one.isVisible())
        form.code.setPlainText(text)
        self.qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
        self.wait()
        return form


@pytest.fixture
def auditor(archive_path: Path, open_window: Callable[[Path], Window], qtbot: QtBot) -> Auditor:
    add_entries(archive_path, days_ago=40, count=3)
    return Auditor(open_window(archive_path), qtbot)


# ---- the log ----


def test_what_was_done_is_said_in_words_the_newest_first(auditor: Auditor) -> None:
    assert auditor.rows() == [
        [USER, "打开档案", "", ""],
        [USER, "打印", "", "班级心理筛查情况"],
    ]
    assert "2 条" in auditor.said()


def test_other_days_can_be_asked_for(auditor: Auditor) -> None:
    auditor.ask("period", "选择日期")
    today = dt.datetime.now().astimezone().date()
    # The wrong way round is the same time.
    auditor.page._first.show_day(today)
    auditor.page._last.show_day(today - dt.timedelta(60))
    auditor.page.refresh()
    auditor.wait()
    assert [row for row in auditor.rows() if row[1] == "查看个人档案"] == [[USER, "查看个人档案", "李芳", ""]] * 3


def test_only_one_kind_and_one_user_can_be_asked_for(auditor: Auditor) -> None:
    auditor.ask("kind", "打印")
    assert [row[1] for row in auditor.rows()] == ["打印"]
    auditor.ask("kind", "导出")
    assert "没有这样的记录" in auditor.said()
    auditor.ask("kind", "全部操作")
    auditor.ask("user", USER)
    assert len(auditor.rows()) == 2


def test_days_begin_and_end_at_midnight_and_weeks_on_monday() -> None:
    today = dt.date(2026, 11, 22)
    assert Days.of("week", today) == Days(dt.date(2026, 11, 16), today)
    assert Days.of("month", today) == Days(dt.date(2026, 11, 1), today)
    start, end = Days.of("today", today).moments()
    assert end - start == 24 * 60 * 60 * 1000 - 1
    assert dt.datetime.fromtimestamp(start / 1000).astimezone().time() == dt.time()


def test_what_is_shown_goes_to_paper_and_that_is_written_down(auditor: Auditor, tmp_path: Path) -> None:
    auditor.ask("kind", "打印")
    file = tmp_path / "log.pdf"
    auditor.page.save(file)
    auditor.wait()
    text = text_of(file)
    assert "班级心理筛查情况" in text
    assert "打开档案" not in text
    assert "XYC1:" in text
    assert "打印后请删除这个文件" in auditor.said()
    assert auditor.rows()[0] == [USER, "打印", "", "访问记录"]


def test_what_could_not_be_written_is_not_written_down_as_printed(auditor: Auditor, tmp_path: Path) -> None:
    auditor.page.save(tmp_path / "missing" / "log.pdf")
    auditor.wait()
    assert "写不了 log.pdf" in auditor.said()
    auditor.page.refresh()
    auditor.wait()
    assert "访问记录" not in [row[3] for row in auditor.rows()]


# ---- the checkpoint ----


def test_a_month_without_a_checkpoint_is_told_until_it_was_printed(auditor: Auditor, tmp_path: Path) -> None:
    assert "本月的存档校验码还没有打印" in auditor.said()
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    auditor.page.print_checkpoint(printer)
    auditor.wait()
    assert len(pypdfium2.PdfDocument(tmp_path / "printed.pdf")) == 1
    assert "本月已打印" in auditor.said()
    auditor.page.save_checkpoint(tmp_path / "page.pdf")
    auditor.wait()
    assert USER not in text_of(tmp_path / "page.pdf")


def test_a_checkpoint_from_paper_says_that_the_past_is_as_it_was(auditor: Auditor) -> None:
    pinned = auditor.window.tasks.ask_archive(lambda desk: pin(desk.archive))
    form = auditor.compare(f"\n {pinned.line[:50]}\n{pinned.line[50:]} ")
    assert "一致" in form.outcome.text()
    assert pinned.short in form.outcome.text()
    form.reject()


def test_what_is_no_checkpoint_is_told_in_the_dialog(auditor: Auditor) -> None:
    form = auditor.compare("")
    assert "请先扫入" in form.banner.text()
    form.code.setPlainText("XYC1:abc")
    auditor.qtbot.mouseClick(form.go, Qt.MouseButton.LeftButton)
    auditor.wait()
    assert "没有比对" in form.banner.text()
    form.reject()


def test_a_changed_past_is_told_with_its_place(
    archive_path: Path, open_window: Callable[[Path], Window], qtbot: QtBot
) -> None:
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        pinned = pin(archive)
    connection = connect(archive_path, open_slots(slots_path(archive_path), USER, PASSWORD).key)
    connection.execute("UPDATE segment SET data = CAST(data || x'00' AS BLOB) WHERE seq = 1 AND stream = 1")
    connection.close()
    auditor = Auditor(open_window(archive_path), qtbot)
    form = auditor.compare(pinned.line)
    assert "有 1 处不符" in form.outcome.text()
    assert "被换掉" in form.outcome.text()
    form.reject()
