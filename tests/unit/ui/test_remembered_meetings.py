"""What an archive remembers of its meetings: the last fifty, those alike as one, and what was refused where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.opportunities import SyncRules
from app.texts import Texts
from storage.archive import Archive
from storage.errors import EnvironmentProblem
from sync.engine import Refusal, Transfer
from ui.meetings import Met, Place, county_address, last_meeting, meetings, note_failed, note_met

if TYPE_CHECKING:
    from tests.conftest import Station

SERVER, STICK = Place("server", "https://10.0.0.5:8443"), Place("stick", "蓝色")
GONE = EnvironmentProblem("sync.no_connection")


def test_the_last_fifty_are_remembered(archive: Archive) -> None:
    for number in range(60):
        note_met(archive, STICK, Transfer(sent=number))
    assert [met.sent for met in meetings(archive)] == list(range(59, 9, -1))
    assert len(meetings(archive)) == SyncRules.load().history


def test_tries_of_the_program_that_fail_alike_count_as_one(archive: Archive) -> None:
    for _ in range(12):
        note_failed(archive, SERVER, GONE, by_itself=True)
    (met,) = meetings(archive)
    assert (met.times, met.problem) == (12, "sync.no_connection")
    note_failed(archive, SERVER, EnvironmentProblem("sync.broken_off"), by_itself=True)
    assert len(meetings(archive)) == 2


def test_meetings_of_the_program_that_move_nothing_count_as_one(archive: Archive) -> None:
    note_met(archive, SERVER, Transfer(sent=3), by_itself=True)
    for _ in range(3):
        note_met(archive, SERVER, Transfer(), by_itself=True)
    assert [met.times for met in meetings(archive)] == [3, 1]


def test_what_somebody_did_by_hand_is_always_told(archive: Archive) -> None:
    for _ in range(2):
        note_failed(archive, SERVER, GONE)
    assert [met.times for met in meetings(archive)] == [1, 1]


def test_a_failure_is_told_in_words_with_its_gaps_filled(archive: Archive) -> None:
    note_failed(archive, STICK, EnvironmentProblem("sync.stick_full", folder="/media/蓝色"))
    assert "/media/蓝色 已满" in meetings(archive)[0].words(Texts.load())


def test_a_failure_of_which_this_version_has_no_words_shows_its_name() -> None:
    assert Met(1, STICK, by_itself=False, problem="sync.of_a_newer_version").words(Texts.load()) == (
        "sync.of_a_newer_version"
    )


def test_only_a_meeting_with_the_server_counts_as_the_last_one(archive: Archive) -> None:
    note_met(archive, STICK, Transfer(sent=1))
    note_failed(archive, SERVER, GONE)
    assert (county_address(archive), last_meeting(archive)) == ("", 0)
    note_met(archive, SERVER, Transfer())
    assert county_address(archive) == SERVER.name
    assert last_meeting(archive) == meetings(archive)[0].at


def test_refusals_say_whose_they_were_and_go_with_the_next_good_meeting_there(station: Station) -> None:
    archive, _ = station.archives
    archive.meeting.seal()
    _, stream = archive.device.stream
    stranger = b"x" * len(stream)
    for place in (STICK, SERVER):
        note_met(archive, place, Transfer(refused=[Refusal(stranger, 4, "sync.refused_signature")]))
    assert [(one.kind, one.ours) for one in archive.fates.refusals()] == [("server", False), ("stick", False)]
    note_met(archive, STICK, Transfer())
    assert [one.kind for one in archive.fates.refusals()] == ["server"]
