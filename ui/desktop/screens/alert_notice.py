"""Says that answers just saved raised an alert: in plain sight, and out of the way of whoever types on."""

from __future__ import annotations

from collections import Counter

from PySide6.QtWidgets import QFrame, QVBoxLayout

from app.records import LEVELS
from app.risk.alerts import AlertLine
from ui.desktop.context import Context
from ui.desktop.models.alerts import reason
from ui.desktop.widgets.basics import button, chip, clear, label, row


class AlertNotice(QFrame):
    """The alerts of this sitting: the gravest one in full, the others in numbers, until they are looked at."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._lines: list[AlertLine] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(10, 8, 10, 8)
        self._layout.setSpacing(4)
        self.hide()

    def add(self, line: AlertLine) -> None:
        """Tell of one more alert."""
        self._lines.append(line)
        self._show()

    def _show(self) -> None:
        texts, words = self._context.texts, self._context.words
        # Of equally grave ones the last: that is the sheet that is still in one's hand.
        worst = max(self._lines, key=lambda line: LEVELS.index(line.alert.fields.level))
        gravest = [line for line in self._lines if line.alert.fields.level == worst.alert.fields.level][-1]
        level = gravest.alert.fields.level
        self.setProperty("alert", level)
        self.style().unpolish(self)
        self.style().polish(self)
        clear(self._layout)
        name = label(texts("desktop_screening.alert_raised", name=gravest.person.fields.name), "strong")
        look = button(texts("desktop_screening.look_at_alert"), lambda: self._look(gravest))
        away = button(texts("desktop_screening.later"), self._put_away, "link")
        self._layout.addLayout(row(chip(words.level(level), level), name, None, look, away))
        self._layout.addWidget(label(reason(self._context, gravest.alert.fields), wrap=True))
        if len(self._lines) > 1:
            counts = Counter(line.alert.fields.level for line in self._lines)
            grave_first = sorted(counts, key=LEVELS.index, reverse=True)
            parts = [f"{words.level(one)} {counts[one]}" for one in grave_first]
            text = texts(
                "desktop_screening.alerts_so_far",
                count=len(self._lines),
                levels=texts("desktop_screening.list_separator").join(parts),
            )
            self._layout.addWidget(label(text, "small"))
        self.show()

    def _look(self, line: AlertLine) -> None:
        self._put_away()
        self._context.signals.alert_wanted.emit(line.alert.id)

    def _put_away(self) -> None:
        self._lines = []
        self.hide()
