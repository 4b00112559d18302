"""What an answer is typed into or chosen with: a line, several lines, a day with a calendar, a list, things to tick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QDate, QEvent, QObject, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCalendarWidget,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.instruments.filling import BLANK, Unread
from app.texts import Texts
from ui.desktop.models.typed import NOT_APPLICABLE, Reading, plain
from ui.desktop.theme import Theme
from ui.desktop.widgets.day_field import dress

MOST_LINES = 8
"""Longer texts scroll in their field."""

_TEXT_FRAME = 16
_TICKS_IN_A_LINE = 3

Read = Callable[[str], Reading]


class Editor(QWidget):
    """Holds one answer. Its parts are reached by clicking and by the sheet, which knows the order: not by Tab alone.

    Signals:
        edited: somebody typed or chose.
        entered: the keyboard came into it.
        left: the keyboard went elsewhere.
    """

    edited = Signal()
    entered = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._watched: list[QWidget] = []

    def watch(self, *parts: QWidget) -> None:
        """These have the keyboard in turn."""
        for part in parts:
            part.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            part.installEventFilter(self)
            self._watched.append(part)

    def parts(self) -> list[QWidget]:
        """What can have the keyboard, in order."""
        return [part for part in self._watched if part.isEnabled() and not part.isHidden()]

    def reading(self) -> Reading:
        """What stands in it."""
        raise NotImplementedError

    def show_entry(self, entry: Any) -> None:
        """Show what nobody typed just now."""
        raise NotImplementedError

    def set_editable(self, *, editable: bool) -> None:
        """Whether anything can be typed."""
        raise NotImplementedError

    def name_it(self, name: str) -> None:
        """What a screen reader calls it."""
        for part in self._watched:
            part.setAccessibleName(name)

    def describe(self, text: str) -> None:
        """What a screen reader says about it."""
        for part in self._watched:
            part.setAccessibleDescription(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """Tell when the keyboard comes and goes."""
        if event.type() == QEvent.Type.FocusIn:
            self.entered.emit()
        elif event.type() == QEvent.Type.FocusOut:
            self.left.emit()
        return super().eventFilter(watched, event)


def _written(entry: Any) -> str:
    """An entry as it stands in a field."""
    if entry is BLANK:
        return ""
    if entry is None:
        return NOT_APPLICABLE
    return str(entry.typed if isinstance(entry, Unread) else entry)


class LineEditor(Editor):
    """A line.

    Args:
        read: what is typed, as an answer.
        characters: how much room there is, 0 for all that there is.
        may_skip: whether a stroke says that it does not apply.
    """

    def __init__(self, read: Read, *, characters: int, may_skip: bool) -> None:
        super().__init__()
        self._read = read
        self._may_skip = may_skip
        self.line = QLineEdit()
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.layout_ = QHBoxLayout(self)
        self.layout_.setContentsMargins(0, 0, 0, 0)
        self.layout_.setSpacing(4)
        self.layout_.addWidget(self.line)
        if characters:
            self.line.setFixedWidth(self.fontMetrics().averageCharWidth() * characters + 24)
        self.watch(self.line)

    def reading(self) -> Reading:
        """The line as it was read."""
        if self._may_skip and plain(self.line.text()) == NOT_APPLICABLE:
            return Reading(None)
        return self._read(self.line.text())

    def show_entry(self, entry: Any) -> None:
        """Show it, from its beginning."""
        self.line.setText(_written(entry))
        self.line.setCursorPosition(0)

    def set_editable(self, *, editable: bool) -> None:
        """What is saved can be read and copied."""
        self.line.setReadOnly(not editable)


class TextEditor(Editor):
    """Several lines; Tab leaves them."""

    def __init__(self, read: Read, *, lines: int, may_skip: bool) -> None:
        super().__init__()
        self._read = read
        self._may_skip = may_skip
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * min(lines, MOST_LINES) + _TEXT_FRAME)
        self.text.textChanged.connect(self.edited)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        self.watch(self.text)

    def reading(self) -> Reading:
        """The text as it was read."""
        text = self.text.toPlainText()
        if self._may_skip and plain(text) == NOT_APPLICABLE:
            return Reading(None)
        return self._read(text)

    def show_entry(self, entry: Any) -> None:
        """Show it."""
        with QSignalBlocker(self.text):
            self.text.setPlainText(_written(entry))

    def set_editable(self, *, editable: bool) -> None:
        """What is saved can be read and copied."""
        self.text.setReadOnly(not editable)


class DayEditor(LineEditor):
    """A day to type, or to choose in a calendar (the button, or Alt and the arrow)."""

    CHARACTERS = 14

    def __init__(self, read: Read, texts: Texts, theme: Theme, icon: QIcon, *, may_skip: bool) -> None:
        super().__init__(read, characters=self.CHARACTERS, may_skip=may_skip)
        self._texts = texts
        self._theme = theme
        self._calendar: QCalendarWidget | None = None
        self.line.setPlaceholderText(texts("form.day_hint"))
        self.choose = QPushButton()
        self.choose.setProperty("role", "down")
        self.choose.setIcon(icon)
        self.choose.setToolTip(texts("form.calendar"))
        self.choose.setAccessibleName(texts("form.calendar"))
        self.choose.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.choose.clicked.connect(lambda _on: self.open_calendar())
        self.layout_.insertWidget(1, self.choose)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """Alt and the arrow open the calendar; a day that is left stands as all days do."""
        if watched is self.line and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            with_alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
            if (with_alt and event.key() == Qt.Key.Key_Down) or event.key() == Qt.Key.Key_F4:
                self.open_calendar()
                return True
        if watched is self.line and event.type() == QEvent.Type.FocusOut and isinstance(self.reading().entry, str):
            self.line.setText(self.reading().entry)
        return super().eventFilter(watched, event)

    def set_editable(self, *, editable: bool) -> None:
        """Nothing is chosen where nothing is typed."""
        super().set_editable(editable=editable)
        self.choose.setEnabled(editable)

    def open_calendar(self) -> None:
        """Show a calendar below the line."""
        if self.line.isReadOnly():
            return
        if self._calendar is None:
            self._calendar = QCalendarWidget(self)
            self._calendar.setWindowFlag(Qt.WindowType.Popup)
            dress(self._calendar, self._texts.language, self._theme)
            self._calendar.activated.connect(self._chosen)
            self._calendar.clicked.connect(self._chosen)
        entry = self.reading().entry
        if isinstance(entry, str):
            shown = dt.date.fromisoformat(entry)
            self._calendar.setSelectedDate(QDate(shown.year, shown.month, shown.day))
        self._calendar.move(self.line.mapToGlobal(QPoint(0, self.line.height())))
        self._calendar.show()
        self._calendar.setFocus()

    def _chosen(self, day: QDate) -> None:
        if self._calendar is not None:
            self._calendar.hide()
        self.line.setText(day.toString("yyyy-MM-dd"))
        self.line.setFocus()
        self.edited.emit()


class ListEditor(Editor):
    """One of several options, in a list that opens; a digit chooses.

    Args:
        options: value and words of each.
        skip: the words for "does not apply"; empty where that is no answer.
    """

    def __init__(self, options: Sequence[tuple[int, str]], skip: str) -> None:
        super().__init__()
        self.list = _Patient()
        self.list.addItems(["", *(words for _, words in options), *([skip] if skip else [])])
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(12)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.currentIndexChanged.connect(lambda _at: self.edited.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        self._entries = [BLANK, *(value for value, _ in options), *([None] if skip else [])]
        self.watch(self.list)

    def reading(self) -> Reading:
        """What is chosen."""
        return Reading(self._entries[max(0, self.list.currentIndex())])

    def show_entry(self, entry: Any) -> None:
        """Choose it."""
        with QSignalBlocker(self.list):
            places = [at for at, one in enumerate(self._entries) if one is entry or (type(one) is int and one == entry)]
            self.list.setCurrentIndex(places[0] if places else 0)

    def set_editable(self, *, editable: bool) -> None:
        """Nothing is chosen any more."""
        self.list.setEnabled(editable)


class TicksEditor(Editor):
    """Any number of several options.

    Args:
        options: value and words of each.
        alone: those that go with no other.
        none: the words for "none of these".
    """

    def __init__(self, options: Sequence[tuple[int, str]], alone: Sequence[int], none: str) -> None:
        super().__init__()
        self._alone = frozenset(alone)
        # "&" would underline the letter after it.
        self._boxes = {value: QCheckBox(words.replace("&", "&&")) for value, words in options}
        self._none = QCheckBox(none)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 4)
        for place, box in enumerate([*self._boxes.values(), self._none]):
            grid.addWidget(box, place // _TICKS_IN_A_LINE, place % _TICKS_IN_A_LINE)
        grid.setColumnStretch(_TICKS_IN_A_LINE, 1)
        for value, box in self._boxes.items():
            box.clicked.connect(lambda on, value=value: self._ticked(value, on=on))
        self._none.clicked.connect(lambda on: self._ticked(None, on=on))
        self._none.setVisible(not alone)
        self.watch(*self._boxes.values(), self._none)

    def reading(self) -> Reading:
        """What is ticked."""
        chosen = sorted(value for value, box in self._boxes.items() if box.isChecked())
        return Reading(chosen if chosen or self._none.isChecked() else BLANK)

    def show_entry(self, entry: Any) -> None:
        """Tick it."""
        chosen = entry if isinstance(entry, list | tuple) else ()
        for value, box in self._boxes.items():
            box.setChecked(value in chosen)
        self._none.setChecked(isinstance(entry, list | tuple) and not chosen)

    def set_editable(self, *, editable: bool) -> None:
        """Nothing is ticked any more."""
        for part in (*self._boxes.values(), self._none):
            part.setEnabled(editable)

    def _ticked(self, value: int | None, *, on: bool) -> None:
        if on:
            for other, box in self._boxes.items():
                if other != value and (value is None or value in self._alone or other in self._alone):
                    box.setChecked(False)
            if value is not None:
                self._none.setChecked(False)
        self.edited.emit()


class _Patient(QComboBox):
    """A list that the wheel, meant for the page, does not change."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 -- Qt's name
        """The page scrolls."""
        event.ignore()
