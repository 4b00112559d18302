"""Filling in a form, or an instrument, about one person: on the screen, or from a sheet of paper."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.errors import Problem
from app.instruments.definition import Definition
from app.records import EntryMode
from app.risk.alerts import AlertLine
from app.screening.service import Sheet
from ui.desktop.context import Context
from ui.desktop.models.fill import Clock, FillStart, save_form
from ui.desktop.models.screening import facts_about
from ui.desktop.page import Form
from ui.desktop.screens.sheet_pane import SheetPane
from ui.desktop.widgets.basics import button, label, row
from ui.desktop.widgets.dialogs import give_size

FIRST_SIZE = (1000, 720)
MODES: tuple[EntryMode, ...] = ("screen", "typed")


class FillForm(Form):
    """A sheet in a window of its own. Closing it with something unsaved takes a second Escape.

    Args:
        context: what pages are given.
        start: whom it is about.
        definition: what is filled in.
        parent: what it belongs to.
        written: what `unfinished` gave before.
    """

    def __init__(
        self,
        context: Context,
        start: FillStart,
        definition: Definition,
        parent: QWidget,
        written: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._texts = context.texts
        self._start = start
        self._definition = definition
        self._left_over: dict[str, Any] | None = None
        self._clock = Clock(written["seconds"] if written else 0)
        self._saving = self._saved = False
        # The title says nothing about whom it is about: it appears in task bars.
        self.setWindowTitle(definition.title[self._texts.language])
        self._mode = QComboBox()
        self._mode.setAccessibleName(self._texts("desktop_forms.mode"))
        for mode in MODES:
            self._mode.addItem(self._texts(f"desktop_people.mode_{mode}"), mode)
        on_paper = definition.type == "instrument" and definition.mode == "self"
        self._mode.setCurrentIndex(MODES.index("typed" if on_paper else "screen"))
        is_form = definition.type == "form"
        self.pane = SheetPane(context, "form.keys_choices", "day_filled" if is_form else "date")
        self._lay_out()
        self._connect()
        self._show(written)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        margin = self._context.theme.size("gap")
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(8)
        title = label(self._definition.title[self._texts.language], "title", wrap=True)
        close = button(self._texts("desktop_forms.close"), self.reject)
        close.setAutoDefault(False)
        head = row(title, self._mode, close)
        head.setStretch(0, 1)
        layout.addLayout(head)
        layout.addWidget(self.pane, 1)
        give_size(self, *FIRST_SIZE)

    def _connect(self) -> None:
        self.pane.changed.connect(self._changed)
        self.pane.save_wanted.connect(self._save)
        self.pane.step_wanted.connect(self.pane.sheet.go_section)
        self._context.signals.alert_wanted.connect(lambda _alert: self.accept())

    def _show(self, written: Mapping[str, Any] | None) -> None:
        pane, person = self.pane, self._start.person.fields
        pane.sheet.show_instrument(self._definition)
        pane.show_day(None, self._start.today)
        if written:
            self._mode.setCurrentIndex(MODES.index(written["mode"]))
            if written["day"]:
                pane.choose_day(dt.date.fromisoformat(written["day"]))
        words = self._context.words
        age = words.age(person.birth_date, self._start.today)
        about = (words.sex(person.sex) if person.sex else "", age, self._start.group)
        pane.show_sheet(
            person.name,
            "　".join(part for part in about if part),
            written["answers"] if written else {},
            editable=True,
            facts=partial(facts_about, person),
        )
        pane.sheet.setFocus()

    # ---- what stands in it ----

    def unfinished(self) -> Any:
        """Whom it is about, what is filled in, and the draft."""
        draft = self.pane.sheet.draft
        if not draft or self._saved:
            return None
        return {
            "form": "sheet",
            "person": self._start.person.id.hex(),
            "instrument": self._definition.id,
            "answers": draft,
            "day": self.pane.day.isoformat() if self.pane.day_chosen else "",
            "mode": self._mode.currentData(),
            "seconds": self._clock.seconds,
        }

    def _changed(self) -> None:
        self._clock.answered(time.monotonic())

    # ---- saving and leaving ----

    def _save(self) -> None:
        """Save; where items are missing, ask once before."""
        pane = self.pane
        if self._saved:
            self.accept()
            return
        if self._saving or pane.refuse_unread():
            return
        missing = pane.sheet.missing()
        if not pane.sheet.given:
            pane.message.say(self._texts("desktop_forms.nothing_typed"), "warning")
            pane.sheet.setFocus()
        elif pane.refuse_day():
            return
        elif missing and not pane.asked:
            pane.ask_unfinished(missing)
        else:
            self._commit()

    def _commit(self) -> None:
        mode: EntryMode = self._mode.currentData()
        seconds = self._clock.seconds if mode == "screen" else None
        pane = self.pane
        sheet = Sheet(self._start.person, self._definition.id, pane.day, pane.sheet.given, mode, seconds)
        self._saving = True
        self._context.tasks.on_archive(
            self, lambda desk: save_form(desk, sheet), partial(self._done, mode), self._not_saved
        )

    def _done(self, mode: EntryMode, alert: AlertLine | None) -> None:
        self._saving, self._saved = False, True
        title = self._definition.title[self._texts.language]
        self._context.signals.told.emit(self._texts("desktop_forms.saved", title=title))
        self._context.signals.changed.emit()
        # Whoever filled it in on the screen may still be looking: the page of the person tells of the alert.
        if alert is None or mode == "screen":
            self.accept()
            return
        pane, facts = self.pane, partial(facts_about, self._start.person.fields)
        pane.show_sheet(self._start.person.fields.name, "", pane.sheet.given, editable=False, facts=facts)
        pane.notice.add(alert)

    def _not_saved(self, problem: Problem) -> None:
        self._saving = False
        self.pane.failed.say(self._texts.problem(problem))

    def reject(self) -> None:
        """Leave; where something is not saved, only when asked a second time."""
        draft = self.pane.sheet.draft
        if self._saving:
            return
        if draft and not self._saved and draft != self._left_over:
            self._left_over = draft
            self.pane.message.say(self._texts("desktop_forms.not_saved_yet"), "warning")
            return
        super().reject()
