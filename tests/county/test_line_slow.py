"""Lines that crawl: 20 kbit/s, 2 s latency, one packet in twenty lost. A station's day goes through in seconds.

The clock is scaled so that this does not take minutes: rates are multiplied by `SCALE`, latencies, pauses and timeouts
divided by it, and the seconds that passed are multiplied back. What programs compute is not scaled, so the result is too
high rather than too low.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

import pytest

from app.records import Alert, Person, ScoreResult, Screening, plain
from storage.archive import Archive
from storage.records import Draft
from sync.engine import Transfer, meet
from sync.transports import http
from sync.transports.calls import Patience
from sync.transports.http import HttpStore
from tests.county.proxy import Proxy, Speed, line_to
from tests.county.served import Served, add_person, serving

if TYPE_CHECKING:
    from tests.conftest import Workshop

SCALE = 20
RTT = 4.0
"""Seconds there and back. A packet that is lost comes one such time later."""

CRAWLING = Speed(rate=2500 * SCALE, latency=RTT / 2 / SCALE, stalls=0.05, stall=RTT / SCALE)
SCALED = Patience(pause=1 / SCALE, longest_pause=20 / SCALE, connect=20 / SCALE, stall=60 / SCALE)
SCREENINGS = 60
EMPTY = 1000
"""Bytes both ways together that an empty meeting may take."""

DAY = 16 * 1024
"""Bytes that a day may take to the server, with the handshake of TLS; its answers do not compress, they are chance."""


@pytest.fixture(scope="module")
def served(workshop: Workshop) -> Iterator[Served]:
    with workshop.station() as station, serving(station.folder / "county") as url:
        here = Served(station, url)
        for archive in station.archives * 2:
            here.meet(archive)
        yield here


@pytest.fixture(autouse=True)
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SECONDS_AT_ONCE", http.SECONDS_AT_ONCE / SCALE)


def pupils(archive: Archive) -> list[bytes]:
    """People who are there already: the roster was imported in another week."""
    persons = [archive.new_id() for _ in range(SCREENINGS)]
    drafts = [
        Draft.new("person", person, plain(Person(name=f"学生{number}", sex="female")), person=person)
        for number, person in enumerate(persons)
    ]
    archive.save(drafts)
    return persons


def work_a_day(archive: Archive, persons: list[bytes]) -> None:
    """Sixty questionnaires one after the other, three of which raise an alert."""
    dice = Random(7)
    for number, person in enumerate(persons):
        answers = {str(item): dice.randrange(4) for item in range(1, 10)}
        source = archive.new_id()
        screening = Screening(
            instrument="phq-9",
            version="1",
            content="5f" * 32,
            date="2026-09-14",
            answers=answers,
            status="complete",
            scores={"total": ScoreResult(value=sum(answers.values()), band="mild", positive=False)},
            mode="typed",
        )
        archive.save([Draft.new("screening", source, plain(screening), person=person)])
        if number % 20 == 0:
            alert = Alert(
                level="red",
                status="open",
                instrument="phq-9",
                source=source,
                reasons=("critical",),
                rules_version="1",
                raised=archive.now(),
                due=archive.now() + 7_200_000,
            )
            archive.save([Draft.new("alert", archive.new_id(), plain(alert), person=person)])


class Passed:
    """What a meeting over a line took: bytes, calls, and seconds as they would be."""

    def __init__(self, line: Proxy) -> None:
        self._line = line
        self._before = line.up, line.down, line.turns, time.monotonic()
        self.up = self.down = self.calls = 0
        self.seconds = 0.0

    def stop(self) -> None:
        up, down, turns, begin = self._before
        self.up, self.down = self._line.up - up, self._line.down - down
        self.calls = (self._line.turns - turns + 1) // 2
        self.seconds = (time.monotonic() - begin) * SCALE

    def __str__(self) -> str:
        return f"{self.up} bytes up, {self.down} down, {self.calls} turns, {self.seconds:.0f} s"


def store_of(archive: Archive, url: str) -> HttpStore:
    server = archive.device.server
    assert server is not None
    return HttpStore(url, server, archive.device.signer, SCALED)


def test_an_empty_meeting_is_one_call_of_less_than_a_kilobyte(served: Served) -> None:
    one, _ = served.station.archives
    with line_to(served.url) as line, store_of(one, line.url) as store:
        meet(one.meeting, store)
        passed = Passed(line)
        assert meet(one.meeting, store) == Transfer()
        passed.stop()
    assert passed.calls == 1
    assert passed.up + passed.down < EMPTY, passed


def test_what_was_saved_takes_two_calls(served: Served) -> None:
    one, _ = served.station.archives
    with line_to(served.url) as line, store_of(one, line.url) as store:
        meet(one.meeting, store)
        add_person(one, "李雷")
        passed = Passed(line)
        assert meet(one.meeting, store) == Transfer(sent=1)
        passed.stop()
    assert passed.calls == 2, passed
    assert one.meeting.backlog().waiting == 0, "the answer to the second one is the receipt"


def test_a_day_of_a_station_goes_through_a_bad_line_in_seconds(served: Served) -> None:
    one, other = served.station.archives
    persons = pupils(one)
    served.meet(one)
    served.meet(other)
    work_a_day(one, persons)
    waiting = one.meeting.backlog().waiting
    with line_to(served.url, CRAWLING, seed=1) as line:
        passed = Passed(line)
        with store_of(one, line.url) as store:
            assert meet(one.meeting, store) == Transfer(sent=waiting)
        passed.stop()
        # From the first packet of TCP to the receipt; 20 kbit/s carry 2,500 bytes in a second.
        assert passed.up < DAY, passed
        assert passed.seconds < 60, passed
        back = Passed(line)
        with store_of(other, line.url) as store:
            assert meet(other.meeting, store) == Transfer(received=waiting)
        back.stop()
        assert back.seconds < 60, back
    assert one.meeting.backlog().waiting == 0
    assert one.state_hash() == other.state_hash()


def test_a_roster_goes_through_a_bad_line_without_running_into_a_timeout(served: Served) -> None:
    """Eighty kilobytes in segments of all sizes: half a minute at 20 kbit/s, without what is lost and said twice."""
    one, other = served.station.archives
    served.meet(other)
    dice = Random(7)
    for size in (1000, 2000, 60_000, 500, 3000, 12_000):
        one.save([Draft.new("alert", one.new_id(), {"text": dice.randbytes(size // 2).hex()})])
        one.meeting.seal()
    waiting = one.meeting.backlog().waiting
    with line_to(served.url, CRAWLING, seed=2) as line:
        passed = Passed(line)
        with store_of(one, line.url) as store:
            assert meet(one.meeting, store).sent == waiting
        passed.stop()
        back = Passed(line)
        with store_of(other, line.url) as store:
            assert meet(other.meeting, store).received == waiting
        back.stop()
        assert line.connections == 2, "nothing had to be tried again"
        assert passed.seconds + back.seconds < 400
    assert one.state_hash() == other.state_hash()
