"""A form on paper: every page of it to look at, then into a file or to a printer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QDialog, QFileDialog, QVBoxLayout, QWidget

from app.errors import Problem
from app.reports.service import FILLED_FORM, Paper
from ui.desktop.context import Context
from ui.desktop.papers import choose_printer, print_paper, write_paper
from ui.desktop.widgets.basics import Banner, button, label, row
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (860, 700)


class PaperDialog(QDialog):
    """Shows one form. That it left the program is written down where it names somebody.

    Args:
        context: what pages are given.
        paper: the form.
        parent: the window that it belongs to.
    """

    def __init__(self, context: Context, paper: Paper, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self._paper = paper
        # The title says nothing about whom the form is: it appears in task bars.
        self.setWindowTitle(context.texts("printing.preview"))
        self.banner = Banner()
        self._document = QPdfDocument(self)
        # The document reads from the buffer while pages are drawn, so both live as long as the dialog.
        self._buffer = QBuffer(self)
        self._buffer.setData(QByteArray(paper.pdf))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._document.load(self._buffer)
        view = QPdfView(self)
        view.setPageMode(QPdfView.PageMode.MultiPage)
        view.setZoomMode(QPdfView.ZoomMode.FitToWidth)
        view.setDocument(self._document)
        view.setAccessibleName(self._texts("printing.preview"))
        layout = QVBoxLayout(self)
        margin = context.theme.size("page")
        layout.setContentsMargins(margin, margin, margin, margin - 4)
        layout.addWidget(label(paper.title, "heading", wrap=True))
        layout.addWidget(self.banner)
        layout.addWidget(view, 1)
        printing = button(self._texts("printing.print"), self._choose_printer, "primary")
        printing.setDefault(True)
        saving = button(self._texts("printing.save"), self._choose_file)
        layout.addLayout(row(None, button(self._texts("desktop_people.close"), self.reject), saving, printing))
        give_size(self, *FIRST_SIZE)

    @property
    def pages(self) -> int:
        """How many pages there are to look at."""
        return self._document.pageCount()

    def save(self, file: Path) -> None:
        """Write the form into a file, whole or not at all."""
        pdf = self._paper.pdf
        said = "desktop_instruments.saved_named" if self._paper.person else "printing.saved"
        self._context.tasks.aside(
            self,
            lambda _task: write_paper(file, pdf),
            lambda _: self._out(self._texts(said, file=file)),
            self._fail,
        )

    def print_to(self, printer: QPrinter) -> None:
        """Send all pages to a printer."""
        pdf = self._paper.pdf
        self._context.tasks.aside(
            self,
            lambda _task: print_paper(printer, pdf),
            lambda _: self._out(self._texts("printing.printed")),
            self._fail,
        )

    def _choose_file(self) -> None:
        name = self._paper.title.replace("/", "-") + ".pdf"
        chosen, _ = QFileDialog.getSaveFileName(self, self._texts("printing.save"), name, "*.pdf")
        if chosen:
            self.save(Path(chosen))

    def _choose_printer(self) -> None:
        printer = choose_printer(self)
        if printer:
            self.print_to(printer)

    def _out(self, said: str) -> None:
        """Something left the program: say so, and write it down."""
        self.banner.say(said, "done")
        person = self._paper.person
        if person is not None:
            self._context.tasks.on_archive(
                self, lambda desk: desk.audit.note("printed", about=person, detail=FILLED_FORM), lambda _: None
            )

    def _fail(self, problem: Problem) -> None:
        self.banner.say(self._texts.problem(problem))


def show_empty_form(context: Context, instrument: str, asker: QWidget, banner: Banner) -> None:
    """Make the empty form of an instrument and show it.

    Args:
        context: what pages are given.
        instrument: its id.
        asker: the form is shown over its window, as long as it lives.
        banner: told where there is a problem.
    """
    now = dt.datetime.now().astimezone()
    context.tasks.on_archive(
        asker,
        lambda desk: desk.reports.empty_form(instrument, now),
        lambda paper: _open(context, paper, asker),
        lambda problem: banner.say(context.texts.problem(problem)),
    )


def show_filled_form(context: Context, screening: bytes, asker: QWidget, banner: Banner) -> None:
    """Make a print of somebody's answers and show it; `screening` is their id. Otherwise as `show_empty_form`."""
    now = dt.datetime.now().astimezone()
    context.tasks.on_archive(
        asker,
        lambda desk: desk.reports.filled_form(screening, now),
        lambda paper: _open(context, paper, asker),
        lambda problem: banner.say(context.texts.problem(problem)),
    )


def _open(context: Context, paper: Paper, asker: QWidget) -> None:
    dialog = PaperDialog(context, paper, asker)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
