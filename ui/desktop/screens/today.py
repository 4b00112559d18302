"""今日: what is urgent, who is still to be screened, how sync stands. One click from each line to doing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.records import Campaign, Kept, Level
from app.risk.alerts import AlertLine
from app.screening.service import Progress
from storage.meeting import Backlog
from ui.desktop.context import Context
from ui.desktop.desk import Desk
from ui.desktop.page import Page
from ui.desktop.screens.reminders import Reminders
from ui.desktop.widgets.basics import button, card, chip, clear, label, row
from ui.desktop.widgets.status import read_state, sync_words

SHOWN_ALERTS = 7
SHOWN_GROUPS = 8


class TodayData(msgspec.Struct, frozen=True):
    """What the page shows at once. How far the rounds are takes longer to count and comes after it."""

    people: int
    alerts: list[AlertLine]
    counts: dict[Level, int]
    groups: dict[bytes, str]
    rounds: list[Kept[Campaign]]
    enrolled: bool
    last: int
    now: int
    backlog: Backlog


def read_today(desk: Desk) -> TodayData:
    """Gather what the page shows."""
    enrolled, last, now, backlog = read_state(desk)
    day = dt.datetime.fromtimestamp(now / 1000).astimezone().date().isoformat()
    standing = desk.screenings.campaigns()
    return TodayData(
        people=desk.people.count(),
        alerts=desk.alerts.standing(),
        counts=desk.alerts.counts(),
        groups={group.id: group.fields.name for group in desk.people.groups()},
        rounds=[campaign for campaign in standing if campaign.fields.opens <= day <= campaign.fields.closes],
        enrolled=enrolled,
        last=last,
        now=now,
        backlog=backlog,
    )


def read_progress(rounds: Sequence[Kept[Campaign]], desk: Desk) -> dict[bytes, Progress]:
    """How far rounds have come, by round: half a second where a county's 250,000 sheets are in one."""
    return {one.id: desk.screenings.progress(one) for one in rounds}


class TodayPage(Page):
    """The first page."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "desktop.page_today")
        self._inner = QWidget()
        self._inner.setProperty("role", "page")
        self._columns = QHBoxLayout(self._inner)
        self._columns.setContentsMargins(0, 0, 4, 0)
        self._columns.setSpacing(context.theme.size("gap"))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._inner)
        self._progress: dict[bytes, Progress] = {}
        self._reminders = Reminders(context)
        self.body.addWidget(self._reminders)
        self.body.addWidget(scroll, 1)

    def refresh(self) -> None:
        """Read anew."""
        self._reminders.refresh()
        self.context.tasks.on_archive(self, read_today, self._show)

    def _show(self, data: TodayData) -> None:
        self._fill(data)
        if data.people and data.rounds:
            read = partial(read_progress, data.rounds)
            self.context.tasks.on_archive(self, read, partial(self._show_progress, data))

    def _show_progress(self, data: TodayData, progress: dict[bytes, Progress]) -> None:
        # Nothing is drawn anew, and no button taken from under the mouse, for numbers that are shown already.
        if progress != self._progress:
            self._progress = progress
            self._fill(data)

    def _fill(self, data: TodayData) -> None:
        clear(self._columns)
        if not data.people:
            self._add_column(5, self._first_steps())
            return
        self._add_column(5, self._alerts(data))
        self._add_column(3, self._sync(data), self._rounds(data))

    def _add_column(self, stretch: int, *cards: QWidget) -> None:
        column = QVBoxLayout()
        column.setSpacing(self.context.theme.size("gap"))
        for one in cards:
            column.addWidget(one)
        column.addStretch(1)
        self._columns.addLayout(column, stretch)

    # ---- alerts ----

    def _alerts(self, data: TodayData) -> QFrame:
        frame, layout = card()
        counts = [
            chip(f"{self.context.words.level(level)} {count}", level) for level, count in data.counts.items() if count
        ]
        layout.addLayout(row(label(self.texts("desktop.standing_alerts"), "heading"), *counts, None))
        if not data.alerts:
            layout.addWidget(label(self.texts("desktop.no_alerts"), "muted"))
        for line in data.alerts[:SHOWN_ALERTS]:
            layout.addWidget(self._alert(line, data))
        more = len(data.alerts) - SHOWN_ALERTS
        if more > 0:
            everything = button(self.texts("desktop.more_alerts", count=more), lambda: self._go("alerts"), "link")
            layout.addLayout(row(everything, None))
        return frame

    def _alert(self, line: AlertLine, data: TodayData) -> QWidget:
        words, alert, person = self.context.words, line.alert.fields, line.person.fields
        widget = QWidget()
        layout = QHBoxLayout(widget)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(10)
        layout.addWidget(chip(words.level(alert.level), alert.level), alignment=Qt.AlignmentFlag.AlignTop)
        text = QVBoxLayout()
        text.setSpacing(2)
        group = data.groups.get(person.group or b"", "")
        text.addLayout(row(label(words.name(person.name), "strong"), label(group, "muted"), None))
        text.addWidget(label(words.alert(alert), "small", wrap=True))
        layout.addLayout(text, 1)
        late = alert.due < data.now
        left = words.time_left(alert.due, data.now)
        layout.addWidget(chip(left, "red") if late else label(left, "small"))
        layout.addWidget(
            button(self.texts("desktop.look"), lambda: self.context.signals.alert_wanted.emit(line.alert.id))
        )
        return widget

    # ---- rounds ----

    def _rounds(self, data: TodayData) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("desktop.to_be_screened"), "heading"))
        if not data.rounds:
            layout.addWidget(label(self.texts("desktop.no_round_now"), "muted", wrap=True))
            layout.addLayout(row(button(self.texts("desktop.start_round"), lambda: self._go("screening")), None))
        for campaign in data.rounds:
            layout.addWidget(self._round(campaign, data.groups))
        return frame

    def _round(self, campaign: Kept[Campaign], groups: dict[bytes, str]) -> QWidget:
        fields = campaign.fields
        widget = QWidget()
        layout = QVBoxLayout(widget)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        until = self.texts("desktop.until", date=fields.closes)
        layout.addLayout(row(label(fields.name, "strong"), None, label(until, "small")))
        progress = self._progress.get(campaign.id)
        if progress:
            self._add_groups(layout, progress, groups)
        else:
            layout.addWidget(label(self.texts("desktop.counting"), "muted"))
        layout.addLayout(row(button(self.texts("desktop.enter_answers"), lambda: self._go("screening")), None))
        return widget

    def _add_groups(self, layout: QVBoxLayout, progress: Progress, groups: dict[bytes, str]) -> None:
        people, done = progress.people, progress.done
        # Those with the most people to go first.
        unfinished = sorted(
            (group for group in people if done[group] < people[group]), key=lambda group: done[group] - people[group]
        )
        if not unfinished:
            layout.addWidget(label(self.texts("desktop.round_done"), "muted"))
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(4)
        for number, group in enumerate(unfinished[:SHOWN_GROUPS]):
            name = groups.get(group, "")
            bar = QProgressBar()
            bar.setRange(0, people[group])
            bar.setValue(done[group])
            bar.setTextVisible(False)
            bar.setAccessibleName(name)
            grid.addWidget(label(name), number, 0)
            grid.addWidget(bar, number, 1)
            said = label(f"{done[group]} / {people[group]}", "small")
            grid.addWidget(said, number, 2, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(grid)
        more = len(unfinished) - SHOWN_GROUPS
        if more > 0:
            layout.addWidget(label(self.texts("desktop.more_groups", count=more), "small"))

    # ---- sync and first steps ----

    def _sync(self, data: TodayData) -> QFrame:
        frame, layout = card()
        layout.addWidget(label(self.texts("desktop.page_sync"), "heading"))
        state = sync_words(
            self.context, enrolled=data.enrolled, last=data.last, now=data.now, waiting=data.backlog.waiting
        )
        layout.addWidget(label(state, wrap=True))
        go = self.texts("desktop.sync_now" if data.enrolled else "desktop.join_county")
        layout.addLayout(row(button(go, lambda: self._go("sync")), None))
        return frame

    def _first_steps(self) -> QFrame:
        frame, layout = card(margin=24)
        layout.addWidget(label(self.texts("desktop.first_title"), "heading"))
        for step, page in (("roster", "people"), ("round", "screening"), ("answers", "screening"), ("print", "prints")):
            text = QVBoxLayout()
            text.setSpacing(2)
            text.addWidget(label(self.texts(f"desktop.first_{step}"), "strong"))
            text.addWidget(label(self.texts(f"desktop.first_{step}_about"), "muted", wrap=True))
            go = button(self.texts("desktop.go"), partial(self._go, page))
            line = row(spacing=12)
            line.addLayout(text, 1)
            line.addWidget(go)
            layout.addLayout(line)
        return frame

    def _go(self, page: str) -> None:
        self.context.signals.page_wanted.emit(page)
