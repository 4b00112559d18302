"""PDFs that leave the program: into a file, or to a printer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QWidget

from app.errors import Problem
from sync.files import replace_file

SHEET_DPI = 300


def choose_printer(parent: QWidget) -> QPrinter | None:
    """Ask which printer; None where somebody thinks better of it."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setResolution(SHEET_DPI)
    printer.setFullPage(True)
    printer.setPageMargins(QMarginsF(0, 0, 0, 0))
    dialog = QPrintDialog(printer, parent)
    return printer if dialog.exec() == QDialog.DialogCode.Accepted else None


def write_paper(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises Problem."""
    try:
        replace_file(file, data)
    except OSError as error:
        raise Problem("printing.cannot_write", file=file.name) from error


def print_paper(printer: QPrinter, pdf: bytes) -> None:
    """Paint every page as a picture: printers and their drivers differ least in that. Raises Problem."""
    buffer = QBuffer()
    buffer.setData(QByteArray(pdf))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    document = QPdfDocument()
    document.load(buffer)
    painter = QPainter()
    if not painter.begin(printer):
        raise Problem("printing.printer_failed")
    try:
        for page in range(document.pageCount()):
            if page:
                printer.newPage()
            area = painter.viewport()
            painter.drawImage(area, document.render(page, QSize(area.width(), area.height())))
    finally:
        painter.end()
