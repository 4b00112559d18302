"""One person's answer sheet with what belongs around it: whose it is, the day, what is to be said, saving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout

from app.instruments.flow import Facts
from app.records import Campaign
from ui.desktop.context import Context
from ui.desktop.screens.alert_notice import AlertNotice
from ui.desktop.widgets.answer_sheet import AnswerSheet
from ui.desktop.widgets.basics import Banner, button, label, row
from ui.desktop.widgets.day_field import DayField

FactsOn = Callable[[dt.date], Facts]
"""What is known besides the answers, where they are of a certain day."""


class SheetPane(QFrame):
    """A sheet to fill in. It knows nobody; what shall be shown and where answers go is for its owner to say.

    Args:
        context: what pages are given.
        keys: names the sentence about the keys of a sheet of choices.
        day: names what the day is called.

    Attributes:
        sheet: the items.
        message: about the sheet that is shown.
        failed: sheets that could not be saved.
        last: the sheet that was saved last.
        notice: alerts that were raised.
        asked: whether it was asked if the sheet shall be saved unfinished.
        day_chosen: whether somebody chose the day, so that it is not to be replaced by today.

    Signals:
        changed: an answer was given or taken back.
        save_wanted: Enter, or the button.
        step_wanted: as in `AnswerSheet`.
    """

    changed = Signal()
    save_wanted = Signal()
    step_wanted = Signal(int)

    def __init__(self, context: Context, keys: str = "desktop_screening.keys", day: str = "date") -> None:
        super().__init__()
        self._texts = context.texts
        self._keys_of_choices = keys
        self._day_title = self._texts(f"desktop_screening.{day}")
        self._campaign: Campaign | None = None
        self._today = dt.date.min
        self._taken: dict[str, Any] = {}
        self._facts: FactsOn = _only_day
        self.asked = False
        self.day_chosen = False
        self.setProperty("role", "card")
        self._name, self._about = label(role="heading", wrap=True), label(role="small", wrap=True)
        self._day = DayField(context, dt.date(2000, 1, 1), self._day_title)
        self._wrong_day = Banner()
        self.sheet = AnswerSheet(context.texts, context.theme)
        self.message, self.failed, self.last = Banner(), Banner(), Banner()
        self.notice = AlertNotice(context)
        self.steps = StepBar(context, self.sheet)
        self._keys = label("", "small", wrap=True)
        self._answered = label(role="strong")
        self._clear = button(self._texts("desktop_screening.clear"), self._clear_or_restore)
        self._save = SaveButton(self.sheet)
        self._lay_out(context.theme.size("gap"))
        self._connect()

    def _lay_out(self, gap: int) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(gap, gap, gap, gap)
        layout.setSpacing(8)
        whose = QVBoxLayout()
        whose.setSpacing(0)
        whose.addWidget(self._name)
        whose.addWidget(self._about)
        head = row()
        head.addLayout(whose, 1)
        head.addWidget(self.steps.switch)
        head.addWidget(label(self._day_title, "muted"))
        head.addWidget(self._day)
        layout.addLayout(head)
        layout.addWidget(self._wrong_day)
        layout.addWidget(self.steps)
        layout.addWidget(self.sheet, 1)
        for part in (self.message, self.failed, self.notice, self.last):
            layout.addWidget(part)
        bottom = row(self._answered, spacing=16)
        bottom.addWidget(self._keys, 1)
        bottom.addWidget(self._clear)
        bottom.addWidget(self._save)
        layout.addLayout(bottom)
        self.setTabOrder(self._day, self.sheet)
        self.setTabOrder(self.sheet, self._save)
        self.setTabOrder(self._save, self._clear)

    def _connect(self) -> None:
        self._day.picked.connect(self._pick_day)
        self._day.entered.connect(self.sheet.setFocus)
        self.sheet.changed.connect(self._change)
        self.sheet.finished.connect(self._save.setFocus)
        self.sheet.passed_back.connect(self._day.setFocus)
        self.sheet.save_wanted.connect(self.save_wanted)
        self.sheet.step_wanted.connect(self.step_wanted)
        self.sheet.refused.connect(lambda text: self.message.say(text, "warning"))
        self._save.clicked.connect(lambda _checked: self.save_wanted.emit())
        # Where Enter goes on to the next item, this saves from anywhere.
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.save_wanted)

    # ---- whose sheet ----

    def show_sheet(
        self, name: str, about: str, answers: Mapping[str, Any], *, editable: bool, facts: FactsOn | None = None
    ) -> None:
        """Show somebody's answers, or a draft of them.

        Args:
            name: whose.
            about: who that is.
            answers: as `AnswerSheet.show_answers` takes them.
            editable: whether answers can be given.
            facts: what is known of whoever it is; of nobody, only the day.
        """
        self.asked, self._taken = False, {}
        self._facts = facts or _only_day
        self._name.setText(name)
        self._about.setText(about)
        self.message.clear()
        self.sheet.show_answers(answers, editable=editable, facts=self._facts(self.day))
        self._keys.setText(self._texts("form.keys" if self.sheet.is_mixed else self._keys_of_choices))
        self._update()

    def refuse_unread(self) -> bool:
        """Whether something stands there that cannot be an answer; it is said, and is there to be changed."""
        unread = self.sheet.unread()
        if unread:
            self.message.say(self._texts("form.cannot_be_saved", items=self._numbers(unread)), "warning")
            self.sheet.go_to(unread[0])
            self.sheet.setFocus()
        return bool(unread)

    def ask_unfinished(self, missing: list[int]) -> None:
        """Ask whether the sheet shall be saved although these items are blank; `asked` then says that it was asked."""
        self.asked = True
        key = "form.ask_unfinished" if self.sheet.is_mixed else "desktop_screening.ask_unfinished"
        self.message.say(self._texts(key, count=len(missing), items=self._numbers(missing)), "warning")
        self.sheet.go_to(missing[0])
        self.sheet.setFocus()
        self._update()

    def _numbers(self, places: list[int]) -> str:
        return self._texts("desktop_screening.list_separator").join(map(self.sheet.number, places))

    def _change(self) -> None:
        self.asked, self._taken = False, {}
        self.message.clear()
        self._update()
        self.changed.emit()

    def _clear_or_restore(self) -> None:
        """Take all answers back; pressed once more, bring them back."""
        taken, restored = self.sheet.draft, self._taken
        self.sheet.show_answers(restored, editable=True, facts=self._facts(self.day))
        self._change()
        self._taken = {} if restored else taken
        self._update()
        self.sheet.setFocus()

    def _update(self) -> None:
        count, editable = len(self.sheet.draft), self.sheet.editable
        answered, of = self.sheet.progress
        self._answered.setText(self._texts("desktop_screening.answered", count=answered, of=of))
        self._clear.setText(self._texts(f"desktop_screening.{'restore' if self._taken else 'clear'}"))
        self._clear.setEnabled(editable and bool(count or self._taken))
        self._save.setText(self._texts(f"desktop_screening.{'save_unfinished' if self.asked else 'save'}"))
        self._save.setEnabled(editable)
        self.steps.update_steps()

    # ---- the day ----

    @property
    def day(self) -> dt.date:
        """The day of the answers."""
        return self._day.day

    def show_day(self, campaign: Campaign | None, today: dt.date) -> None:
        """The answers are of today, where nobody chose another day, and for this round, if for one."""
        self._campaign, self._today = campaign, today
        if not self.day_chosen:
            self._day.show_day(today)
        self._check_day()
        self.sheet.show_facts(self._facts(self.day))

    def choose_day(self, day: dt.date) -> None:
        """Somebody chose this day before."""
        self._day.show_day(day)
        self._pick_day()

    def refuse_day(self) -> bool:
        """Whether answers of this day cannot be taken; the reason is shown, and the day is there to be changed."""
        if self._check_day():
            return False
        self._day.setFocus()
        return True

    def _pick_day(self) -> None:
        self.day_chosen = True
        self._check_day()
        self.sheet.show_facts(self._facts(self.day))
        self._update()

    def _check_day(self) -> bool:
        if self.day > self._today:
            self._wrong_day.say(self._texts("desktop_screening.in_future"), "warning")
            return False
        if self._campaign and not self._campaign.opens <= self.day.isoformat() <= self._campaign.closes:
            opens, closes = self._campaign.opens, self._campaign.closes
            text = self._texts("desktop_screening.outside_round", opens=opens, closes=closes)
            self._wrong_day.say(text, "warning")
            return False
        self._wrong_day.clear()
        return True


def _only_day(day: dt.date) -> Facts:
    return Facts(today=day)


class StepBar(QFrame):
    """Of a form with several sections: which one is shown, and the way to the next one.

    Attributes:
        switch: chooses between the sections one by one and all of them; its place is elsewhere.
    """

    def __init__(self, context: Context, sheet: AnswerSheet) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._texts = context.texts
        self._layout_choice = context.form_layout
        self._sheet = sheet
        self._before = button(self._texts("form.section_before"), partial(sheet.go_section, -1))
        self._after = button(self._texts("form.section_after"), partial(sheet.go_section, 1))
        self._where = label("", "strong", wrap=True)
        self.switch = button("", self._choose, "link")
        for one in (self._before, self._after, self.switch):
            one.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        layout = row(self._before, self._after, self._where)
        layout.setStretch(2, 1)
        layout.setContentsMargins(0, 0, 0, 0)
        self.setLayout(layout)
        sheet.moved.connect(self.update_steps)
        self._layout_choice.changed.connect(self._follow)
        self._follow()

    def update_steps(self) -> None:
        """Show where one is."""
        sections, stepwise = self._sheet.sections, self._layout_choice.stepwise
        self.setVisible(len(sections) > 1 and stepwise)
        self.switch.setVisible(len(sections) > 1)
        self.switch.setText(self._texts("form.show_page" if stepwise else "form.show_steps"))
        if len(sections) <= 1 or not stepwise:
            return
        at = self._sheet.section
        where = self._texts("form.section", number=at + 1, count=len(sections), title=sections[at][0])
        self._where.setText(where)
        self._before.setEnabled(at > 0)
        self._after.setEnabled(at + 1 < len(sections))

    def _choose(self) -> None:
        self._layout_choice.choose(stepwise=not self._layout_choice.stepwise)
        self._sheet.setFocus()

    def _follow(self) -> None:
        self._sheet.show_stepwise(stepwise=self._layout_choice.stepwise)
        self.update_steps()


class SaveButton(QPushButton):
    """Saves; the keys of somebody who is still typing go to the sheet."""

    def __init__(self, sheet: AnswerSheet) -> None:
        super().__init__()
        self._sheet = sheet
        self.setProperty("role", "primary")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's name
        """Enter and Space save, Backspace and Up go back into the sheet, a digit more than there are items is told."""
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if not event.isAutoRepeat():
                self.click()
        elif key in {Qt.Key.Key_Backspace, Qt.Key.Key_Up} or event.text().isdigit():
            self._sheet.setFocus()
            self._sheet.keyPressEvent(event)
        else:
            super().keyPressEvent(event)
