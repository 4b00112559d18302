"""Setting text in lines, as Chinese is set.

reportlab breaks Chinese by Japanese rules that let a line begin with ，or ： and end with （, and it looks for one font
only; so lines are made here, from glyphs that each know their face.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, Self

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.reports.fonts import Glyph

Align = Literal["left", "right", "center"]

# GB/T 15834-2011, 5.1: these do not begin a line, those do not end one; neither a dash nor an ellipsis is divided.
NO_START = frozenset("，。、；：？！）》〉」』】〕”’～－·／％‰℃,.;:?!)]}%–-/")
NO_END = frozenset("（《〈「『【〔“‘([{#＃$¥￥")
_DOUBLED = frozenset("—…")
# Where the baseline lies in a line of size 1: ideographs reach about this far above it and a seventh below.
_ABOVE_BASELINE = 0.86


def break_lines(glyphs: Sequence[Glyph], width: float) -> list[list[Glyph]]:
    """Divide glyphs into lines.

    Args:
        glyphs: of the text.
        width: of a line, in the unit of the glyphs' own widths.

    Returns:
        The lines; one after the other they are the glyphs again. Spaces hang over the end of a line. A word that is
        wider than a whole line is divided where the line is full.
    """
    lines = []
    start = 0
    while start < len(glyphs):
        end = _line_end(glyphs, start, width)
        lines.append(list(glyphs[start:end]))
        start = end
    return lines


def may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if after == " " or after in NO_START or before in NO_END or (before == after and before in _DOUBLED):
        return False
    return before == " " or _is_wide(before) or _is_wide(after)


def _line_end(glyphs: Sequence[Glyph], start: int, width: float) -> int:
    """Where the line that begins at `start` ends: at the last good place that fits."""
    used = 0.0
    good = start
    for at in range(start, len(glyphs)):
        if at > start and may_break(glyphs[at - 1].character, glyphs[at].character):
            good = at
        used += glyphs[at].width
        # A millionth, because widths are added up in floating point.
        if used > width + 1e-6 and glyphs[at].character != " ":
            return good if good > start else max(at, start + 1)
    return len(glyphs)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


class Text(Flowable):  # type: ignore[misc] # reportlab has no types
    """A paragraph that breaks its own lines and can go on on the next page.

    Args:
        glyphs: of the text.
        size: of the type.
        leading: from line to line, as a multiple of `size`.
        grey: 0 is black, 1 is white.
        align: of the lines.
    """

    def __init__(
        self,
        glyphs: Sequence[Glyph],
        *,
        size: float,
        leading: float,
        grey: float = 0.0,
        align: Align = "left",
    ) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._size = size
        self._leading = leading
        self._grey = grey
        self._align = align
        self._lines: list[list[Glyph]] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """The space it takes; called by reportlab."""
        self._lines = break_lines(self._glyphs, width / self._size)
        self.width = width
        self.height = self._size * self._leading * len(self._lines)
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """Itself in two, the first of which fits; called by reportlab."""
        self.wrap(width, height)
        fitting = int(height / (self._size * self._leading) + 1e-6)
        parts = (self._lines[:fitting], self._lines[fitting:])
        return [self._with([glyph for line in lines for glyph in line]) for lines in parts if lines] if fitting else []

    def draw(self) -> None:
        """Draw it; called by reportlab."""
        self.canv.setFillGray(self._grey)
        step = self._size * self._leading
        # The space between two lines is shared by both.
        baseline = self.height - (step - self._size) / 2 - _ABOVE_BASELINE * self._size
        for line in self._lines:
            draw_line(self.canv, line, span=(0, self.width), baseline=baseline, size=self._size, align=self._align)
            baseline -= step

    def _with(self, glyphs: Sequence[Glyph]) -> Self:
        return type(self)(glyphs, size=self._size, leading=self._leading, grey=self._grey, align=self._align)


def draw_line(
    canvas: Canvas,
    line: Sequence[Glyph],
    *,
    span: tuple[float, float],
    baseline: float,
    size: float,
    align: Align = "left",
) -> None:
    """Draw glyphs in one line between two abscissae, in the colour that is set."""
    text = "".join(glyph.character for glyph in line)
    seen = line[: len(text.rstrip(" "))]
    rest = span[1] - span[0] - size * sum(glyph.width for glyph in seen)
    x = span[0] + {"left": 0.0, "center": rest / 2, "right": rest}[align]
    for face, run in groupby(seen, key=lambda glyph: glyph.face):
        glyphs = list(run)
        canvas.setFont(face, size)
        canvas.drawString(x, baseline, "".join(glyph.character for glyph in glyphs))
        x += size * sum(glyph.width for glyph in glyphs)
