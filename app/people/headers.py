"""Which column of a list holds what: the heading among the title rows of a sheet, and its spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

import msgspec

from app import resources
from app.errors import Problem
from app.people.fields import IdType, Sex
from app.spreadsheets import Cell, Sheet, cell_text

# Title rows above the heading are few; a heading further down belongs to another table.
_SEARCHED_ROWS = 30
_SHOWN_HEADINGS = 12

_HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_ORNAMENT = re.compile(r"[\s*:/_.\-()\[\]【】]")
_LATIN = re.compile("[a-z]+")


class Field(msgspec.Struct, frozen=True):
    """A field of `app.people.fields.PersonFields` and how its column is headed."""

    id: str
    spellings: list[str]


class RosterVocabulary(msgspec.Struct, frozen=True):
    """The words of `resources/forms/roster-columns.json`.

    Attributes:
        version: of the file.
        source: where the words come from.
        fields: the columns that are read.
        left_out: headings of columns that are known and not kept.
        neutral_headings: words over several columns that say nothing about them.
        blank: what people write into a cell that they leave blank.
        not_people: how lines begin that close or explain a list.
        sex: what is written for each sex.
        id_types: what is written for each kind of document.
    """

    version: str
    source: str
    fields: list[Field]
    left_out: list[str]
    neutral_headings: list[str]
    blank: frozenset[str]
    not_people: list[str]
    sex: dict[Sex, list[str]]
    id_types: dict[IdType, list[str]]


class UnusedColumn(msgspec.Struct, frozen=True):
    """A column that is not read.

    Attributes:
        column: its letter in a spreadsheet program.
        heading: as written.
        reason: ``left_out`` (known, not kept), ``unknown``, or ``repeated`` (another column holds the same field).
    """

    column: str
    heading: str
    reason: Literal["left_out", "unknown", "repeated"]


class Columns(msgspec.Struct, frozen=True):
    """The heading of a sheet.

    Attributes:
        fields: for each field its column, counted from zero.
        numbering: columns that are known and not kept, counted from zero.
        first_row: index in `Sheet.rows` of the row below the heading.
        unused: every other column with a heading.
    """

    fields: dict[str, int]
    numbering: list[int]
    first_row: int
    unused: list[UnusedColumn]


@cache
def vocabulary() -> RosterVocabulary:
    """The words that lists of people are recognised by."""
    return msgspec.json.decode(resources.path("forms", "roster-columns.json").read_bytes(), type=RosterVocabulary)


def find_columns(sheet: Sheet) -> Columns:
    """The heading of `sheet`: the row, or two rows, in which most fields are named, a name among them.

    Of two rows, the upper one may head several columns (监护人 over 姓名 and 电话).

    Raises:
        Problem: ``roster.no_name_column``, or ``roster.two_name_columns`` where lists stand side by side.
    """
    best: list[_Label] = []
    first_row = 0
    for labels, below in _candidates(sheet.rows[:_SEARCHED_ROWS]):
        if _fields(labels) > _fields(best) and any(label.field == "name" for label in labels):
            best, first_row = labels, below
    if not best:
        raise Problem("roster.no_name_column", sheet=sheet.name, found=_found(sheet))
    return _columns(best, first_row, sheet.name)


def field_of_heading(text: str) -> str | None:
    """The field whose column is headed exactly `text`, but for decoration."""
    return _spellings().get(plain_heading(text), (None, 0))[0]


def column_letter(index: int) -> str:
    """What a spreadsheet program calls the column `index`, counted from zero: A, B … Z, AA …."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def plain_heading(text: str) -> str:
    """`text` without what headings are decorated with: spaces, stars, colons, brackets; in small half-width letters."""
    return _ORNAMENT.sub("", cell_text(text, as_half_width=True).lower())


class _Label(NamedTuple):
    """What stands over a column. `rank` is the place of its spelling among those of `field`."""

    text: str
    field: str | None = None
    rank: int = 0


@cache
def _spellings() -> dict[str, tuple[str, int]]:
    return {
        plain_heading(spelling): (field.id, rank)
        for field in vocabulary().fields
        for rank, spelling in enumerate(field.spellings)
    }


def _label(text: str) -> _Label:
    """The label of a column headed `text`: as it is, without hints in brackets, or as the same thing in two languages."""
    plain = plain_heading(text)
    for candidate in (plain, plain_heading(_HINT.sub("", cell_text(text, as_half_width=True)))):
        if candidate in _spellings():
            return _Label(text, *_spellings()[candidate])
    chinese = _spellings().get(_LATIN.sub("", plain))
    english = _spellings().get("".join(_LATIN.findall(plain)))
    if chinese and english and chinese[0] == english[0]:
        return _Label(text, *chinese)
    return _Label(text)


def _candidates(rows: Sequence[Sequence[Cell]]) -> Iterator[tuple[list[_Label], int]]:
    """What could be the heading, with the index of the row below; of two that say as much, the better one first.

    A row below one with a name, that has a name as well, is never a heading by itself, but the second row of one.
    """
    texts = [[cell_text(cell) for cell in row] for row in rows]
    single = [[_label(text) for text in row] for row in texts]
    names = [any(label.field == "name" for label in labels) for labels in single]
    for index in range(len(texts)):
        if not names[index] or (index > 0 and names[index - 1]):
            continue
        found = [(single[index], index + 1)]
        if index > 0:
            found.append((_two_rows(texts[index - 1], texts[index]), index + 1))
        if index + 1 < len(texts):
            found.insert(0 if names[index + 1] else len(found), (_two_rows(texts[index], texts[index + 1]), index + 2))
        yield from found


def _two_rows(upper: Sequence[str], lower: Sequence[str]) -> list[_Label]:
    width = max(len(upper), len(lower))
    uppers = [*upper, *[""] * (width - len(upper))]
    lowers = [*lower, *[""] * (width - len(lower))]
    spans = [bool(text) for text in uppers]
    for column in range(1, width):
        if not uppers[column] and lowers[column]:
            uppers[column] = uppers[column - 1]
    labels = []
    for column, (over, under) in enumerate(zip(uppers, lowers, strict=True)):
        alone = spans[column] and (column + 1 == width or spans[column + 1] or not lowers[column + 1])
        labels.append(_joined(over, under, alone=alone))
    return labels


def _joined(over: str, under: str, *, alone: bool) -> _Label:
    """The label of a column with a heading in two rows; `alone` if the upper one heads no other column."""
    if not over or not under or over == under:
        return _label(over or under)
    both = _label(over + under)
    if both.field:
        return both
    if plain_heading(over) in _plain(tuple(vocabulary().neutral_headings)):
        return _label(under)
    upper = _label(over)
    return upper if alone and upper.field else _Label(f"{over} {under}")


@cache
def _plain(headings: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(plain_heading, headings))


def _fields(labels: Sequence[_Label]) -> int:
    return len({label.field for label in labels if label.field})


def _columns(labels: Sequence[_Label], first_row: int, sheet: str) -> Columns:
    chosen: dict[str, int] = {}
    for column, label in enumerate(labels):
        if label.field is None:
            continue
        earlier = chosen.setdefault(label.field, column)
        if label.field == "name" and earlier != column and label.rank == labels[earlier].rank:
            letters = (column_letter(earlier), column_letter(column))
            raise Problem("roster.two_name_columns", sheet=sheet, first=letters[0], second=letters[1])
        if label.rank < labels[earlier].rank:
            chosen[label.field] = column
    left_out = _plain(tuple(vocabulary().left_out))
    numbering = [column for column, label in enumerate(labels) if plain_heading(label.text) in left_out]
    unused = [
        UnusedColumn(
            column_letter(column),
            label.text,
            "repeated" if label.field else "left_out" if column in numbering else "unknown",
        )
        for column, label in enumerate(labels)
        if label.text and column not in chosen.values()
    ]
    return Columns(chosen, numbering, first_row, unused)


def _found(sheet: Sheet) -> str:
    """The texts of the fullest of the first rows: what may have been meant as the heading."""
    rows = [[text for text in map(cell_text, row) if text] for row in sheet.rows[:_SEARCHED_ROWS]]
    fullest = max(rows, key=len, default=[])
    return "、".join(fullest[:_SHOWN_HEADINGS]) or "—"
