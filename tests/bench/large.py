"""What a large archive costs a process that has done nothing else: run by `tests.bench.archive` with its path."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from app.instruments.library import Library
from app.records import CATALOGUE
from app.risk.rules import AlertRules
from app.texts import Texts
from storage.archive import Archive
from storage.keys import open_slots, slots_path

OPENINGS = 3


def megabytes() -> float:
    """The most memory that this process has had so far. What `getrusage` says includes the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> int:
    path, queries = Path(sys.argv[1]), sys.argv[2:]
    library, rules, texts = Library.load(), AlertRules.load(), Texts.load("zh-CN")
    memory = {"without_qt": megabytes()}
    # Here, so that what the window's library takes can be told apart from what the archive takes.
    from ui.desktop.desk import Desk
    from ui.desktop.screens.today import read_progress, read_today

    memory["with_qt"] = megabytes()
    unlocked = open_slots(slots_path(path), "u", "p")
    memory["key_derived"] = megabytes()
    openings, pages, processor, counted = [], [], [], []
    for _ in range(OPENINGS):
        begin = time.perf_counter(), time.process_time()
        archive = Archive.open_unlocked(path, unlocked, CATALOGUE)
        openings.append(time.perf_counter() - begin[0])
        desk = Desk(archive, library, rules, texts)
        shown = read_today(desk)
        pages.append(time.perf_counter() - begin[0])
        processor.append(time.process_time() - begin[1])
        read_progress(shown.rounds, desk)
        counted.append(time.perf_counter() - begin[0])
        if len(openings) < OPENINGS:
            archive.close()
    memory["opened"] = megabytes()
    for query in queries:
        desk.people.find(query)
    memory["searched"] = megabytes()
    count, state = sum(archive.info().records.values()), archive.state_hash()
    begin = time.perf_counter(), time.process_time()
    archive.rebuild()
    wall, busy = time.perf_counter() - begin[0], time.process_time() - begin[1]
    assert archive.state_hash() == state
    archive.close()
    memory["rebuilt"] = megabytes()
    result = {
        "open_seconds": openings,
        "first_page_seconds": pages,
        "first_page_processor_seconds": processor,
        "rounds_counted_seconds": counted,
        "rebuild_per_second": count / wall,
        "rebuild_per_processor_second": count / busy,
        "megabytes": memory,
    }
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
