"""What people write for sexes, dates, classes, ethnic groups and documents."""

from datetime import date

import msgspec
import pytest

from app import resources
from app.people.values import (
    EthnicGroups,
    Unreadable,
    grade_of_sheet,
    is_blank,
    is_spoiled,
    looks_like_a_class,
    read_birth_date,
    read_ethnicity,
    read_grade,
    read_group,
    read_id_type,
    read_number,
    read_sex,
)
from app.spreadsheets import Cell

TODAY = date(2025, 9, 1)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        *[(text, "male") for text in ("男", "男性", "M", "m", "male", "Ｍ", "1", "1.0", "男 ")],
        *[(text, "female") for text in ("女", "女性", "F", "Female", "2", "２")],
        *[(text, "unknown") for text in ("未知", "0", "9")],
        *[(text, None) for text in ("", "无", "/", "—")],
    ],
)
def test_sexes(text: str, sex: str | None) -> None:
    assert read_sex(text) == sex


@pytest.mark.parametrize("text", ["x", "男女", "3", "12"])
def test_what_is_no_sex_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        read_sex(text)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        *[
            (text, "2012-03-04")
            for text in (
                "2012-03-04",
                "2012/3/4",
                "2012.3.4",
                "20120304",
                "2012年3月4日",
                "2012年03月04",
                "２０１２－３－４",
            )
        ],
        *[
            (text, "2012-03-04")
            for text in ("2012-03-04 00:00:00", "2012 年 3 月 4 日", "2012- 3 -4", "2012-03-04T08:00")
        ],
        *[(text, "2012-03") for text in ("2012.3", "2012年3月", "2012-03", "201203", "2012.03")],
        ("", None),
        ("无", None),
        ("2012-02-29", "2012-02-29"),
    ],
)
def test_dates_of_birth(text: str, iso: str | None) -> None:
    assert read_birth_date(text, TODAY) == iso


@pytest.mark.parametrize(
    "text",
    ["2013-02-29", "2012-13-01", "201213", "40972", "12-3-4", "3/4/2012", "2012", "去年", "2025-09-02", "1850-01-01"],
)
def test_what_is_no_date_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        read_birth_date(text, TODAY)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("七年级", "七年级"),
        ("7", "七年级"),
        ("7年级", "七年级"),
        ("七", "七年级"),
        (" 七 年级", "七年级"),
        ("初一", "初一"),
        ("2021级", "2021级"),
        ("高三", "高三"),
        ("", None),
        ("12", "12"),
        ("7.0", "七年级"),
    ],
)
def test_grades(text: str, grade: str | None) -> None:
    assert read_grade(text) == grade


@pytest.mark.parametrize(
    ("grade", "text", "group"),
    [
        *[
            ("七年级", text, "七年级1班")
            for text in ("1班", "(1)班", "（１）班", "1", "01", "01班", "1.0", " 1 班", "七年级1班")
        ],
        *[("七年级", text, "七年级1班") for text in ("七年级(1)班", "七年级（1）班", "七年级1")],
        *[
            (None, text, text)
            for text in ("七(1)班", "701班", "高一(3)班", "实验班", "幸福村", "学前班", "A班", "一班")
        ],
        *[("七年级", text, text) for text in ("七(1)班", "七1班", "701班", "701")],
        (None, "七（1）班", "七(1)班"),
        (None, "七 (1) 班", "七(1)班"),
        (None, "1", "1班"),
        (None, "12", "12班"),
        ("一年级", "1班", "一年级1班"),
        ("一年级", "一班", "一年级一班"),
        ("七年级", "十二班", "七年级十二班"),
        ("七年级", "A", "七年级A班"),
        ("七年级", "A班", "七年级A班"),
        ("七年级", "实验班", "七年级实验班"),
        ("2021级", "3班", "2021级3班"),
        ("高三", "3", "高三3班"),
        ("初一", "初一3班", "初一3班"),
        ("大班", "大班", "大班"),
        ("七年级", "", None),
        ("七年级", "无", None),
        (None, "", None),
    ],
)
def test_classes_say_their_grade(grade: str | None, text: str, group: str | None) -> None:
    assert read_group(text, grade) == group


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("七1班", True),
        ("七年级(1)班", True),
        ("七（1）班", True),
        ("1班", True),
        ("七年级实验班", True),
        ("高一A班", True),
        ("Sheet1", False),
        ("名册", False),
        ("值班", False),
        ("学生名单", False),
        ("701", False),
        ("七年级", False),
    ],
)
def test_names_of_sheets_that_are_classes(name: str, expected: bool) -> None:
    assert looks_like_a_class(name) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("汉", "汉族"),
        ("汉族", "汉族"),
        ("01", "汉族"),
        ("1", "汉族"),
        ("01-汉族", "汉族"),
        ("维吾尔", "维吾尔族"),
        ("5", "维吾尔族"),
        ("穿青人", "穿青人"),
        ("其他", "其他"),
        ("57", "57"),
        ("", None),
        ("无", None),
    ],
)
def test_ethnic_groups(text: str, name: str | None) -> None:
    assert read_ethnicity(text) == name


def test_the_list_of_ethnic_groups_is_that_of_the_standard() -> None:
    listed = msgspec.json.decode(resources.path("forms", "ethnic-groups.json").read_bytes(), type=EthnicGroups).groups
    assert [group["code"] for group in listed] == [f"{number:02}" for number in range(1, 57)]
    assert len({group["name"] for group in listed}) == 56
    by_code = {group["code"]: group["name"] for group in listed}
    assert [by_code[code] for code in ("01", "05", "15", "30", "49", "56")] == [
        "汉族",
        "维吾尔族",
        "土家族",
        "土族",
        "京族",
        "基诺族",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("居民身份证", "resident_id"),
        ("身份证", "resident_id"),
        ("护照", "passport"),
        ("港澳居民来往内地通行证", "hk_macau_taiwan"),
        ("外国人永久居留身份证", "foreign_permit"),
        ("无", "none"),
        ("没有证件", "none"),
        ("其他", "other"),
        ("军官证", "other"),
        ("", None),
    ],
)
def test_kinds_of_documents(text: str, kind: str | None) -> None:
    assert read_id_type(text) == kind


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138 0000 0000", "13800000000"),
        ("13800000000.0", "13800000000"),
        ("ｇ１２", "G12"),
        ("0778-1234567", "0778-1234567"),
        ("无", None),
        ("", None),
        ("138/139", "138/139"),
    ],
)
def test_numbers_that_are_names(text: str, number: str | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("cell", "spoiled"),
    [
        ("1.38E+10", True),
        ("９.９E+17", True),
        (9.9e17, True),
        ("13800000000", False),
        (13800000000.0, False),
        ("E12345678", False),
        ("1E5", True),
        ("", False),
        (date(2012, 3, 4), False),
    ],
)
def test_numbers_that_a_spreadsheet_has_spoiled(cell: Cell, spoiled: bool) -> None:
    assert is_spoiled(cell) is spoiled


def test_what_people_write_for_nothing_is_nothing() -> None:
    assert all(is_blank(text) for text in ("", "无", "/", "-", "——", "N/A", "nan", "#N/A"))
    assert not any(is_blank(text) for text in ("无锡", "张三", "0", "."))


@pytest.mark.parametrize(
    ("name", "grade"),
    [
        ("七年级", "七年级"),
        ("初一学生名单", "初一"),
        ("2025级", "2025级"),
        ("七年级、八年级", None),
        ("Sheet1", None),
        ("七年级(七年级)", "七年级"),
    ],
)
def test_a_sheet_named_after_a_grade_says_the_grade(name: str, grade: str | None) -> None:
    assert grade_of_sheet(name) == grade
