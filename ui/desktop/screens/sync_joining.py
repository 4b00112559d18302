"""Joining the county: the request goes out and the answer comes in, as files or as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QVBoxLayout

from app.errors import Problem
from storage.device import Device
from sync.files import replace_file
from sync.papers import Admission, Request, UnreadablePaper, armour, unarmour
from ui.desktop.context import Context
from ui.desktop.widgets.basics import button, card, label, row

MAX_ADMISSION = 4 * 1024 * 1024


class JoiningCard(QFrame):
    """The two steps.

    Signals:
        told: a sentence about what was done.
        joined: the answer was taken in.
    """

    told = Signal(str)
    joined = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.texts = context.texts
        frame, layout = card()
        layout.addWidget(label(self.texts("syncing.join_title"), "heading"))
        layout.addWidget(label(self.texts("syncing.join_about"), "muted", wrap=True))
        for step, ways in (
            ("request", (("request_button", self._choose_request_file), ("request_copy", self.copy_request))),
            ("accept", (("accept_button", self._choose_admission_file), ("accept_paste", self.paste_admission))),
        ):
            text = QVBoxLayout()
            text.setSpacing(2)
            text.addWidget(label(self.texts(f"syncing.{step}"), "strong"))
            text.addWidget(label(self.texts(f"syncing.{step}_about"), "muted", wrap=True))
            line = row(spacing=12)
            line.addLayout(text, 1)
            for name, do in ways:
                line.addWidget(button(self.texts(f"syncing.{name}"), do))
            layout.addLayout(line)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)

    # ---- the request ----

    def _choose_request_file(self) -> None:
        name = self.texts("syncing.request_file")
        chosen, _ = QFileDialog.getSaveFileName(self, self.texts("syncing.request"), name, "*.txt")
        if chosen:
            self.write_request(Path(chosen))

    def write_request(self, file: Path) -> None:
        """Write the request to join into a file."""

        def written(text: str) -> None:
            self._context.tasks.aside(
                self,
                lambda _task: _write(file, text),
                lambda _: self.told.emit(self.texts("syncing.request_written", file=file)),
            )

        self._request(written)

    def copy_request(self) -> None:
        """Put the request to join into the clipboard."""

        def copied(text: str) -> None:
            QApplication.clipboard().setText(text)
            self.told.emit(self.texts("syncing.request_copied"))

        self._request(copied)

    def _request(self, use: Callable[[str], None]) -> None:
        self._context.tasks.on_archive(self, lambda desk: request_text(desk.archive.device), use)

    # ---- the answer ----

    def _choose_admission_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.texts("syncing.accept"), "", "*")
        if chosen:
            self.read_admission(Path(chosen))

    def read_admission(self, file: Path) -> None:
        """Take the county's answer in, from a file."""
        self._context.tasks.aside(self, lambda _task: _admission(file), self._accept)

    def paste_admission(self) -> None:
        """Take the county's answer in, from the clipboard."""
        text = QApplication.clipboard().text()
        self._context.tasks.aside(self, lambda _task: _pasted(text), self._accept)

    def _accept(self, admission: bytes) -> None:
        self._context.tasks.on_archive(self, lambda desk: desk.archive.accept(admission), self._accepted)

    def _accepted(self, _certificate: object) -> None:
        self.told.emit(self.texts("syncing.accepted"))
        self.joined.emit()


def request_text(device: Device) -> str:
    """The request of a device as text."""
    return armour(device.request(), Request)


def _write(file: Path, text: str) -> None:
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise Problem("syncing.cannot_write", file=file.name) from error


def _admission(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_ADMISSION:
            raise Problem("enrol.not_an_admission")
        return unarmour(file.read_text("utf-8-sig"), Admission)
    except (OSError, UnicodeDecodeError, UnreadablePaper) as error:
        raise Problem("enrol.not_an_admission") from error


def _pasted(text: str) -> bytes:
    try:
        if len(text) > MAX_ADMISSION:
            raise Problem("syncing.not_text")
        return unarmour(text, Admission)
    except UnreadablePaper as error:
        raise Problem("syncing.not_text") from error
