"""Items of every kind, conditions, norms and rules of quality: a definition that gets one of them wrong is refused."""

from typing import Any

import pytest

from app.errors import Problem
from app.instruments.definition import parse_definition
from app.texts import LANGUAGES, Texts
from tests.unit.app.instruments.example import TEXT, YES_NO, band, choice, made, raw, summed, unscored

NUMBER = unscored("number", "n", **{"from": 0, "to": 10})
GROUP_CELLS = [unscored("text", "name"), unscored("number", "dose", **{"from": 0, "to": 5})]


def items(*more: dict[str, Any]) -> dict[str, Any]:
    return {"items": [*(choice(name) for name in "abcd"), *more]}


def total(**more: Any) -> dict[str, Any]:
    return {"scores": [summed("total", list("abcd"), 12, **more)]}


def norm(**more: Any) -> dict[str, Any]:
    return {"id": "women", "when": '@sex = "female"', "title": TEXT, "source": "made up", **more}


def doubt(when: str) -> dict[str, Any]:
    return {"quality": [{"id": "odd", "when": when, "verdict": "void", "title": TEXT, "source": "made up"}]}


def critical(**more: Any) -> dict[str, Any]:
    return {"critical": [{"id": "c", "items": ["a"], "level": "red", "title": TEXT, "source": "made up", **more}]}


SOUND: dict[str, dict[str, Any]] = {
    "an item of every kind": items(
        unscored("multiple", "m", options="four", alone=[0]),
        NUMBER,
        unscored("date", "day", when="past"),
        unscored("text", "t", lines=3),
        unscored("computed", "k", value="${a} + ${n}"),
        unscored("group", "g", items=GROUP_CELLS, most=3),
    ),
    "conditions on what comes before": items(
        choice("e", "yes-no", scored=False, visible_if="${a} >= 2", required_if="${b} = 0"),
        unscored("computed", "k", value="if(${e} = 1, ${a}, ${b})"),
        unscored("text", "t", visible_if="${k} > 1 and @age >= 12", required=False),
    ),
    "norms": total(norms=[norm(positive_from=4, mean=5, deviation=1.5)], positive_from=5),
    "a low value is the grave one": total(positive_to=4, bands=[band("grave", 0, 4, 1), band("well", 5, 12, 0)]),
    "a mean with decimals": {
        "scores": [
            summed("total", list("abcd"), 3, method="mean", decimals=2, bands=[band("l", 0, 1.99, 0), band("h", 2, 3, 1)])
        ]
    },
    "a count": {"scores": [summed("total", list("abcd"), 4, method="count", counts_from=2)]},
    "weights and a factor": {"scores": [summed("total", list("abcd"), 18, weights={"a": 3}, times=1.0)]},
    "a table": {
        "scores": [
            summed("total", list("abcd"), 3, table=[{"from": 0, "to": 6, "value": 0}, {"from": 7, "to": 12, "value": 3}])
        ]
    },
    "a formula of scores": {
        "scores": [
            summed("total", list("abcd"), 12),
            summed("half", [], 6, method="formula", formula="${total} / 2", decimals=1),
        ]
    },
    "a rule of quality": doubt("${total} >= 12 or @run >= 4 or @seconds < 2 * @answered"),
    "one that says no is alarming": critical(at_most=0),
    "some options are alarming": {**items(unscored("multiple", "m", options="four")), **critical(items=["a", "m"], any_of=[1, 3])},
}  # fmt: skip


@pytest.mark.parametrize("parts", SOUND.values(), ids=SOUND)
def test_sound(parts: dict[str, Any]) -> None:
    assert made(**parts).id == "example"


NOT_SOUND: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("a condition on what comes later", items(choice("e", scored=False, visible_if="${f} = 1"), choice("f", scored=False)), "expression.unknown_name", {"place": "items[4].visible_if", "at": 1}),
    ("a condition on itself", items(choice("e", scored=False, visible_if="${e} = 1")), "expression.unknown_name", {"place": "items[4].visible_if"}),
    ("a circle of computed values", items(unscored("computed", "k", value="${l} + 1"), unscored("computed", "l", value="${k} + 1")), "expression.unknown_name", {"place": "items[4].value"}),
    ("a number for a condition", items(choice("e", scored=False, visible_if="${a} + 1")), "expression.no_condition", {"place": "items[4].visible_if"}),
    ("a text for a score", {"scores": [summed("total", list("abcd"), 12), summed("f", [], 6, method="formula", formula='"x"')]}, "expression.no_number", {"place": "scores[1].formula"}),
    ("an expression that breaks off", doubt("${total} >="), "expression.not_understood", {"place": "quality[0].when"}),
    ("a condition of mixed kinds", items(choice("e", scored=False, visible_if='${a} = "x"')), "expression.wrong_type", {"place": "items[4].visible_if"}),
    ("a rule of quality in a condition", items(choice("e", scored=False, visible_if="@seconds > 3")), "expression.unknown_name", {}),
    ("an item and a score of one id", {"scores": [summed("a", list("abcd"), 12)]}, "instrument.duplicate_id", {"id": "a"}),
    ("a number that is not scored in a score", {**items(NUMBER), "scores": [summed("total", list("abcdn"), 22)]}, "instrument.item_not_scored", {"id": "n"}),
    ("a text in a score", {**items(unscored("text", "t")), "scores": [summed("total", list("abcdt"), 12)]}, "instrument.item_not_scored", {"id": "t"}),
    ("limits the wrong way round", items(unscored("number", "n", **{"from": 9, "to": 3})), "instrument.limits", {"place": "items[4].to"}),
    ("an option alone that is none", items(unscored("multiple", "m", options="four", alone=[9])), "instrument.no_such_option", {"value": 9}),
    ("something scored in a group", items(unscored("group", "g", items=[choice("x")])), "instrument.scored_in_group", {"id": "x"}),
    ("a cell named twice", items(unscored("group", "g", items=[GROUP_CELLS[0]] * 2)), "instrument.duplicate_id", {"place": "items[4].items"}),
    ("more rows than there may be", items(unscored("group", "g", items=GROUP_CELLS, least=5, most=2)), "instrument.limits", {"place": "items[4].most"}),
    ("a group that looks outside", items(unscored("group", "g", items=[unscored("text", "x", visible_if="${a} = 1")])), "expression.unknown_name", {"place": "items[4].items[0].visible_if"}),
    ("a section that there is not", items(unscored("text", "t", section="s")), "instrument.wrong_section", {"id": "s"}),
    ("an item before its section", {"sections": [{"id": "s", "title": TEXT}, {"id": "t", "title": TEXT}], "items": [choice("a", section="t"), *(choice(name, section="s") for name in "bcd")]}, "instrument.wrong_section", {"place": "items[1].section"}),
    ("a section without items", {"sections": [{"id": "s", "title": TEXT}, {"id": "t", "title": TEXT}], "items": [choice(name, section="s") for name in "abcd"]}, "instrument.empty_section", {"id": "t"}),
    ("full wording with a blank", {"items": [choice("a"), {**choice("b"), "text": None}, *(choice(name) for name in "cd")]}, "instrument.no_wording", {"place": "items[1].text"}),
    ("full wording with options without words", {"option_sets": {"four": [{"value": value} for value in range(4)], "yes-no": YES_NO}}, "instrument.no_wording", {"place": "option_sets.four[0].text"}),
    ("a formula without one", {"scores": [summed("total", list("abcd"), 12), summed("f", [], 6, method="formula")]}, "instrument.method", {"place": "scores[1].formula"}),
    ("a sum with a formula", total(formula="1"), "instrument.method", {"place": "scores[0].formula"}),
    ("a sum of nothing", {"scores": [summed("total", list("abcd"), 12), summed("f", [], 6)]}, "instrument.method", {"place": "scores[1].items"}),
    ("a count that does not say from where", {"scores": [summed("total", list("abcd"), 4, method="count")]}, "instrument.method", {"place": "scores[0].counts_from"}),
    ("a weight of an item elsewhere", total(weights={"z": 2}), "instrument.unknown_item_named", {"place": "scores[0].weights"}),
    ("a range that forgets the factor", total(times=1.25), "instrument.wrong_range", {"high": 15}),
    ("a table with a gap", {"scores": [summed("total", list("abcd"), 3, table=[{"from": 0, "to": 6, "value": 0}, {"from": 8, "to": 12, "value": 3}])]}, "instrument.band_gap", {"place": "scores[0].table[1].from"}),
    ("bands with a gap of a hundredth", {"scores": [summed("total", list("abcd"), 3, method="mean", decimals=2, bands=[band("l", 0, 1.98, 0), band("h", 2, 3, 1)])]}, "instrument.band_gap", {"expected": 1.99}),
    ("a cut-off that everybody is below", total(positive_to=12), "instrument.cut_off_below", {"high": 12}),
    ("two cut-offs", total(positive_to=3, positive_from=8), "instrument.cut_off_below", {}),
    ("a norm that reaches too far", total(norms=[norm(positive_from=13)]), "instrument.cut_off_outside", {"place": "scores[0].norms[0].positive_from"}),
    ("half a norm", total(norms=[norm(mean=4)]), "instrument.half_a_norm", {"place": "scores[0].norms[0]"}),
    ("a norm without spread", total(norms=[norm(mean=4, deviation=0)]), "instrument.half_a_norm", {}),
    ("a norm for nobody in particular", total(norms=[norm(when="@age")]), "expression.no_condition", {"place": "scores[0].norms[0].when"}),
    ("all items may be missing", total(prorating={"missing": 4, "source": "made up"}), "instrument.limits", {"place": "scores[0].prorating.missing"}),
    ("a critical rule without a value", critical(), "instrument.one_of_them", {"place": "critical[0]"}),
    ("a critical rule with two", critical(at_least=1, at_most=2), "instrument.one_of_them", {}),
    ("a critical option that there is not", critical(any_of=[2, 7]), "instrument.no_such_option", {"value": 7}),
    ("a critical rule of all options", critical(any_of=[0, 1, 2, 3]), "instrument.critical_outside", {"place": "critical[0].any_of"}),
    ("a critical rule that everybody meets", critical(at_most=3), "instrument.critical_outside", {"place": "critical[0].at_most"}),
    ("a scored item that is required sometimes", {"items": [choice("a", required_if="@age > 3"), *(choice(name) for name in "bcd")]}, "instrument.scored_item_optional", {"id": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "key", "values"), [row[1:] for row in NOT_SOUND], ids=[row[0] for row in NOT_SOUND])
def test_a_definition_is_refused_for(parts: dict[str, Any], key: str, values: dict[str, Any]) -> None:
    with pytest.raises(Problem) as caught:
        made(**parts)
    assert caught.value.key == key
    assert values.items() <= caught.value.values.items()
    for language in LANGUAGES:
        assert "{" not in Texts.load(language).problem(caught.value).replace("${", "")


def test_a_structure_has_no_words_and_states_no_origin_of_any() -> None:
    bare = {
        "items": [{key: value for key, value in choice(name).items() if key != "text"} for name in "abcd"],
        "option_sets": {"four": [{"value": value} for value in range(4)]},
    }
    copyright_ = {"owner": "a publisher", "wording": "structure", "statement": "not free", "evidence": "read", "evidence_date": "2026-11-22"}  # fmt: skip
    assert made(**bare, copyright=copyright_).items[0].text is None
    with pytest.raises(Problem) as caught:
        made(**bare, copyright={**copyright_, "translations": {"en": {"made_by": "x", "source": "y", "evidence": "z"}}})
    assert caught.value.key == "instrument.structure_translated"


def test_a_file_of_many_megabytes_is_not_even_read() -> None:
    with pytest.raises(Problem) as caught:
        parse_definition(raw() + b" " * (3 << 20))
    assert caught.value.key == "instrument.too_large"
