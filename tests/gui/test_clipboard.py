"""The clipboard and the selection of a real X server: what the program puts there goes again, what others put there stays.

Qt's platform without a screen does not know whose the clipboard is, so here programs run on a screen in memory.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 30
LONG = 600_000
SHORT = 100

# Reads commands, one a line, and answers each with a line. "wait" answers when clipboard and selection, or one of them,
# are empty.
PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication
from app.texts import Texts
from ui.desktop.clipboard import ClipboardWatch
from ui.desktop.preferences import Preferences
from ui.desktop.theme import Theme
from ui.desktop.window import Window

application = QApplication(["test"])
application.setQuitOnLastWindowClosed(False)
clipboard = application.clipboard()
kind, keep = sys.argv[1], int(sys.argv[2])
keeper = Window(Texts.load(), Theme("light"), Preferences(), print) if kind == "window" else None
if keeper is not None:
    keeper.show()
elif kind == "watch":
    keeper = ClipboardWatch(application, keep)

MODES = {"clipboard": QClipboard.Mode.Clipboard, "selection": QClipboard.Mode.Selection}

def shown(mode):
    return clipboard.text(mode) or "-"

def obey():
    command, _, text = sys.stdin.readline().strip().partition(" ")
    if command == "copy":
        clipboard.setText(text)
    elif command == "select":
        clipboard.setText(text, QClipboard.Mode.Selection)
    elif command == "lock":
        keeper.lock()
    elif command == "close":
        keeper.close()
    elif command == "quit" or not command:
        application.quit()
        return
    elif command == "wait":
        wait([MODES[text]] if text else MODES.values())
        return
    # What was set reaches the server with the next round of events.
    QTimer.singleShot(0, tell)

def wait(modes):
    if all(shown(mode) == "-" for mode in modes):
        tell()
    else:
        QTimer.singleShot(20, lambda: wait(modes))

def tell():
    print(*map(shown, MODES.values()), flush=True)

notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
notifier.activated.connect(lambda *_: obey())
print("ready", flush=True)
application.exec()
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A screen in memory."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1366x768x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


class Program:
    """A program on the screen."""

    def __init__(self, screen: str, kind: str, keep: int) -> None:
        environment = dict(os.environ, DISPLAY=screen, QT_QPA_PLATFORM="xcb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, kind, str(keep)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._line() == "ready"

    def __call__(self, command: str) -> str:
        """Have it do something; answers with what clipboard and selection then hold."""
        self._write(command)
        return self._line()

    def quit(self) -> None:
        if self._process.poll() is None:
            self._write("quit")
        self._process.communicate(timeout=TIMEOUT)

    def _write(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


Start = Callable[..., Program]


@pytest.fixture
def start(screen: str) -> Iterator[Start]:
    made: list[Program] = []

    def begin(kind: str, keep: int = LONG) -> Program:
        made.append(Program(screen, kind, keep))
        return made[-1]

    yield begin
    for program in made:
        program.quit()


def test_what_was_copied_can_be_pasted_for_a_while(start: Start) -> None:
    ours, other = start("watch"), start("other")
    ours("copy 张三丰")
    ours("select 李芳")
    assert other("look") == "张三丰 李芳"


def test_after_a_while_it_is_gone(start: Start) -> None:
    ours, other = start("watch", SHORT), start("other")
    ours("copy 张三丰")
    ours("select 李芳")
    assert other("wait") == "- -"


def test_what_others_put_there_since_stays(start: Start) -> None:
    ours, other = start("watch", SHORT), start("other")
    ours("copy 张三丰")
    other("copy 别的")
    ours("select 李芳")
    # The selection going tells that the time for both is over.
    assert other("wait selection") == "别的 -"
    assert ours("look") == "别的 -"


def test_what_others_copied_is_never_touched(start: Start) -> None:
    ours, other = start("window"), start("other")
    other("copy 别的")
    other("select 也是")
    assert ours("lock") == "别的 也是"
    assert ours("close") == "别的 也是"


@pytest.mark.parametrize("end", ["lock", "close"])
def test_locking_or_closing_the_window_takes_it_out_at_once(start: Start, end: str) -> None:
    ours, other = start("window"), start("other")
    ours("copy 张三丰")
    ours("select 李芳")
    assert ours(end) == "- -"
    assert other("look") == "- -"


def test_after_the_program_ended_nothing_can_be_pasted(start: Start) -> None:
    ours, other = start("watch"), start("other")
    ours("copy 张三丰")
    ours.quit()
    assert other("look") == "- -"
