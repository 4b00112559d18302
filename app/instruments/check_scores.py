"""Whether the scores and critical rules of a definition hold together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from app.errors import Problem
from app.instruments.conditions import condition, expression
from app.instruments.items import Choice, Quantity
from app.instruments.values import derived_range, exact, plain, span, step

if TYPE_CHECKING:
    # For the annotations only: `definition` imports this module.
    from app.instruments.definition import Definition
    from app.instruments.items import Item
    from app.instruments.operations import Type
    from app.instruments.scales import Band, Critical, Norm, Score
    from app.instruments.values import Scored


def check_score(definition: Definition, place: str, score: Score, types: dict[str, Type]) -> None:
    """Refuse a score that cannot be computed, or whose bands and cut-offs do not fit its range. Raises Problem."""
    _check_method(place, score)
    if score.formula:
        found = expression(f"{place}.formula", score.formula, types)
        if found.type != "number":
            raise Problem("expression.no_number", place=f"{place}.formula", expression=score.formula)
    items = [_scored(definition, f"{place}.items", name) for name in score.items]
    check_unique(f"{place}.items", score.items)
    for name in score.weights:
        if name not in score.items:
            raise Problem("instrument.unknown_item_named", place=f"{place}.weights", id=name)
    _check_table(place, score)
    expected = derived_range(score, _spans(definition, items)) if items else None
    if score.range[0] >= score.range[1] or (expected and score.range != expected):
        low, high = expected or (score.range[0], "…")
        raise Problem("instrument.wrong_range", place=f"{place}.range", low=low, high=high)
    if score.prorating and score.prorating.missing >= len(score.items):
        raise Problem("instrument.limits", place=f"{place}.prorating.missing", low=score.prorating.missing)
    _check_reading(place, score, score)
    for number, norm in enumerate(score.norms):
        condition(f"{place}.norms[{number}].when", norm.when, types)
        _check_reading(f"{place}.norms[{number}]", score, norm)
        if (norm.mean is None) != (norm.deviation is None) or (norm.deviation is not None and norm.deviation <= 0):
            raise Problem("instrument.half_a_norm", place=f"{place}.norms[{number}]")
    check_unique(f"{place}.norms", [norm.id for norm in score.norms])


def check_unique(place: str, names: Iterable[str]) -> None:
    """Raise Problem where a name stands twice."""
    for name, count in Counter(names).items():
        if count > 1:
            raise Problem("instrument.duplicate_id", place=place, id=name)


def _check_method(place: str, score: Score) -> None:
    """A formula has a formula, a count has what it counts from, everything else has items and neither."""
    wanted = {"formula": score.method == "formula", "counts_from": score.method == "count"}
    for name, is_wanted in wanted.items():
        if (getattr(score, name) is not None) != is_wanted:
            raise Problem("instrument.method", place=f"{place}.{name}", method=score.method)
    if bool(score.items) == (score.method == "formula"):
        raise Problem("instrument.method", place=f"{place}.items", method=score.method)


def _scored(definition: Definition, place: str, name: str) -> Scored:
    item = definition.item(name)
    if item is None:
        raise Problem("instrument.unknown_item_named", place=place, id=name)
    if not isinstance(item, Choice | Quantity) or not item.scored:
        raise Problem("instrument.item_not_scored", place=place, id=name)
    return item


def _spans(definition: Definition, items: list[Scored]) -> list[tuple[Decimal, Decimal]]:
    """What each item counts at least and at most; one that may not be asked counts nothing then."""
    stops = [number for number, item in enumerate(definition.items) if item.stop_if]
    asked_always = {item.id for item in definition.items[: stops[0] + 1 if stops else None] if not item.visible_if}
    spans = []
    for item in items:
        low, high = span(item, definition.option_sets)
        spans.append((low, high) if item.id in asked_always else (min(low, Decimal(0)), max(high, Decimal(0))))
    return spans


def _check_table(place: str, score: Score) -> None:
    """The lines of a table follow each other without gap or overlap."""
    distance, expected = step(score.decimals), None
    for number, line in enumerate(score.table):
        if line.high < line.low or (expected is not None and exact(line.low) != expected):
            raise Problem("instrument.band_gap", place=f"{place}.table[{number}].from", expected=expected or line.low)
        expected = exact(line.high) + distance


def _check_reading(place: str, score: Score, reading: Score | Norm) -> None:
    """The bands cover the range, and the cut-off can be reached and missed."""
    _check_bands(place, score, reading.bands)
    low, high = score.range
    if reading.positive_from is not None and not low < reading.positive_from <= high:
        raise Problem("instrument.cut_off_outside", place=f"{place}.positive_from", low=low, high=high)
    if reading.positive_to is not None and (reading.positive_from is not None or not low <= reading.positive_to < high):
        raise Problem("instrument.cut_off_below", place=f"{place}.positive_to", low=low, high=high)


def _check_bands(place: str, score: Score, bands: tuple[Band, ...]) -> None:
    """The bands follow each other without gap or overlap, from one end of the range to the other."""
    check_unique(f"{place}.bands", [band.id for band in bands])
    expected, high = exact(score.range[0]), score.range[1]
    for number, band in enumerate(bands):
        if exact(band.low) != expected:
            shown = plain(expected, score.decimals)
            raise Problem("instrument.band_gap", place=f"{place}.bands[{number}].from", expected=shown)
        last = number == len(bands) - 1
        if band.high < band.low or (band.high != high if last else band.high >= high):
            raise Problem("instrument.band_end", place=f"{place}.bands[{number}].to", low=band.low, high=high)
        expected = exact(band.high) + step(score.decimals)


def check_critical(definition: Definition, place: str, rule: Critical) -> None:
    """Some answer to each item triggers the rule, and some answer does not. Raises Problem."""
    check_unique(f"{place}.items", rule.items)
    if [rule.at_least, rule.at_most, rule.any_of].count(None) != 2:
        raise Problem("instrument.one_of_them", place=place)
    for name in rule.items:
        item = definition.item(name)
        if item is None:
            raise Problem("instrument.unknown_item_named", place=f"{place}.items", id=name)
        if rule.any_of is not None:
            _check_chosen(definition, place, rule.any_of, item)
            continue
        if not isinstance(item, Choice | Quantity):
            raise Problem("instrument.item_not_scored", place=f"{place}.items", id=name)
        low, high = span(item, definition.option_sets)
        if rule.at_least is not None and not low < rule.at_least <= high:
            raise Problem("instrument.critical_outside", place=f"{place}.at_least", id=name)
        if rule.at_most is not None and not low <= rule.at_most < high:
            raise Problem("instrument.critical_outside", place=f"{place}.at_most", id=name)


def _check_chosen(definition: Definition, place: str, values: tuple[int, ...], item: Item) -> None:
    """The options that count exist, and somebody can choose otherwise."""
    options = {option.value for option in definition.options(item)}
    if not set(values) <= options:
        raise Problem("instrument.no_such_option", place=f"{place}.any_of", value=min(set(values) - options))
    if isinstance(item, Choice) and options <= set(values):
        raise Problem("instrument.critical_outside", place=f"{place}.any_of", id=item.id)
