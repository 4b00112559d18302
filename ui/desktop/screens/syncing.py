"""同步: how things stand, joining the county, meeting the server, meeting a stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QFileDialog, QFrame, QLineEdit, QProgressBar, QVBoxLayout

from app.errors import Problem
from app.texts import Texts
from storage.meeting import Backlog
from sync.engine import Transfer
from sync.files import replace_file
from sync.papers import Admission, Request, UnreadablePaper, armour, unarmour
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.home import HomeElsewhere
from ui.desktop.page import Page
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, label, row, rule, scrolled
from ui.desktop.widgets.status import sync_words
from ui.meetings import county_address, last_meeting, meet_folder, meet_server, note_meeting, require_county

MAX_ADMISSION = 4 * 1024 * 1024


class SyncState(msgspec.Struct, frozen=True):
    """Everything the page shows. `county` is empty before the device has joined one."""

    station: str
    device: str
    county: str
    address: str
    last: int
    now: int
    backlog: Backlog


def read_sync(desk: Desk) -> SyncState:
    """Gather what the page shows."""
    archive = desk.archive
    server = archive.device.server
    return SyncState(
        station=archive.device.names.station,
        device=archive.device.names.device,
        county=server.county_name if server else "",
        address=county_address(archive),
        last=last_meeting(archive),
        now=archive.now(),
        backlog=archive.meeting.backlog(),
    )


class SyncPage(Page):
    """The page. One meeting at a time."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_sync")
        self._meeting: Task | None = None
        self._state = label(role="heading", wrap=True)
        self._details = label(role="muted", wrap=True)
        self._result = Banner()
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.hide()
        self._address = QLineEdit()
        self._address.setPlaceholderText("https://…:8443")
        self._address.setAccessibleName(self.texts("syncing.address"))
        self._address.returnPressed.connect(self._meet_server)
        self._server_button = button(self.texts("syncing.meet_server"), self._meet_server, "primary")
        self._stick_button = button(self.texts("syncing.meet_stick"), self._meet_stick)
        self._joined = self._meeting_card()
        self._not_joined = self._joining_card()
        layout = QVBoxLayout()
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        for part in (self._state_card(), self._not_joined, self._joined):
            layout.addWidget(part)
        layout.addStretch(1)
        self.body.addWidget(scrolled(layout))

    def refresh(self) -> None:
        """Read anew; what somebody is typing stays."""
        self.context.tasks.on_archive(self, read_sync, self._show)

    # ---- what is shown ----

    def _state_card(self) -> QFrame:
        frame, layout = card()
        for part in (self._state, self._details, self._progress, self._result):
            layout.addWidget(part)
        return frame

    def _joining_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("syncing.join_title"), "heading"))
        layout.addWidget(label(self.texts("syncing.join_about"), "muted", wrap=True))
        for step, do in (("request", self._write_request), ("accept", self._read_admission)):
            text = QVBoxLayout()
            text.setSpacing(2)
            text.addWidget(label(self.texts(f"syncing.{step}"), "strong"))
            text.addWidget(label(self.texts(f"syncing.{step}_about"), "muted", wrap=True))
            line = row(spacing=12)
            line.addLayout(text, 1)
            line.addWidget(button(self.texts(f"syncing.{step}_button"), do))
            layout.addLayout(line)
        return frame

    def _meeting_card(self) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("syncing.server_title"), "heading"))
        layout.addWidget(label(self.texts("syncing.server_about"), "muted", wrap=True))
        layout.addLayout(row(self._address, self._server_button))
        layout.addWidget(rule())
        layout.addWidget(label(self.texts("syncing.stick_title"), "heading"))
        layout.addWidget(label(self.texts("syncing.stick_about"), "muted", wrap=True))
        self._stick_button.setIcon(self.context.theme.icon("stick"))
        layout.addLayout(row(self._stick_button, None))
        return frame

    def _show(self, state: SyncState) -> None:
        joined = bool(state.county)
        self._joined.setVisible(joined)
        self._not_joined.setVisible(not joined)
        waiting = state.backlog.waiting
        self._state.setText(sync_words(self.context, enrolled=joined, last=state.last, now=state.now, waiting=waiting))
        names = {"station": state.station, "device": state.device, "county": state.county}
        details = [self.texts("syncing.member" if joined else "syncing.alone", **names)]
        if state.backlog.locked:
            details.append(self.texts("syncing.locked", count=state.backlog.locked))
        if state.backlog.unreadable:
            details.append(self.texts("syncing.unreadable", count=state.backlog.unreadable))
        self._details.setText("\n".join(details))
        if not self._address.text():
            self._address.setText(state.address)

    # ---- joining ----

    def _write_request(self) -> None:
        name = self.texts("syncing.request_file")
        chosen, _ = QFileDialog.getSaveFileName(self, self.texts("syncing.request"), name, "*.txt")
        if chosen:
            self.write_request(Path(chosen))

    def write_request(self, file: Path) -> None:
        """Write the request to join into a file."""
        self.context.tasks.on_archive(
            self,
            lambda desk: _write(file, armour(desk.archive.device.request(), Request)),
            lambda _: self.banner.say(self.texts("syncing.request_written", file=file), "done"),
        )

    def _read_admission(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.texts("syncing.accept"), "", "*")
        if chosen:
            self.read_admission(Path(chosen))

    def read_admission(self, file: Path) -> None:
        """Take the county's answer in."""
        self.context.tasks.on_archive(self, lambda desk: desk.archive.accept(_admission(file)), self._accepted)

    def _accepted(self, _certificate: object) -> None:
        self.banner.say(self.texts("syncing.accepted"), "done")
        self.context.signals.changed.emit()

    # ---- meeting ----

    def _meet_server(self) -> None:
        url = self._address.text().strip()
        if not url:
            self.banner.say(self.texts("syncing.no_address"))
            self._address.setFocus()
            return
        self.meet_server(url)

    def meet_server(self, url: str) -> None:
        """Meet the county server."""
        tasks = self.context.tasks

        def operation(task: Task) -> Transfer:
            server, signer = tasks.ask_archive(lambda desk: (require_county(desk.archive), desk.archive.device.signer))
            transfer = meet_server(HomeElsewhere(tasks), url, server, signer, task.progressed.emit)
            tasks.ask_archive(lambda desk: note_meeting(desk.archive, url))
            return transfer

        self._meet(operation)

    def _meet_stick(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.texts("syncing.choose_stick"))
        if chosen:
            self.meet_stick(Path(chosen))

    def meet_stick(self, folder: Path) -> None:
        """Meet a stick or a shared folder."""
        tasks = self.context.tasks

        def operation(task: Task) -> Transfer:
            tasks.ask_archive(lambda desk: require_county(desk.archive))
            return meet_folder(HomeElsewhere(tasks), folder, task.progressed.emit)

        self._meet(operation)

    def _meet(self, operation: Callable[[Task], Transfer]) -> None:
        if self._meeting is not None and not self._meeting.done:
            return
        self.banner.clear()
        self._result.clear()
        self._busy(busy=True)
        self._meeting = self.context.tasks.aside(self, operation, self._met, self._failed)
        self._meeting.progressed.connect(self._show_progress)

    def _show_progress(self, done: int, total: int) -> None:
        self._progress.setRange(0, total)
        self._progress.setValue(done)

    def _met(self, transfer: Transfer) -> None:
        self._busy(busy=False)
        words = "\n".join(transfer_words(self.texts, transfer))
        self._result.say(words, "warning" if transfer.refused else "done")
        self.context.signals.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self._busy(busy=False)
        self.banner.say(self.texts.problem(problem))
        # What had moved before the line was cut is safe, and counts.
        self.context.signals.changed.emit()

    def _busy(self, *, busy: bool) -> None:
        self._progress.setRange(0, 0)
        self._progress.setVisible(busy)
        self._server_button.setEnabled(not busy)
        self._stick_button.setEnabled(not busy)


def transfer_words(texts: Texts, transfer: Transfer) -> list[str]:
    """What came of a meeting, in words: what moved, then what was refused and why."""
    moved = transfer.sent or transfer.received
    first = texts("syncing.moved", sent=transfer.sent, received=transfer.received) if moved else texts("syncing.equal")
    refused = [
        texts("syncing.refused", device=one.stream[:4].hex(), segment=one.seq, reason=texts(one.reason))
        for one in transfer.refused
    ]
    return [first, *refused]


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
