"""Two fillings of one form side by side: what was answered then and now, and by how much scores changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from app.instruments.definition import Definition
from app.instruments.filling import Filling
from app.instruments.items import Choice, Computed, Item
from app.instruments.scales import Score
from app.instruments.values import exact
from app.instruments.wording import Wording
from app.people.service import TimelineEntry
from app.records import Kept, Person, Screening, readable
from ui.desktop.context import Context
from ui.desktop.models.screening import facts_about

Verdict = Literal["", "reliable", "chance"]


class Filled(msgspec.Struct, frozen=True):
    """A form that was filled in, in words.

    Attributes:
        definition: as it was answered, or the newest where that one is not here.
        is_same: whether it is as it was answered.
        answers: item → answer in words; items that were not asked are left out, those without answer are empty.
    """

    definition: Definition
    is_same: bool
    answers: dict[str, str]


class CompareLine(msgspec.Struct, frozen=True):
    """A line of the comparison: what it is about, before, after."""

    number: str
    title: str
    before: str
    after: str
    differs: bool


class ScoreLine(msgspec.Struct, frozen=True):
    """A score before and after.

    Attributes:
        change: by how much it went up or down, with its sign; empty where one of both has no value that counts.
        verdict: whether that is more than chance, where the definition says what that takes.
        points: what it takes.
        source: the publication that says so.
    """

    title: str
    before: str
    after: str
    change: str
    verdict: Verdict
    points: int | float | None = None
    source: str = ""


def comparable(timeline: Iterable[TimelineEntry]) -> dict[str, list[Kept[Screening]]]:
    """Instrument → its fillings, the newest first, where there are two or more."""
    found: dict[str, list[Kept[Screening]]] = {}
    for entry in timeline:
        screening = readable(entry.record, Screening) if entry.kind == "screening" else None
        if screening:
            found.setdefault(screening.fields.instrument, []).append(screening)
    return {name: fillings for name, fillings in found.items() if len(fillings) > 1}


def filled(context: Context, screening: Screening, person: Person) -> Filled | None:
    """A form in words; None where its definition is not here."""
    definition = context.words.definition(screening)
    if definition is None:
        return None
    is_same = context.library.find(screening.instrument, screening.content) is not None
    wording = Wording(definition, context.texts)
    filling = Filling(definition)
    filling.begin(screening.answers, facts_about(person, dt.date.fromisoformat(screening.date)))
    asked = set(filling.walk.asked)
    answers = {}
    for item in definition.items:
        if isinstance(item, Computed):
            if item.id in asked:
                answers[item.id] = wording.computed(item, filling.value(item.id))
        elif item.id in screening.answers:
            answers[item.id] = answer_words(wording, item, screening.answers[item.id])
        elif item.id in asked:
            answers[item.id] = ""
    return Filled(definition, is_same, answers)


def answer_words(wording: Wording, item: Item, answer: Any) -> str:
    """An answer; of one option its value before the words, as on the sheet."""
    said = wording.answer(item, answer)
    counted = isinstance(item, Choice) and answer is not None and said != str(answer)
    return f"{answer}　{said}" if counted else said


def answer_lines(context: Context, before: Filled, after: Filled) -> list[CompareLine]:
    """Every item that was asked in one of two fillings, in the order of the later one."""
    definition, wording = after.definition, Wording(after.definition, context.texts)
    lines = []
    for item in definition.items:
        if item.id not in before.answers and item.id not in after.answers:
            continue
        was, now = before.answers.get(item.id, ""), after.answers.get(item.id, "")
        lines.append(CompareLine(wording.number(item), wording.item(item), was, now, was != now))
    return lines


def score_lines(context: Context, definition: Definition, before: Screening, after: Screening) -> list[ScoreLine]:
    """Every score of two fillings."""
    return [_score_line(context, definition, score, before, after) for score in definition.scores]


def _score_line(
    context: Context, definition: Definition, score: Score, before: Screening, after: Screening
) -> ScoreLine:
    was, now = (context.words.score(form, definition, score) for form in (before, after))
    title = score.title[context.texts.language]
    value, later = _final(before, score.id), _final(after, score.id)
    if value is None or later is None:
        return ScoreLine(title, was, now, "", "")
    difference = exact(later) - exact(value)
    change = f"{difference:+}" if difference else "0"
    if score.change is None:
        return ScoreLine(title, was, now, change, "")
    reliable = abs(difference) >= exact(score.change.points)
    verdict: Verdict = "reliable" if reliable else "chance"
    return ScoreLine(title, was, now, change, verdict, score.change.points, score.change.source)


def _final(form: Screening, score: str) -> int | float | None:
    """The value of a score, where it counts."""
    result = form.scores.get(score)
    if result is None or form.void or (form.status == "unfinished" and not result.prorated):
        return None
    return result.value
