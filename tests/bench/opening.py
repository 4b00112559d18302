"""How long every form takes to open in the real window, beside a bare dialog with a line of text for each item."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QVBoxLayout, QWidget

from app.texts import Texts
from app.users import register_user
from tests.bench.archive import invent, new_archive, person_draft
from ui.desktop.models.fill import read_fill_start
from ui.desktop.preferences import Preferences
from ui.desktop.screens.fill_form import FillForm
from ui.desktop.theme import Theme
from ui.desktop.window import Window, Work

USER, PASSWORD = "u", "p"
"""Of `new_archive`."""

SCREEN = (1366, 768)
WARM_UP = "phq-2"


def bench_opening(folder: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds from the wish to fill in a form until all that is in sight of it is painted.

    The first opening in the process is told, then for each definition its first one, which reads the definition, and
    the shortest of `rounds` more.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    theme = Theme("light")
    theme.apply(application)
    path = folder / "opening.xinyi"
    person = _one_person(path)
    window = _opened(path, theme)
    opener = Opener(window, person)
    cold = opener.form(WARM_UP)
    found = {}
    for name in opener.work.context.library.ids():
        first = opener.form(name)
        again = min(opener.form(name) for _ in range(rounds))
        bare = min(opener.bare(name) for _ in range(rounds))
        found[name] = {"first_ms": first, "ms": again, "bare_ms": bare, "times_bare": again / bare}
    window.close()
    _wait(window.tasks.idle)
    return {"cold_ms": round(cold, 1)} | _summed_up(found)


def _summed_up(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for column in ("first_ms", "ms", "times_bare"):
        values = {name: row[column] for name, row in found.items()}
        worst = max(values, key=lambda name: values[name])
        summary[column] = {
            "median": round(statistics.median(values.values()), 1),
            "worst": round(values[worst], 1),
            "worst_is": worst,
        }
    definitions = {name: {key: round(value, 1) for key, value in row.items()} for name, row in found.items()}
    return summary | {"definitions": definitions}


class Opener:
    """Opens forms about one person, and dialogs to compare them with.

    Args:
        window: with an archive open.
        person: id of whom the forms are about.
    """

    def __init__(self, window: Window, person: bytes) -> None:
        self._window = window
        self._person = person
        self.work.context.signals.person_wanted.emit(person)
        _wait(window.tasks.idle)

    @property
    def work(self) -> Work:
        """The pages."""
        if self._window.work is None:
            raise RuntimeError
        return self._window.work

    def form(self, name: str) -> float:
        """Open a form as the page of its person does, and close it again; returns milliseconds."""
        page = self.work.page("people")
        gc.collect()
        began = time.perf_counter()
        start, definition = self._window.tasks.ask_archive(
            lambda desk: (read_fill_start(desk, self._person), desk.library.get(name))
        )
        form = FillForm(self.work.context, start, definition, page)
        painting = Painting(form.pane.sheet.viewport())
        page.open_form(form)
        return self._ended(form, painting) - 1000 * began

    def bare(self, name: str) -> float:
        """The same with the least that could be called a form: a line of text for each item."""
        items = self.work.context.library.get(name).items
        gc.collect()
        began = time.perf_counter()
        dialog = QDialog(self._window)
        layout = QVBoxLayout(dialog)
        for item in items:
            layout.addWidget(QLabel(item.text["zh-CN"] if item.text else item.id))
        painting = Painting(dialog)
        dialog.open()
        return self._ended(dialog, painting) - 1000 * began

    def _ended(self, dialog: QDialog, painting: Painting) -> float:
        """Wait until it is painted, and put it away."""
        _wait(lambda: painting.ended > 0)
        _wait(self._window.tasks.idle)
        dialog.done(0)
        dialog.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return 1000 * painting.ended


class Painting(QObject):
    """Notes when a widget has been painted, with all that is in it.

    Attributes:
        ended: when; 0 until then.
    """

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.ended = 0.0
        self._begun = False
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's name
        """What is in a widget is painted right after it, and before any timer."""
        if event.type() == QEvent.Type.Paint and not self._begun:
            self._begun = True
            QTimer.singleShot(0, self._end)
        return super().eventFilter(watched, event)

    def _end(self) -> None:
        self.ended = time.perf_counter()


def _one_person(path: Path) -> bytes:
    with new_archive(path) as archive:
        register_user(archive, USER)
        draft = person_draft(archive, invent(1)[0])
        archive.save([draft])
        return draft.record


def _opened(path: Path, theme: Theme) -> Window:
    window = Window(Texts.load(), theme, Preferences(archive=str(path)), lambda _changed: None)
    window.resize(*SCREEN)
    window.show()
    window.unlock(path, USER, PASSWORD)
    _wait(lambda: window.work is not None and window.tasks.idle())
    return window


def _wait(done: Callable[[], bool]) -> None:
    while not done():
        QApplication.processEvents()
