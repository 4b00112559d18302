"""Which column of a sheet of answers holds which item: by number, by code or by the words of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from app.errors import Problem
from app.instruments.definition import Definition
from app.instruments.items import Item
from app.people.headers import field_of_heading, plain_heading
from app.screening.answer_cells import can_stand_in_a_cell
from app.spreadsheets import Sheet, cell_text, half_width

_SEARCHED_ROWS = 30
_SHOWN_HEADINGS = 12
_WHO = ("name", "id_number", "student_number", "group_name", "grade")
_NUMBER = re.compile(r"第?0*([0-9]{1,3})[题项条]?")
_LETTERED = re.compile(r"(?:q|t|item|题|题目|条目|项目|问题)0*([0-9]{1,3})题?")
_NUMBERED_TEXT = re.compile(r"第?0*([0-9]{1,3})(?:题[.、．,，:：]?|[.、．,，:：)）])(?![0-9]).+")
_DATES = {
    "日期",
    "测评日期",
    "测试日期",
    "筛查日期",
    "填写日期",
    "填表日期",
    "答题日期",
    "作答日期",
    "提交时间",
    "提交答卷时间",
    "完成时间",
    "date",
}


class AnswerColumns(msgspec.Struct, frozen=True):
    """The heading of a sheet of answers; columns are counted from zero.

    Attributes:
        who: columns that say whose answers they are, by field.
        items: the column of each item that was found.
        date: the column with the day of the answers, if there is one.
        first_row: index in `Sheet.rows` of the row below the heading.
    """

    who: dict[str, int]
    items: dict[str, int]
    date: int | None
    first_row: int


def find_answer_columns(sheet: Sheet, definition: Definition) -> AnswerColumns:
    """The heading of `sheet`: among its first rows the one that names most items, and says who answered.

    Raises:
        Problem: no row says who answered, or the columns of some items are missing.
    """
    best: AnswerColumns | None = None
    for index, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
        found = _columns([cell_text(cell) for cell in row], definition, index + 1)
        if best is None or _worth(found) > _worth(best):
            best = found
    if best is None or not ({"name", "id_number", "student_number"} & best.who.keys()):
        raise Problem("answers.no_person_column", sheet=sheet.name, found=_headings(sheet))
    missing = [item.id for item in definition.items if item.required and item.id not in best.items]
    if missing:
        raise Problem(
            "answers.items_missing",
            sheet=sheet.name,
            instrument=definition.short_title,
            items="、".join(missing),
            found=_headings(sheet),
        )
    return best


def _worth(columns: AnswerColumns) -> tuple[bool, int]:
    return bool(columns.who), len(columns.items) + len(columns.who)


def _columns(headings: Sequence[str], definition: Definition, first_row: int) -> AnswerColumns:
    who: dict[str, int] = {}
    items: dict[str, int] = {}
    date: int | None = None
    reader = _ItemReader(definition, headings)
    for column, heading in enumerate(headings):
        field = field_of_heading(heading)
        item = None if field in _WHO else reader.item(heading)
        if field in _WHO and field:
            who.setdefault(field, column)
        elif item:
            items.setdefault(item, column)
        elif plain_heading(heading) in _DATES and date is None:
            date = column
    return AnswerColumns(who, items, date, first_row)


class _ItemReader:
    """Recognises headings of the items of one instrument.

    Args:
        definition: the instrument.
        headings: of all columns, because one heading can make another clear.
    """

    def __init__(self, definition: Definition, headings: Sequence[str]) -> None:
        self._definition = definition
        self._texts = {
            _words(text): item.id
            for item in definition.items
            if can_stand_in_a_cell(item)
            for text in (item.text or {}).values()
        }
        name = plain_heading(definition.short_title)
        letters = "".join(character for character in name if character.isalpha())
        # PHQ9_3, PHQ-9 第3题, phq3. The bare name of the instrument heads its total, not an item, except beside phq7, phq8.
        self._names = (name, letters)
        self._coded = [
            re.compile(rf"{re.escape(prefix)}(?:q|item|第)?0*([0-9]{{1,3}})题?")
            for prefix in dict.fromkeys(self._names)
        ]
        short = [
            plain for plain in map(plain_heading, headings) if plain != name and not self._coded[0].fullmatch(plain)
        ]
        self._name_is_item = sum(self._coded[-1].fullmatch(plain) is not None for plain in short) > 1

    def item(self, heading: str) -> str | None:
        """The item that a column headed like this holds, or None."""
        plain = plain_heading(heading)
        if not plain or (plain == self._names[0] and not self._name_is_item):
            return None
        for number in self._numbers(heading, plain):
            item = self._numbered(number)
            if item:
                return item.id
        return self._texts.get(_words(heading))

    def _numbers(self, heading: str, plain: str) -> Iterator[int]:
        for pattern in (_NUMBER, _LETTERED, *self._coded):
            match = pattern.fullmatch(plain)
            if match:
                yield int(match[1])
        match = _NUMBERED_TEXT.fullmatch("".join(half_width(heading).split()))
        if match:
            yield int(match[1])

    def _numbered(self, number: int) -> Item | None:
        """The item of this number: by its id, else by its place on the form."""
        items = self._definition.items
        by_id = next((item for item in items if item.id == str(number)), None)
        found = by_id or (items[number - 1] if 1 <= number <= len(items) else None)
        return found if found and can_stand_in_a_cell(found) else None


def _words(text: str) -> str:
    """A question without its number and without signs, for comparison."""
    plain = "".join(character for character in half_width(text).lower() if character.isalnum())
    return re.sub("^[0-9]+", "", plain)


def _headings(sheet: Sheet) -> str:
    """The texts of the fullest of the first rows: what may have been meant as the heading."""
    rows = [[text for text in map(cell_text, row) if text] for row in sheet.rows[:_SEARCHED_ROWS]]
    return "、".join(max(rows, key=len, default=[])[:_SHOWN_HEADINGS])
