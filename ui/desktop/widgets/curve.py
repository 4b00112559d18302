"""How a score went over time: its bands as stripes with their titles, a point for each form, dates below.

Drawn so that it can be read in grey: every band is named beside its stripe and parted from the next by a line; a form
that does not count, unfinished or void, is a hollow point with its word; a reliable change is a thick line with an arrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.texts import Texts
from ui.desktop.theme import Theme

STRIPES = 5
"""Colours for stripes, in rising severity, that the theme has."""

_POINT = 4.5
_LINE, _THICK = 1.8, 4.0
_ARROW = 7.0
_NEAR = 14.0
_LEAST_PLOT = 104.0
_MOST_PLOT = 200.0
_EDGE = 18.0


class CurveBand(msgspec.Struct, frozen=True):
    """A band, both ends included."""

    low: int | float
    high: int | float
    title: str
    severity: int


class CurvePoint(msgspec.Struct, frozen=True):
    """One form.

    Attributes:
        date: of the answers.
        value: the score; of an unfinished form the sum so far, None where nothing of it was answered.
        finished: an unfinished form is a hollow point, outside the line.
        words: the score in words, and what else there is to say about it.
        void: likewise hollow: by the instrument's own rule it does not count.
        change: by how much it differs from the one before that counts, where that is more than chance.
    """

    date: dt.date
    value: int | float | None
    finished: bool
    words: str
    void: bool = False
    change: int | float | None = None

    @property
    def counts(self) -> bool:
        """Whether it is part of the line."""
        return self.finished and not self.void


class Curve(msgspec.Struct, frozen=True):
    """What is drawn: a title, the lowest and the highest possible score, bands in rising order, points by date.

    Attributes:
        step: the distance between neighbouring scores, below 1 where they have decimals.
        reliable: by how much two results must differ to be more than chance; None where that is not known.
    """

    title: str
    low: int | float
    high: int | float
    bands: tuple[CurveBand, ...]
    points: tuple[CurvePoint, ...]
    step: float = 1
    reliable: int | float | None = None

    @property
    def has_changed(self) -> bool:
        """Whether a reliable change is drawn."""
        return any(point.change is not None for point in self.points)


class CurveChart(QWidget):
    """Draws one curve. Screen readers get it as a sentence; a tool tip tells each point."""

    def __init__(self, curve: Curve, texts: Texts, theme: Theme) -> None:
        super().__init__()
        self._curve = curve
        self._texts = texts
        self._theme = theme
        self._font = QFont(self.font())
        self._font.setPixelSize(theme.size("small"))
        self._metrics = QFontMetricsF(self._font)
        self.setAccessibleName(curve.title)
        self.setAccessibleDescription(self._sentence())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(220)

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """As high as the narrowest band needs to be named, within bounds."""
        lines = 3 if self._curve.has_changed else 2
        return QSize(320, round(self._plot_height() + lines * self._metrics.height() + 10))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """The width may shrink, the height not."""
        return QSize(220, self.sizeHint().height())

    def places(self) -> list[QPointF]:
        """Where the points are, in the order of the curve."""
        plot = self._plot()
        points = self._curve.points
        if not points:
            return []
        first, last = points[0].date.toordinal(), points[-1].date.toordinal()
        inner = plot.adjusted(_EDGE, 0, -_EDGE, 0)
        found = []
        for point in points:
            share = (point.date.toordinal() - first) / (last - first) if last > first else 0.5
            value = self._curve.low if point.value is None else point.value
            # Bands may have been another definition's when the form was scored: the point stays in the picture.
            value = min(max(value, self._curve.low), self._curve.high)
            found.append(QPointF(inner.left() + share * inner.width(), self._y(value, plot)))
        return found

    def point_at(self, position: QPointF) -> CurvePoint | None:
        """The point that is nearest to a place in the widget, None where none is near."""
        near = [
            ((place - position).manhattanLength(), index)
            for index, place in enumerate(self.places())
            if (place - position).manhattanLength() <= _NEAR
        ]
        return self._curve.points[min(near)[1]] if near else None

    def event(self, event: QEvent) -> bool:
        """Tell the point under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            point = self.point_at(QPointF(event.pos()))
            if point is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._told(point), self)
            return True
        return super().event(event)

    # ---- measures ----

    def _plot_height(self) -> float:
        step = self._curve.step
        cells = self._curve.high - self._curve.low + step
        narrowest = min((band.high - band.low + step for band in self._curve.bands), default=cells)
        return min(max(_LEAST_PLOT, (self._metrics.height() + 3) * cells / narrowest), _MOST_PLOT)

    def _plot(self) -> QRectF:
        """Where the stripes are, without the titles beside them."""
        numbers = (self._curve.low, self._curve.high, *(band.low for band in self._curve.bands))
        left = max(self._width(f"{number:g}") for number in numbers) + 6
        right = max((self._width(band.title) for band in self._curve.bands), default=0.0) + 14
        return QRectF(left, self._metrics.height(), max(40.0, self.width() - left - right), self._plot_height())

    def _y(self, value: float, plot: QRectF) -> float:
        """Every possible score has a cell of the same height; its point is in the middle of it."""
        step = self._curve.step
        cells = self._curve.high - self._curve.low + step
        return plot.bottom() - (value - self._curve.low + step / 2) / cells * plot.height()

    def _width(self, text: str) -> float:
        return self._metrics.horizontalAdvance(text)

    # ---- drawing ----

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 -- Qt's name
        """Draw stripes, line, points, values and dates."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        plot = self._plot()
        self._paint_bands(painter, plot)
        places = self.places()
        self._paint_line(painter, places)
        self._paint_points(painter, places, plot)
        self._paint_dates(painter, places, plot)
        self._paint_legend(painter, plot)
        painter.end()

    def _paint_bands(self, painter: QPainter, plot: QRectF) -> None:
        curve, color = self._curve, self._theme.color
        whole = QRectF(plot.left(), plot.top(), self.width() - plot.left() - 1, plot.height())
        if not curve.bands:
            painter.fillRect(whole, color("raised"))
        for band in curve.bands:
            half = curve.step / 2
            top, bottom = self._y(band.high + half, plot), self._y(band.low - half, plot)
            stripe = QRectF(whole.left(), top, whole.width(), bottom - top)
            painter.fillRect(stripe, color(f"chart_{min(band.severity, STRIPES - 1) + 1}"))
            painter.setPen(QPen(color("line_strong"), 1))
            painter.drawLine(stripe.topLeft(), stripe.topRight())
            if stripe.height() >= self._metrics.height() - 2:
                painter.setPen(color("text"))
                beside = QRectF(plot.right() + 7, top, whole.right() - plot.right(), stripe.height())
                painter.drawText(beside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, band.title)
        painter.setPen(QPen(color("line_strong"), 1))
        painter.drawRect(whole)
        self._paint_scale(painter, plot)

    def _paint_scale(self, painter: QPainter, plot: QRectF) -> None:
        """Where each band begins, and the highest score; what would touch the number below it is left out."""
        painter.setPen(self._theme.color("muted"))
        height = self._metrics.height()
        free_to = plot.bottom() + height
        for value in (self._curve.low, *(band.low for band in self._curve.bands[1:]), self._curve.high):
            middle = self._y(value, plot)
            if middle + height / 2 > free_to:
                continue
            free_to = middle - height / 2 + 2
            cell = QRectF(0, middle - height / 2, plot.left() - 5, height)
            painter.drawText(cell, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}")

    def _paint_line(self, painter: QPainter, places: Sequence[QPointF]) -> None:
        """From point to point of those that count; thick, with an arrow, where the change is more than chance."""
        counted = [(place, point) for place, point in zip(places, self._curve.points, strict=True) if point.counts]
        color = self._theme.color("accent_strong")
        for (start, _), (end, point) in pairwise(counted):
            painter.setPen(QPen(color, _LINE if point.change is None else _THICK))
            painter.drawLine(start, end)
            if point.change is not None:
                self._paint_arrow(painter, start, end)

    def _paint_arrow(self, painter: QPainter, start: QPointF, end: QPointF) -> None:
        """In the middle of a line, up or down as it goes."""
        middle = QPointF((start.x() + end.x()) / 2, (start.y() + end.y()) / 2)
        tip = -_ARROW if end.y() < start.y() else _ARROW
        color = self._theme.color("accent_strong")
        painter.setPen(QPen(self._theme.color("surface"), 1))
        painter.setBrush(color)
        sides = (QPointF(-_ARROW, -tip / 2), QPointF(_ARROW, -tip / 2), QPointF(0, tip))
        painter.drawPolygon([middle + side for side in sides])

    def _paint_points(self, painter: QPainter, places: Sequence[QPointF], plot: QRectF) -> None:
        strong = self._theme.color("accent_strong")
        height = self._metrics.height()
        free_from = 0.0
        for place, point in zip(places, self._curve.points, strict=True):
            painter.setPen(QPen(strong, _LINE))
            painter.setBrush(strong if point.counts else self._theme.color("surface"))
            painter.drawEllipse(place, _POINT, _POINT)
            text = self._label(point)
            width = self._width(text)
            left = min(max(place.x() - width / 2, 0), self.width() - width)
            if left < free_from:
                continue
            free_from = left + width + 3
            # Under the point where there is no room above it.
            top = place.y() - _POINT - height - 1
            top = top if top >= plot.top() else place.y() + _POINT + 1
            painter.setPen(self._theme.color("text"))
            painter.drawText(QRectF(left, top, width + 1, height), Qt.AlignmentFlag.AlignCenter, text)

    def _label(self, point: CurvePoint) -> str:
        """What stands beside a point."""
        text = "—" if point.value is None else f"{point.value:g}"
        if point.counts:
            return text
        key = "curve_unfinished" if not point.finished else "curve_void"
        return self._texts(f"desktop_people.{key}", value=text)

    def _paint_legend(self, painter: QPainter, plot: QRectF) -> None:
        """What the thick lines are, where there are any."""
        if self._curve.has_changed:
            height = self._metrics.height()
            below = QRectF(0, plot.bottom() + 6 + height, self.width(), height)
            painter.setPen(self._theme.color("muted"))
            legend = self._texts("desktop_people.curve_legend", points=self._curve.reliable)
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, legend)

    def _paint_dates(self, painter: QPainter, places: Sequence[QPointF], plot: QRectF) -> None:
        """The first and the last date, and those between them for which there is room."""
        painter.setPen(self._theme.color("muted"))
        dates = [point.date.isoformat() for point in self._curve.points]
        spans: list[tuple[float, float]] = []
        for index in _from_both_ends(len(dates)):
            width = self._width(dates[index])
            left = min(max(places[index].x() - width / 2, 0), self.width() - width)
            if any(left < end + 8 and left + width + 8 > start for start, end in spans):
                continue
            spans.append((left, left + width))
            below = QRectF(left, plot.bottom() + 4, width + 1, self._metrics.height())
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, dates[index])

    # ---- words ----

    def _told(self, point: CurvePoint) -> str:
        return self._texts("desktop_people.curve_point", date=point.date.isoformat(), words=point.words)

    def _sentence(self) -> str:
        return self._texts("words.separator").join(self._told(point) for point in self._curve.points)


def _from_both_ends(count: int) -> list[int]:
    """All indexes below `count`: the last, the first, then the others from the latest on."""
    return list(dict.fromkeys([count - 1, 0, *range(count - 2, 0, -1)])) if count else []
