"""同步: how things stand, what waits, joining the county, meeting its server, a stick or a computer nearby."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFrame, QLineEdit, QProgressBar, QVBoxLayout

from ui.desktop.context import Context
from ui.desktop.meetings import Outcome
from ui.desktop.models.meetings import SyncState, read_sync, transfer_words, waiting_words
from ui.desktop.page import Page
from ui.desktop.screens.neighbour_dialog import NeighbourDialog
from ui.desktop.screens.sync_joining import JoiningCard
from ui.desktop.screens.sync_parts import HistoryCard, RefusedCard, SelfSyncCard
from ui.desktop.screens.sync_ways import WaysCard
from ui.desktop.widgets.basics import Banner, button, card, label, row, rule, scrolled
from ui.desktop.widgets.status import sync_words


class SyncPage(Page):
    """The page. One meeting at a time, whoever began it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_sync")
        self.joining = JoiningCard(context)
        self.ways = WaysCard(context)
        self._refused = RefusedCard(context)
        self._self_sync = SelfSyncCard(context)
        self._history = HistoryCard(context)
        self._joined = [self.ways, self._self_sync, self._history]
        layout = QVBoxLayout()
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(context.theme.size("gap"))
        for part in (self._state_card(), self._refused, self.joining, *self._joined):
            layout.addWidget(part)
        layout.addStretch(1)
        self.body.addWidget(scrolled(layout))
        self.joining.told.connect(lambda text: self.banner.say(text, "done"))
        self.joining.joined.connect(context.signals.changed.emit)
        self.ways.stick_wanted.connect(self.meet_stick)
        self.ways.neighbour_wanted.connect(self.meet_neighbour)
        context.meetings.changed.connect(self._show_running)
        context.meetings.progressed.connect(self._show_progress)
        context.meetings.ended.connect(self._ended)
        for part in (*self._joined, self._server):
            part.hide()
        self._show_running()

    def refresh(self) -> None:
        """Read anew; what somebody is typing stays."""
        self.context.tasks.on_archive(self, read_sync, self._show)

    # ---- what is shown ----

    def _state_card(self) -> QFrame:
        frame, layout = card()
        self._state = label(role="heading", wrap=True)
        self._details = label(role="muted", wrap=True)
        self._waiting = label(wrap=True)
        self._result = Banner()
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        for part in (self._state, self._details, self._waiting, self._progress, self._result):
            layout.addWidget(part)
        layout.addWidget(self._server_part())
        return frame

    def _server_part(self) -> QFrame:
        self._server = QFrame()
        self._server.setProperty("role", "plain")
        layout = QVBoxLayout(self._server)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(rule())
        layout.addWidget(label(self.texts("syncing.server_title"), "strong"))
        layout.addWidget(label(self.texts("syncing.server_about"), "muted", wrap=True))
        self._address = QLineEdit()
        self._address.setPlaceholderText("https://…:8443")
        self._address.setAccessibleName(self.texts("syncing.address"))
        self._address.returnPressed.connect(self._meet_server)
        self._server_button = button(self.texts("syncing.meet_server"), self._meet_server, "primary")
        self._stop = button(self.texts("syncing.stop"), self.context.meetings.stop)
        layout.addLayout(row(self._address, self._server_button, self._stop))
        return self._server

    def _show(self, state: SyncState) -> None:
        joined = bool(state.county)
        for part in (*self._joined, self._server):
            part.setVisible(joined)
        self.joining.setVisible(not joined)
        self._waiting.setVisible(joined)
        count = state.backlog.waiting
        self._state.setText(sync_words(self.context, enrolled=joined, last=state.last, now=state.now, waiting=count))
        names = {"station": state.station, "device": state.device, "county": state.county}
        details = [self.texts("syncing.member" if joined else "syncing.alone", **names)]
        if state.backlog.locked:
            details.append(self.texts("syncing.locked", count=state.backlog.locked))
        if state.backlog.unreadable:
            details.append(self.texts("syncing.unreadable", count=state.backlog.unreadable))
        if state.backlog.apart:
            details.append(self.texts("syncing.apart", count=state.backlog.apart))
        if state.backlog.revoked:
            details.append(self.texts("syncing.revoked"))
        self._details.setText("\n".join(details))
        self._waiting.setText(waiting_words(self.texts, self.context.words, state.waiting, state.now))
        if not self._address.text():
            self._address.setText(state.address)
        self._refused.show_refused(state.refused, state.devices)
        self._self_sync.show_choice(state.metered)
        self._self_sync.show_standing()
        self._history.show_history(state.history)

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
        self._clear()
        self.context.meetings.meet_server(url)

    def meet_stick(self, folder: Path, name: str = "") -> None:
        """Meet a stick or a shared folder, by what people call it."""
        self._clear()
        self.context.meetings.meet_stick(folder, name or folder.name)

    def meet_neighbour(self) -> NeighbourDialog:
        """Open the dialog for meeting a computer nearby."""
        self._clear()
        dialog = NeighbourDialog(self.context, self)
        dialog.open()
        return dialog

    def _clear(self) -> None:
        self.banner.clear()
        self._result.clear()

    def _show_running(self) -> None:
        running = self.context.meetings.running
        by_hand = running is not None and not running.by_itself
        self._progress.setRange(0, 0)
        self._progress.setVisible(by_hand)
        self._stop.setVisible(by_hand)
        self._server_button.setEnabled(not by_hand)
        self.ways.let(enabled=not by_hand)

    def _show_progress(self, done: int, total: int) -> None:
        self._progress.setRange(0, total)
        self._progress.setValue(done)

    def _ended(self, outcome: Outcome) -> None:
        """Say what came of it, where somebody here is waiting to hear it."""
        self.refresh()
        # A neighbour's dialog says it itself.
        if outcome.company.by_itself or outcome.place.kind == "neighbour":
            return
        if outcome.problem is not None:
            self.banner.say(self.texts.problem(outcome.problem))
        elif outcome.transfer is not None:
            words = transfer_words(self.texts, outcome.transfer)
            self._result.say(words, "warning" if outcome.transfer.refused else "done")
