"""Whoever looks after a server: is it well, how much does it do, what does it say; its processes, and how it stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sync.county.ledger import Ledger
from sync.county.office import County
from sync.county.server import METRICS_TOKEN, serve
from sync.county.service import create_service
from sync.crypto import Signer
from sync.errors import Problem
from sync.transports.frames import join_segments
from tests.conftest import Chain
from tests.county.served import Caller, Running, admit, refusal, running, until

if TYPE_CHECKING:
    from tests.county.conftest import Postgres

BROKEN = """
from sync.county.store import CountyStore
import sync.county.office

class Broken(CountyStore):
    def overview(self, scope):
        raise RuntimeError("李雷 is in here")

sync.county.office.CountyStore = Broken
"""

WAITS = """
import sys
from sync.county.store import CountyStore
import sync.county.office

class Waits(CountyStore):
    def append(self, scope, segments):
        print("begun", flush=True)
        sys.stdin.readline()
        return super().append(scope, segments)

sync.county.office.CountyStore = Waits
"""


class Place(NamedTuple):
    """A county that is served by one process, or by two where its database allows."""

    county: County
    server: Running
    chain: Chain


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        url, workers = None, 1
        if request.param == "postgresql":
            url, workers = stack.enter_context(request.getfixturevalue("postgres").database()), 2
        yield stack.enter_context(serve_new(tmp_path_factory.mktemp("place"), url, workers))


@contextmanager
def serve_new(folder: Path, url: str | None = None, workers: int = 1, before: str = "") -> Iterator[Place]:
    """A new county with one device, served."""
    county, chain = County.init(folder / "county", "青禾县", url), Chain()
    admit(county, chain.device, chain.scope_key.scope)
    with running(county.folder, workers=workers, before=before) as server:
        yield Place(county, server, chain)
        server.stop()
    county.close()


@pytest.fixture
def caller(place: Place) -> Iterator[Caller]:
    with call(place) as caller:
        yield caller


def call(place: Place) -> Caller:
    return Caller(place.county, place.chain.device, place.chain.scope_key.scope, place.server.url)


def numbers(place: Place) -> Counter[str]:
    token = (place.county.folder / METRICS_TOKEN).read_text().strip()
    with call(place) as caller:
        answer = caller.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return Counter({",".join([sample.name, *sample.labels.values()]): int(sample.value) for sample in samples})


# ---- numbers ----


def test_numbers_of_all_workers_are_put_together(place: Place, caller: Caller) -> None:
    before = numbers(place)
    segments = place.chain(3)
    for segment in segments:
        with call(place) as again:  # a new connection each, so that both workers get some
            assert again.call("POST", "/segments", join_segments([segment])).status_code == 200
    assert caller.call("POST", "/segments", join_segments(place.chain(2)[1:])).status_code == 200
    assert caller.call("GET", "", signer=Signer.generate()).status_code == 401
    assert caller.client.get("/nothing").status_code == 404
    found = numbers(place) - before
    route = "/v1/scopes/{scope}"
    assert found[f"xinyi_requests_total,POST,{route}/segments,200"] == 4
    assert found[f"xinyi_requests_total,GET,{route},401"] == 1
    assert found["xinyi_requests_total,GET,none,404"] == 1
    assert found[f"xinyi_request_seconds_count,{route}/segments"] == 4
    assert (found["xinyi_segments_taken_total"], found["xinyi_changes_taken_total"]) == (3, 3)
    assert found["xinyi_refusals_total,sync.refused_gap"] == 1
    assert found["xinyi_refusals_total,sync.unknown_device"] == 1
    assert found["xinyi_received_bytes_total"] > sum(len(one.data) for one in segments)
    assert found["xinyi_sent_bytes_total"] > 100


def test_the_county_in_numbers_is_among_them(tmp_path: Path) -> None:
    with serve_new(tmp_path) as place:
        place.county.store.append(place.chain.scope_key.scope, place.chain(3))
        found = numbers(place)
    assert [found[f"xinyi_county_{name}"] for name in ("stations", "devices", "segments", "changes")] == [1, 1, 3, 3]
    assert found["xinyi_county_bytes"] > 1000


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic dTpw", "Bearer é"])
def test_numbers_are_for_whoever_has_the_token(place: Place, caller: Caller, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode())]
    assert refusal(caller.client.get("/metrics", headers=headers)) == (401, "sync.unknown_device")
    assert (place.county.folder / METRICS_TOKEN).stat().st_mode & 0o077 == 0


def test_without_a_token_the_numbers_are_closed(place: Place) -> None:
    county = place.county
    service = create_service(county.store, county.server.id, county.server_paper, ledger=Ledger(county.engine, 10))

    async def ask() -> int:
        transport = httpx.ASGITransport(service)
        async with httpx.AsyncClient(transport=transport, base_url="https://county") as client:
            return (await client.get("/metrics", headers={"Authorization": "Bearer"})).status_code

    assert asyncio.run(ask()) == 401


def test_made_up_methods_are_one_number(place: Place, caller: Caller) -> None:
    before = numbers(place)
    for number in range(5):
        caller.client.request(f"METHOD{number}", "/v1/hello")
    assert (numbers(place) - before)["xinyi_requests_total,other,/v1/hello,405"] == 5


# ---- health ----


def test_a_server_whose_database_answers_is_well(caller: Caller) -> None:
    answer = caller.client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"health": "good"})


def test_a_server_whose_database_is_gone_says_so_and_recovers(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url, serve_new(tmp_path, url) as place, call(place) as caller:
        assert caller.client.get("/health").status_code == 200
        with postgres.closed(url):
            for answer in (caller.client.get("/health"), caller.call("GET", "")):
                assert refusal(answer) == (503, "sync.server_failed")
        until(lambda: caller.client.get("/health").status_code == 200)
        assert caller.call("GET", "").status_code == 200
        assert place.server.log("database")
        assert place.server.log("bug") == []


# ---- lines of the log ----


def test_the_log_says_what_happened_and_nothing_of_anybody(place: Place, caller: Caller) -> None:
    before = len(place.server.log("request"))
    assert caller.call("POST", "/segments", join_segments(place.chain(1))).status_code == 200
    assert caller.client.get("/v1/hello?name=李雷").status_code == 200
    assert caller.client.get("/李雷").status_code == 404
    until(lambda: len(place.server.log("request")) == before + 3)
    posted, hello, nothing = place.server.log("request")[before:]
    assert posted.keys() == {"time", "level", "event", "method", "route", "status", "ms", "received", "sent", "device"}
    assert (posted["method"], posted["route"], posted["status"]) == ("POST", "/v1/scopes/{scope}/segments", 200)
    assert posted["device"] == place.chain.device.id.hex()[:8]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", posted["time"])
    assert (hello["route"], nothing["route"], nothing["status"]) == ("/v1/hello", "none", 404)
    assert "device" not in hello
    text = place.server.text()
    assert not any(word in text for word in ("李雷", "%E6", "127.0.0.1", "设备", caller.scope.hex()))


def test_what_is_no_call_at_all_is_no_bug(place: Place, caller: Caller) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(place.server.url.replace("https", "http"), trust_env=False)
    assert caller.client.get("/health").status_code == 200
    assert place.server.log("bug") == []


def test_a_bug_is_answered_as_documented_and_written_down_without_what_it_said(tmp_path: Path) -> None:
    with serve_new(tmp_path, before=BROKEN) as place:
        with call(place) as caller:
            assert refusal(caller.call("GET", "")) == (500, "sync.server_failed")
            assert caller.client.get("/health").status_code == 200
        (bug,) = place.server.log("bug")
        assert bug["error"] == "builtins.RuntimeError"
        assert "overview" in bug["where"][-1]
        assert "李雷" not in place.server.text()


# ---- processes ----


def workers(server: Running) -> set[int]:
    """The worker processes; beside them Python keeps one of its own."""
    pid = server.process.pid
    children = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return {child for child in children if b"spawn_main" in command(child)}


def command(pid: int) -> bytes:
    """What a process runs; nothing once it is dead."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_worker_that_dies_is_started_again(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url, serve_new(tmp_path, url, workers=2) as place:
        # One that was started a moment ago is not yet what it will be.
        until(lambda: len(workers(place.server)) == 2)
        killed = min(workers(place.server))
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(workers(place.server) - {killed}) == 2)
        assert [line["exit"] for line in place.server.log("worker_died")] == [-signal.SIGKILL]
        with call(place) as caller:
            assert caller.call("GET", "").status_code == 200


def test_workers_do_not_outlive_the_process_that_started_them(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url:
        county = County.init(tmp_path / "county", "青禾县", url)
        with running(county.folder, workers=2) as server:
            until(lambda: len(workers(server)) == 2)
            left = workers(server)
            server.process.kill()
            until(lambda: not any(command(worker) for worker in left), seconds=60)
        county.close()


def test_several_workers_need_postgresql(tmp_path: Path) -> None:
    county = County.init(tmp_path / "county", "青禾县")
    with pytest.raises(Problem) as caught:
        serve(county, "127.0.0.1", 0, print, workers=2)
    assert (caught.value.key, caught.value.values) == ("county.workers_need_postgresql", {"workers": 2})
    county.close()


def test_a_call_under_way_is_finished_before_the_server_stops(tmp_path: Path) -> None:
    with serve_new(tmp_path, before=WAITS) as place:
        process = place.server.process
        assert process.stdout is not None
        assert process.stdin is not None
        with call(place) as caller, ThreadPoolExecutor(1) as thread:
            answer = thread.submit(caller.call, "POST", "/segments", join_segments(place.chain(1)))
            assert process.stdout.readline() == "begun\n"
            process.terminate()
            process.stdin.write("go on\n")
            process.stdin.flush()
            assert answer.result(30).status_code == 200
        assert process.wait(30) == 0
        assert place.county.status().segments == 1
