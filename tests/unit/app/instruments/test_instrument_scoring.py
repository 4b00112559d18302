"""Scores, bands and critical answers, on PHQ-9 and on a small instrument with everything the format has."""

import json
from typing import Any

import pytest

from app.errors import Problem
from app.instruments.definition import Definition, parse_definition
from app.instruments.library import Library
from app.instruments.scoring import Outcome, ScoreOutcome, Scorer, score
from app.texts import LANGUAGES, Texts

PHQ_9 = Library.load().get("phq-9")
LOWEST = dict.fromkeys("123456789", 0)
TEXT = {"zh-CN": "字", "en": "word"}


def item(name: str, options: str = "agree", **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "choice", "text": TEXT, "options": options, **more}


def options(*values: int) -> list[dict[str, Any]]:
    return [{"value": value, "text": TEXT} for value in values]


def small() -> Definition:
    """Two subscales that share an item, a reversed item, an item that is asked but not scored."""
    origin = {"made_by": "nobody", "source": "nowhere", "evidence": "made up for this test"}
    return parse_definition(
        json.dumps(
            {
                "format": 1,
                "id": "small",
                "version": "1.0.0",
                "short_title": "Small",
                "title": TEXT,
                "copyright": {
                    "owner": "nobody",
                    "wording": "full",
                    "statement": "free",
                    "evidence": "none needed",
                    "evidence_date": "2026-11-21",
                    "translations": {"zh-CN": origin, "en": origin},
                },
                "population": TEXT,
                "respondent": "self",
                "mode": "interview",
                "recall": TEXT,
                "instruction": TEXT,
                "option_sets": {"agree": options(5, 1, 2, 3, 4), "yes-no": options(0, 1), "below": options(-2, 3)},
                "items": [
                    item("a"),
                    item("b", reverse=True),
                    item("c", "yes-no", reverse=True),
                    item("d", "below"),
                    item("asked", "yes-no", scored=False),
                    item("noted", "yes-no", scored=False, required=False),
                ],
                "scores": [
                    {
                        "id": "first",
                        "title": TEXT,
                        "items": ["a", "b", "c"],
                        "method": "sum",
                        "range": [2, 11],
                        "bands": [
                            {"id": "low", "from": 2, "to": 6, "title": TEXT, "severity": 0, "action": TEXT},
                            {"id": "high", "from": 7, "to": 11, "title": TEXT, "severity": 1, "action": TEXT},
                        ],
                        "source": "made up",
                    },
                    {
                        "id": "second",
                        "title": TEXT,
                        "items": ["b", "d"],
                        "method": "sum",
                        "range": [-1, 8],
                        "positive_from": 4,
                        "source": "made up",
                    },
                ],
                "critical": [
                    {
                        "id": "either",
                        "items": ["asked", "noted"],
                        "at_least": 1,
                        "level": "red",
                        "title": TEXT,
                        "source": "made up",
                    },
                    {"id": "strong", "items": ["b"], "at_least": 4, "level": "red", "title": TEXT, "source": "made up"},
                ],
            }
        ).encode()
    )


SMALL = small()
FULL = {"a": 3, "b": 3, "c": 0, "d": 3, "asked": 0}


def value(outcome: Outcome, name: str) -> float | None:
    return outcome.scores[name].value


def test_a_score_adds_up_its_own_items_and_a_reversed_item_counts_the_other_way_round() -> None:
    # first: 3 + (1 + 5 - 3) + (0 + 1 - 0), second: (1 + 5 - 3) + 3
    outcome = score(SMALL, FULL)
    assert (value(outcome, "first"), value(outcome, "second")) == (7, 6)
    outcome = score(SMALL, FULL | {"b": 5, "c": 1})
    assert (value(outcome, "first"), value(outcome, "second")) == (4, 4)


def test_each_score_has_its_own_band_and_cut_off() -> None:
    outcome = score(SMALL, FULL)
    assert outcome.scores["first"] == ScoreOutcome(value=7, answered=3, of=3, band="high", positive=None)
    assert outcome.scores["second"] == ScoreOutcome(value=6, answered=2, of=2, band=None, positive=True)
    outcome = score(SMALL, FULL | {"a": 2, "d": -2})
    assert outcome.scores["first"] == ScoreOutcome(value=6, answered=3, of=3, band="low", positive=None)
    assert outcome.scores["second"] == ScoreOutcome(value=1, answered=2, of=2, band=None, positive=False)


def test_a_missing_required_item_takes_every_band_away_even_where_it_is_not_scored() -> None:
    answers = {name: answer for name, answer in FULL.items() if name != "asked"}
    outcome = score(SMALL, answers)
    assert (outcome.status, outcome.missing) == ("unfinished", ("asked",))
    assert outcome.scores["first"] == ScoreOutcome(value=7, answered=3, of=3, band=None, positive=None)
    assert outcome.scores["second"] == ScoreOutcome(value=6, answered=2, of=2, band=None, positive=None)


def test_an_unfinished_score_is_the_sum_so_far_and_none_without_any_answer() -> None:
    outcome = score(SMALL, {"a": 5, "noted": 0})
    assert outcome.scores["first"] == ScoreOutcome(value=5, answered=1, of=3, band=None, positive=None)
    assert outcome.scores["second"] == ScoreOutcome(value=None, answered=0, of=2, band=None, positive=None)


def test_missing_items_are_named_in_the_order_of_the_form() -> None:
    assert score(SMALL, {"c": 1}).missing == ("a", "b", "d", "asked")


def test_an_optional_item_never_makes_a_form_unfinished_nor_changes_a_score() -> None:
    without, with_it = score(SMALL, FULL), score(SMALL, FULL | {"noted": 0})
    assert without.status == "complete"
    assert without == with_it


def test_any_item_of_a_critical_rule_is_enough_and_the_answer_counts_before_reversing() -> None:
    assert score(SMALL, FULL).critical == ()
    assert score(SMALL, FULL | {"asked": 1}).critical == ("either",)
    assert score(SMALL, FULL | {"noted": 1}).critical == ("either",)
    assert score(SMALL, FULL | {"b": 3}).critical == ()
    assert score(SMALL, FULL | {"b": 4}).critical == ("strong",)
    assert score(SMALL, FULL | {"b": 5, "noted": 1}).critical == ("either", "strong")


def test_a_critical_answer_counts_on_a_form_with_nothing_else_on_it() -> None:
    assert score(PHQ_9, {"9": 1}).critical == ("self-harm-thoughts",)
    assert score(PHQ_9, {"9": 0}).critical == ()


@pytest.mark.parametrize("answer", [-1, 4, 33, True, False, 1.0, "1", [1]], ids=repr)
def test_an_answer_that_is_no_option_is_refused(answer: Any) -> None:
    with pytest.raises(Problem) as caught:
        score(PHQ_9, LOWEST | {"4": answer})
    assert (caught.value.key, caught.value.values) == (
        "instrument.answer_out_of_range",
        {"item": "4", "value": answer},
    )


def test_what_always_applies_cannot_be_answered_with_does_not_apply() -> None:
    with pytest.raises(Problem) as caught:
        score(PHQ_9, LOWEST | {"4": None})
    assert (caught.value.key, caught.value.values) == ("instrument.always_applies", {"item": "4"})


@pytest.mark.parametrize("name", ["10", "0", "", " 1", "１", "item1", "Difficulty"])
def test_an_answer_to_an_item_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(Problem) as caught:
        score(PHQ_9, LOWEST | {name: 0})
    assert (caught.value.key, caught.value.values) == ("instrument.unknown_item", {"item": name})


def test_a_refused_answer_stands_in_the_sentence_for_the_person_and_not_in_the_exception() -> None:
    with pytest.raises(Problem) as caught:
        score(PHQ_9, LOWEST | {"9": 7})
    assert "7" not in str(caught.value)
    for language in LANGUAGES:
        assert "7" in Texts.load(language).problem(caught.value)


def test_scoring_leaves_the_answers_as_they_are() -> None:
    answers = dict(FULL)
    Scorer(SMALL).score(answers)
    assert answers == FULL


def test_a_scorer_can_be_used_again_and_gives_the_same() -> None:
    scorer = Scorer(PHQ_9)
    first = scorer.score(LOWEST)
    scorer.score({"9": 3})
    assert scorer.score(LOWEST) == first == score(PHQ_9, LOWEST)
