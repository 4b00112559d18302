"""A definition that contradicts itself is refused whole, with the place and the reason."""

import copy
import json
from typing import Any

import msgspec
import pytest

from app import resources
from app.errors import Problem
from app.instruments.definition import Definition, content_hash, parse_definition
from app.instruments.items import Choice
from app.texts import LANGUAGES, Texts

PHQ_9 = resources.path("instruments", "phq-9.json").read_bytes()
GONE = object()
TEXT = {"zh-CN": "字", "en": "word"}


def changed(*changes: tuple[tuple[str | int, ...], Any]) -> bytes:
    """PHQ-9 with values put at places, or taken away."""
    data = json.loads(PHQ_9)
    for path, value in changes:
        at: Any = data
        for step in path[:-1]:
            at = at[step]
        if value is GONE:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return json.dumps(data).encode()


def refusal(raw: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_definition(raw)
    return caught.value


def test_a_definition_says_what_its_file_says() -> None:
    definition = parse_definition(PHQ_9)
    total = definition.scores[0]
    assert (definition.id, len(definition.items), total.range, total.positive_from) == ("phq-9", 10, (0, 27), 10)
    assert [(band.low, band.high) for band in total.bands] == [(0, 4), (5, 9), (10, 14), (15, 19), (20, 27)]
    difficulty = definition.items[9]
    assert isinstance(difficulty, Choice)
    assert not difficulty.scored
    assert not difficulty.required


def test_a_definition_cannot_be_changed_after_reading() -> None:
    definition = parse_definition(PHQ_9)
    with pytest.raises(AttributeError):
        definition.scores[0].positive_from = 5  # type: ignore[misc]


NOT_SOUND = [
    ("an unknown field", [(("items", 0, "weight"), 2)], "unknown_field", {"place": "items[0]", "field": "weight"}),
    ("an unknown field at the top", [(("norms",), {})], "unknown_field", {"place": "$", "field": "norms"}),
    ("a missing field", [(("scores", 0, "source"), GONE)], "missing_field", {"place": "scores[0]", "field": "source"}),
    ("a missing licence", [(("copyright", "statement"), GONE)], "missing_field", {"place": "copyright"}),
    ("an empty licence", [(("copyright", "statement"), "")], "wrong_form", {"place": "copyright.statement"}),
    ("a wrong type", [(("items", 0, "scored"), "yes")], "wrong_form", {"place": "items[0].scored"}),
    ("a number as text", [(("scores", 0, "bands", 1, "from"), "5")], "wrong_form", {"place": "scores[0].bands[1].from"}),
    ("no date", [(("copyright", "evidence_date"), "lately")], "wrong_form", {"place": "copyright.evidence_date"}),
    ("a day that never was", [(("copyright", "evidence_date"), "2026-02-30")], "wrong_form", {}),
    ("an unknown method", [(("scores", 0, "method"), "product")], "wrong_form", {"place": "scores[0].method"}),
    ("an unknown mode", [(("mode",), "telepathy")], "wrong_form", {"place": "mode"}),
    ("an id with capitals", [(("id",), "PHQ-9")], "wrong_form", {"place": "id"}),
    ("an id that leaves its folder", [(("id",), "../phq-9")], "wrong_form", {"place": "id"}),
    ("an id ending in a line feed", [(("id",), "phq-9\n")], "wrong_form", {"place": "id"}),
    ("a version of two numbers", [(("version",), "1.0")], "wrong_form", {"place": "version"}),
    ("a version ending in a line feed", [(("version",), "1.0.0\n")], "wrong_form", {"place": "version"}),
    ("format 0", [(("format",), 0)], "wrong_form", {"place": "format"}),
    ("a format of the future", [(("format",), 2)], "newer_format", {"format": 2, "known": 1}),
    ("no items", [(("items",), [])], "wrong_form", {"place": "items"}),
    ("a choice of one", [(("option_sets", "frequency"), [{"value": 0, "text": TEXT}])], "wrong_form", {}),
    ("a missing translation", [(("items", 8, "text", "en"), GONE)], "missing_text", {"place": "items[8].text", "language": "en"}),
    ("a missing Chinese title", [(("title", "zh-CN"), GONE)], "missing_text", {"place": "title", "language": "zh-CN"}),
    ("an unfinished third language", [(("title", "bo"), "…")], "missing_text", {"place": "population", "language": "bo"}),
    ("a stray language", [(("critical", 0, "title", "fr"), "…")], "surplus_text", {"place": "critical[0].title", "language": "fr"}),
    ("an empty text", [(("scores", 0, "bands", 2, "action", "en"), " ")], "blank_text", {"place": "scores[0].bands[2].action"}),
    ("a language without origin", [(("copyright", "translations", "zh-CN"), GONE)], "missing_text", {"place": "copyright.translations"}),
    ("two items of one id", [(("items", 3, "id"), "1")], "duplicate_id", {"place": "items", "id": "1"}),
    ("two bands of one id", [(("scores", 0, "bands", 3, "id"), "mild")], "duplicate_id", {"place": "scores[0].bands", "id": "mild"}),
    ("two scores of one id", [(("scores",), [json.loads(PHQ_9)["scores"][0]] * 2)], "duplicate_id", {"place": "scores", "id": "total"}),
    ("two rules of one id", [(("critical",), [json.loads(PHQ_9)["critical"][0]] * 2)], "duplicate_id", {"place": "critical"}),
    ("two options of one value", [(("option_sets", "frequency", 1, "value"), 0)], "duplicate_id", {"place": "option_sets.frequency", "id": "0"}),
    ("unknown options", [(("items", 0, "options"), "mood")], "unknown_option_set", {"place": "items[0].options", "id": "mood"}),
    ("a score of an unknown item", [(("scores", 0, "items", 8), "10")], "unknown_item_named", {"place": "scores[0].items", "id": "10"}),
    ("a rule on an unknown item", [(("critical", 0, "items"), ["10"])], "unknown_item_named", {"place": "critical[0].items"}),
    ("an item twice in one score", [(("scores", 0, "items", 8), "1")], "duplicate_id", {"place": "scores[0].items", "id": "1"}),
    ("an item that no score counts", [(("items", 9, "scored"), True)], "item_never_scored", {"place": "items[9]", "id": "difficulty"}),
    ("a score of an unscored item", [(("items", 4, "scored"), False)], "item_not_scored", {"place": "scores[0].items", "id": "5"}),
    ("a scored item that may be left out", [(("items", 4, "required"), False)], "scored_item_optional", {"place": "items[4]", "id": "5"}),
    ("a range that the options do not give", [(("scores", 0, "range"), [0, 36])], "wrong_range", {"low": 0, "high": 27}),
    ("a range of three numbers", [(("scores", 0, "range"), [0, 10, 27])], "wrong_form", {"place": "scores[0].range"}),
    ("a first band that begins late", [(("scores", 0, "bands", 0, "from"), 1)], "band_gap", {"place": "scores[0].bands[0].from", "expected": 0}),
    ("a gap between bands", [(("scores", 0, "bands", 1, "from"), 6)], "band_gap", {"place": "scores[0].bands[1].from", "expected": 5}),
    ("an overlap of bands", [(("scores", 0, "bands", 1, "from"), 4)], "band_gap", {"place": "scores[0].bands[1].from", "expected": 5}),
    ("a band before its turn", [(("scores", 0, "bands", 1, "to"), 3)], "band_end", {"place": "scores[0].bands[1].to"}),
    ("a last band that ends early", [(("scores", 0, "bands", 4, "to"), 26)], "band_end", {"place": "scores[0].bands[4].to", "high": 27}),
    ("a last band that ends late", [(("scores", 0, "bands", 4, "to"), 28)], "band_end", {"place": "scores[0].bands[4].to", "high": 27}),
    ("a band that leaves none to the next", [(("scores", 0, "bands", 3, "to"), 27)], "band_end", {"place": "scores[0].bands[3].to"}),
    ("a cut-off above the range", [(("scores", 0, "positive_from"), 28)], "cut_off_outside", {"high": 27}),
    ("a cut-off that everybody reaches", [(("scores", 0, "positive_from"), 0)], "cut_off_outside", {"low": 0}),
    ("a critical value nobody reaches", [(("critical", 0, "at_least"), 4)], "critical_outside", {"place": "critical[0].at_least", "id": "9"}),
    ("a critical value everybody reaches", [(("critical", 0, "at_least"), 0)], "critical_outside", {"id": "9"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "key", "values"), [row[1:] for row in NOT_SOUND], ids=[row[0] for row in NOT_SOUND]
)
def test_a_definition_is_refused_for(changes: list[Any], key: str, values: dict[str, Any]) -> None:
    problem = refusal(changed(*changes))
    assert problem.key == f"instrument.{key}"
    assert values.items() <= problem.values.items()
    for language in LANGUAGES:
        sentence = Texts.load(language).problem(problem)
        assert [value for value in problem.values.values() if str(value) not in sentence] == []


def texts(data: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path to everything in PHQ-9 that is said in two languages."""
    if isinstance(data, dict) and "zh-CN" in data:
        return [at]
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path for step, part in steps for path in texts(part, (*at, step))]


@pytest.mark.parametrize("path", texts(json.loads(PHQ_9)), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_to_be_there_in_every_language(path: tuple[str | int, ...], language: str) -> None:
    problem = refusal(changed(((*path, language), GONE)))
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
    assert (problem.key, problem.values) == ("instrument.missing_text", {"place": place, "language": language})


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"", "1:1"),
        (b'{"format": 1,\n "id" }', "2:7"),
        (b"[" * 100_000, "1:1"),
        (b"9" * 10_000, "1:1"),
        (b'{"format": NaN}', "1:1"),
        (rb'"\ud800"', "1:1"),
    ],
    ids=["empty", "cut off", "brackets without end", "a huge number", "NaN", "half a character"],
)
def test_what_is_not_json_is_refused_with_the_place(raw: bytes, place: str) -> None:
    problem = refusal(raw)
    assert (problem.key, problem.values) == ("instrument.not_json", {"place": place})


def test_a_file_saved_as_gb18030_is_refused_with_the_way_to_mend_it() -> None:
    problem = refusal(PHQ_9.decode().encode("gb18030"))
    assert (problem.key, problem.values) == ("instrument.not_unicode", {})


@pytest.mark.parametrize("raw", [b"[]", b"null", b"3", b'"phq-9"', b"{}"])
def test_json_that_is_no_definition_is_refused(raw: bytes) -> None:
    assert refusal(raw).key in {"instrument.wrong_form", "instrument.missing_field"}


def test_a_field_that_stands_twice_is_refused() -> None:
    problem = refusal(PHQ_9.replace(b'"severity": 0,', b'"severity": 0, "severity": 4,'))
    assert (problem.key, problem.values) == ("instrument.duplicate_field", {"field": "severity"})


def test_a_byte_order_mark_and_utf_16_do_no_harm() -> None:
    text = PHQ_9.decode()
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16")):
        assert parse_definition(raw) == parse_definition(PHQ_9)
        assert content_hash(raw) == content_hash(PHQ_9)


def test_a_third_language_is_welcome_when_it_is_complete() -> None:
    data = json.loads(PHQ_9)

    def add(value: Any) -> None:
        if isinstance(value, dict):
            if "zh-CN" in value:
                value["bo"] = copy.deepcopy(value["zh-CN"])
            for part in value.values():
                add(part)
        elif isinstance(value, list):
            for part in value:
                add(part)

    add(data)
    assert parse_definition(json.dumps(data).encode()).title["bo"] == data["title"]["zh-CN"]


@pytest.mark.parametrize("name", ["a", "0-6.signs_2", "p" * 64])
def test_an_id_is_made_of_lower_case_letters_digits_and_single_signs(name: str) -> None:
    assert parse_definition(changed((("id",), name))).id == name


def test_a_score_may_have_no_bands_and_no_cut_off() -> None:
    definition = parse_definition(changed((("scores", 0, "bands"), GONE), (("scores", 0, "positive_from"), GONE)))
    assert (definition.scores[0].bands, definition.scores[0].positive_from) == ((), None)


def test_the_hash_is_blind_to_layout_and_order() -> None:
    data = json.loads(PHQ_9)
    turned = dict(reversed(data.items()))
    assert content_hash(json.dumps(turned, indent=7).encode()) == content_hash(PHQ_9)
    assert content_hash(PHQ_9.replace(b"\n", b"\r\n")) == content_hash(PHQ_9)


def test_the_hash_sees_one_character_and_the_order_of_the_items() -> None:
    hashes = {
        content_hash(PHQ_9),
        content_hash(changed((("items", 0, "text", "en"), "Little interest or pleasure in doing things."))),
        content_hash(changed((("scores", 0, "items"), ["2", "1", "3", "4", "5", "6", "7", "8", "9"]))),
        content_hash(changed((("scores", 0, "positive_from"), 11))),
    }
    assert len(hashes) == 4


def test_the_hash_is_sha_256_over_sorted_keys_without_spaces_in_utf_8() -> None:
    # echo -n '{"a":["字",1],"b":null}' | sha256sum
    digest = "d4dc51f95339233fae0c04bc084710470b5c39bd64e219cedc15c225969cf64d"
    assert content_hash(b'{ "b": null,\n  "a": ["\\u5b57", 1] }') == digest


def test_a_definition_survives_being_written_and_read() -> None:
    definition = parse_definition(PHQ_9)
    assert msgspec.json.decode(msgspec.json.encode(definition), type=Definition) == definition
