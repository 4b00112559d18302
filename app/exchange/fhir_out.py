"""A definition as a FHIR R4 Questionnaire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from app.exchange.fhir_conditions_out import Named, denied, write_conditions
from app.exchange.fhir_formula import Formulas, Source
from app.exchange.fhir_model import check
from app.exchange.fhir_terms import (
    CALCULATED,
    CONTEXT,
    CONTROL,
    CONTROL_SYSTEM,
    DECIMALS,
    ENABLE_WHEN,
    EXCLUSIVE,
    FIRST,
    HELP,
    INSTRUMENT,
    LEAST,
    LINK_ID,
    MAX_VALUE,
    MIN_VALUE,
    MOST,
    NOTE,
    OPTIONS,
    ORDINAL,
    SCORES,
    SECTION,
    UNIT,
    Json,
    codings_of,
    spoken,
    with_expression,
)
from app.exchange.ours import read
from app.exchange.report import Note, Refusal, Report
from app.exchange.tree import Node, Number, Text
from app.instruments.conditions import FACTS, expression, type_of
from app.instruments.definition import Definition
from app.instruments.items import Choice, Computed, Day, Group, Item, Multiple, Quantity, Words
from app.instruments.operations import Type
from app.instruments.parts import Option
from app.instruments.scales import Score
from app.texts import DEFAULT_LANGUAGE


class Exported(msgspec.Struct, frozen=True):
    """What came of a definition.

    Attributes:
        resource: None where something was refused.
        notes: what FHIR has no words for.
    """

    resource: Json | None
    notes: tuple[Note, ...]


def export_fhir(definition: Definition, language: str = DEFAULT_LANGUAGE) -> Exported:
    """Write a definition as a Questionnaire. The others of its languages become translations."""
    report = Report()
    form = _Form(definition, language, report)
    resource: Json = {
        "resourceType": "Questionnaire",
        "id": definition.id.replace("_", "-"),
        "language": language,
        "url": INSTRUMENT + definition.id,
        "version": definition.version,
        "name": _machine_name(definition.short_title),
        **spoken("title", definition.title, language),
        "status": "active",
        "subjectType": ["Patient"],
        "publisher": definition.copyright.owner,
        "copyright": definition.copyright.statement,
        "useContext": list(_contexts(definition, language)),
        "item": form.items(),
    }
    _tell(definition, report)
    notes = report.notes()
    if any(note.severity == "refused" for note in notes):
        return Exported(None, notes)
    check(resource)
    return Exported(resource, notes)


def link_id(item: Item, group: Item | None = None) -> str:
    """What an item is called in a questionnaire of ours: as in the one that it came from, otherwise by its id."""
    own = item.codes.get(LINK_ID, item.id)
    return f"{link_id(group)}/{own}" if group and LINK_ID not in item.codes else own


def coding(definition: Definition, item: Choice | Multiple, option: Option, language: str) -> Json:
    """An option as a coding: in a code system that others know, where it has one there."""
    known = codings_of(option.codes)
    mine = {"system": f"{OPTIONS}{definition.id}:{item.options}", "code": str(option.value)}
    return {**(known[0] if known else mine), **spoken("display", option.text, language)}


def _machine_name(title: str) -> str:
    """A name as programs like it."""
    name = re.sub(r"\W+", "_", title, flags=re.ASCII).strip("_")
    return name if name[:1].isupper() else f"Q_{name}".rstrip("_")


def _contexts(definition: Definition, language: str) -> Iterator[Json]:
    about: dict[str, Mapping[str, str] | None] = {
        "short-title": {language: definition.short_title},
        "respondent": {language: definition.respondent},
        "mode": {language: definition.mode},
        "wording": {language: definition.copyright.wording},
        "population": definition.population,
        "recall": definition.recall,
        "administration": definition.administration,
    }
    for code, text in about.items():
        if text:
            yield {"code": {"system": CONTEXT, "code": code}, "valueCodeableConcept": spoken("text", text, language)}


def _tell(definition: Definition, report: Report) -> None:
    """What stays behind."""
    for score in definition.scores:
        if (
            score.bands
            or score.norms
            or score.change
            or score.positive_from is not None
            or score.positive_to is not None
        ):
            report.add("lost", "exchange.out_bands", score.id)
        if score.prorating:
            report.add("lost", "exchange.out_prorating", score.id)
    for rule in definition.critical:
        report.add("lost", "exchange.out_critical", rule.id)
    for doubt in definition.quality:
        report.add("lost", "exchange.out_quality", doubt.id)
    for item in definition.items:
        for one in (item, *(item.items if isinstance(item, Group) else ())):
            _tell_item(one, report)
    report.add("changed", "exchange.out_provenance")


def _tell_item(item: Item, report: Report) -> None:
    if item.required_if:
        report.add("lost", "exchange.out_required_if", item.id)
    if item.not_applicable:
        report.add("changed", "exchange.out_not_applicable", item.id)
    if item.by == "examiner":
        report.add("changed", "exchange.out_examiner", item.id)
    if isinstance(item, Day) and item.when != "any":
        report.add("changed", "exchange.out_when", item.id)


class _Form:
    """Writes the items of a definition."""

    def __init__(self, definition: Definition, language: str, report: Report) -> None:
        self._definition = definition
        self._language = language
        self._report = report
        self._types: dict[str, Type] = dict(FACTS)
        self._names = {item.id: self._named(item, link_id(item)) for item in definition.items}
        self._sources = {item.id: self._source(item) for item in definition.items}
        self._stops: list[Json] = []

    def items(self) -> list[Json]:
        """All items, in their sections, with the scores at the end."""
        definition = self._definition
        first = spoken("text", definition.instruction, self._language)
        found: list[Json] = [{"linkId": FIRST, "type": "display", **first}] if first else []
        into = {section.id: list[Json]() for section in definition.sections}
        for item in definition.items:
            written = self._refusing(item)
            (into[item.section] if item.section else found).extend(written)
        for section in definition.sections:
            said = spoken("text", section.instruction, self._language)
            lead = [{"linkId": f"{SECTION}{section.id}/instruction", "type": "display", **said}] if said else []
            if into[section.id]:
                title = spoken("text", section.title, self._language)
                inner = [*lead, *into[section.id]]
                found.append({"linkId": SECTION + section.id, "type": "group", **title, "item": inner})
        scores = list(self._scores())
        if scores:
            found.append({"linkId": SCORES, "type": "group", "item": scores})
        return found

    def _refusing(self, item: Item) -> list[Json]:
        try:
            return [self._item(item)]
        except Refusal as refusal:
            # A value that cannot be computed there is left out; a question without its condition would be another one.
            severity = "lost" if isinstance(item, Computed) else "refused"
            self._names.pop(item.id, None)
            self._sources.pop(item.id, None)
            self._report.add(severity, refusal.key, item.id, **refusal.values)  # type: ignore[arg-type]
            return []

    # ---- one item ----

    def _item(self, item: Item, group: Group | None = None) -> Json:
        data = {
            "linkId": link_id(item, group),
            **({"code": codes} if (codes := codings_of(item.codes)) else {}),
            **spoken("text", item.text, self._language),
            **self._kind(item),
            **({} if isinstance(item, Computed) else {"required": item.required and not item.required_if}),
        }
        self._condition(item, group, data)
        if item.help:
            data["item"] = [self._help(item, group), *data.get("item", [])]
        if not group:
            self._types[item.id] = self._type(item)
            self._stop(item)
        return data

    def _type(self, item: Item) -> Type:
        return expression(item.id, item.value, self._types).type if isinstance(item, Computed) else type_of(item)

    def _help(self, item: Item, group: Group | None) -> Json:
        control = {"coding": [{"system": CONTROL_SYSTEM, "code": "help"}]}
        return {
            "extension": [{"url": CONTROL, "valueCodeableConcept": control}],
            "linkId": HELP + link_id(item, group),
            "type": "display",
            **spoken("text", item.help, self._language),
        }

    def _kind(self, item: Item) -> Json:
        match item:
            case Choice() | Multiple():
                data = self._chosen(item)
            case Quantity():
                data = self._number(item)
            case Day():
                data = {"type": "date"}
            case Words():
                data = {"type": "string" if item.lines == 1 else "text", "maxLength": item.longest}
            case Computed():
                data = self._computed(item)
            case Group():
                limits = [{"url": LEAST, "valueInteger": item.least}, {"url": MOST, "valueInteger": item.most}]
                inner = [self._item(cell, item) for cell in item.items]
                data = {"extension": limits, "type": "group", "repeats": True, "item": inner}
        return data

    def _chosen(self, item: Choice | Multiple) -> Json:
        alone = item.alone if isinstance(item, Multiple) else ()
        options = []
        for option in self._definition.options(item):
            extensions: list[Json] = [{"url": ORDINAL, "valueDecimal": option.value}]
            if option.value in alone:
                extensions.append({"url": EXCLUSIVE, "valueBoolean": True})
            value = coding(self._definition, item, option, self._language)
            options.append({"extension": extensions, "valueCoding": value})
        return {"type": "choice", "answerOption": options, **({"repeats": True} if isinstance(item, Multiple) else {})}

    def _number(self, item: Quantity) -> Json:
        kind = "decimal" if item.decimals else "integer"
        field = "valueDecimal" if item.decimals else "valueInteger"
        extensions: list[Json] = [{"url": MIN_VALUE, field: item.low}, {"url": MAX_VALUE, field: item.high}]
        if item.decimals:
            extensions.append({"url": DECIMALS, "valueInteger": item.decimals})
        if item.unit:
            extensions.append({"url": UNIT, "valueCoding": spoken("display", item.unit, self._language)})
        return {"extension": extensions, "type": kind}

    def _computed(self, item: Computed) -> Json:
        text = Formulas(self._sources).written(read(item.value))
        kinds: dict[str, str] = {"number": "decimal", "boolean": "boolean", "text": "string"}
        kind = kinds.get(self._type(item))
        if kind is None:
            raise Refusal("exchange.no_such_function", name=item.value)
        places = [{"url": DECIMALS, "valueInteger": item.decimals}] if kind == "decimal" else []
        return {"extension": [*places, with_expression(CALCULATED, text)], "type": kind, "readOnly": True}

    # ---- conditions ----

    def _condition(self, item: Item, group: Group | None, data: Json) -> None:
        stops = [] if group else self._stops
        if not item.visible_if:
            if stops:
                data.update(_all_of(stops, {}))
            return
        tree = read(item.visible_if)
        names = {cell.id: self._named(cell, link_id(cell, group)) for cell in group.items} if group else self._names
        try:
            data.update(_all_of(stops, write_conditions(tree, names.__getitem__)))
        except (Refusal, KeyError):
            if group or stops:
                raise Refusal("exchange.condition_not_in_fhir", expression=item.visible_if) from None
            # More than enableWhen can say; some programs compute it.
            try:
                text = Formulas(self._sources).written(tree)
            except Refusal:
                raise Refusal("exchange.condition_not_in_fhir", expression=item.visible_if) from None
            data.setdefault("extension", []).append(with_expression(ENABLE_WHEN, text))
            self._report.add("changed", "exchange.out_expression", item.id)

    def _stop(self, item: Item) -> None:
        """After an item that can end the form, everything is shown only where it did not."""
        if item.stop_if:
            try:
                self._stops += denied(read(item.stop_if), self._names.__getitem__)
            except (Refusal, KeyError):
                raise Refusal("exchange.condition_not_in_fhir", expression=item.stop_if) from None

    def _named(self, item: Item, link: str) -> Named:
        options = {option.value: option for option in self._definition.options(item)}

        def answer(value: Node) -> Json:
            if isinstance(item, Choice | Multiple) and isinstance(value, Number) and int(value.value) in options:
                given = coding(self._definition, item, options[int(value.value)], self._language)
                return {"answerCoding": {name: given[name] for name in ("system", "code") if name in given}}
            if isinstance(item, Quantity) and isinstance(value, Number):
                return {"answerDecimal": float(value.value)} if item.decimals else {"answerInteger": int(value.value)}
            if isinstance(item, Computed) and isinstance(value, Number):
                return {"answerDecimal": float(value.value)}
            if isinstance(item, Words) and isinstance(value, Text):
                return {"answerString": value.value}
            raise Refusal("exchange.condition_not_in_fhir")

        return Named(link, tuple(options) if isinstance(item, Choice) else (), answer)

    def _source(self, item: Item) -> Source:
        codes: dict[int, str] = {}
        if isinstance(item, Choice | Multiple):
            for option in self._definition.options(item):
                codes[option.value] = str(coding(self._definition, item, option, self._language)["code"])
        return Source(link_id(item), item, codes)

    # ---- scores ----

    def _scores(self) -> Iterator[Json]:
        sources = dict(self._sources)
        formulas = Formulas(sources)
        for score in self._definition.scores:
            try:
                text = formulas.score(score, self._definition)
            except Refusal as refusal:
                self._report.add("lost", "exchange.out_rule", score.id, name=str(refusal.values.get("name", "")))
                continue
            sources[score.id] = Source(score.id, None)
            yield self._score(score, text)

    def _score(self, score: Score, text: str) -> Json:
        decimals = score.decimals or score.method == "mean"
        field = "valueDecimal" if decimals else "valueInteger"
        low, high = score.range
        limits: list[dict[str, Any]] = [
            {"url": MIN_VALUE, field: low if decimals else int(low)},
            {"url": MAX_VALUE, field: high if decimals else int(high)},
        ]
        if decimals:
            limits.append({"url": DECIMALS, "valueInteger": score.decimals})
        return {
            "extension": [*limits, {"url": NOTE, "valueMarkdown": score.source}, with_expression(CALCULATED, text)],
            "linkId": score.id,
            **({"code": codes} if (codes := codings_of(score.codes)) else {}),
            **spoken("text", score.title, self._language),
            "type": "decimal" if decimals else "integer",
            "readOnly": True,
        }


def _all_of(stops: list[Json], own: Json) -> Json:
    """The conditions of an item together with those that no stop before it was reached."""
    if not stops:
        return own
    if own.get("enableBehavior") == "any":
        raise Refusal("exchange.condition_not_in_fhir")
    whens = [*stops, *own.get("enableWhen", [])]
    return {"enableWhen": whens, "enableBehavior": "all"} if len(whens) > 1 else {"enableWhen": whens}
