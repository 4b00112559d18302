"""A form with something of every kind, and somebody who fills it in, for the tests of forms."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.records import Kept, Screening
from app.screening.service import Sheet
from ui.desktop.desk import Desk
from ui.desktop.screens.fill_form import FillForm
from ui.desktop.screens.people import PeoplePage
from ui.desktop.widgets.answer_sheet import AnswerSheet
from ui.desktop.window import Window

T = TypeVar("T")
D = TypeVar("D", bound=QDialog)
KEY = Qt.Key
TIMEOUT_MS = 20_000
TODAY = dt.datetime.now().astimezone().date()
ORIGIN = {"made_by": "nobody", "source": "nowhere", "evidence": "made up for a test"}


def said(words: str) -> dict[str, str]:
    return {"zh-CN": words, "en": words}


def options(*words: str) -> list[dict[str, Any]]:
    return [{"value": value, "text": said(one)} for value, one in enumerate(words, 1)]


def item(kind: str, name: str, words: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "text": said(words), **more}


def definition(name: str = "visit", **parts: Any) -> dict[str, Any]:
    """The file of a record form: parts of it as they are given."""
    return {
        "format": 1,
        "id": name,
        "version": "1.0.0",
        "type": "form",
        "short_title": "走访",
        "title": said("走访记录"),
        "copyright": {
            "owner": "nobody",
            "wording": "full",
            "statement": "free",
            "evidence": "none needed",
            "evidence_date": "2026-11-22",
            "translations": {"zh-CN": ORIGIN, "en": ORIGIN},
        },
        "population": said("所有人"),
        "respondent": "clinician",
        "mode": "interview",
        "option_sets": {
            "way": options("门诊", "家访", "电话"),
            "who": options("本人", "家属", "邻居"),
            "often": options("没有", "有时", "经常"),
        },
        "items": [item("choice", "way", "方式", options="way", scored=False)],
        **parts,
    }


VISIT = definition(
    sections=[
        {"id": "what", "title": said("走访")},
        {"id": "state", "title": said("情况"), "layout": "grid"},
        {"id": "drugs", "title": said("用药")},
    ],
    items=[
        item("choice", "way", "方式", section="what", options="way", scored=False),
        item("text", "address", "地址", section="what", visible_if="${way} = 2", required=False),
        item("multiple", "who", "见到谁", section="what", options="who"),
        item("date", "day", "走访日期", section="what", when="past"),
        item("number", "height", "身高", section="what", **{"from": 40, "to": 230}, unit=said("cm")),
        item("number", "weight", "体重", section="what", **{"from": 2, "to": 300}, decimals=1, not_applicable=True),
        item("computed", "bmi", "体质指数", section="what", value="${weight} / (${height} / 100) / (${height} / 100)"),
        item("text", "notes", "看到和听到的", section="what", lines=3, longest=40, required=False),
        item("choice", "sleep", "睡不好", section="state", options="often", scored=False, not_applicable=True),
        item("choice", "food", "吃不下", section="state", options="often", scored=False, by="examiner"),
        item(
            "group",
            "drugs",
            "用药",
            section="drugs",
            required=False,
            items=[
                item("text", "name", "药名"),
                item("number", "dose", "每次", **{"from": 0, "to": 2000}, unit=said("mg")),
                item("choice", "how", "怎么用", options="way", scored=False, required=False),
            ],
        ),
    ],
)


def raw(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode()


class Filler:
    """Somebody at the keyboard, who has a person of the archive on the screen."""

    def __init__(self, window: Window, qtbot: QtBot, name: str = "单雄信") -> None:
        self.window, self.qtbot = window, qtbot
        self.person: bytes = self.ask(lambda desk: desk.people.find(name)[0].id)
        self.work.context.signals.person_wanted.emit(self.person)
        self.wait()

    @property
    def work(self) -> Any:
        assert self.window.work is not None
        return self.window.work

    @property
    def page(self) -> PeoplePage:
        page = self.work.page("people")
        assert isinstance(page, PeoplePage)
        return page

    def ask(self, question: Callable[[Desk], T]) -> T:
        return self.window.tasks.ask_archive(question)

    def know(self, data: dict[str, Any]) -> None:
        """Have the definition at hand."""
        self.work.context.library.keep(data["id"], data["version"], raw(data))

    def open(self, data: dict[str, Any]) -> FillForm:
        """Begin to fill in a form."""
        self.know(data)
        self.page.fill(self.person, data["id"])
        return self.dialog(FillForm)

    def dialog(self, kind: type[D]) -> D:
        found: list[D] = []

        def look() -> bool:
            found[:] = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
            return len(found) == 1 and self.window.tasks.idle()

        self.qtbot.waitUntil(look, timeout=TIMEOUT_MS)
        found[0].activateWindow()
        self.qtbot.waitUntil(found[0].isActiveWindow, timeout=TIMEOUT_MS)
        return found[0]

    @property
    def form(self) -> FillForm:
        return self.dialog(FillForm)

    @property
    def is_open(self) -> bool:
        return any(isinstance(one, FillForm) and one.isVisible() for one in QApplication.topLevelWidgets())

    @property
    def sheet(self) -> AnswerSheet:
        return self.form.pane.sheet

    @property
    def current(self) -> str:
        """The id of the current item."""
        sheet = self.sheet
        return sheet._items[sheet.position].id if sheet.position < len(sheet._items) else ""

    def wait(self) -> None:
        self.qtbot.waitUntil(self.window.tasks.idle, timeout=TIMEOUT_MS)
        QApplication.processEvents()

    def focus(self) -> QWidget:
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    def press(self, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            self.qtbot.keyClick(self.focus(), key, held)

    def type(self, text: str) -> None:
        for letter in text:
            self.qtbot.keyClicks(self.focus(), letter)

    def save(self) -> None:
        self.press(KEY.Key_Return, held=Qt.KeyboardModifier.ControlModifier)
        self.wait()

    def texts(self, widget: QWidget | None = None) -> str:
        QApplication.processEvents()
        return "\n".join(one.text() for one in (widget or self.form).findChildren(QLabel) if one.isVisible())

    def button(self, text: str, widget: QWidget | None = None) -> QPushButton:
        (found,) = [
            one for one in (widget or self.form).findChildren(QPushButton) if one.isVisible() and one.text() == text
        ]
        return found

    def record(self, instrument: str, answers: dict[str, Any], days_ago: int = 0) -> None:
        """Save answers as if they had come before."""
        day = TODAY - dt.timedelta(days=days_ago)
        self.ask(
            lambda desk: desk.screenings.record(Sheet(desk.people.get(self.person), instrument, day, answers, "typed"))
        )
        self.work.context.signals.changed.emit()
        self.wait()

    def saved(self, instrument: str) -> list[Screening]:
        """What is in the archive, the newest first."""
        found: list[Kept[Screening]] = self.ask(lambda desk: desk.screenings.of_person(self.person))
        return [one.fields for one in found if one.fields.instrument == instrument]
