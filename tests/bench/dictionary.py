"""Makes the dictionary that capsules are compressed with: `resources/sync/dictionary-<n>.bin`.

python -m tests.bench.dictionary NUMBER

What was sealed with a dictionary needs its very bytes to be read again, so a number that is in use is refused. The
samples are records as this program saves them, invented; ids and keys are new in each, so that none of them is learnt.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, get_args

import msgspec
import zstandard

from app import resources
from app.instruments.definition import Definition
from app.instruments.items import Choice
from app.instruments.library import Library
from app.records import (
    Alert,
    AlertStatus,
    AlertStep,
    Consent,
    Decision,
    Giver,
    Hold,
    Level,
    Manner,
    Person,
    Restriction,
    ScoreResult,
    Screening,
    Session,
    StepKind,
    plain,
)
from app.risk.rules import AlertRules
from sync.changes import ChangeId, encode_payload
from ui.demo.people import Inventor, answers

SIZE = 8 * 1024
"""Of 4 to 16 KiB it made no difference worth a byte; every process that seals keeps it in memory."""

SAMPLES = 20_000
FIRST_DAY = dt.date(2026, 1, 1)
DAYS = 3000


class Samples:
    """Invents payloads."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._inventor = Inventor(random)
        self._library = Library.load()
        # The two that everybody uses, as often as all others together.
        others = [one.id for one in self._library.heads() if one.type == "instrument"]
        self._instruments = [*others, *(["phq-9", "gad-7"] * (len(others) // 2))]
        self._reasons = [rule.id for rule in AlertRules.load().rules]
        # Not what a nurse writes, but the letters and words are those of the same language.
        texts = [
            text
            for file in sorted(resources.path("i18n", "zh-CN").glob("*.json"))
            for text in msgspec.json.decode(file.read_bytes()).values()
        ]
        self._sentences = [text for text in texts if isinstance(text, str) and "{" not in text]
        self._makers: list[tuple[Callable[[], msgspec.Struct], int]] = [
            (self._screening, 50),
            (self._person, 25),
            (self._alert, 8),
            (self._step, 8),
            (self._consent, 4),
            (self._session, 3),
            (self._hold, 1),
            (self._restriction, 1),
        ]

    def __call__(self) -> bytes:
        """One payload: mostly a new record, now and then an edit of a field or two."""
        makers, weights = zip(*self._makers, strict=True)
        (maker,) = self._random.choices(makers, weights)
        fields = plain(maker())
        if self._random.random() < 0.9:
            return encode_payload(fields, {})
        some = {name: fields[name] for name in self._random.sample(sorted(fields), 2)}
        replaced = ChangeId(self._random.randbytes(24), self._random.randrange(1, 100_000))
        return encode_payload(some, dict.fromkeys(some, (replaced,)))

    def _day(self) -> str:
        return (FIRST_DAY + dt.timedelta(self._random.randrange(DAYS))).isoformat()

    def _moment(self) -> int:
        return 1_790_000_000_000 + self._random.randrange(250_000_000_000)

    def _words(self) -> str:
        return "".join(self._random.sample(self._sentences, 2))[: self._random.randrange(5, 120)]

    def _screening(self) -> Screening:
        random, name = self._random, self._random.choice(self._instruments)
        definition = self._library.get(name)
        given = self._given(definition)
        outcome = self._library.scorer(name).score(given)
        return Screening(
            instrument=name,
            version=definition.version,
            content=self._library.content_hash(name),
            date=self._day(),
            answers=given,
            status=outcome.status,
            scores={
                key: ScoreResult(one.value, one.band, one.positive, one.norm, one.standard, one.prorated)
                for key, one in outcome.scores.items()
            },
            mode=random.choice(["file", "typed"]),
            critical=outcome.critical,
            campaign=random.choice([None, random.randbytes(16), random.randbytes(16)]),
        )

    def _given(self, definition: Definition) -> dict[str, int]:
        """Answers to what is chosen; the milder the more often."""
        items = [item for item in definition.items if isinstance(item, Choice)]
        values = [[option.value for option in definition.options(item)] for item in items]
        given = answers(self._inventor.pupil("", "", 12, FIRST_DAY), len(items), self._random)
        return {item.id: some[min(at, len(some) - 1)] for item, some, at in zip(items, values, given, strict=True)}

    def _person(self) -> Person:
        random, pupil = self._random, self._random.random() < 0.7
        born_before = FIRST_DAY + dt.timedelta(random.randrange(DAYS))
        one = (
            self._inventor.pupil("七年级", "", 12, born_before)
            if pupil
            else self._inventor.villager("", "", random.randrange(18, 80), born_before)
        )
        return Person(
            one.name,
            sex="female" if one.sex == "女" else "male",
            birth_date=one.born.isoformat(),
            id_type="resident_id",
            # Digits that are nobody's: the dictionary is shipped.
            id_number=f"{random.randrange(10**18):018}",
            student_number=one.student_number if pupil else None,
            group=random.randbytes(16),
            ethnicity=one.ethnicity,
            phone=None if pupil else one.phone,
            guardian_name=one.guardian if pupil else None,
            guardian_phone=one.phone if pupil else None,
        )

    def _alert(self) -> Alert:
        random, raised = self._random, self._moment()
        return Alert(
            level=random.choice(get_args(Level)),
            status=random.choice(get_args(AlertStatus)),
            instrument=random.choice(self._instruments),
            source=random.randbytes(16),
            reasons=tuple(random.sample(self._reasons, random.randint(1, 2))),
            rules_version="1.0.0",
            raised=raised,
            due=raised + 3_600_000 * random.choice([24, 168, 336, 720]),
        )

    def _step(self) -> AlertStep:
        step: StepKind = self._random.choice(get_args(StepKind))
        return AlertStep(self._random.randbytes(16), step, self._words(), self._moment())

    def _consent(self) -> Consent:
        random = self._random
        giver: Giver = random.choice(get_args(Giver))
        decision: Decision = random.choice(get_args(Decision))
        manner: Manner = random.choice(get_args(Manner))
        purpose = random.choice(["screening", "counselling"])
        return Consent(purpose, giver, decision, self._day(), manner, "1")

    def _session(self) -> Session:
        random = self._random
        sealed = random.randbytes(random.randrange(100, 1500))
        manner = random.choice(["face", "phone", "online", "home"])
        return Session(self._day(), manner, "1", random.randbytes(16), sealed, random.randrange(20, 90))

    def _hold(self) -> Hold:
        return Hold(self._words(), self._words(), self._day())

    def _restriction(self) -> Restriction:
        return Restriction(self._words(), self._day())


def main() -> int:
    target = Path(__file__).resolve().parents[2] / "resources" / "sync" / f"dictionary-{int(sys.argv[1])}.bin"
    if target.exists():
        print(f"{target.name} is in use", file=sys.stderr)
        return 1
    sample = Samples(Random(23))
    made: Any = zstandard.train_dictionary(SIZE, [sample() for _ in range(SAMPLES)], k=200, d=8, level=9)
    target.write_bytes(made.as_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
