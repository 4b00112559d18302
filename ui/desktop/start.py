"""Starts the window."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.texts import Texts
from ui.desktop.preferences import Preferences, PreferencesFile
from ui.desktop.theme import Theme
from ui.desktop.window import Window
from ui.faults import write_report

FIRST_SIZE = (1366, 768)


class Program:
    """The application: one window at a time, made anew where the language or the look changes."""

    def __init__(self, application: QApplication, file: PreferencesFile) -> None:
        self._application = application
        self._file = file
        self._preferences = file.load()
        self.window = self._make()

    def show(self) -> None:
        """Show the window."""
        self.window.resize(*FIRST_SIZE)
        self.window.show()

    def _make(self) -> Window:
        theme = Theme.chosen(self._preferences.look)
        theme.apply(self._application)
        return Window(Texts.load(self._preferences.language), theme, self._preferences, self._remember)

    def _remember(self, preferences: Preferences) -> None:
        before, self._preferences = self._preferences, preferences
        self._file.save(preferences)
        if (before.language, before.look) != (preferences.language, preferences.look):
            # After the menu that asked for it has closed.
            QTimer.singleShot(0, self._rebuild)

    def _rebuild(self) -> None:
        old = self.window
        self.window = self._make()
        self.window.setGeometry(old.geometry())
        self.window.show()
        old.close()
        old.deleteLater()


def main(_arguments: Sequence[str] = ()) -> int:
    """Show the window until it is closed; returns the exit code."""
    application = _application()
    program = Program(application, PreferencesFile())
    program.show()
    return application.exec()


def show(archive: Path, user_name: str, password: str, *, preferences: Path) -> int:
    """Show the window with an archive already open, remembering nothing outside `preferences`."""
    application = _application()
    file = PreferencesFile(preferences)
    file.save(msgspec.structs.replace(file.load(), archive=str(archive)))
    program = Program(application, file)
    program.show()
    program.window.unlock(archive, user_name, password)
    return application.exec()


def _application() -> QApplication:
    application = QApplication(sys.argv[:1])
    application.setApplicationName("xinyi")
    sys.excepthook = _note
    # Ctrl+C in a terminal ends the program; Qt lets Python look for signals only now and then.
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    wake = QTimer(application)
    wake.timeout.connect(lambda: None)
    wake.start(500)
    return application


def _note(kind: type[BaseException], error: BaseException, _at: object) -> None:
    """A bug on the UI thread: a report without personal data, and the program goes on."""
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
    else:
        write_report(error)
