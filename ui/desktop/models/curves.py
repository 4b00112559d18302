"""The scores of one person over time, as curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from app.instruments.definition import Definition
from app.instruments.scales import Band, Norm, Score
from app.instruments.values import exact
from app.people.service import TimelineEntry
from app.records import ScoreResult, Screening, readable
from ui.desktop.context import Context
from ui.desktop.models.person import definition_of
from ui.desktop.widgets.curve import Curve, CurveBand, CurvePoint


def curves(context: Context, timeline: Iterable[TimelineEntry]) -> list[Curve]:
    """A curve for each instrument and score that was ever answered, in the order of the library."""
    forms: dict[str, list[Screening]] = {}
    for entry in timeline:
        screening = readable(entry.record, Screening) if entry.kind == "screening" else None
        if screening:
            forms.setdefault(screening.fields.instrument, []).append(screening.fields)
    found = []
    for instrument in context.library.ids():
        definition = definition_of(context, instrument) if instrument in forms else None
        if definition:
            answered = sorted(forms[instrument], key=lambda form: form.date)
            found += [_curve(context, definition, score, answered) for score in definition.scores]
    return found


def _curve(context: Context, definition: Definition, score: Score, forms: Sequence[Screening]) -> Curve:
    language = context.texts.language
    low, high = score.range
    return Curve(
        title=f"{definition.short_title}  {score.title[language]}",
        low=low,
        high=high,
        bands=tuple(
            CurveBand(band.low, band.high, band.title[language], band.severity) for band in _bands(score, forms)
        ),
        points=tuple(_points(context, definition, score, forms)),
        step=10**-score.decimals,
        reliable=score.change.points if score.change else None,
    )


def _bands(score: Score, forms: Sequence[Screening]) -> tuple[Band, ...]:
    """Those of the norm that the newest form was read by, where it has any; people do not change their norm often."""
    results = [form.scores[score.id] for form in forms if score.id in form.scores and form.status == "complete"]
    norm = _norm(score, results[-1]) if results else None
    return norm.bands if norm and norm.bands else score.bands


def _norm(score: Score, result: ScoreResult) -> Norm | None:
    return next((norm for norm in score.norms if norm.id == result.norm), None)


def _points(context: Context, definition: Definition, score: Score, forms: Iterable[Screening]) -> Iterator[CurvePoint]:
    before: int | float | None = None
    for form in forms:
        result = form.scores.get(score.id)
        value = result.value if result else None
        finished = form.status == "complete" or bool(result and result.prorated)
        counts = finished and not form.void and value is not None
        change = _change(score, before, value) if counts else None
        said = [context.words.score(form, definition, score), *_more(context, score, result, change)]
        yield CurvePoint(
            dt.date.fromisoformat(form.date),
            value,
            finished,
            context.texts("words.separator").join(said),
            void=form.void,
            change=change,
        )
        before = value if counts else before


def _change(score: Score, before: float | None, value: float | None) -> int | float | None:
    """By how much a score went up or down, where that is more than chance."""
    if score.change is None or before is None or value is None:
        return None
    change = exact(value) - exact(before)
    if abs(change) < exact(score.change.points):
        return None
    return float(change) if score.decimals else int(change)


def _more(context: Context, score: Score, result: ScoreResult | None, change: float | None) -> Iterator[str]:
    """The T score, and that a change is reliable."""
    norm = _norm(score, result) if result else None
    if result and norm and result.standard is not None:
        title = norm.title[context.texts.language]
        yield context.texts("paper.standard", value=f"{result.standard:g}", norm=title)
    if change is not None:
        key = "curve_up" if change > 0 else "curve_down"
        yield context.texts(f"desktop_people.{key}", points=f"{abs(change):g}")
