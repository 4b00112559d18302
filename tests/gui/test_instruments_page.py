"""量表: found, read, and printed on paper; and what somebody answered, printed for the file."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView
from pytestqt.qtbot import QtBot

from app.instruments.library import Library
from tests.printed import bare, text_of
from tests.unit.app.instruments.example import raw
from ui.desktop.desk import Desk
from ui.desktop.models.instruments import COLUMNS
from ui.desktop.screens.instruments import InstrumentsPage
from ui.desktop.screens.paper_dialog import PaperDialog, show_filled_form
from ui.desktop.window import Window

TIMEOUT_MS = 20_000


class Reader:
    """Somebody at the page of instruments."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        assert window.work is not None
        self.window, self.qtbot = window, qtbot
        window.work.show_page("instruments")
        self.wait()
        page = window.work.page()
        assert isinstance(page, InstrumentsPage)
        self.page = page
        self.table = page.findChildren(QTableView)[0]

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()  # what was put on the page is shown with the next events

    def listed(self) -> list[str]:
        model = self.table.model()
        return [model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount())]

    def open(self, instrument: str) -> None:
        self.page._filter.setText("")
        self.table.selectRow(self.listed().index(instrument))
        self.wait()

    def said(self) -> str:
        return "\n".join(one.text() for one in self.page.findChildren(QLabel) if one.isVisible())

    def click(self, text: str) -> None:
        (found,) = [one for one in self.page.findChildren(QPushButton) if one.text() == text and one.isVisible()]
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.wait()

    def dialog(self) -> PaperDialog:
        (found,) = [one for one in self.window.findChildren(PaperDialog) if one.isVisible()]
        return found


@pytest.fixture
def reader(opened: Window, qtbot: QtBot) -> Reader:
    return Reader(opened, qtbot)


def test_every_instrument_is_listed_with_whether_its_wording_is_here(reader: Reader) -> None:
    library = Library.load()
    assert reader.listed() == list(library.ids())
    model = reader.table.model()
    row = reader.listed().index("scl-90")
    cells = dict(zip(COLUMNS, [model.index(row, column).data() for column in range(len(COLUMNS))], strict=True))
    assert cells["short"] == "SCL-90"
    assert cells["items"] == "90"
    assert cells["wording"] == "仅计分"
    assert cells["licence"] == library.get("scl-90").copyright.statement


@pytest.mark.parametrize(
    ("typed", "found"),
    [("phq", "phq-9"), ("老年", "gds-15"), ("心理行为发育", "child-warning-signs"), ("Well-Being", "who-5")],
)
def test_it_is_found_by_any_of_its_names_and_by_whom_it_is_for(reader: Reader, typed: str, found: str) -> None:
    everything = len(reader.listed())
    reader.page._filter.setText(typed)
    assert found in reader.listed()
    assert len(reader.listed()) < everything


def test_what_is_not_there_is_said_and_escape_shows_all_again(reader: Reader) -> None:
    everything = reader.listed()
    reader.page._filter.setText("没有这种量表")
    assert reader.listed() == []
    assert "没有找到" in reader.said()
    reader.qtbot.keyClick(reader.page._filter, Qt.Key.Key_Escape)
    assert reader.listed() == everything


def test_the_keyboard_leads_from_the_search_to_the_first_found(reader: Reader) -> None:
    reader.page._filter.setText("phq-9")
    reader.qtbot.keyClick(reader.page._filter, Qt.Key.Key_Return)
    reader.wait()
    assert reader.page._view.instrument == "phq-9"
    assert reader.table.hasFocus()


def test_the_page_of_one_tells_what_whom_how_bands_and_licence(reader: Reader) -> None:
    definition = Library.load().get("phq-9")
    reader.open("phq-9")
    said = reader.said()
    for words in (
        "9项患者健康问卷",
        definition.population["zh-CN"],
        "20–27　重度",
        "10 或更高为筛查阳性，不是诊断。",
        "Kroenke",
        definition.copyright.owner,
        definition.copyright.statement,
        definition.copyright.evidence,
        "最近有没有想过结束自己的生命？",
    ):
        assert words in said


def test_the_items_are_shown_when_they_are_asked_for(reader: Reader) -> None:
    reader.open("phq-9")
    assert "做事时提不起劲或没有兴趣" not in reader.said()
    reader.click("看题目（10）")
    assert "做事时提不起劲或没有兴趣" in reader.said()


def test_of_a_structure_no_word_of_the_items_is_shown(reader: Reader) -> None:
    reader.open("scl-90")
    reader.click("看题目（90）")
    assert "只有题号和计分" in reader.said()
    assert "90. " in reader.said()


def test_an_empty_form_is_looked_at_and_saved_and_names_nobody(reader: Reader, tmp_path: Path) -> None:
    reader.open("gad-7")
    reader.click("打印空白表")
    dialog = reader.dialog()
    assert dialog.pages == 1
    dialog.save(tmp_path / "gad-7.pdf")
    reader.wait()
    assert "示范中学" in text_of(tmp_path / "gad-7.pdf")
    assert dialog.banner.isVisible()
    assert printed(reader) == []
    dialog.save(tmp_path / "missing" / "gad-7.pdf")
    reader.wait()
    assert "写不了" in dialog.banner.text()


def printed(reader: Reader) -> list[tuple[bytes | None, str]]:
    """What the access log says was printed."""
    found: list[list[tuple[bytes | None, str]]] = []

    def ask(desk: Desk) -> list[tuple[bytes | None, str]]:
        records = desk.archive.whole.find("access", {})
        return [(one.fields.get("about"), one.fields["detail"]) for one in records if one.fields["kind"] == "printed"]

    reader.window.tasks.on_archive(reader.window, ask, found.append)
    reader.wait()
    return found[0]


def test_a_filled_form_that_leaves_the_program_is_written_down(reader: Reader, tmp_path: Path) -> None:
    wanted: list[tuple[bytes, bytes]] = []

    def newest(desk: Desk) -> tuple[bytes, bytes]:
        person = desk.people.find("张三丰")[0]
        return person.id, desk.screenings.of_person(person.id)[0].id

    reader.window.tasks.on_archive(reader.window, newest, wanted.append)
    reader.wait()
    ((person, screening),) = wanted
    show_filled_form(reader.page.context, screening, reader.page, reader.page.banner)
    reader.wait()
    dialog = reader.dialog()
    assert printed(reader) == [], "looking at it is no print"
    dialog.save(tmp_path / "filled.pdf")
    reader.wait()
    assert "张三丰" in bare(text_of(tmp_path / "filled.pdf"))
    assert "打印后请删除" in dialog.banner.text()
    assert printed(reader) == [(person, "filled-form")]
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printer.pdf"))
    dialog.print_to(printer)
    reader.wait()
    assert printed(reader) == [(person, "filled-form")] * 2


def test_answers_that_are_gone_are_told_on_the_page(reader: Reader) -> None:
    show_filled_form(reader.page.context, b"\0" * 16, reader.page, reader.page.banner)
    reader.wait()
    assert "没有这份答卷" in reader.page.banner.text()


def test_an_administrator_brings_in_a_definition_of_the_stations_own(reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_bytes(raw())
    assert "导入定义…" in [one.text() for one in reader.page.findChildren(QPushButton) if one.isVisible()]
    reader.page.bring_in(file)
    reader.wait()
    assert "example" in reader.listed()
    assert "1.0.0" in reader.page.banner.text()
    reader.page.bring_in(file)
    reader.wait()
    assert "没有导入" in reader.page.banner.text(), "a second time it is not newer"


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe\x00", None])
def test_what_is_no_definition_is_refused_in_words(reader: Reader, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "own.json"
    if content is not None:
        file.write_bytes(content)
    before = reader.listed()
    reader.page.bring_in(file)
    reader.wait()
    assert "没有导入" in reader.page.banner.text()
    assert reader.listed() == before
