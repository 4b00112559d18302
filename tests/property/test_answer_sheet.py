"""Whatever keys are pressed on an answer sheet, it is as if somebody had kept a simple list."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.instruments.library import Library
from app.texts import Texts
from tests.effort import examples
from ui.desktop.theme import Theme
from ui.desktop.widgets.answer_sheet import AnswerSheet

PHQ = Library.load().get("phq-9")
ITEMS = [item.id for item in PHQ.items]
KEYS: dict[str, Qt.Key] = {
    **{str(digit): Qt.Key(ord("0") + digit) for digit in range(10)},
    "blank": Qt.Key.Key_Space,
    "back": Qt.Key.Key_Backspace,
    "delete": Qt.Key.Key_Delete,
    "up": Qt.Key.Key_Up,
    "down": Qt.Key.Key_Down,
    "home": Qt.Key.Key_Home,
    "end": Qt.Key.Key_End,
}


class Model:
    """The same, in a few lines."""

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self.at = 0

    def press(self, key: str) -> None:
        inside = self.at < len(ITEMS)
        if key.isdigit():
            if inside and int(key) <= 3:
                self.answers[ITEMS[self.at]] = int(key)
                self.at += 1
        elif key == "back":
            if self.at:
                self.at -= 1
                self.answers.pop(ITEMS[self.at], None)
        elif key in {"blank", "delete"}:
            if inside:
                self.answers.pop(ITEMS[self.at], None)
                self.at += key == "blank"
        elif key == "up":
            self.at = max(0, self.at - 1)
        elif key == "down":
            self.at = min(len(ITEMS), self.at + 1)
        else:
            self.at = 0 if key == "home" else len(ITEMS) - 1


@pytest.fixture(scope="module")
def sheet(qapp: QApplication) -> AnswerSheet:
    made = AnswerSheet(Texts.load(), Theme("light"))
    made.show_instrument(PHQ)
    return made


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.sampled_from(sorted(KEYS)), max_size=40))
def test_a_sheet_is_what_its_keys_make_it(sheet: AnswerSheet, keys: list[str]) -> None:
    model = Model()
    sheet.show_answers({}, editable=True)
    for key in keys:
        QTest.keyClick(sheet, KEYS[key])
        model.press(key)
        assert (sheet.answers, sheet.position) == (model.answers, model.at)
    blank = [number for number, item in enumerate(PHQ.items, 1) if item.required and item.id not in model.answers]
    assert sheet.missing() == blank


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.sampled_from(sorted(KEYS)), max_size=20),
    answers=st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 3)),
)
def test_a_sheet_that_is_only_looked_at_never_changes(
    sheet: AnswerSheet, keys: list[str], answers: dict[str, int]
) -> None:
    sheet.show_answers(answers, editable=False)
    for key in keys:
        QTest.keyClick(sheet, KEYS[key])
    assert sheet.answers == answers


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 3)))
def test_a_sheet_that_is_shown_again_goes_on_at_the_first_blank_item(
    sheet: AnswerSheet, answers: dict[str, int]
) -> None:
    sheet.show_answers(answers, editable=True)
    assert sheet.answers == answers
    blank = [place for place, item in enumerate(ITEMS) if item not in answers]
    assert sheet.position == (blank[0] if blank else len(ITEMS))
