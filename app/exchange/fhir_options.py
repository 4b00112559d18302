"""The answers to a choice, as FHIR lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from app.exchange.draft import Draft
from app.exchange.fhir_conditions import keys_of
from app.exchange.fhir_terms import EXCLUSIVE, OPTIONS, ORDINAL, WEIGHT, Json, codes_of, extension, number, words
from app.exchange.report import Refusal
from app.instruments.parts import Option, Text


class Answers(msgspec.Struct, frozen=True):
    """The answers to one question.

    Attributes:
        options: as ours.
        values: what they are called in the file → our value.
        weighs: see `Known`.
        alone: values that go with no other.
        name: of the set, where it comes from us.
    """

    options: tuple[Option, ...]
    values: dict[str, int]
    weighs: bool | None
    alone: tuple[int, ...]
    name: str = ""


class _Answer(msgspec.Struct):
    keys: list[str]
    text: Text | None
    weight: Decimal | None
    codes: dict[str, str]
    alone: bool


def read_answers(item: Json, contained: list[Json], draft: Draft, *, has_words: bool) -> Answers:
    """The answers to a question, out of it or of a set that the file holds. Raises Refusal.

    Args:
        item: the question.
        contained: the resources that the file holds.
        draft: the form.
        has_words: whether the form has its wording; without it an answer is its value.
    """
    place = str(item["linkId"])
    if item.get("answerOption"):
        given = [(one, _value(one)) for one in item["answerOption"]]
    else:
        given = (
            [(one, one) for one in _listed(str(item["answerValueSet"]), contained)] if "answerValueSet" in item else []
        )
    found = [_answer(part, value, draft, place, has_words=has_words) for part, value in given]
    if not found:
        raise Refusal("exchange.no_answers")
    values, weighs = _values(found, draft, place)
    names: dict[str, int] = {}
    for one, value in zip(found, values, strict=True):
        for key in one.keys:
            names.setdefault(key, value)
    return Answers(
        tuple(Option(value=value, text=one.text, codes=one.codes) for one, value in zip(found, values, strict=True)),
        names,
        weighs,
        tuple(value for one, value in zip(found, values, strict=True) if one.alone),
        _own_name(given),
    )


def _value(option: Json) -> Any:
    return next(value for name, value in option.items() if name.startswith("value"))


def _own_name(given: list[tuple[Json, Any]]) -> str:
    """What we called the set, if we wrote it."""
    for _, value in given:
        if isinstance(value, dict) and str(value.get("system", "")).startswith(OPTIONS):
            return str(value["system"]).rpartition(":")[2]
    return ""


def _answer(part: Json, value: Any, draft: Draft, place: str, *, has_words: bool) -> _Answer:
    if isinstance(value, dict) and ("code" in value or "display" in value):
        said = words(value, "display", draft.wordings.base)
        if not said and (has_words or not str(value.get("system", "")).startswith(OPTIONS)):
            said = {draft.wordings.base: str(value["code"])}
        codes = codes_of([value])
    elif isinstance(value, str | int):
        said, codes = {draft.wordings.base: str(value)}, {}
    else:
        raise Refusal("exchange.answer_kind")
    return _Answer(
        keys_of(value),
        draft.wordings.text(said, place),
        _weight(part, value),
        codes,
        extension(part, EXCLUSIVE) is True,
    )


def _weight(part: Json, value: Any) -> Decimal | None:
    """What an answer counts: said beside it, or beside its code."""
    for holder in (part, value if isinstance(value, dict) else {}):
        for url in (WEIGHT, ORDINAL):
            if (weight := number(holder, url)) is not None:
                return weight
    return None


def _values(found: list[_Answer], draft: Draft, place: str) -> tuple[list[int], bool | None]:
    """Our values: what the answers count, else their numbers, else the order. And whether they count that."""
    weights = [one.weight for one in found if one.weight is not None]
    plain = [int(weight) for weight in weights if weight == int(weight)]
    if len({*plain}) == len(found):
        return plain, True
    if weights:
        draft.report.add("lost", "exchange.weights_not_kept", place)
    numbers = [int(one.keys[-1]) for one in found if one.keys[-1].isdecimal() and len(one.keys[-1]) < 10]
    if len({*numbers}) == len(found):
        return numbers, None if weights else False
    draft.report.add("changed", "exchange.numbered", place, count=len(found))
    return list(range(1, len(found) + 1)), None if weights else False


def _listed(address: str, contained: Iterable[Json]) -> Iterator[Json]:
    """The codings of a set of answers that stands in the file itself."""
    if not address.startswith("#"):
        raise Refusal("exchange.set_elsewhere", address=address)
    held = next((one for one in contained if one.get("id") == address[1:]), None)
    if held is None or held.get("resourceType") != "ValueSet":
        raise Refusal("exchange.set_elsewhere", address=address)
    expanded = (held.get("expansion") or {}).get("contains")
    if expanded:
        yield from expanded
        return
    for part in (held.get("compose") or {}).get("include", []):
        if part.get("valueSet") or part.get("filter") or not part.get("concept"):
            raise Refusal("exchange.set_elsewhere", address=str(part.get("system") or address))
        for concept in part["concept"]:
            yield {"system": part.get("system"), **concept}
