"""Stations that hand in what they have, many in one process: their segments were made before.

python -m tests.bench.returning URL SERVER_PAPER STATION… waits for a line, and then all begin.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import msgspec

from sync.changes import Change
from sync.county.office import County
from sync.crypto import KEY_SIZE, Signer
from sync.ids import new_id, new_stream_id
from sync.papers import Request, Server, armour, open_server, write_paper
from sync.segments import MAX_CHANGES, ScopeKey, Segment, Tail, read_header, seal_envelopes, seal_segment
from sync.transports.http import HttpStore
from tests.bench.records import IDS, Plain

NOW = 1_790_000_000_000


class Station(msgspec.Struct, frozen=True):
    """What a station brings: the key of its device, its scope, and a stream."""

    key: bytes
    scope: bytes
    segments: list[Segment]


class Said(msgspec.Struct, frozen=True):
    """Seconds from the first call until each receipt; when the first call was, and when the last receipt came."""

    acknowledged: list[float]
    began: float
    ended: float


def changes(given: Sequence[Plain]) -> list[Change]:
    """Records as the changes that a station makes of them."""
    ids: dict[str, bytes] = {}
    made = []
    for number, record in enumerate(given):
        fields = {name: bytes.fromhex(value) if name in IDS else value for name, value in record.items()}
        del fields["id"], fields["person"], fields["type"]
        person = ids.setdefault(record["person"], new_id(NOW + number))
        made.append(
            Change(
                record=person if record["type"] == "person" else new_id(NOW + number),
                type=record["type"],
                schema=1,
                person=person,
                actor=b"a" * 16,
                time=(NOW + number) << 16,
                fields=fields,
                base={},
            )
        )
    return made


def make_station(county: County, number: int, made: Sequence[Change], size: int = MAX_CHANGES) -> Station:
    """Admit the device of a new station and make what it brings, in segments of `size` changes."""
    signer, random = Signer.generate(), Random(number)
    scope_key = ScopeKey(random.randbytes(16), 1, random.randbytes(KEY_SIZE))
    request = Request(signer.id, signer.public_key, b"", "bench", "bench", scope_key.scope)
    county.admit(armour(write_paper(request, signer), Request), f"{number}", "station", "request")
    keys = {change.person: random.randbytes(KEY_SIZE) for change in made if change.person}
    tail, known, segments = Tail.of_new(new_stream_id(signer.id)), set[bytes](), []
    for start in range(0, len(made), size):
        some = made[start : start + size]
        fresh = {change.person for change in some if change.person} - known
        data = seal_segment(some, tail, scope_key=scope_key, signer=signer, keys=keys)
        segments.append(Segment(data, seal_envelopes({person: keys[person] for person in fresh}, scope_key)))
        tail, known = tail.after(read_header(data), data), known | fresh
    return Station(signer.private_key, scope_key.scope, segments)


def hand_in(url: str, server: Server, station: Station) -> Said:
    """What a meeting does at the server when only one side has something new."""
    began, acknowledged = time.monotonic(), []
    with HttpStore(url, server, Signer(station.key)) as store:
        assert store.overviews({})[station.scope].vector == {}
        for segment in station.segments:
            taken, reason, receipt = store.append(station.scope, [segment])
            assert (taken, reason) == (1, ""), reason
            assert receipt
            acknowledged.append(time.monotonic() - began)
    return Said(acknowledged, began, time.monotonic())


def main() -> None:
    url, paper, *files = sys.argv[1:]
    server = open_server(Path(paper).read_bytes())
    stations = [msgspec.msgpack.decode(Path(file).read_bytes(), type=Station) for file in files]
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(stations)) as threads:
        said = list(threads.map(lambda station: hand_in(url, server, station), stations))
    print(json.dumps(msgspec.to_builtins(said)))


if __name__ == "__main__":
    main()
