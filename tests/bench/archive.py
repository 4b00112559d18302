"""The archive by itself: saving much and little, opening, rebuilding and searching a large one, and its memory."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from app.people.service import People
from app.records import CATALOGUE, Alert, AlertStep, Campaign, Group, Person, ScoreResult, Screening, plain
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from tests.bench.bare import Bare, least, timed
from ui.demo.people import Invented, Inventor, answers

TODAY = dt.date(2026, 10, 20)
RUNS = 5
BATCH = 10_000
GROUP_SIZE = 50
STANDING = 500
"""Alerts that nobody has closed."""

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


def invent(count: int) -> list[Invented]:
    """The same people every time."""
    inventor = Inventor(Random(7))
    return [inventor.pupil("七年级", f"七年级{1 + number % 40}班", 12, TODAY) for number in range(count)]


def new_archive(path: Path) -> Archive:
    """An empty archive."""
    return Archive.create(path, Owner("u", "p", Names("bench", "bench")), CATALOGUE)


def person_draft(archive: Archive, one: Invented, group: bytes | None = None) -> Draft:
    """A pupil as a roster gives them."""
    fields = Person(
        one.name,
        sex="female" if one.sex == "女" else "male",
        birth_date=one.born.isoformat(),
        id_type="resident_id",
        id_number=one.id_number,
        student_number=one.student_number,
        group=group,
        ethnicity=one.ethnicity,
        guardian_name=one.guardian,
        guardian_phone=one.phone,
    )
    return Draft.new("person", archive.new_id(), plain(fields))


def screening_draft(archive: Archive, person: bytes, given: list[int], campaign: bytes | None = None) -> Draft:
    """An answer sheet as it is kept, of nine or seven items."""
    name, total = ("phq-9", "gad-7")[len(given) == 7], sum(given)
    fields = Screening(
        instrument=name,
        version="1",
        content="b3c0a8a90ce7ea4c8b73f2a0b1e6dd0c9a2f5b8e4d7c6a1f3e9b0d2c5a8f7e61",
        date=TODAY.isoformat(),
        answers={str(item): value for item, value in enumerate(given, 1)},
        status="complete",
        scores={"total": ScoreResult(total, "minimal" if total < 5 else "mild", total >= 10)},
        mode="file",
        campaign=campaign,
    )
    return Draft.new("screening", archive.new_id(), plain(fields), person=person)


def alert_draft(archive: Archive, person: bytes, source: bytes) -> Draft:
    """An alert that nobody has seen yet."""
    now = archive.now()
    fields = Alert("orange", "open", "phq-9", source, ("phq-9.item-9",), "1", now, now + 86_400_000)
    return Draft.new("alert", archive.new_id(), plain(fields), person=person)


# ---- saving ----


def bench_bulk(folder: Path, count: int) -> dict[str, Any]:
    """Many new records in one call, beside the bare library taking the same bytes in one transaction.

    The search words are among the bytes that an archive takes of a person; `without_words` leaves them out of the bare side.
    """
    people = invent(count)
    result: dict[str, Any] = {"records": count}
    with new_archive(folder / "bulk.xinyi") as archive, Bare(folder / "bare.db") as library:
        rosters = [[person_draft(archive, one) for one in people] for _ in range(RUNS)]
        subjects = [draft.record for draft in rosters[0]]
        sheets = [
            [screening_draft(archive, person, [1, 0, 2, 0, 1, 1, 0, 0, 0]) for person in subjects] for _ in range(RUNS)
        ]
        for kind, batches in (("person", rosters), ("screening", sheets)):
            terms = CATALOGUE[kind].terms
            result[kind] = _beside(archive, library, batches, terms)
    return result


def _beside(
    archive: Archive, library: Bare, batches: list[list[Draft]], terms: Callable[[Any], str] | None
) -> dict[str, float]:
    """By turns, so that whatever else the machine does meets both."""
    sides = ("saved", "bare", *(("without_words",) if terms else ()))
    times: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for batch in batches:
        bodies = [draft.record + msgspec.msgpack.encode(draft.fields) for draft in batch]
        times["saved"].append(least([partial(archive.save, batch)]))
        times["bare"].append(library.insert(bodies, [terms(draft.fields) for draft in batch] if terms else ()))
        if terms:
            # New ids: the bare table has these already.
            others = [bytes(reversed(body[:16])) + body[16:] for body in bodies]
            times["without_words"].append(library.insert(others))
    best = {side: tuple(map(min, zip(*taken, strict=True))) for side, taken in times.items()}
    return {
        "bytes": statistics.mean(len(draft.record + msgspec.msgpack.encode(draft.fields)) for draft in batches[0]),
        "seconds": best["saved"][0],
        **{f"ratio_to_{side}": best["saved"][0] / best[side][0] for side in sides[1:]},
        **{f"processor_ratio_to_{side}": best["saved"][1] / best[side][1] for side in sides[1:]},
    }


def bench_single(folder: Path, count: int = 300) -> dict[str, Any]:
    """One answer sheet in one call, beside one bare durable insert of the same bytes, by turns."""
    saves, commits = [], []
    with new_archive(folder / "single.xinyi") as archive, Bare(folder / "bare-single.db") as library:
        people = [person_draft(archive, one) for one in invent(count)]
        archive.save(people)
        for person in people:
            draft = screening_draft(archive, person.record, [1, 0, 2, 0, 1, 1, 0, 0, 0])
            body = draft.record + msgspec.msgpack.encode(draft.fields)
            saves.append(timed(partial(archive.save, [draft])))
            commits.append(library.insert([body])[0])
    return {
        "save_p50_ms": 1000 * statistics.median(saves),
        "save_p95_ms": 1000 * statistics.quantiles(saves, n=20)[-1],
        "bare_p50_ms": 1000 * statistics.median(commits),
        "ratio": statistics.median(saves) / statistics.median(commits),
        "least_ratio": min(saves) / min(commits),
    }


# ---- a large archive ----


def fill(archive: Archive, people: int, records: int) -> None:
    """Save so many people, with answer sheets, alerts and what was done about them, up to `records` in all."""
    groups = [Draft.new("group", archive.new_id(), plain(Group(f"{n} 班"))) for n in range(people // GROUP_SIZE)]
    campaign = Campaign("秋季筛查", ("phq-9", "gad-7"), tuple(g.record for g in groups), "2000-01-01", "2999-12-31")
    current = Draft.new("campaign", archive.new_id(), plain(campaign))
    archive.save([*groups, current])
    roster = [
        person_draft(archive, one, groups[number * len(groups) // people].record)
        for number, one in enumerate(invent(people))
    ]
    save_all(archive, roster)
    alerts = people // 5
    sheets = records - people - len(groups) - 1 - 2 * alerts
    save_all(archive, _sheets(archive, [draft.record for draft in roster], sheets, current.record))
    raised = [alert_draft(archive, draft.record, draft.record) for draft in roster[:alerts]]
    save_all(archive, raised)
    standing = archive.find("alert")
    for start in range(0, len(standing), BATCH):
        drafts = []
        for alert in standing[start : start + BATCH]:
            step = AlertStep(alert.id, "closed", "已与家长和班主任沟通, 转介到县医院心理门诊", archive.now())
            drafts.append(Draft.new("alert_step", archive.new_id(), plain(step), person=alert.person))
            if start + len(drafts) // 2 < len(standing) - STANDING:
                drafts.append(Draft.edit(alert, {"status": "closed"}))
        archive.save(drafts)


def _sheets(archive: Archive, people: list[bytes], count: int, current: bytes) -> Iterator[Draft]:
    """Answer sheets of everybody, round after round; the last half belongs to the present round."""
    random, someone = Random(9), invent(1)[0]
    for number in range(count):
        given = answers(someone, 9 if (number // len(people)) % 2 == 0 else 7, random)
        campaign = current if number >= count // 2 else None
        yield screening_draft(archive, people[number % len(people)], given, campaign)


def save_all(archive: Archive, drafts: Iterable[Draft]) -> None:
    """Save in batches, as imports do."""
    batch: list[Draft] = []
    for draft in drafts:
        batch.append(draft)
        if len(batch) == BATCH:
            archive.save(batch)
            batch = []
    archive.save(batch)


def bench_large(folder: Path, people: int, records: int) -> dict[str, Any]:
    """Fill a large archive here, then open, search and rebuild it in a process of its own."""
    path = folder / "large.xinyi"
    with new_archive(path) as archive:
        seconds = timed(lambda: fill(archive, people, records))
    size = path.stat().st_size
    python = [sys.executable, "-m", "tests.bench.large", str(path), *QUERIES]
    done = subprocess.run(python, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    return {
        "people": people,
        "records": records,
        "filled_per_second": records / seconds,
        "file_megabytes": size / 2**20,
        **json.loads(done.stdout),
    }


# ---- searching ----


def bench_search(folder: Path, count: int) -> dict[str, Any]:
    """Search among many people, beside a scan of the same table for a part of the name."""
    with new_archive(folder / "search.xinyi") as archive:
        save_all(archive, (person_draft(archive, one) for one in invent(count)))
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
