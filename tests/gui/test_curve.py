"""The picture of a score over time."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.texts import Texts
from ui.desktop.theme import Mode, Theme
from ui.desktop.widgets.curve import Curve, CurveBand, CurveChart, CurvePoint

START = dt.date(2024, 9, 1)
BANDS = (
    CurveBand(0, 4, "很少", 0),
    CurveBand(5, 9, "轻度", 1),
    CurveBand(10, 14, "中度", 2),
    CurveBand(15, 19, "中重度", 3),
    CurveBand(20, 27, "重度", 4),
)


def point(month: int, value: float | None, *, finished: bool = True) -> CurvePoint:
    return CurvePoint(START + dt.timedelta(days=30 * month), value, finished, f"{value} 分")


def curve(*points: CurvePoint, bands: tuple[CurveBand, ...] = BANDS) -> Curve:
    return Curve("PHQ-9", 0, 27, bands, points)


@pytest.fixture
def chart(qtbot: QtBot, qapp: QApplication) -> Callable[..., CurveChart]:
    def make(drawn: Curve, *, mode: Mode = "light", width: int = 520) -> CurveChart:
        theme = Theme(mode)
        theme.apply(qapp)
        made = CurveChart(drawn, Texts.load(), theme)
        qtbot.addWidget(made)
        made.resize(width, made.sizeHint().height())
        made.show()
        return made

    return make


def color(made: CurveChart, place: QPointF) -> QColor:
    image: QImage = made.grab().toImage()
    return image.pixelColor(place.toPoint() * image.devicePixelRatio())


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_each_band_is_a_stripe_of_its_own_colour(chart: Callable[..., CurveChart], mode: Mode) -> None:
    made = chart(curve(*(point(0, band.low + 1) for band in BANDS)), mode=mode)
    theme = Theme(mode)
    found = [color(made, place + QPointF(60, 0)) for place in made.places()]
    assert found == [theme.color(f"chart_{number}") for number in range(1, 6)]


def test_a_higher_score_stands_higher_and_a_later_one_further_right(chart: Callable[..., CurveChart]) -> None:
    first, second, third = chart(curve(point(0, 3), point(6, 21), point(7, 9))).places()
    assert second.y() < third.y() < first.y()
    assert first.x() < second.x() < third.x()
    assert second.x() - first.x() == pytest.approx(6 * (third.x() - second.x()), abs=1)


def test_an_unfinished_form_is_hollow_and_outside_the_line(chart: Callable[..., CurveChart]) -> None:
    theme = Theme("light")
    made = chart(curve(point(0, 10), point(6, 3, finished=False), point(12, 10)))
    first, hollow, last = made.places()
    assert color(made, first) == theme.color("accent_strong")
    assert color(made, hollow) == theme.color("surface")
    middle = QPointF(hollow.x(), first.y())
    assert color(made, middle).lightness() < 150, "the line goes straight past the unfinished form"
    assert first.y() == last.y()


def test_the_nearest_point_tells_itself(chart: Callable[..., CurveChart], qapp: QApplication) -> None:
    made = chart(curve(point(0, 3), point(6, 21)))
    place = made.places()[1]
    assert made.point_at(place + QPointF(4, -4)) == point(6, 21)
    assert made.point_at(place + QPointF(-60, 40)) is None
    where = place.toPoint()
    qapp.sendEvent(made, QHelpEvent(QEvent.Type.ToolTip, where, made.mapToGlobal(where)))
    assert QToolTip.text() == "2025-02-28：21 分"
    qapp.sendEvent(made, QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), made.mapToGlobal(QPoint(1, 1))))


def test_a_screen_reader_is_told_every_point(chart: Callable[..., CurveChart]) -> None:
    made = chart(curve(point(0, 3), point(6, None, finished=False)))
    assert made.accessibleName() == "PHQ-9"
    assert made.accessibleDescription() == "2024-09-01：3 分；2025-02-28：None 分"


@pytest.mark.parametrize("width", [220, 300, 900])
def test_points_stay_inside_the_picture_whatever_the_scores(chart: Callable[..., CurveChart], width: int) -> None:
    points = [point(month, 4 * month - 40) for month in range(30)]
    made = chart(curve(*points), width=width)
    assert all(made.rect().contains(place.toPoint()) for place in made.places())
    made.grab()


def test_a_single_form_stands_in_the_middle(chart: Callable[..., CurveChart]) -> None:
    one = chart(curve(point(0, 3))).places()[0]
    first, last = chart(curve(point(0, 3), point(1, 3))).places()
    assert one.x() == pytest.approx((first.x() + last.x()) / 2)


def test_two_forms_of_one_day_can_be_drawn(chart: Callable[..., CurveChart]) -> None:
    first, second = chart(curve(point(0, 3), point(0, 5))).places()
    assert first.x() == second.x()


def test_a_score_without_bands_can_be_drawn(chart: Callable[..., CurveChart]) -> None:
    made = chart(curve(point(0, 3), bands=()))
    assert color(made, made.places()[0] + QPointF(40, 0)) == Theme("light").color("raised")


def test_every_band_of_every_instrument_is_high_enough_for_its_title(chart: Callable[..., CurveChart]) -> None:
    made = chart(curve(*(point(0, band.low) for band in BANDS)))
    tops = [place.y() for place in made.places()]
    height = made.fontMetrics().height() * 12 / 14
    assert all(lower - upper >= height for lower, upper in pairwise(tops))


def test_a_void_form_is_hollow_and_outside_the_line(chart: Callable[..., CurveChart]) -> None:
    theme = Theme("light")
    void = CurvePoint(START + dt.timedelta(days=180), 20, finished=True, words="20 分，本份作废", void=True)
    made = chart(curve(point(0, 10), void, point(12, 10)))
    first, hollow, _ = made.places()
    assert color(made, hollow) == theme.color("surface")
    assert color(made, QPointF(hollow.x(), first.y())).lightness() < 150, "the line goes straight past the void form"


def test_a_reliable_change_is_a_thick_line_with_a_legend(chart: Callable[..., CurveChart]) -> None:
    def rising(change: int | None) -> Curve:
        last = CurvePoint(START + dt.timedelta(days=360), 10, finished=True, words="10 分", change=change)
        return Curve("PHQ-9", 0, 27, BANDS, (point(0, 10), last), reliable=5)

    plain, thick = chart(rising(None)), chart(rising(6))
    assert thick.sizeHint().height() > plain.sizeHint().height(), "the legend has a line of its own"

    def beside_the_line(made: CurveChart) -> QColor:
        first, last = made.places()
        return color(made, QPointF(first.x() + (last.x() - first.x()) / 4, first.y() + 1.4))

    assert beside_the_line(thick).lightness() < beside_the_line(plain).lightness() - 30


def test_scores_with_decimals_have_bands_without_a_gap(chart: Callable[..., CurveChart]) -> None:
    bands = (CurveBand(1.0, 2.0, "未见偏高", 0), CurveBand(2.01, 5.0, "偏高", 1))
    points = tuple(CurvePoint(START + dt.timedelta(days=at), value, True, "") for at, value in enumerate((2.0, 2.01)))
    made = chart(Curve("SCL-90", 1, 5, bands, points, step=0.01))
    low, high = made.places()
    assert 0 < low.y() - high.y() < 1
    theme = Theme("light")
    beside = QPointF(low.x() + 40, low.y())
    assert color(made, beside + QPointF(0, 8)) == theme.color("chart_1")
    assert color(made, beside - QPointF(0, 8)) == theme.color("chart_2")


def test_where_less_is_worse_the_lower_stripe_has_the_graver_colour(chart: Callable[..., CurveChart]) -> None:
    bands = (CurveBand(0, 28, "很低", 2), CurveBand(29, 50, "低", 1), CurveBand(51, 100, "好", 0))
    made = chart(Curve("WHO-5", 0, 100, bands, tuple(point(0, value) for value in (14, 40, 75))))
    found = [color(made, place + QPointF(60, 0)) for place in made.places()]
    assert found == [Theme("light").color(f"chart_{number}") for number in (3, 2, 1)]
