"""What a form says about a person, field by field."""

import datetime as dt

import msgspec
import pytest

from app.people.fields import IdType, PersonFields
from app.people.form import FormTexts, form_texts, read_texts
from app.people.identity import resident_id_checksum

TODAY = dt.date(2026, 11, 21)
FIRST17 = "99000020130506022"
NUMBER = FIRST17 + resident_id_checksum(FIRST17)


def read(known: PersonFields | None = None, **said: str) -> PersonFields:
    texts = msgspec.structs.replace(form_texts(known) if known else FormTexts(name="张三"), **said)
    fields = read_texts(texts, known, TODAY).fields
    assert fields is not None
    return fields


def faults(**said: str) -> dict[str, str]:
    reading = read_texts(msgspec.structs.replace(FormTexts(name="张三"), **said), None, TODAY)
    assert reading.fields is None
    return {field: fault.key for field, fault in reading.faults.items()}


def test_a_name_is_enough() -> None:
    assert read() == PersonFields("张三")


def test_every_fault_is_told_at_its_field() -> None:
    found = faults(name="张3", id_number=NUMBER[:-1], birth_date="昨天")
    assert found == {
        "name": "identity.name_characters",
        "id_number": "identity.length",
        "birth_date": "people.birth_date_unreadable",
    }


def test_a_valid_number_says_birth_and_sex_whatever_stands_in_their_fields() -> None:
    fields = read(id_number=f" {NUMBER[:6]} {NUMBER[6:]}", sex="male", birth_date="昨天")
    assert (fields.id_number, fields.sex, fields.birth_date) == (NUMBER, "female", "2013-05-06")
    assert fields.id_type == "resident_id"


def test_a_date_of_birth_needs_a_day() -> None:
    assert faults(birth_date="2013-05") == {"birth_date": "people.birth_date_without_day"}


@pytest.mark.parametrize("text", ["2013-05-06", "2013年5月6日", "20130506", "２０１３.5.6"])
def test_a_date_of_birth_is_read_as_people_write_it(text: str) -> None:
    assert read(birth_date=text).birth_date == "2013-05-06"


def test_a_date_of_birth_lies_not_in_the_future() -> None:
    assert faults(birth_date="2026-11-22") == {"birth_date": "people.birth_date_unreadable"}


@pytest.mark.parametrize(
    ("kind", "number", "kept"),
    [("passport", "e 1234567", "E1234567"), ("other", "x-1", "X-1"), ("hk_macau_taiwan", "H1234567", "H1234567")],
)
def test_the_number_of_another_document_is_kept_as_it_is(kind: IdType, number: str, kept: str) -> None:
    fields = read(id_type=kind, id_number=number)
    assert (fields.id_type, fields.id_number, fields.birth_date) == (kind, kept, None)


def test_a_residence_permit_in_the_new_form_is_checked_like_an_identity_card() -> None:
    assert read(id_type="hk_macau_taiwan", id_number=NUMBER).birth_date == "2013-05-06"
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    assert faults(id_type="foreign_permit", id_number=wrong) == {"id_number": "identity.checksum"}


def test_no_document_yet_is_not_the_same_as_an_unknown_one() -> None:
    assert read(id_type="none", id_number=NUMBER).id_type == "none"
    assert read(id_type="none", id_number=NUMBER).id_number is None
    assert read(id_type="resident_id", id_number="").id_type is None


def test_what_is_written_for_nothing_is_nothing() -> None:
    fields = read(phone="无", guardian_name="—", student_number=" ")
    assert (fields.phone, fields.guardian_name, fields.student_number) == (None, None, None)


def test_a_class_is_spelled_as_in_lists() -> None:
    assert read(group_name="七年级（1）班").group_name == "七年级1班"


def test_the_group_of_a_known_person_stays_as_it_is_spelled() -> None:
    known = PersonFields("张三", group_name="七年级（1）班")
    assert read(known).group_name == "七年级（1）班"
    assert read(known, group_name="七年级2").group_name == "七年级2班"


def test_reading_an_untouched_form_gives_the_known_person() -> None:
    known = PersonFields(
        "阿依古丽·买买提",
        sex="unknown",
        birth_date="2013-05-06",
        id_type="passport",
        id_number="E1234567",
        student_number="G990000201305060022",
        group_name="第3村",
        ethnicity="维吾尔族",
        phone="13900000001",
        guardian_name="买买提",
        guardian_phone="0991-1234567",
        address="某村",
        household="12",
    )
    assert read(known) == known
