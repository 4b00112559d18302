"""A form with somebody's answers: what was chosen is ticked, what was critical is said first, nothing is left out."""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest

from app import records
from app.access import Rights, Roles
from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Kept, Person, Screening, plain, typed
from app.reports.fonts import Fonts
from app.reports.form_blocks import Boxes, Card, Grid, Question
from app.reports.form_content import FormContent
from app.reports.service import Paper, Reports
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import Texts
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from tests.printed import bare, pages_of, text_of

LIBRARY = Library.load()
ZH = Texts.load("zh-CN")
NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
DAY = dt.date(2026, 10, 12)
NAME, CLASS = "阿依古丽·买买提", "七年级1班"
SELF_HARM = {**{str(item): 2 for item in range(1, 9)}, "9": 1}


def answer(definition: Definition, item: Item) -> Any:
    """Something that can be answered to any item."""
    values = [option.value for option in definition.options(item)]
    match item:
        case Choice():
            return values[0]
        case Multiple():
            return sorted(value for value in values if value not in item.alone)[:2]
        case Quantity():
            return item.low
        case Day():
            return "2026-10-12"
        case Words():
            return "写下的话"[: item.longest]
        case Group():
            return [{cell.id: answer(definition, cell) for cell in item.items}] * 2
    raise TypeError(item)


class Desk:
    """An archive with one person, who fills in forms."""

    def __init__(self, archive: Archive, fonts: Fonts) -> None:
        self.archive, self._fonts = archive, fonts
        group, person = archive.new_id(), archive.new_id()
        fields = Person(NAME, sex="female", birth_date="2013-05-12", student_number="G990000001", group=group)
        archive.save(
            [
                Draft.new("group", group, plain(records.Group(CLASS))),
                Draft.new("person", person, plain(fields), person=person),
            ]
        )
        self.person: Kept[Person] = People(archive).get(person)

    def fill(self, instrument: str, answers: Mapping[str, Any]) -> bytes:
        service = Screenings(self.archive, LIBRARY, AlertRules.load())
        return service.record(Sheet(self.person, instrument, DAY, answers, "typed")).screening

    def paper(self, screening: bytes, *, archive: Archive | None = None) -> Paper:
        return Reports(archive or self.archive, LIBRARY, ZH, fonts=self._fonts).filled_form(screening, NOW)

    def said(self, instrument: str, answers: Mapping[str, Any]) -> str:
        return bare(text_of(self.paper(self.fill(instrument, answers)).pdf))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "station.xinyi"
    Archive.create(path, Owner("王老师", "correct horse", Names("laptop", "石桥镇中心小学")), CATALOGUE).close()
    return path


@pytest.fixture
def desk(template: Path, tmp_path: Path, fonts: Fonts) -> Iterator[Desk]:
    for file in template.parent.glob(template.name + "*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with Archive.open(tmp_path / template.name, "王老师", "correct horse", CATALOGUE) as archive:
        yield Desk(archive, fonts)


def test_it_says_whose_answers_these_are_and_of_which_day(desk: Desk) -> None:
    said = desk.said("phq-9", SELF_HARM)
    for words in (NAME, CLASS, "女", "13岁", "G990000001", "2026年10月12日", "照纸质表录入"):
        assert words in said


def test_every_page_says_that_it_holds_personal_data_and_whose_it_is(desk: Desk) -> None:
    definition = LIBRARY.get("smd-follow-up")
    answers = {item.id: answer(definition, item) for item in definition.items}
    pages = pages_of(desk.paper(desk.fill("smd-follow-up", answers)).pdf)
    assert len(pages) > 2
    assert all("含个人信息，请归档保管" in page for page in pages)
    assert all(NAME in page for page in pages[1:])


def test_the_title_of_the_file_names_nobody(desk: Desk) -> None:
    paper = desk.paper(desk.fill("phq-9", SELF_HARM))
    document = pypdfium2.PdfDocument(paper.pdf)
    assert NAME not in str(document.get_metadata_dict())
    assert NAME not in paper.title
    assert paper.person == desk.person.id


def test_scores_bands_and_critical_answers_stand_above_the_answers(desk: Desk) -> None:
    said = desk.said("phq-9", SELF_HARM)
    assert "17分（中重度）" in said
    assert "需要当面了解：提到有不如死掉或伤害自己的念头" in said
    assert said.index("需要当面了解") < said.index("做事时提不起劲")


def test_nothing_on_it_is_a_diagnosis(desk: Desk) -> None:
    said = desk.said("phq-9", SELF_HARM)
    assert "不是诊断" in said
    assert not any(word in said for word in ("抑郁症", "焦虑症", "患有", "病人", "确诊"))


def test_an_unfinished_form_has_no_band(desk: Desk) -> None:
    said = desk.said("phq-9", {"1": 3, "2": 3})
    assert "未完成（已答部分6分）" in said
    assert not any(band.title["zh-CN"] + "）" in said for band in LIBRARY.get("phq-9").scores[0].bands)


def test_a_record_form_without_scores_has_no_results(desk: Desk) -> None:
    definition = LIBRARY.get("home-visit")
    said = desk.said("home-visit", {item.id: answer(definition, item) for item in definition.items})
    assert "得分项" not in said
    assert "写下的话" in said


@pytest.mark.parametrize("name", LIBRARY.ids())
def test_exactly_what_was_answered_is_ticked(name: str) -> None:
    definition = LIBRARY.get(name)
    answers = {item.id: answer(definition, item) for item in definition.items if hasattr(item, "options")}
    rows: list[tuple[str, list[str]]] = []
    for block in FormContent(definition, ZH, answers).blocks():
        if isinstance(block, Grid | Card):
            rows += [(row.number, [box.value for box in row.boxes if box.ticked]) for row in block.rows]
        if isinstance(block, Question) and block.parts and isinstance(block.parts[0], Boxes):
            rows.append((block.number, [box.value for box in block.parts[0].boxes if box.ticked]))
    given = [one if isinstance(one, list) else [one] for one in answers.values()]
    assert [ticked for _, ticked in rows] == [[str(value) for value in values] for values in given]


def test_an_answer_that_the_definition_does_not_know_is_said_in_words(desk: Desk) -> None:
    screening = desk.fill("phq-9", SELF_HARM)
    record = desk.archive.get("screening", screening)
    assert record is not None
    stored = typed(record, Screening).fields
    changed = msgspec.structs.replace(
        stored, answers={**stored.answers, "3": 7, "gone": "别处写的"}, content="0" * 64, version="0.9.0"
    )
    other = desk.archive.new_id()
    desk.archive.save([Draft.new("screening", other, plain(changed), person=desk.person.id)])
    said = bare(text_of(desk.paper(other).pdf))
    assert "记录的回答：7" in said
    assert "gone:别处写的" in said
    assert "第0.9.0版定义" in said


def test_long_texts_are_whole_wherever_they_stand(desk: Desk) -> None:
    definition = LIBRARY.get("crisis-record")
    answers = {item.id: answer(definition, item) for item in definition.items}
    lengths = {item.id: item.longest for item in definition.items if isinstance(item, Words)}
    longest = max(lengths, key=lambda name: lengths[name])
    answers[longest] = "鱼" * lengths[longest]
    group = next(item for item in definition.items if isinstance(item, Group))
    cell = max((one for one in group.items if isinstance(one, Words)), key=lambda one: one.longest)
    row = dict(answers[group.id][0]) | {cell.id: "鸟" * cell.longest}
    answers[group.id] = [row, answers[group.id][0]]
    said = desk.said("crisis-record", answers)
    assert (said.count("鱼"), said.count("鸟")) == (lengths[longest], cell.longest)


def test_what_was_computed_is_written_as_on_the_screen(desk: Desk) -> None:
    definition = LIBRARY.get("psqi")
    answers = {item.id: answer(definition, item) for item in definition.items if not isinstance(item, Computed)}
    said = desk.said("psqi", answers | {"4-hours": 7, "4-minutes": 30})
    assert "450分钟" in said


def test_rare_characters_of_a_name_are_not_lost(desk: Desk) -> None:
    person = msgspec.structs.replace(desk.person.fields, name="王𬱖\U0002c72f")
    record = desk.archive.new_id()
    desk.archive.save([Draft.new("person", record, plain(person), person=record)])
    desk.person = People(desk.archive).get(record)
    assert "王𬱖\U0002c72f" in desk.said("gad-7", {str(item): 0 for item in range(1, 8)})


def test_whoever_may_not_see_answers_cannot_print_them(desk: Desk) -> None:
    screening = desk.fill("phq-9", SELF_HARM)
    teacher = desk.archive.as_seen_by(Rights([Roles.load().get("class_teacher")], [desk.person.fields.group or b""]))
    with pytest.raises(Problem) as problem:
        desk.paper(screening, archive=teacher)
    assert problem.value.key == "access.read"


def test_answers_that_are_not_here_are_told(desk: Desk) -> None:
    with pytest.raises(Problem) as problem:
        desk.paper(desk.archive.new_id())
    assert problem.value.key == "paper.no_answers"
