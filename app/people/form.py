"""What a form says about a person, read and checked field by field, the same rules as for lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from app.errors import Problem
from app.people.fields import IdType, PersonFields, Sex
from app.people.identity import ResidentId, parse_resident_id
from app.people.names import normalise_name
from app.people.values import is_blank, read_birth_date, read_group, read_number
from app.spreadsheets import cell_text

ID_TYPES: tuple[IdType, ...] = ("resident_id", "passport", "hk_macau_taiwan", "foreign_permit", "other", "none")

RESIDENT_LENGTH = 18
_LIKE_RESIDENT: tuple[IdType, ...] = ("hk_macau_taiwan", "foreign_permit")
"""Residence permits whose newer numbers have the form of an identity card's."""


class FormTexts(msgspec.Struct, frozen=True):
    """What stands in the form, as it was typed or chosen."""

    name: str = ""
    sex: Sex | None = None
    birth_date: str = ""
    id_type: IdType = "resident_id"
    id_number: str = ""
    group_name: str = ""
    student_number: str = ""
    guardian_name: str = ""
    guardian_phone: str = ""
    phone: str = ""


class FormReading(msgspec.Struct, frozen=True):
    """What the texts mean.

    Attributes:
        fields: the person; None while something is wrong.
        faults: by field, what is wrong.
    """

    fields: PersonFields | None
    faults: Mapping[str, Problem]


def form_texts(fields: PersonFields) -> FormTexts:
    """A known person as the form shows them."""
    return FormTexts(
        name=fields.name,
        sex=fields.sex,
        birth_date=fields.birth_date or "",
        id_type=fields.id_type or "resident_id",
        id_number=fields.id_number or "",
        group_name=fields.group_name or "",
        student_number=fields.student_number or "",
        guardian_name=fields.guardian_name or "",
        guardian_phone=fields.guardian_phone or "",
        phone=fields.phone or "",
    )


def read_texts(texts: FormTexts, known: PersonFields | None, today: dt.date) -> FormReading:
    """Read a form.

    Args:
        texts: what stands in it.
        known: the person as they were, where the form changes one: what the form does not ask about stays.
        today: no date of birth is later.
    """
    faults: dict[str, Problem] = {}
    name = _name(texts.name, faults)
    id_type, id_number, resident = read_identity(texts, faults, today)
    birth_date = _birth_date(texts.birth_date, resident, known, faults, today)
    if faults:
        return FormReading(None, faults)
    guardian = cell_text(texts.guardian_name)
    is_same_group = known is not None and texts.group_name == known.group_name
    fields = msgspec.structs.replace(
        known or PersonFields(name),
        name=name,
        sex=resident.sex if resident else texts.sex,
        birth_date=birth_date,
        id_type=id_type,
        id_number=id_number,
        student_number=read_number(cell_text(texts.student_number)),
        group_name=texts.group_name if is_same_group else read_group(cell_text(texts.group_name), None),
        guardian_name=None if is_blank(guardian) else guardian,
        guardian_phone=read_number(cell_text(texts.guardian_phone)),
        phone=read_number(cell_text(texts.phone)),
    )
    return FormReading(fields, faults)


def _name(text: str, faults: dict[str, Problem]) -> str:
    try:
        return normalise_name(text)
    except Problem as fault:
        faults["name"] = fault
        return ""


def read_identity(
    texts: FormTexts, faults: dict[str, Problem], today: dt.date
) -> tuple[IdType | None, str | None, ResidentId | None]:
    """Kind of document, number, and what a number says that tells birth and sex; what is wrong goes into `faults`."""
    number = None if texts.id_type == "none" else read_number(cell_text(texts.id_number))
    if number is None:
        # That nothing is known of a document is not the same as that there is none.
        return ("none" if texts.id_type == "none" else None), None, None
    tells = texts.id_type == "resident_id" or (texts.id_type in _LIKE_RESIDENT and len(number) == RESIDENT_LENGTH)
    if not tells:
        return texts.id_type, number, None
    try:
        resident = parse_resident_id(number, today=today)
    except Problem as fault:
        faults["id_number"] = fault
        return texts.id_type, None, None
    return texts.id_type, resident.number, resident


def _birth_date(
    text: str, resident: ResidentId | None, known: PersonFields | None, faults: dict[str, Problem], today: dt.date
) -> str | None:
    if resident:
        return resident.birth_date.isoformat()
    if known and text == known.birth_date:
        return text
    try:
        birth_date = read_birth_date(cell_text(text), today)
    except ValueError:
        faults["birth_date"] = Problem("people.birth_date_unreadable")
        return None
    if birth_date and len(birth_date) == len("2012-03"):
        faults["birth_date"] = Problem("people.birth_date_without_day")
    return birth_date
