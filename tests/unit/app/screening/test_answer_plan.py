"""What becomes of the lines of a file of answers."""

from collections.abc import Sequence
from datetime import date

import pytest

from app.errors import Problem
from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.roster import KnownPerson
from app.screening.answers import AnswerPlan, AnswerRow, Day, plan_answers
from app.spreadsheets import Cell, Sheet

TODAY = date(2026, 11, 21)
PHQ = Library.load().get("phq-9")
ITEMS: list[Cell] = list(range(1, 10))
ZEROS: list[Cell] = [0] * 9


class Roster:
    def __init__(self, *people: PersonFields) -> None:
        self._people = [KnownPerson(bytes([number]), one) for number, one in enumerate(people, 1)]

    def by_id_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.id_number == number), None)

    def by_student_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.student_number == number), None)

    def by_name(self, name: str) -> Sequence[KnownPerson]:
        return [one for one in self._people if one.fields.name == name]


ROSTER = Roster(
    PersonFields("张三", id_number="990000201303040017", student_number="G1001", group_name="七年级1班"),
    PersonFields("李四", student_number="G1002", group_name="七年级1班"),
    PersonFields("李四", student_number="G1003", group_name="七年级2班"),
    PersonFields("阿依古丽·买买提", student_number="G1004", group_name="七年级2班"),
)


def plan(*rows: Sequence[Cell], header: Sequence[Cell] = ("姓名", "学号", *ITEMS)) -> AnswerPlan:
    sheet = Sheet("答卷", [list(header), *map(list, rows)], 1)
    return plan_answers([sheet], PHQ, known=ROSTER, day=Day(TODAY, TODAY))


def only(*rows: Sequence[Cell], header: Sequence[Cell] = ("姓名", "学号", *ITEMS)) -> AnswerRow:
    (row,) = plan(*rows, header=header).rows
    return row


def keys(row: AnswerRow) -> list[str]:
    return [reason.key for reason in row.reasons]


def test_a_whole_form_of_a_known_person_is_taken() -> None:
    row = only(["张三", "G1001", *ZEROS])
    assert (row.fate, row.person, row.date, keys(row)) == ("taken", b"\x01", TODAY, [])
    assert row.answers == {str(item): 0 for item in range(1, 10)}


@pytest.mark.parametrize(
    "heading",
    [
        "{n}",
        "第{n}题",
        "题{n}",
        "Q{n}",
        "q0{n}",
        "PHQ9_{n}",
        "PHQ-9-{n}",
        "phq{n}",
        "{n}.",
        "{n}、做事时",
        "第{n}题（必答）",
        "item {n}",
        " {n} ",
    ],
)
def test_items_are_recognised_by_many_headings(heading: str) -> None:
    header = ["姓名", "学号", *(heading.format(n=number) for number in range(1, 10))]
    assert only(["张三", "G1001", *ZEROS], header=header).fate == "taken"


def test_items_are_recognised_by_the_words_of_the_question() -> None:
    header = ["姓名", "学号", *(item.text["zh-CN"] for item in PHQ.items[:9] if item.text)]
    assert only(["张三", "G1001", *ZEROS], header=header).fate == "taken"


def test_a_column_with_the_bare_name_of_the_instrument_is_no_item() -> None:
    header = ["姓名", "学号", *ITEMS, "PHQ-9", "GAD-7"]
    assert only(["张三", "G1001", *ZEROS, 27, 21], header=header).answers["9"] == 0


def test_title_rows_above_the_heading_are_passed_over() -> None:
    sheet = Sheet("答卷", [["某某中学PHQ-9答卷"], [], ["姓名", "学号", *ITEMS], ["张三", "G1001", *ZEROS]], 1)
    (row,) = plan_answers([sheet], PHQ, known=ROSTER, day=Day(TODAY, TODAY)).rows
    assert (row.fate, row.line) == ("taken", 4)


def test_words_and_full_width_digits_are_answers() -> None:
    words = [option.text["zh-CN"] for option in PHQ.options(PHQ.items[0]) if option.text]
    row = only(["张三", "G1001", words[0], words[3], "１", "2.0", 2.0, 0, 0, 0, 0])
    assert [row.answers[str(item)] for item in range(1, 6)] == [0, 3, 1, 2, 2]


def test_a_value_out_of_range_refuses_the_line_and_names_the_item() -> None:
    row = only(["张三", "G1001", 0, 7, *ZEROS[2:]])
    assert (row.fate, keys(row)) == ("refused", ["answers.not_an_option"])
    assert row.reasons[0].values == {"item": "2", "value": "7"}


def test_a_refused_line_still_tells_of_a_critical_answer() -> None:
    row = only(["张三", "G1001", 9, *ZEROS[1:8], 2])
    assert (row.fate, keys(row)) == ("refused", ["answers.not_an_option", "answers.critical_in_refused_line"])


def test_truth_values_are_no_answers() -> None:
    assert only(["张三", "G1001", True, *ZEROS[1:]]).fate == "refused"


def test_a_form_with_blanks_is_taken_as_unfinished() -> None:
    row = only(["张三", "G1001", "", *ZEROS[1:8], "—"])
    assert (row.fate, keys(row), row.reasons[0].values["items"]) == ("taken", ["answers.unfinished"], "1、9")


def test_a_form_without_any_answer_is_refused() -> None:
    assert keys(only(["张三", "G1001", *[""] * 9])) == ["answers.none"]


def test_a_line_for_nobody_on_the_roster_is_refused() -> None:
    assert keys(only(["王五", "", *ZEROS])) == ["answers.nobody"]
    assert keys(only(["", "", *ZEROS])) == ["answers.no_person"]


def test_a_number_that_nobody_has_is_not_replaced_by_a_name() -> None:
    header = ["姓名", "身份证号", *ITEMS]
    assert keys(only(["张三", "990000201303040025", *ZEROS], header=header)) == ["answers.nobody_numbered"]


def test_a_number_of_somebody_else_refuses_the_line() -> None:
    assert keys(only(["李四", "G1001", *ZEROS])) == ["answers.other_name"]


def test_numbers_of_two_people_refuse_the_line() -> None:
    header = ["姓名", "学号", "身份证号", *ITEMS]
    assert keys(only(["张三", "G1002", "990000201303040017", *ZEROS], header=header)) == ["answers.numbers_disagree"]


def test_namesakes_are_told_apart_by_class_only() -> None:
    header = ["姓名", "班级", *ITEMS]
    assert only(["李四", "七年级2班", *ZEROS], header=header).person == b"\x03"
    assert keys(only(["李四", "", *ZEROS], header=header)) == ["answers.several_of_this_name"]
    assert keys(only(["张三", "七年级2班", *ZEROS], header=header)) == ["answers.not_in_this_group"]


def test_other_dots_in_a_name_find_the_same_person() -> None:
    assert only(["阿依古丽•买买提", "", *ZEROS]).person == b"\x04"


def test_the_second_form_of_a_person_on_one_day_is_refused() -> None:
    rows = plan(["张三", "G1001", *ZEROS], ["李四", "G1002", *ZEROS], ["张三", "G1001", 1, *ZEROS[1:]]).rows
    assert [row.fate for row in rows] == ["taken", "taken", "refused"]
    assert rows[2].reasons[0].values == {"sheet": "答卷", "line": 2}


def test_dates_are_read_and_those_to_come_refused() -> None:
    header = ["姓名", "学号", "提交时间", *ITEMS]
    assert only(["张三", "G1001", "2026/10/8 14:03:22", *ZEROS], header=header).date == date(2026, 10, 8)
    assert keys(only(["张三", "G1001", "2027-01-01", *ZEROS], header=header)) == ["answers.wrong_date"]


def test_a_file_coded_from_one_is_refused_whole() -> None:
    with pytest.raises(Problem) as caught:
        plan(["张三", "G1001", *[1] * 8, 4], ["李四", "G1002", *[2] * 9])
    assert (caught.value.key, caught.value.values["high"]) == ("answers.coded_from_one", 3)


def test_many_forms_without_a_zero_are_doubtful() -> None:
    letters = "甲乙丙丁戊"
    roster = Roster(*(PersonFields(f"学生{letter}", student_number=f"G20{letter}") for letter in letters))
    rows: list[list[Cell]] = [[f"学生{letter}", f"G20{letter}", *[2] * 9] for letter in letters]
    sheet = Sheet("答卷", [["姓名", "学号", *ITEMS], *rows], 1)
    found = plan_answers([sheet], PHQ, known=roster, day=Day(TODAY, TODAY)).rows
    assert {row.fate for row in found} == {"doubtful"}


def test_a_file_without_the_items_says_which_are_missing() -> None:
    with pytest.raises(Problem) as caught:
        plan(["张三", "G1001", 0, 0], header=["姓名", "学号", 1, 2])
    assert (caught.value.key, caught.value.values["items"]) == ("answers.items_missing", "3、4、5、6、7、8、9")


def test_a_file_without_people_says_so() -> None:
    with pytest.raises(Problem) as caught:
        plan(ZEROS, header=ITEMS)
    assert caught.value.key == "answers.no_person_column"
