"""Answers out of an archive: a table with its codebook, nobody named unless asked for, and never without an entry."""

import csv
import datetime as dt
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.audit import Audit, entry_words
from app.errors import Problem
from app.exchange.responses_out import Answers, Gathered, delimited
from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Group, Kept, Person, plain
from app.rights.service import Rights
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.spreadsheets import read_sheets
from app.spreadsheets.writing import Table, workbook_of
from app.texts import Texts
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft

TODAY = dt.date(2026, 10, 12)
TEXTS = Texts.load("en")
PHQ = {**{str(number): 1 for number in range(1, 9)}, "9": 0}

FORM: dict[str, Any] = {
    "format": 1,
    "id": "visit",
    "version": "1.0.0",
    "type": "form",
    "short_title": "Visit",
    "title": {"zh-CN": "访视", "en": "Visit"},
    "copyright": {
        "owner": "o",
        "wording": "full",
        "statement": "s",
        "evidence": "e",
        "evidence_date": "2026-11-21",
        "translations": {name: {"made_by": "m", "source": "s", "evidence": "e"} for name in ("zh-CN", "en")},
    },
    "population": {"zh-CN": "人", "en": "people"},
    "respondent": "self",
    "mode": "self",
    "option_sets": {
        "some": [{"value": value, "text": {"zh-CN": f"项{value}", "en": f"option {value}"}} for value in (1, 2, 3)]
    },
    "items": [
        {"id": "many", "kind": "multiple", "options": "some"},
        {"id": "hours", "kind": "number", "from": 0, "to": 24, "decimals": 1, "not_applicable": True},
        {"id": "day", "kind": "date"},
        {"id": "words", "kind": "text"},
        {"id": "twice", "kind": "computed", "value": "${hours} * 2", "decimals": 1},
        {"id": "years", "kind": "computed", "value": "@age"},
        {
            "id": "drugs",
            "kind": "group",
            "items": [
                {"id": "name", "kind": "text"},
                {"id": "dose", "kind": "number", "from": 0, "to": 100},
            ],
        },
    ],
}
for _item in FORM["items"]:
    _item["text"] = {"zh-CN": _item["id"], "en": _item["id"]}
    for _cell in _item.get("items", []):
        _cell["text"] = {"zh-CN": _cell["id"], "en": _cell["id"]}

ANSWERS = {
    "many": [1, 3],
    "hours": 7.5,
    "day": "2026-05-04",
    "words": "=1+1",
    "drugs": [{"name": "x", "dose": 5}, {"name": "y"}],
}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "a.xinyi", Owner("u", "p", Names("d", "s")), CATALOGUE) as made:
        yield made


@pytest.fixture
def library() -> Library:
    found = Library.load()
    found.keep("visit", "1.0.0", json.dumps(FORM).encode())
    return found


def add_person(archive: Archive, name: str, number: str, **fields: Any) -> Kept[Person]:
    group, record = archive.new_id(), archive.new_id()
    person = Person(name, sex="female", birth_date="2013-02-03", student_number=number, group=group, **fields)
    archive.save(
        [
            Draft.new("group", group, plain(Group("七年级1班"))),
            Draft.new("person", record, plain(person), person=record),
        ]
    )
    return People(archive).get(record)


def record(
    archive: Archive,
    library: Library,
    person: Kept[Person],
    answers: dict[str, Any],
    *,
    instrument: str = "phq-9",
    day: dt.date = TODAY,
) -> None:
    Screenings(archive, library, AlertRules.load()).record(Sheet(person, instrument, day, answers, "typed"))


def answers_of(archive: Archive, library: Library) -> Answers:
    return Answers(archive, library, TEXTS, random.Random(7))


def lines(answers: Answers, gathered: Gathered, *, identified: bool = False) -> list[dict[str, str]]:
    text = delimited(answers.tables(gathered, identified=identified)[0]).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_line_has_the_answers_and_what_came_of_them(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), {**PHQ, "9": 1})
    answers = answers_of(archive, library)
    (line,) = lines(answers, answers.gather("phq-9"))
    assert {name: line[name] for name in ("1", "9", "difficulty", "total", "total.band", "total.positive")} == {
        "1": "1",
        "9": "1",
        "difficulty": "",
        "total": "9",
        "total.band": "mild",
        "total.positive": "0",
    }
    assert (line["sex"], line["age"], line["_date"], line["_status"]) == ("female", "13", "2026-10-12", "complete")
    assert line["_critical"] == "self-harm-thoughts"


def test_nobody_is_named_and_the_number_is_another_one_every_time(archive: Archive, library: Library) -> None:
    for number in range(3):
        person = add_person(archive, f"张三{number}", f"G100{number}")
        for day in (TODAY, TODAY - dt.timedelta(days=40)):
            record(archive, library, person, PHQ, day=day)
    answers = Answers(archive, library, TEXTS)
    first, second = answers.gather("phq-9"), answers.gather("phq-9")
    numbers = [{row.who[0] for row in gathered.rows} for gathered in (first, second)]
    assert [len(found) for found in numbers] == [3, 3]
    assert not numbers[0] & numbers[1]
    for table in answers.tables(first, identified=False):
        assert not [name for name in ("张三", "G100", "七年级") if name in delimited(table).decode()]
    assert [row.who[0] for row in first.rows] == sorted(row.who[0] for row in first.rows)


def test_words_and_days_stay_behind_unless_people_are_named(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), ANSWERS, instrument="visit")
    answers = answers_of(archive, library)
    hidden = lines(answers, answers.gather("visit"))[0]
    assert not {"day", "words", "drugs.1.name"} & hidden.keys()
    assert (hidden["drugs"], hidden["drugs.1.dose"], hidden["drugs.2.dose"]) == ("2", "5", "")
    shown = lines(answers, answers.gather("visit", identified=True), identified=True)[0]
    assert (shown["name"], shown["student_number"], shown["group"]) == ("张三", "G1", "七年级1班")
    assert (shown["day"], shown["drugs.2.name"]) == ("2026-05-04", "y")


def test_every_kind_has_its_cells(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), ANSWERS, instrument="visit")
    answers = answers_of(archive, library)
    line = lines(answers, answers.gather("visit"))[0]
    assert [line[f"many.{value}"] for value in (1, 2, 3)] == ["1", "0", "1"]
    assert (line["hours"], line["twice"], line["years"]) == ("7.5", "15.0", "13")


def test_not_answered_and_does_not_apply_differ(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), {"hours": None}, instrument="visit")
    answers = answers_of(archive, library)
    line = lines(answers, answers.gather("visit"))[0]
    assert (line["hours"], line["many.1"], line["twice"]) == ("n/a", "", "")


def test_a_text_that_a_spreadsheet_would_compute_is_a_text(archive: Archive, library: Library) -> None:
    person = add_person(archive, "@SUM(A1)", "-1")
    record(archive, library, person, ANSWERS, instrument="visit")
    answers = answers_of(archive, library)
    line = lines(answers, answers.gather("visit", identified=True), identified=True)[0]
    assert (line["words"], line["name"], line["student_number"]) == ("'=1+1", "'@SUM(A1)", "'-1")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_formulas_and_numbers_in_a_csv_file(text: str) -> None:
    content = delimited(Table("x", ["a", "b"], [[text, -1]]))
    assert content.startswith(b"\xef\xbb\xbfa,b\r\n")
    (row,) = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
    assert row == [f"'{text}", "-1"]


def test_the_workbook_has_a_codebook(archive: Archive, library: Library, tmp_path: Path) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), PHQ)
    answers = answers_of(archive, library)
    tables = answers.tables(answers.gather("phq-9"), identified=False)
    file = tmp_path / "a.xlsx"
    file.write_bytes(workbook_of(tables))
    sheet, codebook = read_sheets(file)
    assert [sheet.name, codebook.name] == ["answers", "codebook"]
    said = {str(row[0]): row[1:] for row in codebook.rows}
    assert [row[0] for row in codebook.rows[1:]] == sheet.rows[0]
    assert said["1"][:3] == ["1", "Little interest or pleasure in doing things", "choice"]
    assert str(said["1"][3]).startswith("0 = Not at all; 1 = Several days")
    assert "moderate = moderate (10–14)" in str(said["total.band"][3])


def test_every_export_is_in_the_access_log(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), PHQ)
    answers = answers_of(archive, library)
    answers.gather("phq-9")
    answers.gather("phq-9", identified=True)
    entries = [entry_words(entry, TEXTS) for entry in Audit(archive).listed() if entry.kind == "exported"]
    assert sorted(words[4] for words in entries) == ["answers, with names", "answers, without names"]


def test_people_whose_records_may_only_be_read_are_left_out(archive: Archive, library: Library) -> None:
    kept, closed = add_person(archive, "张三", "G1"), add_person(archive, "李四", "G2")
    for person in (kept, closed):
        record(archive, library, person, PHQ)
    Rights(archive).restrict(closed.id, "asked for", TODAY)
    gathered = answers_of(archive, library).gather("phq-9")
    assert (len(gathered.rows), gathered.people, gathered.left_out) == (1, 1, 1)


def test_where_there_is_nothing_to_export_nothing_is_written_down(archive: Archive, library: Library) -> None:
    with pytest.raises(Problem) as raised:
        answers_of(archive, library).gather("phq-9")
    assert raised.value.key == "exchange.no_answers_here"
    assert [entry for entry in Audit(archive).listed() if entry.kind == "exported"] == []


def test_an_item_that_only_an_older_version_had_keeps_its_column(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), ANSWERS, instrument="visit")
    newer = {**FORM, "version": "1.1.0", "items": [item for item in FORM["items"] if item["id"] != "many"]}
    library.keep("visit", "1.1.0", json.dumps(newer).encode())
    record(archive, library, add_person(archive, "李四", "G2"), {"hours": 3}, instrument="visit")
    answers = answers_of(archive, library)
    gathered = answers.gather("visit")
    found = {line["_version"]: line for line in lines(answers, gathered)}
    assert (found["1.0.0"]["many.1"], found["1.1.0"]["many.1"]) == ("1", "")
    assert [one.version for one in gathered.definitions] == ["1.1.0", "1.0.0"]
    responses = answers.resources(gathered, identified=False)["entry"]
    assert [entry["resource"]["questionnaire"] for entry in responses] == ["urn:xinyi:instrument:visit|1.1.0"]


def test_responses_name_nobody_and_hold_no_words(archive: Archive, library: Library) -> None:
    record(archive, library, add_person(archive, "张三", "G1"), ANSWERS, instrument="visit")
    answers = answers_of(archive, library)
    hidden = json.dumps(answers.resources(answers.gather("visit"), identified=False), ensure_ascii=False)
    assert not [word for word in ("张三", "G1", "=1+1", "2026-05-04", '"x"') if word in hidden]
    gathered = answers.gather("visit", identified=True)
    shown = answers.resources(gathered, identified=True)["entry"][0]["resource"]
    assert shown["subject"]["identifier"]["value"] == "G1"
