"""What a large archive costs a process that has done nothing else: run by `tests.bench.archive` with its path."""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path

from app.instruments.library import Library
from app.records import CATALOGUE
from app.risk.rules import AlertRules
from app.texts import Texts
from storage.archive import Archive
from tests.bench.archive import QUERIES, open_large
from tests.bench.bare import timed
from ui.desktop.desk import Desk
from ui.desktop.screens.today import read_today

OPENINGS = 3


def megabytes() -> float:
    """The most memory that this process has had so far. What `getrusage` says includes the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> int:
    path = Path(sys.argv[1])
    unlocked = open_large(path)
    library, rules, texts = Library.load(), AlertRules.load(), Texts.load("zh-CN")
    before = megabytes()
    openings, todays = [], []
    for _ in range(OPENINGS):
        opening = time.perf_counter()
        archive = Archive.open_unlocked(path, unlocked, CATALOGUE)
        openings.append(time.perf_counter() - opening)
        desk = Desk(archive, library, rules, texts)
        todays.append(timed(partial(read_today, desk)))
        if len(openings) < OPENINGS:
            archive.close()
    opened = megabytes()
    for query in QUERIES:
        desk.people.find(query)
    searched = megabytes()
    count, state = sum(archive.info().records.values()), archive.state_hash()
    begin = time.perf_counter(), time.process_time()
    archive.rebuild()
    wall, processor = time.perf_counter() - begin[0], time.process_time() - begin[1]
    assert archive.state_hash() == state
    archive.close()
    result = {
        "open_seconds": openings,
        "today_seconds": todays,
        "rebuild_per_second": count / wall,
        "rebuild_per_processor_second": count / processor,
        "megabytes_before": before,
        "megabytes_opened": opened,
        "megabytes_searched": searched,
        "megabytes_rebuilt": megabytes(),
    }
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
