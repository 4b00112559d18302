"""What people write into the cells of a list, and what is meant. Every text has been cleaned by `cell_text` before."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import msgspec

from app import resources
from app.people.fields import IdType, Sex
from app.people.headers import plain_heading, vocabulary
from app.spreadsheets import Cell, half_width, has_lost_digits

_AROUND_SIGNS = re.compile(r" *([-/.年月]) *")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_DAY = re.compile(
    r"(?P<year>[0-9]{4})(?:[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2}))(?:[ T].*)?"
)
_MONTH = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})月?|(0[1-9]|1[0-2]))")
_NUMERALS = "一二三四五六七八九十"
_NUMBERED_CLASS = re.compile(r"\(?0*([0-9]{1,2})\)?班?")
_LETTERED_CLASS = re.compile(rf"\(?([{_NUMERALS}]{{1,3}}|[A-Z])\)?班?")
_NAMED_CLASS = re.compile(rf"[^0-9{_NUMERALS}()级届]+班")
_CLASS_OF_GRADE = re.compile(r"(.+(?:年级|级|届))\(?0*([0-9]{1,2})\)?班?")
_NAME_OF_A_CLASS = re.compile(rf"\S*[0-9{_NUMERALS}A-Z)]班|\S+年级\S*班")
_WHOLE_NUMBER = re.compile(r"([0-9]+)\.0")
_OLDEST = 130
_GRADES = "一二三四五六七八九"
_GRADE_IN_A_NAME = re.compile(rf"[{_GRADES}]年级|[初高][一二三]|20[0-9]{{2}}级")


class Unreadable(ValueError):
    """A text that means nothing for the column in which it stands."""


class EthnicGroups(msgspec.Struct, frozen=True):
    """The file `resources/forms/ethnic-groups.json`: for each group its numeric code and its name."""

    version: str
    source: str
    groups: list[dict[str, str]]


def is_blank(text: str) -> bool:
    """Whether `text` is nothing, or what people write for nothing."""
    return not text or text.lower() in vocabulary().blank


def read_number(text: str) -> str | None:
    """A number that is a name (telephone, register): half-width capitals and digits without spaces; None if blank."""
    number = _compact(text).upper()
    return None if is_blank(number) else number


def is_spoiled(cell: Cell) -> bool:
    """Whether a spreadsheet program has thrown away digits of the number in `cell`."""
    return has_lost_digits(cell) or (
        isinstance(cell, str) and _SCIENTIFIC.fullmatch(half_width(cell).strip()) is not None
    )


def read_sex(text: str) -> Sex | None:
    """The sex that `text` names; Unreadable if it names none."""
    word = _compact(text).lower()
    if word in _sexes():
        return _sexes()[word]
    if is_blank(text):
        return None
    raise Unreadable


def read_id_type(text: str) -> IdType | None:
    """The kind of document that `text` names, ``other`` for one that is not listed."""
    if not text:
        return None
    word = plain_heading(text)
    if word in _id_types():
        return _id_types()[word]
    return None if is_blank(text) else "other"


def read_birth_date(text: str, today: date) -> str | None:
    """The date in `text` in ISO form, only ``yyyy-mm`` where no day is given; Unreadable if it is no date of birth."""
    if is_blank(text):
        return None
    compact = _AROUND_SIGNS.sub(r"\1", half_width(text))
    day = _DAY.fullmatch(compact)
    month = _MONTH.fullmatch(compact)
    try:
        if day:
            found = date(int(day["year"]), int(day["month"] or day["month2"]), int(day["day"] or day["day2"]))
        elif month:
            found = date(int(month[1]), int(month[2] or month[3]), 1)
        else:
            raise Unreadable
    except ValueError:
        raise Unreadable from None
    if found > today or today.year - found.year > _OLDEST:
        raise Unreadable
    return found.isoformat() if day else found.isoformat()[:7]


def read_ethnicity(text: str) -> str | None:
    """The group that `text` names, as in GB/T 3304 (汉 and 01 and 01-汉族 are 汉族); otherwise as it is written."""
    if text in _ethnic_groups():
        return _ethnic_groups()[text]
    if is_blank(text):
        return None
    plain = plain_heading(text)
    named = re.sub("[0-9]", "", plain)
    return _ethnic_groups().get(named or plain.zfill(2), text)


def is_listed_ethnicity(name: str) -> bool:
    """Whether `name` is one of the names in GB/T 3304."""
    return name in _ethnic_groups().values()


def read_grade(text: str) -> str | None:
    """The grade that `text` names: 7, 七 and 七年级 are 七年级, other words stay."""
    text = _compact(text)
    if is_blank(text):
        return None
    stem = text.removesuffix("年级")
    if stem.isascii() and stem.isdigit() and 1 <= int(stem) <= len(_GRADES):
        stem = _GRADES[int(stem) - 1]
    return f"{stem}年级" if stem in _GRADES else text


def grade_of_sheet(name: str) -> str | None:
    """The grade that a sheet of this name is about (七年级, 初一学生名单), None where it names none or several.

    Schools keep a sheet for each grade, and in each of them there is a class 1.
    """
    found = set(_GRADE_IN_A_NAME.findall(_compact(name)))
    return found.pop() if len(found) == 1 else None


def read_group(text: str, grade: str | None) -> str | None:
    """The class that `text` names, with its `grade` before it where it does not say it itself.

    七年级 and 1, 01, 1班 or (1)班 are 七年级1班, and so is 七年级(1)班; 七(1)班 and 701班 say their grade and stay.
    """
    text = _compact(text)
    if is_blank(text):
        return None
    numbered = _NUMBERED_CLASS.fullmatch(text)
    if numbered:
        return f"{grade or ''}{int(numbered[1])}班"
    full = _CLASS_OF_GRADE.fullmatch(text)
    if full:
        return f"{full[1]}{int(full[2])}班"
    if grade is None or text.startswith(grade):
        return text
    lettered = _LETTERED_CLASS.fullmatch(text)
    if lettered:
        return f"{grade}{lettered[1]}班"
    return f"{grade}{text}" if _NAMED_CLASS.fullmatch(text) else text


def looks_like_a_class(name: str) -> bool:
    """Whether `name`, of a sheet, is that of a class: 七年级1班, 七(1)班, 1班."""
    return _NAME_OF_A_CLASS.fullmatch(_compact(name)) is not None


def _compact(text: str) -> str:
    """`text` in half width, without spaces and without the decimal point that some programs give to whole numbers."""
    compact = half_width(text).replace(" ", "")
    number = _WHOLE_NUMBER.fullmatch(compact)
    return number[1] if number else compact


@cache
def _sexes() -> dict[str, Sex]:
    return {word: sex for sex, words in vocabulary().sex.items() for word in words}


@cache
def _id_types() -> dict[str, IdType]:
    return {plain_heading(word): kind for kind, words in vocabulary().id_types.items() for word in words}


@cache
def _ethnic_groups() -> dict[str, str]:
    data = resources.path("forms", "ethnic-groups.json").read_bytes()
    names: dict[str, str] = {}
    for group in msgspec.json.decode(data, type=EthnicGroups).groups:
        name = group["name"]
        names |= {group["code"]: name, name: name, name.removesuffix("族"): name}
    return names
