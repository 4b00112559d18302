"""Sync that nobody asked for: what is urgent at once, the rest in its time, and never in anybody's way."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.records import Group, plain
from app.screening.service import Sheet
from storage.records import Draft
from sync.county.office import County
from tests.gui.at_sync import Syncing
from tests.processes import Served, serve_county
from ui.desktop.desk import Desk
from ui.desktop.window import Window
from ui.meetings import Met, county_address, meetings

USER, PASSWORD = "王老师", "correct horse"
TIMEOUT_MS = 30_000


def raise_alert(desk: Desk) -> None:
    """Somebody answers so that a red alert is raised."""
    answers = {str(item): 3 for item in range(1, 10)}
    person = desk.people.find("仇英")[0]
    today = dt.datetime.now().astimezone().date()
    desk.screenings.record(Sheet(person, "phq-9", today, answers, "typed"))


def add_group(desk: Desk) -> None:
    desk.archive.save([Draft.new("group", desk.archive.new_id(), plain(Group("八年级1班", "八年级")))])


def last(syncing: Syncing) -> Met:
    return syncing.ask(lambda desk: meetings(desk.archive)[0])


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    County.init(folder, "示范县").close()
    return folder


@pytest.fixture
def syncing(
    archive_path: Path, make_window: Callable[..., Window], county: Path, tmp_path: Path, qtbot: QtBot
) -> Syncing:
    """Somebody at a window that has joined; failures are followed by short pauses, or the test would take minutes."""
    window = make_window(archive_path)
    rules = window.self_sync.rules
    window.self_sync.rules = msgspec.structs.replace(
        rules, urgent_seconds=0.05, pause_seconds=0.2, network_seconds=0.05, first_seconds=3600, jitter=0.0
    )
    window.unlock(archive_path, USER, PASSWORD)
    qtbot.waitUntil(lambda: window.work is not None and window.tasks.idle(), timeout=TIMEOUT_MS)
    made = Syncing(window, qtbot)
    made.join(county, tmp_path)
    return made


@pytest.fixture
def server(county: Path) -> Iterator[Served]:
    with serve_county(county) as running:
        yield running


@pytest.fixture
def other(
    empty_archive: Path, open_window: Callable[[Path], Window], county: Path, tmp_path: Path, qtbot: QtBot
) -> Syncing:
    """Somebody at the second laptop of the school."""
    made = Syncing(open_window(empty_archive), qtbot)
    made.join(county, tmp_path)
    return made


def test_an_alert_goes_out_by_itself_as_soon_as_it_is_saved(syncing: Syncing, server: Served) -> None:
    syncing.meet(server.url)
    syncing.work.show_page("today")
    syncing.save(raise_alert)
    syncing.until(lambda: syncing.waiting() == 0)
    syncing.until(lambda: syncing.status().endswith("0 条待上传"))
    assert (last(syncing).by_itself, last(syncing).place.kind) == (True, "server")


def test_what_is_not_urgent_waits_for_its_time(syncing: Syncing, server: Served) -> None:
    syncing.meet(server.url)
    syncing.save(add_group)
    syncing.wait()
    assert syncing.waiting() == 1
    assert syncing.window.self_sync.minutes == 15


def test_without_an_address_it_says_what_is_missing(syncing: Syncing) -> None:
    syncing.save(raise_alert)
    syncing.wait()
    assert syncing.window.self_sync.standing == "no_address"
    assert "填好县服务器地址" in syncing.said()


def test_a_server_that_is_gone_is_tried_more_and_more_rarely_and_told_in_words(
    syncing: Syncing, county: Path, qtbot: QtBot
) -> None:
    with serve_county(county) as running:
        syncing.meet(running.url)
    syncing.save(raise_alert)
    syncing.until(lambda: last(syncing).times >= 3)
    syncing.until(lambda: "没连上" in syncing.status() and "连不上县服务器" in syncing.said())
    assert len(syncing.ask(lambda desk: meetings(desk.archive))) == 2
    # No dialog, no banner: nobody asked.
    assert syncing.page.banner.text() == ""
    assert syncing.window.findChildren(QDialog) == []
    port = urlsplit(running.url).port or 0
    with serve_county(county, port):
        syncing.until(lambda: syncing.waiting() == 0)
        syncing.until(lambda: syncing.status().endswith("0 条待上传"))


def test_a_network_that_comes_up_is_used(syncing: Syncing, county: Path) -> None:
    with serve_county(county) as running:
        syncing.meet(running.url)
    syncing.window.self_sync.rules = msgspec.structs.replace(syncing.window.self_sync.rules, pause_seconds=1800)
    relock(syncing)
    syncing.save(raise_alert)
    syncing.until(lambda: syncing.window.self_sync.standing == "failing")
    port = urlsplit(running.url).port or 0
    with serve_county(county, port):
        syncing.window.self_sync.network.came.emit()
        syncing.until(lambda: syncing.waiting() == 0)


def test_locking_in_the_middle_of_a_meeting_loses_nothing(syncing: Syncing, server: Served) -> None:
    syncing.meet(server.url)
    with silent_server() as url:
        syncing.ask(lambda desk: desk.archive.remember("county address", url))
        syncing.save(raise_alert)
        syncing.until(lambda: syncing.window.meetings.running is not None)
        waiting, begun = syncing.waiting(), syncing.window.meetings.running
        relock(syncing)
        # The alert still waits, so another one may have begun by now.
        syncing.until(lambda: syncing.window.meetings.running is not begun)
        assert syncing.waiting() >= waiting > 0
    syncing.ask(lambda desk: desk.archive.remember("county address", server.url))
    syncing.window.self_sync.cleared()
    syncing.until(lambda: syncing.waiting() == 0)


def test_who_syncs_by_hand_does_not_wait_for_a_meeting_that_the_program_began(
    syncing: Syncing, server: Served, tmp_path: Path
) -> None:
    syncing.meet(server.url)
    (tmp_path / "stick").mkdir()
    with silent_server() as url:
        syncing.ask(lambda desk: desk.archive.remember("county address", url))
        syncing.save(raise_alert)
        syncing.until(lambda: syncing.window.meetings.running is not None)
        syncing.page.meet_stick(tmp_path / "stick")
        syncing.until(lambda: "发出" in syncing.page._result.text())
    assert last(syncing).place.kind == "stick"


def test_what_arrives_shows_itself_and_what_is_being_typed_stays(
    syncing: Syncing, other: Syncing, server: Served
) -> None:
    syncing.meet(server.url)
    other.meet(server.url)
    syncing.meet(server.url)
    other.meet(server.url)
    other.save(add_group)
    other.meet(server.url)
    syncing.page._address.setText("https://half typed")
    syncing.window.self_sync.cleared()
    syncing.until(lambda: "八年级1班" in syncing.ask(lambda desk: [one.fields.name for one in desk.people.groups()]))
    syncing.wait()
    assert last(syncing).by_itself
    assert syncing.page._address.text() == "https://half typed"


def test_the_window_closes_at_once_while_a_server_is_silent(syncing: Syncing, server: Served) -> None:
    syncing.meet(server.url)
    with ExitStack() as stack:
        url = stack.enter_context(silent_server())
        syncing.page.meet_server(url)
        syncing.until(lambda: syncing.window.meetings.running is not None)
        begin = dt.datetime.now(dt.UTC)
        syncing.window.close()
        assert (dt.datetime.now(dt.UTC) - begin).total_seconds() < 15


def test_the_address_of_a_meeting_that_failed_is_not_remembered(syncing: Syncing, server: Served) -> None:
    syncing.meet(server.url)
    syncing.meet("https://127.0.0.1:1")
    assert syncing.ask(lambda desk: county_address(desk.archive)) == server.url


def relock(syncing: Syncing) -> None:
    """Lock the window and open it again, at the page of sync."""
    window = syncing.window
    path = syncing.ask(lambda desk: desk.archive.path)
    window.lock()
    syncing.until(lambda: window.work is None)
    syncing.until(lambda: window.tasks._desk is None)
    window.unlock(path, USER, PASSWORD)
    syncing.until(lambda: window.work is not None)
    work = window.work
    assert work is not None
    syncing.work = work
    work.show_page("sync")
    page = work.page()
    syncing.page = page  # type: ignore[assignment]
