"""Answers to one instrument as a table, and a codebook that says what its columns hold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from app.instruments.definition import Definition
from app.instruments.flow import Facts, Flow
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.scales import Band, Norm, Score
from app.instruments.values import plain
from app.instruments.wording import Wording
from app.records import Screening
from app.spreadsheets.writing import Table
from app.texts import Texts

Cell = str | int | float

NOT_APPLICABLE = "n/a"
"""In a cell: the question was asked and does not apply. An empty cell is a question without an answer."""

_SEPARATOR = "; "
_ABOUT = ("date", "version", "status", "mode", "seconds", "void", "quality", "critical")
_KINDS: dict[type, str] = {
    Choice: "choice",
    Multiple: "multiple",
    Quantity: "number",
    Day: "date",
    Words: "text",
    Computed: "computed",
    Group: "group",
}


class Row(NamedTuple):
    """One form that goes into the table.

    Attributes:
        who: the first cells of its line: a number, and what may be said of the person.
        screening: the form.
        definition: what was answered; None where it is not here any more.
        facts: for computed values.
    """

    who: tuple[Cell, ...]
    screening: Screening
    definition: Definition | None
    facts: Facts


_Take = Callable[[Row, Mapping[str, Any]], Cell]


class _Column(msgspec.Struct, frozen=True):
    """One column.

    Attributes:
        name: its heading.
        item: id of the item or score.
        text: what was asked.
        kind: of the item.
        values: what the values mean.
        take: the cell of a form.
    """

    name: str
    item: str
    text: str
    kind: str
    values: str
    take: _Take


class _Shape(NamedTuple):
    """A column of an item, wherever that stands; `show` makes a cell of an answer."""

    name: str
    text: str
    kind: str
    values: str
    show: Callable[[Any], Cell]

    def column(self, item: str, take: _Take) -> _Column:
        """As a column."""
        return _Column(self.name, item, self.text, self.kind, self.values, take)


class Columns:
    """Decides about the columns.

    Args:
        definitions: in whose versions the forms were answered, the newest first.
        texts: the language of the codebook.
        with_words: whether what people wrote in words, and days, are columns as well: they can say who it is.
    """

    def __init__(self, definitions: Sequence[Definition], texts: Texts, *, with_words: bool) -> None:
        self._definitions = definitions
        self._texts = texts
        self._with_words = with_words
        self._flows = {(one.id, one.version): Flow(one) for one in definitions}

    def tables(self, rows: Sequence[Row], who: Sequence[str]) -> tuple[Table, Table]:
        """The table of answers and the codebook.

        Args:
            rows: the forms.
            who: headings of the cells that stand before the answers.
        """
        columns = [*self._about(), *self._columns(rows)]
        body = []
        for row in rows:
            computed = self._computed(row)
            body.append([*row.who, *(column.take(row, computed) for column in columns)])
        said = [(name, "", self._texts(f"exchange.column_{name}"), "", "") for name in who]
        codebook = [*said, *((one.name, one.item, one.text, one.kind, one.values) for one in columns)]
        heading = [self._texts(f"exchange.codebook_{name}") for name in ("column", "item", "text", "kind", "values")]
        return (
            Table(self._texts("exchange.sheet_answers"), [*who, *(one.name for one in columns)], body),
            Table(self._texts("exchange.sheet_codebook"), heading, codebook),
        )

    def _computed(self, row: Row) -> Mapping[str, Any]:
        flow = self._flows.get((row.definition.id, row.definition.version)) if row.definition else None
        if flow is None or row.definition is None or not any(isinstance(one, Computed) for one in row.definition.items):
            return {}
        return flow.walk(row.screening.answers, row.facts).environment

    def _about(self) -> Iterator[_Column]:
        takes: dict[str, Callable[[Screening], Cell]] = {
            "date": lambda one: one.date,
            "version": lambda one: one.version,
            "status": lambda one: one.status,
            "mode": lambda one: one.mode,
            "seconds": lambda one: "" if one.seconds is None else one.seconds,
            "void": lambda one: int(one.void),
            "quality": lambda one: _SEPARATOR.join(one.quality),
            "critical": lambda one: _SEPARATOR.join(one.critical),
        }
        for name in _ABOUT:
            take = takes[name]
            yield _Column(f"_{name}", "", self._texts(f"exchange.column_{name}"), "", "", _of_screening(take))

    def _columns(self, rows: Sequence[Row]) -> Iterator[_Column]:
        """The items of the newest version, then those that only an older one had, then the scores."""
        seen: set[str] = set()
        scores: set[str] = set()
        for definition in self._definitions:
            wording = Wording(definition, self._texts)
            for item in definition.items:
                if item.id not in seen:
                    yield from self._item(item, definition, wording, rows)
                seen.add(item.id)
        for definition in self._definitions:
            for score in definition.scores:
                if score.id not in scores:
                    yield from self._score(score)
                scores.add(score.id)

    # ---- items ----

    def _item(self, item: Item, definition: Definition, wording: Wording, rows: Sequence[Row]) -> Iterator[_Column]:
        if isinstance(item, Day | Words) and not self._with_words:
            return
        if isinstance(item, Computed) and not self._with_words:
            kind = self._flows[definition.id, definition.version].types[item.id]
            if kind not in {"number", "boolean"}:
                return
        if isinstance(item, Group):
            yield from self._group(item, definition, wording, rows)
            return
        for shape in self._shapes(item, definition, wording, item.id):
            take = _computed_of if isinstance(item, Computed) else _answer_of
            yield shape.column(item.id, take(item.id, shape.show))

    def _shapes(self, item: Item, definition: Definition, wording: Wording, name: str) -> Iterator[_Shape]:
        """The columns of an item that is no group."""
        text, kind = wording.item(item), _KINDS[type(item)]
        options = definition.options(item)
        if isinstance(item, Multiple):
            for option in options:
                said = f"1 = {wording.option(option)}"
                yield _Shape(f"{name}.{option.value}", text, kind, said, _is_chosen(option.value))
            return
        values = _SEPARATOR.join(f"{option.value} = {wording.option(option)}" for option in options)
        if isinstance(item, Quantity):
            values = f"{item.low}–{item.high} {wording.said(item.unit)}".rstrip()
        elif isinstance(item, Computed):
            values = wording.said(item.unit)
        yield _Shape(name, text, kind, values, _shown(item.decimals if isinstance(item, Computed) else 0))

    def _group(self, group: Group, definition: Definition, wording: Wording, rows: Sequence[Row]) -> Iterator[_Column]:
        """How many rows there are, and each of them."""
        said = self._texts("exchange.column_rows")
        yield _Column(group.id, group.id, wording.item(group), "group", said, _answer_of(group.id, _count))
        answers = [row.screening.answers.get(group.id) for row in rows]
        most = max((len(one) for one in answers if isinstance(one, list | tuple)), default=0)
        for number in range(most):
            for cell in group.items:
                if isinstance(cell, Day | Words) and not self._with_words:
                    continue
                for shape in self._shapes(cell, definition, wording, f"{group.id}.{number + 1}.{cell.id}"):
                    take = _answer_of(group.id, _in_row(number, cell.id, shape.show))
                    yield shape.column(f"{group.id}.{cell.id}", take)

    # ---- scores ----

    def _score(self, score: Score) -> Iterator[_Column]:
        title, low, high = score.title[self._texts.language], *score.range
        yield _Column(score.id, score.id, title, "score", f"{low}–{high}", _of_score(score.id, lambda one: one.value))
        readings: list[Score | Norm] = [score, *score.norms]
        bands = {band.id: band for reading in readings for band in reading.bands}
        if bands:
            said = _SEPARATOR.join(map(self._band, bands.values()))
            yield _Column(f"{score.id}.band", score.id, title, "band", said, _of_score(score.id, lambda one: one.band))
        if any(one.positive_from is not None or one.positive_to is not None for one in readings):
            said = self._texts("exchange.column_positive")
            take = _of_score(score.id, lambda one: None if one.positive is None else int(one.positive))
            yield _Column(f"{score.id}.positive", score.id, title, "positive", said, take)

    def _band(self, band: Band) -> str:
        return f"{band.id} = {band.title[self._texts.language]} ({band.low}–{band.high})"


def _of_screening(take: Callable[[Screening], Cell]) -> _Take:
    return lambda row, _: take(row.screening)


def _of_score(name: str, take: Callable[[Any], Cell | None]) -> _Take:
    def cell(row: Row, _: Mapping[str, Any]) -> Cell:
        result = row.screening.scores.get(name)
        value = None if result is None else take(result)
        return "" if value is None else value

    return cell


def _answer_of(name: str, show: Callable[[Any], Cell]) -> _Take:
    """The cell of an item: empty without an answer, marked where it does not apply."""

    def cell(row: Row, _: Mapping[str, Any]) -> Cell:
        if name not in row.screening.answers:
            return ""
        answer = row.screening.answers[name]
        return NOT_APPLICABLE if answer is None else show(answer)

    return cell


def _computed_of(name: str, show: Callable[[Any], Cell]) -> _Take:
    def cell(_: Row, computed: Mapping[str, Any]) -> Cell:
        value = computed.get(name)
        return "" if value is None else show(value)

    return cell


def _shown(decimals: int) -> Callable[[Any], Cell]:
    def show(value: Any) -> Cell:
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, Decimal):
            return plain(round(value, decimals), decimals)
        return value if isinstance(value, int | float) else str(value)

    return show


def _is_chosen(option: int) -> Callable[[Any], Cell]:
    # In an older version the same item may have had a single answer.
    return lambda answer: int(option in answer if isinstance(answer, list | tuple) else option == answer)


def _count(rows: Any) -> Cell:
    return len(rows) if isinstance(rows, list | tuple) else str(rows)


def _in_row(number: int, cell: str, show: Callable[[Any], Cell]) -> Callable[[Any], Cell]:
    def take(rows: Any) -> Cell:
        if not isinstance(rows, list | tuple) or number >= len(rows) or cell not in rows[number]:
            return ""
        answer = rows[number][cell]
        return NOT_APPLICABLE if answer is None else show(answer)

    return take
