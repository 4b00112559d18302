"""打印: what is shown, saved and sent to a printer is the same document."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.instruments.library import Library
from app.people.fields import Sex
from app.people.service import People
from app.records import CATALOGUE, Group, Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive
from storage.records import Draft
from tests.printed import pages_of
from ui.desktop.screens.prints import PrintsPage
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
CLASS = "八年级1班"
SEXES: tuple[Sex, Sex] = ("male", "female")
TIMEOUT_MS = 20_000


class Printing:
    """Somebody at the page of prints."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self._qtbot = window, qtbot
        assert window.work is not None
        window.work.show_page("prints")
        self.wait()
        page = window.work.page()
        assert isinstance(page, PrintsPage)
        self.page = page

    def wait(self) -> None:
        self._qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        # What is laid out anew shows itself with the next round of events.
        QApplication.processEvents()

    def make(self, period: str = "", group: str = CLASS) -> None:
        self.page._group.setCurrentText(group)
        self.page._period.setText(period)
        self.page.make()
        self.wait()

    def said(self) -> str:
        return "\n".join(label.text() for label in self.page.findChildren(QLabel) if label.isVisible())


@pytest.fixture
def archive_path(archive_path: Path) -> Path:
    """The archive with one more class, large enough for a print."""
    today = dt.datetime.now().astimezone().date()
    with Archive.open(archive_path, USER, PASSWORD, CATALOGUE) as archive:
        group = archive.new_id()
        people = [archive.new_id() for _ in range(30)]
        drafts = [Draft.new("group", group, plain(Group(CLASS)))]
        drafts += [
            Draft.new(
                "person",
                one,
                plain(Person(f"周{'甲乙丙丁戊'[at % 5]}{'子丑寅卯辰巳'[at // 5]}", sex=SEXES[at % 2], group=group)),
            )
            for at, one in enumerate(people)
        ]
        archive.save(drafts)
        service = People(archive)
        Screenings(archive, Library.load(), AlertRules.load()).record_all(
            [
                Sheet(service.get(one), "phq-9", today, {str(item): int(at % 3 > 1) for item in range(1, 10)}, "typed")
                for at, one in enumerate(people)
            ]
        )
    return archive_path


@pytest.fixture
def printing(opened: Window, qtbot: QtBot) -> Printing:
    return Printing(opened, qtbot)


def test_every_group_with_people_can_be_chosen(printing: Printing) -> None:
    shown = [printing.page._group.itemText(at) for at in range(printing.page._group.count())]
    assert shown == ["七年级1班", "七年级2班", CLASS]


def test_before_there_is_a_print_nothing_can_be_saved(printing: Printing) -> None:
    buttons = [one for one in printing.page.findChildren(QPushButton) if one.text().endswith("…")]
    assert len(buttons) == 3
    assert not any(one.isEnabled() for one in buttons)


def test_of_too_few_people_there_is_no_print(printing: Printing) -> None:
    printing.make(group="七年级1班")
    assert printing.page._report is None
    assert printing.page.banner.isVisible()


def test_a_print_names_nobody(printing: Printing, tmp_path: Path) -> None:
    printing.make()
    file = tmp_path / "summary.pdf"
    assert printing.page._report is not None
    printing.page.save(file, printing.page._report.pdf)
    printing.wait()
    pages = pages_of(file)
    assert printing.page._document.pageCount() == len(pages)
    assert CLASS in pages[0]
    assert "30" in pages[0]
    assert not any(name in page for page in pages for name in ("周甲子", "周乙子", "周丙丑", "周丁卯"))
    assert str(file) in printing.said()


def test_the_saved_data_is_the_print(printing: Printing, tmp_path: Path) -> None:
    printing.make()
    assert printing.page._report is not None
    file = tmp_path / "summary.json"
    printing.page.save(file, json.dumps(printing.page._report.data).encode())
    printing.wait()
    assert json.loads(file.read_text("utf-8"))["group"] == CLASS


def test_a_place_that_cannot_be_written_is_told(printing: Printing, tmp_path: Path) -> None:
    printing.make()
    printing.page.save(tmp_path / "missing" / "summary.pdf", b"x")
    printing.wait()
    assert "写不了 summary.pdf" in printing.said()


def test_a_period_that_is_none_is_told_and_the_next_one_works(printing: Printing) -> None:
    printing.make("后天")
    assert "后天" in printing.said()
    assert not printing.page._print.isEnabled()
    printing.make()
    assert printing.page._report is not None
    assert "后天" not in printing.said()


def test_the_printer_gets_every_page(printing: Printing, tmp_path: Path) -> None:
    printing.make()
    assert printing.page._report is not None
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    printing.page.print_to(printer, printing.page._report.pdf)
    printing.wait()
    assert "已送往打印机" in printing.said()
    assert len(pypdfium2.PdfDocument(tmp_path / "printed.pdf")) == printing.page._document.pageCount()


def test_without_people_it_says_what_to_do_first(
    make_window: Callable[..., Window], empty_archive: Path, open_window: Callable[[Path], Window], qtbot: QtBot
) -> None:
    printing = Printing(open_window(empty_archive), qtbot)
    printing.make()
    assert "请先导入名单" in printing.said()
