"""What a user does: importing from files, and saving one answer sheet."""

from __future__ import annotations

import csv
import json
import statistics
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from app.instruments.library import Library
from app.people.service import People
from app.records import Person, plain
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from storage.records import Draft
from tests.bench.archive import TODAY, invent, new_archive
from tests.bench.bare import bare, insert, timed
from ui.demo.people import Invented, answers


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


def bench_import(folder: Path, count: int) -> dict[str, Any]:
    """Import a roster and two rounds of answers from files, as a user does."""
    people, random = invent(count), Random(8)
    roster, phq, gad = folder / "roster.csv", folder / "phq-9.csv", folder / "gad-7.csv"
    write_roster(roster, people)
    write_answers(phq, people, 9, random)
    write_answers(gad, people, 7, random)
    with new_archive(folder / "import.xinyi") as archive:
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
    connection = bare(folder / "bare-import.db")
    seconds = timed(lambda: insert(connection, bodies))
    connection.close()
    return {
        "people": count,
        "screenings": 2 * count,
        "people_seconds": people_seconds,
        "answer_seconds": answer_seconds,
        "seconds": people_seconds + answer_seconds,
        "bare_seconds": seconds,
        "ratio": (people_seconds + answer_seconds) / seconds,
    }


def bench_save(folder: Path) -> dict[str, Any]:
    """One answer sheet, durable on return, beside one bare durable commit."""
    with new_archive(folder / "save.xinyi") as archive:
        screenings = Screenings(archive, Library.load(), AlertRules.load())
        people = [archive.new_id() for _ in range(200)]
        archive.save([Draft.new("person", one, plain(Person(f"学生{n}")), person=one) for n, one in enumerate(people)])
        kept = [People(archive).get(one) for one in people]
        given = {str(item): 1 for item in range(1, 10)}
        saves = [timed(partial(screenings.record, Sheet(one, "phq-9", TODAY, given, "typed"))) for one in kept]
    connection = bare(folder / "commit.db")
    commits = [timed(partial(insert, connection, [number.to_bytes(16, "big") + b"x" * 400])) for number in range(200)]
    connection.close()
    return {
        "save_p50_ms": 1000 * statistics.median(saves),
        "save_p95_ms": 1000 * statistics.quantiles(saves, n=20)[-1],
        "bare_p50_ms": 1000 * statistics.median(commits),
        "ratio": statistics.median(saves) / statistics.median(commits),
    }
