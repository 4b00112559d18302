"""The copy of everything about a person: complete, in words, and no statistical print."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.disclosure import ReleasedTable
from app.people.fields import PersonFields
from app.records import Consent
from app.reports.own_data import own_data_pdf, own_data_print
from app.rights.export import Gathering, OwnData, record_handout, to_data
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.texts import LANGUAGES, Texts
from app.words import Words
from storage.records import Draft
from tests.printed import pages_of

if TYPE_CHECKING:
    from tests.unit.app.rights.conftest import Office

NOW = dt.datetime(2026, 9, 20, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TODAY = NOW.date()
NUMBER = "990000201003010010"


def copy(office: Office, language: str = "zh-CN") -> OwnData:
    texts = Texts.load(language)
    (person,) = office.people.find("张三")
    words = Words(texts, office.library, AlertRules.load())
    return Gathering(office.archive, office.library, words, texts).own_data(person.id, NOW)


@pytest.fixture
def busy(office: Office) -> Office:
    """Somebody with one record of each type, and somebody else."""
    person = office.add("张三", id_number=NUMBER, id_type="resident_id", group_name="七年级1班")
    office.screen(person, TODAY, last=2)
    (alert,) = Alerts(office.archive).of_person(person.id)
    Alerts(office.archive).note(alert.id, "已联系家长")
    office.rights.say(person.id, Consent("screening", "self", "given", TODAY.isoformat(), "paper"), TODAY)
    office.rights.hold(person.id, "诉讼", "法院", None, TODAY)
    office.screen(office.add("李四"), TODAY)
    record_handout(office.archive, person.id, TODAY)
    return office


def words_of(data: Any) -> str:
    return msgspec.json.encode(data).decode()


def test_every_record_about_the_person_is_in_it_and_nothing_of_others(busy: Office) -> None:
    own = copy(busy)
    kinds = sorted(entry.kind for entry in own.entries)
    assert kinds == ["alert", "alert_step", "consent", "handout", "hold", "screening"]
    text = words_of(to_data(own, "zh-CN"))
    assert NUMBER in text
    assert "李四" not in text


def test_values_are_words_and_answers_stand_beside_their_questions(busy: Office) -> None:
    own = copy(busy)
    screening = next(entry for entry in own.entries if entry.kind == "screening")
    said = dict(screening.said)
    definition = busy.library.get("phq-9")
    last = definition.items[8]
    assert last.text
    (words,) = [one.text for one in definition.options(last) if one.value == 2]
    assert words
    assert said[f"{last.id}. {last.text['zh-CN']}"] == words["zh-CN"]
    assert dict(own.person.said)["班级"] == "七年级1班"
    assert dict(own.person.said)["证件类型"] == "居民身份证"


def test_what_was_corrected_is_told_with_its_day(busy: Office) -> None:
    (person,) = busy.people.find("张三")
    busy.now = dt.date(2026, 9, 21)
    busy.people.change(person, msgspec.structs.replace(busy.people.described(person), phone="110"))
    first, second = copy(busy).person.history
    assert (first.said, second.said) == ((), (("本人电话", "110"),))
    assert second.at.startswith("2026-09-21")
    assert second.by == "王老师"


def test_answers_to_an_instrument_that_is_not_here_are_in_it_as_they_stand(busy: Office) -> None:
    (person,) = busy.people.find("张三")
    busy.archive.save(
        [Draft.new("screening", busy.archive.new_id(), {"instrument": "xyz", "date": "2026-09-01"}, person=person.id)]
    )
    assert any(("量表", "xyz") in entry.said for entry in copy(busy).entries)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_in_one_language_and_names_no_key(busy: Office, language: str) -> None:
    own = copy(busy, language)
    names = [said.field for entry in (own.person, *own.entries) for said in entry.said]
    assert "_" not in "".join(names)
    assert not any(entry.title == entry.kind for entry in own.entries)


def test_the_pdf_says_on_every_page_that_it_is_no_statistics(busy: Office) -> None:
    for day in range(1, 9):
        busy.screen(busy.people.find("张三")[0], dt.date(2026, 8, day))
    pages = pages_of(own_data_pdf(copy(busy), Texts.load()))
    assert len(pages) > 2
    assert all("含个人信息" in page and "不含个人信息" not in page for page in pages)
    assert "张三" in pages[0]


def test_an_identified_document_has_no_numbers_of_people(busy: Office) -> None:
    printed = own_data_print(copy(busy), Texts.load())
    assert not any(isinstance(getattr(block, "table", None), ReleasedTable) for block in printed.blocks)
    assert "不含" not in Texts.load()(printed.FOOTER)


def test_the_same_copy_gives_the_same_bytes(busy: Office) -> None:
    assert own_data_pdf(copy(busy), Texts.load()) == own_data_pdf(copy(busy), Texts.load())


def test_a_person_without_records_gets_a_copy_of_their_entry(office: Office) -> None:
    office.people.add(PersonFields("张三"))
    own = copy(office)
    assert own.entries == ()
    assert ("姓名", "张三") in own.person.said
