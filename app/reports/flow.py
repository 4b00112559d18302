"""How the parts of a statistical print are set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import CMYKColor
from reportlab.platypus import Flowable, KeepTogether, Table

from app.disclosure import ReleasedTable
from app.reports.blocks import Block, Code, Counts, Heading, Listing, Paragraph, Points, Terms, Title
from app.reports.fonts import Fonts, Role
from app.reports.setting import Align, Text
from app.reports.style import Grey, Size, Style
from app.texts import Texts

Command = tuple[object, ...]
"""A line of a table's style, as reportlab writes them."""

_TERM_WIDTH = 0.2
"""The first column of `Terms`, as a part of the whole width."""

_QR_WIDTH = 0.3
"""The square beside the letters of a `Code`, as a part of the whole width."""


class _Widths(NamedTuple):
    """Columns of `Counts`, as parts of the whole width; the percentages with their bars have what is left."""

    row: float
    remark: float
    number: float


_COUNT_WIDTHS = _Widths(row=0.24, remark=0.13, number=0.11)

_CLOSE: list[Command] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


class Setter:
    """Sets blocks, in one style and language."""

    def __init__(self, fonts: Fonts, style: Style, texts: Texts) -> None:
        self._fonts = fonts
        self._style = style
        self._texts = texts

    def flow(self, blocks: Sequence[Any], width: float) -> list[Flowable]:
        """The blocks, of those that `_part` knows, as reportlab's pages take them.

        `width` is that of the page between its margins.

        A heading stays on one page with all that it begins, as long as a page is long enough.
        """
        parts: list[Flowable] = []
        headings: list[Flowable] = []
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            part = self._part(block, width)
            part.spaceAfter = self._space_between(block, following)
            headings.append(part)
            if not isinstance(block, Heading):
                parts.append(KeepTogether(headings) if len(headings) > 1 else part)
                headings = []
        return parts + headings

    def _space_between(self, _block: object, _following: object) -> float:
        return self._style.sizes["text"] / 2

    def _part(self, block: Block | Listing, width: float) -> Flowable:  # noqa: PLR0911 -- one for each kind of block
        match block:
            case Title(text):
                return self._text(text, "title", role="heading")
            case Heading(text):
                heading = self._text(text, "heading", role="heading")
                heading.spaceBefore = 1.5 * self._style.sizes["text"]
                return heading
            case Paragraph(text, note):
                return self._text(text, grey="note" if note else "text")
            case Points(items, note):
                return self._points(items, "note" if note else "text", width)
            case Terms(headings, rows, note):
                return self._terms(headings, rows, "note" if note else "text", width)
            case Counts(table, remarks):
                return self._counts(table, remarks, width)
            case Code(lines, scanned):
                return self._code(lines, scanned, width)
            case Listing(headings, rows, shares):
                return self._listing(headings, rows, [share * width for share in shares])

    def _text(
        self,
        text: str,
        size: Size = "text",
        *,
        grey: Grey = "text",
        role: Role = "text",
        align: Align = "left",
    ) -> Text:
        return Text(
            self._fonts.glyphs(text, role),
            size=self._style.sizes[size],
            leading=self._style.leading,
            grey=self._style.greys[grey],
            align=align,
        )

    def _points(self, items: Sequence[str], size: Size, width: float) -> Table:
        grey: Grey = "note" if size == "note" else "text"
        rows = [
            [self._text(f"{number}.", size, grey=grey), self._text(item, size, grey=grey)]
            for number, item in enumerate(items, 1)
        ]
        marker = 1.8 * self._style.sizes[size]
        return self._table(rows, [marker, width - marker], _CLOSE, header=0)

    def _terms(self, headings: Sequence[str], rows: Sequence[tuple[str, str]], size: Size, width: float) -> Table:
        cells = [[self._text(heading, size, role="heading") for heading in headings]]
        cells += [[self._text(part, size) for part in row] for row in rows]
        between: Command = ("LINEBELOW", (0, 1), (-1, -2), 0.25, self._colour("line"))
        return self._table(cells, [_TERM_WIDTH * width, (1 - _TERM_WIDTH) * width], [between, *self._ruled()])

    def _listing(self, headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
        cells = [[self._text(heading, "note", role="heading") for heading in headings]]
        cells += [[self._text(part, "note") for part in row] for row in rows]
        between: Command = ("LINEBELOW", (0, 1), (-1, -2), 0.25, self._colour("line"))
        return self._table(cells, widths, [between, *self._ruled()])

    def _counts(self, table: ReleasedTable, remarks: Mapping[str, str], width: float) -> Table:
        content = table.content
        titles = [*(column.title for column in content.columns), self._texts("report.total")]
        # Where only the number of people may be shown, nothing stands under the other headings.
        result, score, share = (
            self._text(self._texts(f"report.{name}") if content.rows else "", role="heading")
            for name in ("result", "score", "share")
        )
        numbers = (self._text(title, role="heading", align="right") for title in titles)
        cells: list[list[Flowable]] = [[result, score, *numbers, share]]
        for row, counts, total in zip(content.rows, content.cells, content.row_totals, strict=True):
            cells.append(
                [
                    self._text(row.title),
                    self._text(remarks.get(row.id, ""), "note", grey="note"),
                    *map(self._number, (*counts, total)),
                    self._share(table.share(row.id)),
                ]
            )
        totals = map(self._number, (*content.column_totals, content.grand_total))
        cells.append([self._text(self._texts("report.everybody")), self._text(""), *totals, self._text("")])
        parts = [_COUNT_WIDTHS.row, _COUNT_WIDTHS.remark, *[_COUNT_WIDTHS.number] * len(titles)]
        widths = [part * width for part in (*parts, 1 - sum(parts))]
        above_totals: Command = ("LINEABOVE", (0, -1), (-1, -1), 0.5, self._colour("line"))
        return self._table(cells, widths, [above_totals, *self._ruled()])

    def _code(self, lines: Sequence[str], scanned: str, width: float) -> Table:
        rows = [[self._text(line, "title")] for line in lines]
        side = _QR_WIDTH * width
        code = QrCodeWidget(scanned, barWidth=side, barHeight=side, barLevel="M")
        letters = self._table(rows, [(1 - _QR_WIDTH) * width], (), header=0)
        return self._table([[letters, Drawing(side, side, code)]], [(1 - _QR_WIDTH) * width, side], (), header=0)

    def _number(self, value: int | None) -> Text:
        if value is None:
            return self._text(self._texts("report.hidden"), align="right")
        return self._text(str(value), align="right")

    def _share(self, share: float | None) -> Flowable:
        if share is None:
            return self._text("")
        # Halves go up, as people round; the inner rounding takes away what floating point adds.
        tenths = math.floor(round(1000 * share, 6) + 0.5)
        label = self._text(self._texts("report.percent", value=f"{tenths / 10:.1f}"), align="right")
        return Bar(share, label, self._style.sizes["text"], self._style.greys["bar"])

    def _table(
        self, cells: Sequence[Sequence[Flowable]], widths: Sequence[float], style: Sequence[Command], *, header: int = 1
    ) -> Table:
        # reportlab sets a font in every cell, and would take one that cannot be embedded.
        font: Command = ("FONTNAME", (0, 0), (-1, -1), self._fonts.first_face())
        return Table(cells, colWidths=widths, repeatRows=header, style=[font, *style])

    def _ruled(self) -> list[Command]:
        """Lines above, below and under the headings, as printed tables in China have them."""
        black = self._colour("text")
        return [
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ("BACKGROUND", (0, 0), (-1, 0), self._colour("fill")),
            ("LINEABOVE", (0, 0), (-1, 0), 1.0, black),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, black),
            ("LINEBELOW", (0, -1), (-1, -1), 1.0, black),
        ]

    def _colour(self, grey: Grey) -> CMYKColor:
        # Black ink alone, so that a colour printer does not mix grey from its colours.
        return CMYKColor(0, 0, 0, 1 - self._style.greys[grey])


class Bar(Flowable):  # type: ignore[misc] # reportlab has no types
    """A percentage with a bar beside it, so that it reads at a glance and in grey.

    Args:
        share: 0 to 1; the bar of 1 fills the place.
        label: the percentage in words.
        size: of the type of the label.
        grey: of the bar.
    """

    def __init__(self, share: float, label: Text, size: float, grey: float) -> None:
        super().__init__()
        self._share = share
        self._label = label
        self._size = size
        self._grey = grey

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The space it takes; called by reportlab."""
        # The label takes as much as "100.0%" needs, so that the bars of all rows begin below each other.
        self._begin = 3.8 * self._size
        self.width = width
        _, self.height = self._label.wrap(self._begin, height)
        return self.width, self.height

    def draw(self) -> None:
        """Draw it; called by reportlab."""
        self._label.drawOn(self.canv, 0, 0)
        self.canv.setFillGray(self._grey)
        gap = 0.6 * self._size
        length = (self.width - self._begin - gap) * self._share
        thickness = 0.7 * self._size
        if length:
            self.canv.rect(self._begin + gap, (self.height - thickness) / 2, length, thickness, stroke=0, fill=1)
