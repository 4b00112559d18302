"""FHIR R4 responses as answers: what importing them would do, response by response."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from app.errors import Problem
from app.exchange.fhir_conditions import keys_of
from app.exchange.fhir_model import read_resource
from app.exchange.fhir_out import coding, link_id
from app.exchange.fhir_terms import (
    ABSENT,
    FIRST,
    HELP,
    INSTRUMENT,
    NONE_CHOSEN,
    SCORE,
    SCORES,
    SECTION,
    Json,
    extension,
    extensions,
)
from app.exchange.names import slug
from app.instruments.answers import Reader
from app.instruments.definition import Definition
from app.instruments.items import Choice, Chosen, Computed, Group, Item, Multiple, Quantity
from app.instruments.quick import is_critical
from app.instruments.scoring import Scorer
from app.people.roster import KnownPeople
from app.people.roster_rows import Reason
from app.screening.answers import AnswerPlan, AnswerRow, Day, refuse_doubles
from app.texts import DEFAULT_LANGUAGE

_DONE = {"completed", "amended"}
_SHEET = "FHIR"


class Response(msgspec.Struct, frozen=True):
    """One response.

    Attributes:
        number: its place in the file, from 1.
        subject: the number of the person, nothing where there is none.
        date: of the answers; None where the file does not say.
        answers: item id → answer.
        faults: what is wrong with it.
        scores: score id → values, as the response and its Observations state them.
    """

    number: int
    subject: str
    date: dt.date | None
    answers: dict[str, Any]
    faults: tuple[Problem, ...]
    scores: dict[str, tuple[float, ...]]


def read_responses(raw: bytes, definition: Definition) -> list[Response]:
    """Read a QuestionnaireResponse, or a Bundle of them with or without their Observations.

    Raises:
        Problem: the file holds no responses.
    """
    resource = read_resource(raw, "QuestionnaireResponse", "Bundle")
    entries = [(entry.get("fullUrl", ""), entry.get("resource") or {}) for entry in resource.get("entry", [])]
    if resource["resourceType"] == "QuestionnaireResponse":
        entries = [("", resource)]
    observed = _observed([one for _, one in entries if one.get("resourceType") == "Observation"], definition)
    found = [(url, one) for url, one in entries if one.get("resourceType") == "QuestionnaireResponse"]
    if not found:
        raise Problem("exchange.no_responses")
    return [_Form(definition, one, number, observed.get(url, {})).read() for number, (url, one) in enumerate(found, 1)]


def plan_responses(responses: list[Response], definition: Definition, *, known: KnownPeople, day: Day) -> AnswerPlan:
    """Decide about every response, as about the lines of a file of answers."""
    scorer = Scorer(definition)
    rows = [_row(one, definition, scorer, known, day) for one in responses]
    return AnswerPlan(definition.id, refuse_doubles(rows))


def _row(response: Response, definition: Definition, scorer: Scorer, known: KnownPeople, day: Day) -> AnswerRow:
    reasons = [Reason(fault.key, "refusal", dict(fault.values)) for fault in response.faults]
    number = response.subject.strip().upper()
    person = (known.by_id_number(number) or known.by_student_number(number)) if number else None
    if person is None:
        reasons.append(Reason("answers.nobody_numbered" if number else "answers.no_person", "refusal"))
    date = response.date or day.default
    if date > day.today:
        reasons.append(Reason("answers.wrong_date", "refusal", {"value": date.isoformat()}))
    if not response.answers and not response.faults:
        reasons.append(Reason("answers.none", "refusal"))
    if reasons:
        critical = [rule for rule in definition.critical if is_critical(rule, _sound(response, definition))]
        items = (name for rule in critical for name in rule.items if name in response.answers)
        reasons += [Reason("answers.critical_in_refused_line", "refusal", {"item": name}) for name in items]
    else:
        reasons = list(_doubts(response, definition, scorer))
    refused = any(reason.weight == "refusal" for reason in reasons)
    doubtful = any(reason.weight == "doubt" for reason in reasons)
    return AnswerRow(
        sheet=_SHEET,
        line=response.number,
        fate="refused" if refused else "doubtful" if doubtful else "taken",
        name=person.fields.name or "" if person else "",
        person=person.id if person else None,
        date=date,
        answers={} if refused else response.answers,
        reasons=reasons,
    )


def _sound(response: Response, definition: Definition) -> dict[str, Any]:
    """Those of the answers that can be some: a critical one among them is not buried with the others."""
    reader = Reader(definition)
    return {name: value for name, value in response.answers.items() if reader.fault({name: value}) is None}


def _doubts(response: Response, definition: Definition, scorer: Scorer) -> Iterator[Reason]:
    """What a person has to know of a response that can be taken: what is missing, and scores that come out otherwise."""
    outcome = scorer.score(response.answers)
    if outcome.missing:
        items = "、".join(outcome.missing)
        yield Reason("answers.unfinished", "note", {"count": len(outcome.missing), "items": items})
        return
    for score in definition.scores:
        ours = outcome.scores[score.id].value
        for theirs in sorted({*response.scores.get(score.id, ())}):
            if ours is not None and float(ours) != theirs:
                title = score.title[DEFAULT_LANGUAGE]
                yield Reason("exchange.other_score", "doubt", {"score": title, "theirs": theirs, "ours": ours})


def _observed(observations: list[Json], definition: Definition) -> dict[str, dict[str, float]]:
    """What Observations state: address of the response → score → value."""
    found: dict[str, dict[str, float]] = {}
    for one in observations:
        codes = [each["code"] for each in one["code"].get("coding", []) if each.get("system") == SCORE + definition.id]
        value = (one.get("valueQuantity") or {}).get("value")
        for reference in one.get("derivedFrom", []):
            if codes and value is not None:
                found.setdefault(str(reference.get("reference")), {})[codes[0]] = float(value)
    return found


class _Form:
    """Reads one response."""

    def __init__(self, definition: Definition, response: Json, number: int, observed: Mapping[str, float]) -> None:
        self._definition = definition
        self._response = response
        self._number = number
        self._scores: dict[str, tuple[float, ...]] = {name: (value,) for name, value in observed.items()}
        self._items = {link_id(item): item for item in definition.items}
        self._answers: dict[str, Any] = {}
        self._faults: list[Problem] = []

    def read(self) -> Response:
        """The response, with everything that is wrong with it."""
        self._check()
        self._walk(self._response.get("item", []))
        self._faults += Reader(self._definition).faults(self._answers)
        identifier = (self._response.get("subject") or {}).get("identifier") or {}
        authored = str(self._response.get("authored") or "")[:10]
        return Response(
            self._number,
            str(identifier.get("value") or ""),
            dt.date.fromisoformat(authored) if len(authored) == len("2026-09-01") else None,
            self._answers,
            tuple(self._faults),
            self._scores,
        )

    def _check(self) -> None:
        """The response answers this instrument in this version, and is done."""
        address, _, version = str(self._response.get("questionnaire") or "").partition("|")
        name = address.removeprefix(INSTRUMENT) if address.startswith(INSTRUMENT) else slug(address.rpartition("/")[2])
        if name != self._definition.id:
            self._faults.append(
                Problem("exchange.other_questionnaire", found=address or "—", wanted=self._definition.id)
            )
        elif version and version != self._definition.version:
            self._faults.append(Problem("exchange.other_version", found=version, wanted=self._definition.version))
        status = self._response.get("status")
        if status not in _DONE | {"in-progress"}:
            self._faults.append(Problem("exchange.response_status", status=str(status)))

    def _walk(self, items: list[Json]) -> None:
        for one in items:
            link = str(one["linkId"])
            item = self._items.get(link)
            if item is not None:
                self._take(item, one)
            elif self._definition.score(link):
                self._score(link, one)
            elif link.startswith(SECTION) or link == SCORES or (one.get("item") and not one.get("answer")):
                self._walk(one.get("item", []))
            elif one.get("answer") and not link.startswith((FIRST, HELP)):
                self._faults.append(Problem("exchange.response_item", item=link))

    def _score(self, name: str, one: Json) -> None:
        value = _value(one["answer"][0]) if one.get("answer") else None
        if isinstance(value, int | float):
            self._scores[name] = (*self._scores.get(name, ()), float(value))

    def _take(self, item: Item, one: Json) -> None:
        if isinstance(item, Computed):
            return
        try:
            if isinstance(item, Group):
                rows = self._answers.setdefault(item.id, [])
                row = dict(self._cells(item, one))
                rows += [row] if row else []
            elif (answer := self._answer(item, one)) is not _BLANK:
                self._answers[item.id] = answer
        except Problem as problem:
            self._faults.append(problem)
        for answered in one.get("answer", []):
            self._walk(answered.get("item", []))

    def _cells(self, group: Group, one: Json) -> Iterator[tuple[str, Any]]:
        cells = {link_id(cell, group): cell for cell in group.items}
        for inner in one.get("item", []):
            cell = cells.get(str(inner["linkId"]))
            if cell is None:
                raise Problem("exchange.response_item", item=str(inner["linkId"]))
            if (answer := self._answer(cell, inner)) is not _BLANK:
                yield cell.id, answer

    def _answer(self, item: Item, one: Json) -> Any:
        """An answer as ours. Raises Problem where it is none to this item."""
        if extensions(one, NONE_CHOSEN) and isinstance(item, Multiple):
            return []
        if extension(one, ABSENT) == "not-applicable":
            return None
        values = [_value(answer) for answer in one.get("answer", [])]
        if not values:
            return _BLANK
        if isinstance(item, Chosen):
            chosen = sorted({self._option(item, value) for value in values})
            return chosen if isinstance(item, Multiple) else self._single(item, chosen)
        value = self._single(item, values)
        if isinstance(value, dict):
            value = value.get("value")
        whole = isinstance(item, Quantity) and isinstance(value, float) and value.is_integer()
        return int(value) if whole else value

    def _single(self, item: Item, values: list[Any]) -> Any:
        if len(values) > 1:
            raise Problem("exchange.several_given", item=item.id)
        return values[0]

    def _option(self, item: Choice | Multiple, value: Any) -> int:
        """The option that a coding means: by its code here, or in the system that it names."""
        for option in self._definition.options(item):
            ours = coding(self._definition, item, option, DEFAULT_LANGUAGE)
            names = {*keys_of(ours), *option.codes.values()}
            if isinstance(value, dict):
                if set(keys_of(value)) & names:
                    return option.value
            elif isinstance(value, bool):
                if option.value == int(value):
                    return option.value
            elif str(value) in {str(option.value), *(option.text or {}).values()}:
                return option.value
        raise Problem("instrument.answer_out_of_range", item=item.id, value=keys_of(value)[-1])


_BLANK = object()


def _value(answer: Json) -> Any:
    return next((value for name, value in answer.items() if name.startswith("value")), None)
