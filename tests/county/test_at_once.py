"""Several devices that hand in at the same moment, and a server that is killed at the worst one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest
from sqlalchemy import select

from sync.county import tables
from sync.county.office import County
from sync.crypto import Signer
from sync.segments import Segment
from sync.transports.frames import join_segments
from tests.county.served import Caller, Running, admit, running

if TYPE_CHECKING:
    from tests.conftest import Chain

KILLED_AFTER_THE_COMMIT = """
import os, signal
from sync.county.store import CountyStore

class Doomed(CountyStore):
    def append(self, scope, segments):
        super().append(scope, segments)
        os.kill(os.getpid(), signal.SIGKILL)

import sync.county.office
sync.county.office.CountyStore = Doomed
"""


@pytest.fixture
def county(tmp_path: Path, database_url: str | None, chain: Chain) -> Iterator[County]:
    county = County.init(tmp_path / "county", "青禾县", database_url)
    for device in (chain.device, chain.stranger):
        admit(county, device, chain.scope_key.scope)
    yield county
    county.close()


@pytest.fixture
def server(county: County, database_url: str | None) -> Iterator[Running]:
    with running(county.folder, workers=2 if database_url else 1) as server:
        yield server
        server.stop()


def taken(answer: httpx.Response) -> tuple[int, str]:
    assert answer.status_code == 200, answer.content
    count, reason, *_ = msgspec.msgpack.decode(answer.content)
    return count, reason


def hand_in(county: County, chain: Chain, server: Running, work: list[tuple[Signer, list[list[Segment]]]]) -> None:
    """Let every signer post its batches, all at the same moments; nothing may be refused."""
    together = threading.Barrier(len(work))

    def post(signer: Signer, batches: list[list[Segment]]) -> None:
        with Caller(county, signer, chain.scope_key.scope, server.url) as caller:
            for batch in batches:
                together.wait(30)
                assert taken(caller.call("POST", "/segments", join_segments(batch))) == (len(batch), "")

    with ThreadPoolExecutor(len(work)) as threads:
        for done in [threads.submit(post, *one) for one in work]:
            done.result()


def test_two_devices_of_a_station_that_hand_in_at_once_are_both_served(
    county: County, chain: Chain, server: Running
) -> None:
    ours = [[segment] for _ in range(5) for segment in chain(4)]
    theirs = [[segment] for _ in range(5) for segment in chain(4, signer=chain.stranger)]
    hand_in(county, chain, server, [(chain.device, ours), (chain.stranger, theirs)])
    assert [point.seq for point in county.store.overview(chain.scope_key.scope).vector.values()] == [4] * 10
    assert (county.status().segments, county.status().changes) == (40, 40)


def test_the_same_segment_from_two_bearers_at_once_is_one(county: County, chain: Chain, server: Running) -> None:
    """Each a new stream: the moment in which both would begin it."""
    batches = [chain(2) for _ in range(20)]
    hand_in(county, chain, server, [(chain.device, batches), (chain.stranger, batches), (chain.stranger, batches)])
    assert [point.seq for point in county.store.overview(chain.scope_key.scope).vector.values()] == [2] * 20
    assert county.status().segments == 40


def test_streams_handed_in_by_two_in_opposite_order_wait_for_each_other(
    county: County, chain: Chain, server: Running
) -> None:
    streams = [chain(3) for _ in range(6)]
    there = [segment for stream in streams for segment in stream]
    back = [segment for stream in reversed(streams) for segment in stream]
    hand_in(county, chain, server, [(chain.device, [there]), (chain.stranger, [back])])
    assert county.status().segments == 18


def test_a_stream_cannot_be_in_two_scopes(county: County, chain: Chain) -> None:
    """A device of ours never does that; a hostile one gets an answer, and harms nobody."""
    scope, other = chain.scope_key.scope, b"o" * 16
    admit(county, Signer.generate(), other, "乙站")
    with tables.writing(county.engine) as connection:
        stations = connection.execute(select(tables.station.c.id).where(tables.station.c.scope == scope)).scalars()
        connection.execute(tables.membership.insert(), [{"scope": other, "station": one} for one in stations])
    stream = chain.stream()
    assert county.store.append(scope, chain(2, stream=stream))[:2] == (2, "")
    assert county.store.append(other, chain(1, scope=other, stream=stream))[:2] == (0, "sync.refused_scope")
    assert county.store.read(other, stream, 1) == []
    assert len(county.store.read(scope, stream, 1)) == 2


def test_a_server_killed_between_commit_and_answer_has_it_once(county: County, chain: Chain) -> None:
    scope, segments = chain.scope_key.scope, chain(3)
    with running(county.folder, before=KILLED_AFTER_THE_COMMIT) as server:
        with Caller(county, chain.device, scope, server.url) as caller, pytest.raises(httpx.TransportError):
            caller.call("POST", "/segments", join_segments(segments))
        assert server.process.wait(30) == -signal.SIGKILL
    assert county.status().segments == 3, "it was committed, and nobody was told"
    with running(county.folder) as server:
        with Caller(county, chain.device, scope, server.url) as caller:
            assert taken(caller.call("POST", "/segments", join_segments(segments))) == (3, "")
        server.stop()
    assert (county.status().segments, county.status().changes) == (3, 3)
