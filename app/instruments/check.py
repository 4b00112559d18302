"""Whether a definition holds together: references, ranges, bands, languages, conditions.

What a type can express is checked when the file is read. This is the rest: every name that is used exists, every
number follows from the others, every condition can be computed from what comes before it, and every text is there in
every language. The first thing that is wrong refuses the file, with its place written as in the file
(``scores[0].bands[2]``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from app.errors import Problem
from app.instruments.check_scores import check_critical, check_score, check_unique
from app.instruments.conditions import FACTS, QUALITY_FACTS, condition, expression, type_of
from app.instruments.items import Cell, Choice, Chosen, Computed, Group, Item, Multiple, Quantity
from app.texts import LANGUAGES

if TYPE_CHECKING:
    # For the annotations only: `definition` imports this module.
    from app.instruments.definition import Definition
    from app.instruments.operations import Type
    from app.instruments.parts import Text


_NO_TEXTS = frozenset({"codes", "weights", "translations", "option_sets"})
"""Fields that hold something else by name than words by language."""


def check(definition: Definition) -> None:
    """Refuse a definition that contradicts itself.

    Raises:
        Problem: with the place and what is wrong there.
    """
    _check_languages(definition)
    _check_wording(definition)
    check_unique("sections", (section.id for section in definition.sections))
    check_unique("items", (item.id for item in definition.items))
    check_unique("scores", (score.id for score in definition.scores))
    # Expressions speak of items and scores by the same kind of name.
    check_unique("scores", (one.id for one in (*definition.items, *definition.scores)))
    check_unique("critical", (rule.id for rule in definition.critical))
    check_unique("quality", (rule.id for rule in definition.quality))
    for name, options in definition.option_sets.items():
        check_unique(f"option_sets.{name}", (str(option.value) for option in options))
    types = _check_items(definition, definition.items, "items", dict(FACTS))
    _check_sections(definition)
    for number, score in enumerate(definition.scores):
        check_score(definition, f"scores[{number}]", score, types)
        types = {**types, score.id: "number"}
    _check_use(definition)
    for number, rule in enumerate(definition.critical):
        check_critical(definition, f"critical[{number}]", rule)
    for number, doubt in enumerate(definition.quality):
        condition(f"quality[{number}].when", doubt.when, {**types, **QUALITY_FACTS})


# ---- words ----


def _check_languages(definition: Definition) -> None:
    """Every text is there in the same languages, ours among them, and each has its origin on record."""
    languages = dict.fromkeys([*LANGUAGES, *definition.title])
    for place, text in texts_of(definition, ""):
        _check_keys(place, text, languages)
        for language, words in text.items():
            if not words.strip():
                raise Problem("instrument.blank_text", place=place, language=language)
    if definition.copyright.wording == "full":
        _check_keys("copyright.translations", definition.copyright.translations, languages)
    elif definition.copyright.translations:
        raise Problem("instrument.structure_translated", place="copyright.translations")


def _check_keys(place: str, found: Iterable[str], languages: Iterable[str]) -> None:
    for language in languages:
        if language not in found:
            raise Problem("instrument.missing_text", place=place, language=language)
    for language in found:
        if language not in languages:
            raise Problem("instrument.surplus_text", place=place, language=language)


def texts_of(part: Any, place: str) -> Iterator[tuple[str, Text]]:
    """Every text in a part of a definition, with its place."""
    if isinstance(part, msgspec.Struct):
        for name, written in zip(part.__struct_fields__, part.__struct_encode_fields__, strict=True):
            at = f"{place}.{written}" if place else written
            value = getattr(part, name)
            if isinstance(value, dict) and name not in _NO_TEXTS:
                yield at, value
            else:
                yield from texts_of(value, at)
    elif isinstance(part, tuple):
        for number, one in enumerate(part):
            yield from texts_of(one, f"{place}[{number}]")
    elif isinstance(part, dict):
        for name, one in part.items():
            yield from texts_of(one, f"{place}.{name}")


def _check_wording(definition: Definition) -> None:
    """Where the wording may be here all of it is."""
    if definition.copyright.wording == "structure":
        return
    for name, options in definition.option_sets.items():
        for number, option in enumerate(options):
            if option.text is None:
                raise Problem("instrument.no_wording", place=f"option_sets.{name}[{number}].text")
    for place, item in _all_items(definition):
        if item.text is None:
            raise Problem("instrument.no_wording", place=f"{place}.text")


def _all_items(definition: Definition) -> Iterator[tuple[str, Item]]:
    for number, item in enumerate(definition.items):
        yield f"items[{number}]", item
        for row, cell in enumerate(item.items if isinstance(item, Group) else ()):
            yield f"items[{number}].items[{row}]", cell


# ---- items ----


def _check_items(definition: Definition, items: Iterable[Item], place: str, types: dict[str, Type]) -> dict[str, Type]:
    """Check items in their order. Returns the types of all names; a condition sees only what comes before it."""
    for number, item in enumerate(items):
        at = f"{place}[{number}]"
        for name in ("visible_if", "required_if"):
            if text := getattr(item, name):
                condition(f"{at}.{name}", text, types)
        _check_kind(definition, at, item, types)
        types = {**types, item.id: _type(item, types)}
        if item.stop_if:
            condition(f"{at}.stop_if", item.stop_if, types)
    return types


def _type(item: Item, types: dict[str, Type]) -> Type:
    return expression("", item.value, types).type if isinstance(item, Computed) else type_of(item)


def _check_kind(definition: Definition, at: str, item: Item, types: dict[str, Type]) -> None:
    if isinstance(item, Chosen):
        _check_options(definition, at, item)
    elif isinstance(item, Quantity):
        if item.low >= item.high:
            raise Problem("instrument.limits", place=f"{at}.to", low=item.low)
    elif isinstance(item, Computed):
        expression(f"{at}.value", item.value, types)
    elif isinstance(item, Group):
        _check_group(definition, at, item)


def _check_options(definition: Definition, at: str, item: Choice | Multiple) -> None:
    if item.options not in definition.option_sets:
        raise Problem("instrument.unknown_option_set", place=f"{at}.options", id=item.options)
    if isinstance(item, Multiple):
        values = {option.value for option in definition.option_sets[item.options]}
        for value in item.alone:
            if value not in values:
                raise Problem("instrument.no_such_option", place=f"{at}.alone", value=value)


def _check_group(definition: Definition, at: str, group: Group) -> None:
    check_unique(f"{at}.items", (cell.id for cell in group.items))
    if group.least > group.most:
        raise Problem("instrument.limits", place=f"{at}.most", low=group.least)
    cells: tuple[Cell, ...] = group.items
    for number, cell in enumerate(cells):
        if isinstance(cell, Choice | Quantity) and cell.scored:
            raise Problem("instrument.scored_in_group", place=f"{at}.items[{number}]", id=cell.id)
        if cell.stop_if or cell.section:
            field = "stop_if" if cell.stop_if else "section"
            raise Problem("instrument.unknown_field", place=f"{at}.items[{number}]", field=field)
    _check_items(definition, cells, f"{at}.items", dict(FACTS))


def _check_sections(definition: Definition) -> None:
    """The items stand in the sections, in their order, without coming back to an earlier one."""
    order = {section.id: number for number, section in enumerate(definition.sections)}
    reached = 0
    for number, item in enumerate(definition.items):
        if item.section is None and not order:
            continue
        here = order.get(item.section or "")
        if here is None or here < reached:
            raise Problem("instrument.wrong_section", place=f"items[{number}].section", id=item.section or "")
        reached = here
    used = {item.section for item in definition.items}
    for number, section in enumerate(definition.sections):
        if section.id not in used:
            raise Problem("instrument.empty_section", place=f"sections[{number}]", id=section.id)


def _check_use(definition: Definition) -> None:
    """A scored item is counted somewhere, and cannot be left out."""
    counted = {name for score in definition.scores for name in score.items}
    for number, item in enumerate(definition.items):
        if not isinstance(item, Choice | Quantity) or not item.scored:
            continue
        if item.id not in counted:
            raise Problem("instrument.item_never_scored", place=f"items[{number}]", id=item.id)
        if not item.required or item.required_if:
            raise Problem("instrument.scored_item_optional", place=f"items[{number}]", id=item.id)
