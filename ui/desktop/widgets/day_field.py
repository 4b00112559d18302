"""A field for a day, with a calendar."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QDate, QLocale, Qt, Signal
from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import QCalendarWidget, QDateEdit

from ui.desktop.context import Context
from ui.desktop.theme import Theme

CALENDAR_ROWS = 8
"""Title, names of weekdays, six weeks."""


class DayField(QDateEdit):
    """A `datetime.date` to type or to choose.

    Args:
        context: for language and sizes.
        day: shown to begin with.
        name: for screen readers.

    Signals:
        picked: the person at the keyboard chose another day.
        entered: Enter.
    """

    picked = Signal()
    entered = Signal()

    def __init__(self, context: Context, day: dt.date, name: str) -> None:
        super().__init__()
        self.setCalendarPopup(True)
        self.setDisplayFormat("yyyy-MM-dd")
        self.setAccessibleName(name)
        dress(self.calendarWidget(), context.texts.language, context.theme)
        self.show_day(day)
        self.dateChanged.connect(lambda _date: self.picked.emit())
        self.lineEdit().returnPressed.connect(self.entered.emit)

    @property
    def day(self) -> dt.date:
        """The day that is shown."""
        shown = self.date()
        return dt.date(shown.year(), shown.month(), shown.day())

    def show_day(self, day: dt.date) -> None:
        """Show a day that nobody picked."""
        blocked = self.blockSignals(True)  # noqa: FBT003 -- Qt's argument
        self.setDate(QDate(day.year, day.month, day.day))
        self.blockSignals(blocked)


def dress(calendar: QCalendarWidget, language: str, theme: Theme) -> None:
    """Give a calendar the look that all calendars have here."""
    calendar.setLocale(QLocale(language))
    calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
    calendar.setVerticalHeaderFormat(calendar.VerticalHeaderFormat.NoVerticalHeader)
    calendar.setMinimumHeight(CALENDAR_ROWS * theme.size("row"))
    for weekend in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
        # Qt paints them in a red of its own, which cannot be read on a dark ground.
        calendar.setWeekdayTextFormat(weekend, QTextCharFormat())
