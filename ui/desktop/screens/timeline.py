"""What happened with a person, the newest first. A screening opens its answer sheet; answers are not in the list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.errors import Problem
from app.people.service import TimelineEntry
from app.records import Alert, AlertStep, Kept, Screening, Session, readable
from app.referrals.words import SlipWords
from app.sessions.form import SessionForm
from ui.desktop.context import Context
from ui.desktop.models.compare import comparable
from ui.desktop.models.fields import conflict_words
from ui.desktop.models.meetings import fate_words
from ui.desktop.models.person import PersonData
from ui.desktop.models.referrals import state_chip
from ui.desktop.screens.answered import AnsweredSheet
from ui.desktop.screens.compare import CompareDialog
from ui.desktop.screens.session_sheet import show_note
from ui.desktop.widgets.basics import button, card, chip, clear, label, row

SHOWN = 60
"""Entries that are shown at once; the others come at a click."""


FATE_MARKS = {
    "unsent": ("syncing.unsent_mark", "small"),
    "handed": ("syncing.handed_mark", "small"),
    "refused": ("syncing.refused_mark", "doubt"),
    "received": ("", "small"),
}
"""The word below the date, and its role."""


class Timeline(QFrame):
    """The card with all entries.

    Signals:
        amend_wanted: somebody wants to correct a session note of their own, by id of the session.
        fill_wanted: somebody wants to fill in a form.
    """

    amend_wanted = Signal(bytes)
    fill_wanted = Signal()

    def __init__(self, context: Context, data: PersonData) -> None:
        super().__init__()
        self._context = context
        self._data = data
        self._form = SessionForm.load()
        frame, layout = card()
        layout.setSpacing(0)
        layout.addLayout(self._heading())
        layout.addSpacing(6)
        self._entries = QVBoxLayout()
        self._entries.setSpacing(0)
        layout.addLayout(self._entries)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        self._fill(SHOWN)

    def _heading(self) -> QHBoxLayout:
        """The heading, and what can be done with forms."""
        texts = self._context.texts
        line = row(label(texts("desktop_people.timeline"), "heading"), None)
        if comparable(self._data.timeline):
            line.addWidget(button(texts("desktop_forms.compare"), self._compare))
        if self._data.may_fill:
            line.addWidget(button(texts("desktop_forms.fill"), self.fill_wanted.emit))
        return line

    def _compare(self) -> None:
        CompareDialog(self._context, self._data.person.fields, comparable(self._data.timeline), self.window()).open()

    def _fill(self, count: int | None) -> None:
        clear(self._entries)
        texts, timeline = self._context.texts, self._data.timeline
        if not timeline:
            self._entries.addWidget(label(texts("desktop_people.timeline_empty"), "muted", wrap=True))
        for entry in timeline[:count]:
            self._entries.addWidget(self._entry(entry))
        hidden = len(timeline) - count if count is not None else 0
        if hidden > 0:
            more = button(texts("desktop_people.timeline_more", count=hidden), partial(self._fill, None), "link")
            self._entries.addLayout(row(more, None))
        if self._data.unknown:
            newer = texts("desktop_people.newer_records", count=self._data.unknown)
            self._entries.addWidget(label(newer, "notice", wrap=True))

    def _entry(self, entry: TimelineEntry) -> Entry:
        match entry.kind:
            case "screening":
                line = self._screening(entry)
            case "session":
                line = self._session(entry)
            case "alert":
                line = self._alert(entry)
            case "referral":
                line = self._referral(entry)
            case _:
                line = self._step(entry)
        # Two answers to one referral stand in its slip.
        conflicts = entry.kind != "referral"
        for sentence in conflict_words(self._context, entry.record, self._data.groups) if conflicts else ():
            line.add(label(sentence, "warning", wrap=True))
        self._tell_fate(line, entry)
        if entry.record.newer:
            line.add(label(self._context.texts("desktop_people.newer_entry"), "small", wrap=True))
        return line

    def _tell_fate(self, line: Entry, entry: TimelineEntry) -> None:
        """Say at the date how far the entry is on its way to the county; a word for what is not there yet."""
        fate = self._data.fates.get(entry.record.id)
        if fate is not None:
            mark, role = FATE_MARKS[fate.state]
            texts = self._context.texts
            line.tell(texts(mark) if mark else "", role, fate_words(texts, fate, self._data.devices))

    def _screening(self, entry: TimelineEntry) -> Entry:
        context = self._context
        screening = readable(entry.record, Screening)
        if screening is None:
            return self._unreadable(entry)
        line = Entry(screening.fields.date, screening_words(context, screening.fields))
        if screening.fields.critical:
            line.mark(context.texts("desktop_people.needs_talk"), "red")
        if screening.fields.status == "unfinished":
            line.mark(context.texts("desktop_people.unfinished"), "plain")
        if screening.fields.instrument in context.library.ids():
            line.lead_to(context.texts("desktop_people.look_at_answers"), partial(self._open, screening))
        return line

    def _alert(self, entry: TimelineEntry) -> Entry:
        words = self._context.words
        alert = readable(entry.record, Alert)
        if alert is None:
            return self._unreadable(entry)
        line = Entry(words.moment(alert.fields.raised), alert_words(self._context, alert.fields))
        level, status = words.level(alert.fields.level), words.alert_status(alert.fields.status)
        line.mark(self._context.texts("desktop_people.alert", level=level, status=status), alert.fields.level)
        go = partial(self._context.signals.alert_wanted.emit, alert.id)
        line.lead_to(self._context.texts("desktop_people.look_at_alert"), go)
        return line

    def _session(self, entry: TimelineEntry) -> Entry:
        context, session = self._context, readable(entry.record, Session)
        if session is None:
            return self._unreadable(entry)
        line = Entry(session.fields.date, self._form.words(session.fields, context.texts))
        known = self._data.sessions.get(session.id)
        if known is None:
            return line
        if known.author:
            line.add(label(context.texts("desktop_people.done_by", name=known.author), "small"))
        if known.amended:
            line.mark(context.texts("desktop_session.amended_mark"), "plain")
        if not known.readable:
            line.mark(context.texts("desktop_session.sealed"), "plain")
        go = partial(show_note, context, self._data.person.id, known, self, self.amend_wanted.emit)
        line.lead_to(context.texts("desktop_session.read" if known.readable else "desktop_session.emergency"), go)
        return line

    def _referral(self, entry: TimelineEntry) -> Entry:
        slip = self._data.slips.get(entry.record.id)
        if slip is None:
            return self._unreadable(entry)
        context, words = self._context, SlipWords(self._context.texts)
        line = Entry(context.words.moment(slip.referral.fields.sent), words.in_a_line(slip))
        line.mark(words.state(slip), state_chip(slip))
        go = partial(context.signals.referral_wanted.emit, slip.id)
        line.lead_to(context.texts("desktop_referrals.look"), go)
        return line

    def _step(self, entry: TimelineEntry) -> Entry:
        step = readable(entry.record, AlertStep)
        if step is None:
            return self._unreadable(entry)
        line = Entry(self._context.words.moment(step.fields.at), self._context.words.step(step.fields))
        author = self._data.authors.get(step.id)
        if author:
            line.add(label(self._context.texts("desktop_people.done_by", name=author), "small"))
        return line

    def _unreadable(self, entry: TimelineEntry) -> Entry:
        when = self._context.words.moment(entry.at)[:10] if entry.at else ""
        return Entry(when, self._context.texts("desktop_people.unreadable_entry"))

    def _open(self, screening: Kept[Screening]) -> None:
        AnsweredSheet(self._context, screening, self._data.person.fields, self.window()).open()


class Entry(QFrame):
    """One entry: when, what, and where it leads. A click anywhere on it goes there too."""

    def __init__(self, when: str, what: str) -> None:
        super().__init__()
        self.setProperty("role", "entry")
        self._go: Callable[[], object] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 9, 0, 9)
        layout.setSpacing(12)
        self._date = label(when, "small")
        self._date.setFixedWidth(self._date.fontMetrics().horizontalAdvance("0000-00-00 00:00"))
        self._dates = QVBoxLayout()
        self._dates.setSpacing(2)
        self._dates.addWidget(self._date)
        self._dates.addStretch(1)
        layout.addLayout(self._dates)
        self._text = QVBoxLayout()
        self._text.setSpacing(4)
        self._marks = row(spacing=6)
        self._text.addLayout(self._marks)
        self._text.addWidget(label(what, wrap=True))
        layout.addLayout(self._text, 1)
        layout.setAlignment(self._text, Qt.AlignmentFlag.AlignTop)
        self._layout = layout

    def mark(self, text: str, kind: str) -> None:
        """Put a chip above the text."""
        if not self._marks.count():
            self._marks.addStretch(1)
        self._marks.insertWidget(self._marks.count() - 1, chip(text, kind))

    def tell(self, mark: str, role: str, tip: str) -> None:
        """Put a word below the date, and a sentence behind both."""
        self._date.setToolTip(tip)
        if mark:
            made = label(mark, role)
            made.setToolTip(tip)
            made.setAccessibleName(tip)
            self._dates.insertWidget(1, made)

    def add(self, widget: QWidget) -> None:
        """Put something below the text."""
        self._text.addWidget(widget)

    def lead_to(self, text: str, go: Callable[[], object]) -> None:
        """Let the entry open something."""
        self._go = go
        self.setProperty("leads", "true")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._layout.addWidget(button(text, go, "link"), alignment=Qt.AlignmentFlag.AlignTop)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 -- Qt's name
        """Go there."""
        if self._go is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go()


def screening_words(context: Context, screening: Screening) -> str:
    """A screening in one line, also where this program does not have its instrument."""
    try:
        return context.words.screening(screening)
    except Problem:
        return context.texts("desktop_people.unknown_instrument", id=screening.instrument)


def alert_words(context: Context, alert: Alert) -> str:
    """Why an alert was raised, also where this program does not have the instrument."""
    try:
        return context.words.alert(alert)
    except Problem:
        return context.texts("desktop_people.unknown_instrument", id=alert.instrument)
