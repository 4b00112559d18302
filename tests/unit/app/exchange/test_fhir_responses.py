"""Answers and scores as FHIR, and FHIR as answers."""

import datetime as dt
import json
from typing import Any

import pytest

from app.errors import Problem
from app.exchange.fhir_answers import Response, plan_responses, read_responses
from app.exchange.fhir_model import read_resource
from app.exchange.fhir_responses import Filled, write_responses
from app.instruments.answers import Reader
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity
from app.instruments.library import Library
from app.instruments.scoring import score
from app.people.fields import PersonFields
from app.people.roster import KnownPerson
from app.screening.answers import AnswerRow
from app.screening.answers import Day as Days

LIBRARY = Library.load()
PHQ = LIBRARY.get("phq-9")
ANSWERS = {**{str(number): number % 4 for number in range(1, 9)}, "9": 0}
TODAY = dt.date(2026, 10, 12)


def filled(definition: Definition, answers: dict[str, Any], subject: str = "12345678") -> Filled:
    outcome = score(definition, answers)
    return Filled(subject, "2026-10-12", answers, outcome.status == "complete", outcome.scores)


def bundle(definition: Definition = PHQ, answers: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """One form; `changes` go into its response."""
    written = write_responses(definition, [filled(definition, ANSWERS if answers is None else answers)], "zh-CN")
    written["entry"][0]["resource"].update(changes)
    return written


def read(resource: dict[str, Any], definition: Definition = PHQ) -> Response:
    (response,) = read_responses(json.dumps(resource).encode(), definition)
    return response


def answer_to(item: Item, definition: Definition) -> Any:
    """Some answer to an item."""
    match item:
        case Choice():
            return definition.options(item)[-1].value
        case Multiple():
            free = [one.value for one in definition.options(item) if one.value not in item.alone]
            return sorted(free[:2])
        case Quantity():
            return item.low
        case Day():
            return "2026-05-04"
        case Group():
            return [{cell.id: answer_to(cell, definition) for cell in item.items}] * 2
    return "写下的话"


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_answers_to_every_instrument_come_back(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    answers = {item.id: answer_to(item, definition) for item in definition.items if not isinstance(item, Computed)}
    assert Reader(definition).fault(answers) is None
    written = write_responses(definition, [filled(definition, answers)], "zh-CN")
    assert read_resource(json.dumps(written).encode(), "Bundle") == written
    response = read(written, definition)
    assert response.faults == ()
    assert response.answers == answers
    assert (response.subject, response.date) == ("12345678", TODAY)


def test_does_not_apply_and_none_of_them_are_no_blanks() -> None:
    definition = LIBRARY.get("smd-personal-information")
    some = next(item.id for item in definition.items if item.not_applicable)
    several = next(item.id for item in definition.items if isinstance(item, Multiple))
    response = read(bundle(definition, {some: None, several: []}), definition)
    assert response.answers == {some: None, several: []}


def test_a_score_is_an_observation_with_its_band() -> None:
    written = bundle()
    response, observation = written["entry"]
    assert observation["resource"]["valueQuantity"]["value"] == sum(ANSWERS.values())
    assert observation["resource"]["status"] == "final"
    assert observation["resource"]["derivedFrom"] == [{"reference": response["fullUrl"]}]
    assert observation["resource"]["interpretation"][0]["coding"][0]["code"] == "moderate"


def test_an_unfinished_form_is_in_progress_and_its_sum_preliminary() -> None:
    written = bundle(answers={"1": 3})
    assert [entry["resource"]["status"] for entry in written["entry"]] == ["in-progress", "preliminary"]
    assert "interpretation" not in written["entry"][1]["resource"]


def test_nobody_is_named() -> None:
    text = json.dumps(bundle())
    assert '"subject": {"identifier": {"system": "urn:xinyi:person", "value": "12345678"}}' in text
    assert '"name"' not in text


def faults(resource: dict[str, Any], definition: Definition = PHQ) -> list[str]:
    return [fault.key for fault in read(resource, definition).faults]


def test_answers_to_another_questionnaire_are_refused() -> None:
    assert "exchange.other_questionnaire" in faults(bundle(questionnaire="urn:xinyi:instrument:gad-7|1.0.0"))
    assert "exchange.other_questionnaire" in faults(bundle(questionnaire="http://example.invalid/Questionnaire/x"))


def test_answers_to_another_version_are_refused() -> None:
    assert faults(bundle(questionnaire=f"urn:xinyi:instrument:phq-9|{PHQ.version}")) == []
    assert faults(bundle(questionnaire="urn:xinyi:instrument:phq-9")) == []
    assert faults(bundle(questionnaire="urn:xinyi:instrument:phq-9|0.9.0")) == ["exchange.other_version"]


def test_the_same_questionnaire_elsewhere_is_known_by_its_name() -> None:
    assert faults(bundle(questionnaire="https://example.invalid/fhir/Questionnaire/PHQ-9")) == []


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ({"linkId": "1", "answer": [{"valueCoding": {"code": "7"}}]}, "instrument.answer_out_of_range"),
        ({"linkId": "1", "answer": [{"valueInteger": 4}]}, "instrument.answer_out_of_range"),
        ({"linkId": "1", "answer": [{"valueInteger": 1}, {"valueInteger": 2}]}, "exchange.several_given"),
        ({"linkId": "77", "answer": [{"valueInteger": 1}]}, "exchange.response_item"),
    ],
)
def test_an_answer_that_cannot_be_one_is_refused(item: dict[str, Any], key: str) -> None:
    assert faults(bundle(item=[item])) == [key]


def test_an_answer_is_known_by_its_code_its_value_or_its_words() -> None:
    given = [
        {"linkId": "1", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6570-1"}}]},
        {"linkId": "2", "answer": [{"valueInteger": 2}]},
        {"linkId": "3", "answer": [{"valueString": "Nearly every day"}]},
    ]
    assert read(bundle(item=given)).answers == {"1": 2, "2": 2, "3": 3}


@pytest.mark.parametrize("status", ["entered-in-error", "stopped"])
def test_a_response_that_does_not_count_is_refused(status: str) -> None:
    assert faults(bundle(status=status)) == ["exchange.response_status"]


def test_a_file_without_responses_is_refused() -> None:
    with pytest.raises(Problem) as raised:
        read_responses(b'{"resourceType": "Bundle", "type": "collection"}', PHQ)
    assert raised.value.key == "exchange.no_responses"


# ---- into an archive ----


class Known:
    """One pupil."""

    def by_id_number(self, _number: str) -> KnownPerson | None:
        return None

    def by_student_number(self, number: str) -> KnownPerson | None:
        return KnownPerson(b"1", PersonFields(name="张三")) if number == "12345678" else None

    def by_name(self, _name: str) -> list[KnownPerson]:
        return []


def planned(resource: dict[str, Any]) -> list[AnswerRow]:
    responses = read_responses(json.dumps(resource).encode(), PHQ)
    return plan_responses(responses, PHQ, known=Known(), day=Days(TODAY, TODAY)).rows


def keys(row: AnswerRow) -> list[str]:
    return [reason.key for reason in row.reasons]


def test_a_sound_response_is_taken() -> None:
    (row,) = planned(bundle())
    assert (row.fate, row.person, row.date, row.answers, keys(row)) == ("taken", b"1", TODAY, ANSWERS, [])


def test_a_number_that_nobody_has_is_refused_and_its_critical_answer_named() -> None:
    written = write_responses(PHQ, [filled(PHQ, {**ANSWERS, "9": 1}, subject="1")], "zh-CN")
    (row,) = planned(written)
    assert row.fate == "refused"
    assert keys(row) == ["answers.nobody_numbered", "answers.critical_in_refused_line"]


def test_a_critical_answer_is_named_where_another_answer_is_wrong() -> None:
    wrong = {"linkId": "1", "answer": [{"valueInteger": 9}]}
    critical = {"linkId": "9", "answer": [{"valueInteger": 3}]}
    (row,) = planned(bundle(item=[wrong, critical]))
    assert keys(row) == ["instrument.answer_out_of_range", "answers.critical_in_refused_line"]


def test_a_score_that_comes_out_otherwise_is_a_doubt() -> None:
    written = bundle()
    written["entry"][1]["resource"]["valueQuantity"]["value"] = 26
    (row,) = planned(written)
    assert (row.fate, keys(row)) == ("doubtful", ["exchange.other_score"])
    assert row.reasons[0].values["theirs"] == 26


def test_a_day_ahead_is_refused() -> None:
    (row,) = planned(bundle(authored="2026-10-13"))
    assert keys(row) == ["answers.wrong_date"]


def test_the_second_form_of_a_day_is_refused() -> None:
    written = write_responses(PHQ, [filled(PHQ, ANSWERS), filled(PHQ, ANSWERS)], "zh-CN")
    assert [row.fate for row in planned(written)] == ["taken", "refused"]
