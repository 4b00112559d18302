"""Every scale and every form that comes with the program: opened, filled in by keyboard alone, saved, and printed."""

import datetime as dt
from random import Random
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.instruments.items import Choice, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.library import Library
from app.records import Kept, Screening
from app.reports.service import Paper
from tests.gui.forms import KEY, TODAY, Filler
from tests.printed import bare, text_of
from ui.desktop.widgets.answer_field import AnswerField
from ui.desktop.window import Window

DEFINITIONS = Library.load().ids()
PARTS = 5
"""So many windows, one after the other or side by side, share the definitions."""
WORDS = "invented"
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|grabbing the keyboard)")


class Scribe:
    """Fills in whatever it is asked: some answer that is possible, by keyboard alone."""

    def __init__(self, filler: Filler, seed: str) -> None:
        self._filler = filler
        self._random = Random(seed)

    def fill_in(self) -> dict[str, Any]:
        """Answer item after item to the end of the form; returns what was meant."""
        meant: dict[str, Any] = {}
        sheet = self._filler.sheet
        while sheet.position < len(sheet._items):
            item = sheet._items[sheet.position]
            assert item.id not in meant
            meant[item.id] = self._answer(item)
        return meant

    def _answer(self, item: Item) -> Any:
        if isinstance(item, Choice):
            return self._choose(item)
        if isinstance(item, Multiple):
            return self._tick(item)
        if isinstance(item, Group):
            return self._rows(item)
        return self._typed(item)

    def _values(self, item: Choice | Multiple) -> list[int]:
        definition = self._filler.sheet.definition
        assert definition is not None
        return [option.value for option in definition.options(item)]

    def _choose(self, item: Choice) -> int:
        value = self._random.choice(self._values(item))
        self._filler.type(str(value))
        if self._filler.current == item.id:  # a longer number begins with this one
            self._filler.press(KEY.Key_Return)
        return value

    def _tick(self, item: Multiple) -> list[int]:
        values = [value for value in self._values(item) if value not in item.alone]
        chosen = sorted(self._random.sample(values, k=min(2, len(values))))
        for value in chosen:
            self._filler.type(str(value))
            if any(str(other).startswith(str(value)) and other != value for other in self._values(item)):
                self._filler.press(KEY.Key_Return)
        self._filler.press(KEY.Key_Down)
        return chosen

    def _typed(self, item: Item) -> Any:
        entry, text = self._made_up(item)
        self._filler.type(text)
        self._filler.press(KEY.Key_Tab)
        return entry

    def _made_up(self, item: Item) -> tuple[Any, str]:
        if isinstance(item, Quantity):
            number = self._random.randint(round(item.low), round(item.high))
            return number, str(number)
        if isinstance(item, Day):
            days = self._random.randint(1, 60)
            day = TODAY + dt.timedelta(days=days if item.when == "future" else -days)
            return day.isoformat(), f"{day:%Y%m%d}"
        assert isinstance(item, Words)
        text = WORDS[: item.longest]
        return text, text

    def _rows(self, item: Group) -> list[dict[str, Any]]:
        """One row; what is behind its fields is passed."""
        content: dict[str, Any] = {}
        while self._filler.current == item.id:
            field = self._field()
            if field is not None and field.item.id not in content:
                if isinstance(field.item, Choice):
                    content[field.item.id] = value = self._values(field.item)[0]
                    self._filler.type(str(value))
                elif isinstance(field.item, Multiple):
                    content[field.item.id] = [self._values(field.item)[0]]
                    self._filler.press(KEY.Key_Space)
                else:
                    content[field.item.id], text = self._made_up(field.item)
                    self._filler.type(text)
            self._filler.press(KEY.Key_Tab)
        return [content]

    def _field(self) -> AnswerField | None:
        widget = self._filler.focus()
        while not isinstance(widget, AnswerField):
            parent = widget.parentWidget()
            if parent is None:
                return None
            widget = parent
        return widget


@pytest.mark.parametrize("part", range(PARTS))
def test_it_is_opened_filled_in_by_keyboard_alone_saved_and_printed(part: int, opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    for name in DEFINITIONS[part::PARTS]:
        given = written(filler, name)
        record: Kept[Screening] = filler.ask(lambda desk: desk.screenings.of_person(filler.person)[0])
        saved, definition = record.fields, filler.work.context.library.get(name)
        assert (saved.instrument, saved.answers, saved.status) == (name, given, "complete")
        assert saved.scores.keys() == {score.id for score in definition.scores}, name
        said = bare(text_of(printed(filler, record.id).pdf))
        assert bare(definition.title["zh-CN"]) in said
        assert all(bare(score.title["zh-CN"]) in said for score in definition.scores), name


def printed(filler: Filler, screening: bytes) -> Paper:
    now = dt.datetime.now().astimezone()
    return filler.ask(lambda desk: desk.reports.filled_form(screening, now))


def written(filler: Filler, name: str) -> dict[str, Any]:
    """Open a form, fill it in, save it, and leave it; returns the answers to what was asked."""
    filler.page.fill(filler.person, name)
    meant = Scribe(filler, name).fill_in()
    given = filler.sheet.given
    assert given == {item: answer for item, answer in meant.items() if item in given}, name
    assert filler.sheet.missing() == [], name
    filler.save()
    if filler.is_open:  # what was typed from paper has raised an alert, which is told here
        assert filler.form.pane.notice.isVisible(), name
        filler.press(KEY.Key_Escape)
    assert not filler.is_open, name
    return given
