"""What becomes of each line of a list: taken, doubtful or refused, and why."""

from collections.abc import Iterable, Sequence
from datetime import date

import pytest

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.identity import resident_id_checksum
from app.people.roster import Counts, Difference, KnownPerson, RosterPlan, RosterRow, plan_roster
from app.spreadsheets import Cell, Sheet
from app.texts import LANGUAGES, Texts

TODAY = date(2025, 9, 1)
HEADING = ["姓名", "性别", "身份证号", "学籍号", "班级", "出生日期", "电话"]


class Known:
    """The people of a small archive."""

    def __init__(self, people: Iterable[PersonFields] = ()) -> None:
        self._people = [KnownPerson(bytes([number]), fields) for number, fields in enumerate(people, 1)]

    def by_id_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.id_number == number), None)

    def by_student_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.student_number == number), None)

    def by_name(self, name: str) -> Sequence[KnownPerson]:
        return [one for one in self._people if one.fields.name == name]


def number(birth: str = "20120304", order: str = "123") -> str:
    first = f"990000{birth}{order}"
    return first + resident_id_checksum(first)


def plan(
    *lines: Sequence[Cell],
    known: Iterable[PersonFields] = (),
    group: str | None = None,
    heading: Sequence[Cell] = HEADING,
    sheet: str = "名册",
) -> RosterPlan:
    rows = [list(heading), *map(list, lines)]
    return plan_roster([Sheet(sheet, rows, 1)], known=Known(known), group=group, today=TODAY)


def only(*line: Cell, known: Iterable[PersonFields] = (), group: str | None = None) -> RosterRow:
    (row,) = plan(line, known=known, group=group).rows
    return row


def keys(row: RosterRow) -> list[str]:
    return [reason.key for reason in row.reasons]


ZHANG = PersonFields(
    name="张三",
    sex="male",
    birth_date="2012-03-04",
    id_type="resident_id",
    id_number=number(),
    student_number="G2021",
    group_name="六年级1班",
    phone="13800000000",
    address="某村",
)


# ---- one line ----


def test_a_line_with_a_valid_number_is_taken_with_what_the_number_says() -> None:
    row = only("张 三", "", number().lower(), "", "七(1)班")
    assert (row.fate, row.action, row.reasons, row.line) == ("taken", "new", [], 2)
    assert row.person == PersonFields(
        name="张三",
        sex="male",
        birth_date="2012-03-04",
        id_type="resident_id",
        id_number=number(),
        group_name="七(1)班",
    )


@pytest.mark.parametrize(
    "line",
    [("张三", "", number()), ("张三", "", "", "G2021"), ("张三", "", "", "", "七(1)班")],
    ids=["identity number", "student number", "class"],
)
def test_a_name_is_taken_with_a_number_or_a_class(line: Sequence[Cell]) -> None:
    assert only(*line).fate == "taken"


def test_a_name_alone_is_doubtful() -> None:
    row = only("张三", "男")
    assert (row.fate, keys(row)) == ("doubtful", ["roster.no_group"])


def test_a_seat_number_alone_tells_nobody_apart() -> None:
    assert only("张三", "", "", "12").fate == "doubtful"


def test_the_given_class_is_for_lines_that_name_none() -> None:
    rows = plan(["张三"], ["李四", "", "", "", "七(2)班"], group="七年级（1）班").rows
    assert [row.person.group_name for row in rows if row.person] == ["七年级1班", "七(2)班"]
    assert {row.fate for row in rows} == {"taken"}


def test_the_name_of_a_sheet_stands_in_for_the_class_and_is_told() -> None:
    (row,) = plan(["张三"], sheet="七（1）班").rows
    assert row.person is not None
    assert (row.fate, row.person.group_name, keys(row)) == ("taken", "七(1)班", ["roster.group_from_sheet"])
    (row,) = plan(["张三"], sheet="Sheet1").rows
    assert row.fate == "doubtful"


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (number()[:-1] + ("1" if number()[-1] != "1" else "2"), "identity.checksum"),
        (float(number()), "identity.spoiled"),
        ("9.9E+17", "identity.spoiled"),
        (number("20120230"), "identity.impossible_date"),
        (number("20260101"), "identity.born_in_future"),
        ("990000120304123", "identity.first_generation"),
        (990000120304123.0, "identity.first_generation"),
        ("E12345678", "identity.not_digits"),
        (number()[:-1], "identity.length"),
    ],
)
def test_a_number_that_is_not_right_makes_a_line_doubtful_and_is_not_kept(cell: Cell, key: str) -> None:
    row = only("张三", "男", cell, "", "七(1)班")
    assert row.person is not None
    assert (row.fate, keys(row), row.person.id_number, row.person.id_type) == ("doubtful", [key], None, None)


def test_a_number_stored_as_a_number_is_spoiled_even_if_its_check_character_fits() -> None:
    fitting = next(
        whole
        for day in range(1, 29)
        for order in range(10)
        if (whole := number(f"201203{day:02}", f"{order}00")).endswith("000")
    )
    assert only("张三", "", fitting).fate == "taken"
    assert keys(only("张三", "", float(fitting), "", "七(1)班")) == ["identity.spoiled"]


@pytest.mark.parametrize(
    ("sex", "birth", "key"),
    [
        ("女", "", "roster.sex_contradicts"),
        ("", "2012-03-05", "roster.birth_date_contradicts"),
        ("", "2012-04", "roster.birth_date_contradicts"),
        ("", date(2011, 3, 4), "roster.birth_date_contradicts"),
    ],
)
def test_what_contradicts_the_number_is_doubtful(sex: str, birth: Cell, key: str) -> None:
    row = only("张三", sex, number(), "", "七(1)班", birth)
    assert (row.fate, keys(row)) == ("doubtful", [key])


@pytest.mark.parametrize(("sex", "birth"), [("男", "2012-03-04"), ("1", "2012.3"), ("未知", "")])
def test_what_agrees_with_the_number_is_no_doubt(sex: str, birth: str) -> None:
    assert keys(only("张三", sex, number(), "", "七(1)班", birth)) == []


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (("张三", "x", "", "", "七(1)班"), "roster.sex_unreadable"),
        (("张三", "", "", "", "七(1)班", "2012年3月"), "roster.birth_date_without_day"),
        (("张三", "", "", "", "七(1)班", "去年"), "roster.birth_date_unreadable"),
        (("张三", "", "", "", "七(1)班", "", "1.38E+10"), "roster.phone_spoiled"),
        (("张三", "", number()), "roster.without_group"),
    ],
)
def test_what_is_left_blank_is_noted_on_a_line_that_is_taken(line: Sequence[Cell], key: str) -> None:
    row = only(*line)
    assert (row.fate, keys(row)) == ("taken", [key])
    assert row.person is not None
    assert (row.person.phone, row.person.sex if key != "roster.without_group" else None) == (None, None)


def test_a_spoiled_student_number_is_doubtful() -> None:
    for cell in (2021123412341234.0, "2.02E+15"):
        row = only("张三", "", "", cell, "七(1)班")
        assert (row.fate, keys(row)) == ("doubtful", ["roster.student_number_spoiled"])


@pytest.mark.parametrize(
    ("name", "fate", "key"),
    [
        ("", "refused", "roster.no_name"),
        ("无", "refused", "roster.no_name"),
        ("张三1", "refused", "identity.name_characters"),
        ("三" * 51, "refused", "identity.name_too_long"),
        ("张\ue001", "doubtful", "identity.name_private_use"),
        ("\u2f99三", "doubtful", "identity.name_radical"),
    ],
)
def test_a_line_is_not_taken_without_a_sound_name(name: str, fate: str, key: str) -> None:
    row = only(name, "男", number(), "", "七(1)班")
    assert (row.fate, keys(row), row.person is None) == (fate, [key], fate == "refused")


def test_blank_lines_and_prepared_ones_are_passed_over() -> None:
    heading = ["序号", "姓名", "性别", "班级"]
    rows = plan([1, "张三", "男", "七(1)班"], [], ["", " "], [2, "", "", "七(1)班"], [3.0], heading=heading).rows
    assert [row.line for row in rows] == [2]


def test_a_line_with_nothing_but_a_remark_is_told() -> None:
    (row,) = plan([2, "", "", "转学"], heading=["序号", "姓名", "性别", "备注"]).rows
    assert (row.fate, keys(row)) == ("refused", ["roster.no_name"])


@pytest.mark.parametrize(
    "line",
    [
        ["合计：45人"],
        ["", "合计", 45],
        ["合计45人"],
        ["共45人"],
        ["备注："],
        ["制表人签字：", "", "审核："],
        ["说明：本表一式两份"],
        ["1", "姓名", "性别"],
        ["", "姓  名", "性别"],
    ],
)
def test_lines_that_close_a_list_are_not_people(line: Sequence[Cell]) -> None:
    first, row = plan([1, "张三", "男", "七(1)班"], line, heading=["序号", "姓名", "性别", "班级"]).rows
    assert (first.fate, row.fate, keys(row)) == ("taken", "refused", ["roster.not_a_person"])


@pytest.mark.parametrize("name", ["合颖", "单位", "注明", "共青"])
def test_names_that_begin_like_such_lines_are_people(name: str) -> None:
    (row,) = plan([name + "华", "男", "七(1)班"], heading=["姓名", "性别", "班级"]).rows
    assert row.fate == "taken"


@pytest.mark.parametrize(
    ("kind", "written", "id_type", "kept"),
    [
        ("护照", "e 12345678", "passport", "E12345678"),
        ("港澳居民来往内地通行证", "H12345678", "hk_macau_taiwan", "H12345678"),
        ("港澳台居民居住证", number(), "hk_macau_taiwan", number()),
        ("外国人永久居留身份证", number(), "foreign_permit", number()),
        ("居民身份证", number(), "resident_id", number()),
        ("无", "", "none", None),
        ("居民身份证", "", None, None),
        ("", number(), "resident_id", number()),
    ],
)
def test_numbers_of_other_documents_are_kept_with_their_kind(
    kind: str, written: str, id_type: str | None, kept: str | None
) -> None:
    (row,) = plan(["张三", kind, written, "七(1)班"], heading=["姓名", "证件类型", "证件号码", "班级"]).rows
    assert row.person is not None
    assert (row.fate, row.person.id_type, row.person.id_number) == ("taken", id_type, kept)


def test_a_residence_permit_with_a_wrong_number_is_doubtful() -> None:
    wrong = number()[:-1] + ("1" if number()[-1] != "1" else "2")
    (row,) = plan(["张三", "港澳台居民居住证", wrong, "七(1)班"], heading=["姓名", "证件类型", "证件号码", "班级"]).rows
    assert (row.fate, keys(row)) == ("doubtful", ["identity.checksum"])


def test_everything_else_a_list_says_is_read() -> None:
    heading = ["姓名", "年级", "班级", "民族", "监护人", "监护人电话", "家庭住址", "户号", "联系电话"]
    (row,) = plan(["张三", "7", "01", "汉", "张大", 13800000000.0, "某村\n二组", 12.0, "无"], heading=heading).rows
    assert row.person == PersonFields(
        name="张三",
        grade="七年级",
        group_name="七年级1班",
        ethnicity="汉族",
        guardian_name="张大",
        guardian_phone="13800000000",
        address="某村 二组",
        household="12",
    )


def test_an_unlisted_ethnic_group_is_kept_and_noted() -> None:
    (row,) = plan(["张三", "穿青人", "七(1)班"], heading=["姓名", "民族", "班级"]).rows
    assert row.person is not None
    assert (row.fate, row.person.ethnicity, keys(row)) == ("taken", "穿青人", ["roster.ethnicity_unlisted"])


# ---- several lines ----


def test_a_line_that_repeats_another_throughout_is_refused_with_the_line() -> None:
    first, second = plan(["张三", "男", "", "", "七(1)班"], ["张三", "男", "", "", "七(1)班"]).rows
    assert (first.fate, second.fate, keys(second)) == ("taken", "refused", ["roster.repeated_line"])
    assert second.reasons[0].values == {"sheet": "名册", "line": 2}


def test_namesakes_of_two_sheets_are_no_repetition() -> None:
    sheets = [Sheet(name, [["姓名", "性别"], ["张三", "男"]], 1) for name in ("七1班", "七2班")]
    rows = plan_roster(sheets, known=Known(), group=None, today=TODAY).rows
    assert [row.fate for row in rows] == ["taken", "taken"]


def test_a_number_given_to_somebody_else_is_refused_with_the_line_of_the_first() -> None:
    first, second = plan(["张三", "", number()], ["李四", "", number()]).rows
    assert (first.fate, second.fate, keys(second)) == ("taken", "refused", ["roster.number_taken"])
    assert second.reasons[0].values["line"] == 2


@pytest.mark.parametrize("column", [2, 3])
def test_the_same_person_twice_is_taken_once(column: int) -> None:
    lines: list[list[Cell]] = [["张三", "", "", "", "七(1)班"], ["张三", "", "", "", "七(2)班"]]
    for line in lines:
        line[column] = number() if column == 2 else "G2021"
    first, second = plan(*lines).rows
    assert (first.fate, second.fate, keys(second)) == ("taken", "refused", ["roster.repeated_person"])


def test_a_student_number_given_to_somebody_else_is_doubtful() -> None:
    first, second = plan(["张三", "", "", "G2021", "七(1)班"], ["李四", "", "", "G2021", "七(1)班"]).rows
    assert (first.fate, second.fate, keys(second)) == ("taken", "doubtful", ["roster.student_number_taken"])


def test_seat_numbers_repeat_in_every_class() -> None:
    rows = plan(["张三", "", "", 5.0, "七(1)班"], ["李四", "", "", 5.0, "七(2)班"]).rows
    assert [row.fate for row in rows] == ["taken", "taken"]


def test_namesakes_in_one_class_that_nothing_tells_apart_are_both_doubtful() -> None:
    rows = plan(["张三", "", "", "1", "七(1)班"], ["张三", "", "", "2", "七(1)班"]).rows
    assert [(row.fate, keys(row), row.reasons[0].values["line"]) for row in rows] == [
        ("doubtful", ["roster.namesake_in_file"], 3),
        ("doubtful", ["roster.namesake_in_file"], 2),
    ]


@pytest.mark.parametrize(
    "difference",
    [(("男", ""), ("女", "")), (("", "2012-03-04"), ("", "2012-05-06"))],
    ids=["sex", "date of birth"],
)
def test_namesakes_that_something_tells_apart_are_taken(difference: Sequence[Sequence[str]]) -> None:
    rows = plan(*(["张三", sex, "", "", "七(1)班", birth] for sex, birth in difference)).rows
    assert [row.fate for row in rows] == ["taken", "taken"]


@pytest.mark.parametrize("line", [("张三", "", number(), "", "七(1)班"), ("张三", "", "", "G2021", "七(1)班")])
def test_of_namesakes_only_the_one_without_a_number_is_doubtful(line: Sequence[Cell]) -> None:
    rows = plan(line, ["张三", "", "", "", "七(1)班"]).rows
    assert [row.fate for row in rows] == ["taken", "doubtful"]


def test_namesakes_with_numbers_of_their_own_are_taken() -> None:
    rows = plan(["张三", "", number(), "", "七(1)班"], ["张三", "", number("20120506"), "", "七(1)班"]).rows
    assert [row.fate for row in rows] == ["taken", "taken"]


# ---- people whom the archive knows ----


def test_a_known_person_of_whom_nothing_is_new_stays_the_same() -> None:
    row = only("张三", "男", number(), "G2021", "六年级(1)班", "2012-03-04", 13800000000, known=[ZHANG])
    assert (row.fate, row.action, row.known, row.differences) == ("taken", "same", b"\x01", {})


def test_a_known_person_is_updated_with_what_differs() -> None:
    row = only("张三", "", number(), "", "七年级1班", "", "13900000000", known=[ZHANG])
    assert (row.fate, row.action, row.known) == ("taken", "update", b"\x01")
    assert row.differences == {
        "group_name": Difference("六年级1班", "七年级1班"),
        "phone": Difference("13800000000", "13900000000"),
    }


def test_a_blank_cell_erases_nothing() -> None:
    row = only("张三", "未知", number(), known=[ZHANG])
    assert (row.action, row.differences) == ("same", {})


def test_no_document_in_the_list_takes_away_no_document_in_the_archive() -> None:
    heading = ["姓名", "证件类型", "学籍号", "班级"]
    (row,) = plan(["张三", "无", "G2021", "六年级1班"], heading=heading, known=[ZHANG]).rows
    assert (row.fate, row.action) == ("taken", "same")


def test_a_blank_in_the_archive_is_filled() -> None:
    known = PersonFields(name="张三", student_number="G2021", group_name="七(1)班")
    row = only("张三", "男", number(), "G2021", known=[known])
    assert (row.fate, row.action) == ("taken", "update")
    assert set(row.differences) == {"sex", "birth_date", "id_type", "id_number"}


def test_the_grade_is_no_difference_because_the_class_has_it() -> None:
    heading = ["姓名", "身份证号", "年级", "班级"]
    (row,) = plan(["张三", number(), "六年级", "1班"], heading=heading, known=[ZHANG]).rows
    assert (row.action, row.differences) == ("same", {})


def test_a_new_student_number_is_another_school_and_not_another_person() -> None:
    row = only("张三", "", number(), "G2025", known=[ZHANG])
    assert (row.fate, row.differences) == ("taken", {"student_number": Difference("G2021", "G2025")})


@pytest.mark.parametrize("line", [("李四", "", number()), ("李四", "", "", "G2021")])
def test_a_known_number_under_another_name_is_doubtful(line: Sequence[Cell]) -> None:
    row = only(*line, known=[ZHANG])
    assert (row.fate, row.known, keys(row)) == ("doubtful", b"\x01", ["roster.known_by_another_name"])
    assert row.reasons[0].values == {"name": "张三"}
    assert row.differences["name"] == Difference("张三", "李四")


def test_a_student_number_with_another_identity_number_is_doubtful() -> None:
    row = only("张三", "", number("20120304", "125"), "G2021", known=[ZHANG])
    assert (row.fate, row.known, keys(row)) == ("doubtful", b"\x01", ["roster.contradicts_known"])


def test_numbers_of_two_known_people_in_one_line_are_doubtful() -> None:
    other = PersonFields(name="张三", student_number="G2022", group_name="七(1)班")
    row = only("张三", "", number(), "G2022", known=[ZHANG, other])
    assert (row.fate, row.known, keys(row)) == ("doubtful", b"\x01", ["roster.two_known_people"])


def test_somebody_known_by_name_alone_is_doubtful() -> None:
    row = only("张三", "", "", "", "六年级1班", known=[ZHANG])
    assert (row.fate, row.known, keys(row)) == ("doubtful", b"\x01", ["roster.known_by_name"])


def test_of_several_known_by_name_none_is_chosen() -> None:
    row = only("张三", "", "", "", "六年级1班", known=[ZHANG, ZHANG])
    assert (row.fate, row.action, row.known, row.reasons[0].values) == ("doubtful", "new", None, {"count": 2})


def test_a_number_for_somebody_who_had_none_is_doubtful_and_not_a_second_person() -> None:
    row = only("张三", "", number(), "", "七(1)班", known=[PersonFields(name="张三", group_name="七(1)班")])
    assert (row.fate, row.known, keys(row)) == ("doubtful", b"\x01", ["roster.known_by_name"])


def test_an_unknown_sex_tells_nobody_apart() -> None:
    row = only("张三", "未知", "", "", "七(1)班", known=[ZHANG])
    assert (row.fate, keys(row)) == ("doubtful", ["roster.known_by_name"])


@pytest.mark.parametrize(
    "line",
    [
        ("张三", "", number("20120304", "125")),
        ("张三", "女", "", "", "七(1)班"),
        ("张三", "", "", "", "七(1)班", "2012-03-05"),
        ("张三", "", "", "G9999", "七(1)班"),
    ],
    ids=["identity number", "sex", "date of birth", "student number"],
)
def test_a_namesake_of_a_known_person_whom_something_tells_apart_is_new(line: Sequence[Cell]) -> None:
    row = only(*line, known=[ZHANG])
    assert (row.fate, row.action, row.known) == ("taken", "new", None)


def test_a_seat_number_is_not_looked_for_in_the_archive() -> None:
    row = only(
        "李四", "", "", "5", "七(2)班", known=[PersonFields(name="张三", student_number="5", group_name="七(1)班")]
    )
    assert (row.fate, row.action) == ("taken", "new")


# ---- the whole ----


def test_sheets_without_names_are_passed_over_and_told() -> None:
    sheets = [Sheet("说明", [["请勿修改"]], 1), Sheet("名册", [["姓名", "班级"], ["张三", "七(1)班"]], 3)]
    found = plan_roster(sheets, known=Known(), group=None, today=TODAY)
    assert found.skipped_sheets == ["说明"]
    assert [(row.sheet, row.line) for row in found.rows] == [("名册", 4)]
    assert set(found.columns) == {"名册"}


def test_a_file_without_any_names_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        plan_roster([Sheet("说明", [["请勿修改"]], 1)], known=Known(), group=None, today=TODAY)
    assert caught.value.key == "roster.no_name_column"


def test_lists_side_by_side_in_any_sheet_refuse_the_file() -> None:
    sheets = [Sheet("a", [["姓名"], ["张三"]], 1), Sheet("b", [["姓名", "姓名"], ["张三", "李四"]], 1)]
    with pytest.raises(Problem) as caught:
        plan_roster(sheets, known=Known(), group=None, today=TODAY)
    assert caught.value.key == "roster.two_name_columns"


def test_the_counts_are_those_of_the_rows() -> None:
    found = plan(
        ["张三", "", number(), "", "六年级1班"],
        ["李四", "", "", "", "七(1)班"],
        ["王五"],
        ["赵六1"],
        ["合计：4人"],
        known=[ZHANG],
    )
    assert found.counts == Counts(new=1, update=0, same=1, doubtful=1, refused=2)


def test_every_reason_has_a_sentence_with_its_gaps_in_every_language() -> None:
    found = plan(
        ["张三", "女", number(), "", "七(1)班", "2012年3月5日", "1E10"],
        ["李四", "x", number(), "", "七(1)班", "去年"],
        ["王五", "", "", "G2021", "七(1)班", "2012.3"],
        ["王五", "", "", "", "七(1)班"],
        ["三" * 51],
        ["张三1"],
        known=[ZHANG],
        sheet="七(1)班",
    )
    reasons = [reason for row in found.rows for reason in row.reasons]
    assert len({reason.key for reason in reasons}) >= 8
    for language in LANGUAGES:
        texts = Texts.load(language)
        for reason in reasons:
            assert "{" not in texts(reason.key, **reason.values)


def test_the_first_classes_of_two_grades_on_two_sheets_stay_two_classes() -> None:
    rows: list[list[Cell]] = [["姓名", "学号", "班级"], ["张三", "G10001", "1班"]]
    others: list[list[Cell]] = [["姓名", "学号", "班级"], ["李四", "G10002", "1班"]]
    plan = plan_roster([Sheet("七年级", rows, 1), Sheet("八年级", others, 1)], known=Known([]), group=None, today=TODAY)
    assert [row.person.group_name for row in plan.rows if row.person] == ["七年级1班", "八年级1班"]
