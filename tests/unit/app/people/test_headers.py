"""The heading of a list is found among title rows, and columns are taken for what their headings say."""

from collections.abc import Sequence

import pytest

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.headers import Columns, column_letter, find_columns, vocabulary
from app.spreadsheets import Cell, Sheet


def columns(*rows: Sequence[Cell]) -> Columns:
    return find_columns(Sheet("名册", [list(row) for row in rows], 1))


def fields(*headings: str) -> dict[str, int]:
    return columns(["姓名", *headings]).fields


def test_title_rows_above_the_heading_are_passed_over() -> None:
    found = columns(
        ["某某镇中心学校学生花名册"],
        ["班主任：王老师", "", "填表日期：2025年9月1日"],
        [],
        ["序号", "姓名", "性别"],
        [1, "张三", "男"],
    )
    assert (found.fields, found.first_row) == ({"name": 1, "sex": 2}, 4)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("身份证号", "id_number"),
        ("身 份 证 号 码", "id_number"),
        ("公民身份号码\n(18位)", "id_number"),
        ("居民身份证", "id_number"),
        ("证件号码*", "id_number"),
        ("*证件类型", "id_type"),
        ("性　别：", "sex"),
        ("班级（必填）", "group_name"),
        ("班别", "group_name"),
        ("村/社区", "group_name"),
        ("年级", "grade"),
        ("全国学籍号", "student_number"),
        ("教育ID", "student_number"),
        ("教育ｉｄ", "student_number"),
        ("民族【必填】", "ethnicity"),
        ("出生年月", "birth_date"),
        ("出生日期(YYYY-MM-DD)", "birth_date"),
        ("家长姓名", "guardian_name"),
        ("监护人", "guardian_name"),
        ("父亲姓名", "guardian_name"),
        ("家长电话", "guardian_phone"),
        ("联系电话（家长）", "guardian_phone"),
        ("联系电话", "phone"),
        ("手机号码", "phone"),
        ("家庭住址", "address"),
        ("户号", "household"),
        ("户主姓名", "household"),
        ("ID No.", "id_number"),
        ("Date of Birth", "birth_date"),
        ("student_number", "student_number"),
        ("性别 Sex", "sex"),
        ("出生日期\nDate of birth", "birth_date"),
    ],
)
def test_headings_are_recognised_as_they_are_written(heading: str, field: str) -> None:
    assert fields(heading) == {"name": 0, field: 1}


@pytest.mark.parametrize("heading", ["姓名", "姓  名", "学生姓名", "名字", "*姓名（必填）", "姓名 Name", "Full name"])
def test_the_column_of_names_is_recognised(heading: str) -> None:
    assert columns(["序号", heading, "性别"]).fields["name"] == 1


def test_two_rows_of_headings_are_read_together() -> None:
    merged_down = columns(
        ["序号", "姓名", "监护人", "", "", "备注"],
        ["序号", "姓名", "姓名", "电话", "工作单位", "备注"],
        [1, "张三", "张大", "138", "", ""],
    )
    assert (merged_down.fields, merged_down.first_row) == ({"name": 1, "guardian_name": 2, "guardian_phone": 3}, 2)
    assert [(one.column, one.heading, one.reason) for one in merged_down.unused] == [
        ("A", "序号", "left_out"),
        ("E", "监护人 工作单位", "unknown"),
        ("F", "备注", "left_out"),
    ]


def test_two_rows_without_merges_are_read_the_same() -> None:
    found = columns(["姓名", "性别", "监护人", "", "备注"], ["", "", "姓名", "电话", ""], ["张三", "男", "张大", "138"])
    assert found.fields == {"name": 0, "sex": 1, "guardian_name": 2, "guardian_phone": 3}
    assert found.first_row == 2


def test_a_heading_over_everything_says_nothing_about_a_column() -> None:
    found = columns(["学生基本信息", "", "家长", ""], ["姓名", "性别", "姓名", "电话"], ["张三"])
    assert found.fields == {"name": 0, "sex": 1, "guardian_name": 2, "guardian_phone": 3}


def test_a_name_under_an_unknown_heading_is_not_the_name_of_the_person() -> None:
    found = columns(["姓名", "性别", "紧急联系人", "", "家长电话"], ["姓名", "性别", "姓名", "电话", "家长电话"])
    assert found.fields == {"name": 0, "sex": 1, "guardian_phone": 4}
    assert [one.heading for one in found.unused] == ["紧急联系人 姓名", "紧急联系人 电话"]


def test_a_hint_in_the_row_below_leaves_the_heading_as_it_is() -> None:
    found = columns(
        ["姓名", "监护人", "", "出生日期"], ["", "姓名", "电话", "年-月-日"], ["张三", "张大", "1", "2012-03-04"]
    )
    assert found.fields["birth_date"] == 3


def test_the_first_person_is_not_taken_for_a_second_row_of_headings() -> None:
    found = columns(["姓名", "性别", "", "班级"], ["张三", "男", "x", "七1班"])
    assert found.first_row == 1


def test_of_two_columns_for_one_field_the_better_heading_wins_and_the_other_is_told() -> None:
    found = columns(["姓名", "母亲姓名", "父亲姓名", "监护人姓名", "户籍地址", "现住址"])
    assert (found.fields["guardian_name"], found.fields["address"]) == (3, 5)
    assert [(one.column, one.reason) for one in found.unused] == [
        ("B", "repeated"),
        ("C", "repeated"),
        ("E", "repeated"),
    ]


def test_of_two_columns_with_one_heading_the_left_one_wins() -> None:
    found = columns(["姓名", "联系电话", "联系电话"])
    assert found.fields["phone"] == 1
    assert [(one.column, one.reason) for one in found.unused] == [("C", "repeated")]


def test_a_class_counts_more_than_a_village() -> None:
    assert columns(["姓名", "村", "班级"]).fields["group_name"] == 2


def test_lists_side_by_side_are_refused_so_that_nobody_is_lost() -> None:
    with pytest.raises(Problem) as caught:
        columns(["序号", "姓名", "性别", "序号", "姓名", "性别"], [1, "张三", "男", 2, "李四", "女"])
    assert caught.value.key == "roster.two_name_columns"
    assert caught.value.values == {"sheet": "名册", "first": "B", "second": "E"}


def test_unknown_columns_are_told_and_never_used() -> None:
    found = columns(["姓名", "家长身份证号", "QQ号", "父亲QQ"])
    assert found.fields == {"name": 0}
    assert [(one.heading, one.reason) for one in found.unused] == [
        ("家长身份证号", "unknown"),
        ("QQ号", "unknown"),
        ("父亲QQ", "unknown"),
    ]


def test_a_list_without_names_says_what_was_seen() -> None:
    with pytest.raises(Problem) as caught:
        columns(["通知"], ["序号", "性别", "电话"], [1, "男", 138])
    assert caught.value.key == "roster.no_name_column"
    assert caught.value.values == {"sheet": "名册", "found": "序号、性别、电话"}


def test_a_heading_far_below_is_that_of_another_table() -> None:
    with pytest.raises(Problem):
        columns(*[["说明", "文字"]] * 40, ["姓名", "性别"])


def test_columns_have_the_letters_of_spreadsheet_programs() -> None:
    assert [column_letter(index) for index in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_the_vocabulary_names_fields_that_exist_and_no_spelling_twice() -> None:
    words = vocabulary()
    assert {field.id for field in words.fields} <= set(PersonFields.__struct_fields__)
    assert set(words.id_types) == {"resident_id", "passport", "hk_macau_taiwan", "foreign_permit", "none", "other"}
    spellings = [spelling for field in words.fields for spelling in field.spellings]
    assert len(spellings) == len(set(spellings))
    assert all(
        find_columns(Sheet("a", [["姓名", spelling]], 1)).fields.get(field.id) is not None
        for field in words.fields
        for spelling in field.spellings
        if field.id != "name"
    )
