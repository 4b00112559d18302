"""A real window on a real archive with invented people."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Campaign, Group, Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import Texts
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.keys import Cost
from storage.records import Draft
from ui.desktop.preferences import Preferences
from ui.desktop.theme import Theme
from ui.desktop.window import Window

USER, PASSWORD = "王老师", "correct horse"
FILLED, EMPTY = "station.xinyi", "empty.xinyi"
TIMEOUT_MS = 20_000


def fill(archive: Archive) -> None:
    """Two classes, a round of today, answers of some: one about self-harm, one severe, one unfinished."""
    today = dt.datetime.now().astimezone().date()
    register_user(archive, USER)
    groups = {name: archive.new_id() for name in ("七年级1班", "七年级2班")}
    drafts = [Draft.new("group", record, plain(Group(name, "七年级"))) for name, record in groups.items()]
    names = ["张三丰", "李芳", "单雄信", "曾静", "阿依古丽·买买提", "王𬱖", "仇英", "解珍"]
    for number, name in enumerate(names):
        record = archive.new_id()
        fields = Person(
            name,
            sex="male" if number % 2 == 0 else "female",
            birth_date=f"2013-0{number + 1}-12",
            student_number=f"G99000000{number:02}",
            group=groups["七年级1班" if number < 5 else "七年级2班"],
        )
        drafts.append(Draft.new("person", record, plain(fields), person=record))
    archive.save(drafts)
    screenings = Screenings(archive, Library.load(), AlertRules.load())
    opens, closes = (today - dt.timedelta(days=10)).isoformat(), (today + dt.timedelta(days=60)).isoformat()
    screenings.start_campaign(Campaign("秋季筛查", ("phq-9", "gad-7"), tuple(groups.values()), opens, closes))
    people = People(archive)
    answers: dict[str, dict[str, int]] = {
        "张三丰": {**{str(item): 0 for item in range(1, 9)}, "9": 1},
        "李芳": {str(item): 2 for item in range(1, 9)} | {"9": 0},
        "曾静": {"1": 1, "2": 0},
    }
    for name, given in answers.items():
        person = people.find(name)[0]
        screenings.record(Sheet(person, "phq-9", today, given, "typed"))


@contextmanager
def _cheap() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.keys.COST", Cost(memory=128, passes=1, lanes=1))
        yield


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords that take no time: how long they take is the business of the tests of the archive, which may come next."""
    with _cheap():
        yield


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of invented people, and with one as it is made, with nobody in it."""
    with _cheap():
        return _made(tmp_path_factory.mktemp("archives"))


def _made(folder: Path) -> Path:
    with Archive.create(folder / FILLED, Owner(USER, PASSWORD, Names("laptop", "示范中学")), CATALOGUE) as archive:
        fill(archive)
    owner = Owner(USER, PASSWORD, Names("second laptop", "示范中学"))
    with Archive.create(folder / EMPTY, owner, CATALOGUE) as archive:
        register_user(archive, USER)
    return folder


def copied(archives: Path, name: str, folder: Path) -> Path:
    for ending in ("", ".keys"):
        shutil.copy(archives / f"{name}{ending}", folder)
    return folder / name


@pytest.fixture
def archive_path(archives: Path, tmp_path: Path) -> Path:
    """An archive with invented people."""
    return copied(archives, FILLED, tmp_path)


@pytest.fixture
def empty_archive(archives: Path, tmp_path: Path) -> Path:
    """An archive as it is made, with nobody in it."""
    return copied(archives, EMPTY, tmp_path)


@pytest.fixture
def make_window(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[..., Window]]:
    """Makes windows in a language and a look, and closes them afterwards."""
    made: list[Window] = []
    worn: list[str] = []

    def make(archive: Path | None = None, *, language: str = "zh-CN", look: str = "light") -> Window:
        theme = Theme("dark" if look == "dark" else "light")
        # Once, as the program does: with every look put on, windows that are there already are styled again.
        if worn[-1:] != [look]:
            theme.apply(qapp)
            worn.append(look)
        window = Window(Texts.load(language), theme, Preferences(archive=str(archive or "")), lambda _changed: None)
        window.resize(1366, 768)
        window.show()
        made.append(window)
        # Shortcuts reach only the window that has the keyboard.
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=TIMEOUT_MS)
        return window

    yield make
    for window in made:
        window.close()
        qtbot.waitUntil(window.tasks.idle, timeout=TIMEOUT_MS)
        # A window that stays is styled again with every later one.
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_window(make_window: Callable[..., Window], qtbot: QtBot) -> Callable[[Path], Window]:
    """Opens the window on an archive, on 今日."""

    def open_one(archive: Path) -> Window:
        window = make_window(archive)
        window.unlock(archive, USER, PASSWORD)
        qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
        QApplication.processEvents()  # what is laid out anew shows itself with the next round of events
        return window

    return open_one


@pytest.fixture
def opened(open_window: Callable[[Path], Window], archive_path: Path) -> Window:
    """The window with the archive of invented people open, on 今日."""
    return open_window(archive_path)
