"""Boxes to tick and lines to write on, drawn so that no font has to have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.reports.fonts import Glyph
from app.reports.setting import Align, break_lines, draw_line

_SIDE = 0.9
_GAP = 0.4
_TIGHT = 0.2
_SMALL = 0.85
_BETWEEN = 1.5
_ABOVE_BASELINE = 0.86
_BELOW_BASELINE = 0.28
_LINE = 0.5
_TICK = 1.3


class Marked(NamedTuple):
    """A box, the value behind it, set small, and the words, as glyphs."""

    value: Sequence[Glyph]
    glyphs: Sequence[Glyph]
    ticked: bool


class Piece(NamedTuple):
    """Words in a line, or, with a width, a line to write on; a width of 0 takes the room that is left."""

    glyphs: Sequence[Glyph]
    line: float | None = None


def width_of(glyphs: Sequence[Glyph], size: float) -> float:
    """How wide glyphs are in one line."""
    return size * sum(glyph.width for glyph in glyphs)


class BoxRow(Flowable):  # type: ignore[misc] # reportlab has no types
    """Boxes beside each other as far as there is room, in columns where they need several lines.

    Args:
        boxes: in their order.
        size: of the type.
        leading: from line to line, as a multiple of `size`.
        centered: in the middle of the room, in one line.
    """

    def __init__(self, boxes: Sequence[Marked], *, size: float, leading: float, centered: bool = False) -> None:
        super().__init__()
        self._boxes = boxes
        self._size = size
        self._leading = leading
        self._centered = centered
        self._column = 0.0
        self._rows: list[list[tuple[Marked, list[list[Glyph]], float]]] = []

    def natural_width(self) -> float:
        """What it takes in one line."""
        return sum(map(self._width, self._boxes)) + _BETWEEN * self._size * (len(self._boxes) - 1)

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """The space it takes; called by reportlab."""
        between = _BETWEEN * self._size
        widths = list(map(self._width, self._boxes))
        if self.natural_width() <= width:
            starts = [sum(widths[:at]) + between * at for at in range(len(widths))]
            per_row = len(widths)
        else:
            per_row = max(1, int((width + between) / (max(widths) + between)))
            column = (width + between) / per_row
            starts = [column * (at % per_row) for at in range(len(widths))]
        shift = (width - self.natural_width()) / 2 if self._centered else 0.0
        laid = [
            (box, break_lines(box.glyphs, (width - self._indent(box)) / self._size) or [[]], start + shift)
            for box, start in zip(self._boxes, starts, strict=True)
        ]
        self._rows = [laid[at : at + per_row] for at in range(0, len(laid), per_row)]
        step = self._size * self._leading
        self.width = width
        self.height = step * sum(max(len(lines) for _, lines, _ in row) for row in self._rows)
        return self.width, self.height

    def draw(self) -> None:
        """Draw it; called by reportlab."""
        step = self._size * self._leading
        top = self.height
        for row in self._rows:
            baseline = top - (step - self._size) / 2 - _ABOVE_BASELINE * self._size
            for box, lines, start in row:
                draw_box(self.canv, start, baseline, self._size, ticked=box.ticked)
                self.canv.setFillGray(0)
                behind = (start + (_SIDE + _TIGHT) * self._size, self.width)
                draw_line(self.canv, box.value, span=behind, baseline=baseline, size=_SMALL * self._size)
                left = start + self._indent(box)
                for number, line in enumerate(lines):
                    draw_line(
                        self.canv, line, span=(left, self.width), baseline=baseline - number * step, size=self._size
                    )
            top -= step * max(len(lines) for _, lines, _ in row)

    def _width(self, box: Marked) -> float:
        return self._indent(box) + width_of(box.glyphs, self._size)

    def _indent(self, box: Marked) -> float:
        """How far behind the edge of the box its words begin."""
        wide = _SIDE * self._size
        wide += _TIGHT * self._size + width_of(box.value, _SMALL * self._size) if box.value else 0.0
        return wide + _GAP * self._size if box.glyphs else wide


class Inline(Flowable):  # type: ignore[misc] # reportlab has no types
    """Words and lines to write on, in one line.

    Args:
        pieces: from left to right; what is written stands above its line, in the middle of it.
        size: of the type.
        leading: the height, as a multiple of `size`.
    """

    def __init__(self, pieces: Sequence[Piece], *, size: float, leading: float) -> None:
        super().__init__()
        self._pieces = pieces
        self._size = size
        self._leading = leading

    def natural_width(self) -> float:
        """What it needs at least."""
        return sum(self._least(piece) for piece in self._pieces)

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """The space it takes; called by reportlab."""
        self.width = width
        self.height = self._size * self._leading
        return self.width, self.height

    def draw(self) -> None:
        """Draw it; called by reportlab."""
        step = self._size * self._leading
        baseline = self.height - (step - self._size) / 2 - _ABOVE_BASELINE * self._size
        rest = max(0.0, self.width - self.natural_width())
        x = 0.0
        self.canv.setFillGray(0)
        for piece in self._pieces:
            wide = self._least(piece) + (rest if piece.line == 0 else 0.0)
            if piece.line is not None:
                rule(self.canv, x, x + wide, baseline - _BELOW_BASELINE * self._size)
            align: Align = "left" if piece.line is None else "center"
            draw_line(self.canv, piece.glyphs, span=(x, x + wide), baseline=baseline, size=self._size, align=align)
            x += wide

    def _least(self, piece: Piece) -> float:
        words = width_of(piece.glyphs, self._size)
        if piece.line is None:
            return words
        return max(piece.line, words + self._size) if piece.glyphs else piece.line


class Ruled(Flowable):  # type: ignore[misc] # reportlab has no types
    """Lines to write on, one below the other, with what was written.

    Args:
        glyphs: what was written.
        lines: how many there are at least.
        size: of the type.
        leading: from line to line, as a multiple of `size`.
    """

    def __init__(self, glyphs: Sequence[Glyph], lines: int, *, size: float, leading: float) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._least = lines
        self._size = size
        self._leading = leading
        self._lines: list[list[Glyph]] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """The space it takes; called by reportlab."""
        self._lines = break_lines(self._glyphs, width / self._size)
        self._lines += [[] for _ in range(self._least - len(self._lines))]
        self.width = width
        self.height = self._size * self._leading * len(self._lines)
        return self.width, self.height

    def draw(self) -> None:
        """Draw it; called by reportlab."""
        step = self._size * self._leading
        baseline = self.height - (step - self._size) / 2 - _ABOVE_BASELINE * self._size
        self.canv.setFillGray(0)
        for line in self._lines:
            rule(self.canv, 0, self.width, baseline - _BELOW_BASELINE * self._size)
            draw_line(self.canv, line, span=(0, self.width), baseline=baseline, size=self._size)
            baseline -= step


def draw_box(canvas: Canvas, x: float, baseline: float, size: float, *, ticked: bool) -> None:
    """A box that stands on the line of the type, with a tick that reaches out of it."""
    side = _SIDE * size
    bottom = baseline - 0.1 * size
    canvas.setStrokeGray(0)
    canvas.setLineWidth(_LINE)
    canvas.rect(x, bottom, side, side, stroke=1, fill=0)
    if ticked:
        canvas.setLineWidth(_TICK)
        foot = (x + 0.4 * side, bottom + 0.15 * side)
        canvas.line(x + 0.12 * side, bottom + 0.5 * side, *foot)
        canvas.line(*foot, x + 1.05 * side, bottom + 1.1 * side)


def rule(canvas: Canvas, left: float, right: float, y: float) -> None:
    """A thin line."""
    canvas.setStrokeGray(0)
    canvas.setLineWidth(_LINE)
    canvas.line(left, y, right, y)
