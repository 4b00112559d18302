"""The form for a new round: what it is called, which classes answer which instruments, from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.errors import Problem
from app.records import Campaign
from app.statistics.periods import Periods, SchoolYear
from app.texts import Texts
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.screening import RoundsData
from ui.desktop.widgets.basics import Banner, button, card, label, row
from ui.desktop.widgets.day_field import DayField

DEFAULT_DAYS = 28
"""A new round is offered for four weeks; the days are there to be changed."""

MANY = 6
"""More choices than this stand in several columns."""


class RoundForm(QDialog):
    """Asks for a new round and saves it.

    Signals:
        saved: the id of the new round.
    """

    saved = Signal(bytes)

    def __init__(self, context: Context, data: RoundsData, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self.setWindowTitle(context.texts("desktop_screening.new_round"))
        self._banner = Banner()
        self._name = QLineEdit(default_name(context.texts, data.today))
        self._opens = DayField(context, data.today, context.texts("desktop_screening.opens"))
        self._closes = DayField(
            context, default_end(context.texts, data.today), context.texts("desktop_screening.closes")
        )
        self._group_ids, self._instrument_ids = list(data.groups), context.library.ids()
        everything = context.texts("desktop_screening.everything")
        self._classes = Choices(everything, [self._class_name(one, data) for one in self._group_ids], ticked=True)
        self._instruments = Choices(
            everything, [self._instrument_name(one) for one in self._instrument_ids], ticked=False
        )
        self._save = button(context.texts("desktop_screening.start_round"), self._submit, "primary")
        self._save.setDefault(True)
        self._lay_out(data)
        self._name.setFocus()
        self._name.selectAll()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """Room for a school, but never more than the screen has."""
        available = self.screen().availableGeometry().size() - QSize(40, 80)
        return QSize(720, 620).boundedTo(available)

    # ---- what it shows ----

    def _lay_out(self, data: RoundsData) -> None:
        texts, gap = self._texts, self._context.theme.size("gap")
        inner = QWidget()
        inner.setProperty("role", "page")
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(gap)
        frame, fields = card()
        grid = QGridLayout()
        grid.setSpacing(10)
        grid.setColumnStretch(3, 1)
        self._name.setAccessibleName(texts("desktop_screening.name"))
        grid.addWidget(label(texts("desktop_screening.name"), "muted"), 0, 0)
        grid.addWidget(self._name, 0, 1, 1, 3)
        grid.addWidget(label(texts("desktop_screening.days"), "muted"), 1, 0)
        grid.addLayout(row(self._opens, label("—", "muted"), self._closes, None), 1, 1, 1, 3)
        fields.addLayout(grid)
        layout.addWidget(frame)
        frame, fields = card()
        fields.addWidget(label(texts("desktop_screening.instruments"), "heading"))
        fields.addWidget(self._instruments)
        layout.addWidget(frame)
        frame, fields = card()
        fields.addWidget(label(texts("desktop_screening.classes"), "heading"))
        fields.addWidget(self._classes)
        if data.ungrouped:
            fields.addWidget(label(texts("desktop_screening.ungrouped", count=data.ungrouped), "small", wrap=True))
        layout.addWidget(frame)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setSpacing(gap)
        outer.addWidget(self._banner)
        outer.addWidget(scroll, 1)
        outer.addLayout(row(None, button(texts("desktop_screening.cancel"), self.reject), self._save))
        for one in (self._name, self._opens, self._closes):
            one.setMinimumWidth(120)

    def _class_name(self, group: bytes, data: RoundsData) -> str:
        return self._texts("desktop_screening.class_size", name=data.groups[group], count=data.sizes.get(group, 0))

    def _instrument_name(self, instrument: str) -> str:
        definition = self._context.library.get(instrument)
        return f"{definition.short_title}  {definition.title[self._texts.language]}"

    # ---- saving ----

    def _submit(self) -> None:
        try:
            campaign = self._campaign()
        except Problem as problem:
            self._fail(problem)
            return
        self._banner.clear()
        self._save.setEnabled(False)
        self._context.tasks.on_archive(self, lambda desk: start(desk, campaign), self._done, self._fail)

    def _campaign(self) -> Campaign:
        name, opens, closes = self._name.text().strip(), self._opens.day, self._closes.day
        if not name:
            self._name.setFocus()
            raise Problem("desktop_screening.no_name")
        if closes < opens:
            self._closes.setFocus()
            raise Problem("screening.campaign_days")
        instruments = tuple(self._instrument_ids[place] for place in self._instruments.chosen())
        if not instruments:
            raise Problem("desktop_screening.no_instrument")
        groups = tuple(self._group_ids[place] for place in self._classes.chosen())
        if not groups:
            raise Problem("desktop_screening.no_class")
        return Campaign(name, instruments, groups, opens.isoformat(), closes.isoformat())

    def _fail(self, problem: Problem) -> None:
        self._banner.say(self._texts.problem(problem))
        self._save.setEnabled(True)

    def _done(self, record: bytes) -> None:
        self.saved.emit(record)
        self.accept()


class Choices(QWidget):
    """Things to tick, in a few columns, with one tick for all of them.

    Args:
        title_of_all: what the tick for all says.
        titles: what there is to choose from.
        ticked: whether everything is chosen to begin with.
    """

    def __init__(self, title_of_all: str, titles: Sequence[str], *, ticked: bool) -> None:
        super().__init__()
        self._all = QCheckBox(title_of_all)
        self._all.setVisible(len(titles) > 1)
        self._all.clicked.connect(lambda _on: self._tick_all())
        # "&" would underline the letter after it.
        self._boxes = [QCheckBox(title.replace("&", "&&")) for title in titles]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._all)
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setHorizontalSpacing(16)
        layout.addLayout(grid)
        columns = 3 if len(titles) > MANY else 1
        for place, box in enumerate(self._boxes):
            box.setChecked(ticked)
            box.toggled.connect(lambda _on: self._show_all())
            grid.addWidget(box, place // columns, place % columns)
        self._show_all()

    def chosen(self) -> list[int]:
        """The places of what is ticked."""
        return [place for place, box in enumerate(self._boxes) if box.isChecked()]

    def _tick_all(self) -> None:
        everything = len(self.chosen()) < len(self._boxes)
        for box in self._boxes:
            box.setChecked(everything)
        self._show_all()

    def _show_all(self) -> None:
        ticked = len(self.chosen())
        state = Qt.CheckState
        some = state.PartiallyChecked if ticked else state.Unchecked
        self._all.setCheckState(state.Checked if ticked == len(self._boxes) else some)


def default_name(texts: Texts, today: dt.date) -> str:
    """2026年秋季学期筛查: after the semester of the day."""
    start = Periods.load(texts).semester(today).start
    number = next(rule.number for rule in SchoolYear.load().semesters if rule.in_year(start.year) == start)
    return texts(f"desktop_screening.default_name_{number}", year=start.year)


def default_end(texts: Texts, today: dt.date) -> dt.date:
    """Some weeks on, but not beyond the semester."""
    return min(today + dt.timedelta(days=DEFAULT_DAYS), Periods.load(texts).semester(today).end)


def start(desk: Desk, campaign: Campaign) -> bytes:
    """Save a new round; returns its id.

    Raises:
        Problem: as `Screenings.start_campaign`, or it is not clear to which round a sheet would belong.
    """
    other = desk.screenings.clash(campaign)
    if other:
        fields = other.fields
        raise Problem("desktop_screening.clash", name=fields.name, opens=fields.opens, closes=fields.closes)
    return desk.screenings.start_campaign(campaign)
