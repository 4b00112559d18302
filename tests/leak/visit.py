"""A visit to the window, as a program of its own: open, look, type half a note, run into a bug, lock, close.

Reads what to type from standard input as JSON and says on standard output which titles its windows had and what was seen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTableView

from ui.desktop.preferences import PreferencesFile
from ui.desktop.start import Program, _application
from ui.desktop.window import Work
from ui.faults import keep_memory_private

PATIENCE_SECONDS = 60


class Visit:
    """Somebody in front of the window."""

    def __init__(self, archive: Path, said: dict[str, Any]) -> None:
        self._archive, self._said = archive, said
        self._application = _application()
        self._program = Program(self._application, PreferencesFile())
        self._program.show()
        self.titles: set[str] = set()
        self._stumbled = False

    def wait(self, until: Callable[[], object]) -> None:
        """Let the window work until something is so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not until():
            if time.monotonic() > end:
                raise TimeoutError
            QApplication.processEvents()
            self.titles |= {window.windowTitle() for window in QApplication.topLevelWidgets()}

    def go(self) -> list[bool]:
        """The visit; returns whether the names and the half note were on the screen."""
        window = self._program.window
        window.unlock(self._archive, self._said["user"], self._said["password"])
        self.wait(lambda: window.work is not None and window.tasks.idle())
        work = window.work
        assert work is not None
        work.show_page("people")
        self.wait(lambda: window.tasks.idle() and self._listed(work))
        names_seen = self._listed(work) >= {*self._said["names"]}
        work.show_page("alerts")
        self.wait(lambda: window.tasks.idle() and self._notes(work))
        note = self._notes(work)[0]
        note.setPlainText(self._said["note"])
        note_seen = self._said["note"] in note.toPlainText()
        work.keep_unfinished()
        self.wait(window.tasks.idle)
        QTimer.singleShot(1, self._bug)
        self.wait(lambda: self._stumbled)
        window.lock()
        self.wait(lambda: window.work is None and window.tasks.idle())
        window.close()
        self.wait(window.tasks.idle)
        return [names_seen, note_seen]

    def _listed(self, work: Work) -> set[str]:
        models = [table.model() for table in work.page().findChildren(QTableView)]
        cells = [model.index(row, 0).data() for model in models if model for row in range(model.rowCount())]
        return {str(cell).split()[0] for cell in cells if cell}

    def _notes(self, work: Work) -> list[QPlainTextEdit]:
        return [one for one in work.page().findChildren(QPlainTextEdit) if one.isVisible()]

    def _bug(self) -> None:
        """A slot that raises: the words are in the message, and must stay out of the report."""
        self._stumbled = True
        raise RuntimeError(self._said["note"], self._said["names"])


def main() -> None:
    """Visit, and tell."""
    keep_memory_private()
    visit = Visit(Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read()))
    seen = visit.go()
    sys.stdout.buffer.write(msgspec.json.encode({"titles": sorted(visit.titles), "seen": seen}))


if __name__ == "__main__":
    main()
