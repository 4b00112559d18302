"""Speed, as ratios within one run: what the program does beside what the bare database does with the same bytes.

Run by ``python3 dev.py bench``. Absolute times differ from machine to machine; the ratios should not.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from ui.demo.people import Invented, Inventor, answers

TODAY = dt.date(2026, 10, 20)
QUERIES = [
    "张",
    "王明",
    "zhang",
    "wm",
    "zhang s",
    "lihua",
    "欧阳",
    "星",
    "2013",
    "201303",
    "x",
    "0012",
    "阿依古丽",
    "cy",
    "单",
    "shan",
    "liu yang",
    "99000020",
    "ch",
    "云",
]


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def invent(count: int) -> list[Invented]:
    inventor = Inventor(Random(7))
    return [inventor.pupil("七年级", f"七年级{1 + number % 40}班", 12, TODAY) for number in range(count)]


def new_archive(folder: Path, name: str) -> Archive:
    return Archive.create(folder / name, Owner("u", "p", Names("bench", "bench")), CATALOGUE)


def write_roster(path: Path, people: list[Invented]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["姓名", "性别", "身份证号", "班级", "学籍号", "监护人", "监护人电话"])
        writer.writerows(
            [one.name, one.sex, one.id_number, one.group, one.student_number, one.guardian, one.phone] for one in people
        )


def write_answers(path: Path, people: list[Invented], items: int, random: Random) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["学籍号", "姓名", *range(1, items + 1)])
        writer.writerows([one.student_number, one.name, *answers(one, items, random)] for one in people)


def bare_inserts(folder: Path, bodies: list[bytes]) -> float:
    """Insert the same bytes into a bare SQLCipher table with one index, in one durable transaction."""
    connection = sqlcipher.connect(str(folder / "bare.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{'42' * 32}'\"")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (no INTEGER PRIMARY KEY, id BLOB UNIQUE, body BLOB)")

    def insert() -> None:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t (id, body) VALUES (?, ?)", ((body[:16], body) for body in bodies))
        connection.execute("COMMIT")

    seconds = timed(insert)
    connection.close()
    return seconds


def bench_import(folder: Path, count: int) -> dict[str, Any]:
    """Import a roster and two rounds of answers from files, as a user does."""
    people, random = invent(count), Random(8)
    roster, phq, gad = folder / "roster.csv", folder / "phq-9.csv", folder / "gad-7.csv"
    write_roster(roster, people)
    write_answers(phq, people, 9, random)
    write_answers(gad, people, 7, random)
    with new_archive(folder, "import.xinyi") as archive:
        service, screenings = People(archive), Screenings(archive, Library.load(), AlertRules.load())

        def import_answers() -> None:
            for file, instrument in ((phq, "phq-9"), (gad, "gad-7")):
                plan = screenings.plan(file, instrument=instrument, people=service.known(), date=TODAY, today=TODAY)
                assert len(screenings.apply(plan)) == count

        people_seconds = timed(lambda: service.apply(service.plan(roster, group=None, today=TODAY)))
        answer_seconds = timed(import_answers)
        bodies = [
            record.id + json.dumps(record.fields, ensure_ascii=False, default=bytes.hex).encode()
            for kind in ("person", "screening")
            for record in archive.find(kind)
        ]
    bare = bare_inserts(folder, bodies)
    return {
        "people": count,
        "screenings": 2 * count,
        "people_seconds": people_seconds,
        "answer_seconds": answer_seconds,
        "seconds": people_seconds + answer_seconds,
        "bare_seconds": bare,
        "ratio": (people_seconds + answer_seconds) / bare,
    }


def bench_save(folder: Path) -> dict[str, Any]:
    """One answer sheet, durable on return, beside one bare durable commit."""
    with new_archive(folder, "save.xinyi") as archive:
        screenings = Screenings(archive, Library.load(), AlertRules.load())
        people = [archive.new_id() for _ in range(200)]
        archive.save([Draft.new("person", one, plain(Person(f"学生{n}")), person=one) for n, one in enumerate(people)])
        kept = [People(archive).get(one) for one in people]
        given = {str(item): 1 for item in range(1, 10)}
        saves = [timed(partial(screenings.record, Sheet(one, "phq-9", TODAY, given, "typed"))) for one in kept]
    connection = sqlcipher.connect(str(folder / "commit.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{'42' * 32}'\"")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (no INTEGER PRIMARY KEY, body BLOB)")
    bare = [timed(lambda: connection.execute("INSERT INTO t (body) VALUES (?)", (b"x" * 400,))) for _ in range(200)]
    connection.close()
    return {
        "save_p50_ms": 1000 * statistics.median(saves),
        "save_p95_ms": 1000 * statistics.quantiles(saves, n=20)[-1],
        "bare_p50_ms": 1000 * statistics.median(bare),
        "ratio": statistics.median(saves) / statistics.median(bare),
    }


def bench_search(folder: Path, count: int) -> dict[str, Any]:
    """Search among many people, beside a scan of the same table for a part of the name."""
    people = invent(count)
    with new_archive(folder, "search.xinyi") as archive:
        for start in range(0, count, 10_000):
            drafts = []
            for one in people[start : start + 10_000]:
                record = archive.new_id()
                fields = Person(
                    one.name,
                    id_number=one.id_number,
                    student_number=one.student_number,
                    birth_date=one.born.isoformat(),
                )
                drafts.append(Draft.new("person", record, plain(fields), person=record))
            archive.save(drafts)
        service = People(archive)
        for query in QUERIES:
            service.find(query)
        times = [timed(partial(service.find, query)) for _ in range(20) for query in QUERIES]
        worst = max(QUERIES, key=lambda query: min(timed(lambda: service.find(query)) for _ in range(3)))
        scans = [timed(lambda: [one for one in archive.find("person") if "明" in one.fields["name"]]) for _ in range(3)]
    return {
        "people": count,
        "p50_ms": 1000 * statistics.median(times),
        "p95_ms": 1000 * statistics.quantiles(times, n=20)[-1],
        "slowest": worst,
        "scan_ms": 1000 * statistics.median(scans),
        "ratio": statistics.median(times) / statistics.median(scans),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--import-people", type=int, default=10_000)
    parser.add_argument("--search-people", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        results = {
            "import": bench_import(place, arguments.import_people),
            "save": bench_save(place),
            "search": bench_search(place, arguments.search_people),
        }
    json.dump(results, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
