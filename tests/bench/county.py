"""What the county server takes in, and how it holds when everybody comes back at once."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from sync.county.office import County
from sync.crypto import Signer
from sync.papers import open_server
from sync.segments import Segment
from sync.transports.http import HttpStore
from tests.bench.records import records
from tests.bench.returning import Said, changes, make_station
from tests.bench.watch import ROOT, Server, county_server
from tests.county.conftest import ROOT_MAY_NOT, Postgres

DAY = 60
"""Changes that a station makes in a day of screening."""

CLIENTS = 2
"""Processes that the stations are spread over."""


def bench_ingest(folder: Path, stations: int, each: int, workers: int) -> dict[str, Any]:
    """`stations` hand in `each` changes at once, to a server on SQLite and to one of several workers on PostgreSQL."""
    with _postgres() as url:
        return {
            "sqlite": _ingest(folder / "sqlite", stations, each),
            "postgresql": _ingest(folder / "postgresql", stations, each, url, workers),
        }


def bench_holiday(folder: Path, stations: int, each: int) -> dict[str, Any]:
    """The same with many stations and little of each, on SQLite."""
    return _ingest(folder / "holiday", stations, each)


def bench_visits(folder: Path, count: int) -> dict[str, Any]:
    """What one meeting of a station costs the server: one that brings a day's work, and one that brings nothing."""
    folder = folder / "visits"
    folder.mkdir()
    county = County.init(folder / "county", "青禾县")
    station = make_station(county, 0, changes(records(count * DAY)), DAY)
    paper = open_server(county.server_paper)
    county.close()
    before = _on_disk(folder / "county", None)
    with county_server(folder / "county", "--workers", "1") as server:

        def store() -> HttpStore:
            return HttpStore(server.url, paper, Signer(station.key))

        def per_visit(visits: Sequence[Callable[[], object]]) -> float:
            server.settle()
            for visit in visits:
                visit()
            return 1000 * server.processor_seconds() / len(visits)

        def bring(segment: Segment) -> None:
            with store() as one:
                one.overviews({})
                assert one.append(station.scope, [segment]).taken == 1

        work = per_visit([partial(bring, segment) for segment in station.segments])
        with store() as one:
            known = one.overviews({})

        def ask() -> None:
            with store() as one:
                assert one.overviews(known).keys() == known.keys()

        nothing = per_visit([ask] * count)
    return {
        "visits": count,
        "changes_of_a_day": DAY,
        "day_server_processor_ms": work,
        "day_bytes": sum(len(one.data) + len(one.envelopes) for one in station.segments) / count,
        "day_bytes_on_disk": (_on_disk(folder / "county", None) - before) / count,
        "nothing_new_server_processor_ms": nothing,
    }


@contextmanager
def _postgres() -> Iterator[str]:
    """The address of an empty database that waits for the disk."""
    # Not below the folder of the run: that one is closed to other users.
    with tempfile.TemporaryDirectory(prefix="xinyi-bench-pg-") as name:
        if ROOT_MAY_NOT:
            shutil.chown(name, "postgres", "postgres")
        server = Postgres(Path(name), fsync="on")
        try:
            with server.database() as url:
                yield url
        finally:
            server.stop()


def _ingest(folder: Path, stations: int, each: int, url: str | None = None, workers: int = 1) -> dict[str, Any]:
    folder.mkdir()
    county = County.init(folder / "county", "青禾县", url)
    made = changes(records(each))
    files = [folder / f"{number}.station" for number in range(stations)]
    for number, file in enumerate(files):
        file.write_bytes(msgspec.msgpack.encode(make_station(county, number, made)))
    paper = folder / "server.paper"
    paper.write_bytes(county.server_paper)
    size = sum(file.stat().st_size for file in files)
    with county_server(folder / "county", "--workers", str(workers)) as server:
        server.settle()
        said = _all_at_once(server, paper, files)
        processor, memory = server.processor_seconds(), server.peak_megabytes()
    there = county.status()
    county.close()
    assert there.changes == stations * each, "something was lost, or came twice"
    seconds = max(one.ended for one in said) - min(one.began for one in said)
    receipts = [moment for one in said for moment in one.acknowledged]
    last = [one.acknowledged[-1] for one in said]
    return {
        "stations": stations,
        "changes": there.changes,
        "segments": there.segments,
        "megabytes_of_segments": size / 1e6,
        "megabytes_on_disk": _on_disk(folder / "county", url) / 1e6,
        "seconds": seconds,
        "changes_per_second": there.changes / seconds,
        "server_processor_seconds": processor,
        "changes_per_server_processor_second": there.changes / processor,
        "server_megabytes": memory,
        "acknowledged_p50_seconds": statistics.median(receipts),
        "acknowledged_p99_seconds": statistics.quantiles(receipts, n=100)[-1],
        "station_done_p50_seconds": statistics.median(last),
        "station_done_p99_seconds": statistics.quantiles(last, n=100)[-1] if len(last) > 1 else last[0],
    }


def _all_at_once(server: Server, paper: Path, files: Sequence[Path]) -> list[Said]:
    """Several processes, each with its share of the stations, begin when all are ready."""
    command = [sys.executable, "-m", "tests.bench.returning", server.url, str(paper)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    clients = [
        subprocess.Popen([*command, *map(str, files[number::CLIENTS])], cwd=ROOT, **pipes) for number in range(CLIENTS)
    ]
    for client in clients:
        assert client.stdout
        assert client.stdout.readline() == "ready\n"
    for client in clients:
        assert client.stdin
        client.stdin.write("go\n")
        client.stdin.flush()
    answers = [client.communicate()[0] for client in clients]
    assert [client.returncode for client in clients] == [0] * CLIENTS
    return [one for answer in answers for one in msgspec.json.decode(answer, type=list[Said])]


def _on_disk(folder: Path, url: str | None) -> int:
    """Bytes of the database. PostgreSQL is asked itself: it has its files elsewhere."""
    if url is None:
        return sum(file.stat().st_size for file in folder.glob("county.db*"))
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])
