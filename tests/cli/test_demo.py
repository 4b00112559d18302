"""The demonstration: the same county for the same seed. The whole of it runs in tests/leak."""

import datetime as dt
from pathlib import Path
from random import Random
from typing import Any

from app.people.identity import parse_resident_id
from ui.demo.people import DIVISION, Inventor, answers

TODAY = dt.date(2026, 10, 1)


def test_a_folder_of_somebody_else_is_left_alone(cli: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear", "utf-8")
    cli.run("demo", "--headless", "--dir", other, expect=1)
    assert (other / "letter.txt").read_text("utf-8") == "dear"


def test_the_same_seed_invents_the_same_people() -> None:
    def invent(seed: int) -> list[object]:
        inventor = Inventor(Random(seed))
        return [inventor.pupil("七年级", "七年级1班", 12, TODAY) for _ in range(200)]

    assert invent(3) == invent(3)
    assert invent(3) != invent(4)


def test_invented_numbers_are_valid_and_nobody_s() -> None:
    inventor = Inventor(Random(5))
    people = [inventor.pupil("七年级", "七年级1班", 12, TODAY) for _ in range(500)]
    numbers = [parse_resident_id(one.id_number, today=TODAY) for one in people]
    assert {number.number[:6] for number in numbers} == {DIVISION}
    assert [number.birth_date for number in numbers] == [one.born for one in people]
    assert len({number.number for number in numbers}) == len(people)


def test_answers_stay_within_the_options() -> None:
    random, inventor = Random(6), Inventor(Random(6))
    given = [answers(inventor.pupil("", "", 12, TODAY), 9, random) for _ in range(300)]
    assert {value for one in given for value in one} == {0, 1, 2, 3}
    assert sum(one[-1] > 0 for one in given) < 60
