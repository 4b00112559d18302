"""Invented people, the same ones for the same seed.

Their identity numbers are valid in form and carry a division code that does not exist, so they can be nobody's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random

import msgspec

from app import resources
from app.people.identity import resident_id_checksum

DIVISION = "990000"


class Names(msgspec.Struct, frozen=True):
    """What names are made of: `resources/demo/names.json`."""

    surnames: list[str]
    given: list[str]
    rare: list[str]
    minority: list[str]
    villages: list[str]


class Invented(msgspec.Struct, frozen=True):
    """Somebody who does not exist. `trouble` between 0 and 1 decides how they answer."""

    name: str
    sex: str
    born: dt.date
    id_number: str
    student_number: str
    group: str
    grade: str
    ethnicity: str
    guardian: str
    phone: str
    household: str
    trouble: float


class Inventor:
    """Makes people. One inventor never gives two people the same identity number."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._names = msgspec.json.decode(resources.path("demo", "names.json").read_bytes(), type=Names)
        self._used: set[str] = set()
        self._count = 0

    def pupil(self, grade: str, group: str, age: int, today: dt.date) -> Invented:
        """A pupil of a class, about `age` years old."""
        return self._person(self._birthday(today.year - age), group=group, grade=grade)

    def villager(self, group: str, household: str, age: int, today: dt.date) -> Invented:
        """A resident of a village."""
        return self._person(self._birthday(today.year - age), group=group, household=household)

    def household(self) -> Iterator[int]:
        """The ages in a household: one to five people, mostly old ones and children."""
        for _ in range(self._random.choice((1, 2, 2, 3, 4, 5))):
            yield self._random.choice((9, 14, 35, 41, 58, 63, 67, 71, 74, 79, 83))

    @property
    def villages(self) -> list[str]:
        """Names of villages."""
        return self._names.villages

    def _person(self, born: dt.date, *, group: str, grade: str = "", household: str = "") -> Invented:
        self._count += 1
        sex = self._random.choice(("男", "女"))
        name, ethnicity = self._name()
        return Invented(
            name=name,
            sex=sex,
            born=born,
            id_number=self._id_number(born, sex),
            student_number=f"G{DIVISION}{born.year}{self._count:06}" if grade else "",
            group=group,
            grade=grade,
            ethnicity=ethnicity,
            guardian=self._random.choice(self._names.surnames) + self._random.choice(self._names.given),
            phone=f"1000000{self._random.randrange(10_000):04}",
            household=household,
            trouble=self._random.betavariate(1.1, 5.0),
        )

    def _birthday(self, year: int) -> dt.date:
        return dt.date(year, 1, 1) + dt.timedelta(days=self._random.randrange(365))

    def _name(self) -> tuple[str, str]:
        luck = self._random.random()
        if luck < 0.03:
            return self._random.choice(self._names.minority), self._random.choice(("维吾尔族", "哈萨克族", "彝族"))
        given = self._names.rare if luck < 0.05 else self._names.given
        characters = [self._random.choice(given)]
        if self._random.random() < 0.7:
            characters.append(self._random.choice(self._names.given))
        return self._random.choice(self._names.surnames) + "".join(characters), "汉族"

    def _id_number(self, born: dt.date, sex: str) -> str:
        while True:
            order = self._random.randrange(0, 500) * 2 + (1 if sex == "男" else 0)
            first17 = f"{DIVISION}{born:%Y%m%d}{order:03}"
            number = first17 + resident_id_checksum(first17)
            if number not in self._used:
                self._used.add(number)
                return number


def answers(person: Invented, items: int, random: Random) -> list[int]:
    """How somebody answers `items` questions from 0 to 3. The last one, about self-harm, is rarely above 0."""
    trouble = min(0.95, max(0.02, person.trouble + random.gauss(0, 0.08)))
    given = [sum(random.random() < trouble for _ in range(3)) for _ in range(items)]
    if items == 9 and random.random() > trouble * 0.35:  # PHQ-9
        given[-1] = 0
    return given
