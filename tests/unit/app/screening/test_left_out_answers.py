"""Answers that are left out must not bury what calls for a person."""

import datetime as dt

import pytest

from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.roster import KnownPerson
from app.screening.answers import AnswerRow, Day, plan_answers, touches_critical
from app.spreadsheets import Sheet

DAY = dt.date(2026, 9, 20)
HEAD = ["姓名", *map(str, range(1, 10))]


class OnePerson:
    """An archive with one person, who has no numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, KnownPerson] = {}

    def by_id_number(self, number: str) -> KnownPerson | None:
        return self._numbers.get(number)

    def by_student_number(self, number: str) -> KnownPerson | None:
        return self._numbers.get(number)

    def by_name(self, name: str) -> list[KnownPerson]:
        return [KnownPerson(b"1", PersonFields("张三"))] if name == "张三" else []


def refused(*answers: object) -> AnswerRow:
    definition = Library.load().get("phq-9")
    sheet = Sheet("s", [[*HEAD], ["没有此人", *answers], ["另一个", *([0] * 9)]], 1)  # type: ignore[list-item]
    row = plan_answers([sheet], definition, known=OnePerson(), day=Day(DAY, DAY)).rows[0]
    assert row.fate == "refused"
    return row


@pytest.mark.parametrize(("ninth", "expected"), [(0, False), (1, True), ("", False), ("几乎每天", True)])
def test_a_refused_line_with_a_critical_answer_is_recognised(ninth: object, expected: bool) -> None:
    assert touches_critical(refused(*([0] * 8), ninth), Library.load().get("phq-9")) is expected


def test_a_second_form_of_one_day_is_refused_and_still_calls_for_a_person() -> None:
    definition = Library.load().get("phq-9")
    sheet = Sheet("s", [[*HEAD], ["张三", *([0] * 9)], ["张三", *([0] * 8), 2]], 1)
    first, second = plan_answers([sheet], definition, known=OnePerson(), day=Day(DAY, DAY)).rows
    assert [reason.key for reason in second.reasons] == ["answers.double"]
    assert (touches_critical(first, definition), touches_critical(second, definition)) == (False, True)
