"""Parts of the page of sync: what was not taken, syncing by itself, and the meetings that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QVBoxLayout

from app.opportunities import METERED, Metered, choose_metered
from storage.fates import Refused
from ui.desktop.context import Context
from ui.desktop.models.meetings import RESULT_COLUMN, MeetingsModel, place_words, refused_words
from ui.desktop.widgets.basics import card, clear, label, row
from ui.desktop.widgets.tables import table
from ui.meetings import Met

ROWS = 7
"""Meetings that are seen at once."""

SCROLL_ROOM = 18
"""For the bar with which a narrow table scrolls."""

SHOWN = 6
"""Refusals that are told one by one; more of them have the same reason."""


class RefusedCard(QFrame):
    """What was not taken, why, and what to do. Not there where there is nothing."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        frame, layout = card()
        layout.addWidget(label(context.texts("syncing.refused_title"), "heading"))
        self._lines = QVBoxLayout()
        self._lines.setSpacing(context.theme.size("gap"))
        layout.addLayout(self._lines)
        _only(self, frame)
        self.hide()

    def show_refused(self, refused: Sequence[Refused], devices: Mapping[bytes, str]) -> None:
        """Show these, the last first."""
        clear(self._lines)
        texts, words = self._context.texts, self._context.words
        for one in refused[:SHOWN]:
            what, todo = refused_words(texts, one, devices)
            when = texts(
                "syncing.refused_when", when=words.moment(one.at), place=place_words(texts, one.kind, one.place)
            )
            lines = QVBoxLayout()
            lines.setSpacing(2)
            for text, role in ((what, "strong"), (todo, ""), (when, "small")):
                lines.addWidget(label(text, role, wrap=True))
            self._lines.addLayout(lines)
        self.setVisible(bool(refused))


class SelfSyncCard(QFrame):
    """How syncing by itself stands, and what it may cost."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        texts = context.texts
        frame, layout = card()
        layout.addWidget(label(texts("syncing.settings_title"), "heading"))
        layout.addWidget(label(texts("syncing.settings_about"), "muted", wrap=True))
        self._stands = label(wrap=True)
        layout.addWidget(self._stands)
        self.choice = QComboBox()
        for one in METERED:
            self.choice.addItem(texts(f"syncing.metered_{one}"), one)
        self.choice.setAccessibleName(texts("syncing.metered"))
        self.choice.activated.connect(lambda _index: self._choose(self.choice.currentData()))
        layout.addWidget(label(texts("syncing.metered"), "strong", wrap=True))
        layout.addLayout(row(self.choice, None))
        layout.addWidget(label(texts("syncing.metered_about"), "small", wrap=True))
        _only(self, frame)
        context.self_sync.changed.connect(self.show_standing)
        context.meetings.changed.connect(self.show_standing)

    def show_choice(self, metered: Metered) -> None:
        """Show what is chosen, unless somebody is choosing."""
        if not self.choice.view().isVisible():
            self.choice.setCurrentIndex(METERED.index(metered))

    def show_standing(self) -> None:
        """Say how it stands."""
        texts, self_sync, running = self._context.texts, self._context.self_sync, self._context.meetings.running
        if running is not None and running.by_itself:
            self._stands.setText(texts("syncing.auto_running"))
            return
        standing = self_sync.standing
        is_offline = standing == "failing" and self_sync.network.is_away
        word = "offline" if is_offline else "ready" if standing == "off" else standing
        problem = self_sync.problem
        reason = texts.problem(problem) if problem is not None else ""
        self._stands.setText(texts(f"syncing.auto_{word}", minutes=self_sync.minutes, reason=reason))

    def _choose(self, metered: Metered) -> None:
        self._context.tasks.on_archive(
            self,
            lambda desk: choose_metered(desk.archive, metered),
            lambda _: self._context.self_sync.cleared(),
        )


class HistoryCard(QFrame):
    """The meetings that were."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        frame, layout = card()
        title = context.texts("syncing.history_title")
        layout.addWidget(label(title, "heading"))
        self._none = label(context.texts("syncing.history_empty"), "muted")
        layout.addWidget(self._none)
        self.model = MeetingsModel(context.texts)
        self._table = table(self.model, context.theme, title, stretch=RESULT_COLUMN)
        self._table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._table.horizontalHeader().setDefaultAlignment(label().alignment())
        layout.addWidget(self._table)
        _only(self, frame)

    def show_history(self, met: list[Met]) -> None:
        """Show these, the last first."""
        self.model.show(met)
        self._none.setVisible(not met)
        self._table.setVisible(bool(met))
        rows = min(len(met), ROWS)
        self._table.setFixedHeight((rows + 1) * self._context.theme.size("row") + SCROLL_ROOM)


def _only(outer: QFrame, inner: QFrame) -> None:
    layout = QVBoxLayout(outer)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(inner)
