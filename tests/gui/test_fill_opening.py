"""A form as it opens: what is in sight is there at once, and nothing else is waited for."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.forms import VISIT, Filler
from ui.desktop.models.fill import read_fill_start
from ui.desktop.screens.fill_form import FillForm
from ui.desktop.screens.form_choice import FormChoice
from ui.desktop.widgets.sheet_view import SheetView
from ui.desktop.window import Window

pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|grabbing the keyboard)")


class FirstPainting(QObject):
    """What of a sheet is in sight, made, and beside it when it is painted for the first time."""

    def __init__(self, sheet: SheetView) -> None:
        super().__init__(sheet)
        self._sheet = sheet
        self.done = False
        self.rows = 0
        self.reach = 0
        self.width = 0
        sheet.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        if event.type() == QEvent.Type.Paint and not self.done:
            last = self._sheet._rows[-1]
            self.done = True
            self.rows = len(self._sheet._rows)
            self.reach = last.mapTo(self._sheet.viewport(), last.rect().bottomLeft()).y()
            self.width = self._sheet.viewport().width()
        return super().eventFilter(watched, event)


def opened_form(window: Window, qtbot: QtBot, name: str) -> tuple[FillForm, FirstPainting]:
    filler = Filler(window, qtbot)
    context = filler.work.context
    start = filler.ask(lambda desk: read_fill_start(desk, filler.person))
    form = FillForm(context, start, context.library.get(name), filler.page)
    painting = FirstPainting(form.pane.sheet)
    filler.page.open_form(form)
    qtbot.waitUntil(lambda: painting.done, timeout=20_000)
    return form, painting


def test_what_is_in_sight_is_there_when_a_form_is_first_painted_and_the_rest_is_not_waited_for(
    opened: Window, qtbot: QtBot
) -> None:
    form, painting = opened_form(opened, qtbot, "mht")
    sheet = form.pane.sheet
    assert painting.reach >= sheet.viewport().height() - 1
    assert painting.rows < 40
    qtbot.waitUntil(lambda: len(sheet._rows) == 100, timeout=20_000)


def test_the_scroll_bar_is_there_when_a_form_is_first_painted(opened: Window, qtbot: QtBot) -> None:
    form, painting = opened_form(opened, qtbot, "mht")
    sheet = form.pane.sheet
    qtbot.waitUntil(lambda: len(sheet._rows) == 100, timeout=20_000)
    assert painting.width == sheet.viewport().width()


def test_where_little_is_asked_at_first_little_is_made_before_it_is_painted(opened: Window, qtbot: QtBot) -> None:
    form, painting = opened_form(opened, qtbot, "child-warning-signs")
    assert len(form.pane.sheet._form.walk.asked) < painting.rows + 3
    assert painting.rows < 10


def test_a_draft_opens_at_its_first_blank_item(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    answers = {str(item): 1 for item in range(1, 71)}
    filler.page.fill(filler.person, "scl-90", {"mode": "typed", "day": "", "seconds": 0, "answers": answers})
    sheet = filler.sheet
    QApplication.processEvents()
    row = sheet._rows[70]
    place = QRect(row.mapTo(sheet.viewport(), row.rect().topLeft()), row.size())
    assert sheet.position == 70
    assert sheet.viewport().rect().contains(place)


def test_rows_of_a_group_are_made_once(opened: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.desktop.widgets.group_row import GroupLine

    made: list[int] = []
    begin = GroupLine.__init__

    def counted(line: GroupLine, number: int, *more: object) -> None:
        made.append(number)
        begin(line, number, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(GroupLine, "__init__", counted)
    filler = Filler(opened, qtbot)
    filler.open(VISIT)
    qtbot.waitUntil(lambda: len(filler.sheet._rows) == 11, timeout=20_000)
    assert made == [1]


def test_what_this_program_cannot_read_is_not_there_to_choose(opened: Window, qtbot: QtBot) -> None:
    filler = Filler(opened, qtbot)
    filler.know({**VISIT, "id": "broken", "items": [], "title": {"zh-CN": "坏表单", "en": "broken"}})
    filler.know({**VISIT, "title": {"zh-CN": "好表单", "en": "sound"}})
    filler.button("填写表单", filler.page).click()
    choice = filler.dialog(FormChoice)
    qtbot.waitUntil(lambda: choice._list.count() > 20, timeout=20_000)
    listed = {choice._list.item(at).text() for at in range(choice._list.count())}
    assert "好表单" in listed
    assert "坏表单" not in listed


def test_who_types_faster_than_rows_are_made_sees_the_current_one_and_none_is_squeezed(
    opened: Window, qtbot: QtBot
) -> None:
    filler = Filler(opened, qtbot)
    filler.page.fill(filler.person, "mht")
    sheet = filler.sheet
    filler.type("1" * 60)
    current, view = sheet._rows[60], sheet.viewport()
    assert view.rect().contains(QRect(current.mapTo(view, QPoint()), current.size()))
    assert all(row.height() >= row.sizeHint().height() for row in sheet._rows)
