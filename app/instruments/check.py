"""Whether a definition holds together: references, ranges, bands, languages.

What a type can express is checked when the file is read. This is the rest: every name that is used exists, every
number follows from the others, and every text is there in every language. The first thing that is wrong refuses the
file, with its place written as in the file (``scores[0].bands[2]``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from app.errors import Problem
from app.texts import LANGUAGES

if TYPE_CHECKING:
    # For the annotations only: `definition` imports this module.
    from app.instruments.definition import Critical, Definition, Item, Score, Text


def check(definition: Definition) -> None:
    """Refuse a definition that contradicts itself.

    Raises:
        Problem: with the place and what is wrong there.
    """
    _check_languages(definition)
    _check_unique("items", (item.id for item in definition.items))
    _check_unique("scores", (score.id for score in definition.scores))
    _check_unique("critical", (rule.id for rule in definition.critical))
    for name, options in definition.option_sets.items():
        _check_unique(f"option_sets.{name}", (str(option.value) for option in options))
    items = {item.id: item for item in definition.items}
    for number, item in enumerate(definition.items):
        if item.options not in definition.option_sets:
            raise Problem("instrument.unknown_option_set", place=f"items[{number}].options", id=item.options)
    for number, score in enumerate(definition.scores):
        _check_score(definition, f"scores[{number}]", score, items)
    _check_use(definition)
    for number, rule in enumerate(definition.critical):
        _check_critical(definition, f"critical[{number}]", rule, items)


def _check_unique(place: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise Problem("instrument.duplicate_id", place=place, id=name)


def _check_languages(definition: Definition) -> None:
    """Every text is there in the same languages, ours among them, and each has its origin on record."""
    languages = dict.fromkeys([*LANGUAGES, *definition.title])
    for place, text in _texts(definition):
        _check_keys(place, text, languages)
        for language, words in text.items():
            if not words.strip():
                raise Problem("instrument.blank_text", place=place, language=language)
    _check_keys("copyright.translations", definition.copyright.translations, languages)


def _check_keys(place: str, found: Iterable[str], languages: Iterable[str]) -> None:
    for language in languages:
        if language not in found:
            raise Problem("instrument.missing_text", place=place, language=language)
    for language in found:
        if language not in languages:
            raise Problem("instrument.surplus_text", place=place, language=language)


def _texts(definition: Definition) -> Iterator[tuple[str, Text]]:
    yield "title", definition.title
    yield "population", definition.population
    yield "recall", definition.recall
    yield "instruction", definition.instruction
    for name, options in definition.option_sets.items():
        for number, option in enumerate(options):
            yield f"option_sets.{name}[{number}].text", option.text
    for number, item in enumerate(definition.items):
        yield f"items[{number}].text", item.text
    for number, score in enumerate(definition.scores):
        yield f"scores[{number}].title", score.title
        for position, band in enumerate(score.bands):
            yield f"scores[{number}].bands[{position}].title", band.title
            yield f"scores[{number}].bands[{position}].action", band.action
    for number, rule in enumerate(definition.critical):
        yield f"critical[{number}].title", rule.title


def _check_references(place: str, names: tuple[str, ...], items: dict[str, Item]) -> None:
    _check_unique(place, names)
    for name in names:
        if name not in items:
            raise Problem("instrument.unknown_item_named", place=place, id=name)


def _check_score(definition: Definition, place: str, score: Score, items: dict[str, Item]) -> None:
    _check_references(f"{place}.items", score.items, items)
    for name in score.items:
        if not items[name].scored:
            raise Problem("instrument.item_not_scored", place=f"{place}.items", id=name)
    values = [[option.value for option in definition.option_sets[items[name].options]] for name in score.items]
    low, high = sum(map(min, values)), sum(map(max, values))
    if score.range != (low, high):
        raise Problem("instrument.wrong_range", place=f"{place}.range", low=low, high=high)
    # The lowest value cannot be a cut-off: it would make every form positive.
    if score.positive_from is not None and not low < score.positive_from <= high:
        raise Problem("instrument.cut_off_outside", place=f"{place}.positive_from", low=low, high=high)
    _check_bands(place, score)


def _check_bands(place: str, score: Score) -> None:
    """The bands follow each other without gap or overlap, from one end of the range to the other."""
    _check_unique(f"{place}.bands", (band.id for band in score.bands))
    low, high = score.range
    for number, band in enumerate(score.bands):
        if band.low != low:
            raise Problem("instrument.band_gap", place=f"{place}.bands[{number}].from", expected=low)
        last = number == len(score.bands) - 1
        if band.high < band.low or (band.high != high if last else band.high >= high):
            raise Problem("instrument.band_end", place=f"{place}.bands[{number}].to", low=band.low, high=high)
        low = band.high + 1


def _check_use(definition: Definition) -> None:
    """A scored item is counted somewhere, and cannot be left out."""
    counted = {name for score in definition.scores for name in score.items}
    for number, item in enumerate(definition.items):
        if item.scored and item.id not in counted:
            raise Problem("instrument.item_never_scored", place=f"items[{number}]", id=item.id)
        if item.scored and not item.required:
            raise Problem("instrument.scored_item_optional", place=f"items[{number}]", id=item.id)


def _check_critical(definition: Definition, place: str, rule: Critical, items: dict[str, Item]) -> None:
    """Some answer to each item triggers the rule, and some answer does not."""
    _check_references(f"{place}.items", rule.items, items)
    for name in rule.items:
        values = [option.value for option in definition.option_sets[items[name].options]]
        if not min(values) < rule.at_least <= max(values):
            raise Problem("instrument.critical_outside", place=f"{place}.at_least", id=name)
