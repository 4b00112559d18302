"""The files that schools and villages send in: rosters and answer sheets, as people really make them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from ui.demo.people import Invented


def school_roster(path: Path, school: str, pupils: Sequence[Invented]) -> None:
    """A workbook with a merged title, headings of its own, classes merged over their pupils, and a closing line."""
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet("学生名单")
        sheet.merge_range("A1:H1", f"{school}学生基本信息表")
        sheet.write_row(
            1, 0, ["序号", "年级", "班别", "学生姓名", "性别", "身份证件号（必填）", "学籍号", "监护人电话"]
        )
        start = 2
        for number, pupil in enumerate(pupils):
            line = number + 2
            class_number = pupil.group.removeprefix(pupil.grade).removesuffix("班")
            sheet.write_row(line, 0, [number + 1, pupil.grade, "", pupil.name, pupil.sex, pupil.id_number])
            sheet.write_row(line, 6, [pupil.student_number, int(pupil.phone)])
            last = number + 1 == len(pupils) or pupils[number + 1].group != pupil.group
            if last and line > start:
                sheet.merge_range(start, 2, line, 2, f"({class_number})班")
            elif last:
                sheet.write(line, 2, f"({class_number})班")
            start = line + 1 if last else start
        sheet.write(len(pupils) + 3, 0, f"合计：{len(pupils)}人　　　制表人：教务处")


def village_roster(path: Path, people: Sequence[Invented]) -> None:
    """A text file in GB18030 with households, the way an old register exports it."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["姓名", "性别", "民族", "证件号码", "村/社区", "户号", "联系电话"])
        for one in people:
            writer.writerow([one.name, one.sex, one.ethnicity, one.id_number, one.group, one.household, one.phone])


def answer_file(path: Path, people: Sequence[Invented], answers: Sequence[Sequence[int | None]]) -> None:
    """A workbook of answers: who, then one column for each item."""
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet("答卷")
        by_number = bool(people[0].student_number)
        items = [f"第{number}题" for number in range(1, len(answers[0]) + 1)]
        sheet.write_row(0, 0, ["学籍号" if by_number else "身份证号", "姓名", *items])
        for line, (one, given) in enumerate(zip(people, answers, strict=True), 1):
            sheet.write_row(line, 0, [one.student_number or one.id_number, one.name])
            for column, value in enumerate(given, 2):
                if value is not None:
                    sheet.write(line, column, value)
