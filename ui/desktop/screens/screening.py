"""筛查: the rounds and how far they have come; from here answers are typed in or imported."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QFrame, QHeaderView, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from app.records import Campaign, Kept
from ui.desktop.context import Context
from ui.desktop.models.screening import (
    ProgressModel,
    RoundsData,
    RoundsModel,
    phase,
    phase_kind,
    read_rounds,
    short_title,
)
from ui.desktop.page import Page
from ui.desktop.screens.entry import EntryView
from ui.desktop.screens.importing import open_answers_import
from ui.desktop.screens.round_form import RoundForm
from ui.desktop.tasks import Task
from ui.desktop.widgets.basics import Banner, button, card, chip, clear, label, row
from ui.desktop.widgets.halves import Halves
from ui.desktop.widgets.tables import table

LIST_WIDTH = 270
SIDE_BY_SIDE = 640
HEIGHTS = (130, 380)
SHARED_BARS = 4


class ScreeningPage(Page):
    """The rounds, or the answer sheets of one class."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_screening")
        self._data: RoundsData | None = None
        self._chosen: bytes | None = None
        self._task: Task | None = None
        self._new = button(self.texts("desktop_screening.new_round"), self._new_round)
        self._new.setIcon(context.theme.icon("add"))
        self._import = button(
            self.texts("desktop_screening.import_answers"), lambda: open_answers_import(context, self)
        )
        self._import.setIcon(context.theme.icon("import"))
        self.tools.addWidget(self._import)
        self.tools.addWidget(self._new)
        self._rounds = RoundsView(context)
        self._rounds.round_chosen.connect(self._choose)
        self._rounds.entry_wanted.connect(self._open_entry)
        self.entry = EntryView(context)
        self.entry.back_wanted.connect(self._close_entry)
        self.tools.addWidget(self.entry.bar)
        self._empty = QWidget()
        self._empty_layout = QVBoxLayout(self._empty)
        self._empty_layout.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedWidget()
        for view in (self._rounds, self.entry, self._empty):
            self._stack.addWidget(view)
        self._stack.setCurrentWidget(self._empty)
        self.body.addWidget(self._stack, 1)
        self._show_tools()

    def refresh(self) -> None:
        """Read anew what is shown; what is being typed stays."""
        if self._stack.currentWidget() is self.entry:
            self.entry.refresh()
            return
        if self._task is not None:
            self._task.cancel()
        chosen = self._chosen
        self._task = self.context.tasks.on_archive(self, lambda desk: read_rounds(desk, chosen), self._show)

    def unfinished(self) -> Any:
        """Sheets that were typed and not saved, and a new round that is being made."""
        sheets, new = self.entry.unfinished(), self.unfinished_form()
        return {"sheets": sheets, "round": new} if sheets or new else None

    def take_back(self, unfinished: Any) -> None:
        """Put typed sheets back; the list of rounds says where they wait. Go on with a new round."""
        self.entry.take_back(unfinished["sheets"])
        new = unfinished["round"]
        if new:
            self.context.tasks.on_archive(
                self, lambda desk: read_rounds(desk, None), lambda data: self._open_round_form(data, new)
            )

    def _show(self, data: RoundsData) -> None:
        self._data = data
        if self._stack.currentWidget() is self.entry:
            return
        if data.chosen and data.progress:
            self._rounds.show_rounds(data, self.entry.unsaved())
            self._stack.setCurrentWidget(self._rounds)
        else:
            self._show_empty("no_round" if data.groups else "nobody")
        self._show_tools()

    def _show_empty(self, state: str) -> None:
        """Say what to do where there is nothing yet."""
        clear(self._empty_layout)
        frame, inner = card(margin=24)
        inner.addWidget(label(self.texts(f"desktop_screening.{state}"), "heading"))
        inner.addWidget(label(self.texts(f"desktop_screening.{state}_about"), "muted", wrap=True))
        go = self._new_round if state == "no_round" else lambda: self.context.signals.page_wanted.emit("people")
        inner.addLayout(row(button(self.texts(f"desktop_screening.{state}_go"), go, "primary"), None))
        self._empty_layout.addWidget(frame)
        self._empty_layout.addStretch(1)
        self._stack.setCurrentWidget(self._empty)

    def _show_tools(self) -> None:
        """Show the buttons of the view that is shown; whoever comes to the page has the keyboard in that view."""
        self.setFocusProxy(self._stack.currentWidget())
        at_rounds = self._stack.currentWidget() is self._rounds
        self.entry.bar.setVisible(self._stack.currentWidget() is self.entry)
        self._new.setVisible(at_rounds)
        self._import.setVisible(at_rounds)

    # ---- what to do ----

    def _choose(self, campaign: bytes) -> None:
        self._chosen = campaign
        self.refresh()

    def _new_round(self) -> None:
        if self._data is not None:
            self._open_round_form(self._data)

    def _open_round_form(self, data: RoundsData, chosen: Any = None) -> None:
        form = RoundForm(self.context, data, self, chosen)
        form.saved.connect(self._started)
        self.open_form(form)

    def _started(self, campaign: bytes) -> None:
        self._chosen = campaign
        self.context.signals.told.emit(self.texts("desktop_screening.round_started"))
        self.context.signals.changed.emit()

    def _open_entry(self, group: bytes, instrument: str) -> None:
        if self._data is None or self._data.chosen is None:
            return
        self._stack.setCurrentWidget(self.entry)
        self._show_tools()
        self.entry.open(self._data.chosen, self._data.groups, (group, instrument), self._data.today)

    def _close_entry(self) -> None:
        self._stack.setCurrentWidget(self._rounds)
        self._show_tools()
        self.refresh()


class RoundsView(QWidget):
    """The list of rounds and one of them.

    Signals:
        round_chosen: another round shall be shown, by id.
        entry_wanted: answers of a class to an instrument shall be typed in.
    """

    round_chosen = Signal(bytes)
    entry_wanted = Signal(bytes, str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._texts = context.texts
        self._shown: bytes | None = None
        self._model = RoundsModel(self._texts)
        self._list = table(self._model, context.theme, self._texts("desktop_screening.rounds"), stretch=0)
        self._list.horizontalHeader().hide()
        self._list.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._progress = ProgressModel(self._texts, context.library)
        self._table = table(
            self._progress, context.theme, self._texts("desktop_screening.progress"), stretch=0, whole_rows=False
        )
        self._table.selectionModel().currentChanged.connect(lambda *_: self._show_enter())
        self._list.activated.connect(lambda _index: self._table.setFocus())
        self._table.activated.connect(lambda _index: self._enter_cell())
        self._unsaved = Banner()
        self._name = label(role="heading", wrap=True)
        self._phase = row()
        self._about = label(role="muted", wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self._texts("desktop_screening.progress"))
        self._total = label()
        self._enter = button("", self._enter_cell, "primary")
        self.setFocusProxy(self._table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._unsaved)
        layout.addWidget(Halves(self._list, self._card(), share=(LIST_WIDTH, SIDE_BY_SIDE), heights=HEIGHTS), 1)

    def _card(self) -> QFrame:
        frame, inner = card()
        head = row()
        head.addWidget(self._name, 1)
        head.addLayout(self._phase)
        inner.addLayout(head)
        inner.addWidget(self._about)
        total = row(spacing=12)
        total.addWidget(self._bar, 1)
        total.addWidget(self._total)
        inner.addLayout(total)
        inner.addWidget(self._table, 1)
        hint = label(self._texts("desktop_screening.choose_cell"), "small", wrap=True)
        foot = row(spacing=12)
        foot.addWidget(hint, 1)
        foot.addWidget(self._enter)
        inner.addLayout(foot)
        return frame

    def show_rounds(self, data: RoundsData, unsaved: list[str]) -> None:
        """Show the rounds and the progress of the one that was asked for; say where sheets wait to be saved."""
        if data.chosen is None or data.progress is None:
            return
        if unsaved:
            places = self._texts("desktop_screening.list_separator").join(dict.fromkeys(unsaved))
            self._unsaved.say(self._texts("desktop_screening.unsaved", count=len(unsaved), places=places), "warning")
        else:
            self._unsaved.clear()
        other = self._shown != data.chosen.id
        self._shown = data.chosen.id
        self._model.show(data.rounds, data.today)
        self._list.setCurrentIndex(self._model.index(self._model.row_of(data.chosen.id), 0))
        self._show_campaign(data.chosen, data)
        self._progress.show(data.chosen.fields, data.groups, data.progress)
        self._widen(len(data.chosen.fields.instruments))
        if other or not self._table.currentIndex().isValid():
            self._table.setCurrentIndex(self._progress.index(*self._progress.first_open()))
        self._show_enter()

    def _show_campaign(self, campaign: Kept[Campaign], data: RoundsData) -> None:
        fields, texts = campaign.fields, self._texts
        self._name.setText(fields.name)
        clear(self._phase)
        now = phase(fields, data.today)
        self._phase.addWidget(chip(texts(f"desktop_screening.phase_{now}"), phase_kind(now)))
        separator = texts("desktop_screening.list_separator")
        titles = separator.join(short_title(self._context.library, one) for one in fields.instruments)
        about = texts("desktop_screening.round_about", opens=fields.opens, closes=fields.closes, instruments=titles)
        self._about.setText(about)
        progress = data.progress
        people, done = (sum(progress.people.values()), sum(progress.done.values())) if progress else (0, 0)
        self._bar.setRange(0, max(1, people))
        self._bar.setValue(done)
        self._total.setText(texts("desktop_screening.done_of", done=done, people=people))

    def _widen(self, instruments: int) -> None:
        """A few bars share the room; more of them scroll."""
        modes = QHeaderView.ResizeMode
        header = self._table.horizontalHeader()
        for column in range(self._progress.columnCount()):
            shared = column >= ProgressModel.FIXED and instruments <= SHARED_BARS
            header.setSectionResizeMode(column, modes.Stretch if shared else modes.ResizeToContents)

    def _row_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and self._model.round_at(index.row()).id != self._shown:
            self.round_chosen.emit(self._model.round_at(index.row()).id)

    def _show_enter(self) -> None:
        index = self._table.currentIndex()
        self._enter.setEnabled(index.isValid())
        if index.isValid():
            group, instrument = self._progress.cell(index.row(), index.column())
            name, title = self._progress.group_name(group), short_title(self._context.library, instrument)
            self._enter.setText(self._texts("desktop_screening.enter", group=name, instrument=title))

    def _enter_cell(self) -> None:
        index = self._table.currentIndex()
        if index.isValid():
            self.entry_wanted.emit(*self._progress.cell(index.row(), index.column()))
