"""Our definitions as FHIR questionnaires: they are what the standard says, and come back as they were."""

import json
from typing import Any

import msgspec
import pytest

from app.exchange.fhir_model import read_resource
from app.exchange.fhir_out import Exported, export_fhir
from app.exchange.report import said
from app.instruments.definition import Definition, parse_definition
from app.instruments.items import Choice
from app.instruments.library import Library
from app.texts import LANGUAGES, Texts
from tests.unit.app.exchange.made import definition_of, read_fhir

LIBRARY = Library.load()


def written(definition: Definition, language: str = "zh-CN") -> dict[str, Any]:
    exported = export_fhir(definition, language)
    assert exported.resource is not None, exported.notes
    return exported.resource


def changed(instrument: str, change: Any) -> Definition:
    """An instrument with something else in its file."""
    data = json.loads(LIBRARY.raw(instrument))
    change(data)
    return parse_definition(json.dumps(data).encode())


def items_of(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for item in resource.get("item", []):
        found[item["linkId"]] = item
        found |= items_of(item)
    return found


@pytest.mark.parametrize("instrument", LIBRARY.ids())
def test_every_instrument_is_written_as_the_standard_has_it(instrument: str) -> None:
    resource = written(LIBRARY.get(instrument))
    assert read_resource(json.dumps(resource).encode(), "Questionnaire") == resource


def plain(item: Any) -> dict[str, Any]:
    """What of an item FHIR can say. How a set of options is called it cannot, nor who fills an item in."""
    data: dict[str, Any] = msgspec.to_builtins(item)
    lost = {"options", "lines", "by", "when", "not_applicable", "required_if", "visible_if"}
    data = {name: value for name, value in data.items() if name not in lost}
    return {**data, "items": [plain(cell) for cell in item.items]} if "items" in data else data


LOSING_SCORES = {"psqi"}
"""Scores that are looked up in a table have no words in FHIRPath; what only they count is not counted any more."""


@pytest.mark.parametrize("instrument", sorted({*LIBRARY.ids()} - LOSING_SCORES))
def test_every_instrument_comes_back_as_it_was(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    again = definition_of(read_fhir(written(definition), owner=None, licence=None))
    assert [plain(item) for item in again.items] == [plain(item) for item in definition.items]
    for one, other in zip(again.items, definition.items, strict=True):
        assert again.options(one) == definition.options(other)
    same = ("id", "version", "type", "short_title", "title", "population", "respondent", "mode", "recall", "sections")
    assert [getattr(again, name) for name in same] == [getattr(definition, name) for name in same]
    assert again.copyright.wording == definition.copyright.wording
    kept = (
        "id",
        "title",
        "items",
        "method",
        "counts_from",
        "weights",
        "times",
        "decimals",
        "rounding",
        "range",
        "source",
    )
    expected = {one.id: [getattr(one, name) for name in kept] for one in definition.scores if one.method != "formula"}
    assert {one.id: [getattr(one, name) for name in kept] for one in again.scores if one.id in expected} == expected


def test_what_stays_behind_is_told_by_name() -> None:
    notes = {(note.severity, note.key): note.places for note in export_fhir(LIBRARY.get("phq-9")).notes}
    assert notes["lost", "exchange.out_bands"] == ("total",)
    assert notes["lost", "exchange.out_critical"] == ("self-harm-thoughts",)


def test_a_rule_that_cannot_be_written_leaves_the_score_out_and_says_so() -> None:
    exported = export_fhir(LIBRARY.get("psqi"))
    left_out = {place for note in exported.notes if note.key == "exchange.out_rule" for place in note.places}
    assert {"latency", "total"} <= left_out
    assert exported.resource is not None
    assert not left_out & items_of(exported.resource).keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_are_sentences(language: str) -> None:
    texts = Texts.load(language)
    sentences = [said(note, texts) for name in LIBRARY.ids() for note in export_fhir(LIBRARY.get(name)).notes]
    assert sentences
    assert not [one for one in sentences if "{" in one]


def test_the_second_language_is_a_translation() -> None:
    resource = written(LIBRARY.get("phq-9"), "en")
    question = items_of(resource)["1"]
    assert question["text"] == "Little interest or pleasure in doing things"
    nested = question["_text"]["extension"][0]["extension"]
    assert [one.get("valueCode") or one.get("valueString") for one in nested] == ["zh-CN", "做事时提不起劲或没有兴趣"]


def test_codes_that_others_know_are_theirs_and_what_an_answer_counts_stands_beside_it() -> None:
    options = items_of(written(LIBRARY.get("phq-9")))["1"]["answerOption"]
    assert options[0]["valueCoding"]["system"] == "http://loinc.org"
    assert [one["extension"][0]["valueDecimal"] for one in options] == [0, 1, 2, 3]


def conditional(condition: str) -> Exported:
    def change(data: dict[str, Any]) -> None:
        data["items"][-1]["visible_if"] = condition

    return export_fhir(changed("phq-9", change))


@pytest.mark.parametrize(
    ("condition", "operators", "behaviour"),
    [
        ("${1} = 1", ["="], None),
        ("answered(${1})", ["exists"], None),
        ("not answered(${1})", ["exists"], None),
        ("${1} != 1", ["exists", "!="], "all"),
        ("not (${1} = 1)", ["exists", "!="], "all"),
        ("not answered(${1}) or ${1} != 1", ["!="], None),
        ("${1} >= 1", ["exists", "!="], "all"),
        ("${1} >= 3", ["="], None),
        ("${1} = 1 and ${2} = 2 and ${3} = 0", ["=", "=", "="], "all"),
        ("${1} = 1 or ${2} >= 2", ["=", "=", "="], "any"),
        ("not (${1} = 1 or ${2} = 2)", ["exists", "!=", "exists", "!="], "all"),
    ],
)
def test_a_condition_becomes_enable_when(condition: str, operators: list[str], behaviour: str | None) -> None:
    exported = conditional(condition)
    assert exported.resource is not None
    item = items_of(exported.resource)["difficulty"]
    assert [one["operator"] for one in item["enableWhen"]] == operators
    assert item.get("enableBehavior") == behaviour


@pytest.mark.parametrize("condition", ["${1} + ${2} > 3", "${1} = 1 and (${2} = 1 or ${3} = 1)", "${1} = ${2}"])
def test_a_condition_that_says_more_becomes_an_expression(condition: str) -> None:
    exported = conditional(condition)
    assert exported.resource is not None
    assert ("changed", "exchange.out_expression") in {(note.severity, note.key) for note in exported.notes}
    again = definition_of(read_fhir(exported.resource))
    assert again.items[-1].visible_if == condition


@pytest.mark.parametrize("condition", ["@age > 12", '@sex = "female"'])
def test_a_condition_without_words_there_refuses_the_item_by_its_id(condition: str) -> None:
    exported = conditional(condition)
    assert exported.resource is None
    refused = [note for note in exported.notes if note.severity == "refused"]
    assert [(note.key, note.places) for note in refused] == [("exchange.condition_not_in_fhir", ("difficulty",))]


def test_after_an_item_that_ends_the_form_nothing_is_shown() -> None:
    def change(data: dict[str, Any]) -> None:
        data["items"][-2]["stop_if"] = "${9} = 0"
        del data["scores"], data["critical"]
        for item in data["items"]:
            item["scored"] = False

    item = items_of(written(changed("phq-9", change)))["difficulty"]
    assert [one["operator"] for one in item["enableWhen"]] == ["!="]


def test_a_reversed_item_counts_the_other_way_round_there() -> None:
    definition = LIBRARY.get("gds-15")
    reversed_ids = [item.id for item in definition.items if isinstance(item, Choice) and item.reverse]
    text = json.dumps(items_of(written(definition)))
    assert reversed_ids
    assert all(f"(1 - %resource.descendants().where(linkId = '{name}')" in text for name in reversed_ids)
