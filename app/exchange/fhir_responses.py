"""Answers and scores as FHIR R4: a QuestionnaireResponse and one Observation for each score."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from app.exchange.fhir_model import check
from app.exchange.fhir_out import coding, link_id
from app.exchange.fhir_terms import (
    ABSENT,
    BAND,
    INSTRUMENT,
    NONE_CHOSEN,
    PERSON,
    SCORE,
    SCORES,
    SECTION,
    UNITS_SYSTEM,
    Json,
    codings_of,
    spoken,
)
from app.instruments.definition import Definition
from app.instruments.flow import UNKNOWN, Facts, Flow
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity
from app.instruments.parts import Number
from app.instruments.scales import Norm, Score
from app.instruments.values import plain

_NAMESPACE = uuid.UUID("6f1f2f0e-7a43-4c0e-9d2b-0a5c5b3d8e11")
_SCORE_UNIT = "{score}"


class Result(Protocol):
    """A score as it was computed when the form was filled in."""

    @property
    def value(self) -> Number | None:
        """The value, of an unfinished form the sum so far."""

    @property
    def band(self) -> str | None:
        """The band, if there is one."""


class Filled(msgspec.Struct, frozen=True):
    """One form that somebody filled in.

    Attributes:
        subject: a number that stands for the person.
        date: of the answers (ISO).
        answers: item id → answer.
        is_complete: whether nothing that is required is missing.
        scores: score id → result, as it was stored.
        facts: what expressions may know besides the answers.
    """

    subject: str
    date: str
    answers: Mapping[str, Any]
    is_complete: bool
    scores: Mapping[str, Any]
    facts: Facts = UNKNOWN


def write_responses(definition: Definition, forms: Iterable[Filled], language: str) -> Json:
    """Forms as a Bundle: a response and the scores for each, checked against the published shape."""
    writer = _Writer(definition, language)
    entries = [entry for number, form in enumerate(forms) for entry in writer.entries(form, number)]
    bundle: Json = {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}
    check(bundle)
    return bundle


class _Writer:
    def __init__(self, definition: Definition, language: str) -> None:
        self._definition = definition
        self._language = language
        self._flow = Flow(definition)

    def entries(self, form: Filled, number: int) -> Iterator[Json]:
        """The resources of one form."""
        response = self._address(f"{form.subject}/{form.date}/{number}")
        yield {"fullUrl": response, "resource": self._response(form)}
        for score in self._definition.scores:
            if (result := form.scores.get(score.id)) and result.value is not None:
                address = self._address(f"{response}/{score.id}")
                yield {"fullUrl": address, "resource": self._observation(form, score, result, response)}

    def _address(self, name: str) -> str:
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self._definition.id}/{name}')}"

    def _response(self, form: Filled) -> Json:
        definition = self._definition
        computed = self._flow.walk(form.answers, form.facts).environment
        into: dict[str | None, list[Json]] = {section.id: [] for section in definition.sections}
        found: list[Json] = into.setdefault(None, [])
        for item in definition.items:
            value = computed.get(item.id) if isinstance(item, Computed) else form.answers.get(item.id)
            if item.id in form.answers or (isinstance(item, Computed) and value is not None):
                into[item.section] += self._items(item, value)
        found += [{"linkId": SECTION + one.id, "item": into[one.id]} for one in definition.sections if into[one.id]]
        scores = [
            {"linkId": score.id, "answer": [_numeral(score, result.value)]}
            for score in definition.scores
            if form.is_complete and (result := form.scores.get(score.id)) and result.value is not None
        ]
        if scores:
            found.append({"linkId": SCORES, "item": scores})
        return {
            "resourceType": "QuestionnaireResponse",
            "questionnaire": f"{INSTRUMENT}{definition.id}|{definition.version}",
            "status": "completed" if form.is_complete else "in-progress",
            "subject": _person(form.subject),
            "authored": form.date,
            **({"item": found} if found else {}),
        }

    def _items(self, item: Item, value: Any, group: Group | None = None) -> list[Json]:
        """An item with its answer; a group once for each row."""
        link = {"linkId": link_id(item, group)}
        if isinstance(item, Group) and value is not None:
            cells = {cell.id: cell for cell in item.items}
            rows = [
                [one for name in cells if name in row for one in self._items(cells[name], row[name], item)]
                for row in value
            ]
            return [{**link, "item": row} for row in rows if row] or [_absent(link, NONE_CHOSEN)]
        if value is None:
            return [_absent(link, ABSENT)]
        if isinstance(item, Multiple) and not value:
            return [_absent(link, NONE_CHOSEN)]
        return [{**link, "answer": list(self._answers(item, value))}]

    def _answers(self, item: Item, value: Any) -> Iterator[Json]:
        match item:
            case Choice() | Multiple():
                options = {option.value: option for option in self._definition.options(item)}
                for one in value if isinstance(value, list | tuple) else [value]:
                    yield {"valueCoding": coding(self._definition, item, options[one], self._language)}
            case Quantity():
                yield {"valueDecimal": value} if item.decimals else {"valueInteger": value}
            case Day():
                yield {"valueDate": value}
            case Computed():
                yield _computed(value, item.decimals)
            case _:
                yield {"valueString": value}

    def _observation(self, form: Filled, score: Score, result: Result, response: str) -> Json:
        definition = self._definition
        mine = {"system": f"{SCORE}{definition.id}", "code": score.id, **spoken("display", score.title, self._language)}
        observation: Json = {
            "resourceType": "Observation",
            "status": "final" if form.is_complete else "preliminary",
            "code": {"coding": [*codings_of(score.codes), mine], "text": score.title[self._language]},
            "subject": _person(form.subject),
            "effectiveDateTime": form.date,
            "valueQuantity": {"value": result.value, "system": UNITS_SYSTEM, "code": _SCORE_UNIT},
            "derivedFrom": [{"reference": response}],
        }
        readings: list[Score | Norm] = [score, *score.norms]
        bands = [band for reading in readings for band in reading.bands if band.id == result.band]
        if bands:
            code = {"system": f"{BAND}{definition.id}:{score.id}", "code": bands[0].id}
            coded = {**code, **spoken("display", bands[0].title, self._language)}
            observation["interpretation"] = [{"coding": [coded]}]
        return observation


def _person(subject: str) -> Json:
    return {"identifier": {"system": PERSON, "value": subject}}


def _absent(link: Json, url: str) -> Json:
    """An item that was answered with "does not apply" or "none of them": there is no answer for that."""
    value = {"valueCode": "not-applicable"} if url == ABSENT else {"valueBoolean": True}
    return {"extension": [{"url": url, **value}], **link}


def _numeral(score: Score, value: Number) -> Json:
    decimals = score.decimals or score.method == "mean"
    return {"valueDecimal": value} if decimals else {"valueInteger": int(value)}


def _computed(value: Any, decimals: int) -> Json:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, Decimal):
        return {"valueDecimal": plain(round(value, decimals), decimals)}
    return {"valueString": str(value)}
