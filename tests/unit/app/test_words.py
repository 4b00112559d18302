"""What a result says to whom."""

from typing import Any

import pytest

from app.instruments.library import Library
from app.instruments.scoring import score
from app.records import ScoreResult, Screening
from app.risk.rules import AlertRules
from app.texts import Texts
from app.words import Words

DEFINITION = Library.load().get("phq-9")
(TOTAL,) = DEFINITION.scores
WORDS = Words(Texts.load("zh-CN"), Library.load(), AlertRules.load())
CHILD, GROWN, UNKNOWN = "2012-05-06", "1985-05-06", None
PERSON, FAMILY, STAFF = "对本人：", "对家属或监护人（疑其侵害者不告知）：", "给专业人员："


def screening(answer: int, ninth: int = 0, **more: Any) -> Screening:
    """All items but the ninth answered alike, on a day of 2026."""
    answers = {item.id: answer for item in DEFINITION.items} | {"9": ninth, "difficulty": 0}
    outcome = score(DEFINITION, answers)
    return Screening(
        instrument="phq-9",
        version=DEFINITION.version,
        content="",
        date="2026-10-12",
        answers=answers,
        status=outcome.status,
        scores={name: ScoreResult(one.value, one.band, one.positive) for name, one in outcome.scores.items()},
        mode="typed",
        critical=outcome.critical,
        **more,
    )


def told(given: Screening, born: str | None) -> list[str]:
    return [said.split("：", 1)[0] + "：" for said in WORDS.advice(given, DEFINITION, TOTAL, born)]


def test_of_a_child_the_family_is_told_as_well() -> None:
    assert told(screening(1), CHILD) == [PERSON, FAMILY, STAFF]


@pytest.mark.parametrize("born", [GROWN, UNKNOWN, "2008-10-12", "2008"])
def test_of_a_grown_person_or_one_of_unknown_age_no_family_is_told(born: str | None) -> None:
    assert told(screening(1), born) == [PERSON, STAFF]


def test_the_day_before_somebody_is_eighteen_the_family_is_still_told() -> None:
    assert FAMILY in told(screening(1), "2008-10-13")


@pytest.mark.parametrize("answer", [0, 3])
def test_beside_an_answer_about_self_harm_only_professionals_are_told(answer: int) -> None:
    assert told(screening(answer, ninth=1), CHILD) == [STAFF]


def test_a_void_sheet_says_nothing() -> None:
    assert told(screening(3, void=True), CHILD) == []
