"""Pushing new records to a server: an archive, PouchDB and morango, with the same records, by turns.

The others are fetched from their registries into a temporary folder. Each side of each is a process of its own; a proxy
between them counts the bytes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sync.county.office import County
from tests.bench.records import write_records
from tests.bench.watch import Server, counted, county_server, run

RIVALS = Path(__file__).parent / "rivals"
POUCHDB_BATCHES = (100, 1000)
"""Documents of one request: its default, and what is said to be quicker."""

Measured = dict[str, float]
Side = Callable[[Path, Path], Measured]


def bench_push(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Push `count` records in each round; the shortest times, and each beside ours."""
    records = folder / "records.json"
    given = write_records(records, count)
    sides: dict[str, Side] = {"ours": _ours, **_pouchdb(folder), **_morango(folder)}
    taken: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, side in sides.items():
            place = folder / f"{name}-{number}"
            place.mkdir()
            taken[name].append(side(place, records))
            shutil.rmtree(place)
    best = {name: {key: min(one[key] for one in all_of) for key in all_of[0]} for name, all_of in taken.items()}
    for name, one in best.items():
        one["records_per_second"] = count / one["push_seconds"]
        if name != "ours":
            one["our_records_per_second_to_theirs"] = one["push_seconds"] / best["ours"]["push_seconds"]
            one["our_processor_seconds_to_theirs"] = best["ours"]["processor_seconds"] / one["processor_seconds"]
            one["our_bytes_to_theirs"] = best["ours"]["bytes_up"] / one["bytes_up"]
    return {"records": given, **best}


def _measure(server: Server, push: Callable[[int], Any]) -> Measured:
    """Push through a counting proxy, whose port `push` is told. Processor time is that of both sides together."""
    with counted(server.port) as proxy:
        said: Measured = push(proxy.port)
        said["processor_seconds"] += server.processor_seconds()
        return {**said, "bytes_up": proxy.up, "bytes_down": proxy.down, "server_megabytes": server.peak_megabytes()}


def _ours(folder: Path, records: Path) -> Measured:
    county = folder / "county"
    County.init(county, "青禾县").close()
    with county_server(county) as server:
        command = [sys.executable, "-m", "tests.bench.station", str(county), str(folder)]
        measured = _measure(server, lambda port: run([*command, f"https://127.0.0.1:{port}", str(records)]))
    office = County(county)
    there = office.status().changes
    office.close()
    assert there == count_in(records)
    return measured


def _pouchdb(folder: Path) -> dict[str, Side]:
    if not (shutil.which("npm") and shutil.which("node")):
        print("PouchDB is left out: node and npm are not here", file=sys.stderr)
        return {}
    place = folder / "pouchdb"
    shutil.copytree(RIVALS, place)
    # Optional parts are Fauxton, a user interface of 20 MB.
    _quietly(["npm", "install", "--omit=optional", "--no-audit", "--no-fund", "--silent"], cwd=place)

    def push(folder: Path, records: Path, batch: int) -> Measured:
        (folder / "server").mkdir()
        (folder / "station").mkdir()
        node = ["node", "--no-deprecation"]
        with Server([*node, str(place / "pouchdb_serve.js"), str(folder / "server")], folder / "log") as server:
            command = [*node, str(place / "pouchdb_push.js"), str(folder / "station")]
            return _measure(server, lambda port: run([*command, f"http://127.0.0.1:{port}/", str(records), str(batch)]))

    def side(batch: int) -> Side:
        return lambda folder, records: push(folder, records, batch)

    return {f"pouchdb_{batch}": side(batch) for batch in POUCHDB_BATCHES}


def _morango(folder: Path) -> dict[str, Side]:
    place = folder / "morango"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    _quietly([str(python), "-m", "pip", "install", "-q", "-r", str(RIVALS / "morango.txt")])
    script = str(RIVALS / "morango_side.py")

    def push(folder: Path, records: Path) -> Measured:
        (folder / "server").mkdir()
        (folder / "station").mkdir()
        with Server([str(python), script, "serve", str(folder / "server")], folder / "log") as server:
            command = [str(python), script, "push", str(folder / "station")]
            measured = _measure(server, lambda port: run([*command, f"http://127.0.0.1:{port}/", str(records)]))
        there = run([str(python), script, "count", str(folder / "server")])
        assert there == count_in(records), there
        return measured

    return {"morango": push}


def count_in(records: Path) -> int:
    """How many records are in a file."""
    return len(json.loads(records.read_text("utf-8")))


def _quietly(command: list[str], **options: Any) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr[-4000:]
