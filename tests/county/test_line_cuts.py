"""Lines that break: wherever they do, everything is there afterwards exactly once, and little was sent twice."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from storage.archive import Archive
from storage.records import Draft
from sync.county.limits import Limits
from sync.crypto import digest
from sync.engine import Transfer, meet
from sync.errors import EnvironmentProblem, Problem
from sync.segments import Segment
from sync.transports.calls import Patience
from sync.transports.frames import join_segments
from sync.transports.http import FIRST_AT_ONCE, HttpStore
from tests.county.proxy import Proxy, Speed, line_to
from tests.county.served import Caller, Served, add_person, refusal, serving, until
from tests.effort import dice, rounds

if TYPE_CHECKING:
    from tests.conftest import Workshop

PATIENT = Patience(tries=4, pause=0.01, connect=5.0, stall=20.0)
RESIGNED = Patience(tries=1, connect=5.0, stall=20.0)
TLS_BYTES = 4096
"""More than a TLS handshake takes, in one direction."""


@pytest.fixture(scope="module")
def served(workshop: Workshop) -> Iterator[Served]:
    with workshop.station() as station, serving(station.folder / "county") as url:
        here = Served(station, url)
        for archive in station.archives * 2:
            here.meet(archive)
        yield here


@pytest.fixture
def line(served: Served) -> Iterator[Proxy]:
    with line_to(served.url) as proxy:
        yield proxy


def store_of(archive: Archive, url: str, patience: Patience = PATIENT) -> HttpStore:
    server = archive.device.server
    assert server is not None
    return HttpStore(url, server, archive.device.signer, patience)


def meet_over(line: Proxy, archive: Archive, patience: Patience = PATIENT) -> Transfer:
    with store_of(archive, line.url, patience) as store:
        return meet(archive.meeting, store)


def large(archive: Archive, size: int = 200_000) -> list[Segment]:
    """A new segment of about that many bytes, not yet at the server."""
    archive.save([Draft.new("alert", archive.new_id(), {"text": secrets.token_hex(size)})])
    archive.meeting.seal()
    scope, stream = archive.device.scope, archive.device.stream[1]
    (segment,) = archive.meeting.read(scope, stream, archive.meeting.overview(scope).vector[stream].seq)
    assert len(segment.data) > size
    return [segment]


def places(way: str, size: int) -> Sequence[int]:
    """Where to cut: every so many bytes, from another one on in every soak, so that none is left out for long."""
    step = rounds(97, 7)
    return range(1 + dice(way).randrange(step), size, step)


# ---- at every byte ----


@pytest.mark.soak
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_line_cut_anywhere_while_sending_loses_and_doubles_nothing(served: Served, line: Proxy, way: str) -> None:
    one, _ = served.station.archives
    add_person(one, "第一个")
    size = size_of_a_meeting(line, one, way)
    before = served.county.status().changes
    cuts = places(f"sending {way}", size)
    for number, place in enumerate(cuts, 1):
        add_person(one, f"学生{place}")
        line.cuts.append((way, place))
        assert meet_over(line, one) == Transfer(sent=1), place
        assert served.county.status().changes == before + number, place
        assert one.meeting.backlog().waiting == 0, place
        line.cuts.clear()


@pytest.mark.soak
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_line_cut_anywhere_while_receiving_loses_and_doubles_nothing(served: Served, line: Proxy, way: str) -> None:
    one, other = served.station.archives
    served.meet(other)
    add_person(one, "第一个")
    served.meet(one)
    size = size_of_a_meeting(line, other, way)
    for place in places(f"receiving {way}", size):
        person = add_person(one, f"学生{place}")
        served.meet(one)
        line.cuts.append((way, place))
        assert meet_over(line, other) == Transfer(received=1), place
        assert len(other.history(person)) == 1, place
        line.cuts.clear()
    assert one.state_hash() == other.state_hash()


def size_of_a_meeting(line: Proxy, archive: Archive, way: str) -> int:
    """Bytes of a meeting in one direction."""
    before: int = getattr(line, way)
    meet_over(line, archive)
    return int(getattr(line, way)) - before


# ---- what was sent need not be sent again ----


def test_a_large_body_over_a_line_that_breaks_all_the_time_is_hardly_sent_twice(served: Served) -> None:
    one, _ = served.station.archives
    segments = large(one)
    size = len(segments[0].data)
    with line_to(served.url, Speed(rate=200_000)) as line, store_of(one, line.url) as store:
        line.cuts.extend([("up", 30_000)] * 30)
        assert store.append(one.device.scope, segments).taken == 1
    assert line.connections > 5
    # What is on its way is lost: here up to 16 KiB.
    assert line.up < size + line.connections * (TLS_BYTES + 16_384)


def test_a_program_that_was_started_again_goes_on_where_the_line_broke(served: Served) -> None:
    one, _ = served.station.archives
    segments = large(one)
    size = len(segments[0].data)
    with line_to(served.url, Speed(rate=400_000)) as line:
        line.cuts.append(("up", size * 3 // 4))
        with store_of(one, line.url, RESIGNED) as store, pytest.raises(EnvironmentProblem) as caught:
            store.append(one.device.scope, segments)
        assert caught.value.key == "sync.broken_off"
        first = line.up
        with store_of(one, line.url, RESIGNED) as store:
            assert store.append(one.device.scope, segments).taken == 1
        assert line.up - first < size // 4 + TLS_BYTES + 16_384


def test_what_has_come_is_written_down_before_anybody_knows_that_the_line_is_dead(served: Served) -> None:
    """A connection that hangs is not known to be broken: another one must find what has come on it."""
    one, _ = served.station.archives
    segments = large(one)
    name = digest(join_segments(segments))
    with line_to(served.url, Speed(rate=50_000)) as line, ThreadPoolExecutor(1) as pool:
        with store_of(one, line.url) as store:
            sending = pool.submit(store.append, one.device.scope, segments)
            until(lambda: line.up > 120_000)
            line.silent = True
            assert served.county.store.pieces.size(one.device.id, name) > 50_000
            store.cancel()
            assert isinstance(sending.exception(20), Problem)
        # The server still waits for the rest on the old connection.
        with line_to(served.url) as other_line:
            assert meet_over(other_line, one).sent == 1
            assert other_line.up < len(segments[0].data) - 50_000 + TLS_BYTES


def test_an_answer_that_breaks_off_all_the_time_is_hardly_sent_twice(served: Served, line: Proxy) -> None:
    one, other = served.station.archives
    served.meet(other)
    size = len(large(one)[0].data)
    served.meet(one)
    line.cuts.extend([("down", 30_000)] * 30)
    assert meet_over(line, other).received >= 1
    assert one.state_hash() == other.state_hash()
    assert line.connections > 5
    # What is in a TLS record that came in part is lost, up to 16 KiB with each cut.
    assert line.down < size + line.connections * (TLS_BYTES + 16_384)


def test_segments_that_came_whole_are_kept_when_the_line_breaks_for_good(served: Served, line: Proxy) -> None:
    one, other = served.station.archives
    first, second = large(one, 40_000), large(one, 200_000)
    served.meet(one)
    stream = one.device.stream[1]
    scope = one.device.scope
    seq = one.meeting.overview(scope).vector[stream].seq
    line.cuts.append(("down", 120_000))
    with store_of(other, line.url, RESIGNED) as store:
        assert store.read(scope, stream, seq - 1) == first
        assert store.read(scope, stream, seq - 1) == [*first, *second], "and the next call finds the line mended"
    served.meet(other)


def test_a_small_body_that_the_line_does_not_carry_in_one_piece_goes_in_several(served: Served, line: Proxy) -> None:
    one, _ = served.station.archives
    segments = large(one, 5_000)
    assert len(segments[0].data) < FIRST_AT_ONCE
    line.cuts.extend([("up", 5_500)] * 6)
    with store_of(one, line.url) as store:
        assert store.append(one.device.scope, segments).taken == 1
    assert line.connections > 2


# ---- patience ----


def test_the_line_is_tried_again_a_few_times_and_then_given_up(served: Served, line: Proxy) -> None:
    one, _ = served.station.archives
    with store_of(one, line.url) as store:
        store.overview(one.device.scope)
        line.cuts.extend([("up", 10)] * 100)
        line.cuts.appendleft(("up", 10))
        store._caller.close()
        with pytest.raises(EnvironmentProblem) as caught:
            store.overview(one.device.scope)
    assert caught.value.key == "sync.broken_off"
    assert line.connections == 1 + PATIENT.tries


def test_a_caller_may_say_how_long_everything_may_take(served: Served, line: Proxy) -> None:
    one, _ = served.station.archives
    line.cuts.extend([("up", 10)] * 100)
    begin = time.monotonic()
    with pytest.raises(EnvironmentProblem):
        meet_over(line, one, Patience(tries=100, pause=0.2, deadline=1.0))
    assert time.monotonic() - begin < 5
    assert line.connections < 10


def test_whoever_waits_for_a_silent_line_can_be_stopped(served: Served, line: Proxy) -> None:
    one, _ = served.station.archives
    line.silent = True
    with store_of(one, line.url, Patience()) as store, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(store.overview, one.device.scope)
        until(lambda: line.connections)
        store.cancel()
        problem = asking.exception(10)
    assert isinstance(problem, Problem)
    assert problem.key == "sync.stopped"


def test_whoever_waits_to_try_again_can_be_stopped(served: Served, line: Proxy) -> None:
    one, _ = served.station.archives
    line.cuts.extend([("up", 10)] * 100)
    with store_of(one, line.url, Patience(pause=60.0, longest_pause=60.0)) as store, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(store.overview, one.device.scope)
        until(lambda: line.connections and not line._open)
        store.cancel()
        problem = asking.exception(10)
    assert isinstance(problem, Problem)
    assert problem.key == "sync.stopped"


def test_a_server_that_says_not_so_often_is_asked_again_later(workshop: Workshop) -> None:
    limits = Limits(device_burst=4, device_rate=5.0)
    with workshop.station() as station, serving(station.folder / "county", limits=limits) as url:
        one, _ = station.archives
        add_person(one, "李雷")
        with store_of(one, url, Patience(longest_pause=1.5)) as store:
            assert meet(one.meeting, store).sent == 1


# ---- the calls themselves ----


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    one, _ = served.station.archives
    with Caller(served.county, one.device.signer, one.device.scope, served.url) as caller:
        yield caller


def test_the_rest_of_an_answer_is_given_to_whoever_has_its_beginning(served: Served, caller: Caller) -> None:
    one, _ = served.station.archives
    add_person(one, "李雷")
    served.meet(one)
    path = f"/segments?stream={one.device.stream[1].hex()}&start=1"
    whole = caller.call("GET", path).content
    for skip in (0, 1, 100, len(whole), len(whole) + 7):
        seen = digest(whole[:skip]).hex()
        assert caller.call("GET", f"{path}&skip={skip}&seen={seen}").content == whole[skip:]
    wrong = digest(b"another answer").hex()
    assert refusal(caller.call("GET", f"{path}&skip=5&seen={wrong}")) == (412, "sync.not_the_same")
    assert refusal(caller.call("GET", f"{path}&skip=5&seen=xyz")) == (422, "")


def test_a_body_that_never_came_cannot_be_named(caller: Caller) -> None:
    for path in ("/segments", "/papers"):
        assert refusal(caller.call("POST", f"{path}?body={'ab' * 32}")) == (409, "sync.not_whole")
        assert refusal(caller.call("POST", f"{path}?body=xyz")) == (422, "")


def test_several_bodies_at_the_same_time_do_not_mix(served: Served) -> None:
    one, other = served.station.archives
    served.meet(other)
    batches = [(archive, large(archive, 60_000)) for archive in (one, other)]
    stores = [store_of(archive, served.url) for archive, _ in batches]
    barrier = threading.Barrier(2)

    def send(number: int) -> int:
        barrier.wait()
        return stores[number].append(scope, batches[number][1]).taken

    scope = one.device.scope
    with ThreadPoolExecutor(2) as pool, stores[0], stores[1]:
        assert list(pool.map(send, range(2))) == [1, 1]
