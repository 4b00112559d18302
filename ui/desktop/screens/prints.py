"""打印: choose a report, look at every page, then save or print it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QStackedWidget, QWidget

from app.errors import Problem
from app.records import Group, Kept
from app.reports.catalogue import REPORTS
from app.reports.service import Report
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.page import Page
from ui.desktop.papers import choose_printer, print_paper, write_paper
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import button, card, label, row, rule

FORM_WIDTH = 280


class PrintsPage(Page):
    """The page: what to print on the left, the print itself on the right."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_prints")
        self._report: Report | None = None
        self._making: Task | None = None
        self._kind = QComboBox()
        for name in REPORTS:
            self._kind.addItem(self.texts(f"report.{name.replace('-', '_')}"), name)
        self._group = QComboBox()
        self._period = QLineEdit()
        self._period.setPlaceholderText(self.texts("printing.period_hint"))
        self._make = button(self.texts("printing.make"), self.make, "primary")
        self._period.returnPressed.connect(self.make)
        self._save = button(self.texts("printing.save"), self._choose_file)
        self._save_data = button(self.texts("printing.save_data"), self._choose_data_file)
        self._print = button(self.texts("printing.print"), self._choose_printer)
        for made in (self._save, self._save_data, self._print):
            self.tools.addWidget(made)
        self._document = QPdfDocument(self)
        self._view = QPdfView(self)
        self._view.setPageMode(QPdfView.PageMode.MultiPage)
        self._view.setZoomMode(QPdfView.ZoomMode.FitToWidth)
        self._view.setDocument(self._document)
        self._view.setAccessibleName(self.texts("printing.preview"))
        self._hint = label(self.texts("printing.hint"), "muted", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._right = QStackedWidget()
        self._right.addWidget(self._hint)
        self._right.addWidget(self._view)
        line = row(self._form(), spacing=context.theme.size("gap"))
        line.addWidget(self._right, 1)
        self.body.addLayout(line, 1)
        self._show_tools(ready=False)

    def refresh(self) -> None:
        """Read the groups anew; a print that is shown stays."""
        self.context.tasks.on_archive(self, read_groups, self._show_groups)

    def _form(self) -> QWidget:
        frame, layout = card()
        frame.setFixedWidth(FORM_WIDTH)
        fields: tuple[tuple[str, QWidget], ...] = (
            ("printing.report", self._kind),
            ("printing.group", self._group),
            ("printing.period", self._period),
        )
        for key, field in fields:
            field.setAccessibleName(self.texts(key))
            layout.addWidget(label(self.texts(key), "muted"))
            layout.addWidget(field)
        layout.addWidget(label(self.texts("printing.period_about"), "small", wrap=True))
        layout.addWidget(self._make)
        layout.addWidget(rule())
        layout.addWidget(label(self.texts("printing.privacy"), "small", wrap=True))
        layout.addStretch(1)
        return frame

    def _show_groups(self, groups: list[Kept[Group]]) -> None:
        names = [group.fields.name for group in groups]
        if names == [self._group.itemText(number) for number in range(self._group.count())]:
            return
        chosen = self._group.currentText()
        self._group.clear()
        self._group.addItems(names)
        self._group.setCurrentIndex(max(0, self._group.findText(chosen)))

    # ---- making ----

    def make(self) -> None:
        """Make the chosen print and show it."""
        name, group, period = self._kind.currentData(), self._group.currentText(), self._period.text().strip() or None
        if not group:
            self.banner.say(self.texts("printing.no_group"))
            return
        now = dt.datetime.now().astimezone()
        if self._making is not None:
            self._making.cancel()
        self.banner.clear()
        self._make.setEnabled(False)
        self._make.setText(self.texts("printing.making"))
        self._making = self.context.tasks.on_archive(
            self, lambda desk: desk.reports.make(name, group, period, now), self._made, self._failed
        )

    def _made(self, report: Report) -> None:
        self._ready()
        self._report = report
        # The document reads from the buffer while pages are drawn, so both live as long as this page shows them.
        self._buffer = QBuffer(self)
        self._buffer.setData(QByteArray(report.pdf))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._document.load(self._buffer)
        self._right.setCurrentWidget(self._view)
        self._show_tools(ready=True)
        if report.left_out:
            titles = self.texts("words.separator").join(map(self.context.words.instrument, report.left_out))
            self.banner.say(self.texts("printing.left_out", instruments=titles), "notice")

    def _failed(self, problem: Problem) -> None:
        self._ready()
        self.banner.say(self.texts.problem(problem))

    def _ready(self) -> None:
        self._make.setEnabled(True)
        self._make.setText(self.texts("printing.make"))

    def _show_tools(self, *, ready: bool) -> None:
        for made in (self._save, self._save_data, self._print):
            made.setEnabled(ready)

    # ---- saving ----

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, self.texts("printing.save"), self._file_name(".pdf"), "*.pdf")
        if chosen and self._report:
            self.save(Path(chosen), self._report.pdf)

    def _choose_data_file(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, self.texts("printing.save_data"), self._file_name(".json"), "*.json"
        )
        if chosen and self._report:
            self.save(Path(chosen), msgspec.json.format(msgspec.json.encode(self._report.data)))

    def _file_name(self, ending: str) -> str:
        return (self._report.title if self._report else "").replace("/", "-") + ending

    def save(self, file: Path, data: bytes) -> None:
        """Write a file, whole or not at all."""
        self.context.tasks.aside(
            self,
            lambda _task: write_paper(file, data),
            lambda _: self._out(self.texts("printing.saved", file=file)),
        )

    def _out(self, said: str) -> None:
        """Something left the program: say so, and write it down."""
        self.banner.say(said, "done")
        name = self._kind.currentData()
        self.context.tasks.on_archive(self, lambda desk: desk.audit.note("printed", detail=name), lambda _: None)

    # ---- printing ----

    def _choose_printer(self) -> None:
        printer = choose_printer(self)
        if printer and self._report:
            self.print_to(printer, self._report.pdf)

    def print_to(self, printer: QPrinter, pdf: bytes) -> None:
        """Send all pages to a printer."""
        self.context.tasks.aside(
            self,
            lambda _task: print_paper(printer, pdf),
            lambda _: self._out(self.texts("printing.printed")),
        )


def read_groups(desk: Desk) -> list[Kept[Group]]:
    """Groups that have people, by name."""
    sizes = desk.people.group_sizes()
    return sorted((group for group in desk.people.groups() if sizes.get(group.id)), key=lambda one: one.fields.name)
