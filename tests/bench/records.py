"""The records that every program of a comparison is given: what a station has after a round, the same each time.

Of ten records seven are answer sheets, one is a person and two are remarks of up to 470 characters; about 600 bytes each
as JSON. The characters of a remark are drawn one by one, the frequent ones more often, from the 3,755 that ordinary
texts are written with (the first level of GB 2312): that is harder to compress than what people write.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from app.instruments.library import Library
from app.instruments.scoring import score
from app.records import AlertStep, Person, ScoreResult, Screening, plain
from tests.bench.archive import TODAY, invent
from ui.demo.people import Invented, answers

INSTRUMENTS = ("phq-9", "gad-7")
REMARK = (70, 470)
IDS = frozenset({"id", "person", "group", "campaign", "alert"})
"""What is an id, and so 16 bytes; JSON has them as 32 digits."""

Plain = dict[str, Any]


class Maker:
    """Invents records."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._library = Library.load()
        codes = [bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)][:3755]
        self._letters = [code.decode("gb2312") for code in codes]
        random.shuffle(self._letters)
        # Zipf's law, a little flatter at its top.
        self._weights = list(accumulate(1 / rank for rank in range(10, 10 + len(codes))))
        self._groups = [random.randbytes(16) for _ in range(40)]
        self._campaign = random.randbytes(16)

    def about(self, one: Invented) -> Iterator[Plain]:
        """Ten records about somebody, the person first."""
        person = self._random.randbytes(16)
        yield _record("person", person, person, self._person(one))
        for number in range(7):
            yield _record("screening", self._random.randbytes(16), person, self._screening(one, number % 2))
        for _ in range(2):
            yield _record("alert_step", self._random.randbytes(16), person, self._remark())

    def _person(self, one: Invented) -> Person:
        return Person(
            one.name,
            sex="female" if one.sex == "女" else "male",
            birth_date=one.born.isoformat(),
            id_type="resident_id",
            id_number=one.id_number,
            student_number=one.student_number,
            group=self._random.choice(self._groups),
            ethnicity=one.ethnicity,
            guardian_name=one.guardian,
            guardian_phone=one.phone,
        )

    def _screening(self, one: Invented, instrument: int) -> Screening:
        name = INSTRUMENTS[instrument]
        definition = self._library.get(name)
        items = [item.id for item in definition.items]
        given = dict(zip(items, answers(one, len(items), self._random), strict=True))
        outcome = score(definition, given)
        return Screening(
            instrument=name,
            version=definition.version,
            content=self._library.content_hash(name),
            date=TODAY.isoformat(),
            answers=given,
            status=outcome.status,
            scores={key: ScoreResult(said.value, said.band, said.positive) for key, said in outcome.scores.items()},
            mode="typed",
            critical=outcome.critical,
            campaign=self._campaign,
        )

    def _remark(self) -> AlertStep:
        random = self._random
        drawn = random.choices(self._letters, cum_weights=self._weights, k=random.randint(*REMARK))
        text = "".join(letter + ("，" if place % 9 == 8 else "") for place, letter in enumerate(drawn))
        return AlertStep(random.randbytes(16), "note", text, random.randrange(1_790_000_000_000, 1_800_000_000_000))


def _record(kind: str, record: bytes, person: bytes, fields: Any) -> Plain:
    said = {name: value.hex() if isinstance(value, bytes) else value for name, value in plain(fields).items()}
    return {"id": record.hex(), "type": kind, "person": person.hex(), **said}


def records(count: int) -> list[Plain]:
    """That many records, as JSON has them."""
    maker = Maker(Random(11))
    return [record for one in invent(-(-count // 10)) for record in maker.about(one)][:count]


def write_records(path: Path, count: int) -> dict[str, float]:
    """Write them to a file as a JSON array; returns what they are like, so that anybody can judge them."""
    lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in records(count)]
    path.write_bytes(b"[" + b",".join(lines) + b"]")
    size = sum(map(len, lines))
    return {
        "records": count,
        "bytes_each": size / count,
        "deflated_one_by_one": sum(len(zlib.compress(line, 9)) for line in lines) / size,
        "deflated_together": len(zlib.compress(b"".join(lines), 9)) / size,
    }
