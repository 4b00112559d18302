"""How a form is set: tables with thin lines, as the forms of schools and health centres have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace
from reportlab.lib.colors import CMYKColor
from reportlab.platypus import Flowable, KeepTogether, Spacer

from app.reports.blocks import Block, Listing
from app.reports.flow import Command, Setter
from app.reports.fonts import Fonts
from app.reports.form_blocks import (
    Above,
    Blank,
    Box,
    Boxes,
    Card,
    CardRow,
    Date,
    Fields,
    FormBlock,
    FormTitle,
    Framed,
    Grid,
    GridRow,
    Lead,
    Part,
    Question,
    RowTable,
    Small,
)
from app.reports.form_drawing import BoxRow, Inline, Marked, Piece, Ruled, width_of
from app.reports.style import Size, Style, TightRule
from app.texts import Texts

_NUMBER = 26.0
"""The column of the numbers."""

_BESIDE = 0.4
"""How much of the width a question may take for its answer to stand beside it."""

_LEAST_COLUMN, _MOST_COLUMN = 36.0, 54.0
_COLUMNS = 0.52
"""How much of the width the columns of a grid may take."""

_TENS = 10
_MOST_BESIDE = 5
_CARD_NUMBER = 21.0
_CARD_BOX = 26.2
_CARD_GAP = 12.0
_CARD_WIDER = 1.5
"""A ten becomes so much wider where there is room."""

_LINES = {"short": 56.0, "middle": 110.0, "all": 0.0}
_WEIGHTS = {"short": 2.0, "middle": 3.2, "all": 5.0}
_PADDING = 4.0
_LOOSE = 1.9
"""Leading of lines to write on."""

_ROW = 1.7
"""Height of an empty cell, as a multiple of the size of the type."""

_URGENT = CMYKColor(0, 0, 0, 0.18)
"""Behind what must not be overlooked."""

_BARE: list[Command] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
]


class FormSetter(Setter):
    """Sets the blocks of forms, and all others as `Setter` does.

    Args:
        fonts: of this machine.
        style: sizes and greys.
        texts: of the language.
        tight: how much less room there is between lines.
    """

    def __init__(self, fonts: Fonts, style: Style, texts: Texts, tight: TightRule | None = None) -> None:
        super().__init__(fonts, replace(style, leading=tight.leading) if tight else style, texts)
        self._room = tight.room if tight else 1.0

    def _space_between(self, block: object, following: object) -> float:
        # Questions that follow each other make one table.
        together = isinstance(block, Question) and isinstance(following, Question)
        return 0 if together else super()._space_between(block, following)

    def _part(self, block: Block | Listing | FormBlock, width: float) -> Flowable:  # noqa: PLR0911 -- one for each kind of block
        match block:
            case FormTitle():
                return self._title(block, width)
            case Lead(text):
                return self._text(text)
            case Small(text):
                return self._text(text, "note", grey="note")
            case Fields(lines):
                return self._fields(lines, width)
            case Framed(text):
                return self._framed(text, width)
            case Question():
                return self._question(block, width)
            case Grid():
                return self._grid(block, width)
            case Card():
                return self._card(block, width)
            case RowTable():
                return self._row_table(block, width)
            case _:
                return super()._part(block, width)

    # ---- above the items ----

    def _title(self, title: FormTitle, width: float) -> Flowable:
        cells = [[self._text(title.text, "title", role="heading", align="center")]]
        if title.below:
            cells.append([self._text(title.below, "note", grey="note", align="center")])
        return self._table(cells, [width], _BARE, header=0)

    def _fields(self, lines: Sequence[Sequence[Part]], width: float) -> Flowable:
        rows = []
        gap = self._style.sizes["text"]
        for line in lines:
            fixed = [0.0 if isinstance(part, Blank) else self._part_of(part, width).natural_width() for part in line]
            weights = [_weight(part) if isinstance(part, Blank) else 0.0 for part in line]
            rest = width - sum(fixed) - gap * (len(line) - 1)
            rooms = [own + rest * weight / (sum(weights) or 1) for own, weight in zip(fixed, weights, strict=True)]
            cells = [self._field(part, room) for part, room in zip(line, rooms, strict=True)]
            spaced = [*(room + gap for room in rooms[:-1]), rooms[-1]]
            style: list[Command] = [*_BARE, ("RIGHTPADDING", (0, 0), (-2, -1), gap)]
            rows.append([self._table([cells], spaced, style, header=0)])
        return self._table(rows, [width], _BARE, header=0)

    def _field(self, part: Part, room: float) -> Flowable:
        """A part in a line of its own room, which it fills."""
        if not isinstance(part, Blank):
            return self._part_of(part, room)
        pieces = [Piece(self._fonts.glyphs(part.before)), Piece(self._fonts.glyphs(part.value), 0)]
        inline = Inline(pieces, size=self._style.sizes["text"], leading=_LOOSE)
        # Longer than its place: then over several lines.
        fits = inline.natural_width() <= room
        return inline if fits else self._text(f"{part.before}{part.value}")

    def _framed(self, text: str, width: float) -> Flowable:
        style: list[Command] = [
            *self._padded(5, 5),
            ("BOX", (0, 0), (-1, -1), 0.5, self._colour("text")),
            ("BACKGROUND", (0, 0), (-1, -1), self._colour("fill")),
        ]
        return self._table([[self._text(text)]], [width], style, header=0)

    # ---- items ----

    def _question(self, question: Question, width: float) -> Flowable:
        number = self._text(question.number, align="center")
        said: list[Flowable] = [self._text(question.text)]
        said += [self._text(note, "note", grey="note") for note in question.notes]
        room = width - _NUMBER - 2 * _PADDING
        right = (1 - _BESIDE) * width - _NUMBER - 2 * _PADDING
        if self._fits_beside(question, _BESIDE * width - 2 * _PADDING, right):
            answer = [self._answer(question.parts, right)]
            widths = [_NUMBER, _BESIDE * width, right + 2 * _PADDING]
            cells: list[object] = [number, said, answer]
        else:
            answer = [self._answer(question.parts, room)] if question.parts else []
            widths, cells = [_NUMBER, width - _NUMBER], [number, [*said, *answer]]
        style: list[Command] = [*self._padded(_PADDING, 3), *self._lined(), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        if question.urgent:
            style.append(("BACKGROUND", (0, 0), (-1, -1), _URGENT))
        return self._table([cells], widths, style, header=0)

    def _fits_beside(self, question: Question, left: float, right: float) -> bool:
        """Whether the answer can stand beside the question: one line of each, and few notes."""
        notes = width_of(self._fonts.glyphs("".join(question.notes)), self._style.sizes["note"])
        text = width_of(self._fonts.glyphs(question.text), self._style.sizes["text"])
        return text <= left and notes <= 1.5 * left and self._is_one_line(question.parts, right)

    def _grid(self, grid: Grid, width: float) -> Flowable:
        columns = len(grid.headings) - 2
        column = min(_MOST_COLUMN, max(_LEAST_COLUMN, _COLUMNS * width / columns))
        widths = [_NUMBER, width - _NUMBER - column * columns, *[column] * columns]
        head = [
            self._text(heading, "note", role="heading", align="left" if place == 1 else "center")
            for place, heading in enumerate(grid.headings)
        ]
        above = self._above(grid.above, len(grid.headings))
        cells: list[list[object]] = [*above, list(head), *(self._grid_row(row) for row in grid.rows)]
        first = len(above)
        style: list[Command] = [*self._padded(3, 2.5), *self._lined(), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        style += [("SPAN", (0, line), (-1, line)) for line in range(first)]
        style.append(("BACKGROUND", (0, first), (-1, first), self._colour("fill")))
        for line, row in enumerate(grid.rows, first + 1):
            if row.urgent:
                style.append(("BACKGROUND", (0, line), (-1, line), _URGENT))
        return self._table(cells, widths, style, header=first + 1)

    def _grid_row(self, row: GridRow) -> list[object]:
        said: list[Flowable] = [self._text(row.text)]
        said += [self._text(note, "note", grey="note") for note in row.notes]
        return [
            self._text(row.number, align="center"),
            said,
            *(self._box_row((box,), centered=True) for box in row.boxes),
        ]

    def _card(self, card: Card, width: float) -> Flowable:
        """Tens of items beside each other; a ten is never divided over two pages."""
        boxes = max(len(row.boxes) for row in card.rows)
        one = _CARD_NUMBER + _CARD_BOX * boxes
        beside = max(1, min(_MOST_BESIDE, int((width + _CARD_GAP) / (one + _CARD_GAP))))
        tens = [card.rows[at : at + _TENS] for at in range(0, len(card.rows), _TENS)]
        rows: list[list[object]] = self._above(card.above, 1)
        if card.legend:
            rows.append([self._text(card.legend, "note")])
        header = len(rows)
        bands = range(0, len(tens), beside)
        rows += [[self._band(tens[at : at + beside], one, width, beside)] for at in bands]
        return self._table(rows, [width], [*_BARE, ("BOTTOMPADDING", (0, 0), (-1, -1), 6)], header=header)

    def _band(self, tens: Sequence[Sequence[CardRow]], one: float, width: float, beside: int) -> Flowable:
        """Some tens of items beside each other."""
        room = (width - _CARD_GAP * (beside - 1)) / beside
        one = min(room, _CARD_WIDER * one)
        cells: list[object] = []
        widths: list[float] = []
        for place, ten in enumerate(tens):
            cells += [""] if place else []
            widths += [_CARD_GAP] if place else []
            cells.append(self._ten(ten, one))
            widths.append(one)
        style: list[Command] = [*_BARE, ("VALIGN", (0, 0), (-1, -1), "TOP")]
        left = width - sum(widths)
        return (
            self._table([[*cells, ""]], [*widths, left], style, header=0)
            if left > 1
            else self._table([cells], widths, style, header=0)
        )

    def _ten(self, rows: Sequence[CardRow], width: float) -> Flowable:
        cells = [
            [self._text(row.number, align="center"), *(self._box_row((box,), centered=True) for box in row.boxes)]
            for row in rows
        ]
        box = (width - _CARD_NUMBER) / max(len(row.boxes) for row in rows)
        widths = [_CARD_NUMBER, *[box] * (len(cells[0]) - 1)]
        style: list[Command] = [
            *self._padded(1, 0.4),
            ("BOX", (0, 0), (-1, -1), 0.5, self._colour("text")),
            ("LINEBELOW", (0, 0), (-1, -2), 0.25, self._colour("line")),
            ("LINEAFTER", (0, 0), (0, -1), 0.5, self._colour("text")),
            ("BACKGROUND", (0, 0), (0, -1), self._colour("fill")),
        ]
        style += [("BACKGROUND", (0, line), (-1, line), _URGENT) for line, row in enumerate(rows) if row.urgent]
        return self._table(cells, widths, style, header=0)

    def _row_table(self, table: RowTable, width: float) -> Flowable:
        count = len(table.headings)
        lines = [f"{table.number}. {table.text}", *table.notes]
        above = self._above(Above(table.above.title, (*table.above.lines, *lines)), count)
        weights = [
            _cell_weight(heading, column)
            for heading, column in zip(table.headings, zip(*table.rows, strict=True), strict=True)
        ]
        widths = [width * weight / sum(weights) for weight in weights]
        head = [self._text(heading, "note", role="heading", align="center") for heading in table.headings]
        rows = [[self._cell(part) for part in row] for row in table.rows]
        first = len(above)
        style: list[Command] = [*self._padded(3, 3), *self._lined(), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        style += [("SPAN", (0, line), (-1, line)) for line in range(first)]
        style.append(("BACKGROUND", (0, first), (-1, first), self._colour("fill")))
        made = self._table([*above, head, *rows], widths, style, header=first + 1)
        made.spaceAfter = self._style.sizes["text"] / 2
        return KeepTogether([made])

    def _cell(self, part: Part) -> Flowable:
        if isinstance(part, Boxes):
            return self._boxes(part.boxes, "note")
        # The lines of the table are there to write on.
        if isinstance(part, Blank) and part.value:
            return self._text(part.value, "note")
        return Spacer(1, _ROW * self._style.sizes["text"])

    # ---- parts ----

    def _above(self, above: Above, columns: int) -> list[list[object]]:
        texts = [self._text(above.title, "heading", role="heading")] if above.title else []
        texts += [self._text(line) for line in above.lines]
        return [[text, *[""] * (columns - 1)] for text in texts]

    def _part_of(self, part: Part, room: float) -> Flowable:
        size = self._style.sizes["text"]
        match part:
            case Boxes(boxes):
                return self._boxes(boxes, "text")
            case Blank(before, after, value, "all", lines):
                inline = self._inline(part, room)
                if lines == 1 and not value and inline.natural_width() <= room:
                    return inline
                return Ruled(self._fonts.glyphs(f"{before}{value}{after}"), lines, size=size, leading=_LOOSE)
        inline = self._inline(part, room)
        if inline.natural_width() <= room:
            return inline
        # Longer than its place: then over several lines.
        return self._text(f"{part.before}{part.value}{getattr(part, 'after', '')}")

    def _inline(self, part: Blank | Date, room: float) -> Inline:
        glyphs = self._fonts.glyphs
        if isinstance(part, Date):
            pieces = [Piece(glyphs(part.before)), *self._day(part.value)]
        else:
            pieces = [
                Piece(glyphs(part.before)),
                Piece(glyphs(part.value), min(_LINES[part.width], room)),
                Piece(glyphs(f" {part.after}" if part.after else "")),
            ]
        return Inline(pieces, size=self._style.sizes["text"], leading=_LOOSE)

    def _day(self, value: str) -> Iterator[Piece]:
        parts = value.split("-") if value else ["", "", ""]
        for name, digits, line in zip(("year", "month", "day"), parts, (38.0, 22.0, 22.0), strict=True):
            yield Piece(self._fonts.glyphs(digits), line)
            yield Piece(self._fonts.glyphs(self._texts(f"paper.{name}")))

    def _boxes(self, boxes: Sequence[Box], size: Size) -> BoxRow:
        marked = [Marked(self._fonts.glyphs(box.value), self._fonts.glyphs(box.text), box.ticked) for box in boxes]
        return BoxRow(marked, size=self._style.sizes[size], leading=1.7)

    def _box_row(self, boxes: Sequence[Box], *, centered: bool) -> BoxRow:
        marked = [Marked(self._fonts.glyphs(box.value), (), box.ticked) for box in boxes]
        return BoxRow(marked, size=self._style.sizes["text"], leading=1.3, centered=centered)

    def _answer(self, parts: Sequence[Part], room: float) -> Flowable:
        """Where the answer goes; "does not apply" stands at its end."""
        first, *others = parts
        beside = [self._part_of(other, room) for other in others]
        if not beside:
            return self._part_of(first, room)
        widths = [room, *(other.natural_width() for other in beside)]
        widths[0] -= sum(widths[1:])
        gap = self._style.sizes["text"]
        style: list[Command] = [*_BARE, ("RIGHTPADDING", (0, 0), (0, -1), gap)]
        return self._table([[self._part_of(first, widths[0] - gap), *beside]], widths, style, header=0)

    def _is_one_line(self, parts: Sequence[Part], room: float) -> bool:
        if not parts:
            return False
        part, *others = parts
        room -= sum(self._part_of(other, room).natural_width() for other in others)
        if isinstance(part, Boxes):
            return self._boxes(part.boxes, "text").natural_width() <= room
        return self._inline(part, room).natural_width() <= room and getattr(part, "lines", 1) == 1

    def _lined(self) -> list[Command]:
        return [("GRID", (0, 0), (-1, -1), 0.4, self._colour("text"))]

    def _padded(self, sides: float, ends: float) -> list[Command]:
        """Room around what stands in a cell."""
        ends *= self._room
        return [
            ("LEFTPADDING", (0, 0), (-1, -1), sides),
            ("RIGHTPADDING", (0, 0), (-1, -1), sides),
            ("TOPPADDING", (0, 0), (-1, -1), ends),
            ("BOTTOMPADDING", (0, 0), (-1, -1), ends),
        ]


def _weight(blank: Blank) -> float:
    """How much of a line it takes, next to others."""
    return _WEIGHTS[blank.width] + 0.3 * len(blank.before)


def _cell_weight(heading: str, column: Sequence[Part]) -> float:
    """How wide a column of a table is, next to others."""
    if isinstance(column[0], Boxes):
        return 4.0 + len(column[0].boxes)
    longest = max(len(part.value) for part in column if not isinstance(part, Boxes))
    return 3.0 + min(6.0, max(0.5 * len(heading), 0.2 * longest))
