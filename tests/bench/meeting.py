"""What a meeting costs: the bytes of a day's work and of nothing new, and the time of a little in archives of any size."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from app.instruments.library import Library
from app.people.service import People
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive
from sync.county.office import County
from sync.transports.http import HttpStore
from tests.bench.archive import TODAY, fill, invent, person_draft, screening_draft
from tests.bench.station import joined, meet
from tests.bench.watch import Proxy, Server, counted, county_server
from ui.demo.people import answers
from ui.meetings import require_county

DAY = 60
NEW = 100
RUNS = 7
CALM = [1, 0, 1, 0, 1, 0, 0, 1, 0]


def bench_meeting(folder: Path, sizes: Sequence[int]) -> dict[str, Any]:
    """Bytes with a small archive, time with archives of these numbers of records."""
    county = folder / "county"
    County.init(county, "青禾县").close()
    with county_server(county) as server:
        return {"bytes": _bytes(folder, server), "time": [_time(folder, server, size) for size in sizes]}


# ---- bytes ----


def _bytes(folder: Path, server: Server) -> dict[str, Any]:
    """All bytes, with those of TCP's content that TLS and HTTP need."""
    with joined(folder / "day.xinyi", folder / "county") as archive:
        people = [person_draft(archive, one) for one in invent(DAY)]
        archive.save(people)
        meet(archive, server.url)
        screenings = Screenings(archive, Library.load(), AlertRules.load())
        kept = [People(archive).get(one.record) for one in people]
        random = Random(13)

        def save(given: Sequence[Sequence[int]], day: int) -> None:
            for one, values in zip(kept, given, strict=True):
                said = {str(item): value for item, value in enumerate(values, 1)}
                screenings.record(Sheet(one, "phq-9", TODAY + dt.timedelta(day), said, "typed"))

        def one_meeting() -> Proxy:
            with counted(server.port) as proxy:
                meet(archive, f"https://127.0.0.1:{proxy.port}")
            return proxy

        nothing, call = one_meeting(), _bytes_of_call(archive, server)
        # With the first answers goes what they are answers to, once.
        save([CALM] * DAY, 0)
        definition = one_meeting()
        save([CALM] * DAY, 1)
        calm = one_meeting()
        save([answers(one, 9, random) for one in invent(DAY)], 2)
        alerts = len(archive.find("alert"))
        mixed = one_meeting()
        new = [person_draft(archive, one) for one in invent(2 * DAY)[DAY:]]
        archive.save(new)
        kept = [People(archive).get(one.record) for one in new]
        save([CALM] * DAY, 0)
        first = one_meeting()
    return {
        "nothing_new": {"up": nothing.up, "down": nothing.down, "flights": nothing.flights, **call},
        "definition": definition.up - calm.up,
        "screening_of_60": {
            "without_alerts_up": calm.up / DAY,
            "without_alerts_both_ways": (calm.up + calm.down) / DAY,
            "alerts_raised": alerts,
            "with_alerts_both_ways": (mixed.up + mixed.down) / DAY,
            "of_new_people_both_ways": (first.up + first.down) / DAY,
        },
    }


def _bytes_of_call(archive: Archive, server: Server) -> dict[str, int]:
    """What the one call of a meeting with nothing new costs where the connection is there already."""
    with counted(server.port) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        with HttpStore(url, require_county(archive), archive.device.signer) as store:
            known = archive.meeting.overviews({})
            store.overviews(known)
            up, down = proxy.up, proxy.down
            store.overviews(known)
            return {"call_up": proxy.up - up, "call_down": proxy.down - down}


# ---- time ----


def _time(folder: Path, server: Server, size: int) -> dict[str, float]:
    """What a meeting with 100 new answer sheets takes, and one with nothing new; the shortest of several."""
    path = folder / f"archive-{size}.xinyi"
    with joined(path, folder / "county") as archive:
        fill(archive, size // 5, size)
        begin = time.perf_counter()
        meet(archive, server.url)
        first = time.perf_counter() - begin
        person = archive.find("person", limit=1)[0].id
        meetings = []
        for _ in range(RUNS):
            archive.save([screening_draft(archive, person, CALM) for _ in range(NEW)])
            meetings.append(_cost(archive, server))
        nothing = [_cost(archive, server) for _ in range(RUNS)]
    return {
        "records": size,
        "first_meeting_seconds": first,
        **{f"hundred_new_{key}": min(one[key] for one in meetings) for key in meetings[0]},
        **{f"nothing_new_{key}": min(one[key] for one in nothing) for key in nothing[0]},
    }


def _cost(archive: Archive, server: Server) -> dict[str, float]:
    """Milliseconds: on the wall, of this processor, of the server's (in steps of the kernel's clock)."""
    begin = time.perf_counter(), time.process_time(), server.processor_seconds()
    meet(archive, server.url)
    end = time.perf_counter(), time.process_time(), server.processor_seconds()
    wall, ours, theirs = (1000 * (after - before) for before, after in zip(begin, end, strict=True))
    return {"ms": wall, "processor_ms": ours, "server_processor_ms": theirs}
