"""One person's answer sheet with what belongs around it: whose it is, the day, what is to be said, saving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout

from app.records import Campaign
from ui.desktop.context import Context
from ui.desktop.screens.alert_notice import AlertNotice
from ui.desktop.widgets.answer_sheet import AnswerSheet
from ui.desktop.widgets.basics import Banner, button, label, row
from ui.desktop.widgets.day_field import DayField


class SheetPane(QFrame):
    """A sheet to fill in. It knows nobody; what shall be shown and where answers go is for its owner to say.

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

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._texts = context.texts
        self._campaign: Campaign | None = None
        self._today = dt.date.min
        self._taken: dict[str, int] = {}
        self.asked = False
        self.day_chosen = False
        self.setProperty("role", "card")
        self._name, self._about = label(role="heading", wrap=True), label(role="small", wrap=True)
        self._day = DayField(context, dt.date(2000, 1, 1), self._texts("desktop_screening.date"))
        self._wrong_day = Banner()
        self.sheet = AnswerSheet(context.texts, context.theme)
        self.message, self.failed, self.last = Banner(), Banner(), Banner()
        self.notice = AlertNotice(context)
        self._answered = label(role="strong")
        self._clear = button(self._texts("desktop_screening.clear"), self._clear_or_restore)
        self._save = SaveButton(self.sheet)
        self._lay_out(context.theme.size("gap"))
        self._connect()

    def _lay_out(self, gap: int) -> None:
        texts = self._texts
        layout = QVBoxLayout(self)
        layout.setContentsMargins(gap, gap, gap, gap)
        layout.setSpacing(8)
        whose = QVBoxLayout()
        whose.setSpacing(0)
        whose.addWidget(self._name)
        whose.addWidget(self._about)
        head = row()
        head.addLayout(whose, 1)
        head.addWidget(label(texts("desktop_screening.date"), "muted"))
        head.addWidget(self._day)
        layout.addLayout(head)
        layout.addWidget(self._wrong_day)
        layout.addWidget(self.sheet, 1)
        for part in (self.message, self.failed, self.notice, self.last):
            layout.addWidget(part)
        keys = label(texts("desktop_screening.keys"), "small", wrap=True)
        bottom = row(self._answered, spacing=16)
        bottom.addWidget(keys, 1)
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
        self.sheet.save_wanted.connect(self.save_wanted)
        self.sheet.step_wanted.connect(self.step_wanted)
        self.sheet.refused.connect(lambda text: self.message.say(text, "warning"))
        self._save.clicked.connect(lambda _checked: self.save_wanted.emit())

    # ---- whose sheet ----

    def show_sheet(self, name: str, about: str, answers: Mapping[str, int], *, editable: bool) -> None:
        """Show somebody's answers."""
        self.asked, self._taken = False, {}
        self._name.setText(name)
        self._about.setText(about)
        self.message.clear()
        self.sheet.show_answers(answers, editable=editable)
        self._update()

    def ask_unfinished(self, missing: list[int]) -> None:
        """Ask whether the sheet shall be saved although these items are blank; `asked` then says that it was asked."""
        self.asked = True
        items = self._texts("desktop_screening.list_separator").join(map(str, missing))
        self.message.say(self._texts("desktop_screening.ask_unfinished", count=len(missing), items=items), "warning")
        self.sheet.go_to(missing[0])
        self.sheet.setFocus()
        self._update()

    def _change(self) -> None:
        self.asked, self._taken = False, {}
        self.message.clear()
        self._update()
        self.changed.emit()

    def _clear_or_restore(self) -> None:
        """Take all answers back; pressed once more, bring them back."""
        taken, restored = self.sheet.answers, self._taken
        self.sheet.show_answers(restored, editable=True)
        self._change()
        self._taken = {} if restored else taken
        self._update()
        self.sheet.setFocus()

    def _update(self) -> None:
        count, editable = len(self.sheet.answers), self.sheet.editable
        self._answered.setText(self._texts("desktop_screening.answered", count=count, of=self.sheet.count))
        self._clear.setText(self._texts(f"desktop_screening.{'restore' if self._taken else 'clear'}"))
        self._clear.setEnabled(editable and bool(count or self._taken))
        self._save.setText(self._texts(f"desktop_screening.{'save_unfinished' if self.asked else 'save'}"))
        self._save.setEnabled(editable)

    # ---- the day ----

    @property
    def day(self) -> dt.date:
        """The day of the answers."""
        return self._day.day

    def show_day(self, campaign: Campaign, today: dt.date) -> None:
        """The answers are of today, where nobody chose another day, and for this round."""
        self._campaign, self._today = campaign, today
        if not self.day_chosen:
            self._day.show_day(today)
        self._check_day()

    def refuse_day(self) -> bool:
        """Whether answers of this day cannot be taken; the reason is shown, and the day is there to be changed."""
        if self._check_day():
            return False
        self._day.setFocus()
        return True

    def _pick_day(self) -> None:
        self.day_chosen = True
        self._check_day()

    def _check_day(self) -> bool:
        if self._campaign is None:
            return False
        opens, closes = self._campaign.opens, self._campaign.closes
        if self.day > self._today:
            self._wrong_day.say(self._texts("desktop_screening.in_future"), "warning")
        elif not opens <= self.day.isoformat() <= closes:
            text = self._texts("desktop_screening.outside_round", opens=opens, closes=closes)
            self._wrong_day.say(text, "warning")
        else:
            self._wrong_day.clear()
            return True
        return False


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
