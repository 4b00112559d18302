"""The form for a new round: what it is called, which classes answer which instruments, from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.errors import Problem
from app.records import Campaign, Kept
from app.statistics.periods import Periods, SchoolYear
from app.texts import Texts
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.models.screening import RoundsData
from ui.desktop.page import Form
from ui.desktop.widgets.basics import Banner, button, card, label, row
from ui.desktop.widgets.choices import Choices
from ui.desktop.widgets.day_field import DayField

DEFAULT_DAYS = 28
"""A new round is offered for four weeks; the days are there to be changed."""


FEW = 12
"""Instruments that can be looked through; where there are more they are searched."""


class RoundForm(Form):
    """Asks for a new round and saves it.

    Args:
        context: what pages are given.
        data: the classes to choose from.
        parent: what it belongs to.
        chosen: what `unfinished` gave before.

    Signals:
        saved: the id of the new round.
    """

    saved = Signal(bytes)

    def __init__(self, context: Context, data: RoundsData, parent: QWidget, chosen: Any = None) -> None:
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
        self._heads = {head.id: head for head in context.library.heads()}
        usual, others = instruments_for_rounds(context, data.rounds)
        self._group_ids, self._instrument_ids = list(data.groups), usual + others
        everything = context.texts("desktop_screening.everything")
        self._classes = Choices(everything, [self._class_name(one, data) for one in self._group_ids], ticked=True)
        self._instruments = Choices(
            everything,
            [self._instrument_name(one) for one in self._instrument_ids],
            ticked=False,
            usual=len(usual) if len(usual + others) > FEW else None,
            find=context.texts("desktop_screening.find_instrument", count=len(usual + others)),
        )
        self._save = button(context.texts("desktop_screening.start_round"), self._submit, "primary")
        self._save.setDefault(True)
        self._lay_out(data)
        self._at_first = self._choices()
        if chosen:
            self._choose(chosen)
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
        head = self._heads[instrument]
        return f"{head.short_title}  {head.title[self._texts.language]}"

    # ---- what was chosen ----

    def unfinished(self) -> Any:
        """What was written and chosen, where that is something else than at first."""
        choices = self._choices()
        return choices if self._save.isEnabled() and choices != self._at_first else None

    def _choices(self) -> dict[str, Any]:
        return {
            "name": self._name.text(),
            "opens": self._opens.day.isoformat(),
            "closes": self._closes.day.isoformat(),
            "groups": [self._group_ids[place].hex() for place in self._classes.chosen()],
            "instruments": [self._instrument_ids[place] for place in self._instruments.chosen()],
        }

    def _choose(self, choices: dict[str, Any]) -> None:
        """Stand as `_choices` said; a class that has gone meanwhile is not chosen."""
        self._name.setText(choices["name"])
        self._opens.show_day(dt.date.fromisoformat(choices["opens"]))
        self._closes.show_day(dt.date.fromisoformat(choices["closes"]))
        groups, instruments = choices["groups"], choices["instruments"]
        self._classes.tick({place for place, one in enumerate(self._group_ids) if one.hex() in groups})
        self._instruments.tick({place for place, one in enumerate(self._instrument_ids) if one in instruments})

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


def instruments_for_rounds(context: Context, rounds: Iterable[Kept[Campaign]]) -> tuple[list[str], list[str]]:
    """What can be answered in a round: first what earlier rounds asked and the station has alert rules for, then the rest."""
    measures = [one.id for one in context.library.heads() if one.type == "instrument"]
    asked = {instrument for one in rounds for instrument in one.fields.instruments}
    asked |= {rule.instrument for rule in context.rules.rules}
    return [one for one in measures if one in asked], [one for one in measures if one not in asked]


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
